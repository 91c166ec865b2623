"""The published package as an oracle: the same cases give the same results.

`make oracle` installs it into an environment of its own; without that these tests
are skipped. OPHIO_ORACLE names the Python of another environment.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgpack
import pytest
from conftest import run_program
from frame_fields import EXCEPTION_FIELDS, FRAME_FIELDS, NO_EXCEPTION, TEXT_FIELDS
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st
from oracle_case import Box, Case, Number, Outcome, run

from sentry_ophio import enhancers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
SHARED = ROOT.parent / "shared" / "data"
PYTHON = Path(os.environ.get("OPHIO_ORACLE", ROOT / ".venv-oracle" / "bin" / "python"))

pytestmark = pytest.mark.skipif(
    not PYTHON.exists(), reason="the published package is not installed (make oracle)"
)

# 10,000 in all, over the four tests below.
WELL_FORMED, MALFORMED, BINARY, BAD_FRAMES = 4_000, 2_500, 2_000, 1_500


class Oracle:
    """The other process. It is started again when a case has killed it."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [str(PYTHON), str(TESTS / "oracle_worker.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where its panics are printed
            env={**os.environ, "RUST_BACKTRACE": "0"},
        )

    def ask(self, cases: Sequence[Case]) -> list[list[Outcome]] | None:
        """Run cases; None if the process died of it."""
        if self.process is None:
            self.process = self.start()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        try:
            pickle.dump(cases, self.process.stdin)
            self.process.stdin.flush()
            answer: list[list[Outcome]] = pickle.load(self.process.stdout)
        except (EOFError, BrokenPipeError):
            self.stop()
            return None
        return answer

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    oracle = Oracle()
    yield oracle
    oracle.stop()


def compare(ours: list[Outcome], theirs: list[Outcome], texts: bool = False) -> None:
    """Assert that outcomes are equal: results, or the type of the exception.

    Args:
        ours: What our package made of a case.
        theirs: What the published one made of it.
        texts: Whether the texts of errors must be equal as well.
    """
    assert len(ours) == len(theirs)
    for our, their in zip(ours, theirs):
        if their[0] == "ok":
            assert our == their
            continue
        assert our[0] == "error", f"theirs: {their}"
        event(f"raises {their[1][0]}")
        if their[1][0] == "PanicException":
            assert "RuntimeError" in our[1]
        else:
            assert their[1][0] in our[1], f"theirs: {their}, ours: {our}"
            assert not texts or our[2] == their[2]


def check(oracle: Oracle, case: Case, texts: bool = False) -> None:
    answer = oracle.ask([case])
    assert answer is not None, "the published package died: a new known fault?"
    compare(run(enhancers, case), answer[0], texts)


# --- what cases are made of ---------------------------------------------------------

# Few different words, so that rules and frames meet.
WORDS = [
    "a",
    "ab",
    "abc",
    "foo",
    "foo::bar",
    "Foo",
    "b/c",
    "/b/c",
    "b/c/d.py",
    "\\x\\y",
    "é",
    "a\nb",
]
GLOBS = [
    *WORDS,
    *("{a,{b,foo}}", "a}", "{a}}"),
    *(
        "*",
        "a*",
        "*b",
        "*o*",
        "foo::*",
        "**/c",
        "b/**",
        "**/c/*",
        "/b/*",
        "?",
        "??",
        "a?c",
        "[ab]*",
    ),
    *(
        "[!a]*",
        "[^f]oo",
        "{a,b}*",
        "**.py",
        "*.{py,js}",
        "[a",
        "{a",
        "a}",
        "\\*",
        "[]]",
    ),
    *(
        "**a",
        "a**",
        "**/**",
        "***",
        "{,a}",
        "/**",
        "**/",
        "[a-c]",
        "[c-a]",
        "x\\\\y",
        "*[!/]",
        "é*",
        "[é]",
    ),
]
FAMILIES = ["native", "javascript", "other", "all", "native,javascript", "nonsense", "", "all,x"]
NAMES = {
    **dict.fromkeys(("function", "module", "package", "path", "category"), GLOBS),
    **{f"stack.{name}": GLOBS for name in ("function", "module", "package", "abs_path")},
    **dict.fromkeys(("type", "value", "mechanism", "error.type", "error.value"), GLOBS),
    "error.mechanism": GLOBS,
    "family": FAMILIES,
    "app": ["1", "0", "yes", "no", "true", "false", "maybe"],
}

