"""Limits: input above a limit is an error, and input below it takes linear time."""

from __future__ import annotations

import json
import platform
import random
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import msgpack
import pytest
from conftest import run_program
from frame_fields import FRAME_FIELDS, NO_EXCEPTION
from timing import slowdown

from sentry_ophio import codeowners, glob, limits
from sentry_ophio.enhancers import Cache, Enhancements, Stacktrace, fix_rules, format_rules
from sentry_ophio.events import from_json_lines
from sentry_ophio.exceptions import LimitError
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.limits import Limit
from sentry_ophio.proguard import ProguardMapper

if TYPE_CHECKING:
    from collections.abc import Iterator


def frames(function: bytes, count: int = 1) -> list[Any]:
    return [dict.fromkeys(FRAME_FIELDS) | {"function": function}] * count


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    before = {limit: limits.get(limit) for limit in Limit}
    yield
    for limit, value in before.items():
        limits.set(limit, value)


def binary(pattern: str, rules: int = 1) -> bytes:
    return bytes(msgpack.packb([2, [], [[["f" + pattern], [0]]] * rules]))


TWO = Enhancements.parse("app:no -group\napp:yes +group", Cache(0))
STORED = Enhancements.parse(
    "\n".join(f"function:f{n} -app" for n in range(500)), Cache(0)
).to_base64()


# A limit, what it is set to, and what is then refused and would be taken otherwise.
TOO_MUCH: dict[str, tuple[Limit, int, Callable[[], Any]]] = {
    "rule text": (
        Limit.RULE_BYTES,
        20,
        lambda: Enhancements.parse("app:no -group\n" * 2, Cache(0)),
    ),
    "binary rules": (
        Limit.RULE_BYTES,
        10,
        lambda: Enhancements.from_config_structure(binary("aaaaaaaaaaaaa"), Cache(0)),
    ),
    "stored rules": (
        Limit.RULE_BYTES,
        1_000,
        lambda: Enhancements.from_base64(STORED, Cache(0)),
    ),
    "rules of a text": (
        Limit.RULES,
        1,
        lambda: Enhancements.parse("app:no -group\n" * 2, Cache(0)),
    ),
    "rules of a lenient text": (
        Limit.RULES,
        1,
        lambda: Enhancements.parse("app:no -group\n" * 2, Cache(0), lenient=True),
    ),
    "rules to check": (Limit.RULES, 1, lambda: Enhancements.check("app:no -group\n" * 2)),
    "rules to fix": (Limit.RULES, 1, lambda: fix_rules("app:no -group\n" * 2)),
    "rules to format": (Limit.RULES, 1, lambda: format_rules("app:no -group\n" * 2)),
    "rules of a binary": (
        Limit.RULES,
        1,
        lambda: Enhancements.from_config_structure(binary("a", 2), Cache(0)),
    ),
    "rules put together": (
        Limit.RULES,
        3,
        lambda: TWO.extend_from(TWO),
    ),
    "a line": (Limit.PATTERN_BYTES, 10, lambda: Enhancements.parse("function:a -app", Cache(0))),
    "a pattern": (
        Limit.PATTERN_BYTES,
        10,
        lambda: Enhancements.from_config_structure(binary("a" * 11), Cache(0)),
    ),
    "a glob": (Limit.PATTERN_BYTES, 2, lambda: glob.is_glob_match("a", "a*b*limits")),
    "a compiled glob": (Limit.PATTERN_BYTES, 2, lambda: glob.Glob("a*b")),
    "a glob of a set": (Limit.PATTERN_BYTES, 2, lambda: glob.GlobSet(["a", "a*b"])),
    "globs": (Limit.PATTERNS, 1, lambda: glob.GlobSet(["a", "b"])),
    "an owner's pattern": (
        Limit.PATTERN_BYTES,
        2,
        lambda: codeowners.is_codeowners_path_match(b"a", "a*b"),
    ),
    "frames": (
        Limit.FRAMES,
        2,
        lambda: TWO.apply_modifications_to_frames(frames(b"a", 3), NO_EXCEPTION),
    ),
    "prepared frames": (Limit.FRAMES, 2, lambda: Stacktrace(frames(b"a", 3), NO_EXCEPTION)),
    "frames of an event": (
        Limit.FRAMES,
        2,
        lambda: Stacktrace.from_event_frames([{"function": "a"}] * 3, "python"),
    ),
    "a mapping": (Limit.MAPPING_BYTES, 3, lambda: ProguardMapper.from_bytes(b"a -> b:")),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_much_is_refused(name: str) -> None:
    limit, most, call = TOO_MUCH[name]
    limits.set(limit, most)
    with pytest.raises(LimitError, match=f"the limit `{limit.name.lower()}` is {most}$"):
        call()
    assert len(TWO) == 2, "half changed"


@pytest.mark.parametrize("name", [name for name in TOO_MUCH if name != "rules put together"])
def test_it_is_taken_otherwise(name: str) -> None:
    TOO_MUCH[name][2]()


@pytest.mark.parametrize("mmap", [False, True])
def test_a_mapping_file_is_not_read(tmp_path: Path, mmap: bool) -> None:
    path = tmp_path / "mapping.txt"
    path.write_text("a -> b:\n", "utf-8")
    limits.set(Limit.MAPPING_BYTES, 8)
    ProguardMapper.open(path, mmap=mmap)
    limits.set(Limit.MAPPING_BYTES, 7)
    with pytest.raises(LimitError, match="8 bytes of a mapping"):
        ProguardMapper.open(path, mmap=mmap)


def test_a_cache_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "cache"
    ProguardMapper.from_bytes(b"a -> b:\n").write_cache(path)
    size = path.stat().st_size
    limits.set(Limit.MAPPING_BYTES, size)
    ProguardMapper.open_cache(path)
    limits.set(Limit.MAPPING_BYTES, size - 1)
    with pytest.raises(LimitError, match=f"{size} bytes of a mapping"):
        ProguardMapper.open_cache(path)


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="for Unix")
def test_a_file_that_never_ends_is_read_up_to_the_limit() -> None:
    """It says that it has no bytes at all."""
    limits.set(Limit.MAPPING_BYTES, 100_000)
    with pytest.raises(LimitError, match="100001 bytes of a mapping"):
        ProguardMapper.open("/dev/zero")


