"""`sentry_ophio.parameterization`, with Python's `re` as the oracle."""

from __future__ import annotations

import os
import pickle
import random
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from conftest import run_program
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from sentry_ophio import parameterization
from sentry_ophio.exceptions import (
    ArgumentTypeError,
    HandleClosedError,
    InvalidArgumentError,
    LimitError,
    OphioError,
    PatternError,
)
from sentry_ophio.parameterization import DEFAULT_PATTERNS, Match, Parameterizer, Pattern

if TYPE_CHECKING:
    from pathlib import Path

ANY: Any = parameterization
DEFAULTS = Parameterizer()

# --- the examples -------------------------------------------------------------------


@pytest.fixture(scope="module")
def examples(source_tree: Path) -> dict[str, tuple[list[str], list[str]]]:
    """The table in docs/parameterization.md: for each kind, what matches and what does not."""
    page = (source_tree / "docs" / "parameterization.md").read_text("utf-8")
    table = page.partition("<!-- examples: begin -->")[2].partition("<!-- examples: end -->")[0]
    found = {}
    for section in table.split("### ")[1:]:
        kind = section.partition("`")[2].partition("`")[0]
        yes, no = re.findall(r"^```text\n(.*?)\n```$", section, re.DOTALL | re.MULTILINE)
        found[kind] = yes.split("\n"), no.split("\n")
    return found


def test_each_kind_has_examples(examples: dict[str, tuple[list[str], list[str]]]) -> None:
    assert list(examples) == [pattern.name for pattern in DEFAULT_PATTERNS]
    for kind, (yes, no) in examples.items():
        assert len(yes) >= 15, kind
        assert len(no) >= 15, kind


@pytest.mark.parametrize("kind", [pattern.name for pattern in DEFAULT_PATTERNS])
def test_the_examples_of_a_kind(
    kind: str, examples: dict[str, tuple[list[str], list[str]]]
) -> None:
    matching, not_matching = examples[kind]
    alone = Parameterizer(only=[kind])
    for text in matching:
        marked = text if "«" in text else f"«{text}»"
        for before in marked.split("«")[1:]:
            value = before.partition("»")[0]
            plain = marked.replace("«", "").replace("»", "")
            found = [(match.kind, plain[match.start : match.end]) for match in DEFAULTS.find(plain)]
            assert (kind, value) in found, text
    for text in (text.replace(r"\n", "\n") for text in not_matching):
        assert alone.parameterize(text) == text
        assert alone.find(text) == []


# --- Python's re --------------------------------------------------------------------


def by_re(patterns: list[Pattern]) -> re.Pattern[str]:
    # A comment of a regex ends with it.
    joined = "|".join(f"(?P<{pattern.name}>{pattern.regex}\n)" for pattern in patterns)
    return re.compile(joined, re.VERBOSE)


def same_as_re(patterns: list[Pattern], texts: list[str]) -> None:
    """Compare all answers with those of `re`."""
    oracle = by_re(patterns)
    here = Parameterizer(patterns)
    expected = [oracle.sub(lambda match: f"<{match.lastgroup}>", text) for text in texts]
    # `lastgroup` is that of the last group that closed, and each regex is in such a group.
    assert here.parameterize_many(texts) == expected
    for text, replaced in zip(texts, expected):
        assert here.parameterize(text) == replaced
        matches = [Match(_kind(match), *match.span()) for match in oracle.finditer(text)]
        assert here.find(text) == matches
        counts: dict[str, int] = {}
        for match in matches:
            counts[match.kind] = counts.get(match.kind, 0) + 1
        assert here.counts(text) == counts


def _kind(match: re.Match[str]) -> str:
    kind = match.lastgroup
    assert kind is not None
    return kind


# Characters whose case, class or width is special, and those of values.
TEXT = st.text("ab1é \n\t_-.:=kKs\u017f\u0131İ\u212a٣\u0301\u2003€😀\u00b5", max_size=14)
PIECES = st.lists(
    st.sampled_from(
        [
            *("user@example.com", "http://a.b/c", "10.0.0.7", "::1", "1:2", "3.14", "1e5", "-7"),
            *("0x1f", "deadbee1", "a93c7d2", "x1y2z3", "='q'", "=true", "15ms", "2020-01-02"),
            *("T03:04:05Z", "7c1811ed-e98f-4c9c-a9f9-58c757ff494f", "00-", "a.a.a.", "0:0:"),
            *(" ", " ", "\n", "é", "_", ",", "(", "\u2003", "٣", "x"),
        ]
    ),
    max_size=12,
).map("".join)

