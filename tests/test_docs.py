"""The examples in docs/*.md are run: sessions (`pycon`), and whole programs in C and C++."""

from __future__ import annotations

import doctest
import re
import subprocess
import sys
from pathlib import Path
from typing import Callable

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md") if "```pycon" in path.read_text("utf-8"))


def test_there_are_pages(source_tree: Path) -> None:
    assert "glob.md" in PAGES


@pytest.mark.parametrize("page", PAGES)
def test_examples(page: str) -> None:
    if page == "arrow.md":
        pytest.importorskip("pyarrow")
    result = doctest.testfile(str(DOCS / page), module_relative=False, encoding="utf-8")
    assert result.attempted > 0
    assert result.failed == 0


PROGRAMS = [
    pytest.param(language, code, id=f"{page.name}-{number}")
    for page in sorted(DOCS.glob("*.md"))
    for number, (language, code) in enumerate(
        re.findall(r"^```(c|cpp)\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    )
]


@pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
@pytest.mark.parametrize(("language", "code"), PROGRAMS)
def test_programs(
    build_program: Callable[[Path, str, str], Path], tmp_path: Path, language: str, code: str
) -> None:
    source = tmp_path / f"program.{language}"
    source.write_text(code, "utf-8")
    program = build_program(source, *{"c": ("gcc", "c99"), "cpp": ("g++", "c++17")}[language])
    done = subprocess.run([program], capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == 0
    assert done.stdout


def test_there_are_programs(source_tree: Path) -> None:
    assert {program.values[0] for program in PROGRAMS} == {"c", "cpp"}
