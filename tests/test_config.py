"""A project's rules applied to an event: `EnhancementsConfig`, and frames of events."""

from __future__ import annotations

import copy
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import collect_all
from hypothesis import given
from hypothesis import strategies as st

from sentry_ophio._event_frames import pending_changes, write_pending
from sentry_ophio.enhancers import Cache, Enhancements, EnhancementsConfig, Stacktrace
from sentry_ophio.events import from_json_lines, match_frames, stacktraces_of
from sentry_ophio.exceptions import EnhancementsError, EventError, FrameTypeError, HandleClosedError
from sentry_ophio.fingerprints import FingerprintRules

FIXTURES = Path(__file__).resolve().parent / "fixtures"
# Tables that were measured with Sentry's own code. They are not part of the sources.
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
BASE = Enhancements.parse(
    "path:**/vendor/** -app category=vendor\ncategory:vendor -group\nfunction:spin max-frames=2",
    Cache(0),
)
OWN = "function:main +app\nfunction:log_* -group\n[ function:log_it ] | function:own -group"
FRAMES: list[dict[str, Any]] = [
    {"function": "main", "filename": "main.py"},
    {"function": "log_it", "filename": "log.py", "in_app": True},
    {"function": "own", "filename": "own.py", "in_app": True, "data": {"client_in_app": True}},
    {"function": "lib", "filename": "x/vendor/lib.py", "in_app": True, "data": {}},
]


def config() -> EnhancementsConfig:
    return EnhancementsConfig.from_text(OWN, {"base": BASE})


def changed(frames: list[dict[str, Any]]) -> list[list[Any]]:
    """Return what rules change of frames."""
    data = [frame.get("data") or {} for frame in frames]
    return [
        [frame.get("in_app"), each.get("category"), each.get("orig_in_app")]
        for frame, each in zip(frames, data)
    ]


# --- processing -------------------------------------------------------------------------


def test_a_stack_trace_is_processed() -> None:
    frames = copy.deepcopy(FRAMES)
    result = config().process(frames, "python", {"type": "E", "mechanism": {"type": "m"}})
    assert changed(frames) == [
        [True, None, -1],
        [True, None, None],
        [True, None, None],
        [False, "vendor", 1],
    ]
    assert result.app.contributes is True
    assert result.app.hint is None
    assert result.app.frames == [
        (True, "marked in-app by custom stacktrace rule (function:main +app)"),
        (False, "ignored by custom stacktrace rule (function:log_* -group)"),
        (
            False,
            "marked in-app by the client but ignored by built-in stacktrace rule "
            "([function:log_it] | function:own -group)",
        ),
        (
            False,
            "marked out of app by built-in stacktrace rule "
            "(path:**/vendor/** -app category=vendor)",
        ),
    ]
    assert result.system.frames[0] == (True, None)
    assert result.system.frames[3] == (
        False,
        "ignored by built-in stacktrace rule (category:vendor -group)",
    )


@pytest.mark.parametrize(
    ("name", "base", "rules_file", "table"),
    [
        (
            "base",
            FIXTURES / "config_base.rules",
            FIXTURES / "config_rules.json",
            FIXTURES / "config.jsonl",
        ),
        *(
            ("all-platforms:2026-01-20", base, SHARED / "sentry_path_rules.json", table)
            for base, table in zip(
                SHARED.glob("all-platforms@2026-01-20.txt"), SHARED.glob("sentry_path.jsonl")
            )
        ),
    ],
    ids=lambda each: each.name if isinstance(each, Path) else each,
)
def test_every_recorded_result(name: str, base: Path, rules_file: Path, table: Path) -> None:
    """tests/fixtures/make_config.py writes the record."""
    bases = {name: Enhancements.parse(base.read_text("utf-8"), Cache(0))}
    rules = json.loads(rules_file.read_text("utf-8"))
    for line in table.read_text("utf-8").splitlines():
        row = json.loads(line)
        known = rules[row["rules"]]
        for each in (
            EnhancementsConfig.from_text(known["text"], bases),
            EnhancementsConfig.from_base64(known["stored"], bases),
        ):
            frames = copy.deepcopy(row["frames"])
            result = each.process(frames, row["platform"], row["exception"])
            found = [
                [variant.contributes, variant.hint, [list(frame) for frame in variant.frames]]
                for variant in result
            ]
            assert [changed(frames), *found] == [row["frames_after"], row["app"], row["system"]]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"function": []}, "frame 4: field `function`: expected a text or None, not a list"),
        ({"in_app": "yes"}, "frame 4: field `in_app`: expected a bool or None, not a str"),
        (
            {"filename": "vendor/a", "in_app": True, "data": [1]},
            "frame 4: field `data`: expected a dict or None, not list",
        ),
        ("main", "frame 4: field `frame`: expected a dict, not a str"),
    ],
)
def test_nothing_is_written_when_it_fails(frame: Any, message: str) -> None:
    frames: list[Any] = [*copy.deepcopy(FRAMES), frame]
    before = copy.deepcopy(frames)
    for call in (
        lambda: config().process(frames, "python", None),
        lambda: config().classifier.apply_to_event_frames(frames, "python", write=True),
    ):
        if "`vendor`" in message:
            continue
        with pytest.raises(FrameTypeError) as caught:
            call()
        assert str(caught.value).startswith(message)
        assert frames == before


