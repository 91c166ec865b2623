"""Interrupts a call by a signal handler that raises, and prints how many bytes stay.

    python interrupted.py NAME POINTS     the bytes, and how many calls were interrupted
    python interrupted.py                 a table of all calls, for people

The handler runs at `POINTS` moments, from the beginning of the call to some time after it: also
between the return of the C function and the moment when its result is stored.
"""

import contextlib
import ctypes
import gc
import importlib.util
import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from sentry_ophio import codeowners, events, fingerprints, functions, glob
from sentry_ophio.enhancers import (
    Cache,
    Enhancements,
    EnhancementsConfig,
    Stacktrace,
    fix_rules,
    format_rules,
    preview,
)
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.parameterization import Parameterizer
from sentry_ophio.proguard import ProguardMapper


class Interrupted(Exception):
    """What the signal handler raises."""


def handler(number, frame):
    raise Interrupted


TEXT = "\n".join(f"function:f{n} +app category=c{n % 50}" for n in range(4_000))
BROKEN = "\n".join(f"funktion:f{n} +app" for n in range(4_000))
RULES = Enhancements.parse(TEXT, Cache(0))
CONFIG = EnhancementsConfig.from_text(TEXT, {})
BINARY = RULES.to_config_structure()
STORED = RULES.to_base64()
MAPPING = "\n".join(
    f"org.example.C{n} -> a.c{n}:\n    1:9:void m{n}(int):1:9 -> x{n}" for n in range(10_000)
).encode()
MAPPER = ProguardMapper.from_bytes(MAPPING)
MAPPING_CACHE = os.path.join(tempfile.mkdtemp(), "mapping.cache")
MAPPER.write_cache(MAPPING_CACHE)
JAVA = "\n".join(f"    at a.c{n}.x{n}(SourceFile:{n % 9 + 1})" for n in range(4_000))
GLOBS = [f"*/{n}/**/*.py" for n in range(4_000)]
OWNERS = "\n".join(f"/src/{n}/ @team-{n}" for n in range(8_000))
OWNERS_FILE = codeowners.Codeowners.parse(OWNERS)
PATHS = [f"src/{n}/a.py" for n in range(8_000)]
JAVA_FRAMES = [(f"a.c{n}", f"x{n}", n % 9 + 1) for n in range(8_000)]
FRAMES = [{"function": f"f{n}", "filename": f"/a/{n}.py", "in_app": True} for n in range(400)]
LINES = b"\n".join([json.dumps({"stacktrace": {"frames": FRAMES}}).encode()] * 20)
TRACES = [Stacktrace.from_event_frames(FRAMES, "python")] * 50
MATCH_FRAMES = events.match_frames(FRAMES, "python")
NO_EXCEPTION = {"ty": None, "value": None, "mechanism": None}
FINGERPRINTS = "\n".join(f"message:*m{n}* app:yes -> f{n}, {{{{ type }}}}" for n in range(4_000))
BROKEN_FINGERPRINTS = "\n".join(f"massage:m{n} -> f{n}" for n in range(4_000))
GROUPING = FingerprintRules.parse(FINGERPRINTS)
EVENTS = [
    {"logentry": {"formatted": f"m{n}"}, "stacktrace": {"frames": FRAMES[:20]}} for n in range(400)
]
PARAMETERIZER = Parameterizer()
MESSAGES = [f"user {n} at 10.0.0.{n % 256} took {n}ms" for n in range(2_000)]
BATCHES = []


def with_arrow(call):
    """Make a call with the module for Arrow, which not everybody has, and with a batch."""
    from sentry_ophio import arrow  # noqa: PLC0415

    if not BATCHES:
        BATCHES.append(arrow.batch([{"frames": MATCH_FRAMES, "exception": {"ty": "E"}}] * 50))
    return call(arrow, BATCHES[0])


