"""`sentry-ophio decode`: rules from the binary form."""

from __future__ import annotations

from typing import Any

import click

from sentry_ophio.cli._input import InputError, read_bytes
from sentry_ophio.cli._output import echo_json, write
from sentry_ophio.enhancers import Cache, Enhancements, Rule
from sentry_ophio.exceptions import EnhancementsError


@click.command()
@click.argument("data", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print a description of each rule as JSON.")
def decode(data: str, as_json: bool) -> None:
    """Write rules of the binary form as text.

    FILE is a file in the binary form, or - for standard input.

    \b
    Examples:
      sentry-ophio decode my.bin > my.rules

    The exit code is 2 if FILE is not in the binary form.
    """  # noqa: D301 (click wants the control character)
    try:
        rules = Enhancements.from_config_structure(read_bytes(data), Cache(0))
        if as_json:
            echo_json([_rule_json(each) for each in rules.rules])
        else:
            write(rules.to_text().encode())
    except EnhancementsError as error:
        raise InputError(data, " ".join(str(error).split("\n"))) from None


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.canonical,
        "matchers": [each._asdict() for each in rule.matchers],
        "actions": [each._asdict() for each in rule.actions],
    }