matchers = st.sampled_from(sorted(NAMES)).flatmap(
    lambda name: st.builds(
        "{}{}:{}".format,
        st.sampled_from(["", "", "!"]),
        st.just(name),
        st.sampled_from(NAMES[name]).map(
            lambda value: f'"{value}"' if any(c in value for c in ' "\n') or not value else value
        ),
    )
)
actions = st.one_of(
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["", "", "^", "v"]),
        st.sampled_from("+-"),
        st.sampled_from(["app", "group"]),
    ),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["max-frames", "min-frames"]),
        st.sampled_from(["=", " = "]),
        st.integers(0, 4),
    ),
    st.sampled_from(["invert-stacktrace=1", "invert-stacktrace=no", "category=a", "category=foo"]),
)


@st.composite
def rule_texts(draw: st.DrawFn) -> str:
    """One rule."""
    parts = []
    if draw(st.integers(0, 4)) == 0:
        parts.append(f"[ {draw(matchers)} ] |")
    parts += draw(st.lists(matchers, min_size=1, max_size=3))
    if draw(st.integers(0, 4)) == 0:
        parts.append(f"| [ {draw(matchers)} ]")
    parts += draw(st.lists(actions, min_size=1, max_size=3))
    if draw(st.integers(0, 9)) == 0:
        parts.append("# why")
    return " ".join(parts).replace("\n", "")


rule_lists = st.lists(rule_texts(), max_size=8).map("\n".join)
texts = st.none() | st.sampled_from([word.encode() for word in WORDS])
frames = st.lists(
    st.fixed_dictionaries(
        {
            **dict.fromkeys(TEXT_FIELDS, texts),
            "family": st.none() | st.sampled_from([word.encode() for word in FAMILIES]),
            "in_app": st.sampled_from([None, True, False]),
            "orig_in_app": st.sampled_from([None, 0, 1, -1, 127, -128, True]),
        }
    ),
    max_size=6,
)
exceptions = st.fixed_dictionaries(dict.fromkeys(EXCEPTION_FIELDS, texts))
contributes = st.lists(st.sampled_from([None, True, False]), max_size=8)

quick = [HealthCheck.too_slow, HealthCheck.data_too_large]


# --- 10,000 cases -------------------------------------------------------------------


@settings(max_examples=WELL_FORMED, deadline=None, suppress_health_check=quick)
@given(
    st.builds(
        Case,
        rules=st.lists(rule_lists, min_size=1, max_size=2),
        frames=frames,
        exception=exceptions,
        contributes=contributes,
        cache=st.sampled_from([0, 1, 100]),
        same_twice=st.integers(0, 30).map(lambda n: n == 0),
    )
)
def test_rules_and_frames(oracle: Oracle, case: Case) -> None:
    check(oracle, case, texts=False)


NOISE = [
    *("[", "]", "|", "!", '"', "#", ":", "=", " ", "\t", "\r", "\n", "\\", "+", "-", "^", "v", "é"),
    *(
        "app",
        "+app",
        "max-frames",
        "family:",
        "function",
        "stack.",
        "error.",
        "x:y",
        "category",
        "\x0b",
    ),
    *("\u00a0", "sentinel", "99999999999999999999", "-1", "yes", "{", "*", "\x00"),
]


@st.composite
def broken_rules(draw: st.DrawFn) -> str:
    """A rule of which something was cut out, or into which something was put."""
    text = draw(rule_texts())
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        stop = draw(st.integers(start, min(len(text), start + 6)))
        text = text[:start] + draw(st.sampled_from(["", *NOISE])) + text[stop:]
    return text


@settings(max_examples=MALFORMED, deadline=None, suppress_health_check=quick)
@given(
    st.lists(broken_rules(), min_size=1, max_size=2).map("\n".join) | st.text(max_size=20), frames
)
def test_malformed_rules(oracle: Oracle, text: str, frames: list[Any]) -> None:
    case = Case([text], frames, NO_EXCEPTION, [None] * len(frames))
    check(oracle, case, texts=True)


