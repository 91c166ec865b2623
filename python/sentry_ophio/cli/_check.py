"""`sentry-ophio check`: the problems of rules."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from sentry_ophio._event_files import STANDARD_INPUT
from sentry_ophio._shown import shown
from sentry_ophio.cli._input import InputError, read_text
from sentry_ophio.cli._output import annotation, echo, echo_json, styled
from sentry_ophio.enhancers import Enhancements

if TYPE_CHECKING:
    from typing import Callable

    from sentry_ophio.cli._output import Styled
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
@format_option
@json_option
def check(rules: tuple[str, ...], strict: bool, lenient: bool, form: str, as_json: bool) -> None:
    """Find all problems of rules in the text form.

    RULES is a file with rules, or - for standard input. An error is a line that is not a rule. A
    warning is a rule that probably does not do what was intended. Each problem has a code, which
    docs/diagnostics.md explains.

    \b
    Examples:
      sentry-ophio check my.rules
      sentry-ophio check --strict --format=github rules/*.txt
      git show HEAD:my.rules | sentry-ophio check --json -

    The exit code is 0 without errors, 1 with errors (with --strict also with warnings), and 2 if a
    file cannot be read.
    """  # noqa: D301 (click wants the control character)

    def find(name: str) -> list[Diagnostic]:
        return Enhancements.check(read_text(name), lenient=lenient)

    report(rules, find, "json" if as_json else form, strict=strict)


def report(
    names: tuple[str, ...], find: Callable[[str], list[Diagnostic]], form: str, *, strict: bool
) -> None:
    """Print the problems of files, and exit with the matching exit code."""
    unreadable = False
    documents = []
    errors = warnings = 0
    for name in names:
        try:
            found = find(name)
        except InputError as error:
            error.show()
            unreadable = True
            continue
        errors += sum(each.severity == "error" for each in found)
        warnings += sum(each.severity == "warning" for each in found)
        documents.append({"file": name, "diagnostics": [_diagnostic_json(each) for each in found]})
        for each in found:
            if form == "github":
                _annotate(name, each)
            elif form == "human":
                _draw(each, name)
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


def _draw(found: Diagnostic, name: str) -> None:
    """Print a problem."""
    # A name with a line feed would be two lines of the drawing.
    drawn = found.drawn("standard input" if name == STANDARD_INPUT else shown(name))
    head, *above, caret = drawn.split("\n")
    kind, colon, message = head.partition(":")
    gutter, bar, rest = caret.partition("|")
    color = _COLORS[found.severity]
    echo(styled(kind, fg=color, bold=True), styled(colon + message, bold=True))
    for line in above:
        echo(line)
    echo(gutter + bar, styled(rest, fg=color))


def _annotate(name: str, found: Diagnostic) -> None:
    """Print a problem as a GitHub workflow command, so that GitHub shows it beside the line."""
    message = found.message
    if found.suggestion is not None:
        message += f"; did you mean `{found.suggestion}`?"
    annotation(
        found.severity,
        message,
        file=name,
        line=found.line,
        col=found.column,
        endColumn=found.end_column,
        title=found.code,
    )


def _diagnostic_json(found: Diagnostic) -> dict[str, Any]:
    return {
        "severity": found.severity,
        "code": found.code,
        "line": found.line,
        "column": found.column,
        "end_column": found.end_column,
        "message": found.message,
        "suggestion": found.suggestion,
    }


def _count(errors: int, warnings: int, files: int) -> Styled:
    """Return the summary of the numbers of problems."""

    def some(count: int, word: str) -> str:
        return f"{count} {word}{'' if count == 1 else 's'}"

    text = f"{some(errors, 'error')} and {some(warnings, 'warning')} in {some(files, 'file')}"
    return styled(text, fg="red" if errors else "yellow" if warnings else "green")
