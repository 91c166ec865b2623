"""Reads texts line by line, for the commands that are filters."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from sentry_ophio._event_files import STANDARD_INPUT
from sentry_ophio.cli._input import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

__all__ = ["Filter", "blocks", "for_each_file"]

# The number of bytes that are read at a time. The data of a pipe is processed at once, even if it
# is less.
_BLOCK = 1 << 19


class Filter(Protocol):
    """What a command does with each file."""

    failed: bool

    def run(self, name: str, file: Any) -> None:
        """Read a file from its start to its end."""


def for_each_file(names: tuple[str, ...], work: Filter) -> None:
    """Run a filter on files, or on standard input if there is no name.

    A file that cannot be read is reported, and the next one follows: `work.failed` is true then.
    """
    for name in names or (STANDARD_INPUT,):
        try:
            if name == STANDARD_INPUT:
                work.run(name, sys.stdin.buffer)
            else:
                with _opened(name) as file:
                    work.run(name, file)
        except InputError as error:
            error.show()
            work.failed = True


def _opened(name: str) -> BufferedReader:
    try:
        return Path(name).open("rb")
    except OSError as error:
        raise InputError(name, error.strerror or str(error)) from None


def blocks(name: str, file: Any) -> Iterator[bytes]:
    """Read whole lines. Memory has about one block of a file, or its longest line."""
    held: list[bytes] = []
    while True:
        try:
            block: bytes = file.read1(_BLOCK)
        except OSError as error:
            raise InputError(name, error.strerror or str(error)) from None
        end = block.rfind(b"\n") + 1
        if end or not block:
            held.append(block[:end])
            whole = b"".join(held)
            if whole:
                yield whole
            held = []
        if not block:
            return
        held.append(block[end:])
