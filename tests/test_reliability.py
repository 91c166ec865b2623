"""Nothing a caller does can crash, hang, leak or corrupt: threads, forks, panics, memory, exit.

docs/reliability.md has a row for each promise. What takes minutes runs shorter here, and as
long as the promise says where OPHIO_LONG is set (`make soak`).
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import pytest
from conftest import PROGRAMS, collect_all, run_program, take_interrupts
from frame_fields import FRAME_FIELDS
from memory_calls import CACHE, CALLS, ERROR, FRAMES, MAPPER, MAPPING, RULES

import sentry_ophio
from sentry_ophio import codeowners, glob, limits
from sentry_ophio.enhancers import (
    Cache,
    Component,
    Enhancements,
    Stacktrace,
    fix_rules,
    format_rules,
)
from sentry_ophio.exceptions import LimitError, OphioError
from sentry_ophio.limits import Limit
from sentry_ophio.proguard import ProguardMapper

if TYPE_CHECKING:
    import types

LONG = bool(os.environ.get("OPHIO_LONG"))
TESTS = Path(__file__).parent
# Python warns about a fork of a process with threads, which is what these tests do.
FORKING = ("-W", "ignore::DeprecationWarning")


# --- threads ------------------------------------------------------------------------


def test_threads_see_one_of_the_legal_states() -> None:
    """Eight ask while one extends the same rules and one parses with the same cache.

    Every answer is what the rules were before or after some extension, never a mixture: the
    `n`-th rule that is appended sets the category `c<n>`, so the category shows how many
    rules there were, and only grows.
    """
    cache = Cache(50)
    rules = Enhancements.parse("function:main category=c0 -app", cache)
    rounds = 2_000 if LONG else 200
    legal = {f"c{n}" for n in range(rounds + 1)}
    failures: list[str] = []
    done = threading.Event()

    def ask() -> None:
        last = 0
        while not done.is_set():
            (category, in_app), second = rules.apply_modifications_to_frames(FRAMES, ERROR)
            components = [Component(contributes=True) for _ in FRAMES]
            rules.assemble_stacktrace_component(FRAMES, ERROR, components)
            number = int(str(category)[1:])
            if category not in legal or in_app is not False or second != (None, True):
                failures.append(f"{category} {in_app} {second}")
            if number < last:
                failures.append(f"{number} after {last}")
            last = number

    def parse() -> None:
        while not done.is_set():
            for n in range(100):  # twice as many as the cache holds
                if len(Enhancements.parse(f"function:f{n} -app\napp:no -group", cache)) != 2:
                    failures.append(f"parsing {n}")

    threads = [threading.Thread(target=ask) for _ in range(8)] + [threading.Thread(target=parse)]
    for thread in threads:
        thread.start()
    try:
        for n in range(1, rounds + 1):
            more = Enhancements.parse(f"function:main category=c{n} -app", cache)
            rules.extend_from(more)
            time.sleep(0)
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert not failures, failures[:5]
    assert rules.apply_modifications_to_frames(FRAMES, ERROR)[0] == (f"c{rounds}", False)


def test_shared_objects_are_closed_and_extended_under_other_threads() -> None:
    """Four threads call everything on the same objects, while two others close and extend these.

    Each result is that of one moment; no exception comes but HandleClosedError.
    """
    seconds = "600" if LONG else "4"
    done = run_program("threads", seconds, options=["-W", "error"], timeout=1_200)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert not found["faults"], "\n".join(found["faults"])
    assert len(found["calls"]) == 19
    assert found["closed"] > 0


# --- fork ---------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.skipif(
    sys.implementation.name != "cpython",
    reason="PyPy's child may hang where threads were running, with or without this package: "
    "make test-wheel WHEEL_PYTHON=python3",
)
@pytest.mark.parametrize("forks", [30, pytest.param(1_000, marks=pytest.mark.long)])
def test_fork_in_the_middle_of_calls(forks: int) -> None:
    """With three threads in calls; the child uses everything at once."""
    done = run_program("fork", str(forks), options=FORKING, timeout=550)
    assert done.stdout == "all children ended\n", done.stdout + done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_fork_while_something_is_made_on_first_use() -> None:
    """The child does not wait for a thread that it does not have: it makes its own."""
    done = run_program("fork_at_first_use", options=FORKING, timeout=500)
    assert done.stdout == "in the middle\n", done.stdout + done.stderr


# --- signals ------------------------------------------------------------------------


INTERRUPTED = re.findall(
    r'^    "([\w ]+)": lambda', (PROGRAMS / "interrupted.py").read_text("utf-8"), re.MULTILINE
)


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="for Linux")
@pytest.mark.skipif(sys.implementation.name != "cpython", reason="PyPy's heap grows by steps")
@pytest.mark.parametrize("name", INTERRUPTED)
def test_a_handler_that_raises_in_a_call_leaks_nothing(name: str) -> None:
    """At 60 moments; what one call makes is up to 12 MB. And no exception is lost."""
    if name.startswith("arrow"):
        pytest.importorskip("pyarrow")
    done = run_program("interrupted", name, "60", options=[])
    assert (done.returncode, done.stderr) == (0, "")
    grown, interrupted = map(int, done.stdout.split())
    assert interrupted > 10
    assert grown < 4_000_000, f"{grown} bytes more"


def test_an_exception_right_after_an_extension_keeps_rules_and_their_sources_together() -> None:
    rules = Enhancements.parse("function:a +app", Cache(0), source="a.rules")
    other = Enhancements.parse("function:b +app", Cache(0), source="b.rules")

    def profile(frame: types.FrameType, event: str, _: object) -> None:
        # The call of C has returned: its status is the argument of this function.
        if event == "call" and frame.f_code.co_name == "check":
            raise InterruptedError

    sys.setprofile(profile)
    try:
        with pytest.raises(InterruptedError):
            rules.extend_from(other)
    finally:
        sys.setprofile(None)
    rules.extend_from(other)
    assert [rule.source for rule in rules.rules] == ["a.rules", "b.rules", "b.rules"]


def test_an_extension_that_fails_keeps_rules_and_their_sources_together() -> None:
    rules = Enhancements.parse("function:a +app", Cache(0), source="a.rules")
    before = limits.get(Limit.RULES)
    limits.set(Limit.RULES, 1)
    try:
        with pytest.raises(LimitError):
            rules.extend_from(rules)
    finally:
        limits.set(Limit.RULES, before)
    rules.extend_from(rules)
    assert [rule.source for rule in rules.rules] == ["a.rules", "a.rules"]


# --- panics -------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="for Unix")
@pytest.mark.tree
def test_a_panic_is_a_status_and_prints_nothing(source_tree: Path, cargo: str) -> None:
    """In a library with an export that panics, which no other has."""
    target = source_tree / "target" / "test-panic"
    subprocess.run(
        [
            *(cargo, "build", "-q", "--locked", "-p", "ophio-capi", "--features", "test-panic"),
            *("--target-dir", str(target)),
        ],
        cwd=source_tree,
        check=True,
    )
    suffix = "dylib" if sys.platform == "darwin" else "so"
    library = target / "debug" / f"libophio.{suffix}"
    environment = {name: value for name, value in os.environ.items() if name != "RUST_BACKTRACE"}
    done = run_program("panic", library, options=[], environment=environment)
    assert (done.stdout, done.stderr, done.returncode) == ("alive\n", "", 0)


def test_importing_changes_nothing_of_the_process() -> None:
    done = run_program("import_changes_nothing")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_importing_loads_what_a_service_uses_and_no_more() -> None:
    """Each of these takes longer to import than all that is imported."""
    done = run_program("import_is_small")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- memory -------------------------------------------------------------------------


def growth(name: str, rounds: int) -> int:
    """Make a call many times in a new process; return the bytes that stay."""
    done = subprocess.run(
        [sys.executable, str(TESTS / "memory_calls.py"), name, str(rounds)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="for Linux")
@pytest.mark.parametrize("name", CALLS)
def test_memory_stays_flat(name: str) -> None:
    """A million calls keep no more than 2 MB; 20,000 here, fewer of slow ones."""
    rounds = 1_000_000 if LONG else 20_000 // CALLS[name][0]
    grown = growth(name, rounds)
    assert grown < 2_000_000, f"{grown} bytes more after {rounds} calls"


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="for Linux")
def test_the_test_of_memory_would_tell() -> None:
    """Handles that are kept: a hundred bytes a call are seen."""
    assert growth("kept", 40_000) > 2_000_000


def test_cycles_with_handles_are_collected() -> None:
    class Node:
        """Something that keeps rules, and itself."""

    node: Any = Node()
    node.rules = Enhancements.parse("app:no -group", Cache(1))
    node.itself = node
    gone = weakref.ref(node)
    del node
    for _ in range(3):
        collect_all()
    assert gone() is None


@pytest.mark.parametrize("order", [[], ["reversed"]], ids=["in order", "reversed"])
def test_the_interpreter_ends_without_a_message(order: list[str]) -> None:
    """Handles in globals, cycles, threads and at-exit functions, freed in any order."""
    done = run_program("exit_with_handles", *order)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


# --- hostile arguments -------------------------------------------------------------


class LyingBytes(bytes):
    """Says that it is longer than it is, by the byte that Python keeps behind it."""

    def __len__(self) -> int:
        return super().__len__() + 1


class LyingText(str):
    """Encodes to bytes that report a wrong length."""

    __slots__ = ()

    def encode(self, encoding: str = "utf-8", errors: str = "strict") -> bytes:
        return LyingBytes(super().encode(encoding, errors))

    def lower(self) -> str:
        return self


class LyingPath:
    """Encodes to bytes that report a wrong length."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __fspath__(self) -> Any:
        return LyingBytes(os.fsencode(self.path))


