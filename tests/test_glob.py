"""`sentry_ophio.glob`: patterns with wildcards."""

from __future__ import annotations

import copy
import pickle
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from conftest import run_program
from hypothesis import given
from hypothesis import strategies as st

from sentry_ophio import glob as module
from sentry_ophio._ffi import ffi, lib
from sentry_ophio.exceptions import GlobError, HandleClosedError, OphioError
from sentry_ophio.glob import Glob, GlobSet, is_glob_match

if TYPE_CHECKING:
    from collections.abc import Callable

# As an argument that mypy knows as bytes.
NULL: Any = ffi.NULL

OPTIONS = ("double_star", "case_insensitive", "path_normalize", "allow_newline")

# value, pattern, options, whether it matches
TABLE: list[tuple[Any, Any, set[str], bool]] = [
    ("foo.py", "*.py", set(), True),
    ("foo.pyc", "*.py", set(), False),
    ("", "", set(), True),
    ("", "*", set(), True),
    ("a", "", set(), False),
    ("a/b", "a*", set(), True),
    ("a/b", "a*", {"double_star"}, False),
    ("a/b", "a?b", {"double_star"}, False),
    ("a/b/c", "a/**", {"double_star"}, True),
    ("a/b/c", "**/c", {"double_star"}, True),
    ("a/c", "a/**/c", {"double_star"}, True),
    ("a/b", "a**", {"double_star"}, False),
    ("a\n", "a*", set(), False),
    ("a\n", "a*", {"allow_newline"}, True),
    ("a\n", "a?", {"allow_newline"}, True),
    ("a\n", "a*", {"double_star"}, True),
    ("a/\n", "a/**", {"double_star"}, False),
    ("a/\n", "a/**", {"double_star", "allow_newline"}, True),
    ("A", "a", set(), False),
    ("A", "a", {"case_insensitive"}, True),
    ("Ä", "ä", {"case_insensitive"}, True),
    ("Ä".encode(), "ä", {"case_insensitive"}, False),
    ("_", "[A-z]", set(), True),
    ("_", "[A-z]", {"case_insensitive"}, False),
    ("a\\b", "a/b", {"path_normalize"}, True),
    ("a/b", "a\\b", {"path_normalize"}, True),
    ("a*", "a\\*", set(), True),
    ("a*", "a\\*", {"path_normalize"}, False),
    ("a/x", "a\\*", {"path_normalize"}, True),
    ("é", "?", set(), False),
    ("é", "??", set(), True),
    (b"\xff", "?", set(), True),
    ("b", "[!a]", set(), True),
    ("ab", "{ab,c}", set(), True),
    ("a", "{a,{b}}", set(), False),
    ("a", "a}", set(), True),
    ("[", "[", set(), False),
    (b"a", "a", set(), True),
    ("a", b"a", set(), True),
]


@pytest.mark.parametrize(("value", "pattern", "options", "expected"), TABLE)
def test_the_table(value: Any, pattern: Any, options: set[str], expected: bool) -> None:
    """By every way there is."""
    keywords = dict.fromkeys(options, True)
    for _ in range(2):  # compiled, and out of the cache
        assert is_glob_match(value, pattern, **keywords) is expected
    assert is_glob_match(value, pattern, *(name in options for name in OPTIONS)) is expected
    glob = Glob(pattern, **keywords)
    assert glob.match(value) is expected
    assert glob.match_many([value, b"\0no", value]) == [expected, glob.match(b"\0no"), expected]
    globs = GlobSet(["\0never", pattern, "\0", pattern], **keywords)
    assert globs.matches(value) == ([1, 3] if expected else [])
    assert globs.is_match(value) is expected


def test_the_cache_of_patterns_is_bounded() -> None:
    for number in range(module._MAX_PATTERNS + 10):
        assert is_glob_match(f"x{number}", f"x{number}", number % 2 == 1)
    assert sum(map(len, module._patterns)) <= module._MAX_PATTERNS
    assert is_glob_match("x1", "x1")


