"""`sentry-ophio rules`: the rules that come with the package."""

from __future__ import annotations

import click

from sentry_ophio.cli._input import default_text
from sentry_ophio.cli._output import write


@click.command()
def rules() -> None:
    """Print the default rules, which come with this package, with their comments.

    They are used where no other rules are given, and --base default puts them in front of others.
    They are not Sentry's: docs/command-line.md lists the differences. The numbers of lines are
    those that explain prints, as in default rules:338.

    \b
    Examples:
      sentry-ophio rules | less
      sentry-ophio rules > base.rules

    The exit code is 0.
    """  # noqa: D301 (click wants the control character)
    write(default_text().encode())
