"""`fingerprints.preview`: which issues other rules merge, split and move."""

from __future__ import annotations

import json
import re
import sys
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from conftest import collect_all
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_ophio import limits
from sentry_ophio._default_key import DefaultKey
from sentry_ophio._issues import IssueComparison
from sentry_ophio.enhancers import Cache, Enhancements
from sentry_ophio.events import stacktraces_of
from sentry_ophio.exceptions import EventError, LimitError
from sentry_ophio.fingerprints import FingerprintRules, fingerprint_type, preview, resolve
from sentry_ophio.limits import Limit
from sentry_ophio.parameterization import Parameterizer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sentry_ophio.fingerprints import IssueChange, IssueReport

EVENTS = sorted((Path(__file__).resolve().parent / "fixtures" / "events").glob("*.json"))
NO_RULES = Enhancements.empty()
DEFAULT = DefaultKey(NO_RULES)


def parse(text: str, source: str | None = "a.rules") -> FingerprintRules:
    return FingerprintRules.parse(text, source=source)


def frame(function: str, module: str = "m", in_app: bool | None = True) -> dict[str, Any]:
    return {"function": function, "module": module, "in_app": in_app}


def error(kind: str, value: str = "", *frames: dict[str, Any]) -> dict[str, Any]:
    return {"type": kind, "value": value, "stacktrace": {"frames": list(frames)}}


def raised(*exceptions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"exception": {"values": list(exceptions)}, **more}


def logged(text: str, **more: Any) -> dict[str, Any]:
    return {"logentry": {"formatted": text}, **more}


def compared(old: str, new: str, *events: dict[str, Any]) -> IssueReport:
    return preview(parse(old, "old"), parse(new, "new"), events, rules=NO_RULES)


def parts(change: IssueChange) -> list[tuple[tuple[str, ...], tuple[str, ...], int, bool]]:
    return [
        (part.old.fingerprint, part.new.fingerprint, part.events, part.moves)
        for part in change.parts
    ]


# --- merges, splits, moves ----------------------------------------------------------


def test_issues_merge() -> None:
    events = [logged("db timeout"), logged("mail timeout"), logged("mail timeout"), logged("x")]
    report = compared("", "message:*timeout* -> timeout", *events)
    assert (report.events, report.old_issues, report.new_issues, report.moved) == (4, 3, 2, 3)
    (change,) = report.changes
    assert report.merges == (change,)
    assert not report.splits
    assert not report.moves
    assert (change.kind, change.moved) == ("merge", 3)
    assert change.issue[1:] == ("custom", ("timeout",), "db timeout", 3)
    default = ("{{ default }}",)
    assert parts(change) == [(default, ("timeout",), 2, True), (default, ("timeout",), 1, True)]
    assert [part.old.title for part in change.parts] == ["mail timeout", "db timeout"]
    assert [[each.number for each in part.examples] for part in change.parts] == [[1, 2], [0]]
    (rule,) = change.parts[0].rules
    assert (rule.rule.text, rule.rule.line, rule.index) == ("message:*timeout* -> timeout", 1, 0)
    assert (rule.is_new, rule.events) == (True, 2)


def test_an_issue_splits() -> None:
    events = [
        logged("timeout", tags=[["env", env]], event_id=f"id-{number}")
        for number, env in enumerate(["prod", "stage", "prod"])
    ]
    report = compared("message:* -> timeout", "message:* -> timeout, {{ tags.env }}", *events)
    (change,) = report.splits
    assert report.changes == (change,)
    assert change.issue.fingerprint == ("timeout",)
    assert parts(change) == [
        (("timeout",), ("timeout", "prod"), 2, True),
        (("timeout",), ("timeout", "stage"), 1, True),
    ]
    assert change.parts[0].examples == ((0, "id-0", None), (2, "id-2", None))


def test_events_that_stay_are_part_of_a_split() -> None:
    events = [raised(error("A", "", frame("f")), level=level) for level in ("info", "error")]
    (change,) = compared("", "level:info -> quiet", *events).changes
    assert (change.kind, change.moved, change.issue.events) == ("split", 1, 2)
    default = ("{{ default }}",)
    assert sorted(parts(change)) == [(default, ("quiet",), 1, True), (default, default, 1, False)]
    assert [len(part.rules) for part in change.parts if not part.moves] == [0]


