"""`sentry-ophio fmt`: rules in columns."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sentry_ophio._event_files import STANDARD_INPUT
from sentry_ophio.cli._input import InputError, read_rule_file, replace_file
from sentry_ophio.cli._output import echo, echo_json
from sentry_ophio.cli._output import write as write_out
from sentry_ophio.cli._problems import InvalidRulesError
from sentry_ophio.cli._rule_files import ENHANCEMENTS
from sentry_ophio.enhancers import Enhancements, format_rules
from sentry_ophio.exceptions import EnhancementsError, FingerprintsError, LimitError

if TYPE_CHECKING:
    from typing import Callable

    from sentry_ophio.cli._rule_files import Kind, RuleFile
    from sentry_ophio.enhancers import Diagnostic


def fmt_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of every command that formats files."""
    for option in (
        click.option(
            "--json",
            "as_json",
            is_flag=True,
            help="Print a JSON document: for each file whether it changes.",
        ),
        click.option(
            "--check", "only_check", is_flag=True, help="Only report the files that would change."
        ),
        click.argument("rules", nargs=-1, required=True, metavar="RULES..."),
    ):
        command = option(command)
    return command


@click.command()
@fmt_options
@click.option(
    "--lenient",
    is_flag=True,
    help="Leave out retired actions (+sentinel, -prefix ...), and rules without other actions.",
)
def fmt(rules: tuple[str, ...], only_check: bool, as_json: bool, lenient: bool) -> None:
    """Format rules: align them in columns and use short names, without changing their meaning.

    RULES is a file, which is replaced atomically, or - for standard input, which is formatted to
    standard output. Comments and empty lines are kept. In a Terraform file the text of
    grouping_enhancements is formatted, in JSON of Sentry's API that of groupingEnhancements;
    nothing else changes.

    \b
    Examples:
      sentry-ophio fmt my.rules
      sentry-ophio fmt --check rules/*.txt
      sentry-ophio fmt - < old.rules > new.rules

    The exit code is 1 if --check finds a file that would change, and 2 if a file cannot be
    read or written, or is not valid: sentry-ophio check reports why.
    """  # noqa: D301 (click wants the control character)
    form = partial(format_rules, lenient=lenient)
    find = partial(Enhancements.check, lenient=lenient)
    write(rules, ENHANCEMENTS, form, find, only_check=only_check, as_json=as_json)


def write(  # noqa: PLR0913 (a name, a kind, and what to do)
    names: tuple[str, ...],
    kind: Kind,
    form: Callable[[str], str],
    check: Callable[[str], list[Diagnostic]],
    *,
    only_check: bool,
    as_json: bool,
) -> None:
    """Format files, or report which would change, and exit with the matching exit code."""
    if as_json and STANDARD_INPUT in names and not only_check:
        raise click.UsageError("standard output cannot have both the rules and --json")
    failed = False
    files: dict[str, bool] = {}
    for name in names:
        try:
            file = read_rule_file(name, kind)
            formatted = _formatted(file, form, check)
            files[name] = formatted != file.content
            if not only_check and name == STANDARD_INPUT:
                write_out(file.mark + formatted.encode())
            elif files[name]:
                if not only_check:
                    replace_file(Path(file.name), file.mark + formatted.encode())
                echo(f"{name}: {'would change' if only_check else 'written'}", err=True)
        except InputError as error:
            error.show()
            failed = True
    if as_json:
        document = [{"file": name, "changed": changed} for name, changed in files.items()]
        echo_json(document)
    if failed:
        sys.exit(InputError.exit_code)
    if only_check and any(files.values()):
        sys.exit(1)


def _formatted(
    file: RuleFile, form: Callable[[str], str], check: Callable[[str], list[Diagnostic]]
) -> str:
    try:
        return file.changed(form)
    except (EnhancementsError, FingerprintsError):
        raise InvalidRulesError(file, check) from None
    except LimitError as error:
        raise InputError(file.name, str(error)) from None