# What the published decoder takes for a family has no letter for `other`.
binary_matchers = st.builds(
    "{}{}{}{}{}".format,
    st.sampled_from(["", "", "", "[", "|["]),
    st.sampled_from(["", "", "!"]),
    st.sampled_from("pfmFPatvMc" * 2 + "xA"),
    st.sampled_from([*GLOBS, "N", "J", "NJ", "a", "1", "no", ""]).map(lambda s: s.replace("O", "")),
    st.sampled_from(["", "", "", "]|", "]"]),
)
small = st.integers(0, 5)
binary_actions = st.one_of(
    st.builds(lambda flag, action: flag << 8 | action, st.integers(0, 7), st.integers(0, 3)),
    st.tuples(
        st.sampled_from(["max-frames", "min-frames"]), small | st.just(-1) | st.just(2**64 - 1)
    ),
    st.tuples(st.just("invert-stacktrace"), st.booleans() | small),
    st.tuples(st.sampled_from(["category", "other"]), st.sampled_from(["a", "foo"]) | small),
    st.integers(-1, 3000),
)
binary_rules = st.tuples(
    st.lists(binary_matchers, max_size=3), st.lists(binary_actions, max_size=3)
)
structures = st.tuples(
    st.sampled_from([2, 2, 2, 3, 3, 3, 1, 4, -1, "2"]),
    st.just([]) | st.just(["base"]) | st.just(None),
    st.lists(binary_rules, max_size=4),
).map(lambda structure: bytes(msgpack.packb(structure)))


@st.composite
def binaries(draw: st.DrawFn) -> bytes:
    """A binary form, in one of five cases with a few bytes changed."""
    data = draw(structures)
    if draw(st.integers(0, 4)) == 0:
        start = draw(st.integers(0, len(data)))
        stop = draw(st.integers(start, min(len(data), start + 2)))
        data = data[:start] + draw(st.binary(max_size=2)) + data[stop:]
    return data


@settings(max_examples=BINARY, deadline=None, suppress_health_check=quick)
@given(binaries() | st.binary(max_size=12), frames, exceptions)
def test_binary_forms(oracle: Oracle, data: bytes, frames: list[Any], exception: Any) -> None:
    check(oracle, Case([data], frames, exception, [None] * len(frames)))


bad_values = st.sampled_from(
    ["text", 1, -129, 128, 10**30, 1.5, [], {}, b"\xff", b"\xed\xa0\x80", object, True, Number(3)]
) | st.sampled_from([None, b"a", Number(300), (), "é", "\ud800"])


@st.composite
def bad_stacktraces(draw: st.DrawFn) -> tuple[Any, Any, Any]:
    """Frames, exception and components of which something is wrong, in most cases."""
    stack, exception = draw(frames), draw(exceptions)
    kinds: list[Any] = draw(contributes)
    for _ in range(draw(st.integers(0, 2))):
        mapping: dict[str, Any] = draw(st.sampled_from([exception, *stack]))
        key = draw(st.sampled_from(sorted(mapping)))
        if draw(st.integers(0, 3)) == 0:
            del mapping[key]
            break
        mapping[key] = draw(bad_values)
    wrapped: Any = [Box(frame) if draw(st.integers(0, 5)) == 0 else frame for frame in stack]
    if draw(st.integers(0, 9)) == 0:
        wrapped.append(draw(st.sampled_from([None, 1, "frame", b"frame", [], (), {}])))
    if draw(st.integers(0, 19)) == 0:
        wrapped = draw(st.sampled_from([tuple(wrapped), None, {}, "frames"]))
    if draw(st.integers(0, 9)) == 0:
        kinds = draw(st.sampled_from([[1], ["x"], None, 7, [None, 0]]))
    return wrapped, exception, kinds


@settings(max_examples=BAD_FRAMES, deadline=None, suppress_health_check=quick)
@given(bad_stacktraces(), rule_lists)
def test_bad_frames(oracle: Oracle, stacktrace: tuple[Any, Any, Any], rules: str) -> None:
    stack, exception, kinds = stacktrace
    check(oracle, Case([rules], stack, exception, kinds))


