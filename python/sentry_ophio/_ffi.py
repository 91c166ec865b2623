"""The plumbing between Python and the shared library.

This is the only module that imports the generated `_lowlevel`; the others get
`ffi` and `lib` from here. It holds what every binding needs:

- `check` turns the status that a call returned into an exception;
- `decode` copies a borrowed string out of the library;
- `new_string` makes a place for a string that the library makes;
- `Handle` owns an object of the library and frees it once.

What the library makes has an owner before the call: the place that it is written to, which
cffi frees. A signal handler that raises between a call and the next line leaks nothing.

A binding looks like this:

    text = new_string()
    check(lib.ophio_thing_text(self._ptr, data, len(data), text))
    return decode(text[0])

How arguments cross, and what it costs (CPython 3.11): a call takes about 125 ns
with one argument and 270 ns with four. `bytes` go as they are where the library
takes a pointer: without a copy, and alive until the call returns because the
caller holds them. cffi releases the GIL during each call.
"""

from __future__ import annotations

from sentry_ophio._lowlevel import ffi, lib
from sentry_ophio.exceptions import (
    CodeownersError,
    EnhancementsError,
    EventError,
    FingerprintsError,
    FrameTypeError,
    GlobError,
    HandleClosedError,
    InvalidArgumentError,
    InvalidUtf8Error,
    LimitError,
    OphioError,
    OphioOverflowError,
    OphioPanicError,
    PatternError,
    ProguardError,
    SchemaError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any, Callable, ClassVar

    from _cffi_backend import _CDataBase as CData
    from typing_extensions import Self

    from sentry_ophio._lowlevel import Text

__all__ = [
    "Handle",
    "check",
    "copied",
    "decode",
    "error_for",
    "ffi",
    "lib",
    "new_string",
    "owned",
    "plain",
    "string",
]

EXCEPTIONS: dict[int, type[OphioError]] = {
    lib.OPHIO_STATUS_PANIC: OphioPanicError,
    # Python passes no NULL; if the library sees one, this package has a fault.
    lib.OPHIO_STATUS_NULL_POINTER: InvalidArgumentError,
    lib.OPHIO_STATUS_INVALID_UTF8: InvalidUtf8Error,
    lib.OPHIO_STATUS_INVALID_ARGUMENT: InvalidArgumentError,
    lib.OPHIO_STATUS_OUT_OF_RANGE: OphioOverflowError,
    lib.OPHIO_STATUS_LIMIT: LimitError,
    lib.OPHIO_STATUS_SYNTAX: EnhancementsError,
    lib.OPHIO_STATUS_FRAME: FrameTypeError,
    lib.OPHIO_STATUS_SCHEMA: SchemaError,
    lib.OPHIO_STATUS_GLOB: GlobError,
    lib.OPHIO_STATUS_CODEOWNERS: CodeownersError,
    lib.OPHIO_STATUS_PROGUARD: ProguardError,
    lib.OPHIO_STATUS_PATTERN: PatternError,
    lib.OPHIO_STATUS_FINGERPRINTS: FingerprintsError,
    lib.OPHIO_STATUS_EVENT: EventError,
}
"""Which exception a status becomes: the one table of it."""


def plain(data: bytes) -> bytes:
    """Return bytes whose `len` is how many there are, before both go to the library.

    A subclass may say another length than it has, and the library would read so far. For
    the same reason texts are encoded by `str.encode(text)`, not by a method of theirs.
    """
    return data if type(data) is bytes else bytes(memoryview(data))


def decode(text: Text) -> str:
    """Copy an `OphioSlice` or `OphioStr` of the library into a `str`."""
    return str(ffi.buffer(text.data, text.len), "utf-8") if text.len else ""


def copied(text: Text) -> bytes:
    """Copy an `OphioSlice` or `OphioStr` of the library into `bytes`."""
    return ffi.buffer(text.data, text.len)[:] if text.len else b""


def error_for(status: int) -> OphioError:
    """Make the exception for a call that has just failed on this thread.

    Args:
        status: What the call returned, not `OPHIO_STATUS_OK`.

    Returns:
        The exception, with the library's message, to be raised.
    """
    message = decode(lib.ophio_last_error_message())
    error = EXCEPTIONS.get(status)
    if error is None:
        return OphioError(f"{message} (status {status})")
    return error(message)


def check(status: int) -> None:
    """Raise if a call failed.

    Args:
        status: What the call returned.

    Raises:
        OphioError: The subclass that the table has for the status.
    """
    if status:
        raise error_for(status)


def new_string() -> CData:
    """Make a place for a string that the library makes, an `OphioStr *`. cffi frees both."""
    return ffi.gc(ffi.new("OphioStr *"), lib.ophio_str_free)


def string(call: Callable[[CData], int]) -> str:
    """Make a call that writes a string, and copy that.

    Args:
        call: Takes the place of the string and returns the status.

    Raises:
        OphioError: The call failed.
    """
    place = new_string()
    check(call(place))
    return decode(place[0])


def owned(place: CData) -> CData:
    """Return the pointer that the library wrote to a place, which owns it.

    The place lives as long as the pointer: what cffi calls at the end of it holds the place. That
    is a built-in, since a signal handler runs between the lines of a function of Python, and what
    it raises there would be lost.
    """
    return ffi.gc(place[0], (place,).count)


class Handle:
    """Owns an object of the library: the base of the classes that users see.

    A subclass says what the library makes (`_KIND`) and how that is freed (`_FREE`). It has
    the library write to a `_place`, calls `_adopt` with that, and passes `self._ptr` to the
    functions of the library.

    The object is freed once, by cffi, when nothing refers to the pointer any
    more. `close` therefore only drops our reference: a call that another thread
    is just making with the same pointer holds its own, and is unaffected. A use
    after `close` finds no `_ptr` and gets to `__getattr__`, so the check costs
    nothing as long as the object is open.
    """

    __slots__ = ("_ptr",)

    _ptr: CData

    # The type of a place, such as `OphioGlobSet **`, and what frees the object in it.
    _KIND: ClassVar[Any]
    _FREE: ClassVar[Any]

    @classmethod
    def _place(cls) -> CData:
        """Make a place for the object: NULL until the library writes there."""
        place: CData = ffi.gc(ffi.new(cls._KIND), cls._FREE)
        return place

    def _adopt(self, place: CData) -> None:
        """Take over the object in `place`."""
        self._ptr = owned(place)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        try:
            self._ptr  # noqa: B018
        except HandleClosedError:
            return True
        return False

    def close(self) -> None:
        """Free the object; it cannot be used after that.

        Calling it again does nothing. There is no need to call it: what is
        garbage is freed as well.
        """
        # Not `if not self.closed`: another thread might be faster.
        try:  # noqa: SIM105 (contextlib would be 2 ms of the import)
            del self._ptr
        except AttributeError:
            pass

    def __enter__(self) -> Self:
        """Return the object itself."""
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the object."""
        self.close()

    if not TYPE_CHECKING:  # it would make every name an attribute

        def __getattr__(self, name: str) -> Any:
            """Explain the missing pointer; only attributes not found get here."""
            if name == "_ptr":
                raise HandleClosedError(f"this {type(self).__name__} is closed")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
