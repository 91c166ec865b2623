"""The interface between Python and the shared library.

This is the only module that imports the generated `_lowlevel`; other modules import `ffi` and `lib`
from here. It has the helpers of all bindings:

- `check` turns the status that a call returned into an exception;
- `decode` copies a borrowed string out of the library;
- `new_string` makes an out parameter for a string of the library;
- `Handle` owns an object of the library and frees it once.

An object of the library has an owner before the call: the out parameter that receives it, which
cffi frees. So a signal handler that raises between a call and the next line leaks nothing.

A binding looks like this:

    ptr = self._ptr
    text = new_string()
    check(lib.ophio_thing_text(ptr, data, len(data), text))
    return decode(text[0])

A method takes the pointer once, into a local variable. So the object lives until the method
returns, even if code of the caller or another thread closes it meanwhile. A test rejects any other
use of `_ptr`.

The cost of arguments (CPython 3.11): a call takes about 125 ns with one argument and 270 ns with
four. `bytes` are passed as pointers without a copy; they stay alive until the call returns because
the caller holds them. cffi releases the GIL during each call.
"""

from __future__ import annotations

from sentry_ophio._arguments import type_error
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
    # This package never passes NULL; if the library reports it, this package has a bug.
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
"""The exception for each status."""


def plain(data: bytes) -> bytes:
    """Return plain `bytes`, whose `len` is correct.

    A subclass may return a wrong length, and the library would read beyond the end. For the same
    reason texts are encoded by `str.encode(text)` and not by a method of the object.
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
        status: The status of the call, which is not `OPHIO_STATUS_OK`.

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
        status: The status of the call.

    Raises:
        OphioError: The subclass for the status.
    """
    if status:
        raise error_for(status)


def new_string() -> CData:
    """Make an out parameter for a string of the library, an `OphioStr *`. cffi frees both."""
    return ffi.gc(ffi.new("OphioStr *"), lib.ophio_str_free)


def string(call: Callable[[CData], int]) -> str:
    """Make a call that writes a string, and return a copy of it.

    Args:
        call: Takes the out parameter for the string and returns the status.

    Raises:
        OphioError: The call failed.
    """
    place = new_string()
    check(call(place))
    return decode(place[0])


def owned(place: CData) -> CData:
    """Return the pointer that the library wrote to an out parameter, which owns it.

    The out parameter lives as long as the pointer, because the finalizer that cffi calls holds it.
    The finalizer is a built-in function: in a function of Python a signal handler could run, and
    its exception would be lost.
    """
    return ffi.gc(place[0], (place,).count)


class Handle:
    """Owns an object of the library. It is the base of public classes.

    A subclass sets the type of the out parameter (`_KIND`) and the function that frees the object
    (`_FREE`). It passes a `_place` to the library, calls `_adopt` with it, and passes `_ptr` to the
    functions of the library.

    cffi frees the object once, when nothing refers to the pointer any more. So `close` only drops
    the reference of this object: a method that has taken the pointer has its own reference and is
    unaffected, and so is what it has borrowed from the object. `close` gives the object another
    class, whose `__getattr__` explains the missing `_ptr`. The class of open objects has none: it
    would make each use of an attribute and each call slower.
    """

    __slots__ = ("_ptr",)

    _ptr: CData

    # The type of the out parameter, such as `OphioGlobSet **`, and the function that frees the
    # object.
    _KIND: ClassVar[Any]
    _FREE: ClassVar[Any]

    @classmethod
    def _place(cls) -> CData:
        """Make an out parameter for the object. It is NULL until the library writes to it."""
        place: CData = ffi.gc(ffi.new(cls._KIND), cls._FREE)
        return place

    def _adopt(self, place: CData) -> None:
        """Own the object in the out parameter `place`."""
        self._ptr = owned(place)

    @classmethod
    def _pointer(cls, name: str, value: object, expected: str = "") -> CData:
        """Return the pointer of an argument that is such an object.

        By its type, not by `isinstance`: that asks the value for its `__class__`.

        Raises:
            ArgumentTypeError: It is another object; a `TypeError`.
            HandleClosedError: It is closed.
        """
        if not issubclass(type(value), cls):
            raise type_error(name, expected or cls.__name__, value)
        pointer: CData = value._ptr  # type: ignore[attr-defined]
        return pointer

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return isinstance(self, _Closed)

    def close(self) -> None:
        """Free the object; it cannot be used after that.

        Calling it again does nothing. There is no need to call it: the object is also freed when it
        is garbage-collected.
        """
        self.__class__ = _closed(type(self))
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


class _Closed:
    """What a closed object is besides."""

    __slots__ = ()

    if not TYPE_CHECKING:  # it would make every name an attribute

        def __getattr__(self, name: str) -> Any:
            """Raise an error for a closed object. Python calls this only for missing attributes."""
            if name == "_ptr":
                raise HandleClosedError(f"this {type(self).__name__} is closed")
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")


_closed_classes: dict[type[Handle], type[Handle]] = {}


def _closed(cls: type[Handle]) -> type[Handle]:
    """Return the class that a closed object of a class has."""
    if issubclass(cls, _Closed):
        return cls
    if cls not in _closed_classes:
        names = ("__module__", "__qualname__", "__doc__")
        members = {"__slots__": (), **{name: getattr(cls, name) for name in names}}
        _closed_classes[cls] = type(cls.__name__, (cls, _Closed), members)
    return _closed_classes[cls]