def test_what_no_rule_looks_at_may_be_anything() -> None:
    frame = {"function": "main", "vars": {"a": object(), 7: {1, 2}}, "lineno": 2**80}
    assert config().process([frame], None).app.frames[0][0] is True
    assert match_frames([{"function": "\ud800"}], None)[0]["function"] == b"?"


# --- rules ------------------------------------------------------------------------------


def test_the_parts_of_a_config() -> None:
    made = config()
    assert made.bases == ("base",)
    assert made.own.to_text().count("\n") == 3
    assert made.classifier.to_text() == (
        "path:**/vendor/** -app category=vendor\nfunction:main +app\n"
    )
    assert made.contributes.to_text() == (
        "category:vendor -group\nfunction:spin max-frames=2\nfunction:log_* -group\n"
        "[ function:log_it ] | function:own -group\n"
    )
    assert repr(made) == "EnhancementsConfig(Enhancements(3 rules), bases=['base'])"


def test_the_stored_form() -> None:
    stored = config().to_base64()
    assert stored.count("#") == 2
    again = EnhancementsConfig.from_base64(stored, {"other": BASE, "base": BASE})
    assert (again.own, again.classifier, again.contributes) == (
        config().own,
        config().classifier,
        config().contributes,
    )
    assert again.to_base64() == stored
    first = Enhancements.from_base64(stored, Cache(0))
    assert first == config().own
    assert first.bases == ("base",)
    only_first = EnhancementsConfig.from_base64(stored.split("#", maxsplit=1)[0], {"base": BASE})
    assert only_first.classifier == config().classifier
    with pytest.raises(ValueError, match="unknown base `base`, the known bases are: `other`"):
        EnhancementsConfig.from_base64(stored, {"other": BASE})
    with pytest.raises(ValueError, match="unknown base `base`, the known bases are: none"):
        EnhancementsConfig.from_base64(stored, {})


def test_the_binary_form_of_a_config_is_that_of_sentry() -> None:
    """It was of version 2, and had `ayes` where Sentry stores `a1`."""
    text = "app:yes -group\napp:no -group\napp:maybe -group"
    stored = EnhancementsConfig.from_text(text, {}).to_base64().split("#")[0]
    rules = Enhancements.from_base64(stored, Cache(0))
    assert rules.to_text() == 'app:1 -group\napp:0 -group\napp:"" -group\n'
    assert rules == Enhancements.parse(text, Cache(0))
    assert hash(rules) == hash(Enhancements.parse(text, Cache(0)))


def test_the_first_part_alone_has_the_rules() -> None:
    """All three parts appended gave ('x', False)."""
    text = "category:x -app\nfunction:a category=x\nfunction:b -group"
    stored = EnhancementsConfig.from_text(text, {}).to_base64()
    frames = [{"function": "a", "in_app": True}]
    rules = Enhancements.from_base64(stored, Cache(0))
    assert rules.apply_to_event_frames(frames, "python") == [("x", True)]


