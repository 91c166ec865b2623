"""Interrupts a call by a signal handler that raises, and prints how many bytes stay.

    python interrupted.py NAME POINTS     the bytes, and how many calls were interrupted
    python interrupted.py                 a table of all calls, for people

The handler runs at `POINTS` moments, from the beginning of the call to some time after it: also
between the return of the C function and the moment when its result is stored.
"""

import contextlib
import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import time

from sentry_ophio import codeowners, events, functions, glob
from sentry_ophio.enhancers import Cache, Enhancements, EnhancementsConfig, Stacktrace, format_rules
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
JAVA = "\n".join(f"    at a.c{n}.x{n}(SourceFile:{n % 9 + 1})" for n in range(4_000))
GLOBS = [f"*/{n}/**/*.py" for n in range(4_000)]
OWNERS = "\n".join(f"/src/{n}/ @team-{n}" for n in range(8_000))
FRAMES = [{"function": f"f{n}", "filename": f"/a/{n}.py", "in_app": True} for n in range(400)]
LINES = b"\n".join([json.dumps({"stacktrace": {"frames": FRAMES}}).encode()] * 20)
TRACES = [Stacktrace.from_event_frames(FRAMES, "python")] * 50

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
    "remap": lambda: MAPPER.remap_stacktrace(JAVA),
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
