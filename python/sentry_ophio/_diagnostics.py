"""What there is to say about a rule text: `Enhancements.check` and `format_rules`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentry_ophio._arguments import encoded
from sentry_ophio._diagnostic import Diagnostic
from sentry_ophio._ffi import check, decode, ffi, lib

if TYPE_CHECKING:
    from _cffi_backend import _CDataBase as CData


def _taken(pointer: CData) -> list[Diagnostic]:
    """Read a list of the library and free it."""
    try:
        each: Any = ffi.new("OphioDiagnostic *")
        found = []
        for index in range(lib.ophio_diagnostics_len(pointer)):
            check(lib.ophio_diagnostics_get(pointer, index, each))
            found.append(
                Diagnostic(
                    severity="error" if each.severity == lib.OPHIO_SEVERITY_ERROR else "warning",
                    message=decode(each.message),
                    line=each.line,
                    column=each.column,
                    end_column=each.end_column,
                    source=decode(each.source),
                    code=decode(each.code),
                    suggestion=decode(each.suggestion) if each.suggestion.data else None,
                    title=decode(each.title),
                    details=decode(each.details),
                )
            )
        return found
    finally:
        lib.ophio_diagnostics_free(pointer)


def check_rules(text: bytes, lenient: bool) -> list[Diagnostic]:
    """Find all problems of a rule text; see `Enhancements.check`."""
    out = ffi.new("OphioDiagnostics **")
    check(lib.ophio_enhancements_check(text, len(text), lenient, out))
    return _taken(out[0])


def parse_lenient(text: bytes, cache: CData) -> tuple[CData, tuple[Diagnostic, ...]]:
    """Parse rules without retired actions: a pointer, NULL on failure, and what is left out."""
    out = ffi.new("OphioDiagnostics **")
    pointer = lib.ophio_enhancements_parse_lenient(text, len(text), cache, out)
    return pointer, () if pointer == ffi.NULL else tuple(_taken(out[0]))


def format_rules(text: str) -> str:
    r"""Format rules: aligned in columns, with comments and empty lines kept.

        >>> print(format_rules("function:log_* -app\npath:**/vendor/** -group # not ours"), end="")
        function:log_*     -app
        path:**/vendor/**  -group  # not ours

    The rules stay the same rules, and to do it twice changes nothing.

    Args:
        text: Rules in the text form.

    Returns:
        The text, with a line feed after every line.

    Raises:
        EnhancementsError: A line is no rule; a `RuntimeError`.
        TypeError: `text` is no `str`.
        UnicodeEncodeError: The text has lone surrogates.
    """
    data = encoded("text", text)
    out = ffi.new("OphioStr *")
    check(lib.ophio_enhancements_format(data, len(data), out))
    try:
        return decode(out[0])
    finally:
        lib.ophio_str_free(out)