def test_the_family_other_on_request() -> None:
    stored = EnhancementsConfig.from_text("family:other -app", {}).to_base64()
    frames = [{"function": "a", "in_app": True}]
    for ignore, expected in ((False, False), (True, True)):
        rules = Enhancements.from_base64(stored, Cache(0), ignore_other=ignore)
        assert rules.apply_to_event_frames(frames, "python") == [(None, expected)]
        made = EnhancementsConfig.from_base64(stored, {}, ignore_other=ignore)
        assert made.classifier.apply_to_event_frames(frames, "python") == [(None, expected)]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (EnhancementsConfig, TypeError),
        (lambda: EnhancementsConfig.from_text(b"", {}), TypeError),  # type: ignore[arg-type]
        (lambda: EnhancementsConfig.from_text("", {"a": 7}), TypeError),  # type: ignore[dict-item]
        (lambda: EnhancementsConfig.from_text("", {"a\nb": BASE}), ValueError),
        (lambda: EnhancementsConfig.from_text("nonsense", {}), EnhancementsError),
        (lambda: EnhancementsConfig.from_base64("%", {}), EnhancementsError),
        (lambda: copy.copy(config()), TypeError),
    ],
)
def test_bad_arguments(call: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        call()


def test_it_can_be_closed() -> None:
    made = config()
    part = made.own
    made.close()
    collect_all()
    assert len(part) == 3
    assert repr(made) == "EnhancementsConfig(closed)"
    with pytest.raises(HandleClosedError):
        made.process([], None)


# --- frames -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "table", [FIXTURES / "match_frames.jsonl", *SHARED.glob("match_frames.jsonl")]
)
def test_every_recorded_match_frame(table: Path) -> None:
    """tests/fixtures/make_config.py writes the record."""
    for line in table.read_text("utf-8").splitlines():
        row = json.loads(line)
        expected = [
            {key: text.encode() if isinstance(text, str) else text for key, text in frame.items()}
            for frame in row["match_frames"]
        ]
        assert match_frames(row["frames"], row["platform"]) == expected


def test_answers_are_written_on_request() -> None:
    rules = config().classifier
    frames = copy.deepcopy(FRAMES)
    answers = rules.apply_to_event_frames(frames, "python", {"type": "E"})
    assert frames == FRAMES
    assert answers == rules.apply_to_event_frames(frames, "python", write=True)
    assert answers == [(None, True), (None, True), (None, True), ("vendor", False)]
    assert changed(frames)[3] == [False, "vendor", 1]


TEXTS = st.none() | st.text(max_size=5) | st.sampled_from(["f(int)", "C:\\A", "native", "node"])
HUGE = st.sampled_from([2**64, -(2**63) - 1, 10**30, -(10**400)])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-200, 200) | HUGE | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)
KEYS = ["function", "raw_function", "module", "package", "abs_path", "filename", "platform"]
FRAME = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(KEYS, TEXTS),
        "in_app": st.none() | st.booleans(),
        "lineno": JSON,
        "data": st.fixed_dictionaries({}, optional={"category": TEXTS, "sourcemap": JSON}),
    },
)


@given(
    st.lists(
        st.tuples(
            st.lists(FRAME, max_size=4),
            TEXTS,
            st.none() | st.fixed_dictionaries({}, optional={"type": TEXTS, "stacktrace": JSON}),
        ),
        max_size=4,
    ),
    st.integers(1, 3),
)
def test_numbers_say_what_texts_say(given: list[Any], threads: int) -> None:
    """One stack trace, many in one call, and the form with texts give the same."""
    rules = Enhancements.parse(
        "function:f +app\nfunction:n* -app category=std\nfamily:other category=own", Cache(0)
    )
    by_texts, one_by_one, at_once = (copy.deepcopy(given) for _ in range(3))
    expected = []
    for each in by_texts:
        results, changes = rules._ask_event(*each)
        write_pending(pending_changes(each[0], changes))
        expected.append(results)
    assert [rules.apply_to_event_frames(*each, write=True) for each in one_by_one] == expected
    assert one_by_one == by_texts
    assert rules.apply_to_many_event_frames(given, threads=threads) == expected
    assert rules.apply_to_many_event_frames(at_once, write=True, threads=threads) == expected
    assert at_once == by_texts