def answers() -> int:
    return sum(len(answers) for patterns in module._patterns for answers, _ in patterns.values())


def test_answers_are_bounded_and_pause_when_none_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_room", 0)
    monkeypatch.setattr(module, "_used", [True])
    module._drop_answers()
    assert answers() == 0
    for number in range(module._MAX_ANSWERS - 1):
        assert is_glob_match(f"{number}.py", "*.py")
    assert answers() == module._MAX_ANSWERS - 1
    assert is_glob_match("last.py", "*.py")
    assert answers() == 0
    for number in range(module._PAUSE):
        assert not is_glob_match(f"{number}.py", "*.c")
        assert answers() == 0
    for _ in range(3):
        assert is_glob_match("again.py", "*.py")
        assert is_glob_match("a" * module._MAX_ANSWER_LENGTH + ".py", "*.py")
    assert answers() == 1
    for number in range(2 * module._MAX_ANSWERS):
        assert is_glob_match(f"{number}.py", "*.py")
    # One was used, so the first time there was no pause.
    assert answers() == 0
    assert module._room < 0


def test_an_answer_is_that_of_its_own_pattern_and_options() -> None:
    for _ in range(3):
        assert is_glob_match("a/b", "a*")
        assert not is_glob_match("a/b", "a*", double_star=True)
        assert not is_glob_match("a/b", "A*")
        assert is_glob_match("a/b", "A*", case_insensitive=True)
        assert not is_glob_match("a/b", "b*")
        assert is_glob_match(b"a/b", b"a*")
        assert not is_glob_match(b"a/b", "b*")
        with pytest.raises(UnicodeEncodeError):
            is_glob_match("a\ud800", "b*")


PATTERNS = st.text(alphabet="*?/ab[!]é\n", max_size=6)
VALUES = st.text(alphabet="/aAb\\é\n\0", max_size=6)


@given(PATTERNS, VALUES, st.sets(st.sampled_from(OPTIONS)))
def test_shortcuts_and_answers_are_those_of_the_library(
    pattern: str, value: str, options: set[str]
) -> None:
    keywords = dict.fromkeys(options, True)
    expected = Glob(pattern, **keywords).match(value)
    for _ in range(2):
        assert is_glob_match(value, pattern, **keywords) is expected
    # Bytes are put in lower case as far as they are ASCII, which is the same here.
    assert is_glob_match(value.encode(), pattern.encode(), **keywords) is expected
    assert is_glob_match(value, pattern.encode(), **keywords) is expected


def test_bytes_and_text_do_not_meet_in_the_cache() -> None:
    done = run_program("glob_of_bytes", options=["-bb"])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("wrong", [None, 1, bytearray(b"a"), ["a"], memoryview(b"a")])
def test_other_types_are_refused(wrong: Any) -> None:
    glob, globs = Glob("a"), GlobSet(["a"])
    calls: list[Callable[[], object]] = [
        lambda: is_glob_match(wrong, "a"),
        lambda: is_glob_match("a", wrong),
        lambda: Glob(wrong),
        lambda: Glob.validate(wrong),
        lambda: glob.match(wrong),
        lambda: globs.matches(wrong),
        lambda: globs.is_match(wrong),
        lambda: GlobSet(["a", wrong]),
        lambda: GlobSet("abc"),
        lambda: Glob("a", double_star=wrong),
    ]
    for call in calls:
        with pytest.raises(TypeError, match="must be"):
            call()


def test_a_wrong_value_among_many_is_named() -> None:
    glob = Glob("a*")
    with pytest.raises(TypeError, match="value 1 must be a str or bytes, not int"):
        glob.match_many(["a", 1, "b"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="value 0 must be a str or bytes, not object"):
        glob.match_many([object()])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="value 1 must be a str or bytes, not int"):
        Glob("a*", case_insensitive=True).match_many(["a", 1])  # type: ignore[list-item]
    with pytest.raises(UnicodeEncodeError):
        glob.match_many(["\ud800"])
    assert glob.match_many([]) == []
    assert glob.match_many(f"a{number}" for number in range(3)) == [True] * 3


