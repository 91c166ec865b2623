"""The fixtures: real events, in step with each other, with nothing of the machine in them."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from sentry_ophio.enhancers import Enhancements
from sentry_ophio.events import stacktraces_of

FIXTURES = Path(__file__).resolve().parent / "fixtures"
EVENTS = sorted((FIXTURES / "events").glob("*.json"))


def load(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"))


def test_there_are_events_of_eight_languages() -> None:
    assert len({path.stem.split("-")[0] for path in EVENTS}) >= 8


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_an_event_has_frames_of_its_program(path: Path) -> None:
    traces = stacktraces_of(load(path))
    assert any(frame["in_app"] for trace in traces for frame in trace.frames)
    assert all(trace.frames for trace in traces)


@pytest.mark.parametrize("path", [*EVENTS, FIXTURES / "stacktraces.jsonl"], ids=lambda p: p.stem)
def test_no_path_of_the_machine_that_made_it(path: Path) -> None:
    assert not re.search(r"/(tmp|root|home|work|Users)\b", path.read_text("utf-8"))


def test_the_stack_traces_are_those_of_the_events() -> None:
    spec = importlib.util.spec_from_file_location("make_events", FIXTURES / "make_events.py")
    assert spec is not None
    assert spec.loader is not None
    make_events = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_events)
    lines = (FIXTURES / "stacktraces.jsonl").read_text("utf-8").splitlines()
    assert make_events.match_frames() == lines


def test_the_default_rules_have_something_to_say_about_most_of_them() -> None:
    rules = Enhancements.default()
    told = [
        path.stem
        for path in EVENTS
        for trace in stacktraces_of(load(path))
        if rules.apply_modifications_to_frames(trace.frames, trace.exception)
        != [(frame["category"], frame["in_app"]) for frame in trace.frames]
    ]
    assert len(set(told)) > len(EVENTS) / 2
