"""Writes or compares a generated file, for the tools that make files from the header."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, made: str) -> int:
    """Write a generated file, or with `--check` compare it.

    Args:
        path: The file.
        made: The expected content.

    Returns:
        The exit code: 1 if the file differs and `--check` is given.
    """
    if path.exists() and path.read_text("utf-8") == made:
        return 0
    if "--check" in sys.argv[1:]:
        sys.stderr.write(f"{path.name} does not match the header: run `make header`\n")
        return 1
    path.write_text(made, "utf-8")
    return 0
