"""Calls that must keep no memory: one of them, many times, in a process of its own.

    python tests/memory_calls.py NAME ROUNDS

prints how many bytes the process has more afterwards. tests/test_reliability.py runs it for each.
In its own process, because the heap of one that has run thousands of tests changes its size for
other reasons: what is freed in it is returned or allocated again long after.
"""

from __future__ import annotations

import copy
import gc
import importlib.util
import itertools
import json
import pickle
import re
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable

from frame_fields import FRAME_FIELDS, NO_EXCEPTION

from sentry_ophio import codeowners, events, fingerprints, functions, glob, limits
from sentry_ophio.enhancers import (
    Cache,
    Component,
    Enhancements,
    EnhancementsConfig,
    Stacktrace,
    fix_rules,
    format_rules,
    preview,
)
from sentry_ophio.exceptions import OphioError
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.parameterization import Parameterizer
from sentry_ophio.proguard import ProguardMapper

ERROR: Any = NO_EXCEPTION | {"ty": b"E"}
FRAMES: list[Any] = [
    dict.fromkeys(FRAME_FIELDS) | {"function": b"main", "path": b"/a/b.py"},
    dict.fromkeys(FRAME_FIELDS) | {"function": b"other", "in_app": True},
]
MAPPING = b"org.example.Shop -> a:\n    1:2:void buy():3:4 -> b\n"


def failing(call: Callable[[], Any]) -> Callable[[], None]:
    def attempt() -> None:
        try:
            call()
        except (OphioError, OSError):
            return
        raise AssertionError("it worked")

    return attempt


RULES = Enhancements.parse("function:main -app category=x\nfunction:other min-frames=9", Cache(0))
TRACE = Stacktrace(FRAMES, ERROR)
CACHE = Cache(10)
FILE = codeowners.Codeowners.parse("*.py @a\n[Docs] @b\n/docs/\n", dialect="gitlab")
MAPPER = ProguardMapper.from_bytes(MAPPING)
MAPPING_CACHE = Path(tempfile.mkdtemp()) / "mapping.cache"
MAPPER.write_cache(MAPPING_CACHE)
BAD_FRAMES: list[Any] = [dict.fromkeys(FRAME_FIELDS) | {"function": b"\xff"}]
NO_FRAMES: list[Any] = [{}]
EVENT_FRAMES: list[Any] = [{"function": "main", "in_app": True}, {"filename": "/a/b.py"}]
NO_NAMES: list[Any] = ["a", 1]
BAD_EVENT_FRAMES: list[Any] = [{"in_app": "yes"}]
EVENT: dict[str, Any] = {
    "exception": {"values": [{"type": "E", "stacktrace": {"frames": EVENT_FRAMES}}]}
}
BAD_EVENT: dict[str, Any] = {"stacktrace": {"frames": [1]}}
LINES = b"\n".join([json.dumps(EVENT).encode()] * 2)
GROUPING = FingerprintRules.parse('type:E -> e, {{ type }} title="{{ function }}"')
PARAMETERIZER = Parameterizer()
SHORT_TEXTS = Parameterizer(max_text_bytes=4)
CONFIG = EnhancementsConfig.from_text("function:main -app category=x", {})

OTHER_RULES = Enhancements.parse("function:main -app category=x", Cache(0))
NUMBERS = itertools.count()


def cycle() -> None:
    """Leave garbage that only the collector finds."""
    kept: list[Any] = [Enhancements.parse("app:no -group", Cache(1))]
    kept.append(kept)


def with_arrow(call: Callable[[Any, Any], Any]) -> Any:
    """Make a call with the module for Arrow, which not everybody has, and with a batch."""
    from sentry_ophio import arrow  # noqa: PLC0415

    if not BATCHES:
        BATCHES.append(arrow.batch([{"frames": FRAMES, "exception": ERROR}] * 2))
    return call(arrow, BATCHES[0])


BATCHES: list[Any] = []


def closed() -> Enhancements:
    rules = Enhancements.empty()
    rules.close()
    return rules