def test_an_issue_moves() -> None:
    """All events of it get another fingerprint, so Sentry makes a new issue."""
    report = compared("level:info -> a", "level:info -> b", logged("x", level="info"))
    (change,) = report.moves
    assert parts(change) == [(("a",), ("b",), 1, True)]
    assert (report.old_issues, report.new_issues) == (1, 1)


def test_an_issue_can_split_into_one_that_merges() -> None:
    events = [
        logged("a", logger="x"),
        logged("b", logger="x"),
        logged("b", logger="y"),
        logged("b", logger="x"),
    ]
    report = compared("", "logger:x -> x", *events)
    assert [change.kind for change in report.changes] == ["merge", "split"]
    assert [change.moved for change in report.changes] == [3, 2]


def test_the_largest_change_comes_first() -> None:
    old = "logger:a -> a\nlogger:b -> b"
    new = "logger:a -> a, {{ level }}\nlogger:b -> c"
    few = [logged("m", logger="a", level=level) for level in ("info", "error", "info")]
    many = [logged("m", logger="b")] * 4
    kinds = [change.kind for change in compared(old, new, *few, *many).changes]
    assert kinds == ["move", "split"]
    kinds = [change.kind for change in compared(old, new, *few, *many[:2]).changes]
    assert kinds == ["split", "move"]


def test_nothing_changes_from_a_set_to_itself() -> None:
    events = [json.loads(path.read_text("utf-8")) for path in EVENTS]
    rules = parse("family:native -> {{ default }}, {{ type }}\ntype:KeyError -> key")
    report = preview(rules, rules, events)
    assert report.events == len(events) > 10
    assert 5 < report.old_issues == report.new_issues
    assert report.moved == 0
    assert not report.changes
    assert not report.responsible


def test_an_event_that_comes_twice_counts_twice_and_is_in_one_issue() -> None:
    event = raised(error("A", "b"), event_id="1")
    report = compared("", "type:A -> a", event, event, event)
    assert (report.events, report.old_issues, report.new_issues) == (3, 1, 1)
    (change,) = report.moves
    assert [each.number for each in change.parts[0].examples] == [0, 1, 2]


def test_only_a_few_examples_are_kept() -> None:
    comparing = IssueComparison(parse(""), parse("message:* -> b"), NO_RULES, examples=2)
    for number in range(100):
        comparing.add(logged("x"), f"e.json:{number}")
    (change,) = comparing.report().changes
    assert [str(each) for each in change.parts[0].examples] == ["e.json:0", "e.json:1"]
    assert change.parts[0].events == 100


def test_memory_does_not_grow_with_the_events_of_an_issue() -> None:
    tracemalloc = pytest.importorskip("tracemalloc")  # PyPy has none
    comparing = IssueComparison(parse(""), parse("message:* -> b"), NO_RULES)

    def add(count: int) -> int:
        for number in range(count):
            comparing.add(logged(f"took {number} ms"), f"events.ndjson:{number}")
        collect_all()  # and the interpreter's free lists, which keep up to 2,000 tuples of a size
        used: int = tracemalloc.get_traced_memory()[0]
        return used

    tracemalloc.start()
    try:
        add(100)
        before = add(100)
        assert add(2_000) < before + 10_000
    finally:
        tracemalloc.stop()


# --- fingerprints -------------------------------------------------------------------