CHARACTERS = st.sampled_from(
    [
        *("a", "b", "1", "k", "s", "é", "_", "-", r"\ ", r"\n", r"\.", "=", "😀", r"\u20ac"),
        *(".", r"\w", r"\W", r"\d", r"\D", r"\s", r"\S", "[ab]", "[^a1]", "[a-k]", r"[\w-]"),
        *(r"[^\W\d_]", r"(?i:k)", r"(?i:[a-s])", r"(?a:\w)", r"(?s:.)", r"(?ia:s)"),
    ]
)
ANCHORS = st.sampled_from(["^", "$", r"\b", r"\B", r"\A", r"\Z", "(?m:^)", "(?m:$)", r"(?a:\b)"])
# Of the same width on each side of a `|`.
BEHIND = st.one_of(
    CHARACTERS,
    st.tuples(CHARACTERS, CHARACTERS).map("".join),
    st.tuples(CHARACTERS, CHARACTERS).map("|".join),
    ANCHORS.flatmap(lambda anchor: CHARACTERS.map(lambda char: anchor + char)),
)
REPEATS = ["*", "+", "?", "{2}", "{1,2}", "{,2}", "{0,3}"]
MODES = ["", "?", *(["+"] if sys.version_info >= (3, 11) else [])]


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    atomic = [inner.map("(?>{})".format)] if sys.version_info >= (3, 11) else []
    return st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda ways: f"(?:{'|'.join(ways)})"),
        st.tuples(inner, st.sampled_from(REPEATS), st.sampled_from(MODES)).map(
            lambda it: f"(?:{it[0]}){it[1]}{it[2]}"
        ),
        inner.map("({})".format),
        inner.map("(?={})".format),
        inner.map("(?!{})".format),
        inner.map("(?i:{})".format),
        inner.map("{} # a comment\n ".format),
        BEHIND.map("(?<={})".format),
        BEHIND.map("(?<!{})".format),
        *atomic,
    )


REGEX = st.recursive(st.one_of(CHARACTERS, CHARACTERS, ANCHORS), _larger, max_leaves=8)


@given(st.lists(st.one_of(PIECES, TEXT, st.text(max_size=20)), max_size=8))
def test_the_default_patterns_match_as_in_re(texts: list[str]) -> None:
    assume(not any("\ud800" <= char <= "\udfff" for text in texts for char in text))
    if sys.version_info[:2] != (3, 11):  # `\w` is that of Unicode 14.0
        texts = [text for text in texts if all(ord(char) < 0x2FF for char in text)]
    same_as_re(list(DEFAULT_PATTERNS), texts)


@settings(max_examples=100 if os.environ.get("OPHIO_QUICK") else 500)
@given(st.lists(REGEX, min_size=1, max_size=4), st.lists(TEXT, max_size=4))
@example(["a|ab", "b"], ["abab"])
@example(["(?:a?)*", "1"], ["aa1", ""])
@example([r"(?<![0-9a-zA-Z_])a(?=[a-f]*[0-9])"], ["ab1 aab1", "ab"])
def test_any_patterns_match_as_in_re(regexes: list[str], texts: list[str]) -> None:
    patterns = [Pattern(f"p{number}", regex) for number, regex in enumerate(regexes)]
    try:
        by_re(patterns)
    except re.error:
        assume(False)
    if sys.version_info >= (3, 14):
        texts = [text for text in texts if text]  # `\B` matches in an empty one
    same_as_re(patterns, texts)


def pieces_of(examples: dict[str, tuple[list[str], list[str]]]) -> list[str]:
    """Return the texts of all examples, with the marks of values removed."""
    texts = [text for both in examples.values() for each in both for text in each]
    return [text.replace("«", "").replace("»", "").replace(r"\n", "\n") for text in texts]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("line_feeds", [False, True])
