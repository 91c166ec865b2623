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

from typing import TYPE_CHECKING, Any

from msgpack import packb, unpackb

from sentry_ophio._arguments import checked_str, encoded
from sentry_ophio._ffi import check, decode, ffi, lib, new_string

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["trim_function_name", "trim_function_names"]


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
    name, where = encoded("function", function), _platform(platform)
    out = new_string()
    check(lib.ophio_functions_trim(name, len(name), where, len(where), out))
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
    checked = [name if type(name) is str else str(checked_str("name", name)) for name in names]
    packed: bytes = packb(checked)
    out = new_string()
    check(lib.ophio_functions_trim_packed(packed, len(packed), where, len(where), out))
    trimmed: list[Any] = unpackb(ffi.buffer(out[0].data, out[0].len))
    return trimmed


def _platform(platform: str | None) -> bytes:
    return b"" if platform is None else encoded("platform", platform)
