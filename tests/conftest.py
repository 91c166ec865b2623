"""What several tests need: the source tree, and the header read as text.

The tests also run against an installed wheel, without the sources: those that
need them ask for `source_tree` and are skipped.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

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
