"""README.md: its examples are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Callable

import pytest
from conftest import tool

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


@pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
def test_the_commands_for_c_and_cpp_work_as_written(
    source_tree: Path, cargo: str, tmp_path: Path
) -> None:
    """With nothing in the environment that helps, and another home directory."""
    for name in ("make", "cc", "c++", "pkg-config"):
        tool(name)
    for language in ("c", "cpp"):
        (code,) = examples(source_tree, language)
        (tmp_path / f"example.{language}").write_text(code, "utf-8")
    (commands,) = (each for each in examples(source_tree, "sh") if "pkg-config" in each)
    script = "".join(
        line.replace("make ", f"make -C '{source_tree}' CARGO='{cargo}' ", 1)
        for line in commands.replace("$HOME", str(tmp_path)).splitlines(keepends=True)
        if not line.startswith("make examples")  # tests/test_c.py builds them in every way
    )
    helping = {"PKG_CONFIG_PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "CPATH", "CFLAGS", "LDFLAGS"}
    environment = {name: value for name, value in os.environ.items() if name not in helping}
    run = subprocess.run(
        ["sh", "-e", "-c", script + "./example\n./example_cpp\n"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.endswith("in-app: no\nfalse\n")
    assert (tmp_path / ".local" / "include" / "ophio.hpp").is_file()


def test_the_example_programs_print_what_is_shown(source_tree: Path) -> None:
    """tests/test_c.py compares the same text with what they print."""
    shown = (source_tree / "tests" / "snapshots" / "frames.txt").read_text("utf-8")
    assert shown in examples(source_tree, "text")
