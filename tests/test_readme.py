"""README.md: its examples are run."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Callable

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def example(source_tree: Path, language: str) -> str:
    text = (source_tree / "README.md").read_text("utf-8")
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(code)


def test_the_python_example_runs(source_tree: Path) -> None:
    exec(compile(example(source_tree, "python"), "README.md", "exec"), {})


@pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
def test_the_c_example_runs(
    build_program: Callable[[Path, str, str], Path], source_tree: Path, tmp_path: Path
) -> None:
    source = tmp_path / "example.c"
    source.write_text(example(source_tree, "c"), "utf-8")
    program = build_program(source, "cc", "c11")
    run = subprocess.run([program], capture_output=True, check=True, encoding="utf-8")
    assert run.stdout == "in-app: no\n"
