"""Applies rules to the frames of events, and writes the results back."""

from __future__ import annotations

from sentry_ophio._ffi import check, ffi, new_string
from sentry_ophio._first_use import first_use
from sentry_ophio.exceptions import FrameTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from _cffi_backend import _CDataBase as CData


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
    with first_use:
        from msgpack import unpackb  # noqa: PLC0415 (loads when used)

    out = new_string()
    if pointer is None:
        check(function(data, len(data), out))
    else:
        check(function(pointer, data, len(data), out))
    return unpackb(ffi.buffer(out[0].data, out[0].len), use_list=lists)


def write_changes(frames: list[dict[str, Any]], changes: tuple[Any, ...]) -> None:
    """Write the changes of rules into the frames of an event. If this fails, write nothing.

    Args:
        frames: The frames.
        changes: For each frame None, or the new `in_app`, `orig_in_app` and category.

    Raises:
        FrameTypeError: `data` of a frame is neither an object nor missing; a `TypeError`.
    """
    pending: list[tuple[dict[str, Any], Any, Any, Any, Any]] = []
    for number, (frame, change) in enumerate(zip(frames, changes)):
        if change is None:
            continue
        in_app, orig_in_app, category = change
        data = frame.get("data")
        if orig_in_app is not None or category is not None:
            if data is None:
                data = {}
            elif not isinstance(data, dict):
                kind = type(data).__name__
                raise FrameTypeError(
                    f"frame {number}: field `data`: expected a dict or None, not {kind}"
                )
        pending.append((frame, data, in_app, orig_in_app, category))
    for frame, data, in_app, orig_in_app, category in pending:
        if in_app is not None:
            frame["in_app"] = in_app
        if orig_in_app is not None:
            data["orig_in_app"] = orig_in_app
        if category is not None:
            data["category"] = category
        if data:
            frame["data"] = data