@pytest.mark.parametrize("count", [0, 254, 255, 10_000])
def test_any_number_of_frames_and_stack_traces(count: int) -> None:
    rules = Enhancements.parse("function:log* -app category=log", Cache(0))
    frames = [{"function": f"{'log' if n % 3 else 'f'}{n}", "in_app": True} for n in range(count)]
    expected = [("log", False) if n % 3 else (None, True) for n in range(count)]
    many = [(copy.deepcopy(frames[n : n + 7]), "python", None) for n in range(0, count, 7)]
    assert rules.apply_to_event_frames(frames, "python", write=True) == expected
    results = rules.apply_to_many_event_frames(many, write=True)
    assert [answer for result in results for answer in result] == expected
    assert [frame for each, _, _ in many for frame in each] == frames


def test_more_categories_than_a_short_answer_can_name() -> None:
    text = "".join(f"function:f{n} category=c{n}\n" for n in range(1_500))
    rules = Enhancements.parse(text, Cache(0))
    frames: list[dict[str, Any]] = [{"function": f"f{n}"} for n in (0, 1_499)]
    assert rules.apply_to_event_frames(frames, "c", write=True) == [("c0", None), ("c1499", None)]
    assert [frame["data"] for frame in frames] == [{"category": "c0"}, {"category": "c1499"}]


@pytest.mark.parametrize("category", ["own", "öwn", b"own", 7])
def test_a_frame_keeps_its_category(category: Any) -> None:
    rules = Enhancements.parse("function:f category=rule", Cache(0))
    data = {"category": category}
    frames = [{"function": "g", "data": data}, {"function": "f", "data": dict(data)}, {}]
    text = category.decode() if isinstance(category, bytes) else str(category)
    expected = [(text, None), ("rule", None), (None, None)]
    assert rules.apply_to_event_frames(frames, "python") == expected
    assert rules.apply_to_many_event_frames([(frames, "python", None)]) == [expected]


def test_many_or_nothing_is_written() -> None:
    rules = Enhancements.parse("function:f -app", Cache(0))
    many: list[Any] = [([{"function": "f", "in_app": True}], "python", None) for _ in range(100)]
    many.append(([{}, {"function": "f", "in_app": True, "data": [1]}], "python", None))
    before = copy.deepcopy(many)
    message = r"frame 1: field `data`: expected a dict or None, not list"
    with pytest.raises(FrameTypeError, match=message):
        rules.apply_to_many_event_frames(many, write=True)
    assert many == before
    assert rules.apply_to_many_event_frames(many)[-1] == [(None, None), (None, False)]
    with pytest.raises(TypeError):
        rules.apply_to_many_event_frames([((), "python", None)])  # type: ignore[list-item]
    with pytest.raises(ValueError, match="threads"):
        rules.apply_to_many_event_frames([], threads=0)


def test_frames_that_change_while_they_are_read() -> None:
    """Answers are paired with the frames that were packed, or asked for again."""
    rules = Enhancements.parse("function:f -app", Cache(0))
    frames: list[Any] = []

    class Frame(dict):  # type: ignore[type-arg]
        def get(self, key: object, default: object = None) -> object:
            if key == "module" and len(frames) > 1:
                frames.pop()
            return super().get(key, default)

    frames += [Frame(function="f", in_app=True) for _ in range(5)]
    answers = rules.apply_to_event_frames(frames, "python", write=True)
    assert set(answers) == {(None, False)}
    assert frames[0]["in_app"] is False


@given(st.lists(FRAME, max_size=4), TEXTS)
def test_each_door_makes_the_same_frames(frames: list[dict[str, Any]], platform: Any) -> None:
    event = {"platform": platform, "stacktrace": {"frames": frames}}
    [found] = stacktraces_of(event)
    assert found.frames == match_frames(frames, platform)
    prepared = Stacktrace.from_event_frames(frames, platform)
    assert prepared == Stacktrace(found.frames, found.exception)
    rules = config().classifier
    assert prepared.apply(rules) == rules.apply_to_event_frames(frames, platform)


