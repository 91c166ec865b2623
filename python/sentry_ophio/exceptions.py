"""What can go wrong, as exception classes.

All derive from [`OphioError`][sentry_ophio.exceptions.OphioError], so one clause
catches whatever this package raises on its own account. Each derives as well
from the built-in class that says the same thing, so that code which knows
nothing of this package catches it, too:

    >>> from sentry_ophio.exceptions import EnhancementsError, OphioError
    >>> issubclass(EnhancementsError, OphioError)
    True
    >>> issubclass(EnhancementsError, RuntimeError)
    True

Exceptions can be pickled, as those that cross a process pool must.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sentry_ophio._diagnostic import Diagnostic

__all__ = [
    "CodeownersError",
    "EnhancementsError",
    "FrameKeyError",
    "FrameTypeError",
    "HandleClosedError",
    "InvalidArgumentError",
    "InvalidGlobError",
    "InvalidUtf8Error",
    "LimitError",
    "OphioError",
    "OphioOverflowError",
    "OphioPanicError",
    "ProguardError",
    "SchemaError",
]


class OphioError(Exception):
    """The base of every error of this package."""


class OphioPanicError(OphioError):
    """A fault inside the library was caught; please report it.

    The process and the objects it holds are intact.
    """


class InvalidArgumentError(OphioError, ValueError):
    """An argument has a value that is not allowed."""


class InvalidUtf8Error(InvalidArgumentError):
    """Bytes that must be UTF-8 are not."""


class LimitError(InvalidArgumentError, RuntimeError):
    """There is more than a limit allows: see [`sentry_ophio.limits`][]."""


class OphioOverflowError(OphioError, OverflowError):
    """A number is too large or too small for what it counts."""


class HandleClosedError(OphioError, ValueError):
    """An object was used after its `close()`."""


class EnhancementsError(OphioError, RuntimeError):
    """The text of stack trace rules, or their binary form, is malformed."""

    diagnostics: tuple[Diagnostic, ...] = ()
    """With `parse(..., strict=True)`, all that there is to say about the text."""


class FrameTypeError(OphioError, TypeError):
    """A stack frame, or the data of an exception, has a field of the wrong type."""


class SchemaError(OphioError, ValueError):
    """Arrow data has not the columns that stack traces have; the message names the column."""


class FrameKeyError(OphioError, KeyError):
    """A stack frame, or the data of an exception, lacks a key."""

    def __str__(self) -> str:
        """Return the message as it is; `KeyError` would put it in quotes."""
        return Exception.__str__(self)


class CodeownersError(OphioError, ValueError):
    """A CODEOWNERS file is larger than allowed."""


class InvalidGlobError(OphioError, ValueError):
    """A glob is not valid.

    >>> from sentry_ophio.glob import Glob
    >>> error = Glob.validate("src/[a-")
    >>> print(error)
    error parsing glob 'src/[a-': unclosed character class; missing ']'
    >>> error.position
    4
    """

    position: int = 0
    """Where the fault is in the pattern, in characters."""

    pattern: str | bytes = ""
    """The pattern."""


class ProguardError(OphioError, OSError):
    """A mapping file cannot be read, for a reason that Python has no class for."""
