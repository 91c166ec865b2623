"""Prepared stack traces: `Stacktrace`."""

from __future__ import annotations

from sentry_ophio._arguments import (
    checked_items,
    checked_list,
    checked_threads,
    checked_tuple,
    type_error,
)
from sentry_ophio._counts import word_for
from sentry_ophio._ffi import check, ffi, lib, new_string
from sentry_ophio._first_use import first_use
from sentry_ophio._pack import (
    categories_in,
    exception_parts,
    pack_carefully,
    pack_event_frames,
    pack_many_event_frames,
    pack_values,
    without_repeats,
)
from sentry_ophio._typing import final
from sentry_ophio.exceptions import ArgumentTypeError, FrameTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, Optional, Protocol, TypeVar

    from _cffi_backend import _CDataBase as CData

    from sentry_ophio._component import AssembleResult, Component
    from sentry_ophio._pack import SupportsGetItem

    Frame = TypeVar("Frame", bound=SupportsGetItem)

    AppliedFrame = tuple[Optional[str], Optional[bool]]
    """Category and in_app of a frame after the rules."""

    EventFrames = tuple[list[dict[str, Any]], Optional[str], Optional[dict[str, Any]]]
    """The frames of a stack trace of an event, the event's platform, and the exception."""

    class Rules(Protocol):
        """`Enhancements`, which imports this module."""

        def _apply_short(self, packed: bytes, count: int) -> list[AppliedFrame] | None: ...
        def _apply_long(self, packed: bytes, count: int) -> list[AppliedFrame]: ...
        def assemble_stacktrace_components(
            self, stacktraces: Sequence[Stacktrace], components: Sequence[Sequence[Component]]
        ) -> list[AssembleResult]:
            """Decide which components count for grouping."""


U32_ARRAY = ffi.typeof("uint32_t[]")

_EVENT_FRAMES = "(frames, platform, exception)"


@final
class Stacktrace:
    """Frames and exception of a stack trace, prepared for several calls.

    Packing the frames takes most of the time of a call; a `Stacktrace` packs them once. It has a
    copy of the frames, is independent of rules, and can be pickled.

    Args:
        frames: The frames, oldest call first, as this module describes them.
        exception_data: The exception, as this module describes it.

    Raises:
        FrameKeyError: A key is missing; a `KeyError`.
        FrameTypeError: A value has the wrong type or is not UTF-8; a `TypeError`.

    Example:
        >>> rules = Enhancements.parse("path:**/vendor/** -app", Cache(0))
        >>> frames = [{"filename": "vendor/log.php", "in_app": True}, {"filename": "cart.php"}]
        >>> stacktrace = Stacktrace.from_event_frames(frames, "php")
        >>> stacktrace.apply(rules)
        [(None, False), (None, None)]
    """

    __slots__ = ("_len", "_packed", "_repeats")

    _packed: bytes
    _len: int
    # A byte for each frame: 1 if it repeats the frame before it. Empty if none does. Only previews
    # read it, so it is no part of the packed form, which is compared.
    _repeats: bytes

    def __init__(self, frames: list[Frame], exception_data: SupportsGetItem) -> None:
        check_list(frames)
        packed, count = pack_values(frames, exception_data)
        status = lib.ophio_enhancements_stacktrace_check(packed, len(packed))
        if status:
            packed, count = pack_carefully(frames, exception_data, status)
            check(lib.ophio_enhancements_stacktrace_check(packed, len(packed)))
        self._packed = packed
        self._len = count
        self._repeats = b""

    @classmethod
    def from_event_frames(
        cls,
        frames: list[dict[str, Any]],
        platform: str | None,
        exception: dict[str, Any] | None = None,
    ) -> Stacktrace:
        """Prepare the frames of a Sentry event.

        Args:
            frames: The frames, oldest call first. The library reads `function`, `raw_function`,
                `module`, `package`, `abs_path` (or `filename` if that is empty), `platform`,
                `in_app`, and `category` and `orig_in_app` of `data`; texts are `str`. Any key may
                be missing. The frames are converted as `sentry_ophio.events.match_frames` does.
            platform: The event's platform, which decides the family of frames without their own
                platform.
            exception: The exception that they belong to, as in the event. The library reads `type`,
                `value`, and `type` of `mechanism`.

        Returns:
            The stack trace. Package and path are in lower case with forward slashes.

        Raises:
            FrameTypeError: A value has the wrong type; a `TypeError`.
        """
        return cls.many_from_event_frames([(frames, platform, exception)])[0]

    @classmethod
    def many_from_event_frames(
        cls, stacktraces: Sequence[tuple[list[dict[str, Any]], str | None, dict[str, Any] | None]]
    ) -> list[Stacktrace]:
        """Prepare many stack traces of events in one call.

        Args:
            stacktraces: For each its frames, the event's platform, and the exception, as
                `from_event_frames` takes them.

        Returns:
            The stack traces, in order.

        Raises:
            FrameTypeError: A value has the wrong type; a `TypeError`.

        Example:
            >>> frames = [{"function": "main", "in_app": True}]
            >>> Stacktrace.many_from_event_frames([(frames, "python", None)] * 2)
            [Stacktrace(1 frame), Stacktrace(1 frame)]
        """
        data = packed_events(stacktraces)
        packed = new_string()
        check(lib.ophio_events_pack_stacktraces(data, len(data), packed))
        with first_use:
            from msgpack import unpackb  # noqa: PLC0415 (loads when used)

        found = unpackb(ffi.buffer(packed[0].data, packed[0].len))
        return [prepared(each, frames) for each, frames in found]

    def apply(self, rules: Rules) -> list[AppliedFrame]:
        """Return the result of `Enhancements.apply_modifications_to_frames` for it."""
        packed = self._packed
        count = self._len
        applied = rules._apply_short(packed, count)
        return applied if applied is not None else rules._apply_long(packed, count)

    def assemble(self, rules: Rules, components: Sequence[Component]) -> AssembleResult:
        """Do the same as `Enhancements.assemble_stacktrace_component` for it."""
        return rules.assemble_stacktrace_components([self], [components])[0]

    def __len__(self) -> int:
        """Return the number of frames."""
        return self._len

    def __bool__(self) -> bool:
        """Return True, also without frames."""
        return True

    def __eq__(self, other: object) -> bool:
        """Compare frames and exception."""
        if not isinstance(other, Stacktrace):
            return NotImplemented
        return self._packed == other._packed

    def __hash__(self) -> int:
        """Return a hash that equal stack traces share."""
        return hash(self._packed)

    def __repr__(self) -> str:
        """Show the number of frames."""
        return f"Stacktrace({self._len} {word_for(self._len, 'frame')})"