def test_bad_text_is_refused() -> None:
    with pytest.raises(UnicodeDecodeError):
        is_glob_match("a", b"\xff")
    with pytest.raises(UnicodeDecodeError):
        GlobSet([b"\xff"])
    for value, pattern in (("\ud800", "a"), ("a", "\ud800")):
        with pytest.raises(UnicodeEncodeError):
            is_glob_match(value, pattern)


def test_strict_refuses_what_is_not_valid() -> None:
    with pytest.raises(GlobError, match="unclosed character class") as caught:
        Glob("é[a", strict=True)
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, OphioError)
    (found,) = caught.value.diagnostics
    assert (found.column, found.source) == (2, "é[a")
    assert not Glob("[a").match("[a")
    assert not Glob("[a").is_valid
    assert Glob("[a]").is_valid
    assert Glob("[a").match_many(["a", "[a"]) == [False, False]
    assert Glob("a", strict=True).match("a")
    with pytest.raises(GlobError, match=r"pattern 1, '{b': unclosed") as caught:
        GlobSet(["a", "{b", "c", "["], strict=True)
    assert [each.source for each in caught.value.diagnostics] == ["{b", "["]


def test_a_set_names_what_is_not_valid() -> None:
    globs = GlobSet(["a*", "é{b", "*", "[", "x{a,{b}}"])
    assert {at: found.column for at, found in globs.invalid.items()} == {1: 2, 3: 1, 4: 5}
    assert globs.matches("é{b") == [2]
    assert len(globs) == 5
    assert globs.patterns[1] == "é{b"


@pytest.mark.parametrize(
    ("pattern", "position"),
    [("a[", 1), ("{a,b", 0), ("a{b,{c}}", 4), ("é\\", 1), ("[z-a]", 1), (b"\xc3\xa9[", 1)],
)
def test_validate_tells_the_place(pattern: Any, position: int) -> None:
    found = Glob.validate(pattern)
    assert found is not None
    assert (found.line, found.column, found.end_column) == (1, position + 1, position + 2)
    assert found.severity == "error"
    assert Glob.validate("a\\") is not None
    assert Glob.validate("a\\", path_normalize=True) is None
    assert Glob.validate("[a-Z]") is not None
    assert Glob.validate("[a-Z]", case_insensitive=True) is None
    assert Glob.validate("[Z-a]", case_insensitive=True) is not None


def test_places_are_those_of_the_pattern_that_was_given() -> None:
    found = Glob.validate("İX[", case_insensitive=True)
    assert found is not None
    assert (found.column, found.source) == (3, "İX[")
    with pytest.raises(GlobError, match=r"^error parsing glob 'İX\[': unclosed"):
        Glob("İX[", case_insensitive=True, strict=True)
    found = Glob.validate("a\\[", path_normalize=True)
    assert found is not None
    assert found.source == "a\\["


def test_options_are_bool_cold_and_warm() -> None:
    for _ in range(2):
        with pytest.raises(TypeError, match="double_star must be a bool, not int"):
            is_glob_match("a/b", "a*", 1, True)  # type: ignore[arg-type]
        assert is_glob_match("a/b", "a*", False, True)
    assert not is_glob_match("a/b", "a*", True, True)


def test_long_patterns_are_not_kept() -> None:
    pattern = "?" * 2_000
    assert is_glob_match("a" * 2_000, pattern)
    assert pattern not in module._patterns[0]


@given(st.text(alphabet="*?[]{}\\!^-,/aAé\n", max_size=12), st.sets(st.sampled_from(OPTIONS)))
def test_what_is_escaped_matches_itself(text: str, options: set[str]) -> None:
    pattern = Glob.escape(text)
    keywords = dict.fromkeys(options, True)
    assert is_glob_match(text, pattern, **keywords)
    assert not is_glob_match(text + "x", pattern, **keywords)