def test_doubling_ends() -> None:
    rules = Enhancements.parse("app:no -group", Cache(0))
    for _ in range(16):
        rules.extend_from(rules)
    with pytest.raises(LimitError, match="131072 rules"):
        rules.extend_from(rules)
    assert len(rules) == 2**16


def test_names_and_numbers() -> None:
    limits.set(Limit.FRAMES, 5)
    assert limits.get(Limit.FRAMES) == 5
    for name in ("frames", 4, None):
        with pytest.raises(TypeError, match="limit must be a Limit, not "):
            limits.get(name)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="limit must be a Limit, not "):
            limits.set(name, 1)  # type: ignore[arg-type]
    for wrong in (-1, 2**64):
        with pytest.raises(OverflowError):
            limits.set(Limit.FRAMES, wrong)
    assert limits.get(Limit.FRAMES) == 5


def test_caches_of_any_size_take_no_memory() -> None:
    caches = [Cache(2**40) for _ in range(10_000)]
    assert len(caches) == 10_000


@pytest.mark.parametrize(
    "lie",
    [
        b"\x93\x02\x90\xdd\xff\xff\xff\xff",  # 2**32 - 1 rules
        b"\x93\x02\xdd\xff\xff\xff\xff",  # bases
        b"\x93\x02\x90\x91\x92\xdd\xff\xff\xff\xff",  # matchers
        b"\x93\x02\x90\x91\x92\x91\xdb\xff\xff\xff\xff",  # a text of 4 GiB
        b"\x91" * 1_000_000,  # deep
        b"\x93\x02" + b"\x91" * 1_000_000,
        b"\x93\x02\x90\x91\x92\x90" + b"\x91" * 1_000_000,
    ],
)
def test_lengths_that_lie_and_depth_are_errors(lie: bytes) -> None:
    with pytest.raises(RuntimeError, match="Invalid syntax"):
        Enhancements.from_config_structure(lie, Cache(0))


# Braces with so many choices that an automaton matches them, and a value on which its states are
# too many: each byte leads to another one.
CHOICES = "{" + ",".join(map(str, range(33))) + ",*a" + "?" * 2_500 + "b}"
LONG = "".join(random.Random(7).choices("ab", k=8_000))


def asking_once() -> Any:
    return asking(f"function:{CHOICES}! -app", LONG.encode())()


