"""Packs stack traces for the library: one buffer for all frames.

    exception_data, frames                    a dict, and a list of dicts
        |  ormsgpack: one call, without checks of values
        v
    [{"ty": .., ...}, [{"function": .., ...}, ...]]
        |  the library finds the fields by their names, and checks their types
        v
    the result

If ormsgpack or the library reports an error, the frames are read a second time, slowly. This finds
the invalid field, or converts values of rare types: mappings that are not exactly a `dict`, and
frames with other keys whose values cannot be packed.

Packing takes 140 ns per frame in this way. Without ormsgpack, as on PyPy, `itemgetter` takes the
values of each frame and msgpack packs them, which takes 350 ns. Filling C structs from Python takes
1,940 ns.
"""

from __future__ import annotations

from operator import index, itemgetter

from sentry_ophio._ffi import decode, error_for, lib
from sentry_ophio._first_use import first_use
from sentry_ophio.exceptions import FrameKeyError, FrameTypeError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Protocol, TypeVar

    class SupportsGetItem(Protocol):
        """A mapping: an object with `[]`, such as a `dict`."""

        def __getitem__(self, key: str, /) -> object:
            """Return the value of a field, or raise `KeyError`."""

    Values = tuple[object, ...]
    """The fields of a frame or of exception data, in the order of the names below."""

    Frame = TypeVar("Frame", bound=SupportsGetItem)

__all__ = [
    "categories_in",
    "exception_parts",
    "join",
    "pack",
    "pack_carefully",
    "pack_event_frames",
    "pack_frames",
    "pack_many_event_frames",
    "pack_texts",
    "pack_values",
    "read_exception",
    "read_frame",
    "read_frames",
    "unpack",
]

FRAME_FIELDS = tuple(decode(lib.ophio_enhancements_frame_fields()).split("\n"))
EXCEPTION_FIELDS = tuple(decode(lib.ophio_enhancements_exception_fields()).split("\n"))

# The keys of an event's frame, and of its `data`, that are read.
EVENT_FIELDS = (
    *("function", "raw_function", "module", "package", "abs_path", "filename", "platform"),
    "in_app",
)
# These decide whether a frame repeats the frame before it.
_NUMBERS = ("lineno", "colno")
EVENT_DATA = ("category", "orig_in_app", "client_in_app")

# These have `[]`, but no keys.
NOT_MAPPINGS: tuple[type[object], ...] = (str, bytes, bytearray, memoryview, list, tuple, range)

read_frame = itemgetter(*FRAME_FIELDS)
read_exception = itemgetter(*EXCEPTION_FIELDS)


_REFUSED = (lib.OPHIO_STATUS_FRAME, lib.OPHIO_STATUS_INVALID_ARGUMENT)


# Options with which a library packs mappings; None if it cannot. (Set by a function and without
# annotations: PyPy rejects `global` for an annotated name.)
def _unset() -> int | None:
    return None


_mappings = _unset()
_values = _unset()


def _load(value: object, default: None, options: int | None) -> bytes:  # noqa: ARG001
    """Import a library that packs, and pack with it. The first call replaces `packb`."""
    global _packb, _unpackb, _mappings, _values  # noqa: PLW0603
    try:
        with first_use:
            import ormsgpack  # noqa: PLC0415 (takes as long as all other imports together)

        # It only packs values that have exactly a built-in type: a subclass may have another `[]`
        # or another value.
        values = (
            ormsgpack.OPT_PASSTHROUGH_DATACLASS
            | ormsgpack.OPT_PASSTHROUGH_DATETIME
            | ormsgpack.OPT_PASSTHROUGH_ENUM
            | ormsgpack.OPT_PASSTHROUGH_SUBCLASS
            | ormsgpack.OPT_PASSTHROUGH_UUID
        )
        # A tuple is not a mapping.
        mappings = values | ormsgpack.OPT_PASSTHROUGH_TUPLE
    except (ImportError, AttributeError):  # PyPy, or a version without these options
        _packb, _unpackb = _msgpack, _msgpack_read
    else:
        _unpackb = ormsgpack.unpackb  # type: ignore[assignment]  # as below
        _values, _mappings, _packb = values, mappings, ormsgpack.packb  # type: ignore[assignment]  # mypy goes by `_msgpack` above
    return _packb(value, None, _values)


def _loader() -> Callable[[Any, None, int | None], bytes]:
    return _load


def _load_reader(packed: memoryview) -> Any:
    """Import a library that reads, and read with it, as `_load` does."""
    _packb(None, None, None)
    return _unpackb(packed)


def _msgpack_read(packed: memoryview) -> Any:
    """Read with msgpack, called as `ormsgpack.unpackb` is."""
    with first_use:
        from msgpack import unpackb  # noqa: PLC0415 (loads when used)

    return unpackb(packed)


def _reader() -> Callable[[memoryview], Any]:
    return _load_reader