def test_long_texts_match_as_in_re(
    seed: int, line_feeds: bool, examples: dict[str, tuple[list[str], list[str]]]
) -> None:
    """A long text is read in another way than a short one, and so is one with line feeds."""
    rng = random.Random(seed)
    pieces = pieces_of(examples)
    if not line_feeds:
        pieces = [piece for piece in pieces if "\n" not in piece]
    between = ["", " ", " ", ", ", "=", "\t", *(["\n", "\r\n"] if line_feeds else [])]
    size = rng.randrange(20_000, 80_000)
    made: list[str] = []
    while sum(map(len, made)) < size:
        made += [text for _ in range(100) for text in (rng.choice(pieces), rng.choice(between))]
    same_as_re(list(DEFAULT_PATTERNS), ["".join(made)])


@pytest.mark.parametrize("prefix", ["a.a.a.", "0:0:", "1.1.", "a-", "00-", "deadbee1-", "é.a@"])
def test_texts_that_look_like_a_value_everywhere_match_as_in_re(prefix: str) -> None:
    text = prefix * (4_000 // len(prefix))
    same_as_re(list(DEFAULT_PATTERNS), [text, f"{text} 7", f"{text}@example.com", f"x\n{text}\n7"])


def test_repeated_beginnings_of_values_match_as_in_re(
    examples: dict[str, tuple[list[str], list[str]]],
) -> None:
    rng = random.Random(0)
    beginnings = [text[: rng.randint(1, len(text))] for text in pieces_of(examples) if text]
    texts = [text * (400 // len(text) + 1) for text in beginnings]
    same_as_re(list(DEFAULT_PATTERNS), [*texts, *(f"{text}\n{text} 7" for text in texts)])


def test_the_time_is_linear() -> None:
    """Python takes 82 ms for the first 8,000 characters, and four times as long for twice."""
    text = "a.a.a." * 170_000
    begun = time.process_time()
    DEFAULTS.parameterize(text)
    assert time.process_time() - begun < 10


# --- what the module promises -------------------------------------------------------


def test_patterns_and_names() -> None:
    patterns = [Pattern("a", "x+"), ("b", "y")]
    both = Parameterizer(patterns)
    assert both.patterns == (Pattern("a", "x+"), Pattern("b", "y"))
    assert both.parameterize("xxyz") == "<a><b>z"
    only = Parameterizer(iter(patterns), only=iter(["b"]))
    assert only.patterns == (Pattern("b", "y"),)
    assert only.parameterize("xxyz") == "xx<b>z"
    assert only.find("xxyz") == [Match("b", 2, 3)]
    assert only.counts("yxy") == {"b": 2}
    assert Parameterizer([]).parameterize("x 7") == "x 7"
    assert Parameterizer(only=[]).parameterize("x 7") == "x 7"
    assert DEFAULTS.patterns == DEFAULT_PATTERNS


def test_many_texts() -> None:
    assert DEFAULTS.parameterize_many([]) == []
    texts = ["", "7", "é 7", "x" * 70_000, "took 15ms\nand 3"]
    assert DEFAULTS.parameterize_many(iter(texts)) == [*map(DEFAULTS.parameterize, texts)]
    assert DEFAULTS.counts(texts) == {"duration": 1, "int": 3}
    assert DEFAULTS.counts([]) == {}
    # Characters, not bytes.
    assert DEFAULTS.find("é😀 7") == [Match("int", 3, 4)]
    assert DEFAULTS.parameterize("a\0 7") == "a\0 <int>"


@pytest.mark.parametrize("count", [1, 500, 1_023, 1_024, 1_025, 2_047, 2_048, 2_049, 9_000])
def test_texts_of_any_length(count: int) -> None:
    """The short form of the call has a buffer of 4,096 bytes."""
    assert DEFAULTS.parameterize("7 " * count) == "<int> " * count
    assert DEFAULTS.parameterize("é" * count) == "é" * count
    assert DEFAULTS.parameterize("é" * count + " 7") == "é" * count + " <int>"
    assert DEFAULTS.parameterize("a\0" * count + " 7") == "a\0" * count + " <int>"


@pytest.mark.parametrize("wrong", [1, 1.5, None, b"a", ["a"], {"a": 1}, datetime(2020, 1, 2)])
def test_each_of_many_texts_is_a_str(wrong: Any) -> None:
    message = f"text 1 must be a str, not {type(wrong).__name__}"
    with pytest.raises(ArgumentTypeError, match=message):
        DEFAULTS.parameterize_many(["a", wrong])
    with pytest.raises(ArgumentTypeError, match=message):
        DEFAULTS.counts(["a", wrong])


class Text(str):
    """A text of another type."""

    __slots__ = ()


def test_find_many_finds_what_find_finds() -> None:
    texts = ["é took 15ms", "", "none", "1 " * 40_000, "a\0 7"]
    assert DEFAULTS.find_many(texts) == [DEFAULTS.find(text) for text in texts]
    assert DEFAULTS.find_many([]) == []
    with pytest.raises(TypeError, match="text 1 must be a str"):
        DEFAULTS.find_many(["a", 1])  # type: ignore[list-item]


def test_the_default_patterns_are_compiled_at_first_use() -> None:
    done = run_program("default_patterns")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_text_without_a_match_is_returned_itself() -> None:
    for text in ("none at all", "é", "a-b", "x" * 5_000):
        assert DEFAULTS.parameterize(text) is text or len(text) > 4_096


def test_a_subclass_of_str_is_a_text() -> None:
    assert DEFAULTS.parameterize(Text("7")) == "<int>"
    assert DEFAULTS.parameterize_many([Text("7")]) == ["<int>"]
    assert DEFAULTS.counts(Text("7")) == {"int": 1}
    assert Parameterizer([(Text("a"), Text("x"))], [Text("a")]).parameterize("x") == "<a>"


def test_is_linear() -> None:
    assert all(pattern.is_linear for pattern in DEFAULT_PATTERNS)
    assert Pattern("x", r"(?<=a)b*+(?!c)").is_linear
    assert not Pattern("x", r"(?<=\ba)b").is_linear
    with pytest.raises(PatternError):
        Pattern("x", "(").is_linear  # noqa: B018


BAD_PATTERNS = [
    ([("a", "x"), ("b", "y(")], {}, 1, 1, 'pattern "b": missing ), unterminated subpattern'),
    ([("a", r"é\1")], {}, 0, 1, "a"),
    ([("a", "*")], {}, 0, 0, "nothing to repeat"),
    ([("a b", "x")], {}, 0, None, "not an identifier"),
    ([("a", "x"), ("a", "y")], {}, 1, None, "a pattern before has this name"),
    ([("a", "x")], {"only": ["b"]}, 1, None, "`only` has this name"),
    ([("a", "x")] * 3, {"max_patterns": 2}, 2, None, "the limit is 2"),
    ([("a", "xxx")], {"max_regex_bytes": 2}, 0, None, "the limit is 2"),
    ([("a", "x{100}")], {"max_operations": 50}, 0, None, "more than 50 operations"),
]


@pytest.mark.parametrize(("patterns", "options", "number", "position", "message"), BAD_PATTERNS)
def test_patterns_that_are_not_valid(
    patterns: Any, options: Any, number: int, position: int | None, message: str
) -> None:
    with pytest.raises(PatternError) as caught:
        Parameterizer(patterns, **options)
    assert (caught.value.number, caught.value.position) == (number, position)
    assert message in str(caught.value)
    assert isinstance(caught.value, (OphioError, ValueError))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.number, again.position, str(again)) == (number, position, str(caught.value))


BAD_ARGUMENTS = [
    (
        lambda: ANY.Parameterizer("ab"),
        ArgumentTypeError,
        "patterns must be an iterable of patterns",
    ),
    (lambda: ANY.Parameterizer(["ab"]), ArgumentTypeError, "pattern 0 must be a Pattern"),
    (lambda: ANY.Parameterizer([("a",)]), ArgumentTypeError, "pattern 0 must be a Pattern"),
    (lambda: ANY.Parameterizer([("a", 1)]), ArgumentTypeError, "the regex of pattern 0"),
    (lambda: ANY.Parameterizer([(b"a", "x")]), ArgumentTypeError, "the name of pattern 0"),
    (lambda: ANY.Parameterizer(only="int"), ArgumentTypeError, "only must be an iterable of names"),
    (lambda: ANY.Parameterizer(only=[1]), ArgumentTypeError, "a name in only must be a str"),
    (lambda: ANY.Parameterizer(max_steps=0), InvalidArgumentError, "max_steps must be 1 or more"),
    (lambda: ANY.Parameterizer(max_steps="1"), ArgumentTypeError, "max_steps must be an int"),
    (lambda: ANY.DEFAULTS, AttributeError, "DEFAULTS"),
    (lambda: DEFAULTS.parameterize(ANY), ArgumentTypeError, "text must be a str, not module"),
    (lambda: DEFAULTS.find(ANY), ArgumentTypeError, "text must be a str, not module"),
    (lambda: DEFAULTS.parameterize_many("ab"), ArgumentTypeError, "an iterable of texts"),
    (lambda: DEFAULTS.parameterize_many(["a", ANY]), ArgumentTypeError, "text 1 must be a str"),
    (lambda: DEFAULTS.counts([ANY]), ArgumentTypeError, "text 0 must be a str"),
    (lambda: DEFAULTS.parameterize("\ud800"), UnicodeEncodeError, "surrogate"),
    (lambda: DEFAULTS.parameterize_many(["\ud800"]), UnicodeEncodeError, "surrogate"),
    (lambda: DEFAULTS.find("\ud800"), UnicodeEncodeError, "surrogate"),
    (lambda: DEFAULTS.counts("\ud800"), UnicodeEncodeError, "surrogate"),
    (lambda: Parameterizer([("a", "\ud800")]), UnicodeEncodeError, "surrogate"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD_ARGUMENTS)
def test_bad_arguments(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_limits_on_texts() -> None:
    short = Parameterizer(max_text_bytes=4)
    assert short.parameterize("é 7") == "é <int>"
    for call in (short.parameterize, short.find, short.counts):
        with pytest.raises(LimitError, match="the text has 5 bytes, the limit `text_bytes` is 4"):
            call("12345")
    with pytest.raises(LimitError, match="text 1: the text has 5 bytes"):
        short.parameterize_many(["1", "12345"])
    slow = Parameterizer([("a", "(?>a+b|a)*c$")], max_steps=100, max_steps_per_byte=1)
    with pytest.raises(LimitError, match='pattern "a" took more than'):
        slow.parameterize("a" * 200 + "cx")


def test_use_after_close() -> None:
    closed = Parameterizer()
    closed.close()
    for call in (closed.parameterize, closed.find, closed.counts):
        with pytest.raises(HandleClosedError):
            call("a")
    with pytest.raises(HandleClosedError):
        closed.parameterize_many(["a"])
    with Parameterizer() as opened:
        assert opened.parameterize("7") == "<int>"
    assert opened.closed


LISTS = [
    Parameterizer(),
    Parameterizer(only=["int"]),
    Parameterizer(max_text_bytes=100),
    Parameterizer([("a", "x")]),
    Parameterizer([("a", "y")]),
    Parameterizer([("a", "x"), ("b", "y")], only=["b"], max_steps=5),
]


def test_equality_repr_and_pickle() -> None:
    names = {"Parameterizer": Parameterizer, "Pattern": Pattern}
    for number, one in enumerate(LISTS):
        for again in (pickle.loads(pickle.dumps(one)), eval(repr(one), names)):
            assert again == one
            assert hash(again) == hash(one)
            assert again.parameterize("x 7 y") == one.parameterize("x 7 y")
        assert [one == other for other in LISTS] == [number == at for at in range(len(LISTS))]
    assert DEFAULTS != "a"
    assert repr(LISTS[5]) == (
        "Parameterizer([Pattern(name='a', regex='x'), Pattern(name='b', regex='y')], "
        "only=['b'], max_steps=5)"
    )
    with pytest.raises(AttributeError):
        DEFAULTS.text = 1  # type: ignore[attr-defined]


def test_threads_share_a_list() -> None:
    texts = [f"user {number} took {number}ms at 10.0.0.{number}" for number in range(200)]
    expected = ["user <int> took <duration> at <ip>"] * len(texts)
    with ThreadPoolExecutor(8) as pool:
        for done in pool.map(lambda _: [*map(DEFAULTS.parameterize, texts)], range(16)):
            assert done == expected
        for done in pool.map(lambda _: DEFAULTS.parameterize_many(texts), range(16)):
            assert done == expected
