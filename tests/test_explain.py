"""`Enhancements.explain`: why frames are what they are; equal to what the engine says."""

from __future__ import annotations

import json
import pickle
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from frame_fields import NO_EXCEPTION, frame
from hypothesis import given
from hypothesis import strategies as st

from sentry_ophio.enhancers import Cache, Component, Enhancements
from sentry_ophio.events import stacktraces_of
from sentry_ophio.exceptions import FrameKeyError, FrameTypeError, OphioOverflowError

TESTS = Path(__file__).resolve().parent
EVENTS = sorted((TESTS / "fixtures" / "events").glob("*.json"))
SHARED = TESTS.parent.parent / "shared" / "data"
DEFAULT_RULES = resources.files("sentry_ophio") / "data" / "default.rules"


def compare(rules: Enhancements, frames: list[dict[str, Any]], error: Any) -> None:
    """Explain, and ask the engine the two questions one after the other."""
    repeats = [number % 3 == 2 for number in range(len(frames))]
    found = rules.explain(frames, error, repeats=repeats)
    applied = rules.apply_modifications_to_frames(frames, error)
    changed = [
        each | {"category": category and category.encode(), "in_app": in_app}
        for each, (category, in_app) in zip(frames, applied)
    ]
    components = [
        Component(contributes=in_app is True and not repeat)
        for (_, in_app), repeat in zip(applied, repeats)
    ]
    result = rules.assemble_stacktrace_component(changed, error, components)
    for component, (_, in_app) in zip(components, applied):
        if not in_app:
            component.contributes = False
    system = [Component(contributes=not repeat) for repeat in repeats]
    system_result = rules.assemble_stacktrace_component(changed, error, system)
    assert [(each.category, each.in_app) for each in found.frames] == applied
    assert [each.contributes for each in found.frames] == [each.contributes for each in components]
    for each, component in zip(found.frames, components):
        # A hint about counting is left out for a frame that is not in-app.
        assert each.hint == component.hint or not (each.in_app or each.hint)
    assert [(each.system, each.system_hint) for each in found.frames] == [
        (each.contributes, each.hint) for each in system
    ]
    assert (found.contributes, found.hint, found.invert_stacktrace) == (
        result.contributes and any(each.contributes for each in components),
        result.hint,
        result.invert_stacktrace,
    )
    assert (found.system, found.system_hint) == (system_result.contributes, system_result.hint)
    for before, each, repeat in zip(frames, found.frames, repeats):
        of_system = [step.system for step in each.steps if step.system is not None]
        assert [before for before, _ in of_system] == [not repeat, *(end for _, end in of_system)][
            : len(of_system)
        ]
        for field, first, last in (
            ("in_app", before["in_app"], each.in_app),
            ("contributes", each.in_app is True and not repeat, each.contributes),
        ):
            value = first
            for step in each.steps:
                if step.field == field:
                    assert step.before is value
                    value = step.after
            assert value is last


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_events_are_explained_as_the_engine_judges(path: Path) -> None:
    for trace in stacktraces_of(json.loads(path.read_text("utf-8"))):
        compare(Enhancements.default(), trace.frames, trace.exception)


# Stack traces and rules: those of the project, and the larger ones if they are beside it.
REAL = [
    (TESTS / "fixtures" / "stacktraces.jsonl", Path(str(DEFAULT_RULES))),
    *zip(SHARED.glob("stacktraces.jsonl"), SHARED.glob("newstyle@2023-01-11.txt")),
]


@pytest.mark.parametrize(("path", "rules_file"), REAL, ids=["project", "large"][: len(REAL)])
def test_real_stack_traces(path: Path, rules_file: Path) -> None:
    rules = Enhancements.parse(rules_file.read_text("utf-8"), Cache(0))
    for line in path.read_text("utf-8").splitlines():
        trace = json.loads(line)
        frames = [
            {
                key: value.encode() if isinstance(value, str) else value
                for key, value in (frame() | each).items()
            }
            for each in trace["frames"]
        ]
        error = {
            key: value.encode() if isinstance(value, str) else value
            for key, value in (trace.get("exception") or NO_EXCEPTION).items()
        }
        compare(rules, frames, NO_EXCEPTION | error)


