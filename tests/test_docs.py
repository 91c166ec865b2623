"""The examples in docs/*.md are run, where they are written as a session (`pycon`)."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"
PAGES = sorted(path.name for path in DOCS.glob("*.md") if "```pycon" in path.read_text("utf-8"))


def test_there_are_pages(source_tree: Path) -> None:
    assert "glob.md" in PAGES


@pytest.mark.parametrize("page", PAGES)
def test_examples(page: str) -> None:
    result = doctest.testfile(str(DOCS / page), module_relative=False, encoding="utf-8")
    assert result.attempted > 0
    assert result.failed == 0
