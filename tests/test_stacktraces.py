"""Prepared stack traces and batches: the same answers as frame by frame, call by call."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from frame_fields import EXCEPTION_FIELDS, FRAME_FIELDS, NO_EXCEPTION, TEXT_FIELDS
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_ophio.enhancers import Cache, Component, Enhancements, Stacktrace
from sentry_ophio.events import stacktraces_of
from sentry_ophio.exceptions import FrameKeyError, FrameTypeError

EVENTS = sorted((Path(__file__).resolve().parent / "fixtures" / "events").glob("*.json"))
RULES = Enhancements.parse(
    "function:a +app category=x\n"
    "path:**/lib/** -app\n"
    "[ category:x ] | family:native -group\n"
    "category:own ^-group\n"
    "function:b min-frames=2 max-frames=1\n"
    "type:E +group",
    Cache(0),
)

texts = st.sampled_from([None, b"a", b"b", b"/srv/lib/x", b"own", "é".encode(), b"x" * 300])
frames = st.fixed_dictionaries(
    {
        **dict.fromkeys(TEXT_FIELDS, texts),
        "category": st.sampled_from([None, None, b"x", b"own"]),
        "family": st.sampled_from([None, b"native", b"javascript"]),
        "in_app": st.sampled_from([None, True, False]),
        "orig_in_app": st.sampled_from([None, 0, 1, -1, -100]),
    }
)
exceptions = st.fixed_dictionaries(
    dict.fromkeys(EXCEPTION_FIELDS, texts) | {"ty": st.sampled_from([None, b"E"])}
)
stacktraces = st.lists(st.tuples(st.lists(frames, max_size=20), exceptions), max_size=20)


def judged(components: list[Component], result: Any) -> Any:
    states = [(component.contributes, component.hint) for component in components]
    return states, result.contributes, result.hint, result.invert_stacktrace


@settings(deadline=None)
@given(stacktraces, st.integers(1, 3), st.integers(0, 3))
def test_new_calls_say_what_the_old_ones_say(
    given: list[tuple[list[Any], Any]], threads: int, more: int
) -> None:
    applied = [RULES.apply_modifications_to_frames(*each) for each in given]
    assembled = []
    for each, exception in given:
        components = [Component(True) for _ in range(len(each) + more)]
        result = RULES.assemble_stacktrace_component(each, exception, components)
        assembled.append(judged(components, result))

    prepared = [Stacktrace(*each) for each in given]
    assert [each.apply(RULES) for each in prepared] == applied
    assert RULES.apply_modifications_to_stacktraces(prepared, threads=threads) == applied

    groups = [[Component(True) for _ in range(len(each) + more)] for each in prepared]
    results = RULES.assemble_stacktrace_components(prepared, groups, threads=threads)
    assert [judged(*each) for each in zip(groups, results)] == assembled
    for stacktrace, expected in zip(prepared, assembled):
        components = [Component(True) for _ in range(len(stacktrace) + more)]
        assert judged(components, stacktrace.assemble(RULES, components)) == expected


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_event_frames_become_what_python_makes_of_them(path: Path) -> None:
    event = json.loads(path.read_text("utf-8"))
    exceptions = event["exception"]["values"]
    traces = [t for t in stacktraces_of(event) if t.place.startswith("exception")]
    assert len(traces) == len(exceptions) > 0
    for exception, trace in zip(exceptions, traces):
        frames = exception["stacktrace"]["frames"]
        prepared = Stacktrace.from_event_frames(frames, event["platform"], exception)
        assert prepared == Stacktrace(trace.frames, trace.exception)
        assert len(prepared) == len(frames)


@pytest.mark.parametrize(
    ("frame", "key", "value"),
    [
        ({"package": "C:\\A\\B.DLL"}, "package", b"c:/a/b.dll"),
        ({"abs_path": "/É/AΣ", "filename": "x"}, "path", "/É/aΣ".encode()),
        ({"abs_path": "", "filename": "X"}, "path", b"x"),
        ({"platform": "node"}, "family", b"javascript"),
        ({"platform": ""}, "family", b"native"),
        ({"data": {"category": "own", "orig_in_app": -1}}, "category", b"own"),
        ({"data": {"orig_in_app": -1}}, "orig_in_app", -1),
        ({"data": None}, "category", None),
        ({"function": "\ud800"}, "function", b"?"),
        ({"vars": {"unpackable": object()}}, "function", b"<unknown>"),
    ],
)
def test_a_field_of_an_event_frame(frame: dict[str, Any], key: str, value: object) -> None:
    expected = {
        **dict.fromkeys(FRAME_FIELDS),
        "family": b"native",
        "function": b"<unknown>",
        key: value,
    }
    if "category" in (frame.get("data") or {}):
        expected["orig_in_app"] = -1
    assert Stacktrace.from_event_frames([frame], "native") == Stacktrace([expected], NO_EXCEPTION)


def test_a_category_of_its_own_is_kept() -> None:
    prepared = Stacktrace.from_event_frames([{"data": {"category": "mine"}}], None)
    assert prepared.apply(RULES) == [("mine", None)]
    assert RULES.apply_modifications_to_stacktraces([prepared]) == [[("mine", None)]]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"function": [7]}, "frame 0: field `function`: expected a text or None, not a list"),
        ({"in_app": "yes"}, "frame 0: field `in_app`: expected a bool or None, not a str"),
        ({"function": object()}, "not frames of an event: "),
        (None, "frame 0: field `frame`: expected a dict, not None"),
    ],
)
def test_a_bad_event_frame(frame: Any, message: str) -> None:
    with pytest.raises(FrameTypeError) as caught:
        Stacktrace.from_event_frames([frame], "python")
    assert str(caught.value).startswith(message)


def test_errors_come_when_it_is_prepared() -> None:
    with pytest.raises(
        FrameTypeError, match="frame 0: field `path`: expected bytes or None, not str"
    ):
        Stacktrace([{**dict.fromkeys(FRAME_FIELDS), "path": "x"}], NO_EXCEPTION)
    with pytest.raises(FrameKeyError, match="frame 0: missing key `category`"):
        Stacktrace([dict[str, Any]()], NO_EXCEPTION)
    with pytest.raises(TypeError, match="frames must be a list"):
        Stacktrace((), NO_EXCEPTION)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="frames must be a list"):
        Stacktrace.from_event_frames(None, "python")  # type: ignore[arg-type]


def test_it_is_a_value() -> None:
    one = Stacktrace([dict.fromkeys(FRAME_FIELDS)], NO_EXCEPTION)
    assert repr(one) == "Stacktrace(1 frame)"
    assert len(one) == 1
    for same in (copy.copy(one), pickle.loads(pickle.dumps(one))):
        assert same == one
        assert hash(same) == hash(one)
        assert same.apply(RULES) == one.apply(RULES)
    assert one != Stacktrace([], NO_EXCEPTION)
    assert one != 1
    assert Stacktrace([], NO_EXCEPTION), "true, also without frames"


ONE = Stacktrace([dict.fromkeys(FRAME_FIELDS)], NO_EXCEPTION)


@pytest.mark.parametrize(
    ("stacktraces", "components", "threads", "error"),
    [
        ([None], [[]], 1, TypeError),
        ([ONE], [[None]], 1, TypeError),
        ([ONE], [None], 1, TypeError),
        ([ONE], None, 1, TypeError),
        ([ONE], [], 1, ValueError),
        ([ONE], [[]], 0, ValueError),
        ([ONE], [[]], "2", TypeError),
        ([ONE, ONE], [[component := Component()], [component]], 1, RuntimeError),
    ],
)
def test_a_bad_batch(
    stacktraces: Any, components: Any, threads: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        RULES.assemble_stacktrace_components(stacktraces, components, threads=threads)
    if stacktraces == [None] or threads != 1:
        with pytest.raises(error):
            RULES.apply_modifications_to_stacktraces(stacktraces, threads=threads)


@pytest.mark.parametrize("limit", [0, 1, 100_000])
def test_a_memo_of_any_size_changes_no_answer(limit: int) -> None:
    rules = Enhancements.parse("function:a +app", Cache(0))
    frame = {**dict.fromkeys(FRAME_FIELDS), "function": b"a"}
    rules.set_memo_bytes(limit)
    for _ in range(3):
        assert rules.apply_modifications_to_frames([frame], NO_EXCEPTION) == [(None, True)]
    with pytest.raises(OverflowError):
        rules.set_memo_bytes(-1)