RULES = [
    "function:a +app",
    "function:a* -app category=x",
    "category:x ^-group",
    "[ app:yes ] | function:b v+app",
    "path:**/lib/** -app -group",
    "type:E* max-frames=1",
    "function:b min-frames=2 invert-stacktrace=1",
]
frames_strategy = st.lists(
    st.builds(
        frame,
        function=st.sampled_from([b"a", b"b", b"ab", None]),
        path=st.sampled_from([b"/lib/x", b"/src/x", None]),
        in_app=st.sampled_from([True, False, None]),
        orig_in_app=st.sampled_from([0, 1, -1, None]),
    ),
    max_size=5,
)


@given(st.lists(st.sampled_from(RULES), max_size=6), frames_strategy, st.sampled_from([b"E", None]))
def test_random_stack_traces(lines: list[str], frames: list[dict[str, Any]], ty: Any) -> None:
    compare(Enhancements.parse("\n".join(lines), Cache(0)), frames, NO_EXCEPTION | {"ty": ty})


def test_steps_name_the_rule_and_its_place() -> None:
    rules = Enhancements.parse("# own\n\nfunction:a -app", Cache(0), source="my.rules")
    rules.extend_from(Enhancements.parse("function:a ^-group", Cache(0)))
    found = rules.explain([frame(function=b"a", in_app=True), frame(in_app=True)], NO_EXCEPTION)
    first, second = found.frames
    assert first.steps[0] == (
        *(0, "function:a -app", 3, "my.rules", "-app", 0, "in_app", True, False, None),
    )
    assert second.steps[0].matched == 0
    assert (second.steps[0].rule, second.steps[0].source) == (1, None)
    assert str(found) == (
        "frame 0: in_app false, category none, contributes: app false, system true\n"
        "    in_app true -> false  by my.rules: rule 0 (line 3): function:a -app\n"
        "frame 1: in_app true, category none, contributes: app false, system false\n"
        "    contributes true -> false  by rule 1 (line 1): function:a ^-group\n"
        "0 of 2 frames count in the app variant, 1 in the system variant\n"
        "the app variant does not count, so the system variant decides"
    )
    assert pickle.loads(pickle.dumps(found)) == found


def test_what_changes_nothing_is_told_too() -> None:
    rules = Enhancements.parse("function:a +app\nfunction:a max-frames=3", Cache(0))
    found = rules.explain([frame(function=b"a", in_app=True)], NO_EXCEPTION)
    (step,) = found.frames[0].steps
    assert not step.changed
    assert "stays true" in str(step)
    assert found.steps[0].field == "max_frames"
    assert (found.steps[0].before, found.steps[0].after) == (0, 3)


def test_components_may_be_given() -> None:
    rules = Enhancements.parse("function:a -group", Cache(0))
    component = Component(contributes=None)
    found = rules.explain([frame(function=b"a")], NO_EXCEPTION, [component])
    assert found.frames[0].contributes is False
    assert found.frames[0].steps[0].before is None
    assert found.frames[0].steps[0].system is None
    assert found.frames[0].system is found.system is None
    assert str(found).endswith("0 of 1 frame counts\nthe stack trace does not count for grouping")
    assert component.contributes is None
    assert component.hint is None


def test_why_not() -> None:
    rules = Enhancements.parse(
        "function:a category=x\n[ function:m ] | category:x type:KeyError -app", Cache(0)
    )
    frames = [frame(function=b"main"), frame(function=b"a")]
    tests = rules.explain(frames, NO_EXCEPTION | {"ty": b"E"}, why_not=(1, 1)).why_not
    assert tests is not None
    assert [(each.matcher, each.frame, each.holds, each.reason) for each in tests] == [
        ("type:KeyError", None, False, "`E` does not match"),
        ("[function:m] |", 0, False, "`main` does not match"),
        ("category:x", 1, True, "`x` matches"),
    ]
    assert rules.explain(frames, NO_EXCEPTION).why_not is None
    for wrong in ((2, 0), (0, 2), (-1, 0), (0, -1)):
        with pytest.raises(OphioOverflowError):
            rules.explain(frames, NO_EXCEPTION, why_not=wrong)


def test_bad_frames_are_refused() -> None:
    rules = Enhancements.parse("function:a +app", Cache(0))
    with pytest.raises(FrameKeyError):
        rules.explain([{"function": b"a"}], NO_EXCEPTION)
    with pytest.raises(FrameTypeError, match="frame 0"):
        rules.explain([frame(function=1)], NO_EXCEPTION)
    with pytest.raises(FrameTypeError, match="UTF-8"):
        rules.explain([frame(function=b"\xff")], NO_EXCEPTION)
