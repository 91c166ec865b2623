"""Fingerprint rules: `sentry_ophio.fingerprints`.

The interpreter, the parser and the index are tested in core. Here is what users rely on: the
Python module, what crosses to the library, and rows of what Sentry measured.
"""

from __future__ import annotations

import copy
import datetime
import json
import math
import pickle
import struct
from collections import ChainMap, OrderedDict
from pathlib import Path
from random import Random
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest
from conftest import run_program
from hypothesis import given
from hypothesis import strategies as st

from sentry_ophio import _fingerprint_variables, fingerprints, limits
from sentry_ophio.exceptions import (
    EventError,
    FingerprintsError,
    HandleClosedError,
    InvalidArgumentError,
    LimitError,
    OphioError,
    UnsupportedOperationError,
)
from sentry_ophio.fingerprints import (
    FingerprintMatcher,
    FingerprintRules,
    expand_title,
    fingerprint_type,
    resolve,
)
from sentry_ophio.limits import Limit
from sentry_ophio.parameterization import Parameterizer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FIXTURES = Path(__file__).resolve().parent / "fixtures"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
EVENT: dict[str, Any] = {
    "platform": "python",
    "level": "error",
    "logger": "app",
    "release": "shop@1.2.3",
    "transaction": "/buy",
    "logentry": {"formatted": "It broke", "message": "It %s"},
    "sdk": {"name": "sentry.python.django"},
    "tags": [["env", "prod"], ["empty", ""]],
    "exception": {
        "values": [
            {"type": "OSError", "value": "disk full"},
            {
                "type": "SaveError",
                "value": "cannot save",
                "stacktrace": {
                    "frames": [
                        {"function": "main", "module": "app.main", "in_app": True},
                        {"function": "save", "module": "app.db", "in_app": True, "package": "/a/b"},
                        {"function": "write", "module": "os", "abs_path": "/lib/os.py"},
                    ]
                },
            },
        ]
    },
}
PACKERS = [_fingerprint_variables._packb, _fingerprint_variables.as_json]
ANY: Any = FingerprintRules
MODULE: Any = fingerprints


# --- recorded rules and events ------------------------------------------------------


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def check_forms(text: str) -> list[dict[str, Any]]:
    """Write rules in each form, and read them again. Return the stored ones."""
    rules = FingerprintRules.parse(text)
    assert FingerprintRules.parse(rules.to_text()) == rules
    assert FingerprintRules.from_json(rules.to_json()) == rules
    assert FingerprintRules.parse(FingerprintRules.format(text)) == rules
    assert not [each for each in FingerprintRules.check(text) if each.severity == "error"]
    stored: list[dict[str, Any]] = json.loads(rules.to_json())["rules"]
    return stored


def check_match(
    rules: FingerprintRules, event: dict[str, Any], row: dict[str, Any], packer: Any
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_fingerprint_variables, "_packb", packer)
        found = rules.match(event)
        assert (found and found.index) == row["matched"], row
        assert rules.explain(event).matched == row["matched"]
        assert rules.match_many([event, event]) == [found, found]
    assert rules.match_json_lines(json.dumps(event).encode()) == [found]
    if found is not None:
        rule = json.loads(rules.to_json())["rules"][found.index]
        assert list(found.fingerprint) == rule["fingerprint"]
        assert found.attributes == rule["attributes"]
        assert list(found.resolved) == row["resolved"] == resolve(found.fingerprint, event)
        assert found.title == row.get("title")


def tables(name: str) -> list[Path]:
    """Return our record, and the table that was measured with Sentry's own code, if it exists.

    tests/fixtures/make_fingerprints.py writes the record.
    """
    return [FIXTURES / "fingerprints.jsonl", *SHARED.glob(name)]


