"""How stack traces cross to the library: one buffer for all frames.

    frames: list of mappings          itemgetter takes the 8 values of each,
      [{"function": b"main", ...}]    msgpack writes them all at once
                 |
                 v
    [[ty, value, mechanism], [[category, ..., orig_in_app], ...]]

The good path does not look at any value: what msgpack writes for a value of the
wrong type is rejected by the library. Only when that happens, or when packing
fails, are the frames read a second time, slowly, to find the offending
field. That costs 269 ns a frame on the good path, where filling C structs from
Python costs 1,940 ns.
"""

from __future__ import annotations

from operator import index, itemgetter

from msgpack import Packer

from sentry_ophio.exceptions import FrameKeyError, FrameTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol, TypeVar

    class SupportsGetItem(Protocol):
        """What counts as a mapping: an object with `[]`, such as a `dict`."""

        def __getitem__(self, key: str, /) -> object:
            """Return the value of a field, or raise `KeyError`."""

    Values = tuple[object, ...]
    """The fields of a frame or of exception data, in the order of the names below."""

    Mapping = TypeVar("Mapping", bound=SupportsGetItem)

__all__ = [
    "join",
    "pack",
    "pack_event_frames",
    "read_exception",
    "read_frame",
    "read_frames",
]

TEXT_FIELDS = ("category", "family", "function", "module", "package", "path")
FRAME_FIELDS = (*TEXT_FIELDS, "in_app", "orig_in_app")
EXCEPTION_FIELDS = ("ty", "value", "mechanism")

# What is read of an event's frame, and of its `data`.
EVENT_FIELDS = (
    *("function", "raw_function", "module", "package", "abs_path", "filename", "platform"),
    "in_app",
)
EVENT_DATA = ("category", "orig_in_app", "client_in_app")

# These have `[]` and know nothing of keys.
NOT_MAPPINGS: tuple[type[object], ...] = (str, bytes, bytearray, memoryview, list, tuple, range)

read_frame = itemgetter(*FRAME_FIELDS)
read_exception = itemgetter(*EXCEPTION_FIELDS)


def pack(exception: Values, frames: list[Values]) -> bytes:
    """Write a stack trace into one buffer.

    Args:
        exception: What `read_exception` returned.
        frames: What `read_frame` returned, a frame each.

    Returns:
        The buffer that the functions of the library called `..._packed` take.

    Raises:
        Exception: What msgpack raises for a value it cannot write.
    """
    # A new packer each time: one that is kept grows its buffer step by step again in
    # each call (390 ns a frame instead of 269), and could not be shared by threads.
    packed: bytes = Packer(buf_size=4096).pack((exception, frames))
    return packed


def join(packed: list[bytes]) -> bytes:
    """Put packed stack traces into one buffer, which takes no second packing."""
    return b"".join([Packer().pack_array_header(len(packed)), *packed])


def pack_event_frames(frames: list[Any], platform: str | None, exception: object) -> bytes:
    """Write frames as Sentry events have them into one buffer.

    Args:
        frames: The frames, with all of their keys.
        platform: The event's.
        exception: The exception as the event has it, or None.

    Returns:
        The buffer. No value in it was looked at.

    Raises:
        Exception: What a value raises that is no mapping, or that msgpack cannot write.
    """
    try:
        packed: bytes = Packer(buf_size=4096).pack((platform, exception, frames))
    except (TypeError, ValueError, OverflowError):
        # A key that no rule looks at may have any value, and a mapping may be no dict.
        plain = [_only(frame, EVENT_FIELDS, "data", EVENT_DATA) for frame in frames]
        told = exception and _only(exception, ("type", "value"), "mechanism", ("type",))
        # JSON can hold half of a surrogate pair, UTF-8 cannot: it becomes a question mark.
        packed = Packer(unicode_errors="replace").pack((platform, told, plain))
    return packed


def _only(
    value: Any, fields: tuple[str, ...], nested: str, nested_fields: tuple[str, ...]
) -> dict[str, Any]:
    """Copy what is looked at of a mapping, and of one in it."""
    found = {field: value.get(field) for field in fields}
    inner = value.get(nested)
    if hasattr(inner, "get"):
        found[nested] = {field: inner.get(field) for field in nested_fields}
    return found


def read_frames(
    frames: list[Mapping], exception_data: SupportsGetItem
) -> tuple[Values, list[Values]]:
    """Read a stack trace with care, after the quick way has failed.

    Args:
        frames: The frames, each a mapping.
        exception_data: The exception, a mapping.

    Returns:
        The values of the exception and of the frames, each of a type that `pack` writes
        and the library reads.

    Raises:
        FrameKeyError: A key is missing; the message names frame and key.
        FrameTypeError: A value, or a frame, is of the wrong type, is out of range, or is
            no UTF-8; the message names frame and key.
    """
    exception = _read(exception_data, EXCEPTION_FIELDS, "exception data: ")
    values = [
        _read(frame, FRAME_FIELDS, f"frame {number}: ") for number, frame in enumerate(frames)
    ]
    return exception, values


def _read(mapping: SupportsGetItem, fields: tuple[str, ...], place: str) -> Values:
    if not hasattr(type(mapping), "__getitem__") or isinstance(mapping, NOT_MAPPINGS):
        raise FrameTypeError(f"{place}expected a mapping, not {_kind(mapping)}")
    values = []
    for field in fields:
        try:
            value = mapping[field]
        except KeyError:
            raise FrameKeyError(f"{place}missing key `{field}`") from None
        values.append(_checked(value, field, place))
    return tuple(values)


def _checked(value: object, field: str, place: str) -> object:
    """Return the value in its plainest type, or raise a `FrameTypeError` that names it."""
    if value is None:
        return None
    where = f"{place}field `{field}`: "
    if field == "in_app":
        if isinstance(value, bool):
            return value
        raise FrameTypeError(f"{where}expected a bool or None, not {_kind(value)}")
    if field == "orig_in_app":
        try:
            number = index(value)  # type: ignore[arg-type]  # what it refuses is the point
        except TypeError:
            number = 128
        if -128 <= number <= 127:
            return number
        raise FrameTypeError(f"{where}expected an int from -128 to 127 or None, not {_kind(value)}")
    if not isinstance(value, (bytes, bytearray, memoryview)):
        raise FrameTypeError(f"{where}expected bytes or None, not {_kind(value)}")
    text = bytes(value)
    try:
        text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FrameTypeError(f"{where}invalid UTF-8 at byte {error.start}") from None
    return text


def _kind(value: object) -> str:
    """Say what a value is: a number itself, of others the type."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # A number of thousands of digits is not printed, Python itself may refuse to.
        return str(value) if abs(value) < 1e15 else "a huge number"
    return type(value).__name__