# Every kind of call; slow ones are made less often, but for the long form.
CALLS: dict[str, tuple[int, Callable[[], Any]]] = {
    "apply": (1, lambda: RULES.apply_modifications_to_frames(FRAMES, ERROR)),
    "assemble": (
        1,
        lambda: RULES.assemble_stacktrace_component(FRAMES, ERROR, [Component(), Component()]),
    ),
    "prepared": (1, lambda: Stacktrace(FRAMES, ERROR).apply(RULES)),
    "batch": (2, lambda: RULES.apply_modifications_to_stacktraces([TRACE, TRACE])),
    "threads": (50, lambda: RULES.apply_modifications_to_stacktraces([TRACE] * 8, threads=2)),
    "event frames": (2, lambda: Stacktrace.from_event_frames([{"function": "a"}], "python")),
    "assemble many": (
        5,
        lambda: RULES.assemble_stacktrace_components(
            [TRACE, TRACE], [[Component(), Component()], [Component(), Component()]]
        ),
    ),
    "memo": (2, lambda: RULES.set_memo_bytes(100_000)),
    "parse": (2, lambda: Enhancements.parse("function:a -app", CACHE)),
    "parse what the cache lets go": (
        5,
        lambda: Enhancements.parse(f"function:{next(NUMBERS)} -app", CACHE),
    ),
    "parse leniently": (
        10,
        lambda: Enhancements.parse("app:no +sentinel +app", CACHE, lenient=True),
    ),
    "parse anew": (5, lambda: Enhancements.parse("function:a -app", Cache(0))),
    "binary": (5, lambda: Enhancements.from_config_structure(RULES.to_config_structure(), CACHE)),
    "stored": (20, lambda: Enhancements.from_base64(RULES.to_base64(), CACHE)),
    "extend": (5, lambda: Enhancements.empty().extend_from(RULES)),
    "text": (5, RULES.to_text),
    "split": (5, RULES.split),
    "profiling": (5, RULES.for_profiling),
    "compare": (5, lambda: RULES == OTHER_RULES or hash(RULES)),
    "copy": (50, lambda: (copy.copy(RULES), pickle.loads(pickle.dumps(RULES)))),
    "describe": (20, lambda: RULES.rules),
    "explain": (50, lambda: RULES.explain(FRAMES, ERROR)),
    "preview": (50, lambda: preview(RULES, RULES, [TRACE])),
    "check": (5, lambda: Enhancements.check("nonsense")),
    "fix": (5, lambda: fix_rules("Function:a +in_app")),
    "format": (5, lambda: format_rules("app:no -group")),
    "glob": (1, lambda: glob.is_glob_match("a.py", "*.py")),
    "glob of its own": (2, lambda: glob.Glob("a*.py").match_many(["a.py", "b"])),
    "glob with a regex": (20, lambda: glob.Glob("*[a-c]?{x,y}").match("bbx")),
    "escape": (2, lambda: glob.Glob.escape("*")),
    "validate": (2, lambda: glob.Glob.validate("[a")),
    "globs": (10, lambda: glob.GlobSet(["a", "*.py"]).matches("a.py")),
    "owner's pattern": (1, lambda: codeowners.is_codeowners_path_match(b"a.py", "*.py")),
    "owners": (5, lambda: FILE.owners("docs/a.py")),
    "file of owners": (10, lambda: codeowners.Codeowners.parse("* @a\n")),
    "mapper": (20, lambda: ProguardMapper.from_bytes(MAPPING).remap_class("a")),
    "remap": (1, lambda: MAPPER.remap_frame("a", "b", 1)),
    "remap by parameters": (1, lambda: MAPPER.remap_frame("a", "b", 0, "")),
    "remap many": (2, lambda: MAPPER.remap_frames([("a", "b", 1)] * 9)),
    "remap a method": (1, lambda: MAPPER.remap_method("a", "b")),
    "retrace": (2, lambda: MAPPER.retrace("a: b\n    at a.b(A:1)")),
    "remap a trace": (2, lambda: MAPPER.remap_stacktrace("a: b\n    at a.b(A:1)")),
    "mapped file": (20, lambda: ProguardMapper.open(__file__, mmap=True).uuid),
    "cache": (50, lambda: MAPPER.write_cache(MAPPING_CACHE)),
    "opened cache": (20, lambda: ProguardMapper.open_cache(MAPPING_CACHE).remap_frame("a", "b", 1)),
    "no cache": (20, failing(lambda: ProguardMapper.open_cache(__file__))),
    "limit": (1, lambda: limits.set(limits.Limit.FRAMES, limits.get(limits.Limit.FRAMES))),
    "a cycle with a handle": (5, cycle),
    "bad rules": (2, failing(lambda: Enhancements.parse("nonsense", CACHE))),
    "bad binary": (2, failing(lambda: Enhancements.from_config_structure(b"no", CACHE))),
    "bad stored": (2, failing(lambda: Enhancements.from_base64("?", CACHE))),
    "bad frames": (5, failing(lambda: RULES.apply_modifications_to_frames(BAD_FRAMES, ERROR))),
    "too much": (2, failing(lambda: glob.Glob("a" * 70_000))),
    "closed": (2, failing(lambda: closed().to_text())),
    "bad glob": (2, failing(lambda: glob.GlobSet(["[a"], strict=True))),
    "bad file of owners": (5, failing(lambda: codeowners.Codeowners.parse("* @a", max_bytes=1))),
    "no file": (5, failing(lambda: ProguardMapper.open("/no/such/file"))),
    "fingerprint rules": (10, lambda: FingerprintRules.parse("type:E -> e").rules),
    "fingerprint": (5, lambda: GROUPING.match_many([EVENT, {}])),
    "explain a fingerprint": (10, lambda: GROUPING.explain(EVENT)),
    "preview fingerprints": (50, lambda: fingerprints.preview(GROUPING, GROUPING, [EVENT])),
    "check fingerprint rules": (5, lambda: FingerprintRules.check("nonsense")),
    "bad fingerprint rules": (5, failing(lambda: FingerprintRules.parse("nonsense"))),
    "fingerprint of a bad event": (5, failing(lambda: GROUPING.match_many([BAD_EVENT]))),
    "parameterize": (2, lambda: PARAMETERIZER.parameterize_many(["took 15ms", "é 7"])),
    "find": (2, lambda: PARAMETERIZER.find_many(["took 15ms", "é 7"])),
    "parameterizer": (20, lambda: Parameterizer([("a", "x+")]).parameterize("xx")),
    "a text that is too long": (2, failing(lambda: SHORT_TEXTS.parameterize_many(["12345"]))),
    "bad parameterizer": (5, failing(lambda: Parameterizer([("a", "(")]))),
    "trim": (2, lambda: functions.trim_function_names(["a::b<c>(d)", "e"], "native")),
    "trim what is no text": (2, failing(lambda: functions.trim_function_names(NO_NAMES, "native"))),
    "config": (20, lambda: EnhancementsConfig.from_text("function:main -app", {})),
    "process": (5, lambda: CONFIG.process(copy.deepcopy(EVENT_FRAMES), "python", None)),
    "bad config": (5, failing(lambda: EnhancementsConfig.from_text("nonsense", {}))),
    "process bad frames": (5, failing(lambda: CONFIG.process(BAD_EVENT_FRAMES, "python", None))),
    "apply to event frames": (2, lambda: RULES.apply_to_event_frames(EVENT_FRAMES, "python")),
    "apply to bad event frames": (
        5,
        failing(lambda: RULES.apply_to_event_frames(BAD_EVENT_FRAMES, "python")),
    ),
    "lines": (5, lambda: events.from_json_lines(LINES)),
    "bad lines": (5, failing(lambda: events.from_json_lines(LINES + b"\n{"))),
    "match frames": (2, lambda: events.match_frames(EVENT_FRAMES, "python")),
    "bad match frames": (5, failing(lambda: events.match_frames(BAD_EVENT_FRAMES, "python"))),
}
if importlib.util.find_spec("pyarrow"):
    CALLS |= {
        "arrow": (20, lambda: with_arrow(lambda arrow, rows: arrow.apply(RULES, rows))),
        "bad arrow": (
            20,
            failing(
                lambda: with_arrow(lambda arrow, rows: arrow.apply(RULES, rows.select(["frames"])))
            ),
        ),
        "arrow fingerprints": (
            20,
            lambda: with_arrow(lambda arrow, rows: arrow.fingerprints(rows, GROUPING)),
        ),
        "bad arrow fingerprints": (
            20,
            failing(
                lambda: with_arrow(
                    lambda arrow, rows: arrow.fingerprints(rows.select(["exception"]), GROUPING)
                )
            ),
        ),
    }


