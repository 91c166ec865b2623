"""How much is taken from strangers: limits on what rules, globs and events may be.

Everything in this package takes time and memory in proportion to what it is given. Beyond a
limit nothing is begun: the call raises
[`LimitError`][sentry_ophio.exceptions.LimitError], which tells how much there was.

| name | of what | unless set |
| --- | --- | ---: |
| `rule_bytes` | rules in one text or binary form, after decompression | 67,108,864 |
| `rules` | rules in one set, also one that was extended | 1,000,000 |
| `pattern_bytes` | a glob, a pattern in the binary form, a line of rule text | 65,536 |
| `patterns` | globs in a `GlobSet` | 1,000,000 |
| `frames` | frames in a stack trace | 100,000 |
| `mapping_bytes` | a mapping file of ProGuard | 2,147,483,648 |

`Codeowners.parse` has an argument of its own, `max_bytes`.

They hold for the whole process, and are best set when it starts:

    >>> from sentry_ophio import limits
    >>> limits.get("frames")
    100000
    >>> limits.set("frames", 250_000)
    >>> limits.set("frames", 100_000)
"""

from __future__ import annotations

from sentry_ophio._ffi import check, ffi, lib
from sentry_ophio.exceptions import InvalidArgumentError

__all__ = ["NAMES", "get", "set"]

_NUMBERS = {
    "rule_bytes": lib.OPHIO_LIMIT_RULE_BYTES,
    "rules": lib.OPHIO_LIMIT_RULES,
    "pattern_bytes": lib.OPHIO_LIMIT_PATTERN_BYTES,
    "patterns": lib.OPHIO_LIMIT_PATTERNS,
    "frames": lib.OPHIO_LIMIT_FRAMES,
    "mapping_bytes": lib.OPHIO_LIMIT_MAPPING_BYTES,
}

NAMES: tuple[str, ...] = tuple(_NUMBERS)
"""The names of all limits."""


def _number(name: str) -> int:
    try:
        return _NUMBERS[name]
    except KeyError:
        known = ", ".join(NAMES)
        raise InvalidArgumentError(f"there is no limit {name!r}; there are {known}") from None


def get(name: str) -> int:
    """Tell a limit.

    Args:
        name: One of `NAMES`.

    Returns:
        How much is taken: a number of bytes or of things, as the name says.

    Raises:
        InvalidArgumentError: There is no such limit; a `ValueError`.
    """
    most = ffi.new("size_t *")
    check(lib.ophio_limit_get(_number(name), most))
    return int(most[0])


def set(name: str, most: int) -> None:  # noqa: A001 - it is called as limits.set
    """Set a limit for the whole process. What was made before stays.

    Args:
        name: One of `NAMES`.
        most: How much is taken from now on, 0 or more.

    Raises:
        InvalidArgumentError: There is no such limit; a `ValueError`.
        OverflowError: `most` is negative, or more than a machine word holds.
    """
    check(lib.ophio_limit_set(_number(name), most))
