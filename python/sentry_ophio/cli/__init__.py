"""The command line: rules, and what they do to the stack traces of Sentry events.

    sentry-ophio apply EVENT.json ...      what becomes of each frame
    sentry-ophio explain EVENT.json        and why, step by step
    sentry-ophio preview --old A --new B   what other rules would change
    sentry-ophio events EVENT.json ...     events into a Parquet file
    sentry-ophio check my.rules ...        what is wrong with rules
    sentry-ophio fmt my.rules ...          rules in columns
    sentry-ophio encode, decode            rules in the binary form, and back
    sentry-ophio fingerprint check, fmt, explain   the same for fingerprint rules
    sentry-ophio parameterize LOG ...      lines without their ids, dates and numbers

A file that cannot be used is reported on standard error, in one line; the others are still
processed, and the exit code is 2. Exit code 1 means problems in the rules, or files that `fmt`
would change.
"""

from __future__ import annotations

import io
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from sentry_ophio import __version__
from sentry_ophio._shown import shown
from sentry_ophio.cli._apply import apply
from sentry_ophio.cli._check import check
from sentry_ophio.cli._decode import decode
from sentry_ophio.cli._encode import encode
from sentry_ophio.cli._events import events
from sentry_ophio.cli._explain import explain
from sentry_ophio.cli._fingerprint import fingerprint
from sentry_ophio.cli._fmt import fmt
from sentry_ophio.cli._input import InputError
from sentry_ophio.cli._parameterize import parameterize
from sentry_ophio.cli._preview import preview
from sentry_ophio.exceptions import LimitError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["cli"]


class _Commands(click.Group):
    """Commands whose errors name nothing as it was given: a terminal may act on it."""

    def make_context(self, *arguments: Any, **options: Any) -> click.Context:
        with _errors():
            return super().make_context(*arguments, **options)

    def invoke(self, ctx: click.Context) -> Any:
        with _errors():
            return super().invoke(ctx)


@contextmanager
def _errors() -> Iterator[None]:
    try:
        yield
    except click.UsageError as error:
        raise click.UsageError(shown(error.format_message()), error.ctx) from None
    except LimitError as error:
        raise InputError(str(error)) from None


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sentry-ophio")
def cli() -> None:
    """Stack trace rules: which frames are in-app, and which count for grouping."""
    # Texts of JSON may have half of a surrogate pair, which no encoding has. As `\\ud800` it is
    # what JSON writes, too.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


for _command in (
    *(apply, events, explain, preview, encode, decode, check, fmt),
    *(fingerprint, parameterize),
):
    cli.add_command(_command)
