"""The generated module: cffi's `ffi` and the functions of `include/ophio.h`.

milksnake generates it when the package is built. A new export gets its line here;
a test compares names and arguments with the header.
"""

from typing import Final, Protocol

from _cffi_backend import FFI
from _cffi_backend import _CDataBase as CData

class Text(Protocol):
    """An `OphioSlice` or an `OphioStr`. For annotations only: there is no such class."""

    data: CData
    len: int

ffi: FFI

class _Lib:
    OPHIO_STATUS_OK: Final[int]
    OPHIO_STATUS_PANIC: Final[int]
    OPHIO_STATUS_NULL_POINTER: Final[int]
    OPHIO_STATUS_INVALID_UTF8: Final[int]
    OPHIO_STATUS_INVALID_ARGUMENT: Final[int]
    OPHIO_STATUS_OUT_OF_RANGE: Final[int]
    OPHIO_STATUS_SYNTAX: Final[int]
    OPHIO_STATUS_FRAME: Final[int]

    def ophio_str_free(self, string: CData, /) -> None: ...
    def ophio_last_error_code(self) -> int: ...
    def ophio_last_error_message(self) -> Text: ...
    def ophio_last_error_clear(self) -> None: ...
    def ophio_version(self) -> Text: ...
    def ophio_abi_version(self) -> int: ...

lib: _Lib