_packb = _loader()
_unpackb = _reader()


def _msgpack(value: object, default: None, options: int | None) -> bytes:  # noqa: ARG001
    """Pack with msgpack, called as `ormsgpack.packb` is."""
    with first_use:
        from msgpack import Packer  # noqa: PLC0415 (loads when used)

    # A new packer for each call. A packer that is kept grows its buffer step by step in each call
    # (390 ns per frame instead of 269), and threads could not share it.
    packed: bytes = Packer(buf_size=4096).pack(value)
    return packed


def pack_frames(frames: list[Frame], exception_data: SupportsGetItem) -> bytes:
    """Pack a stack trace without checking any value.

    Returns:
        A buffer, which the library may reject. Then `pack_carefully` reports why.

    Raises:
        FrameKeyError, FrameTypeError: It cannot be packed.
    """
    if _mappings is not None and type(exception_data) is dict:
        try:
            return _packb([exception_data, frames], None, _mappings)
        except _ERRORS:
            return pack_carefully(frames, exception_data)[0]
    return pack_values(frames, exception_data)[0]


def pack_values(frames: list[Frame], exception_data: SupportsGetItem) -> tuple[bytes, int]:
    """Pack the values of the fields of a stack trace, without checking them.

    This is the form that a `Stacktrace` keeps: it is shorter, and equal for equal stack traces.

    Returns:
        The buffer, which the library may reject, and the number of frames.

    Raises:
        FrameKeyError, FrameTypeError: It cannot be packed.
    """
    try:
        values = list(map(read_frame, frames))
        return pack(read_exception(exception_data), values), len(values)
    except _ERRORS:
        return pack_carefully(frames, exception_data)


# Exceptions for a missing key in a mapping, and for a value that cannot be packed.
_ERRORS = (KeyError, TypeError, ValueError, OverflowError, BufferError)


def pack_carefully(
    frames: list[Frame],
    exception_data: SupportsGetItem,
    status: int = lib.OPHIO_STATUS_FRAME,
) -> tuple[bytes, int]:
    """Pack a stack trace slowly, after the fast way has failed.

    Returns:
        The buffer, and the number of frames. If every field is valid, values of rare types have
        been converted.

    Raises:
        FrameKeyError, FrameTypeError: The message names the frame and the field.
        OphioError: The library rejected it for another reason.
    """
    if status not in _REFUSED:
        raise error_for(status)
    exception, values = read_frames(frames, exception_data)
    return pack(exception, values), len(values)


def pack(exception: Values, frames: list[Values]) -> bytes:
    """Write the values of a stack trace into one buffer.

    Args:
        exception: The result of `read_exception`.
        frames: The result of `read_frame` for each frame.

    Raises:
        Exception: The packing library raises it for a value that it cannot pack.
    """
    return _packb((exception, frames), None, _values)


def pack_texts(texts: list[Any]) -> bytes:
    """Write texts into one buffer, without checking them.

    Raises:
        Exception: The packing library raises it for a value that it cannot pack.
    """
    return _packb(texts, None, _values)


def unpack(packed: memoryview) -> Any:
    """Read what the library has written into a buffer."""
    return _unpackb(packed)


def join(packed: list[bytes]) -> bytes:
    """Join packed stack traces to one buffer, without packing them again."""
    with first_use:
        from msgpack import Packer  # noqa: PLC0415 (loads when used)

    return b"".join([Packer().pack_array_header(len(packed)), *packed])


def add_repeats(packed: bytes, repeats: bytes) -> bytes:
    """Add a byte for each frame to a packed stack trace: 1 if it repeats the frame before it.

    Args:
        packed: What `pack_values` returns.
        repeats: The bytes.
    """
    if 1 not in repeats:
        return packed
    with first_use:
        from msgpack import packb  # noqa: PLC0415 (loads when used)

    # An array of two values becomes one of three.
    marks: bytes = packb(repeats)
    return b"\x93" + packed[1:] + marks


def without_repeats(packed: bytes, frames: int) -> tuple[bytes, bytes]:
    """Divide what `add_repeats` returns for so many frames into its arguments.

    Returns:
        The packed stack trace, and the bytes, which are empty if no frame repeats another.
    """
    if packed[:1] != b"\x93":
        return packed, b""
    head = 2 if frames < 1 << 8 else 3 if frames < 1 << 16 else 5
    return b"\x92" + packed[1 : -head - frames], packed[-frames:]


def categories_in(packed: bytes) -> list[str | None]:
    """Return the category of each frame of a packed stack trace."""
    with first_use:
        from msgpack import unpackb  # noqa: PLC0415 (loads when used)

    found = []
    for frame in unpackb(packed, strict_map_key=False)[1]:
        category = frame["category"] if isinstance(frame, dict) else frame[0]
        found.append(None if category is None else str(category, "utf-8"))
    return found