def frame_named(function: object) -> list[Any]:
    return [dict.fromkeys(FRAME_FIELDS) | {"function": function}]


class Kinds(NamedTuple):
    """What arguments are made of."""

    text: Callable[[str], Any]
    data: Callable[[bytes], Any]


# A call with a hostile argument, and its result: the same as with a plain one. A call that
# trusts the wrong length reads one byte more: here it is 0, elsewhere it is foreign memory.
LIES: dict[str, tuple[Callable[[Kinds], Any], Any]] = {
    "glob, value": (lambda as_: glob.is_glob_match(as_.data(b"ab"), "ab"), True),
    "glob, text": (lambda as_: glob.is_glob_match(as_.text("ab"), "ab"), True),
    "glob, folded": (
        lambda as_: glob.is_glob_match(as_.text("ab"), "ab", case_insensitive=True),
        True,
    ),
    "glob, pattern": (lambda as_: glob.is_glob_match("ab", as_.data(b"ab")), True),
    "glob, pattern text": (lambda as_: glob.is_glob_match("ab", as_.text("ab")), True),
    "Glob": (lambda as_: glob.Glob(as_.data(b"ab")).match(as_.data(b"ab")), True),
    "Glob, text": (lambda as_: glob.Glob(as_.text("ab")).match(as_.text("ab")), True),
    "Glob, many": (
        lambda as_: glob.Glob("ab").match_many([as_.data(b"ab"), as_.text("ab")]),
        [True, True],
    ),
    "escape": (lambda as_: glob.Glob.escape(as_.text("ab")), "ab"),
    "GlobSet": (lambda as_: glob.GlobSet([as_.data(b"ab")]).matches(as_.data(b"ab")), [0]),
    "GlobSet, text": (lambda as_: glob.GlobSet(["ab"]).is_match(as_.text("ab")), True),
    "owner's pattern": (
        lambda as_: codeowners.is_codeowners_path_match(as_.data(b"a"), as_.data(b"/a")),
        True,
    ),
    "owner's pattern, text": (
        lambda as_: codeowners.is_codeowners_path_match(as_.text("a"), as_.text("/a")),
        True,
    ),
    "file of owners": (
        lambda as_: codeowners.Codeowners.parse(as_.data(b"a @b")).owners(as_.data(b"a")).owners,
        ("@b",),
    ),
    "file of owners, text": (
        lambda as_: codeowners.Codeowners.parse(as_.text("a @b")).owners(as_.text("a")).owners,
        ("@b",),
    ),
    "parse": (lambda as_: len(Enhancements.parse(as_.text("app:no -app"), CACHE)), 1),
    "parse, lenient": (
        lambda as_: len(Enhancements.parse(as_.text("app:no -app"), CACHE, lenient=True)),
        1,
    ),
    "check": (lambda as_: Enhancements.check(as_.text("app:no -app")), []),
    "fix": (lambda as_: fix_rules(as_.text("App:no -app")), "app:no -app"),
    "format": (lambda as_: format_rules(as_.text("app:no -app")), "app:no  -app\n"),
    "binary": (
        lambda as_: len(
            Enhancements.from_config_structure(as_.data(RULES.to_config_structure()), CACHE)
        ),
        2,
    ),
    "stored": (lambda as_: len(Enhancements.from_base64(as_.text(RULES.to_base64()), CACHE)), 2),
    "frames": (
        lambda as_: RULES.apply_modifications_to_frames(frame_named(as_.data(b"main")), ERROR),
        [("x", False)],
    ),
    "event frames": (
        lambda as_: Stacktrace.from_event_frames([{"function": as_.text("main")}], "a").apply(
            RULES
        ),
        [("x", False)],
    ),
    "class": (lambda as_: MAPPER.remap_class(as_.text("a")), "org.example.Shop"),
    "method": (
        lambda as_: MAPPER.remap_method(as_.text("a"), as_.text("b")),
        ("org.example.Shop", "buy"),
    ),
    "frame": (lambda as_: len(MAPPER.remap_frame(as_.text("a"), as_.text("b"), 1)), 1),
    "trace": (
        lambda as_: MAPPER.remap_stacktrace(as_.text("a: full")),
        "org.example.Shop: full",
    ),
    "mapping": (
        lambda as_: ProguardMapper.from_bytes(as_.data(MAPPING)).uuid,
        MAPPER.uuid,
    ),
}


