"""The command line: applies, explains, checks and formats rules.

    sentry-ophio apply EVENT.json ...      the results of each frame
    sentry-ophio explain EVENT.json        the reasons, step by step
    sentry-ophio preview --old A --new B   the changes by other rules
    sentry-ophio events EVENT.json ...     events to a Parquet file
    sentry-ophio check my.rules ...        the problems of rules
    sentry-ophio fmt my.rules ...          rules in columns
    sentry-ophio rules                     the rules that come with this package
    sentry-ophio encode, decode            rules to the binary form, and back
    sentry-ophio fingerprint check, fmt, explain, preview   the same for fingerprint rules
    sentry-ophio studio --rules my.rules EVENT.json ...    rules on a page, with their effects
    sentry-ophio parameterize LOG ...      lines without their ids, dates and numbers
    sentry-ophio retrace MAPPING LOG ...   stack traces with the names of the sources
    sentry-ophio owners [FILE ...]         the owners of files, by CODEOWNERS

A file that cannot be used is reported on standard error, in one line. Other files are still
processed, and the exit code is 2. Exit code 1 means that rules have problems, that `fmt` would
change a file, or that a file has no owner and `owners --require` was called.
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
from sentry_ophio.cli._fingerprint_preview import preview as fingerprint_preview
from sentry_ophio.cli._fmt import fmt
from sentry_ophio.cli._input import InputError
from sentry_ophio.cli._owners import owners
from sentry_ophio.cli._parameterize import parameterize
from sentry_ophio.cli._preview import preview
from sentry_ophio.cli._retrace import retrace
from sentry_ophio.cli._rules import rules
from sentry_ophio.cli._studio import studio
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
    """Stack trace rules: they decide which frames are in-app, and which count for grouping."""
    # Texts of JSON may have half of a surrogate pair, which cannot be encoded. It is printed as
    # `\\ud800`, as in JSON.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


for _command in (
    *(apply, events, explain, preview, encode, decode, check, fmt, rules),
    *(fingerprint, parameterize, retrace, owners, studio),
):
    cli.add_command(_command)
fingerprint.add_command(fingerprint_preview)