def test_hybrid_fingerprints_keep_default_issues_apart() -> None:
    events = [raised(error(kind, "", frame("f"))) for kind in ("A", "B")]
    report = compared("", "function:f -> {{default}}, x", *events)
    assert [change.kind for change in report.changes] == ["move", "move"]
    assert {change.parts[0].new.kind for change in report.changes} == {"hybrid"}
    keys = {change.parts[0].new.key for change in report.changes}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("level:* -> a, b", "level:* -> ab", False),
        ("level:* -> a, b", "level:* -> atextb", False),
        ("level:* -> a, b", "level:* -> b, a", False),
        ("level:* -> a", 'level:* -> "a" title="T"', True),
        ("level:* -> {{ level }}", "level:* -> info", True),
        ("level:* -> {{ default }}", "level:* -> {{default}}", True),
        ("level:* -> {{ default }}", "", True),
        ("level:* -> {{ default }}, a", "level:* -> a, {{ default }}", False),
        # The value of a tag is not the variable.
        ("level:* -> {{ tags.a }}", "level:* -> {{ default }}", False),
        ("level:* -> {{ tags.a }}", "level:* -> {{ tags.a }}", True),
    ],
)
def test_equal_fingerprints_are_one_issue(one: str, other: str, same: bool) -> None:
    event = logged("m", level="info", tags=[["a", "{{ default }}"]])
    assert (compared(one, other, event).moved == 0) is same


@pytest.mark.parametrize(
    ("own", "fingerprint", "kind"),
    [
        ({}, ("{{ default }}",), "default"),
        ({"fingerprint": []}, ("{{ default }}",), "default"),
        ({"fingerprint": None}, ("{{ default }}",), "default"),
        ({"fingerprint": "a"}, ("{{ default }}",), "default"),
        ({"fingerprint": ["a", 7]}, ("a", "7"), "custom"),
        ({"fingerprint": ["{{ level }}", "{{default}}"]}, ("info", "{{default}}"), "hybrid"),
        ({"fingerprint": ["\ud800"]}, ("?",), "custom"),
        # Sentry has written the fingerprint of a rule over that of the SDK.
        ({"fingerprint": ["rule"], "_fingerprint_info": {}}, ("{{ default }}",), "default"),
        (
            {"fingerprint": ["rule"], "_fingerprint_info": {"client_fingerprint": ["sdk"]}},
            ("sdk",),
            "custom",
        ),
    ],
)
def test_the_fingerprint_of_the_event_counts_without_a_rule(
    own: dict[str, Any], fingerprint: tuple[str, ...], kind: str
) -> None:
    (change,) = compared("", "level:* -> rule, x", logged("m", level="info", **own)).changes
    old = change.parts[0].old
    assert (old.fingerprint, old.kind) == (fingerprint, kind)


def test_unknown_variables_are_kept_or_marked() -> None:
    old, new = parse("level:* -> {{ typ }}"), parse('level:* -> "<unrecognized-variable-typ>"')
    event = {"level": "info"}
    assert preview(old, new, [event], unknown="mark").moved == 0
    assert preview(old, new, [event], unknown="keep").moved == 1


def test_messages_are_parameterized_on_request() -> None:
    old, new = parse(""), parse("message:took* -> {{ message }}")
    took = [logged(f"took {number}ms", level="info") for number in (15, 16)]
    own = [logged(f"slow {number}ms", fingerprint=["{{ message }}"]) for number in (15, 16)]
    for parameterizer, issues in ((None, 4), (Parameterizer(), 2)):
        report = preview(old, new, took + own, rules=NO_RULES, parameterizer=parameterizer)
        assert report.new_issues == issues
    with pytest.raises(TypeError, match="parameterizer"):
        preview(old, new, took, parameterizer="x")  # type: ignore[arg-type]


def test_long_texts_are_cut() -> None:
    event = raised(error("A", "v" * 1_000, frame("f")))
    (change,) = compared("", "type:A -> {{ value }}", event).changes
    assert change.parts[0].new.fingerprint == ("v" * 255 + "…",)
    assert len(change.issue.title) == 256


# --- the rules that are responsible -------------------------------------------------


