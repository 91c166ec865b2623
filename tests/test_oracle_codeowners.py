"""`is_codeowners_path_match` beside the published package's: 20,000 cases, equal results.

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

NAME = ("sentry_ophio.codeowners", "is_codeowners_path_match")
SEGMENTS = ["a", "b", "src", "a.py", "b.js", "é", "", ".", " ", "a\n", "\n", "x\\", "[a]", "#a"]
WILD = ["*", "**", "?", "*.py", "a*", "**a", "***", "s?c", "\\a", "\\*", "{a}", "!a", "[a-z]", "\\"]

segments = st.lists(st.sampled_from(SEGMENTS), max_size=5)
ends = st.sampled_from(["", "", "/", "/*", "/**", "*", "//"])
starts = st.sampled_from(["", "", "/", "**/", "*/", "//"])


@st.composite
def related(draw: st.DrawFn) -> tuple[str, str]:
    """A path and a pattern that is made from a part of it, so that many match."""
    path = draw(segments)
    first = draw(st.integers(0, len(path)))
    part = path[first : draw(st.integers(first, len(path)))]
    for at in range(len(part)):
        if draw(st.integers(0, 2)) == 0:
            part[at] = draw(st.sampled_from(["*", "**", "?", "s*", "*.py"]))
    return (
        draw(st.sampled_from(["", "/"])) + "/".join(path),
        draw(starts) + "/".join(part) + draw(ends),
    )


pattern = st.builds(
    lambda start, parts, end: start + "/".join(parts) + end,
    starts,
    st.lists(st.sampled_from(SEGMENTS + WILD), max_size=4),
    ends,
)
cases = st.one_of(
    related(),
    related(),
    st.tuples(segments.map("/".join), pattern),
    st.tuples(*[st.text(alphabet="ab/*?\\\n[]{}!#é. \0", max_size=8)] * 2),
    st.tuples(st.text(max_size=5), st.text(max_size=5)),
)


@settings(
    max_examples=20_000,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(case=cases, kinds=st.tuples(st.booleans(), st.booleans()))
def test_is_codeowners_path_match(
    published: Published, case: tuple[str, str], kinds: tuple[bool, bool]
) -> None:
    try:
        arguments = tuple(text if kind else text.encode() for text, kind in zip(case, kinds))
    except UnicodeEncodeError:  # a lone surrogate: as text it is an error of both
        arguments = case
    call: Call = (*NAME, arguments, {})
    ours = outcome(call)
    event(f"result {ours[1]}")
    assert ours == published.ask([call])[0]


@settings(max_examples=2_000, deadline=None)
@given(st.lists(st.sampled_from([b"a", b"/", b"\xff", b"\n", b"\xc3\xa9", b"\\"]), max_size=7))
def test_paths_that_are_no_text(published: Published, parts: list[bytes]) -> None:
    path = b"".join(parts)
    calls: list[Call] = [
        (*NAME, (path, pattern), {})
        for pattern in ("*", "a", "**/a", "a/**", "a/**/a", "?", "é/**", "a/*", "*/", "\\a", "")
    ]
    assert [outcome(call) for call in calls] == published.ask(calls)


@pytest.mark.parametrize(
    "arguments",
    [
        (b"\xff", "a"),
        ("a", b"\xff"),
        ("\ud800", "a"),
        ("a", "\ud800"),
        (None, "a"),
        ("a", None),
        (bytearray(b"a"), "a"),
        ("a", bytearray(b"a")),
        ("a",),
    ],
)
def test_odd_arguments(published: Published, arguments: tuple[object, ...]) -> None:
    call: Call = (*NAME, arguments, {})
    assert outcome(call) == published.ask([call])[0]