@pytest.mark.parametrize("table", tables("fingerprint_parse.jsonl"))
def test_texts_are_read_as_recorded(table: Path) -> None:
    counts = {"error": 0, "rules": 0}
    for row in rows(table):
        if "rules" in row:
            counts["rules"] += 1
            stored = check_forms(row["text"])
            if table.parent == SHARED:  # it has a part of the stored form
                parts = ("matchers", "fingerprint", "attributes")
                stored = [{key: rule[key] for key in parts} for rule in stored]
            assert stored == row["rules"]
        else:
            counts["error"] += 1
            with pytest.raises(FingerprintsError) as caught:
                FingerprintRules.parse(row["text"])
            assert table.parent == SHARED or str(caught.value) == row["error"]
            assert any(each.severity == "error" for each in FingerprintRules.check(row["text"]))
    assert min(counts.values()) > 10, counts


@pytest.mark.parametrize("table", tables("fingerprint_match.jsonl"))
@pytest.mark.parametrize("packer", PACKERS)
def test_events_are_matched_as_recorded(table: Path, packer: Any) -> None:
    counts = {"none": 0, "found": 0}
    for row in rows(table):
        if "error" in row:
            continue
        counts["none" if row["matched"] is None else "found"] += 1
        event = row["event"]
        if isinstance(event, str):
            event = json.loads((FIXTURES / "events" / f"{event}.json").read_text("utf-8"))
        rules = FingerprintRules.parse(row["text"])
        check_match(rules, event, row, packer)
        if "fingerprint" in row:
            rule = rules.rules[row["matched"]]
            assert list(rule.fingerprint) == row["fingerprint"]
            assert rule.attributes == row["attributes"]
    assert min(counts.values()) > 3, counts


# --- rules --------------------------------------------------------------------------


def test_rules_have_their_parts() -> None:
    text = (
        '# c\n\n[ !module:a ] | stack.function:"b c" !app:no -> x, {{type}} title="T {{ level }}"'
    )
    (rule,) = FingerprintRules.parse(text, source="my.rules")
    assert rule.matchers == (
        FingerprintMatcher("module", "a", True, "caller", "frames"),
        FingerprintMatcher("function", "b c", False, None, "frames"),
        FingerprintMatcher("app", "no", True, None, "frames"),
    )
    assert list(map(str, rule.matchers)) == ["!module:a", "function:b c", "!app:no"]
    assert rule.fingerprint == ("x", "{{type}}")
    assert rule.attributes == {"title": "T {{ level }}"}
    assert (rule.line, rule.source, rule.is_builtin) == (3, "my.rules", False)
    assert str(rule) == rule.text
    assert FingerprintRules.parse(rule.text) == FingerprintRules.parse(text)


def test_bases_come_after_the_rules() -> None:
    first = FingerprintRules.parse("type:A -> base-a\ntype:B -> base-b", source="first")
    second = pickle.loads(pickle.dumps(FingerprintRules.parse("\ntype:C -> c", source="second")))
    own = FingerprintRules.parse("type:A -> own", source="own", bases=[first, second])
    assert [(rule.is_builtin, rule.source, rule.line) for rule in own] == [
        (False, "own", 1),
        (True, "first", 1),
        (True, "first", 2),
        (True, "second", 2),
    ]
    event = {"exception": {"values": [{"type": "A"}]}}
    found = own.match(event)
    assert found is not None
    assert found.resolved == ("own",)
    assert json.loads(own.to_json())["rules"][1]["is_builtin"] is True
    assert FingerprintRules.from_json(own.to_json()) == own
    assert own != FingerprintRules.parse("type:A -> own")
    assert len(FingerprintRules.from_json('{"rules": []}', bases=[own])) == 4


def test_a_strict_parse_reports_everything() -> None:
    text = "typ:A -> a\ntype:A -> {{ nope }}\ntype: -> b"
    with pytest.raises(FingerprintsError) as caught:
        FingerprintRules.parse(text, strict=True)
    assert list(caught.value.diagnostics) == FingerprintRules.check(text)
    assert [each.line for each in caught.value.diagnostics] == [1, 2, 3]
    assert [each.severity for each in caught.value.diagnostics] == ["error", "warning", "error"]
    assert "^^^ did you mean `type`?" in str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.diagnostics == caught.value.diagnostics
    # A warning is not an error.
    assert len(FingerprintRules.parse("type:A -> {{ nope }}", strict=True)) == 1
    with pytest.raises(FingerprintsError) as caught:
        FingerprintRules.parse(text)
    assert caught.value.diagnostics == ()
    assert str(caught.value).startswith("1:1: error[OPH202]: ")