def responsible(report: IssueReport) -> list[tuple[str, bool, int]]:
    return [(each.rule.text, each.is_new, each.events) for each in report.responsible]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "level:* -> a", [("level:* -> a", True, 2)]),
        ("level:* -> a", "", [("level:* -> a", False, 2)]),
        ("level:* -> a", "level:* -> b", [("level:* -> b", True, 2)]),
        # A rule that was there before matches now, because one before it is gone.
        (
            "level:info -> a\nlevel:* -> b",
            "level:* -> b",
            [("level:info -> a", False, 1)],
        ),
        # The order has changed.
        (
            "level:info -> a\nlevel:* -> b",
            "level:* -> b\nlevel:info -> a",
            [("level:* -> b", True, 1)],
        ),
        ("level:* -> a", "level:info -> a\nlevel:* -> a", []),
    ],
)
def test_responsible_rules(old: str, new: str, expected: list[tuple[str, bool, int]]) -> None:
    events = [logged("m", level=level) for level in ("info", "error")]
    assert responsible(compared(old, new, *events)) == expected


def test_rules_are_counted() -> None:
    new = "level:info -> a\nlevel:* -> b\nlevel:error -> c"
    report = compared("", new, *(logged("m", level=level) for level in ("info", "error", "error")))
    assert [each.matched for each in report.new_rules] == [1, 2, 0]
    assert [each.rule.text for each in report.never_matched] == ["level:error -> c"]
    assert not report.old_rules