# Those that msgpack packs.
PACKED = {
    *("Glob, many", "frames", "event frames", "frame"),
    *("file of owners", "file of owners, text"),
}


@pytest.mark.parametrize("name", LIES)
def test_lengths_of_subclasses_are_not_believed(name: str) -> None:
    call, wanted = LIES[name]
    assert call(Kinds(str, bytes)) == wanted
    lying = Kinds(LyingText, LyingBytes)
    if name in PACKED and sys.implementation.name != "cpython":
        # There msgpack itself believes it. What it packs is malformed, and no more than that.
        with suppress(OphioError):
            call(lying)
        return
    assert call(lying) == wanted


def test_a_path_that_lies_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "mapping.txt"
    path.write_bytes(MAPPING)
    assert ProguardMapper.open(LyingPath(str(path))).remap_class("a") == "org.example.Shop"


def test_a_pattern_that_claims_to_be_another_is_not_kept() -> None:
    class Claims(str):
        """Equal to every text, and found where `ab-claimed` is."""

        __slots__ = ()

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return hash("ab-claimed")

    assert not glob.is_glob_match("ab-claimed", Claims("zz"))
    assert glob.is_glob_match("ab-claimed", "ab-claimed")


def test_frames_that_change_while_they_are_read() -> None:
    frames: list[Any] = []
    components = [Component() for _ in range(3)]

    class Grows:
        """A frame that appends frames and components when it is read."""

        def __getitem__(self, key: str) -> None:
            components.append(Component())
            if len(frames) < 9:
                frames.append(FRAMES[0])

    frames.append(Grows())
    assert len(RULES.apply_modifications_to_frames(frames, ERROR)) > 1
    frames[:] = [Grows()]
    RULES.assemble_stacktrace_component(frames, ERROR, components)

    class GrowsToo(dict[str, Any]):
        """The same for frames of events."""

        def get(self, *_: object) -> Any:
            if len(events) < 9:
                events.append({"function": "main"})

    events: list[Any] = [GrowsToo()]
    trace = Stacktrace.from_event_frames(events, "native")
    assert len(trace.apply(RULES)) == len(trace)


