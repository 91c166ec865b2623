"""README.md: its examples are run."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING, Callable

import pytest

if TYPE_CHECKING:
    from pathlib import Path


def examples(source_tree: Path, language: str) -> list[str]:
    text = (source_tree / "README.md").read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def test_the_python_examples_run(source_tree: Path) -> None:
    """They assert what they show."""
    found = examples(source_tree, "python")
    assert all("assert " in code for code in found)
    for code in found:
        exec(compile(code, "README.md", "exec"), {})


@pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
def test_the_c_example_runs(
    build_program: Callable[[Path, str, str], Path], source_tree: Path, tmp_path: Path
) -> None:
    source = tmp_path / "example.c"
    (code,) = examples(source_tree, "c")
    source.write_text(code, "utf-8")
    program = build_program(source, "gcc", "c11")
    run = subprocess.run([program], capture_output=True, check=True, encoding="utf-8")
    assert run.stdout == "in-app: no\n"


@pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
def test_the_cpp_example_runs(
    build_program: Callable[[Path, str, str], Path], source_tree: Path, tmp_path: Path
) -> None:
    source = tmp_path / "example.cpp"
    (code,) = examples(source_tree, "cpp")
    source.write_text(code, "utf-8")
    program = build_program(source, "g++", "c++17")
    run = subprocess.run([program], capture_output=True, check=True, encoding="utf-8")
    assert run.stdout == "false\n"


def test_the_example_programs_print_what_is_shown(source_tree: Path) -> None:
    """tests/test_c.py compares the same text with what they print."""
    shown = (source_tree / "tests" / "snapshots" / "frames.txt").read_text("utf-8")
    assert shown in examples(source_tree, "text")