# --- what stands for {{ default }} --------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        # exceptions: type and frames, or type and value
        (raised(error("A", "x", frame("f"))), raised(error("A", "y", frame("f"))), True),
        (raised(error("A", "x", frame("f"))), raised(error("B", "x", frame("f"))), False),
        (raised(error("A", "x", frame("f"))), raised(error("A", "x", frame("g"))), False),
        (
            raised(error("A", "", frame("f", "m"))),
            raised(error("A", "", frame("f", "n"))),
            False,
        ),
        (raised(error("A", "x")), raised(error("A", "y")), False),
        (raised(error("A", "id 17")), raised(error("A", "id 18")), True),
        # only in-app frames, if there are any
        (
            raised(error("A", "", frame("f"), frame("lib", in_app=False))),
            raised(error("A", "", frame("f"))),
            True,
        ),
        (
            raised(error("A", "", frame("lib", in_app=False))),
            raised(error("A", "", frame("other", in_app=False))),
            False,
        ),
        (
            raised(error("A", "", frame("lib", in_app=False)), error("B", "x", frame("f"))),
            raised(error("A", "", frame("other", in_app=False)), error("B", "x", frame("f"))),
            True,
        ),
        # each exception of a chain
        (
            raised(error("A", "", frame("f")), error("B", "", frame("g"))),
            raised(error("B", "", frame("g"))),
            False,
        ),
        # a frame that repeats
        (
            raised(error("A", "", frame("f"), frame("f"), frame("g"))),
            raised(error("A", "", frame("f"), frame("g"))),
            True,
        ),
        # the stack trace of the event, then of a thread, then the message
        ({"stacktrace": {"frames": [frame("f")]}}, {"stacktrace": {"frames": [frame("g")]}}, False),
        (
            logged("a", stacktrace={"frames": [frame("f")]}),
            logged("b", stacktrace={"frames": [frame("f")]}),
            True,
        ),
        (
            logged("a", threads={"values": [{"id": 1, "stacktrace": {"frames": [frame("f")]}}]}),
            logged("b", threads={"values": [{"id": 2, "stacktrace": {"frames": [frame("f")]}}]}),
            True,
        ),
        (logged("a 2026-01-01"), logged("a 2027-01-01"), True),
        (logged("a"), logged("b"), False),
        (
            {"logentry": {"message": "user %s", "formatted": "user ada"}},
            {"logentry": {"message": "user %s", "formatted": "user bob"}},
            True,
        ),
        ({}, {"level": "info"}, True),
        # the parts do not run into each other
        (raised(error("A", "", frame("bc"))), raised(error("Ab", "", frame("c"))), False),
        # names of native functions are trimmed
        (
            raised(error("A", "", {"function": "f(int)", "in_app": True}), platform="native"),
            raised(error("A", "", {"function": "f(char)", "in_app": True}), platform="native"),
            True,
        ),
        (
            raised(error("A", "", {"package": "/a/lib.so", "in_app": True}), platform="native"),
            raised(error("A", "", {"package": "/b/lib.so", "in_app": True}), platform="native"),
            True,
        ),
        # shapes that events can have
        ({"exception": [{"type": "A"}]}, {"exception": {"type": "A"}}, True),
        ({"exception": {"values": [None, {"type": "A"}]}}, raised({"type": "A"}), True),
        (raised({"type": "A", "stacktrace": None}), raised({"type": "A"}), True),
        ({"threads": {"values": None}, "stacktrace": {"frames": None}}, {}, True),
        (raised(error("A", "\ud800")), raised(error("A", "?")), True),
    ],
)
def test_the_default_key(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:
    assert (DEFAULT.of(one) == DEFAULT.of(other)) is same
    assert len(DEFAULT.of(one)) == 16


def test_stack_trace_rules_say_which_frames_count() -> None:
    rules = Enhancements.parse("function:log_* -group\nmodule:vendor.* -app", Cache(0))
    key = DefaultKey(rules)
    plain = raised(error("A", "", frame("f")))
    for more in (frame("log_it"), frame("g", "vendor.http")):
        event = raised(error("A", "", frame("f"), more))
        before = json.dumps(event)
        assert key.of(event) == key.of(plain)
        assert DEFAULT.of(event) != DEFAULT.of(plain)
        assert json.dumps(event) == before


@pytest.mark.parametrize(
    "rule", ["error.type:transaction -group", "error.value:transaction -group"]
)
def test_the_type_of_an_event_or_a_thread_is_not_that_of_an_exception(rule: str) -> None:
    key = DefaultKey(Enhancements.parse(rule, Cache(0)))
    trace = {"stacktrace": {"frames": [frame("f")]}}
    named = {**trace, "type": "transaction", "value": "transaction"}
    assert key.of(named) == key.of(trace) != key.of({})
    [found] = stacktraces_of(named)
    assert found.exception["ty"] is found.exception["value"] is None
    assert key.of({"threads": {"values": [named]}}) == key.of({"threads": {"values": [trace]}})
    exception = {"exception": {"values": [named]}}
    assert key.of(exception) != DEFAULT.of(exception)


def test_a_stack_trace_that_is_too_short_does_not_count() -> None:
    key = DefaultKey(Enhancements.parse("function:* min-frames=2", Cache(0)))
    one, other = (raised(error("A", "v", frame(name))) for name in "fg")
    assert key.of(one) == key.of(other) == key.of(raised(error("A", "v")))


# --- errors -------------------------------------------------------------------------


def test_an_event_that_cannot_be_read_is_an_error_and_is_not_counted() -> None:
    rules = parse("type:A -> a")
    with pytest.raises(EventError, match=r"^event 1: .*exception"):
        preview(rules, rules, [{}, {"exception": {"values": [7]}}])
    comparing = IssueComparison(rules, rules, NO_RULES)
    comparing.add({})
    bad: Any = {"exception": {"values": [{"stacktrace": {"frames": [{"data": {"category": []}}]}}]}}
    others: list[Any] = [[], None, {"exception": {"values": [7]}}, bad]
    for event in others:
        with pytest.raises(EventError):
            comparing.add(event)
    report = comparing.report()
    assert (report.events, report.old_issues, report.new_issues) == (1, 1, 1)


KEYS = [
    *("exception", "values", "type", "value", "mechanism", "stacktrace", "frames", "function"),
    *("raw_function", "module", "package", "filename", "in_app", "data", "category", "platform"),
    *("threads", "crashed", "current", "logentry", "message", "formatted", "fingerprint"),
    *("_fingerprint_info", "client_fingerprint", "event_id", "tags", "level"),
]
leaves = st.sampled_from(
    [None, True, 0, 1.5, -1, "", "a", "{{ default }}", "{{ level }}", "\ud800"]
)
values_strategy = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(KEYS), values_strategy, max_size=6))
@settings(deadline=None)
def test_whatever_an_event_is_it_counts_or_is_an_error(event: dict[str, Any]) -> None:
    rules = parse("!level:b -> {{default}}, {{ type }}, {{ function }}")
    comparing = IssueComparison(parse(""), rules, NO_RULES)
    before = repr(event)
    try:
        comparing.add(event)
    except EventError:
        assert comparing.events == 0
    assert comparing.report().events == comparing.events
    assert repr(event) == before