CALLS = {
    "parse": lambda: Enhancements.parse(TEXT, Cache(0)),
    "parse lenient": lambda: Enhancements.parse(TEXT, Cache(0), lenient=True),
    "check": lambda: Enhancements.check(BROKEN),
    "format": lambda: format_rules(TEXT),
    "from_config_structure": lambda: Enhancements.from_config_structure(BINARY, Cache(0)),
    "from_base64": lambda: Enhancements.from_base64(STORED, Cache(0)),
    "to_config_structure": lambda: RULES.to_config_structure(),
    "to_base64": lambda: RULES.to_base64(),
    "to_text": lambda: RULES.to_text(),
    "split": lambda: RULES.split(),
    "describe": lambda: Enhancements.parse(TEXT, Cache(0)).rules,
    "config": lambda: EnhancementsConfig.from_base64(STORED, {}),
    "process": lambda: CONFIG.process(FRAMES, "python", None),
    "events": lambda: events.from_json_lines(LINES),
    "batch": lambda: RULES.apply_modifications_to_stacktraces(TRACES),
    "functions": lambda: functions.trim_function_names(["a::b<c>(d)"] * 20_000, "native"),
    "glob set": lambda: glob.GlobSet(GLOBS),
    "owners": lambda: codeowners.Codeowners.parse(OWNERS),
    "mapping": lambda: ProguardMapper.from_bytes(MAPPING).remap_class("a.c1"),
    "write cache": lambda: MAPPER.write_cache(MAPPING_CACHE),
    "open cache": lambda: ProguardMapper.open_cache(MAPPING_CACHE).remap_stacktrace(JAVA),
    "remap": lambda: MAPPER.remap_stacktrace(JAVA),
    "retrace": lambda: MAPPER.retrace(JAVA),
    "fix": lambda: fix_rules(BROKEN),
    "explain": lambda: RULES.explain(MATCH_FRAMES[:9], NO_EXCEPTION),
    "preview": lambda: preview(RULES, RULES, TRACES[:2]),
    "event frames": lambda: RULES.apply_to_event_frames(FRAMES, "python", write=True),
    "match frames": lambda: events.match_frames(FRAMES, "python"),
    "fingerprint parse": lambda: FingerprintRules.parse(FINGERPRINTS),
    "fingerprint check": lambda: FingerprintRules.check(BROKEN_FINGERPRINTS),
    "fingerprint match": lambda: GROUPING.match_many(EVENTS),
    "fingerprint explain": lambda: GROUPING.explain(EVENTS[-1]),
    "fingerprint preview": lambda: fingerprints.preview(GROUPING, GROUPING, EVENTS),
    "parameterize": lambda: PARAMETERIZER.parameterize_many(MESSAGES),
    "find": lambda: PARAMETERIZER.find_many(MESSAGES),
    "arrow apply": lambda: with_arrow(lambda arrow, batch: arrow.apply(RULES, batch)),
    "owners of many": lambda: OWNERS_FILE.owners_many(PATHS),
    "owners check": lambda: codeowners.Codeowners.check(OWNERS, paths=PATHS),
    "remap frames": lambda: MAPPER.remap_frames(JAVA_FRAMES),
    "many event frames": lambda: Stacktrace.many_from_event_frames([(FRAMES, "python", None)] * 9),
    "arrow fingerprints": lambda: with_arrow(
        lambda arrow, batch: arrow.fingerprints(batch, GROUPING)
    ),
    "arrow assemble": lambda: with_arrow(lambda arrow, batch: arrow.assemble(RULES, batch)),
    "arrow preview": lambda: with_arrow(lambda arrow, batch: arrow.preview(RULES, RULES, batch)),
    "arrow report": lambda: with_arrow(
        lambda arrow, batch: arrow.preview_report(RULES, RULES, batch)
    ),
    "arrow parameterize": lambda: with_arrow(
        lambda arrow, _: arrow.parameterize(arrow.pa.array(MESSAGES * 9), PARAMETERIZER)
    ),
}


def allocated():
    gc.collect()
    with contextlib.suppress(AttributeError):  # glibc alone keeps what is freed, and has it
        ctypes.CDLL(None).malloc_trim(0)
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * os.sysconf("SC_PAGESIZE")


def interrupt(call, seconds):
    """Make a call that is interrupted after so many seconds; return whether it was."""
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds)
        call()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except Interrupted:
        return True
    return False


def measure(call, points):
    signal.signal(signal.SIGALRM, handler)
    for _ in range(3):
        begun = time.perf_counter()
        call()
        took = time.perf_counter() - begun
    before = allocated()
    interrupted = sum(
        interrupt(call, max(1e-6, took * 1.2 * point / points)) for point in range(points)
    )
    print(allocated() - before, interrupted)


def table(points):
    """Interrupt each call in a process of its own."""
    print("| call | interrupted | what stays |")
    print("| --- | ---: | ---: |")
    for name in CALLS:
        if name.startswith("arrow") and not importlib.util.find_spec("pyarrow"):
            continue
        command = [sys.executable, __file__, name, str(points)]
        done = subprocess.run(command, stdout=subprocess.PIPE, encoding="utf-8", check=True)
        grown, interrupted = map(int, done.stdout.split())
        print(f"| {name} | {interrupted} of {points} | {grown / 2**20:.1f} MiB |", flush=True)


def main():
    if len(sys.argv) > 2:
        measure(CALLS[sys.argv[1]], int(sys.argv[2]))
    else:
        table(60)


main()
