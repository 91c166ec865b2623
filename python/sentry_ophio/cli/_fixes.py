"""Applies the fixes of diagnostics that are certain.

A fix may uncover another problem of its line, so a text is checked again until it has no certain
fix. A line that still has one after many rounds stays as it was:

    type: a => b     the space after `:` is removed
    type:a => b      `=>` becomes `->`
    type:a -> b

The library does this for stack trace rules (`fix_rules`), in the same way.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sentry_ophio._diagnostic import Diagnostic, Fix

__all__ = ["fixed_text"]

# The rounds after which a line stays as it was.
_MOST_ROUNDS = 16

# The ends of lines, by which diagnostics count lines.
_LINE_ENDS = re.compile(r"(\r\n|\n|\r)")


def fixed_text(text: str, check: Callable[[str], Iterable[Diagnostic]]) -> str:
    """Return a text with all fixes that are certain. All other text stays, also line breaks.

    Args:
        text: Rules.
        check: Finds the problems of a text.
    """
    # Lines and their ends, alternating.
    parts = _LINE_ENDS.split(text)
    original = list(parts)
    for number in range(_MOST_ROUNDS + 1):
        fixes: dict[int, list[Fix]] = {}
        for each in check("".join(parts)):
            if each.fix is not None and each.fix.is_certain:
                fixes.setdefault(2 * each.line - 2, []).append(each.fix)
        if not fixes:
            break
        for index, of_line in fixes.items():
            is_last = number == _MOST_ROUNDS
            parts[index] = original[index] if is_last else _fixed_line(parts[index], of_line)
    return "".join(parts)


def _fixed_line(line: str, fixes: list[Fix]) -> str:
    """Apply fixes to a line. One that overlaps a later one is left for the next round."""
    start = len(line) + 1
    for fix in sorted(fixes, key=lambda fix: fix.column, reverse=True):
        if fix.end_column - 1 < start:
            start = fix.column - 1
            line = line[:start] + fix.replacement + line[fix.end_column - 1 :]
    return line
