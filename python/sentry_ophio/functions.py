"""Trims function names: removes arguments, generic parameters, hashes and versions.

    >>> from sentry_ophio.functions import trim_function_name
    >>> trim_function_name("void std::vector<int>::push_back(int const&)", "native")
    'std::vector<T>::push_back'

Sentry trims the names of native and C# functions before it applies rules and groups events. Types
of arguments and results are removed, generic parameters become `<T>`, lambdas of all compilers
become `lambda`, and hashes and versions of symbols are removed. Names of other platforms do not
change. The time is linear in the length of a name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_ophio._arguments import checked_items, checked_str, encoded
from sentry_ophio._ffi import check, decode, error_for, ffi, lib, new_string
from sentry_ophio._pack import pack_texts, unpack

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from _cffi_backend import _CDataBase as CData

__all__ = ["trim_function_name", "trim_function_names"]

_trim_text = lib.ophio_functions_trim_text
_TOO_SHORT = -lib.OPHIO_STATUS_OUT_OF_RANGE
# Bytes of a trimmed name that need no object of the library. Buffers are kept, since to make one
# takes 180 ns: a call takes one out of the list and puts it back, which needs no lock.
_BUFFER = 512
_buffers: list[CData] = []

# Names that were trimmed, for each platform that has rules, and the platform encoded. A call of
# the library takes 600 ns, and the frames of a service have the same names again and again. When
# there are too many names, all are dropped.
_trimmed: dict[str | None, tuple[dict[str, str], bytes]] = {
    platform: ({}, platform.encode())
    for platform in ("objc", "cocoa", "swift", "native", "c", "csharp")
}
_MAX_NAMES = 2_048
_MAX_NAME_LENGTH = 1_024


def trim_function_name(function: str, platform: str | None) -> str:
    """Trim the name of a function.

    Args:
        function: The name.
        platform: The platform of the frame, or of the event if the frame has none. Names of `objc`,
            `cocoa`, `swift`, `native`, `c` and `csharp` are trimmed.

    Returns:
        The trimmed name; for other platforms and None, the same name.

    Raises:
        TypeError: `function` is not a `str`, or `platform` neither a `str` nor None.
        UnicodeEncodeError: A text has lone surrogates.
    """
    # A subclass of `str` may claim to be equal to another name.
    if type(function) is str and (type(platform) is str or platform is None):
        known = _trimmed.get(platform)
        if known is not None:
            names, where = known
            trimmed = names.get(function)
            if trimmed is not None:
                return trimmed
            # No step changes a word, but for these.
            if (
                function.isidentifier()
                and function.isascii()
                and function != "const"
                and not function.startswith("lambda_")
            ):
                return function
            trimmed = _trim(function.encode(), where)
            if len(function) <= _MAX_NAME_LENGTH:
                if len(names) >= _MAX_NAMES:
                    names.clear()
                names[function] = trimmed
            return trimmed
        if function.isascii() and (platform is None or platform.isascii()):
            return function
    return _trim(encoded("function", function), _platform(platform))


def _trim(name: bytes, platform: bytes) -> str:
    """Trim a name of any length, in the library."""
    if b"\0" not in name and b"\0" not in platform:
        try:
            buffer = _buffers.pop()
        except IndexError:
            buffer = ffi.new("char[]", _BUFFER)  # `unpack` makes bytes of it
        length = _trim_text(name, platform, buffer, _BUFFER)
        if length >= 0:
            unpacked: Any = ffi.unpack(buffer, length)
            _buffers.append(buffer)
            return str(unpacked, "utf-8")
        _buffers.append(buffer)
        if length != _TOO_SHORT:
            raise error_for(-length)
    out = new_string()
    check(lib.ophio_functions_trim(name, len(name), platform, len(platform), out))
    return decode(out[0])


def trim_function_names(names: Iterable[str], platform: str | None) -> list[str]:
    """Trim many names of one platform in one call.

    Args:
        names: The names.
        platform: As for `trim_function_name`.

    Returns:
        The trimmed names, in order.

    Raises:
        TypeError: A name is not a `str`, or `platform` neither a `str` nor None.
        UnicodeEncodeError: A text has lone surrogates.

    Example:
        >>> trim_function_names(["main(int, char**)", "f<int>()"], "c")
        ['main', 'f<T>']
    """
    where = _platform(platform)
    checked = [
        name if type(name) is str else str(checked_str("name", name))
        for name in checked_items("names", "str", names)
    ]
    try:
        packed = pack_texts(checked)
    except (TypeError, ValueError):
        for each in checked:
            each.encode()  # says where lone surrogates are
        raise
    out = new_string()
    check(lib.ophio_functions_trim_packed(packed, len(packed), where, len(where), out))
    trimmed: list[str] = unpack(memoryview(ffi.buffer(out[0].data, out[0].len)))
    return trimmed


def _platform(platform: str | None) -> bytes:
    return b"" if platform is None else encoded("platform", platform)
