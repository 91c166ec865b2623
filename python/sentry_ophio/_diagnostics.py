"""Checks and formats rule texts: `Enhancements.check` and `format_rules`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentry_ophio._arguments import encoded
from sentry_ophio._diagnostic import Diagnostic, Fix
from sentry_ophio._ffi import check, decode, ffi, lib, string

if TYPE_CHECKING:
    from _cffi_backend import _CDataBase as CData


# Codes: the action was retired, and a rule has no action.
_RETIRED = "OPH014"
_NO_ACTION = "OPH008"


def _list() -> CData:
    """Make an out parameter for a list of diagnostics. It frees the list."""
    return ffi.gc(
        ffi.new("OphioEnhancementsDiagnostics **"),
        lib.ophio_enhancements_diagnostics_free,
    )


def _read(place: CData) -> list[Diagnostic]:
    """Read the list of an out parameter."""
    pointer = place[0]
    fix: Any = ffi.new("OphioEnhancementsFix *")
    error = lib.OPHIO_ENHANCEMENTS_SEVERITY_ERROR
    each: Any = ffi.new("OphioEnhancementsDiagnostic *")
    found: list[Diagnostic] = []
    for index in range(lib.ophio_enhancements_diagnostics_len(pointer)):
        check(lib.ophio_enhancements_diagnostics_get(pointer, index, each))
        check(lib.ophio_enhancements_diagnostics_fix(pointer, index, fix))
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
                # All errors of a line have the same details.
                details=found[-1].details
                if found and found[-1].line == each.line
                else decode(each.details),
                fix=None
                if fix.kind == lib.OPHIO_ENHANCEMENTS_FIX_KIND_NONE
                else Fix(
                    column=fix.column,
                    end_column=fix.end_column,
                    replacement=decode(fix.replacement),
                    is_certain=fix.kind == lib.OPHIO_ENHANCEMENTS_FIX_KIND_CERTAIN,
                ),
            )
        )
    return found


def check_rules(text: bytes, lenient: bool, profiling: bool) -> list[Diagnostic]:
    """Find all problems of a rule text; see `Enhancements.check`."""
    # Asked for first: the truth of an object is code of the caller.
    profiling = bool(profiling)
    place = _list()
    check(lib.ophio_enhancements_check(text, len(text), lenient, place))
    found = _read(place)
    if profiling:
        place = _list()
        check(lib.ophio_enhancements_check_profiling(text, len(text), place))
        found += _read(place)
        found.sort(key=lambda each: (each.line, each.column, each.code))
    return found


def parse_lenient(text: bytes, cache: CData, rules: CData) -> tuple[Diagnostic, ...]:
    """Parse rules into the out parameter `rules`, and return the retired actions dropped."""
    found = _list()
    check(lib.ophio_enhancements_parse_lenient(text, len(text), cache, found, rules))
    return tuple(_read(found))


def fix_rules(text: str) -> str:
    r"""Apply the fixes that are certain: `Fix.is_certain`.

        >>> print(fix_rules("// ours\nFunction:log_* +in_app\nfunktion:a -app"))
        # ours
        function:log_* +app
        funktion:a -app

    All other text stays, with its problems. Fixing a fixed text changes nothing.

    Args:
        text: Rules in the text form. They need not be valid.

    Returns:
        The text with the fixes.

    Raises:
        TypeError: `text` is not a `str`.
        UnicodeEncodeError: The text has lone surrogates.
    """
    data = encoded("text", text)
    return string(lambda out: lib.ophio_enhancements_fix(data, len(data), out))


def _without_retired(text: str) -> str:
    """Remove retired actions, and rules that have no other action."""
    spans: dict[int, list[Diagnostic]] = {}
    for each in check_rules(encoded("text", text), lenient=True, profiling=False):
        if each.code == _RETIRED and each.severity == "warning":
            spans.setdefault(each.line, []).append(each)
    lines = text.split("\n")
    for number, found in spans.items():
        line = lines[number - 1]
        for each in reversed(found):
            line = line[: each.column - 1] + line[each.end_column - 1 :]
        for each in check_rules(line.encode(), lenient=False, profiling=False):
            if each.code == _NO_ACTION:
                # Its comment stays.
                line = line[each.column - 1 :]
        lines[number - 1] = line
    # A line without a rule and a comment is left out.
    kept = (line for number, line in enumerate(lines, 1) if number not in spans or line.strip())
    return "\n".join(kept)


def format_rules(text: str, *, lenient: bool = False) -> str:
    r"""Format rules: aligned in columns, with comments and empty lines kept.

        >>> print(format_rules("function:log_* -app\npath:**/vendor/** -group # not ours"), end="")
        function:log_*     -app
        path:**/vendor/**  -group  # not ours

    The meaning of the rules does not change. Formatting a formatted text changes nothing.

    Args:
        text: Rules in the text form.
        lenient: Whether to leave out retired actions, and rules that have no other action. Their
            comments stay.

    Returns:
        The text, with a line feed after every line.

    Raises:
        EnhancementsError: A line is not a rule; a `RuntimeError`.
        TypeError: `text` is not a `str`.
        UnicodeEncodeError: The text has lone surrogates.
    """
    data = encoded("text", text)
    if lenient:
        data = _without_retired(data.decode()).encode()
    return string(lambda out: lib.ophio_enhancements_format(data, len(data), out))