# --- interpreters -------------------------------------------------------------------


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="CPython alone has them")
def test_subinterpreters_work_or_are_refused() -> None:
    """What an interpreter inside of the process gets: the library, or an ImportError."""
    done = run_program("subinterpreters")
    assert (done.returncode, done.stderr) == (0, "")
    inner = done.stdout.split()
    assert inner in (["1", "1", "1", "1"], ["refused", "1", "refused", "1"])
    if sys.version_info < (3, 12):
        assert "refused" not in inner


@pytest.mark.skipif(sys.version_info < (3, 9), reason="as the package")
def test_many_interpreters_one_after_the_other() -> None:
    """A process may load the library, and fork workers that load it again."""
    for _ in range(3):
        done = run_program("version")
        assert done.stdout.strip() == sentry_ophio.__version__, done.stderr


def test_signals_interrupt_between_calls() -> None:
    """Ctrl-C ends a loop of calls with KeyboardInterrupt, and not the process."""
    with subprocess.Popen(
        [sys.executable, PROGRAMS / "parse_until_interrupted.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=take_interrupts if sys.platform != "win32" else None,
    ) as done:
        try:
            assert done.stdout is not None
            assert done.stdout.readline() == "ready\n"
            done.send_signal(signal.SIGINT)
            out, err = done.communicate(timeout=30)
        finally:
            done.kill()
    assert (out, err, done.returncode) == ("interrupted\n", "", 0)
