"""Applies rules to the frames of events, and writes the results back."""

from __future__ import annotations

from sentry_ophio._ffi import check, ffi, new_string
from sentry_ophio._first_use import first_use
from sentry_ophio.exceptions import FrameTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any, Callable, Optional

    from _cffi_backend import _CDataBase as CData

    from sentry_ophio._stacktrace import AppliedFrame

    Change = tuple[Optional[bool], Optional[int], Optional[str]]
    """What to write into a frame: `in_app`, and `orig_in_app` and category of its `data`."""

    Pending = tuple[dict[str, Any], Optional[dict[str, Any]], Change]
    """A frame that changes, its `data` if it has one, and what to write."""


def answer_about_event(
    function: Callable[..., int], pointer: CData | None, data: bytes, *, lists: bool = False
) -> Any:
    """Call a function of the library that writes a MessagePack value, and read the value.

    Args:
        function: The function.
        pointer: Its first argument, if it has one.
        data: The packed frames.
        lists: Read arrays as lists and not as tuples. Python keeps up to 2,000 tuples of each
            length up to 20 for reuse, which is 0.4 MB for lists of frames.
    """
    out = new_string()
    if pointer is None:
        check(function(data, len(data), out))
    else:
        check(function(pointer, data, len(data), out))
    return _unpackb(ffi.buffer(out[0].data, out[0].len), use_list=lists)


def _load(packed: object, *, use_list: bool) -> Any:
    """Import msgpack, and read with it. It is called once, in place of `unpackb`."""
    global _unpackb  # noqa: PLW0603
    with first_use:
        from msgpack import unpackb  # noqa: PLC0415 (loads when used)

    _unpackb = unpackb
    return _unpackb(packed, use_list=use_list)


def _loader() -> Callable[..., Any]:
    return _load


_unpackb = _loader()


def change_of(number: int, applied: AppliedFrame) -> Change | None:
    """Return what to write into a frame, from the number for its result.

    Args:
        number: What `ophio_enhancements_apply_events` has for the frame.
        applied: Category and `in_app` of the frame.
    """
    if not number % 16:
        return None
    category, in_app = applied
    orig_in_app = number // 2 % 4
    return (
        in_app if number % 2 else None,
        orig_in_app - 2 if orig_in_app else None,
        category if number // 8 % 2 else None,
    )


def keep_own_categories(
    applied: list[AppliedFrame], numbers: list[int], frames: list[dict[str, Any]]
) -> bool:
    """Put in the categories that frames brought along, which numbers do not tell.

    Returns:
        False if a category is not a plain text. The library has to say then what it is.
    """
    for position, number in enumerate(numbers):
        if number // 48 == 1:
            try:
                category = frames[position]["data"]["category"]
            except (IndexError, KeyError, TypeError):  # another thread has changed the frame
                return False
            if not (type(category) is str and category.isascii()):
                return False
            applied[position] = category, applied[position][1]
    return True


def pending_changes(
    frames: list[dict[str, Any]], changes: Iterable[Change | None]
) -> list[Pending]:
    """Pair the frames that change with what to write into them.

    Args:
        frames: The frames.
        changes: For each None, or what to write.

    Raises:
        FrameTypeError: `data` of a frame is neither an object nor missing; a `TypeError`.
    """
    pending = []
    for number, (frame, change) in enumerate(zip(frames, changes)):
        if change:
            data = frame.get("data")
            if data is not None and not isinstance(data, dict):
                kind = type(data).__name__
                raise FrameTypeError(
                    f"frame {number}: field `data`: expected a dict or None, not {kind}"
                )
            pending.append((frame, data, change))
    return pending


def pending_numbers(
    frames: list[dict[str, Any]], numbers: list[int], changes: Mapping[int, Change | None]
) -> list[Pending]:
    """Do what `pending_changes` does, for the numbers of results.

    Args:
        frames: The frames.
        numbers: What `ophio_enhancements_apply_events` has for each.
        changes: What to write, by the number.

    Raises:
        FrameTypeError: As for `pending_changes`.
    """
    pending = []
    for frame, number in zip(frames, numbers):
        if number & 15:
            data = frame.get("data")
            if data is not None and type(data) is not dict:
                return pending_changes(frames, [changes[number] for number in numbers])
            pending.append((frame, data, changes[number]))
    return pending  # type: ignore[return-value]  # those of such numbers are not None


def write_pending(pending: list[Pending]) -> None:
    """Write what rules changed into the frames of events."""
    for frame, data, (in_app, orig_in_app, category) in pending:
        if in_app is not None:
            frame["in_app"] = in_app
        if data is None:
            data = frame["data"] = {}  # noqa: PLW2901 (what is written to)
        if orig_in_app is not None:
            data["orig_in_app"] = orig_in_app
        if category is not None:
            data["category"] = category
