"""`preview`: what another rule set would change, over many stack traces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from frame_fields import NO_EXCEPTION, frame
from hypothesis import given
from hypothesis import strategies as st

from sentry_ophio._ffi import ffi, lib
from sentry_ophio._preview import Comparison
from sentry_ophio.enhancers import Cache, Enhancements, Explanation, Stacktrace, preview
from sentry_ophio.events import stacktraces_of

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = sorted((Path(__file__).resolve().parent / "fixtures" / "events").glob("*.json"))


def parse(text: str) -> Enhancements:
    return Enhancements.parse(text, Cache(0), source="a.rules")


def test_nothing_changes_from_a_set_to_itself() -> None:
    traces = [
        Stacktrace(trace.frames, trace.exception)
        for path in EVENTS
        for trace in stacktraces_of(json.loads(path.read_text("utf-8")))
    ]
    rules = Enhancements.default()
    report = preview(rules, rules, traces, threads=2)
    assert report.stacktraces == len(traces) > 10
    assert report.changed_stacktraces == report.changed_frames == report.grouping == 0
    assert not report.examples
    assert not report.responsible
    assert sum(each.matched for each in report.new_rules) > 50
    assert len(report.never_matched) < len(rules)


RULES = [
    "function:a +app",
    "function:a* -app category=x",
    "category:x ^-group",
    "path:**/lib/** -app -group",
    "function:b min-frames=2 invert-stacktrace=1",
]
rules_strategy = st.lists(st.sampled_from(RULES), max_size=5).map("\n".join)
frames_strategy = st.lists(
    st.builds(
        frame,
        function=st.sampled_from([b"a", b"b", b"ab", None]),
        path=st.sampled_from([b"/lib/x", b"/src/x", None]),
        in_app=st.sampled_from([True, False, None]),
        orig_in_app=st.sampled_from([0, 1, -1]),
    ),
    max_size=5,
)


def sequence(
    frames: list[dict[str, Any]], found: Explanation, variant: str | None
) -> list[dict[str, Any]]:
    """Return what rules cannot change of the frames that count, in the order of grouping."""
    variant = variant or found.decides
    counts = {"app": found.contributes, "system": found.system, None: False}[variant]
    field = "system" if variant == "system" else "contributes"
    kept = [
        {key: each[key] for key in ("function", "path")}
        for each, one in zip(frames, found.frames)
        if counts and getattr(one, field)
    ]
    return kept[::-1] if found.invert_stacktrace else kept


@given(rules_strategy, rules_strategy, st.lists(frames_strategy, max_size=4), st.integers(1, 3))
def test_a_preview_counts_what_explain_says(
    old_text: str, new_text: str, traces: list[list[dict[str, Any]]], threads: int
) -> None:
    old, new = parse(old_text), parse(new_text)
    report = preview(old, new, (Stacktrace(each, NO_EXCEPTION) for each in traces), threads=threads)
    counts = dict.fromkeys(
        (
            *("in_app", "category", "contributes", "system"),
            *("grouping", "grouping_app", "grouping_system"),
        ),
        0,
    )
    changed = []
    for number, frames in enumerate(traces):
        before, after = old.explain(frames, NO_EXCEPTION), new.explain(frames, NO_EXCEPTION)
        seen = sum(counts.values())
        for one, other in zip(before.frames, after.frames):
            counts["in_app"] += bool(one.in_app) != bool(other.in_app)
            for field in ("category", "contributes", "system"):
                counts[field] += getattr(one, field) != getattr(other, field)
        for name, variant in (("", None), ("_app", "app"), ("_system", "system")):
            counts[f"grouping{name}"] += sequence(frames, before, variant) != sequence(
                frames, after, variant
            )
        if sum(counts.values()) > seen:
            changed.append(number)
    assert {name: getattr(report, name) for name in counts} == counts
    assert report.examples == tuple(changed)
    assert report.changed_stacktraces == report.explained == len(changed)
    assert report.frames == sum(map(len, traces))


def test_responsible_rules_are_named() -> None:
    old = parse("function:a -app\nfunction:b +app")
    new = parse("function:b +app\n\nfunction:c -app\nfunction:d +app")
    traces = [
        Stacktrace([frame(function=name, in_app=True)], NO_EXCEPTION) for name in (b"a", b"c")
    ]
    report = preview(old, new, traces)
    assert [(each.rule.text, each.rule.line, each.responsible) for each in report.responsible] == [
        ("function:c -app", 3, 2),
        ("function:a -app", 1, 2),
    ]
    assert [each.rule.text for each in report.never_matched] == [
        "function:b +app",
        "function:d +app",
    ]
    assert str(report) == (
        "2 of 2 stack traces change, 2 of 2 frames\n"
        "  in-app                  2 frames\n"
        "  category                0 frames\n"
        "  counts                  2 frames in the app variant, 0 in the system variant\n"
        "  grouping                0 stack traces (app variant 2, system variant 0)\n"
        "responsible:\n"
        "             2  a.rules:3  function:c -app\n"
        "             2  a.rules:1  function:a -app\n"
        "2 of 3 new rules matched nothing:\n"
        "  a.rules:4  function:d +app\n"
        "  and 1 that the old rules have, too"
    )


def test_a_maximum_of_explained_stack_traces_leaves_the_counts_exact() -> None:
    old, new = parse(""), parse("function:a -app")
    traces = [Stacktrace([frame(function=b"a", in_app=True)], NO_EXCEPTION)] * 5
    whole = preview(old, new, traces)
    assert whole.explained == 5
    for most in (0, 2):
        report = preview(old, new, traces, max_explained=most)
        assert report.explained == most
        assert report.new_rules[0].responsible == 2 * most
        assert report._replace(explained=5, new_rules=whole.new_rules) == whole
        assert (f"responsible, in the first {most} that change:" in str(report)) == (most > 0)
    assert preview(old, new, traces, max_explained=2**64 - 1) == whole


def test_stack_traces_are_taken_in_batches() -> None:
    rules = parse("function:a +app")
    alive = 0

    def many() -> Iterator[Stacktrace]:
        nonlocal alive
        for _ in range(2_500):
            alive += 1
            yield Stacktrace([frame(function=b"a")], NO_EXCEPTION)

    told: list[tuple[int, int]] = []
    report = preview(
        Enhancements.empty(), rules, many(), progress=lambda done: told.append((done, alive))
    )
    assert told == [(1_000, 1_000), (2_000, 2_000), (2_500, 2_500)]
    assert report.changed_stacktraces == 2_500
    assert len(report.examples) == 1_000


def test_bad_arguments_are_refused() -> None:
    rules = Enhancements.empty()
    with pytest.raises(TypeError, match="Stacktrace objects, not dict"):
        preview(rules, rules, [{}])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="threads must be 1 or more"):
        preview(rules, rules, [], threads=0)
    for wrong in (-1, 2**64):
        with pytest.raises(OverflowError, match="max_explained must"):
            preview(rules, rules, [], max_explained=wrong)
    with pytest.raises(TypeError, match="max_explained must be an int, not str"):
        preview(rules, rules, [], max_explained="1")  # type: ignore[arg-type]
    assert preview(rules, rules, []).stacktraces == 0
    with Comparison(rules, rules) as comparing:
        status = lib.ophio_enhancements_preview_add(comparing._ptr, b"\x91", 1, 1)
        assert status == lib.OPHIO_STATUS_INVALID_ARGUMENT
    place = ffi.new("OphioEnhancementsPreview **")
    status = lib.ophio_enhancements_preview_new(ffi.NULL, rules._ptr, place)
    assert status == lib.OPHIO_STATUS_NULL_POINTER
    assert place[0] == ffi.NULL
