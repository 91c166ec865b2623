"""Looking into rules, their other forms, and their parts."""

from __future__ import annotations

import base64
import copy
import pickle
import zlib
from typing import Any

import msgpack
import pytest
from frame_fields import frame
from hypothesis import given
from hypothesis import strategies as st
from oracle_calls import PYTHON, Published

from sentry_ophio.enhancers import Cache, Enhancements, FlagAction, Matcher, Rule, VarAction
from sentry_ophio.exceptions import EnhancementsError, InvalidArgumentError, LimitError

TEXT = """\
# own rules
  stack.function:"a b"  ^-group category=x  # why

[ module:m ] | type:E !path:**/x | [ app:no ] max-frames=3
family:native,other v+app
"""


def parse(text: str, source: str | None = None) -> Enhancements:
    return Enhancements.parse(text, Cache(0), source=source)


def test_rules_are_told() -> None:
    rules = parse(TEXT, "my.rules").rules
    assert rules[0] == Rule(
        'stack.function:"a b"  ^-group category=x  # why',
        "function:a b ^-group category=x",
        2,
        "my.rules",
        (Matcher("function", "a b", False, "frame"),),
        (
            FlagAction("group", False, "up", "^-group"),
            VarAction("category", "x", "category=x"),
        ),
    )
    assert rules[1].matchers == (
        Matcher("type", "E", False, "exception"),
        Matcher("module", "m", False, "caller"),
        Matcher("path", "**/x", True, "frame"),
        Matcher("app", "no", False, "callee"),
    )
    assert rules[1].actions == (VarAction("max-frames", 3, "max-frames=3"),)
    assert (rules[2].line, rules[2].actions[0].value) == (5, True)
    assert len(parse(TEXT)) == len(rules) == 3


def test_rules_know_their_source_after_extending() -> None:
    rules = parse("function:a +app", "a")
    rules.extend_from(parse("\nfunction:b +app", "b"))
    rules.extend_from(Enhancements.from_config_structure(rules.to_config_structure(), Cache(0)))
    assert [(each.source, each.line, each.text) for each in rules.rules] == [
        ("a", 1, "function:a +app"),
        ("b", 2, "function:b +app"),
        (None, None, "function:a +app"),
        (None, None, "function:b +app"),
    ]


def test_a_lenient_parse_does_not_know_lines() -> None:
    rules = Enhancements.parse("function:a +prefix\nfunction:b +app", Cache(0), lenient=True)
    assert [(each.line, each.text) for each in rules.rules] == [(None, "function:b +app")]


names = ["function", "module", "package", "path", "category", "type", "value", "family", "app"]
arguments = st.text(alphabet='ab*?[]{}\\" \t/.!,#é', max_size=6)
matchers = st.builds(
    lambda bang, name, text: f'{bang}{name}:"{text}"',
    st.sampled_from(["", "!"]),
    st.sampled_from(names),
    arguments.filter(lambda text: '"' not in text),
)
actions = st.sampled_from(
    [
        "+app",
        "^-app",
        "v+group",
        "-group",
        "category=x",
        "category=a.b-c",
        "max-frames=2",
        "min-frames=18446744073709551615",
        "invert-stacktrace=yes",
    ]
)
lines = st.builds(
    lambda caller, plain, callee, does: " ".join([caller, *plain, callee, *does]),
    st.one_of(st.just(""), matchers.map("[ {} ] |".format)),
    st.lists(matchers, min_size=1, max_size=3),
    st.one_of(st.just(""), matchers.map("| [ {} ]".format)),
    st.lists(actions, min_size=1, max_size=3),
)
texts = st.lists(lines, max_size=5).map("\n".join)


def valid(text: str) -> Enhancements | None:
    try:
        return parse(text)
    except EnhancementsError:  # a pattern for the exception that is not valid
        return None


@given(texts)
def test_rules_survive_every_form(text: str) -> None:
    rules = valid(text)
    if rules is None:
        return
    assert parse(rules.to_text()) == rules
    for version in (2, 3):
        binary = rules.to_config_structure(version)
        again = Enhancements.from_config_structure(binary, Cache(0))
        assert again == rules
        assert hash(again) == hash(rules)
    for twin in (pickle.loads(pickle.dumps(rules)), copy.copy(rules), copy.deepcopy(rules)):
        assert twin == rules
        assert hash(twin) == hash(rules)
        assert twin.rules == rules.rules
    classifier, contributes = rules.split()
    assert len(classifier) + len(contributes) >= len(rules)
    for part in (classifier, contributes, rules.for_profiling()):
        assert parse(part.to_text()) == part


def test_the_binary_form_of_plain_rules_is_the_same_rules() -> None:
    text = "function:a path:**/b/** -app category=x\nfamily:native module:c ^-group\napp:1 -group"
    rules = parse(text)
    assert Enhancements.from_config_structure(rules.to_config_structure(), Cache(0)) == rules