def prepared(packed: bytes, frames: int) -> Stacktrace:
    """Make a stack trace from a buffer that the library packed."""
    stacktrace = object.__new__(Stacktrace)
    stacktrace._packed, stacktrace._repeats = without_repeats(packed, frames)
    stacktrace._len = frames
    return stacktrace


def with_repeats(stacktrace: Stacktrace, repeats: Sequence[bool]) -> Stacktrace:
    """Set for each frame of a new stack trace whether it repeats the frame before it."""
    stacktrace._repeats = bytes(repeats) if any(repeats) else b""
    return stacktrace


def packed_event(frames: object, platform: str | None, exception: object) -> bytes:
    """Pack the frames of an event.

    Raises:
        FrameTypeError: They cannot be packed.
        TypeError: `frames` is not a list.
    """
    check_list(frames)
    try:
        return pack_event_frames(frames, platform, exception)  # type: ignore[arg-type]
    except FrameTypeError:
        raise
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise FrameTypeError(f"not frames of an event: {error}") from error


def unpacked_events(stacktraces: Iterable[EventFrames]) -> list[EventFrames]:
    """Return stack traces of events as tuples of three.

    Raises:
        ArgumentTypeError: They are not iterable, or one of them is not; a `TypeError`.
        InvalidArgumentError: One has another number of items; a `ValueError`.
    """
    found: list[Any] = []
    for each in checked_items("stacktraces", _EVENT_FRAMES, stacktraces):
        is_right = type(each) is tuple and len(each) == 3
        found.append(
            each if is_right else checked_tuple(f"stack trace {len(found)}", _EVENT_FRAMES, 3, each)
        )
    return found


def packed_events(stacktraces: Iterable[EventFrames]) -> bytes:
    """Pack frames of many stack traces as events have them.

    Raises:
        FrameTypeError: They cannot be packed.
        TypeError: The frames of one are no list.
    """
    values = [
        [platform, exception_parts(exception), frames]
        for frames, platform, exception in unpacked_events(stacktraces)
    ]
    for value in values:
        if type(value[2]) is not list:
            check_list(value[2])
    try:
        return pack_many_event_frames(values)
    except FrameTypeError:
        raise
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise FrameTypeError(f"not frames of an event: {error}") from error


def check_list(frames: object) -> None:
    if not isinstance(frames, list):
        raise type_error("frames", "a list", frames)


def read_numbers(codes: CData, count: int) -> list[int]:
    """Read the string that the library wrote."""
    numbers: list[int] = ffi.unpack(codes, count)  # type: ignore[assignment]  # no text here
    return numbers


def checked_batch(stacktraces: Sequence[Stacktrace], threads: int) -> tuple[list[Stacktrace], int]:
    stacktraces = checked_list("stacktraces", "Stacktrace objects", stacktraces)
    check_stacktraces(stacktraces)
    return stacktraces, checked_threads(threads)


def check_stacktraces(stacktraces: list[Stacktrace]) -> None:
    """Raise an `ArgumentTypeError` if an item is not a stack trace."""
    others = set(map(type, stacktraces)) - {Stacktrace}
    if others:
        raise ArgumentTypeError(
            f"stacktraces must be Stacktrace objects, not {others.pop().__name__}"
        )


def keep_own_categories(applied: list[AppliedFrame], numbers: Sequence[int], packed: bytes) -> None:
    """Insert the categories that frames came with, which the library does not return."""
    categories = categories_in(packed)
    for position, number in enumerate(numbers):
        if number // 3 == 1:
            applied[position] = (categories[position], applied[position][1])