def test_a_lenient_parse_leaves_out_what_is_not_a_rule() -> None:
    rules = FingerprintRules.parse("nope\ntype:A -> a\nx:y", lenient=True)
    assert rules == FingerprintRules.parse("type:A -> a")
    assert [each.line for each in rules.left_out] == [1, 3]
    assert [rule.line for rule in rules] == [2]
    assert pickle.loads(pickle.dumps(rules)).left_out == rules.left_out
    assert FingerprintRules.parse("type:A -> a").left_out == ()


def test_the_stored_form_is_read_in_each_type() -> None:
    stored = {"rules": [{"matchers": [["type", "A"]], "fingerprint": ["a"]}], "version": 1}
    rules = FingerprintRules.from_json(stored)
    text = json.dumps(stored)
    assert rules == FingerprintRules.from_json(text) == FingerprintRules.from_json(text.encode())
    assert [(rule.line, rule.source) for rule in rules] == [(None, None)]
    empty = FingerprintRules.from_json({"rules": [{"matchers": [], "fingerprint": ["a"]}]})
    with pytest.raises(FingerprintsError, match="cannot be written as text"):
        empty.to_text()
    for wrong in ("", "[]", b"\xff", {"rules": 1}, {"version": 2, "rules": []}, {"rules": [{1}]}):
        with pytest.raises(FingerprintsError):
            FingerprintRules.from_json(wrong)


def test_formatting_keeps_comments() -> None:
    text = '# first\ntype:A ->a\n\nmessage:"b c"   ->   b # last\n'
    formatted = FingerprintRules.format(text)
    assert formatted.startswith("# first\n")
    assert FingerprintRules.format(formatted) == formatted
    assert FingerprintRules.parse(formatted) == FingerprintRules.parse(text)


def test_a_rule_set_is_a_value() -> None:
    text = "type:A -> a\nlevel:x -> b"
    one = FingerprintRules.parse(text, source="one")
    other = FingerprintRules.from_json(one.to_json())
    assert one == other
    assert hash(one) == hash(other)
    assert one != FingerprintRules.parse("type:A -> a")
    assert one != text
    assert {one: 1}[other] == 1
    assert [rule.text for rule in one] == text.split("\n")
    assert len(one) == 2
    assert repr(one) == "FingerprintRules(2 rules)"
    assert repr(FingerprintRules.parse("type:A -> a")) == "FingerprintRules(1 rule)"
    for made in (
        copy.copy(one),
        copy.deepcopy(one),
        *(pickle.loads(pickle.dumps(one, protocol)) for protocol in range(6)),
    ):
        assert made == one
        assert made.rules == one.rules
    assert one.rules[0].source == "one"


def test_a_closed_rule_set_is_an_error() -> None:
    with FingerprintRules.parse("type:A -> a") as rules:
        assert rules.match({}) is None
    rules.close()
    assert repr(rules) == "FingerprintRules(closed)"
    calls: list[Callable[[], object]] = [
        lambda: rules.match({}),
        lambda: rules.match_many([]),
        lambda: rules.match_json_lines(b""),
        lambda: rules.explain({}),
        lambda: rules.rules,
        lambda: len(rules),
        lambda: rules.__eq__(rules),
        lambda: hash(rules),
        rules.to_json,
        rules.to_text,
    ]
    for call in calls:
        with pytest.raises(HandleClosedError):
            call()


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (ANY, UnsupportedOperationError),
        (lambda: ANY.parse(b""), TypeError),
        (lambda: ANY.parse("", source=1), TypeError),
        (lambda: ANY.parse("", bases=[1]), TypeError),
        (lambda: ANY.parse("", strict=True, lenient=True), InvalidArgumentError),
        (lambda: ANY.parse("\ud800"), UnicodeEncodeError),
        (lambda: ANY.parse("nope"), ValueError),
        (lambda: ANY.from_json(1), TypeError),
        (lambda: ANY.from_json("{}", source=1), TypeError),
        (lambda: ANY.check(b""), TypeError),
        (lambda: ANY.format(None), TypeError),
        (lambda: ANY.format("nope"), FingerprintsError),
        (lambda: ANY.parse("").match([]), EventError),
        (lambda: ANY.parse("").match({}, unknown="x"), InvalidArgumentError),
        (lambda: ANY.parse("").match({}, unknown=[]), InvalidArgumentError),
        (lambda: ANY.parse("").match_json_lines("{}"), TypeError),
        (lambda: ANY.parse("").explain(1), EventError),
        (lambda: MODULE.resolve("a", {}), TypeError),
        (lambda: MODULE.resolve([1], {}), TypeError),
        (lambda: MODULE.resolve(["\ud800"], {}), UnicodeEncodeError),
        (lambda: MODULE.resolve([], []), EventError),
        (lambda: MODULE.expand_title(b"", {}), TypeError),
        (lambda: MODULE.expand_title("", None), EventError),
        (lambda: MODULE.fingerprint_type(1), TypeError),
    ],
)
def test_wrong_arguments(call: Callable[[], object], expected: type[Exception]) -> None:
    with pytest.raises(expected) as caught:
        call()
    assert isinstance(caught.value, (OphioError, UnicodeEncodeError))


