"""The programs in tests/c: the library as C programs use it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

PROGRAMS = sorted((Path(__file__).parent / "c").glob("test_*.c"))


@pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
@pytest.mark.parametrize("program", PROGRAMS, ids=lambda path: path.stem)
def test_program(build_program: Callable[[Path, str, str], Path], program: Path) -> None:
    run = subprocess.run(
        [build_program(program, "cc", "c99")], capture_output=True, encoding="utf-8", check=False
    )
    assert run.returncode == 0, run.stderr