def pack_event_frames(frames: list[Any], platform: str | None, exception: object) -> bytes:
    """Write frames as Sentry events have them into one buffer.

    Args:
        frames: The frames, with all of their keys.
        platform: The event's.
        exception: The exception as the event has it, or None.

    Returns:
        The buffer. Its values are not checked.

    Raises:
        Exception: A frame is not a mapping, or a value cannot be packed.
    """
    try:
        return _packb([platform, exception_parts(exception), frames], None, _mappings)
    except (TypeError, ValueError, OverflowError, BufferError):
        with first_use:
            from msgpack import Packer  # noqa: PLC0415 (loads when used)

        # A key that no rule uses may have any value, and a mapping may not be a dict.
        plain = [_plain_frame(frame, f"frame {number}: ") for number, frame in enumerate(frames)]
        place = "exception data: "
        only = _only(exception, ("type", "value"), "mechanism", ("type",), place)
        # JSON can hold half of a surrogate pair, UTF-8 cannot: it becomes a question mark.
        packed: bytes = Packer(unicode_errors="replace").pack(
            (_plain(platform, "platform", place), only, plain)
        )
        return packed


def exception_parts(exception: Any) -> Any:
    """Return what is read of an exception: in an event it holds its stack trace as well."""
    if type(exception) is not dict:
        return exception
    get = exception.get
    return {"type": get("type"), "value": get("value"), "mechanism": get("mechanism")}


def pack_many_event_frames(stacktraces: list[list[Any]]) -> bytes:
    """Write frames of many stack traces of events into one buffer, as `pack_event_frames` does.

    Args:
        stacktraces: For each the platform, the exception as `exception_parts` returns it, and the
            frames.

    Raises:
        Exception: What a value raises that is no mapping, or that cannot be packed.
    """
    try:
        return _packb(stacktraces, None, _mappings)
    except (TypeError, ValueError, OverflowError, BufferError):
        return join([pack_event_frames(each[2], each[0], each[1]) for each in stacktraces])


def _number(value: object) -> int | None:
    """Return a number that can be packed, or None."""
    return value if type(value) is int and 0 <= value < 1 << 64 else None


def _plain_frame(frame: Any, place: str) -> Any:
    """Copy what rules and the search for repeats read of a frame."""
    found = _only(frame, EVENT_FIELDS, "data", EVENT_DATA, place)
    if hasattr(frame, "get"):
        found |= {name: _number(frame.get(name)) for name in _NUMBERS}
    return found


def _only(
    value: Any, fields: tuple[str, ...], nested: str, nested_fields: tuple[str, ...], place: str
) -> Any:
    """Copy the keys that rules use from a mapping, and from a mapping in it."""
    if not hasattr(value, "get"):
        return _plain(value, "frame" if nested == "data" else "exception", place)
    found = {field: _plain(value.get(field), field, place) for field in fields}
    inner = value.get(nested)
    if hasattr(inner, "get"):
        found[nested] = {
            field: _plain(inner.get(field), f"{nested}.{field}", place) for field in nested_fields
        }
    return found


# Places that are no texts, where a number is not read as its digits.
_NOT_TEXTS = frozenset(("in_app", "data.orig_in_app", "data.client_in_app", "frame", "exception"))


def _plain(value: Any, field: str, place: str) -> Any:
    """Return a value that can be packed, and that the library reads as it would read this one.

    Raises:
        FrameTypeError: A number has so many digits that Python does not print them.
    """
    if isinstance(value, int):
        if -1 << 63 <= value < 1 << 64:
            return value
        if field in _NOT_TEXTS:
            return (1 << 64) - 1  # out of range there as well: the library reports it
        try:
            return int.__repr__(value)
        except ValueError:
            raise FrameTypeError(
                f"{place}field `{field}`: expected a text or None, not an int of so many digits"
            ) from None
    # The library looks no deeper, and the values in these may be any. It reports their type.
    if isinstance(value, (list, tuple)):
        return []
    return {} if hasattr(value, "get") else value


def read_frames(
    frames: list[Frame], exception_data: SupportsGetItem
) -> tuple[Values, list[Values]]:
    """Read and check a stack trace, after the fast way has failed.

    Args:
        frames: The frames, each a mapping.
        exception_data: The exception, a mapping.

    Returns:
        The values of the exception and of the frames, each of a type that `pack` writes
        and the library reads.

    Raises:
        FrameKeyError: A key is missing; the message names frame and key.
        FrameTypeError: A value or a frame has the wrong type, is out of range, or is not UTF-8; the
            message names frame and key.
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
            number = index(value)  # type: ignore[arg-type]  # the error is the check
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
    """Describe a value: a number by itself, others by their type."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        # A number of thousands of digits is not printed; Python may raise an error for it.
        return str(value) if abs(value) < 1e15 else "a huge number"
    return type(value).__name__