@pytest.fixture
def small_limits() -> Iterator[None]:
    small = {Limit.RULE_BYTES: 5, Limit.FRAMES: 1}
    before = {limit: limits.get(limit) for limit in small}
    for limit, value in small.items():
        limits.set(limit, value)
    yield
    for limit, value in before.items():
        limits.set(limit, value)


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize(
    "call",
    [
        FingerprintRules.parse,
        FingerprintRules.check,
        FingerprintRules.format,
        lambda text: FingerprintRules.parse(text, lenient=True),
        lambda _: FingerprintRules.from_json('{"rules": []}'),
    ],
)
def test_rules_have_limits(call: Callable[[str], object]) -> None:
    with pytest.raises(LimitError, match="rule_bytes"):
        call("type:A -> a")


@pytest.mark.usefixtures("small_limits")
@pytest.mark.parametrize("event", [EVENT, OrderedDict(EVENT)])
def test_events_have_limits(event: dict[str, Any]) -> None:
    rules = FingerprintRules.parse("")
    calls: list[Callable[[], object]] = [
        lambda: rules.match(event),
        lambda: rules.match_many([event]),
        lambda: rules.match_json_lines(json.dumps(event).encode()),
        lambda: rules.explain(event),
        lambda: resolve([], event),
        lambda: expand_title("", event),
    ]
    for call in calls:
        with pytest.raises(LimitError, match="2 frames are too many: the limit `frames` is 1"):
            call()


# --- events -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("matchers", "expected"),
    [
        ("error.type:OSError error.value:*full", True),
        ("error.type:OSError error.value:*save", False),
        ('message:"it broke"', True),
        ('message:"cannot *"', True),
        ("level:ERROR logger:app", True),
        ("logger:APP", False),
        ("stack.function:save stack.module:app.*", True),
        ("stack.function:save stack.module:os", False),
        ("[ function:write ] | function:save", True),
        ("function:save | [ function:main ]", True),
        ("[ function:main ] | function:save", False),
        ("path:**/os.py", True),
        ("package:/a/*", True),
        ("app:yes function:main", True),
        ("family:native,other", True),
        ("sdk:sentry.python", True),
        ("release:shop@1.*", True),
        ("tags.env:pr*", True),
        ("tags.none:*", False),
        ("!tags.none:*", True),
        ("thread.id:1", False),
        ("!thread.id:1", False),
    ],
)
def test_each_matcher(matchers: str, expected: bool) -> None:
    rules = FingerprintRules.parse(f"{matchers} -> x")
    assert (rules.match(EVENT) is not None) is expected
    explained = rules.explain(EVENT)
    assert explained.rules[0].matches is expected
    assert explained.matched == (0 if expected else None)


