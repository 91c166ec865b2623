"""What several tests need: the source tree, and the header read as text.

The tests also run against an installed wheel, without the sources: those that
need them ask for `source_tree` and are skipped.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import pytest
from oracle_calls import Published

import sentry_ophio

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def source_tree() -> Path:
    """Give the root of the sources."""
    if not (ROOT / "Cargo.toml").is_file():
        pytest.skip("the source tree is not here")
    return ROOT


@pytest.fixture(scope="session")
def cargo(source_tree: Path) -> str:
    """Give the path of cargo."""
    path = shutil.which("cargo")
    if path is None:
        pytest.skip("cargo is not installed")
    return path


@pytest.fixture(scope="session")
def header(source_tree: Path) -> str:
    """Give the text of include/ophio.h."""
    return (source_tree / "include" / "ophio.h").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def declared_functions(header: str) -> set[str]:
    """Give the names of the functions that the header declares."""
    names = re.findall(r"^OPHIO_API\s[^;]*?\b(ophio_\w+)\(", header, re.MULTILINE)
    assert len(names) == len(set(names)) > 0
    return set(names)


@pytest.fixture
def build_program(source_tree: Path, tmp_path: Path) -> Callable[[Path, str, str], Path]:
    """Give a function that compiles a program with a compiler and a standard of C or C++."""

    def build(source: Path, compiler: str, standard: str) -> Path:
        path = shutil.which(compiler)
        if path is None:
            pytest.skip(f"{compiler} is not installed")
        assert sentry_ophio.__file__ is not None
        library = Path(sentry_ophio.__file__).with_name("_lowlevel__lib.so")
        program = tmp_path / source.stem
        warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        # Without a soname the program looks for the path it was linked with.
        subprocess.run(
            [
                *(path, f"-std={standard}", *warnings, f"-I{source_tree / 'include'}"),
                *(str(source), str(library), f"-Wl,-rpath,{library.parent}", "-o", str(program)),
            ],
            check=True,
        )
        return program

    return build


@pytest.fixture(scope="session")
def published() -> Iterator[Published]:
    """Start the published package, which must be there (`make oracle`)."""
    process = Published()
    yield process
    process.stop()
