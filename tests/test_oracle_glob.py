"""`is_glob_match` beside the published package's: 20,000 cases, equal results.

Skipped without `make oracle`.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from oracle_calls import PYTHON, Call, Published, outcome

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the published package is not installed (make oracle)"
)

# What means something to a glob, what is near it, and texts to be matched by it.
SYNTAX = ["*", "**", "?", "/", "[", "]", "[!", "{", "}", ",", "\\", "-", "\n", "^", "!", "."]
LETTERS = ["a", "b", "A", "B", "é", "É", "ß", "İ", "Σ", "0", " ", "\0"]
WHOLE = ["**/", "/**/", "/**", "[a-c]", "[!a]", "{a,b}", "{a/,*}", "[é]", "src/", "*.py", "\\*"]

patterns = st.lists(st.sampled_from(SYNTAX + LETTERS * 2 + WHOLE * 2), max_size=8).map("".join)
values = st.lists(st.sampled_from(LETTERS * 2 + ["/", "\n", "\\", "src/", ".py", "*"]), max_size=8)


@st.composite
def related(draw: st.DrawFn) -> tuple[str, str]:
    """A value and a pattern that is made from it, so that many match."""
    pieces = draw(values)
    value = "".join(pieces)
    for at in range(len(pieces)):
        if draw(st.integers(0, 3)) == 0:
            pieces[at] = draw(
                st.sampled_from(["*", "?", "??", "[!x]", f"{{x,{pieces[at]}}}", "**"])
            )
    return value, "".join(pieces)


cases = st.one_of(
    related(),
    related(),
    st.tuples(values.map("".join), patterns),
    st.tuples(st.text(max_size=5), st.text(max_size=5)),
)
flags = st.integers(0, 3).map(lambda n: n == 0)


@settings(
    max_examples=20_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
@given(
    case=cases,
    kinds=st.tuples(st.booleans(), st.booleans()),
    options=st.tuples(flags, flags, flags, flags),
)
def test_is_glob_match(
    published: Published,
    case: tuple[str, str],
    kinds: tuple[bool, bool],
    options: tuple[bool, bool, bool, bool],
) -> None:
    try:
        value, pattern = (text if kind else text.encode() for text, kind in zip(case, kinds))
    except UnicodeEncodeError:  # a lone surrogate: as text it is an error of both
        value, pattern = case
    call: Call = ("sentry_ophio.glob", "is_glob_match", (value, pattern, *options), {})
    ours = outcome(call)
    event(f"result {ours[1]}")
    assert ours == published.ask([call])[0]


@pytest.mark.parametrize(
    "arguments",
    [
        (b"\xff", "?"),
        ("a", b"\xff"),
        ("\ud800", "*"),
        ("a", "\ud800"),
        (None, "a"),
        ("a", None),
        (bytearray(b"a"), "a"),
        ("a", bytearray(b"a")),
        ("a", "a", 1),
        ("a", "a", False, False, False, "x"),
        ("a",),
        ("a", "["),
        ("a", ["a"]),
    ],
)
def test_odd_arguments(published: Published, arguments: tuple[object, ...]) -> None:
    call: Call = ("sentry_ophio.glob", "is_glob_match", arguments, {})
    assert outcome(call) == published.ask([call])[0]


def test_lower_case_of_every_character(published: Published) -> None:
    """`case_insensitive` folds text as `str.lower` does: one by one, and beside letters."""
    calls: list[Call] = []
    for code in range(0x80, 0x3000):
        char = chr(code)
        calls += [
            ("sentry_ophio.glob", "is_glob_match", (text, text.lower(), False, True), {})
            for text in (char, f"a{char}", f"{char}b")
        ]
    assert [outcome(call) for call in calls] == published.ask(calls)