def test_each_variable() -> None:
    names = {
        "transaction": "/buy",
        "message": "It broke",
        "type": "SaveError",
        "error.value": "cannot save",
        "function": "save",
        "path": "<no-abs-path>",
        "stack.filename": "<no-filename>",
        "module": "app.db",
        "package": "b",
        "level": "error",
        "logger": "app",
        "tags.env": "prod",
        "tags.none": "<no-value-for-tag-none>",
        "tags.empty": "",
        "default": "{{ default }}",
        "nope": "{{ nope }}",
    }
    written = [f"{{{{ {name} }}}}" for name in names]
    assert resolve(written, EVENT) == list(names.values())
    assert expand_title(" ".join(written[:-2]), EVENT) == " ".join(list(names.values())[:-2])
    assert resolve(written[-1:], EVENT, unknown="mark") == ["<unrecognized-variable-nope>"]
    assert resolve(tuple(written[:1]), EVENT) == ["/buy"]
    assert resolve([], {}) == []


def test_the_message_can_be_parameterized() -> None:
    ids = Parameterizer(only=["duration"], max_text_bytes=40)
    event: dict[str, Any] = {"logentry": {"formatted": "took 15ms, 3 times"}}
    expected = "took <duration>, 3 times"
    rules = FingerprintRules.parse('message:took* -> {{ message }}, x title="T {{ message }}"')
    for found in (
        rules.match(event, parameterizer=ids),
        rules.match_many([event], parameterizer=ids)[0],
        rules.match_json_lines(json.dumps(event).encode(), parameterizer=ids)[0],
    ):
        assert found is not None
        assert (found.resolved, found.title) == ((expected, "x"), f"T {expected}")
    assert resolve(["{{ message }}"], event, parameterizer=ids) == [expected]
    assert expand_title("{{message}}", event, parameterizer=ids) == expected
    plain = rules.match(event)
    assert plain is not None
    assert plain.resolved == ("took 15ms, 3 times", "x")
    # Missing, of an exception, and beyond the limits.
    assert resolve(["{{ message }}"], {}, parameterizer=ids) == ["<no-message>"]
    event = {"exception": {"values": [{"value": "15ms"}]}}
    assert resolve(["{{ message }}", "{{ value }}"], event, parameterizer=ids) == [
        "<duration>",
        "15ms",
    ]
    event = {"logentry": {"formatted": "15ms " * 10}}
    assert resolve(["{{ message }}"], event, parameterizer=ids) == ["15ms " * 10]
    wrong: Any = "x"
    with pytest.raises(TypeError, match="parameterizer must be a Parameterizer"):
        rules.match(event, parameterizer=wrong)
    ids.close()
    with pytest.raises(HandleClosedError):
        rules.match(event, parameterizer=ids)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], None),
        (["{{default}}"], "default"),
        (["{{ default }}", "a"], "hybrid"),
        (["{{ default }} a"], "custom"),
        (("a", "b"), "custom"),
    ],
)
def test_types(parts: list[str], expected: str | None) -> None:
    assert fingerprint_type(parts) == expected


def test_events_cross_in_each_form() -> None:
    rules = FingerprintRules.parse("level:error -> {{ tags.n }}, {{ logger }}")
    cases: list[tuple[Any, tuple[str, str] | None]] = [
        ({"level": "error", "tags": {"n": 1.5}}, ("1.5", "<no-logger>")),
        ({"level": "error", "tags": {"n": 1e22}}, ("1e+22", "<no-logger>")),
        ({"level": "error", "tags": [("n", -(2**80))]}, (str(-(2**80)), "<no-logger>")),
        ({"level": "error", "tags": {"n": True}}, ("True", "<no-logger>")),
        # Half of a surrogate pair, keys that are no texts, values that JSON has no form for.
        ({"level": "error", "logger": "a\ud800"}, ("<no-value-for-tag-n>", "a\ufffd")),
        ({"level": "error", 1: 2, (1, 2): 3}, ("<no-value-for-tag-n>", "<no-logger>")),
        ({"level": "error", "x": {1, 2}, "y": b"\xff", "z": object()}, None),
        ({"level": "error", "x": datetime.datetime(2026, 1, 1)}, None),
        (OrderedDict(level="error", logger="a"), ("<no-value-for-tag-n>", "a")),
        (ChainMap({"level": "error"}, {"logger": "b"}), ("<no-value-for-tag-n>", "b")),
        ({"level": "error", "tags": ChainMap({"n": "c"})}, ("c", "<no-logger>")),
    ]
    for event, expected in cases:
        found = rules.match(event)
        assert found is not None
        if expected is not None:
            assert found.resolved == expected
        assert rules.match_many([{}, event]) == [None, found]


