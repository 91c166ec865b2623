"""The benchmark of growth: it covers every public function, and it sees what is not linear."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

SOURCES = Path(__file__).resolve().parent.parent
BENCHES = SOURCES / "benches"

if not (BENCHES / "growth.py").is_file():
    pytest.skip("for the sources", allow_module_level=True)

sys.path.insert(0, str(BENCHES))
growth: Any = pytest.importorskip("growth")
sys.path.remove(str(BENCHES))


def test_every_public_function_has_a_case_or_a_reason() -> None:
    covered = {name for each in growth.CASES.values() for name in each.functions}
    assert not covered & set(growth.NOT_MEASURED)
    if growth.HAS_ARROW:
        assert covered | set(growth.NOT_MEASURED) == growth.with_input()


@pytest.mark.parametrize("name", growth.CASES)
def test_each_case_runs(name: str) -> None:
    each = growth.CASES[name]
    each.make(max(4, each.n // 100))()


def test_the_results_have_each_case() -> None:
    text = (BENCHES / "growth-results.md").read_text("utf-8")
    assert "the reason is not known" not in text
    for name in growth.CASES:
        assert f"\n| `{name}` | " in text, "run make bench-growth"


@pytest.mark.skipif(not hasattr(growth.os, "fork"), reason="for Unix")
def test_what_is_not_linear_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    def nested(n: int) -> Any:
        return lambda: sum(1 for _ in range(n) for _ in range(n))

    def hoarding(n: int) -> Any:
        return lambda: bytearray(b"\1") * n**2

    def plain(n: int) -> Any:
        return lambda: sum(range(n))

    cases = {
        "time": growth.Case((), 300, nested),
        "memory": growth.Case((), 1_000, hoarding),
        "neither": growth.Case((), 100_000, plain),
    }
    monkeypatch.setattr(growth, "CASES", cases)
    linear = {}
    for name, each in cases.items():
        found = [growth.in_child(each, each.n * size) for size in growth.SIZES]
        line, linear[name] = growth.row(name, found)
        assert ("not linear" in line) is not linear[name]
    assert linear == {"time": False, "memory": False, "neither": True}
