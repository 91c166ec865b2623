"""Shortcuts: substring tests with which Python matches most patterns itself.

A call into the library takes 200 to 300 ns, and `text in value` takes 15 ns. So the library returns
the texts that decide once for each pattern (core/src/shortcut.rs). `is_glob_match` and
`is_codeowners_path_match`, which match one value per call, search for them inline:

    a value of one line of ASCII                search for the texts
    else, or if the texts cannot decide         a call into the library

Both repeat this code, because a call of a Python function takes 40 ns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgpack

from sentry_ophio._ffi import copied, error_for

if TYPE_CHECKING:
    from _cffi_backend import _CDataBase as CData

__all__ = ["ALL", "ANY", "NEEDS", "Shortcut", "unpacked"]

ALL, ANY, NEEDS = range(3)
"""The tests, by the numbers that `ophio_glob_shortcut` documents."""

# How a pattern is matched:
#
# - the marks before and after the value in the test;
# - the two texts to search for;
# - the test;
# - the argument of the library: a glob, or the bytes of a pattern; None for a glob that is not
#   valid, which matches nothing.
#
# A plain tuple, because a named one takes 150 ns to unpack.
Shortcut = tuple[str, str, str, str, int, Any]


def unpacked(status: int, out: CData, pattern: Any) -> Shortcut:
    """Make a shortcut from the result that the library wrote to `out`, an `OphioStr *`.

    Args:
        status: The status of the call.
        out: The out parameter.
        pattern: The argument of the library.

    Raises:
        OphioError: The library failed.
    """
    if status:
        raise error_for(status)
    test, before, after, first, second = msgpack.unpackb(copied(out[0]))
    return before, after, first, second, test, pattern