@given(st.lists(st.tuples(st.lists(FRAME, max_size=3), TEXTS), max_size=3))
def test_json_lines_are_the_same_stack_traces(given: list[Any]) -> None:
    given = [(frames, platform, None) for frames, platform in given]
    events = [
        {"platform": platform, "stacktrace": {"frames": frames}} for frames, platform, _ in given
    ]
    try:
        lines = "\n\n".join(json.dumps(event, allow_nan=False) for event in events).encode()
    except ValueError:
        return  # JSON has no NaN
    prepared = Stacktrace.many_from_event_frames(given)
    assert from_json_lines(lines) == prepared
    assert prepared == [Stacktrace.from_event_frames(*each) for each in given]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            b"{}\n[]",
            "line 2: the event: exception data: field `event`: expected a dict, not a list",
        ),
        (b"{", "line 1: not JSON: expected a key in quotes at line 1 column 2"),
        (
            b'{"stacktrace": {"frames": [{"function": {}}]}}',
            "line 1: stacktrace: frame 0: field `function`: expected a text or None, not a dict",
        ),
    ],
)
def test_a_line_that_is_not_an_event(data: bytes, message: str) -> None:
    with pytest.raises(EventError) as caught:
        from_json_lines(data)
    assert str(caught.value).startswith(message)


def test_every_stack_trace_of_a_line_is_found() -> None:
    one = {"frames": [{"function": "f", "data": {"category": "mine"}}]}
    value = {"type": "E", "value": "v", "mechanism": {"type": "m"}, "stacktrace": one}
    event = {"stacktrace": one, "exception": {"values": [value]}, "threads": [None, value]}
    found = stacktraces_of(event)
    prepared = from_json_lines(json.dumps(event).encode())
    assert prepared == [Stacktrace(each.frames, each.exception) for each in found]
    assert prepared[1].apply(Enhancements.empty()) == [("mine", None)]
    with pytest.raises(TypeError):
        from_json_lines("{}")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "number", ["9" * 400, "9" * 100_000, "-1e999", "1e" + "9" * 400, "NaN", "-Infinity"]
)
def test_a_number_that_no_rule_reads_does_not_matter(number: str) -> None:
    """Such as that of a variable. More than 308 digits were an error."""
    frame = f'{{"function": "f", "vars": {{"n": {number}}}}}'
    line = f'{{"stacktrace": {{"frames": [{frame}]}}, "extra": {{"n": [{number}]}}}}'.encode()
    assert from_json_lines(line) == [Stacktrace.from_event_frames([{"function": "f"}], None)]
    rules = FingerprintRules.parse("function:f -> a")
    [found] = rules.match_json_lines(line)
    assert found is not None
    assert rules.match(json.loads(line, parse_int=float)) == found


@pytest.mark.parametrize("number", [2**64, -(2**63) - 1, 10**30, -(10**30), 10**4_000])
def test_an_integer_of_any_size_is_read_as_in_json(number: int) -> None:
    """It was an error without a place."""
    for frame in (
        *({"raw_function": "f", key: number} for key in KEYS),
        {"data": {"category": number}},
        {"lineno": number},
    ):
        given: list[Any] = [{"function": "f"}, frame]
        exception = {"type": number, "value": number, "mechanism": {"type": number}}
        for platform in (None, number):
            event: dict[str, Any] = {"platform": platform}
            event["exception"] = {"values": [exception | {"stacktrace": {"frames": given}}]}
            [expected] = from_json_lines(json.dumps(event).encode())
            stacktrace: tuple[Any, Any, Any] = (given, platform, exception)
            assert Stacktrace.from_event_frames(*stacktrace) == expected
            assert Stacktrace.many_from_event_frames([stacktrace] * 2) == [expected] * 2
            [found] = stacktraces_of(event)
            assert Stacktrace(found.frames, found.exception) == expected
            assert match_frames(given, stacktrace[1]) == found.frames
    rules = Enhancements.parse(f"function:{number} category=own", Cache(0))
    named: list[Any] = [{"function": number}]
    assert rules.apply_to_event_frames(named, "c") == [("own", None)]
    assert rules.apply_to_many_event_frames([(named, "c", None)]) == [[("own", None)]]
    config().process(named, "c")