def test_config_structures_have_bases() -> None:
    data = parse("function:a +app").to_config_structure(2, ["first", "second"])
    version, bases, _ = msgpack.unpackb(data)
    assert (version, bases) == (2, ["first", "second"])
    for version in (1, 4, -1, 2**64):
        with pytest.raises(EnhancementsError, match="version"):
            parse("").to_config_structure(version)
    with pytest.raises(InvalidArgumentError):
        parse("").to_config_structure(3, ["a\nb"])


@pytest.mark.skipif(not PYTHON.exists(), reason="`make oracle` installs the published package")
@given(texts, st.sampled_from([2, 3]))
def test_the_published_package_reads_what_we_write(
    published: Published, text: str, version: int
) -> None:
    """And its rules do the same; but it cannot read the family `other`."""
    rules = valid(text)
    if rules is None or "family" in text:
        return
    binary = rules.to_config_structure(version)
    frames = [
        frame(function=name, module=b"a", path=b"/a/b.a") for name in (b"a", b"ab", b"b", None)
    ]
    error = {"ty": b"a", "value": b"b", "mechanism": None}
    ours = Enhancements.from_config_structure(binary, Cache(0))
    answer = published.ask([("oracle_calls", "applied", (binary, frames, error), {})])[0]
    assert answer == ("ok", ours.apply_modifications_to_frames(frames, error))


def test_rules_are_equal_by_what_they_mean() -> None:
    assert parse("stack.function:a  +app # x") == parse("function:a +app")
    assert parse("app:yes family:native,javascript +app") == parse(
        "app:1 family:javascript,native +app"
    )
    assert parse("app:yes +app") != parse("app:no +app")
    assert parse("function:a +app") != parse("function:a -app")
    assert parse("function:a +app") != "function:a +app"
    one, two = parse("function:a +app"), parse("function:b +app")
    one.extend_from(two)
    assert one == parse("function:a +app\nfunction:b +app")
    twin = copy.copy(two)
    twin.extend_from(one)
    assert len(two) == 1


def test_rules_that_no_text_can_hold() -> None:
    data: Any = msgpack.unpackb(parse("function:_X_ +app").to_config_structure())
    binary = msgpack.packb(data).replace(b"_X_", b'" _')
    rules = Enhancements.from_config_structure(binary, Cache(0))
    with pytest.raises(EnhancementsError, match=r"rule 0 .* cannot be written as text"):
        rules.to_text()
    assert pickle.loads(pickle.dumps(rules)) == rules


def test_parts() -> None:
    rules = parse(TEXT + "path:a -app\nfunction:b -app -group")
    classifier, contributes = rules.split()
    assert classifier.to_text() == (
        'function:"a b" category=x\nfamily:native,other v+app\npath:a -app\nfunction:b -app\n'
    )
    assert contributes.to_text() == (
        'function:"a b" ^-group\n[ module:m ] | type:E !path:**/x | [ app:no ] max-frames=3\n'
        "function:b -group\n"
    )
    assert rules.for_profiling().to_text() == "path:a -app\n"


@pytest.mark.parametrize(
    "text",
    [
        "path:a -app",
        "stack.abs_path:a module:b package:c function:d +app",
        "!path:a -app",
        "path:a !module:b -app",
        'function:"a b" -app',
        'function:"a module" -app',
        'function:" a" -app',
        'function:"a" -app',
        "family:native -app",
        "path:a -group",
        "path:a ^-app",
        "path:a -app -group",
        "[ path:a ] | path:b -app",
        "path:a category=x",
        "type:a -app",
    ],
)
def test_rules_for_profiling_are_those_that_check_accepts(text: str) -> None:
    ignored = [each for each in Enhancements.check(text, profiling=True) if each.code == "OPH115"]
    assert len(parse(text).for_profiling()) == (not ignored)


@given(texts)
def test_rules_survive_being_stored(text: str) -> None:
    rules = valid(text)
    if rules is not None:
        again = Enhancements.from_base64(rules.to_base64(), Cache(0))
        assert again.to_config_structure() == rules.to_config_structure()


def test_stored_forms_are_joined_and_may_be_of_zlib() -> None:
    first, second = parse("function:a +app"), parse("function:b -app")
    older = base64.urlsafe_b64encode(zlib.compress(first.to_config_structure(2))).decode()
    joined = f"{older}#{second.to_base64()}#{older.rstrip('=')}"
    rules = Enhancements.from_base64(joined, Cache(0))
    assert rules.to_text() == "function:a +app\n"  # the other parts say the same


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be decompressed"),
        ("%", "not base64"),
        ("a#b#c#d", "at most 3"),
        (base64.urlsafe_b64encode(zlib.compress(b"\xc1")).decode(), "config structure"),
    ],
)
def test_bad_stored_forms_are_refused(text: str, says: str) -> None:
    with pytest.raises(EnhancementsError, match=says):
        Enhancements.from_base64(text, Cache(0))


def test_a_stored_form_does_not_explode() -> None:
    bomb = base64.urlsafe_b64encode(zlib.compress(bytes(2**26 + 1))).decode()
    with pytest.raises(LimitError, match="limit `rule_bytes` is 8388608"):
        Enhancements.from_base64(bomb, Cache(0))