def test_errors_name_the_field() -> None:
    rules = FingerprintRules.parse("level:error -> a")
    wrong: list[tuple[Any, str]] = [
        (
            {"exception": {"values": [{"type": []}]}},
            r"^exception\.values\[0\]\.type: expected a text, a number or null, not a list$",
        ),
        # JSON, in which PyPy writes events, has no bytes.
        ({"level": b"a"}, r"^level: expected a text, a number or null, not (?:bytes|an object)$"),
        ({"tags": [1]}, r"^tags\[0\]: expected a pair or null, not a number$"),
    ]
    for event, expected in wrong:
        with pytest.raises(EventError, match=expected):
            rules.match(event)
        with pytest.raises(EventError, match=rf"^event 1: {expected[1:]}"):
            rules.match_many([{}, event])
    with pytest.raises(EventError, match=r"^event 1: an event must be an object, not list$"):
        rules.match_many([{}, []])  # type: ignore[list-item]
    with pytest.raises(EventError, match=r"^line 3: not JSON: "):
        rules.match_json_lines(b"{}\n\n{")
    loop: dict[str, Any] = {}
    loop["x"] = loop
    with pytest.raises(EventError, match="cannot be written as JSON"):
        rules.match(loop)


def test_many_events_are_matched_in_their_order() -> None:
    rules = FingerprintRules.parse("tags.n:1 -> one\ntags.n:2 -> {{ tags.n }}")
    events = [{"tags": {"n": str(number % 4)}} for number in range(1_000)]
    found = rules.match_many(iter(events))
    assert [each and each.index for each in found] == [None, 0, 1, None] * 250
    lines = "\r\n".join(map(json.dumps, events)).encode()
    assert rules.match_json_lines(lines) == found == list(map(rules.match, events))
    assert rules.match_many([]) == rules.match_json_lines(b"\n") == []


def test_threads_share_rules() -> None:
    rules = FingerprintRules.parse("".join(f"tags.n:{n} -> {n}\n" for n in range(500)))
    answers: list[str] = []

    def run(number: int) -> None:
        for _ in range(50):
            found = rules.match({"tags": {"n": number}})
            assert found is not None
            answers.extend(found.resolved)

    threads = [Thread(target=run, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(set(answers)) == list("01234567")
    assert len(answers) == 400


# --- explanations -------------------------------------------------------------------


def test_an_explanation_names_the_values() -> None:
    rules = FingerprintRules.parse("module:x function:save -> a\n[ app:no ] | module:os -> b")
    explained = rules.explain(EVENT)
    assert explained.matched is None
    (scope,) = explained.rules[0].scopes
    assert (scope.scope, scope.entries, scope.entry) == ("frames", 3, None)
    assert [(each.holds, each.fails_on, each.has_more) for each in scope.matchers] == [
        (0, ("app.main", "app.db", "os"), False),
        (1, ("main", "write"), False),
    ]
    assert explained.rules[0].rule == rules.rules[0]
    assert str(explained).split("\n") == [
        "line 1: module:x function:save -> a",
        "    does not match",
        "    frames: no entry of 3 satisfies all",
        "        module:x fails on 'app.main', 'app.db', 'os'",
        "        function:save holds on 1 and fails on 'main', 'write'",
        "line 2: [ app:no ] | module:os -> b",
        "    does not match",
        "    frames: no entry of 3 satisfies all",
        "        app:no of the caller fails on 'true', nothing",
        "        module:os holds on 1 and fails on 'app.main', 'app.db'",
    ]
    many = {"exception": {"values": [{"type": str(number)} for number in range(20)]}}
    text = str(FingerprintRules.parse("type:A -> a").explain(many))
    assert text.endswith("'7', ...")
    text = str(FingerprintRules.parse("type:A -> a").explain({}))
    assert text.endswith("exceptions: the event has none\n        type:A has nothing to look at")


# --- any input ----------------------------------------------------------------------

words = st.sampled_from(["a", "b", "*", "a*", "A/b", "**/b", "é", '"a b"', '"\\n"', "", "[", "yes"])
names = st.sampled_from(
    [
        *("type", "error.value", "message", "logger", "level", "module", "path", "package"),
        *("function", "app", "family", "sdk", "release", "tags.a", "thread.id", "thread.crashed"),
    ]
)
matchers = st.builds("{}{}:{}".format, st.sampled_from(["", "!"]), names, words.filter(bool))
values = st.sampled_from(
    ["a", "{{ type }}", "{{default}}", '"x y"', 'title="{{ value }}!"', "{{ tags.a }}", "é"]
)
rule_texts = st.builds(
    "{}{}{} -> {}".format,
    st.one_of(st.just(""), matchers.map("[ {} ] | ".format)),
    st.lists(matchers, min_size=1, max_size=3).map(" ".join),
    st.one_of(st.just(""), matchers.map(" | [ {} ]".format)),
    st.lists(values, min_size=1, max_size=3).map(", ".join),
)
texts = st.lists(rule_texts, max_size=6).map("\n".join)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["a", "ab", "b", "A/b", "/a/b", "é", "", "a b", "\n", "yes", "1", "native"]),
    st.text(max_size=5),
)
json_values = st.recursive(
    scalars,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=12,
)
field = st.one_of(scalars, scalars, scalars, json_values)


