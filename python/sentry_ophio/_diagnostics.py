"""Checks and formats rule texts: `Enhancements.check` and `format_rules`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentry_ophio._arguments import encoded
from sentry_ophio._diagnostic import Diagnostic
from sentry_ophio._ffi import check, decode, ffi, lib, string

if TYPE_CHECKING:
    from _cffi_backend import _CDataBase as CData


def _list() -> CData:
    """Make an out parameter for a list of diagnostics. It frees the list."""
    return ffi.gc(
        ffi.new("OphioEnhancementsDiagnostics **"),
        lib.ophio_enhancements_diagnostics_free,
    )


def _read(place: CData) -> list[Diagnostic]:
    """Read the list of an out parameter."""
    pointer = place[0]
    error = lib.OPHIO_ENHANCEMENTS_SEVERITY_ERROR
    each: Any = ffi.new("OphioEnhancementsDiagnostic *")
    found: list[Diagnostic] = []
    for index in range(lib.ophio_enhancements_diagnostics_len(pointer)):
        check(lib.ophio_enhancements_diagnostics_get(pointer, index, each))
        found.append(
            Diagnostic(
                severity="error" if each.severity == error else "warning",
                message=decode(each.message),
                line=each.line,
                column=each.column,
                end_column=each.end_column,
                # One text for all of a line: it may be long, and there may be thousands.
                source=found[-1].source
                if found and found[-1].line == each.line
                else decode(each.source),
                code=decode(each.code),
                suggestion=decode(each.suggestion) if each.suggestion.data else None,
                title=decode(each.title),
                details=decode(each.details),
            )
        )
    return found


def check_rules(text: bytes, lenient: bool) -> list[Diagnostic]:
    """Find all problems of a rule text; see `Enhancements.check`."""
    found = _list()
    check(lib.ophio_enhancements_check(text, len(text), lenient, found))
    return _read(found)


def parse_lenient(text: bytes, cache: CData, rules: CData) -> tuple[Diagnostic, ...]:
    """Parse rules into the out parameter `rules`, and return the retired actions dropped."""
    found = _list()
    check(lib.ophio_enhancements_parse_lenient(text, len(text), cache, found, rules))
    return tuple(_read(found))


def format_rules(text: str) -> str:
    r"""Format rules: aligned in columns, with comments and empty lines kept.

        >>> print(format_rules("function:log_* -app\npath:**/vendor/** -group # not ours"), end="")
        function:log_*     -app
        path:**/vendor/**  -group  # not ours

    The meaning of the rules does not change. Formatting a formatted text changes nothing.

    Args:
        text: Rules in the text form.

    Returns:
        The text, with a line feed after every line.

    Raises:
        EnhancementsError: A line is not a rule; a `RuntimeError`.
        TypeError: `text` is not a `str`.
        UnicodeEncodeError: The text has lone surrogates.
    """
    data = encoded("text", text)
    return string(lambda out: lib.ophio_enhancements_format(data, len(data), out))
