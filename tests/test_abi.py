"""Programs that were compiled against an earlier libophio still run: nothing is broken by chance.

tests/abi/record.py describes what is recorded there, and what to do after a change.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conftest import tool

if TYPE_CHECKING:
    from types import ModuleType

ABI = Path(__file__).parent / "abi"


@pytest.fixture(scope="module")
def record(source_tree: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("record", ABI / "record.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_declarations_are_as_recorded(record: ModuleType) -> None:
    recorded = (ABI / "declarations.txt").read_text("utf-8")
    told = record.difference(recorded, record.declarations())
    assert told is None, told


@pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
@pytest.mark.skipif(sys.maxsize < 2**32, reason="recorded for 64 bits")
@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_layout_is_as_recorded(record: ModuleType, compiler: str) -> None:
    now = record.layout(tool(compiler))
    told = record.difference((ABI / "layout.txt").read_text("utf-8"), now)
    assert told is None, told


def test_layout_tells_every_field_and_number(record: ModuleType) -> None:
    """The C program is written by hand: it must not leave out what is new."""
    told = record.keyed((ABI / "layout.txt").read_text("utf-8"))
    for kind, name, body in re.findall(
        r"typedef (enum|struct) (\w+) \{(.*?)\} \w+;", record.code_of_header(), re.DOTALL
    ):
        names = re.findall(r"(\w+) = " if kind == "enum" else r"(\w+);", body)
        assert names
        missing = [each for each in names if f"{name}.{each}" not in told]
        assert not missing, f"tests/c/layout.c does not print {name}: {missing}"


def test_breaking_and_growing_are_told_apart(record: ModuleType) -> None:
    recorded = "abi 0\nS size 8 align 4\n  a at 0 size 4\n  b at 4 size 4\n"
    assert record.difference(recorded, recorded) is None
    grown = recorded + "T size 4 align 4\n"
    assert "make abi" in record.difference(recorded, grown)
    assert "breaks" not in record.difference(recorded, grown)
    for broken in (
        recorded.replace("b at 4", "b at 8"),
        recorded.replace("  b at 4 size 4\n", ""),
    ):
        assert "breaks" in record.difference(recorded, broken)
        assert "ABI_VERSION" in record.difference(recorded, broken)
        assert "breaks" not in record.difference(recorded, broken.replace("abi 0", "abi 1"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("  uint8_t in_app; }", "  uint8_t in_app; uint8_t more; }"),  # in what was padding
        ("int32_t category;", "uint32_t category;"),  # as large as it was
        ("size_t len);", "uint64_t len);"),
    ],
)
def test_what_moves_nothing_breaks_as_well(
    record: ModuleType, monkeypatch: pytest.MonkeyPatch, before: str, after: str
) -> None:
    code = """
typedef struct OphioEnhancementsAppliedFrame {
  int32_t category;
  uint8_t in_app; } OphioEnhancementsAppliedFrame;
OPHIO_API void ophio_apply(struct OphioEnhancementsAppliedFrame *frames, size_t len);
"""
    assert before in code
    monkeypatch.setattr(record, "code_of_header", lambda: code)
    recorded = record.declarations()
    monkeypatch.setattr(record, "code_of_header", lambda: code.replace(before, after))
    told = record.difference(recorded, record.declarations())
    assert "breaks programs" in told
    assert after.strip("{}; ").split("; ")[-1] in told