EVENT: Any = {"platform": "python", "logentry": {"formatted": LONG}}
STEPS: dict[str, Callable[[], Any]] = {
    "a glob": lambda: glob.Glob(CHOICES + "!").match(LONG),
    "a value with a NUL": lambda: glob.Glob(CHOICES + "!").match(LONG + "\0"),
    "many values": lambda: glob.Glob(CHOICES + "!").match_many(["a", LONG]),
    "the short form": lambda: glob.is_glob_match(LONG, CHOICES + "!"),
    "bytes": lambda: glob.is_glob_match(LONG.encode() + b"\xff", CHOICES + "!"),
    "a set": lambda: glob.GlobSet(["a", CHOICES + "!"]).is_match(LONG),
    "all of a set": lambda: glob.GlobSet(["a", CHOICES + "!"]).matches(LONG),
    "rules": asking_once,
    "rules in threads": lambda: Enhancements.parse(
        f"function:{CHOICES}! -app", Cache(0)
    ).apply_modifications_to_stacktraces(
        [Stacktrace(frames(b"a" if n else LONG.encode()), NO_EXCEPTION) for n in range(99)],
        threads=3,
    ),
    "an explanation": lambda: Enhancements.parse(f"function:{CHOICES}! -app", Cache(0)).explain(
        frames(LONG.encode()), NO_EXCEPTION
    ),
    "fingerprint rules": lambda: FingerprintRules.parse(f"message:{CHOICES}! -> a").match(EVENT),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_match_ends_at_the_limit_or_takes_its_time_by_choice(name: str) -> None:
    """Nothing is changed by the error: the same call works when the limit is raised."""
    limits.set(Limit.GLOB_STEPS, 1_000_000)
    with pytest.raises(LimitError, match=r"steps to match a glob .* `glob_steps` is 1000000$"):
        STEPS[name]()
    limits.set(Limit.GLOB_STEPS, limits.UNLIMITED)
    assert limits.get(Limit.GLOB_STEPS) == limits.UNLIMITED
    STEPS[name]()


def test_rules_are_as_before_after_a_match_that_ended_at_the_limit() -> None:
    rules = Enhancements.parse(f"function:{CHOICES}! -app\nfunction:b +app", Cache(0))
    small = frames(b"b")
    expected = rules.apply_modifications_to_frames(small, NO_EXCEPTION)
    limits.set(Limit.GLOB_STEPS, 1_000_000)
    for _ in range(2):
        with pytest.raises(LimitError):
            rules.apply_modifications_to_frames(frames(LONG.encode()), NO_EXCEPTION)
        assert rules.apply_modifications_to_frames(small, NO_EXCEPTION) == expected


def test_globs_without_braces_take_no_steps() -> None:
    """Also where they are long: so there is nothing to limit."""
    limits.set(Limit.GLOB_STEPS, 0)
    for pattern in ("?*", "*a", "[ab]*", "*[!b]", "*[\u00e9a]", "?*[a]", "**/?", "*aa?"):
        text = pattern * (4_000 // len(pattern))
        assert glob.Glob(text, double_star=True).match("a/" * 2_000) in {True, False}
        rules = Enhancements.parse(f"function:{text}! -app", Cache(0))
        assert rules.explain(frames(b"a" * 2_000), NO_EXCEPTION).frames[0].in_app is None


# --- time in proportion -------------------------------------------------------------


def asking(rules: str, value: bytes, count: int = 1) -> Callable[[], Any]:
    parsed = Enhancements.parse(rules, Cache(0))
    if count == 1:
        # Else the small value is answered from the memo, and the large one is too large for it.
        parsed.set_memo_bytes(0)
    given = frames(value, count)
    return lambda: parsed.apply_modifications_to_frames(given, NO_EXCEPTION)


def matching(pattern: str, value: str) -> Callable[[], Any]:
    compiled = glob.Glob(pattern, double_star=True)
    return lambda: compiled.match(value)


def compiling(pattern: str) -> Callable[[], Any]:
    # The regex is made when a value first asks for it.
    return lambda: glob.Glob(pattern).match("ab")


def reading(rules: bytes) -> Callable[[], Any]:
    return lambda: Enhancements.from_config_structure(rules, Cache(0))


# Inputs that make a backtracking matcher exponential, or copy again and again.
WORST: dict[str, Callable[[int], Callable[[], Any]]] = {
    "stars without the end": lambda n: asking("function:*a*a*a*a*a*a*ab -app", b"a" * n),
    "alternates": lambda n: asking("function:*{a,aa}*{a,aa}*{a,aa}*b -app", b"a" * n),
    "segments": lambda n: matching("**/a/**/a/**/a/b", "a/" * n),
    "question marks": lambda n: matching("*????????b", "a" * n),
    "alternates to compile": lambda n: compiling("{a,b}" * (n // 250)),
    "classes to compile": lambda n: compiling("[a-c][!x]*" * (n // 500)),
    "owners": lambda n: lambda: codeowners.is_codeowners_path_match(b"a/" * n, "a/**/a/**/b"),
    "ranges": lambda n: asking("function:a* ^-app v+app", b"ab", n // 20),
    "neighbours": lambda n: asking("[ app:no ] | function:a* | [ app:no ] +app", b"ab", n // 20),
    "rule text": lambda n: lambda: Enhancements.parse("function:a* -app\n" * (n // 100), Cache(0)),
    "binary rules": lambda n: reading(binary("a", n // 100)),
    "a file of owners": lambda n: lambda: codeowners.Codeowners.parse("*.a @b\n" * (n // 100)),
    # Fewer of them, because what is made of a line takes more of the processor's caches.
    "a broken text": lambda n: lambda: Enhancements.check("nonsense\n" * (n // 1_000)),
    "a mapping": lambda n: (
        lambda: ProguardMapper.from_bytes(b"a -> b:\n    int c() -> d\n" * (n // 100))
    ),
    "a number of JSON that no rule reads": lambda n: (
        lambda: from_json_lines(b'{"stacktrace": null, "extra": ' + b"9" * n + b"}")
    ),
    "a number of JSON": lambda n: (
        lambda: from_json_lines(
            b'{"stacktrace": {"frames": [{"function": ' + b"9" * n + b', "lineno": 1e9}]}}'
        )
    ),
}


# How many small inputs are as large as the large one, and the limit: a quadratic call takes PARTS
# times as long for the large one.
PARTS = 10
LIMIT = 2


def growth(make: Callable[[int], Callable[[], Any]], size: int) -> float:
    """Return how many times as long one call takes as calls for ten inputs of a tenth of its size."""
    parts = [make(size // PARTS) for _ in range(PARTS)]
    return slowdown([make(size)], parts, LIMIT)


# The library is the same one there; what differs is a collector that cannot be turned off and
# takes its time in the middle of a call.
@pytest.mark.skipif(
    sys.implementation.name != "cpython",
    reason="times the library, which CPython shows alone: make test-wheel WHEEL_PYTHON=python3",
)
@pytest.mark.parametrize("name", WORST)
def test_one_large_input_takes_the_time_of_ten_small_ones(name: str) -> None:
    ratio = growth(WORST[name], 500_000)
    assert ratio < LIMIT, f"one large input took {ratio:.1f} times the time of ten small ones"


@pytest.mark.parametrize(("power", "is_linear"), [(1, True), (1.5, False), (2, False)])
def test_a_call_that_is_not_linear_is_recognised(power: float, is_linear: bool) -> None:
    def make(n: int) -> Callable[[], Any]:
        steps = range(round(300_000 * (n / 500_000) ** power))
        return lambda: sum(steps)

    assert (growth(make, 500_000) < LIMIT) is is_linear


# --- allocations -----------------------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="for Linux")
@pytest.mark.skipif(sys.implementation.name != "cpython", reason="the library is the same")
def test_no_allocation_is_large() -> None:
    """Rust ends the process if one fails. The largest for each part, under 64 MiB."""
    if shutil.which("gcc") is None or platform.libc_ver()[0] != "glibc":
        pytest.skip("needs gcc and glibc")
    done = run_program("allocations", options=[])
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) > 20
    assert max(found.values()) > 1 << 20, "nothing was recorded"
    large = {name: size for name, size in found.items() if size >= 64 << 20}
    assert not large


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="for Linux")
@pytest.mark.skipif(sys.implementation.name != "cpython", reason="PyPy needs more for itself")
def test_a_gigabyte_of_address_space_is_enough() -> None:
    done = run_program("allocations", "--limit", "1024", options=[])
    assert done.returncode == 0, done.stderr[-1000:]
