"""The input and output of all commands: files of events and rules, and errors about them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from sentry_ophio._atomic import replaced
from sentry_ophio._event_files import STANDARD_INPUT, read_event
from sentry_ophio.cli._output import echo
from sentry_ophio.enhancers import Cache, Enhancements
from sentry_ophio.exceptions import EnhancementsError, EventError, OphioError

if TYPE_CHECKING:
    from sentry_ophio.events import EventStacktrace


class InputError(click.ClickException):
    """A file that cannot be used: one line on standard error, exit code 2."""

    exit_code = 2

    def __init__(self, *parts: str) -> None:
        """Make an error from the name of a file and a reason, or from a message with both."""
        super().__init__(": ".join(parts))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print it, as click does."""
        del file
        echo(f"Error: {self.message}", err=True)

    @classmethod
    def of(cls, error: OphioError | OSError) -> InputError:
        """Make an error from an exception that contains the name of the file."""
        if isinstance(error, OSError) and error.filename is not None:
            return cls(str(error.filename), error.strerror or str(error))
        return cls(str(error))


def read_bytes(name: str) -> bytes:
    """Read a file, or standard input."""
    try:
        return sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except OSError as error:
        raise InputError(name, error.strerror or str(error)) from None


def read_text(name: str) -> str:
    """Read a text file, or standard input."""
    try:
        return read_bytes(name).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(name, f"not UTF-8 (at byte {error.start})") from None


def read_event_file(name: str) -> list[EventStacktrace]:
    try:
        return read_event(name, read_bytes(name))[1]
    except EventError as error:
        raise InputError.of(error) from None


def read_rules(names: tuple[str, ...]) -> Enhancements:
    if not names:
        return Enhancements.default()
    rules = Enhancements.empty()
    for name in names:
        try:
            rules.extend_from(Enhancements.parse(read_text(name), Cache(0), source=name))
        except EnhancementsError as error:
            raise InputError(name, " ".join(str(error).split("\n"))) from None
    return rules


def with_orig_in_app(trace: EventStacktrace) -> list[dict[str, Any]]:
    """Return the initial `in_app` of each frame, as `orig_in_app`."""
    return [
        {**each, "orig_in_app": -1 if each["in_app"] is None else int(each["in_app"])}
        for each in trace.frames
    ]


def replace_file(path: Path, data: bytes) -> None:
    """Write a file atomically. A link is followed, and its target is replaced."""
    try:
        with replaced(path) as file:
            file.write(data)
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from None
