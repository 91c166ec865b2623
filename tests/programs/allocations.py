"""Prints the largest piece of memory that each part asks for, from the worst input within limits.

    python allocations.py [NAME]             JSON: bytes, by the name of the call
    python allocations.py --table [NAME]     a table, for people
    python allocations.py --limit MIB

The third form makes the same calls with so much address space more than the process has.

Rust ends the process if an allocation fails, so no input may make the library ask for much at
once. tests/programs/largest.c records it: the program compiles it with `gcc` and runs itself again
with it.
"""

import contextlib
import ctypes
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from base64 import urlsafe_b64encode
from pathlib import Path

import msgpack

from sentry_ophio import _lowlevel, codeowners, events, fingerprints, functions, glob, proguard
from sentry_ophio._pack import EXCEPTION_FIELDS, FRAME_FIELDS
from sentry_ophio.enhancers import Cache, Component, Enhancements, Stacktrace, format_rules, preview
from sentry_ophio.exceptions import OphioError
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.limits import Limit, get
from sentry_ophio.parameterization import Parameterizer

LIBRARY = Path(_lowlevel.__file__).with_name("_lowlevel__lib.so")


def watch():
    """Tell the recorder where the library is; return the function that takes what it has."""
    recorder = ctypes.CDLL(None)
    recorder.largest_take.restype = ctypes.c_size_t
    recorder.largest_watch.argtypes = [ctypes.c_size_t, ctypes.c_size_t]
    ranges = [
        [int(each, 16) for each in line.split()[0].split("-")]
        for line in Path("/proc/self/maps").read_text().splitlines()
        if line.endswith(LIBRARY.name)
    ]
    recorder.largest_watch(min(ranges)[0], max(each[1] for each in ranges))
    return recorder.largest_take


RULE_BYTES = get(Limit.RULE_BYTES)
RULES = get(Limit.RULES)
PATTERN = get(Limit.PATTERN_BYTES)
FRAMES = get(Limit.FRAMES)
PATTERNS = get(Limit.PATTERNS)
ERROR = dict.fromkeys(EXCEPTION_FIELDS)