def test_a_fingerprint_of_many_parts_is_cut() -> None:
    (change,) = compared("", "level:* -> a", {"level": "x", "fingerprint": ["p"] * 1_000}).changes
    assert change.parts[0].old.fingerprint == (*["p"] * 32, "…")


def test_an_event_above_a_limit_is_an_error() -> None:
    rules = parse("type:A -> a")
    before = limits.get(Limit.FRAMES)
    limits.set(Limit.FRAMES, 2)
    try:
        with pytest.raises(LimitError, match=r"^event 0: .*frames"):
            preview(rules, rules, [raised(error("A", "", *[frame("f")] * 3))])
    finally:
        limits.set(Limit.FRAMES, before)


def test_bad_arguments_are_errors() -> None:
    rules = parse("")
    with pytest.raises(ValueError, match="examples must be 1 or more"):
        preview(rules, rules, [], examples=0)
    with pytest.raises(ValueError, match="unknown must be"):
        preview(rules, rules, [{}], unknown="drop")  # type: ignore[arg-type]
    assert preview(rules, rules, []).events == 0


def test_events_are_not_kept() -> None:
    alive: set[int] = set()
    most = 0

    class Event(dict[str, Any]):
        def __del__(self) -> None:
            alive.discard(id(self))

    def many() -> Iterator[dict[str, Any]]:
        nonlocal most
        for number in range(2_500):
            if sys.implementation.name == "pypy" and not number % 100:
                collect_all()
            event = Event(logged("x"))
            alive.add(id(event))
            most = max(most, len(alive))
            yield event

    told: list[int] = []
    rules = parse("message:* -> a")
    assert preview(rules, rules, many(), progress=told.append).events == 2_500
    assert told == [1_000, 2_000]
    assert most < (10 if sys.implementation.name == "cpython" else 110)


# --- the text -----------------------------------------------------------------------


def test_the_text() -> None:
    events = [logged(f"{name}\x1b[31m timeout\nx", logger="a") for name in ("db", "mail", "db")]
    text = str(compared("", "message:*timeout* -> timeout\nlogger:* -> x", *events))
    assert re.sub("  [0-9a-f]{8}  ", "  KEY  ", text).split("\n") == [
        "3 events: 2 issues before, 1 after; 3 events move to another issue",
        "  merges         1  old issues become one",
        "  splits         0  an old issue becomes several",
        "  moves          0  an old issue gets another fingerprint",
        "responsible:",
        "           3  by new:1  message:*timeout* -> timeout",
        "1 of 2 new rules matched nothing",
        "",
        "merge: 2 issues become one; 3 of 3 events move",
        "  after   KEY  timeout  (3 events)",
        r"          db\x1b[31m timeout",
        "  before  KEY  {{ default }}  (2 events)",
        r"          db\x1b[31m timeout",
        "          by new:1  message:*timeout* -> timeout",
        "          event 0, event 2",
        "  before  KEY  {{ default }}  (1 event)",
        r"          mail\x1b[31m timeout",
        "          by new:1  message:*timeout* -> timeout",
        "          event 1",
    ]


def test_the_text_lists_the_largest_changes() -> None:
    events = [logged(f"m{chr(97 + number)}", logger=f"l{number}") for number in range(15)]
    report = compared("", "logger:* -> {{ logger }}", *events)
    assert len(report.moves) == 15
    lines = str(report).split("\n")
    assert sum(line.startswith("move: ") for line in lines) == 10
    assert lines[-1] == "and 5 smaller changes"
    assert sum(line.startswith("move: ") for line in report.lines(None)) == 15
    report = compared("", "logger:* -> one", *events)
    assert "          and 5 smaller parts" in str(report).split("\n")
    assert sum(line.startswith("  before") for line in report.lines(None)) == 15


# --- against a plain grouping -------------------------------------------------------

