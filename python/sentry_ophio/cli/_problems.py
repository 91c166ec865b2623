"""Problems of rules: where they are in a file, and how they are printed.

`sentry-ophio check` prints them, and every command whose rules have errors:

error[OPH009]: unknown flag `ap`: the flags are `app` and `group`
 --> my.rules:3:13
  |
3 | function:a +ap
  |             ^^ did you mean `app`?
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from sentry_ophio._counts import counted
from sentry_ophio._event_files import STANDARD_INPUT
from sentry_ophio._shown import shown
from sentry_ophio.cli._error import InputError
from sentry_ophio.cli._output import echo, styled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sentry_ophio.cli._rule_files import RuleFile
    from sentry_ophio.enhancers import Diagnostic

__all__ = ["Found", "InvalidRulesError", "draw", "find_in"]

# The maximum number of problems in the error of a command. `check` prints all.
_MOST = 10

# The code of an action that was retired.
_RETIRED = "OPH014"


class Found(NamedTuple):
    """A problem, and where it is in its file."""

    problem: Diagnostic
    """Line and column are those of the text of rules."""
    line: int
    column: int
    end_column: int
    member: str
    path: str


def find_in(
    file: RuleFile,
    find: Callable[[str], list[Diagnostic]],
    base: Sequence[tuple[str, str]] = (),
) -> list[Found]:
    """Find the problems of the texts in a file.

    Args:
        file: The file.
        find: Finds the problems of a text.
        base: The names and the texts of rules before them. They are checked together, because a
            rule may depend on earlier ones.
    """
    before = "".join(text for _, text in base)
    count = before.count("\n")
    found = []
    for text in file.texts:
        for each in find(before + text.text):
            if each.line <= count:
                continue
            message = _with_lines(each.message, base, count - text.first_line)
            fix = None if text.member else each.fix
            problem = replace(each, line=each.line - count, message=message, fix=fix)
            line, column = file.place(text, problem.line, problem.column)
            end_line, end_column = file.place(text, problem.line, problem.end_column)
            end_column = end_column if end_line == line else column + 1
            if fix is not None:
                shift = file.place(text, problem.line, fix.column)[1] - fix.column
                moved = replace(fix, column=fix.column + shift, end_column=fix.end_column + shift)
                problem = replace(problem, fix=moved)
            found.append(Found(problem, line, column, end_column, text.member, file.name))
    return found


def _with_lines(message: str, base: Sequence[tuple[str, str]], count: int) -> str:
    """Convert the numbers of lines in a message: `count` lines are before the first of the file."""

    def converted(match: re.Match[str]) -> str:
        if match[1] is None:  # in backticks
            return match[0]
        line = int(match[1])
        for name, text in base:
            lines = text.count("\n")
            if line <= lines:
                return f"line {line} of {shown(name)}"
            line -= lines
        return f"line {int(match[1]) - count}"

    return re.sub(r"`[^`]*`|\bline (\d+)", converted, message)


_COLORS = {"error": "red", "warning": "yellow"}


def draw(each: Found, *, err: bool = False) -> None:
    """Print a problem, and an empty line."""
    found = each.problem
    if not each.member:
        found = replace(found, line=each.line)
    head, arrow, *above, caret = found.drawn("").split("\n")
    place = "standard input" if each.path == STANDARD_INPUT else each.path
    place = f"{place}:{each.line}:{each.column}"
    if each.member:
        place += f", line {found.line} of {each.member}"
    kind, colon, message = head.partition(":")
    if found.code == _RETIRED and found.severity == "error":
        message += ": `sentry-ophio fmt --lenient` removes it"
    gutter, bar, rest = caret.partition("|")
    color = _COLORS[found.severity]
    echo(styled(kind, fg=color, bold=True), styled(colon + message, bold=True), err=err)
    echo(f"{arrow.partition('>')[0]}> {place}", err=err)
    for line in above:
        echo(line, err=err)
    echo(gutter + bar, styled(rest, fg=color), err=err)
    echo(err=err)


class InvalidRulesError(InputError):
    """Rules with errors: they are printed as `check` prints them."""

    def __init__(self, file: RuleFile, check: Callable[[str], list[Diagnostic]]) -> None:
        """Find the errors of a file with `check`."""
        found = find_in(file, check)
        self._errors = [each for each in found if each.problem.severity == "error"]
        super().__init__(file.name, f"{counted(len(self._errors), 'error')} in the rules")

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the errors, and a line that names the file."""
        for each in self._errors[:_MOST]:
            draw(each, err=True)
        if len(self._errors) > _MOST:
            echo(f"... and {len(self._errors) - _MOST} more", err=True)
            echo(err=True)
        super().show(file)
