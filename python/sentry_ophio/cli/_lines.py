"""Reads texts line by line, for the commands that are filters."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentry_ophio.cli._input import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader

__all__ = ["blocks", "opened"]

# The number of bytes that are read at a time. The data of a pipe is processed at once, even if it
# is less.
_BLOCK = 1 << 19


def opened(name: str) -> BufferedReader:
    """Open a file."""
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
