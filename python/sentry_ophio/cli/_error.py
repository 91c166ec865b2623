"""The error of all commands: `InputError`."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any

import click

from sentry_ophio.cli._output import echo

if TYPE_CHECKING:
    from sentry_ophio.exceptions import OphioError

__all__ = ["InputError"]


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
