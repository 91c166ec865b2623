"""Modules that import each other: tools/import_graph.py finds them, and there is one pair."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def graph(source_tree: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Import tools/import_graph.py."""
    monkeypatch.syspath_prepend(source_tree / "tools")
    return importlib.import_module("import_graph")


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_rs", ".rs").replace("_py", ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return folder


def test_core_has_the_circle_that_the_page_names(graph: Any, source_tree: Path) -> None:
    found = graph.rust_graph()
    assert len(found) > 100
    assert "enhancements::frame" in found["enhancements::interpreter"]
    [circle] = graph.circles(found)
    page = (source_tree / "docs" / "architecture.md").read_text("utf-8")
    assert f"| {', '.join(f'`{name}`' for name in circle)} |" in page


def test_the_package_has_no_circle(graph: Any) -> None:
    found = graph.python_graph()
    assert "_ffi" in found["glob"]
    assert graph.circles(found) == []


def test_rust(graph: Any, tmp_path: Path) -> None:
    root = write(
        tmp_path,
        lib_rs="mod a;\nmod b;\n",
        a__mod_rs="mod one;\nmod two;\npub use self::one::{One, Other};\npub use two::*;\n",
        # An item that a door passes on is that of the module behind the door.
        a__one_rs="// use super::two::Two;\nuse crate::b::{self, deep::B};\npub struct One;\n",
        a__two_rs="use super::One;\npub(in crate::b) fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use super::*;\n}\n",
        # A path in the code is an import, too; the scope of a visibility is not.
        c_rs="fn f() -> crate::a::One {\n    super::b::f()\n}\n",
        b_rs="use std::fmt;\nuse crate::a::{One as Own};\n#[cfg(test)]\nuse crate::a::two::Two;\n",
    )
    found = graph.rust_graph(root)
    assert found == {
        "a": set(),
        "a::one": {"b"},
        "a::two": {"a::one"},
        "b": {"a::one"},
        "c": {"a::one", "b"},
        "crate": set(),
    }
    assert graph.circles(found) == [["a::one", "b"]]


def test_python(graph: Any, tmp_path: Path) -> None:
    root = write(
        tmp_path / "package",
        a_py="from package import b\nfrom package.d.e import x\n",
        b_py="def f() -> None:\n    from package.a import g\n",
        c_py="if TYPE_CHECKING:\n    from package import a\nimport package.b\n",
        d__e_py="",
    )
    found = graph.python_graph(root)
    assert found == {"a": {"b", "d.e"}, "b": {"a"}, "c": {"b"}, "d.e": set()}
    assert graph.circles(found) == [["a", "b"]]