def objects(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Make dicts with some of these keys."""
    return st.fixed_dictionaries({}, optional=fields)


frames = objects(
    function=field,
    raw_function=field,
    module=field,
    package=field,
    abs_path=field,
    filename=field,
    platform=field,
    in_app=field,
)
traces = objects(frames=st.lists(frames, max_size=3) | field)
events = objects(
    platform=field,
    level=field,
    logger=field,
    release=field,
    transaction=field,
    logentry=objects(formatted=field, message=field) | field,
    sdk=objects(name=field) | field,
    tags=st.lists(st.lists(scalars, min_size=2, max_size=2), max_size=3) | field,
    exception=objects(
        values=st.lists(objects(type=field, value=field, stacktrace=traces), max_size=3)
    ),
    stacktrace=traces | field,
    threads=objects(
        values=st.lists(
            objects(id=field, name=field, state=field, crashed=field, stacktrace=traces),
            max_size=2,
        )
    ),
    other=json_values,
)


@given(texts)
def test_what_is_printed_parses_to_the_same(text: str) -> None:
    rules = FingerprintRules.parse(text)
    assert FingerprintRules.parse(rules.to_text()) == rules
    assert FingerprintRules.from_json(rules.to_json()) == rules
    assert FingerprintRules.parse(FingerprintRules.format(text)) == rules
    assert FingerprintRules.parse("\n".join(rule.text for rule in rules)) == rules
    assert pickle.loads(pickle.dumps(rules)).rules == rules.rules


@given(st.one_of(st.text(), st.builds("{}{}".format, texts, st.text(max_size=8))))
def test_any_text_gives_rules_or_an_error(text: str) -> None:
    try:
        found = FingerprintRules.check(text)
    except UnicodeEncodeError:  # a lone surrogate
        return
    errors = [each.details for each in found if each.severity == "error"]
    lenient = FingerprintRules.parse(text, lenient=True)
    assert [each.details for each in lenient.left_out] == errors
    if errors:
        with pytest.raises(FingerprintsError) as caught:
            FingerprintRules.parse(text)
        assert str(caught.value) == errors[0]
    else:
        assert FingerprintRules.parse(text) == lenient
    assert FingerprintRules.parse(lenient.to_text()) == lenient


@given(texts, st.one_of(events, json_values))
def test_any_event_gives_an_answer_or_an_error(text: str, event: Any) -> None:
    rules = FingerprintRules.parse(text)

    def ask(call: Callable[[], Any]) -> Any:
        try:
            return call()
        except EventError:
            return EventError

    found = ask(lambda: rules.match(event))
    explained = ask(lambda: rules.explain(event))
    line = json.dumps(event).encode()
    # A line that is not an event is an error as it is for an object, in other words.
    assert ask(lambda: rules.match_json_lines(line)) in ([found], found)
    assert ask(lambda: rules.match_many([event])) in ([found], found)
    assert (found is EventError) == (explained is EventError)
    if found is EventError:
        return
    assert explained.matched == (found and found.index)
    for each in explained.rules:
        assert each.matches == all(scope.entry is not None for scope in each.scopes)
    if found is not None:
        assert found.rule is rules.rules[found.index]
        assert list(found.resolved) == resolve(found.fingerprint, event)
        title = found.attributes.get("title")
        assert found.title == (expand_title(title, event) if title else None)
    str(explained)


# --- numbers ------------------------------------------------------------------------


def numbers_of_many_sizes() -> list[float]:
    random = Random(7)
    found: list[float] = [
        0,
        -7,
        10**30,
        -(10**25),
        2**63,
        2**64,
        0.0,
        -0.0,
        1.0,
        1e-5,
        1e16,
        5e-324,
    ]
    found += [float(f"{sign}1.25e{exponent}") for exponent in range(-323, 309) for sign in "+-"]
    found += [round(random.uniform(-1e6, 1e6), digits) for digits in range(12) for _ in range(50)]
    patterns = (random.getrandbits(64) for _ in range(3_000))
    floats = (struct.unpack("<d", bits.to_bytes(8, "little"))[0] for bits in patterns)
    return found + [each for each in floats if math.isfinite(each)]


def test_lines_may_have_events_of_the_web_api() -> None:
    frames = [{"function": "f", "absPath": "/A/b.py", "inApp": True}]
    values = [{"type": "E", "value": "v", "stacktrace": {"frames": frames}}]
    entries: list[Any] = [
        {"type": "exception", "data": {"values": values}},
        {"type": "message", "data": {"formatted": "took \ud800 1e-5"}},
    ]
    tags = [{"key": "level", "value": "fatal"}, {"key": "env", "value": "prod"}]
    web = {"eventID": "1", "platform": "python", "entries": entries, "tags": tags}
    rules = FingerprintRules.parse(
        "path:/a/*.py app:yes type:E level:fatal tags.env:prod -> web\nlogger:entries -> other"
    )
    events: list[Any] = [web, {"logger": "entries"}, {"extra": {"entries": []}, "entries": {}}, web]
    lines = "\n".join(map(json.dumps, events)).encode()
    found = [each and each.resolved for each in rules.match_json_lines(lines)]
    assert found == [("web",), ("other",), None, ("web",)]
    with pytest.raises(EventError, match="line 2"):
        rules.match_json_lines(json.dumps(web).encode() + b'\n{"entries": [}\n')


def test_numbers_are_texts_as_python_prints_them() -> None:
    rules = FingerprintRules.parse('logger:* -> "{{ logger }}"')
    numbers = numbers_of_many_sizes()
    events = [{"logger": number} for number in numbers]
    lines = "\n".join(map(json.dumps, events)).encode()
    expected = [(str(number),) for number in numbers]
    assert [found and found.resolved for found in rules.match_many(events)] == expected
    assert [found and found.resolved for found in rules.match_json_lines(lines)] == expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("1.50", "1.5"),
        ("1E2", "100.0"),
        ("1e-05", "1e-05"),
        ("-0", "0"),
        ("1" * 5_000, "1" * 5_000),
    ],
)
def test_json_can_write_a_number_in_several_ways(written: str, expected: str) -> None:
    rules = FingerprintRules.parse('tags.n:* -> "{{ tags.n }}"')
    [found] = rules.match_json_lines(f'{{"tags": {{"n": {written}}}}}'.encode())
    assert found is not None
    assert found.resolved == (expected,)


@pytest.mark.parametrize("door", ["object", "json"])
def test_a_number_that_is_not_finite_is_an_error(door: str) -> None:
    rules = FingerprintRules.parse("logger:* -> a")
    with pytest.raises(EventError, match=r"^(line 1: )?logger: "):
        rules.match({"logger": math.inf}) if door == "object" else rules.match_json_lines(
            b'{"logger": 1e400}'
        )


def test_rules_are_freed_without_an_error() -> None:
    done = run_program("free_fingerprints")
    assert (done.returncode, done.stderr) == (0, "")
