"""README.md: its examples are run."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import sentry_ophio


def example(source_tree: Path, language: str) -> str:
    text = (source_tree / "README.md").read_text("utf-8")
    (code,) = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(code)


def test_the_python_example_runs(source_tree: Path) -> None:
    exec(compile(example(source_tree, "python"), "README.md", "exec"), {})


@pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
def test_the_c_example_runs(source_tree: Path, tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("cc is not installed")
    assert sentry_ophio.__file__ is not None
    library = Path(sentry_ophio.__file__).with_name("_lowlevel__lib.so")
    source = tmp_path / "example.c"
    source.write_text(example(source_tree, "c"), "utf-8")
    program = tmp_path / "example"
    subprocess.run(
        [
            *(compiler, "-std=c11", "-Wall", "-Wextra", "-Werror"),
            *(f"-I{source_tree / 'include'}", str(source), str(library), "-o", str(program)),
            f"-Wl,-rpath,{library.parent}",
        ],
        check=True,
    )
    run = subprocess.run([program], capture_output=True, check=True, encoding="utf-8")
    assert run.stdout == "in-app: no\n"
