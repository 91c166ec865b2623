"""`sentry-ophio check`: the problems of rules."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import click

from sentry_ophio._counts import counted
from sentry_ophio._event_files import STANDARD_INPUT
from sentry_ophio.cli._input import InputError, base_text, read_rule_file, replace_file
from sentry_ophio.cli._options import base_option
from sentry_ophio.cli._output import annotation, echo, echo_json, styled
from sentry_ophio.cli._problems import Found, draw, find_in
from sentry_ophio.cli._rule_files import ENHANCEMENTS
from sentry_ophio.enhancers import Enhancements, fix_rules

if TYPE_CHECKING:
    from collections.abc import Callable

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
fix_option = click.option(
    "--fix",
    is_flag=True,
    help="First apply the fixes that are certain to the files. All other text stays.",
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
@fix_option
@click.option(
    "--profiling", is_flag=True, help="Also warn about rules that Sentry's profiling ignores."
)
@base_option
@format_option
@json_option
def check(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    rules: tuple[str, ...],
    strict: bool,
    lenient: bool,
    fix: bool,
    profiling: bool,
    base_files: tuple[str, ...],
    form: str,
    as_json: bool,
) -> None:
    """Find all problems of rules in the text form.

    RULES is a file with rules, a Terraform file with grouping_enhancements, JSON of Sentry's API
    with groupingEnhancements, or - for standard input. An error is a line that is not a rule. A
    warning is a rule that probably does not do what was intended. Each problem has a code, which
    docs/diagnostics.md explains. Problems of the rules of --base are not reported.

    With --fix, each file is replaced atomically if it changes, and then the rest of the problems is
    reported. Fixing a fixed file changes nothing.

    \b
    Examples:
      sentry-ophio check my.rules
      sentry-ophio check --fix my.rules
      sentry-ophio check --strict --format=github rules/*.txt
      git show HEAD:my.rules | sentry-ophio check --json -

    The exit code is 0 without errors, 1 with errors (with --strict also with warnings), and 2 if a
    file cannot be read.
    """  # noqa: D301 (click wants the control character)
    check_fix(rules, fix)
    base = [(name, base_text(name)) for name in base_files]

    def find(text: str) -> list[Diagnostic]:
        return Enhancements.check(text, lenient=lenient, profiling=profiling)

    def located(name: str) -> list[Found]:
        file = read_rule_file(name, ENHANCEMENTS)
        if fix and is_fixed(file, fix_rules):
            file = read_rule_file(name, ENHANCEMENTS)
        return find_in(file, find, base)

    report(rules, located, "json" if as_json else form, strict=strict)


def check_fix(names: tuple[str, ...], fix: bool) -> None:
    """Fail if `--fix` cannot change what is read."""
    if fix and STANDARD_INPUT in names:
        raise click.UsageError("--fix changes files, so it cannot read standard input")


def is_fixed(file: RuleFile, fix: Callable[[str], str]) -> bool:
    """Apply the fixes that are certain. Report and return whether the file was changed."""

    def fixed(text: str) -> str:
        changed = fix(text)
        # A text in another file has an indentation that it gets again.
        return changed if text is file.content else dedent(changed)

    if all(fix(each.text) == each.text for each in file.texts):
        return False
    replace_file(Path(file.name), file.mark + file.changed(fixed).encode())
    echo(f"{file.name}: fixed", err=True)
    return True


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
                draw(each)
    if form == "json":
        echo_json(documents, indent=2)
    elif form == "human":
        echo(_count(errors, warnings, len(documents)))
    if unreadable:
        sys.exit(InputError.exit_code)
    if errors or (strict and warnings):
        sys.exit(1)


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
        "fix": None if found.fix is None else asdict(found.fix),
    }


def _count(errors: int, warnings: int, files: int) -> Styled:
    """Return the summary of the numbers of problems."""
    problems = f"{counted(errors, 'error')} and {counted(warnings, 'warning')}"
    text = f"{problems} in {counted(files, 'file')}"
    return styled(text, fg="red" if errors else "yellow" if warnings else "green")