RULES = [
    "type:A -> a",
    "type:A -> {{ default }}, a",
    "function:f -> {{ default }}",
    "function:f -> f, {{ type }}",
    "message:*x* -> {{ message }}",
    "level:info -> {{ level }}",
    "level:info -> info",
    "tags.t:* -> {{ tags.t }}, {{default}}",
    "!level:info -> rest",
]
rules_strategy = st.lists(st.sampled_from(RULES), max_size=4).map("\n".join)
frames_strategy = st.lists(
    st.builds(frame, st.sampled_from(["f", "g", ""]), in_app=st.sampled_from([True, False, None])),
    max_size=3,
)
events_strategy = st.fixed_dictionaries(
    {},
    optional={
        "level": st.sampled_from(["info", "error"]),
        "logentry": st.fixed_dictionaries({"formatted": st.sampled_from(["x", "y", "x 1"])}),
        "tags": st.sampled_from([[], [["t", "1"]], [["t", "{{ default }}"]]]),
        "fingerprint": st.sampled_from([["own"], ["{{ default }}"], ["{{ level }}", "own"]]),
        "stacktrace": st.fixed_dictionaries({"frames": frames_strategy}),
        "exception": st.fixed_dictionaries(
            {
                "values": st.lists(
                    st.builds(
                        lambda kind, value, frames: error(kind, value, *frames),
                        *(st.sampled_from("AB"), st.sampled_from("xy"), frames_strategy),
                    ),
                    max_size=2,
                )
            }
        ),
    },
)


def plain_key(rules: FingerprintRules, event: dict[str, Any]) -> tuple[Any, ...]:
    """Return the fingerprint of an event, with bytes in place of `{{ default }}`."""
    found = rules.match(event)
    written = found.fingerprint if found else event.get("fingerprint", ["{{ default }}"])
    return tuple(
        DEFAULT.of(event) if fingerprint_type([part]) == "default" else resolve([part], event)[0]
        for part in written
    )


@given(rules_strategy, rules_strategy, st.lists(events_strategy, max_size=12))
def test_issues_are_those_of_a_plain_grouping(
    old_text: str, new_text: str, events: list[dict[str, Any]]
) -> None:
    old, new = parse(old_text), parse(new_text)
    report = preview(old, new, events, rules=NO_RULES, examples=100)
    pairs = [(plain_key(old, event), plain_key(new, event)) for event in events]
    of_old, of_new = defaultdict(set), defaultdict(set)
    for one, other in pairs:
        of_old[one].add(other)
        of_new[other].add(one)
    assert (report.old_issues, report.new_issues) == (len(of_old), len(of_new))
    assert report.moved == sum(one != other for one, other in pairs)

    def numbers(*wanted: tuple[Any, Any]) -> frozenset[int]:
        return frozenset(number for number, pair in enumerate(pairs) if pair in wanted)

    expected = {
        *(
            ("merge", frozenset(numbers((one, other)) for one in ones))
            for other, ones in of_new.items()
            if len(ones) > 1
        ),
        *(
            ("split", frozenset(numbers((one, other)) for other in others))
            for one, others in of_old.items()
            if len(others) > 1
        ),
        *(
            ("move", frozenset([numbers((one, other))]))
            for one, others in of_old.items()
            for other in others
            if len(others) == len(of_new[other]) == 1 and one != other
        ),
    }
    found = {
        (
            change.kind,
            frozenset(frozenset(each.number for each in part.examples) for part in change.parts),
        )
        for change in report.changes
    }
    assert found == expected
    assert len(report.changes) == len(expected)
    for change in report.changes:
        assert change.issue.events == sum(part.events for part in change.parts)
        assert change.moved == sum(part.events for part in change.parts if part.moves)
        for part in change.parts:
            assert part.events == len(part.examples)
            assert sum(rule.events for rule in part.rules) == part.events * part.moves
    assert [change.moved for change in report.changes] == sorted(
        (change.moved for change in report.changes), reverse=True
    )
    for rules, each in ((old, report.old_rules), (new, report.new_rules)):
        matches = map(rules.match, events)
        first = [match.index if match else None for match in matches]
        assert [one.matched for one in each] == [first.count(one.index) for one in each]
    assert sum(each.events for each in report.responsible) == report.moved