# --- real ones ----------------------------------------------------------------------


def encoded(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v.encode() if isinstance(v, str) else v for k, v in values.items()}


def real_cases(rules: Any, stacktraces: Path) -> list[Case]:
    return [
        Case(
            [rules],
            [encoded(frame) for frame in trace["frames"]],
            encoded(trace["exception"]),
            start,
        )
        for trace in map(json.loads, stacktraces.read_text("utf-8").splitlines())
        for start in ([each] * len(trace["frames"]) for each in (None, True, False))
    ]


def check_all(oracle: Oracle, cases: list[Case]) -> None:
    answers = oracle.ask(cases)
    assert answers is not None
    for case, answer in zip(cases, answers):
        compare(run(enhancers, case), answer)


# Rules and stack traces: those of the project, and the larger ones if they are beside it.
OURS = (
    Path(str(resources.files("sentry_ophio") / "data" / "default.rules")),
    TESTS / "fixtures" / "stacktraces.jsonl",
)
LARGE = [
    (path, SHARED / "stacktraces.jsonl") for path in sorted(SHARED.glob("newstyle@2023-01-11.*"))
]


@pytest.mark.parametrize(("rules", "traces"), [OURS, *LARGE], ids=lambda path: path.name)
def test_real_stack_traces(oracle: Oracle, rules: Path, traces: Path) -> None:
    data = rules.read_bytes()
    cases = real_cases(data if rules.suffix == ".bin" else data.decode(), traces)
    assert traces.parent != SHARED or len(cases) > 300
    check_all(oracle, cases)


# --- where ours is better, on purpose -----------------------------------------------

FRAME = dict.fromkeys(FRAME_FIELDS)


def binary(*matchers: str) -> bytes:
    return bytes(msgpack.packb([2, [], [[list(matchers), [1]]]]))


PANIC, ABORT, REFUSED = "PanicException", "the process dies", "TypeError"

# Name, case, what theirs does, and what ours does: an exception or a result of apply.
KNOWN_FAULTS: list[tuple[str, Case, str, Any]] = [
    ("a binary matcher that is empty", Case([binary("")]), PANIC, "RuntimeError"),
    ("a binary matcher that begins with é", Case([binary("é")]), PANIC, "RuntimeError"),
    ("a binary matcher that is only a negation", Case([binary("!")]), PANIC, "RuntimeError"),
    ("a cache for 2**40 rules", Case(["path:a +app"], cache=2**40), ABORT, []),
    ("a cache for 2**63 rules", Case(["path:a +app"], cache=2**63), PANIC, []),
    (
        "the letter of the family `other`",
        Case([binary("FO")], [{**FRAME, "family": b"other"}], NO_EXCEPTION),
        "[(None, None)]",
        [(None, True)],
    ),
    (
        "a bytearray for a text",
        Case(["path:/x +app"], [{**FRAME, "path": bytearray(b"/x")}], NO_EXCEPTION),
        REFUSED,
        [(None, True)],
    ),
]


@pytest.mark.parametrize(
    ("case", "theirs", "ours"), [row[1:] for row in KNOWN_FAULTS], ids=[r[0] for r in KNOWN_FAULTS]
)
def test_known_fault(oracle: Oracle, case: Case, theirs: str, ours: Any) -> None:
    case.exception = NO_EXCEPTION
    answer = oracle.ask([case])
    seen = run(enhancers, case)
    if answer is None:
        assert theirs == ABORT
    else:
        first_error = next((o[1][0] for o in answer[0] if o[0] == "error"), None)
        assert theirs in (first_error, str(answer[0][1][1]))
    if isinstance(ours, str):
        assert ours in seen[0][1]
    else:
        assert seen[0] == ("ok", None)
        assert seen[1] == ("ok", ours)


def test_known_fault_a_set_extended_by_itself(oracle: Oracle) -> None:
    """Theirs raises `RuntimeError: Already borrowed`; ours has each rule twice."""
    rules = enhancers.Enhancements.parse("path:a +app", enhancers.Cache(0))
    rules.extend_from(rules)
    assert len(rules) == 2
    run = run_program("extend_by_itself", options=[], python=PYTHON)
    assert "RuntimeError: Already" in run.stderr