def many_rules():
    """Make as many rules as there may be, each another one."""
    size = min(RULES, RULE_BYTES // 16)
    return "\n".join(f"path:{n:x} +app" for n in range(size))


def long_rules():
    line = "path:" + "a" * (PATTERN - 20) + " +app"
    return "\n".join([line] * (RULE_BYTES // (len(line) + 1)))


def many_matchers():
    line = "app:1 " * ((PATTERN - 10) // 6) + "+app"
    return "\n".join([line] * (RULE_BYTES // (len(line) + 1)))


def stored(text):
    """Give the form in base64 of the binary form of rules that compress well."""
    rules = [[["f" + "a" * 60_000], [0]]] * (RULE_BYTES // 60_100)
    return urlsafe_b64encode(zlib.compress(msgpack.packb([2, [], rules]))).decode().strip("=")


def bomb():
    return urlsafe_b64encode(zlib.compress(b"\0" * (RULE_BYTES * 4))).decode().strip("=")


def frames(count=FRAMES):
    return [dict.fromkeys(FRAME_FIELDS) | {"function": b"main"}] * count


def event(count=FRAMES):
    return {"stacktrace": {"frames": [{"function": "main", "filename": "a.py"}] * count}}


def fingerprint_text():
    return "\n".join(f"level:{n:x} -> {n:x}" for n in range(min(RULES, RULE_BYTES // 24)))


SMALL = Enhancements.parse("function:main -app category=x", Cache(0))
PRINTS = FingerprintRules.parse("function:main -> a")
MESSAGES = Parameterizer()
CALLS = {
    "Enhancements.parse, many rules": lambda: Enhancements.parse(many_rules(), Cache(0)),
    "Enhancements.parse, long rules": lambda: Enhancements.parse(long_rules(), Cache(0)),
    "Enhancements.parse, many matchers": lambda: Enhancements.parse(many_matchers(), Cache(0)),
    "Enhancements.check, many faults": lambda: Enhancements.check("a\n" * RULES),
    "format_rules": lambda: format_rules(long_rules()),
    "Enhancements.from_base64": lambda: Enhancements.from_base64(stored(""), Cache(0)),
    "Enhancements.from_base64, a bomb": lambda: Enhancements.from_base64(bomb(), Cache(0)),
    "Enhancements.to_base64": lambda: Enhancements.parse(long_rules(), Cache(0)).to_base64(),
    "Enhancements.rules": lambda: Enhancements.parse(many_rules(), Cache(0)).rules,
    "apply, many frames": lambda: SMALL.apply_modifications_to_frames(frames(), ERROR),
    "assemble, many frames": lambda: SMALL.assemble_stacktrace_component(
        frames(), ERROR, [Component() for _ in range(FRAMES)]
    ),
    "explain, many frames": lambda: SMALL.explain(frames(), ERROR),
    "event frames, many": lambda: Stacktrace.from_event_frames(
        event()["stacktrace"]["frames"], "python"
    ),
    "preview, many frames": lambda: preview(SMALL, SMALL, [Stacktrace(frames(), ERROR)]),
    "from_json_lines, many frames": lambda: events.from_json_lines(json.dumps(event()).encode()),
    "FingerprintRules.parse": lambda: FingerprintRules.parse(fingerprint_text()),
    "FingerprintRules.check, many faults": lambda: FingerprintRules.check("a\n" * RULES),
    "FingerprintRules.check, a long line": lambda: FingerprintRules.check(
        ("app:maybe " * (PATTERN // 11) + "-> a\n") * (RULE_BYTES // PATTERN)
    ),
    "Enhancements.check, a long line": lambda: Enhancements.check(
        ("app:maybe " * (PATTERN // 11) + "+app\n") * (RULE_BYTES // PATTERN)
    ),
    "Enhancements.rules, long rules": lambda: Enhancements.parse(long_rules(), Cache(0)).rules,
    "FingerprintRules.match": lambda: PRINTS.match(event()),
    "Glob, the longest": lambda: glob.Glob("[a-b]?" * (PATTERN // 6)).match("ab"),
    "Glob, braces": lambda: glob.Glob("{" + "a*b," * (PATTERN // 4 - 1) + "c}").match("ab"),
    "GlobSet, many": lambda: glob.GlobSet([f"{n:x}*b" for n in range(PATTERNS)]).matches("1b"),
    "Codeowners, many faults": lambda: codeowners.Codeowners.parse(
        ("a" + " x" * 30_000 + "\n") * 49, "gitlab"
    ),
    "Codeowners": lambda: codeowners.Codeowners.parse("a @b\n" * RULES).owners("a"),
    "Parameterizer, a long text": lambda: MESSAGES.parameterize("took 15ms, " * 500_000),
    "trim_function_names": lambda: functions.trim_function_names(["a::b<c>"] * 500_000, "native"),
    "ProguardMapper": lambda: proguard.ProguardMapper.from_bytes(
        b"\n".join(b"o.C%d -> a%d:\n    1:2:void m():3:4 -> b" % (n, n) for n in range(200_000))
    ).remap_class("a1"),
}


def restrict(more):
    """Let the process have so many MiB more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + (more << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    for name, call in CALLS.items():
        # Python may run out of memory where it makes objects of an answer.
        with contextlib.suppress(MemoryError, OphioError):
            call()
        gc.collect()
        sys.stderr.write(f"{name}\n")


def record(arguments):
    """Make the calls, and print what the recorder has."""
    take = watch()
    found = {}
    for name, call in CALLS.items():
        if arguments and arguments[0] not in name:
            continue
        take()
        begun = time.perf_counter()
        try:
            call()
        except OphioError as error:
            sys.stderr.write(f"{name}: {type(error).__name__}: {str(error)[:100]}\n")
        found[name] = take()
        sys.stderr.write(
            f"{found[name] / 2**20:8.1f} MiB  {time.perf_counter() - begun:5.1f} s  {name}\n"
        )
    sys.stdout.write(json.dumps(found))


def recorded(arguments):
    """Run this program with the recorder, and return what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        recorder = Path(folder, "largest.so")
        source = Path(__file__).with_name("largest.c")
        subprocess.run(["gcc", "-O1", "-shared", "-fPIC", "-o", recorder, source], check=True)
        done = subprocess.run(
            [sys.executable, __file__, "--record", *arguments],
            env={**os.environ, "LD_PRELOAD": str(recorder)},
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        )
    return done.stdout


def main():
    option = sys.argv[1] if len(sys.argv) > 1 else ""
    if option == "--limit":
        restrict(int(sys.argv[2]))
    elif option == "--record":
        record(sys.argv[2:])
    elif option == "--table":
        found = json.loads(recorded(sys.argv[2:]))
        lines = ["| call | largest allocation |", "| --- | ---: |"]
        for name, size in sorted(found.items(), key=lambda each: -each[1]):
            lines.append(f"| {name} | {size / 2**20:.1f} MiB |")
        sys.stdout.write("\n".join(lines) + "\n")
    else:
        sys.stdout.write(recorded(sys.argv[1:]))


main()
