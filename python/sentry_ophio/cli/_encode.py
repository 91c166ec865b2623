"""`sentry-ophio encode`: rules into the binary form."""

from __future__ import annotations

from pathlib import Path

import click

from sentry_ophio._event_files import STANDARD_INPUT
from sentry_ophio.cli._input import read_rules, replace_file
from sentry_ophio.cli._options import base_option
from sentry_ophio.cli._output import write


@click.command()
@click.argument("rules", metavar="RULES")
@base_option
@click.option("--output", "-o", default=STANDARD_INPUT, metavar="FILE", help="The output file.")
@click.option(
    "--format-version", type=click.Choice(["2", "3"]), default="3", help="The version of the form."
)
def encode(rules: str, base_files: tuple[str, ...], output: str, format_version: str) -> None:
    """Write rules in the binary form.

    RULES is a file with rules, or - for standard input.

    \b
    Examples:
      sentry-ophio encode my.rules -o my.bin

    The exit code is 2 if the rules cannot be read.
    """  # noqa: D301 (click wants the control character)
    data = read_rules((rules,), base_files).to_config_structure(int(format_version))
    if output == STANDARD_INPUT:
        write(data)
    else:
        replace_file(Path(output), data)