texts = st.text(alphabet="abZ/*?[]{}!-\\,.\n", max_size=7)


@given(st.lists(texts, max_size=12), st.lists(texts, max_size=6), st.sets(st.sampled_from(OPTIONS)))
def test_all_ways_agree(patterns: list[str], values: list[str], options: set[str]) -> None:
    keywords = dict.fromkeys(options, True)
    globs = GlobSet(patterns, **keywords)
    for value in values:
        expected = [is_glob_match(value, pattern, **keywords) for pattern in patterns]
        assert globs.matches(value) == [at for at, matched in enumerate(expected) if matched]
        assert globs.is_match(value) == any(expected)
    for pattern in patterns:
        expected = [is_glob_match(value, pattern, **keywords) for value in values]
        assert Glob(pattern, **keywords).match_many(values) == expected
        valid = Glob.validate(pattern, **keywords) is None
        assert Glob(pattern, **keywords).is_valid == valid


def test_more_matches_than_there_is_room_for_at_first() -> None:
    assert GlobSet(["*"] * 1_000).matches("a") == list(range(1_000))


def test_globs_are_values() -> None:
    glob = Glob("a*", double_star=True)
    assert repr(glob) == "Glob('a*', double_star=True)"
    assert glob == Glob("a*", double_star=True) != Glob("a*")
    assert glob != "a*"
    assert len({glob, Glob("a*", double_star=True)}) == 1
    for twin in (pickle.loads(pickle.dumps(glob)), copy.copy(glob), copy.deepcopy(glob)):
        assert twin == glob
        assert twin.match("ab")
        assert not twin.match("a/b")
    globs = GlobSet(["a", b"b"], case_insensitive=True)
    assert repr(globs) == "GlobSet(['a', b'b'], case_insensitive=True)"
    twin = pickle.loads(pickle.dumps(globs))
    assert twin == globs != GlobSet(["a", "b"], case_insensitive=True)
    assert hash(twin) == hash(globs)
    assert twin.matches("B") == [1]
    with pytest.raises(AttributeError):
        glob.pattern = "b"  # type: ignore[misc]


def test_closed() -> None:
    glob, globs = Glob("a"), GlobSet(["a"])
    glob.close()
    globs.close()
    for call in (
        lambda: glob.match("a"),
        lambda: glob.match_many(["a"]),
        lambda: globs.matches("a"),
        lambda: globs.is_match("a"),
    ):
        with pytest.raises(HandleClosedError):
            call()
    with Glob("a") as glob:
        assert glob.match("a")
    assert glob.closed


def test_threads_share_globs() -> None:
    globs = GlobSet([f"*{number}*" for number in range(100)] + ["[é]*"])
    expected = [globs.matches(f"a{number}b") for number in range(300)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(globs.matches, [f"a{number}b" for number in range(300)] * 4))
    assert found == expected * 4


def test_hostile_patterns_end() -> None:
    """None takes more than linear time; with going back to every star this would not end."""
    for pattern in ("*a" * 30 + "b", "{a,b}" * 40, "?" * 3_000, "[!a]*" * 30):
        for value in ("a" * 20_000, "ab" * 10_000):
            is_glob_match(value, pattern)
    assert not is_glob_match("x", "{" * 10_000 + "}" * 10_000)