# More digits than Python prints, unless a setting allows it.
UNPRINTABLE = 10**5000


@pytest.mark.parametrize(
    ("frame", "place"),
    [
        ({"in_app": 10**30}, "`in_app`: expected a bool or None, not an int"),
        ({"data": {"client_in_app": 2**64}}, "`data.client_in_app`: expected a bool or None"),
        ({"data": {"orig_in_app": -(10**30)}}, "`data.orig_in_app`: expected an int from -128"),
        ({"function": [10**30]}, "`function`: expected a text or None, not a list"),
        ({"module": {"a": 10**30}}, "`module`: expected a text or None, not a dict"),
        (10**30, "`frame`: expected a dict, not an int"),
        ([{"function": 10**30}], "`frame`: expected a dict, not a list"),
        pytest.param(
            {"data": {"category": UNPRINTABLE}},
            "`data.category`: expected a text or None, not an int of so many digits",
            marks=pytest.mark.skipif(
                not hasattr(sys, "get_int_max_str_digits"), reason="Python prints it"
            ),
        ),
    ],
)
def test_an_integer_that_cannot_be_meant_has_a_place(frame: Any, place: str) -> None:
    frames: list[Any] = [{"function": "f"}, frame]
    rules = config().classifier
    for call in (
        lambda: config().process(frames, "c"),
        lambda: rules.apply_to_event_frames(frames, "c"),
        lambda: rules.apply_to_many_event_frames([(frames, "c", None)]),
        lambda: Stacktrace.from_event_frames(frames, "c"),
        lambda: match_frames(frames, "c"),
    ):
        with pytest.raises(FrameTypeError) as caught:
            call()
        assert f"frame 1: field {place}" in str(caught.value)
    with pytest.raises(EventError, match=r"^stacktrace\.frames\[1\]"):
        stacktraces_of({"stacktrace": {"frames": frames}})


ANY = JSON | st.just(5000).map(lambda digits: 10**digits)
WRONG = (
    st.fixed_dictionaries(
        {},
        optional={
            **dict.fromkeys([*KEYS, "in_app"], ANY),
            "data": ANY
            | st.fixed_dictionaries(
                {}, optional=dict.fromkeys(["category", "orig_in_app", "client_in_app"], ANY)
            ),
        },
    )
    | ANY
)
EXCEPTION = (
    st.fixed_dictionaries(
        {},
        optional={
            "type": ANY,
            "value": ANY,
            "mechanism": ANY | st.fixed_dictionaries({"type": ANY}),
        },
    )
    | ANY
)


@given(st.lists(WRONG, max_size=3), ANY, EXCEPTION)
def test_any_json_has_an_answer_or_an_error_with_the_place(
    frames: list[Any], platform: Any, exception: Any
) -> None:
    rules = config().classifier
    for call in (
        lambda: config().process(copy.deepcopy(frames), platform, exception),
        lambda: rules.apply_to_event_frames(frames, platform, exception),
        lambda: rules.apply_to_event_frames(copy.deepcopy(frames), platform, write=True),
        lambda: rules.apply_to_many_event_frames([(frames, platform, exception)] * 2),
        lambda: Stacktrace.from_event_frames(frames, platform, exception),
        lambda: match_frames(frames, platform),
    ):
        try:
            call()
        except FrameTypeError as error:
            assert re.match(r"(frame \d+|exception data): field `[a-z_.]+`: ", str(error))  # noqa: PT017


@given(st.lists(WRONG, max_size=3) | ANY, ANY, EXCEPTION, ANY)
def test_any_event_has_an_answer_or_an_error_with_the_place(
    frames: Any, platform: Any, exception: Any, threads: Any
) -> None:
    event = {"platform": platform, "stacktrace": {"frames": frames}, "threads": threads}
    event["exception"] = exception
    if isinstance(exception, dict):
        event["exception"] = {"values": [exception | {"stacktrace": {"frames": frames}}]}
    for fresh in (False, True):
        try:
            stacktraces_of(event, fresh=fresh)
        except EventError as error:
            place = r"(stacktrace|exception|threads|platform)[a-z_.\[\]0-9]*(:| must be) "
            assert re.match(place, str(error))  # noqa: PT017
