"""Shortcuts: patterns that Python matches by itself, by looking for texts.

A call into the library takes 200 to 300 ns, `text in value` takes 15. So the library says once
for each pattern which texts decide (core/src/shortcut.rs). `is_glob_match` and
`is_codeowners_path_match`, which match one value a call, look for them in line:

    a value of one line of ASCII                look for the texts
    else, or if the texts cannot decide         a call into the library

Both write it out, because a call of a Python function takes 40 ns.
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
# - what stands before and after the value in the test;
# - the two texts to look for;
# - the test;
# - what the library needs: a glob, or the bytes of a pattern; None for a glob that is not
#   valid, which matches nothing.
#
# A plain tuple, because a named one takes 150 ns to unpack.
Shortcut = tuple[str, str, str, str, int, Any]


def unpacked(status: int, out: CData, pattern: Any) -> Shortcut:
    """Make a shortcut of what the library wrote to `out`, an `OphioStr *`.

    Args:
        status: What the library returned.
        out: Where it wrote.
        pattern: What the library needs to decide.

    Raises:
        OphioError: The library failed.
    """
    if status:
        raise error_for(status)
    test, before, after, first, second = msgpack.unpackb(copied(out[0]))
    return before, after, first, second, test, pattern