def allocated() -> int:
    """Measure the memory that this process has of its own, in bytes, also where it is swapped out.

    The resident size would count the pages of programs and libraries as well: the kernel drops
    those that were idle and reads them again when they are used. That looked like growth of 3 MB
    in 400 calls which had allocated nothing.
    """
    gc.collect()
    status = Path("/proc/self/status").read_text("ascii")
    own = re.findall(r"^(?:RssAnon|VmSwap):\s+(\d+) kB$", status, re.MULTILINE)
    assert len(own) == 2, status
    return sum(map(int, own)) * 1024


def kept() -> None:
    """Keep rules, as a leak does: the test of this measure."""
    KEPT.append(Enhancements.parse("function:a -app", Cache(0)))


KEPT: list[Enhancements] = []


def growth(call: Callable[[], Any], rounds: int) -> int:
    """Call it so many times, after some that fill caches; return how many bytes stay.

    The compiler and the heap of PyPy settle late, and the heap grows by steps of megabytes. There
    it is the smallest growth of several turns: a call that leaks adds to each of them.
    """
    pypy = sys.implementation.name != "cpython"
    for _ in range(4 * rounds if pypy else max(200, rounds // 10)):
        call()
    grown = []
    for _ in range(5 if pypy else 1):
        before = allocated()
        for _ in range(rounds):
            call()
        grown.append(allocated() - before)
    return min(grown)


if __name__ == "__main__":
    name, rounds = sys.argv[1:]
    sys.stdout.write(str(growth(kept if name == "kept" else CALLS[name][1], int(rounds))))
