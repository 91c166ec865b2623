"""The exceptions of this package.

All derive from [`OphioError`][sentry_ophio.exceptions.OphioError], so one clause catches all of
them. Each also derives from the built-in class with the same meaning, so code that catches
`TypeError` or `RuntimeError` works unchanged:

    >>> from sentry_ophio.exceptions import EnhancementsError, OphioError
    >>> issubclass(EnhancementsError, OphioError)
    True
    >>> issubclass(EnhancementsError, RuntimeError)
    True

Three kinds of errors have the classes of Python: a `str` or `bytes`
that cannot be encoded or decoded (`UnicodeEncodeError`, `UnicodeDecodeError`), a file that
the system cannot open or write (`OSError`), and an attribute that cannot be set
(`AttributeError`).

Exceptions can be pickled, so a process pool can pass them on.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sentry_ophio._diagnostic import Diagnostic

__all__ = [
    "ArgumentTypeError",
    "CodeownersError",
    "DuplicateComponentError",
    "EnhancementsError",
    "EventError",
    "FingerprintsError",
    "FrameKeyError",
    "FrameTypeError",
    "GlobError",
    "HandleClosedError",
    "InvalidArgumentError",
    "InvalidUtf8Error",
    "LimitError",
    "MissingDependencyError",
    "OphioError",
    "OphioOverflowError",
    "OphioPanicError",
    "ParquetError",
    "PatternError",
    "ProguardError",
    "SchemaError",
    "UnsupportedOperationError",
]


class OphioError(Exception):
    """The base class of all exceptions of this package."""


class OphioPanicError(OphioError):
    """The library caught an internal error (a panic). Please report it.

    The process and its objects are intact.
    """


class ArgumentTypeError(OphioError, TypeError):
    """An argument has the wrong type."""


class InvalidArgumentError(OphioError, ValueError):
    """An argument has a value that is not allowed."""


class OphioOverflowError(OphioError, OverflowError):
    """A number is negative or too large."""


class InvalidUtf8Error(InvalidArgumentError):
    """Bytes are not valid UTF-8."""


class LimitError(InvalidArgumentError, RuntimeError):
    """The input exceeds a limit: see [`sentry_ophio.limits`][]."""


class UnsupportedOperationError(OphioError, TypeError):
    """An object cannot be created directly, copied or pickled. The message suggests another way."""


class HandleClosedError(OphioError, ValueError):
    """An object was used after its `close()`."""


class MissingDependencyError(OphioError, ImportError):
    """A module needs a package that is not installed; the message names the extra to install."""


class EnhancementsError(OphioError, RuntimeError):
    """The text of stack trace rules, or their binary form, is malformed."""

    diagnostics: tuple[Diagnostic, ...] = ()
    """With `parse(..., strict=True)`, all problems of the text; otherwise empty."""


class FrameTypeError(ArgumentTypeError):
    """A stack frame, or the data of an exception, has a field of the wrong type."""


class FrameKeyError(OphioError, KeyError):
    """A stack frame, or the data of an exception, lacks a key."""

    def __str__(self) -> str:
        """Return the message as it is; `KeyError` would put it in quotes."""
        return Exception.__str__(self)


class DuplicateComponentError(OphioError, RuntimeError):
    """The components of a call contain a `Component` more than once."""


class EventError(OphioError, ValueError):
    """The input is not a Sentry event; the message says what is wrong, and where."""


class SchemaError(OphioError, ValueError):
    """Arrow data does not have the columns of stack traces. The message names the column."""


class ParquetError(OphioError, ValueError):
    """A Parquet file cannot be used; the message names the file."""


class GlobError(OphioError, ValueError):
    """A glob is not valid.

    >>> from sentry_ophio.glob import Glob
    >>> try:
    ...     Glob("src/[a-", strict=True)
    ... except GlobError as error:
    ...     print(error)
    error parsing glob 'src/[a-': unclosed character class; missing ']'
    """

    diagnostics: tuple[Diagnostic, ...] = ()
    """A diagnostic for each invalid pattern."""


class CodeownersError(OphioError, ValueError):
    """A CODEOWNERS file is larger than allowed."""


class PatternError(OphioError, ValueError):
    """A pattern of parameterization is not valid.

    >>> from sentry_ophio.parameterization import Parameterizer, Pattern
    >>> try:
    ...     Parameterizer([Pattern("int", "[0-9]+"), Pattern("id", "a(b")])
    ... except PatternError as error:
    ...     print(error)
    ...     print(error.number, error.position)
    pattern "id": missing ), unterminated subpattern at position 1
    1 1
    """

    number: int = 0
    """The number of the pattern in the list, counted from 0."""
    position: int | None = None
    """The character of the regex at which the error is, counted from 0, or None."""


class FingerprintsError(OphioError, ValueError):
    """The text of fingerprint rules, or their stored form, is malformed."""

    diagnostics: tuple[Diagnostic, ...] = ()
    """With `FingerprintRules.parse(..., strict=True)`, all problems of the text; otherwise
    empty."""


class ProguardError(OphioError, OSError):
    """A mapping file cannot be read. If Python has a class for the reason, that class is raised."""
