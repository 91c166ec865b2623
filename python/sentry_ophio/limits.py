"""Limits on the size of untrusted input: rules, globs, stack traces and mapping files.

Every function of this package takes time and memory in proportion to its input. Input that
is larger than a limit is rejected before any work starts: the call raises
[`LimitError`][sentry_ophio.exceptions.LimitError], which gives the size and the limit.

| limit | limits | default |
| --- | --- | ---: |
| `Limit.RULE_BYTES` | rules in one text or binary form, after decompression | 8,388,608 |
| `Limit.RULES` | rules in one set, extended or not; lines of a CODEOWNERS file | 100,000 |
| `Limit.PATTERN_BYTES` | a glob, a pattern in the binary form, a line of rule text | 65,536 |
| `Limit.PATTERNS` | globs in a `GlobSet` | 250,000 |
| `Limit.FRAMES` | frames in a stack trace | 100,000 |
| `Limit.MAPPING_BYTES` | a mapping file of ProGuard | 2,147,483,648 |
| `Limit.GLOB_STEPS` | steps to match a glob with a value: its states times bytes | 100,000,000 |

`Limit.GLOB_STEPS` is checked when a value is matched, also by rules. Only globs with many choices
in braces take steps, of about 4 ns; set it to `limits.UNLIMITED` to get the slow answer.

`Codeowners.parse` has an argument of its own, `max_bytes`.

Limits apply to the whole process. Set them when it starts:

    >>> from sentry_ophio import limits
    >>> from sentry_ophio.limits import Limit
    >>> limits.get(Limit.FRAMES)
    100000
    >>> limits.set(Limit.FRAMES, 250_000)
    >>> limits.set(Limit.FRAMES, 100_000)
"""

from __future__ import annotations

from enum import Enum

from sentry_ophio._arguments import checked_int, type_error
from sentry_ophio._ffi import check, ffi, lib

__all__ = ["UNLIMITED", "Limit", "get", "set"]

UNLIMITED = 2 ** (8 * ffi.sizeof("size_t")) - 1
"""A value for `set` that no input exceeds."""


class Limit(Enum):
    """The limits. The values are those of `OphioLimit` in the C API."""

    RULE_BYTES = lib.OPHIO_LIMIT_RULE_BYTES
    RULES = lib.OPHIO_LIMIT_RULES
    PATTERN_BYTES = lib.OPHIO_LIMIT_PATTERN_BYTES
    PATTERNS = lib.OPHIO_LIMIT_PATTERNS
    FRAMES = lib.OPHIO_LIMIT_FRAMES
    MAPPING_BYTES = lib.OPHIO_LIMIT_MAPPING_BYTES
    GLOB_STEPS = lib.OPHIO_LIMIT_GLOB_STEPS


def _number(limit: Limit) -> int:
    if isinstance(limit, Limit):
        number: int = limit.value
        return number
    raise type_error("limit", "a Limit", limit)


def get(limit: Limit) -> int:
    """Return the value of a limit.

    Args:
        limit: The limit.

    Returns:
        A number of bytes or of items, as in the table above.

    Raises:
        TypeError: `limit` is not a `Limit`.
    """
    value = ffi.new("size_t *")
    check(lib.ophio_limits_get(_number(limit), value))
    return int(value[0])


def set(limit: Limit, value: int) -> None:  # noqa: A001 - it is called as limits.set
    """Set a limit for the whole process. Existing objects do not change.

    Args:
        limit: The limit.
        value: The largest number of bytes or of items that is accepted from now on.

    Raises:
        TypeError: `limit` is not a `Limit`, or `value` not an `int`.
        OverflowError: `value` is negative, or has more than 64 bits.
    """
    check(lib.ophio_limits_set(_number(limit), checked_int("value", value)))
