"""`sentry-ophio check`: the problems of rules."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sentry_ophio._event_files import STANDARD_INPUT
from sentry_ophio._shown import shown
from sentry_ophio.cli._input import InputError, base_text, read_rule_file
from sentry_ophio.cli._options import base_option
from sentry_ophio.cli._output import annotation, echo, echo_json, styled
from sentry_ophio.cli._rule_files import ENHANCEMENTS
from sentry_ophio.enhancers import Enhancements

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sentry_ophio.cli._output import Styled
    from sentry_ophio.cli._rule_files import RuleFile
    from sentry_ophio.enhancers import Diagnostic


format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["human", "github", "json"]),
    default="human",
    help="How to print problems: for people, as annotations of a GitHub workflow, or as one "
    "JSON document for all files.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="The same as --format=json.")


@click.command()
@click.argument("rules", nargs=-1, required=True, metavar="RULES...")
@click.option("--strict", is_flag=True, help="Fail on warnings as well.")
@click.option(
    "--lenient",
    is_flag=True,
    help="Report retired actions (+sentinel, -prefix ...) as warnings.",
)
@base_option
@format_option
@json_option
def check(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    rules: tuple[str, ...],
    strict: bool,
    lenient: bool,
    base_files: tuple[str, ...],
    form: str,
    as_json: bool,
) -> None:
    """Find all problems of rules in the text form.

    RULES is a file with rules, a Terraform file with grouping_enhancements, JSON of Sentry's API
    with groupingEnhancements, or - for standard input. An error is a line that is not a rule. A
    warning is a rule that probably does not do what was intended. Each problem has a code, which
    docs/diagnostics.md explains. Problems of the rules of --base are not reported.

    \b
    Examples:
      sentry-ophio check my.rules
      sentry-ophio check --strict --format=github rules/*.txt
      git show HEAD:my.rules | sentry-ophio check --json -

    The exit code is 0 without errors, 1 with errors (with --strict also with warnings), and 2 if a
    file cannot be read.
    """  # noqa: D301 (click wants the control character)
    base = [(name, base_text(name)) for name in base_files]

    def find(text: str) -> list[Diagnostic]:
        return Enhancements.check(text, lenient=lenient)

    def located(name: str) -> list[Found]:
        return find_in(read_rule_file(name, ENHANCEMENTS), find, base)

    report(rules, located, "json" if as_json else form, strict=strict)


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
            problem = replace(each, line=each.line - count, message=message)
            line, column = file.place(text, problem.line, problem.column)
            end_line, end_column = file.place(text, problem.line, problem.end_column)
            end_column = end_column if end_line == line else column + 1
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


def report(
    names: tuple[str, ...],
    find: Callable[[str], list[Found]],
    form: str,
    *,
    strict: bool,
    unreadable: bool = False,
) -> None:
    """Print the problems of files, and exit with the matching exit code."""
    documents = []
    errors = warnings = 0
    for name in names:
        try:
            found = find(name)
        except InputError as error:
            error.show()
            unreadable = True
            continue
        errors += sum(each.problem.severity == "error" for each in found)
        warnings += sum(each.problem.severity == "warning" for each in found)
        documents.append({"file": name, "diagnostics": [_diagnostic_json(each) for each in found]})
        for each in found:
            if form == "github":
                _annotate(each)
            elif form == "human":
                _draw(each)
                echo()
    if form == "json":
        echo_json(documents, indent=2)
    elif form == "human":
        echo(_count(errors, warnings, len(documents)))
    if unreadable:
        sys.exit(InputError.exit_code)
    if errors or (strict and warnings):
        sys.exit(1)


_COLORS = {"error": "red", "warning": "yellow"}


def _draw(each: Found) -> None:
    """Print a problem."""
    found = each.problem
    if not each.member:
        found = replace(found, line=each.line)
    head, arrow, *above, caret = found.drawn("").split("\n")
    place = "standard input" if each.path == STANDARD_INPUT else each.path
    place = f"{place}:{each.line}:{each.column}"
    if each.member:
        place += f", line {found.line} of {each.member}"
    kind, colon, message = head.partition(":")
    gutter, bar, rest = caret.partition("|")
    color = _COLORS[found.severity]
    echo(styled(kind, fg=color, bold=True), styled(colon + message, bold=True))
    echo(f"{arrow.partition('>')[0]}> {place}")
    for line in above:
        echo(line)
    echo(gutter + bar, styled(rest, fg=color))


def _annotate(each: Found) -> None:
    """Print a problem as a GitHub workflow command, so that GitHub shows it beside the line."""
    found = each.problem
    message = found.message
    if found.suggestion is not None:
        message += f"; did you mean `{found.suggestion}`?"
    annotation(
        found.severity,
        message,
        file=each.path,
        line=each.line,
        col=each.column,
        endColumn=each.end_column,
        title=found.code,
    )


def _diagnostic_json(each: Found) -> dict[str, Any]:
    found = each.problem
    return {
        "severity": found.severity,
        "code": found.code,
        "line": each.line,
        "column": each.column,
        "end_column": each.end_column,
        "message": found.message,
        "suggestion": found.suggestion,
    }


def _count(errors: int, warnings: int, files: int) -> Styled:
    """Return the summary of the numbers of problems."""

    def some(count: int, word: str) -> str:
        return f"{count} {word}{'' if count == 1 else 's'}"

    text = f"{some(errors, 'error')} and {some(warnings, 'warning')} in {some(files, 'file')}"
    return styled(text, fg="red" if errors else "yellow" if warnings else "green")
