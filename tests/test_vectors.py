"""The recorded vectors of tests/vectors through Python, in every form that Python has.

tests/vectors/make.py describes where they come from; core, C and C++ run the same files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sentry_ophio import codeowners, glob
from sentry_ophio.enhancers import Cache, Component, Enhancements, Stacktrace
from sentry_ophio.proguard import ProguardMapper

VECTORS = Path(__file__).parent / "vectors"


def vectors(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((VECTORS / f"{name}.json").read_text("utf-8"))
    return loaded


ENHANCEMENTS = vectors("enhancements")["cases"]


def as_bytes(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.encode() if isinstance(value, str) else value for key, value in values.items()
    }


@pytest.mark.parametrize("case", ENHANCEMENTS, ids=lambda case: case["name"])
def test_enhancements(case: dict[str, Any]) -> None:
    rules = Enhancements.parse(case["rules"], Cache(100))
    frames: Any = [as_bytes(frame) for frame in case["frames"]]
    error: Any = as_bytes(case["exception"])
    expected = [tuple(each) for each in case["applied"]]
    assert rules.apply_modifications_to_frames(frames, error) == expected

    def components() -> list[Component]:
        return [Component(contributes=each) for each in case["components"]]

    alone, batched = components(), components()
    result = rules.assemble_stacktrace_component(frames, error, alone)
    trace = Stacktrace(frames, error)
    (other,) = rules.assemble_stacktrace_components([trace], [batched])
    assembled = case["assembled"]
    for each in (result, other):
        assert each.contributes == assembled["contributes"]
        assert each.hint == assembled["hint"]
        assert each.invert_stacktrace == assembled["invert_stacktrace"]
    for judged in (alone, batched):
        assert [[each.contributes, each.hint] for each in judged] == assembled["components"]


def test_glob() -> None:
    options = ("double_star", "case_insensitive", "path_normalize", "allow_newline")
    cases = vectors("glob")["cases"]
    assert len(cases) > 1000
    for case in cases:
        chosen = {option: case[option] for option in options}
        assert glob.is_glob_match(case["value"], case["pattern"], **chosen) == case["matches"], case
        compiled = glob.Glob(case["pattern"], **chosen)
        assert compiled.match_many([case["value"]]) == [case["matches"]], case


def test_codeowners() -> None:
    recorded = vectors("codeowners")
    assert len(recorded["matches"]) > 100
    for case in recorded["matches"]:
        found = codeowners.is_codeowners_path_match(case["path"].encode(), case["pattern"])
        assert found == case["matches"], case
    for case in recorded["files"]:
        parsed = codeowners.Codeowners.parse(case["text"], dialect=case["dialect"])
        for path, owners in zip(case["paths"], case["owners"]):
            assert list(parsed.owners(path).owners) == owners, (case["name"], path)


def test_proguard(tmp_path: Path) -> None:
    recorded = vectors("proguard")
    path = tmp_path / "mapping.txt"
    path.write_bytes(recorded["mapping"].encode())
    mapper = ProguardMapper.open(str(path))
    assert str(mapper.uuid) == recorded["uuid"]
    assert mapper.has_line_info == recorded["has_line_info"]
    for klass, expected in recorded["classes"]:
        assert mapper.remap_class(klass) == expected
    for klass, method, expected in recorded["methods"]:
        found = mapper.remap_method(klass, method)
        assert (None if found is None else list(found)) == expected