def test_the_c_functions_refuse_what_they_must() -> None:
    place = ffi.new("size_t *", 77)
    made = ffi.gc(ffi.new("OphioGlob **"), lib.ophio_glob_free)
    many = ffi.new("OphioGlobSet **")
    null = lib.OPHIO_STATUS_NULL_POINTER
    assert lib.ophio_glob_new(b"[", 1, 0, ffi.NULL, made) == lib.OPHIO_STATUS_GLOB
    assert lib.ophio_glob_new(b"a", 1, 16, place, made) == lib.OPHIO_STATUS_INVALID_ARGUMENT
    assert lib.ophio_glob_new(NULL, 1, 0, place, made) == null
    assert lib.ophio_glob_new(b"a", 1, 0, place, ffi.NULL) == null
    assert place[0] == 77
    assert made[0] == ffi.NULL
    answer, count = ffi.new("bool *"), ffi.new("size_t *")
    assert lib.ophio_glob_is_match(ffi.NULL, b"a", 1, answer) == null
    assert lib.ophio_glob_set_is_match(ffi.NULL, b"a", 1, answer) == null
    assert lib.ophio_glob_set_matches(ffi.NULL, b"a", 1, ffi.NULL, 0, count) == null
    assert lib.ophio_glob_new(b"a", 1, 0, ffi.NULL, made) == lib.OPHIO_STATUS_OK
    glob = made[0]
    assert lib.ophio_glob_is_match(glob, NULL, 1, answer) == null
    assert not answer[0]
    matched = ffi.new("uint8_t[2]", [7, 7])
    for packed in (b"\x91\x01", b"\x91\xa1a", b"", b"\xc1"):
        status = lib.ophio_glob_match_packed(glob, packed, len(packed), matched, 2)
        assert status == lib.OPHIO_STATUS_INVALID_ARGUMENT
        assert list(matched) == [7, 7]
    status = lib.ophio_glob_set_new(b"\x91\xc4\x01\xff", 4, 0, many)
    assert status == lib.OPHIO_STATUS_INVALID_ARGUMENT
    assert many[0] == ffi.NULL
    lib.ophio_glob_free(ffi.NULL)
    lib.ophio_glob_set_free(ffi.NULL)


# A pattern with so many choices that an automaton matches it, which takes the product of pattern and
# value. This product is a 200th of that of 64 KiB and 64 KiB.
CHOICES = "{" + ",".join(map(str, range(33))) + ",*a" + "?" * 2_500 + "b}!"
VALUE = "".join(random.Random(7).choices("ab", k=8_000))


def shortest(call: Callable[[], Any], rounds: int) -> float:
    """Return the time of a call, without what else the machine does."""
    times = []
    for _ in range(rounds):
        start = time.thread_time()
        call()
        times.append(time.thread_time() - start)
    return min(times)


@pytest.fixture(scope="module")
def time_of_a_product() -> float:
    glob = Glob(CHOICES, strict=True)
    return shortest(lambda: glob.match(VALUE), 3)


@pytest.mark.parametrize(
    ("parts", "value"),
    [
        (("", "?*", ""), "a"),
        (("", "*a", "b"), "a"),
        (("*", "[!b]", "b*"), "a"),
        (("*", "a?", "b*"), "a"),
        (("{a,b}", "*a", "b"), "a"),
        (("", "**/a*/", "b"), "a/"),
        (("a", "/**/a", "b"), "a/"),
    ],
)
@pytest.mark.parametrize("double_star", [False, True])
def test_long_patterns_do_not_take_the_product(
    time_of_a_product: float, parts: tuple[str, str, str], value: str, double_star: bool
) -> None:
    """64 KiB against 64 KiB took seconds, up to 36. It takes a tenth of the other product."""
    first, repeated, last = parts
    pattern = first + repeated * (65_500 // len(repeated)) + last
    long = value * (65_536 // len(value))
    glob = Glob(pattern, double_star=double_star, strict=True)
    assert glob.match(long) is (repeated == "?*")
    assert shortest(lambda: glob.match(long), 5) < time_of_a_product


def test_a_product_is_recognised(time_of_a_product: float) -> None:
    """An automaton for a sixth of 64 KiB, and an eighth: a product that is four times as large."""
    glob = Glob(CHOICES.replace("?" * 2_500, "?" * 10_000), strict=True)
    assert shortest(lambda: glob.match(VALUE), 1) > time_of_a_product
