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
from sentry_ophio.limits import Limit, get
from sentry_ophio.parameterization import Parameterizer

try:
    import pyarrow

    from sentry_ophio import arrow
except ImportError:
    arrow = None

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


def event_frames(count=FRAMES):
    """Make frames of an event, each another one."""
    return [
        {"function": f"main_{n}", "filename": f"a/{n}.py", "in_app": True} for n in range(count)
    ]


def long_event():
    """Make an event whose fingerprint is as long as it can be: of each frame and each tag."""
    values = [{"type": "E", "value": "v" * 40}] * (FRAMES // 10)
    return event() | {"exception": {"values": values}, "tags": {f"t{n}": "v" for n in range(9_999)}}


def columns(count=FRAMES):
    """Make a batch whose one row has as many frames as it may have."""
    return arrow.batch([{"frames": [{"function": "main"}] * count, "exception": {"ty": "E"}}])


def many_classes():
    lines = (b"o.C%d -> a%d:\n    1:2:void m():3:4 -> b" % (n, n) for n in range(200_000))
    return proguard.ProguardMapper.from_bytes(b"\n".join(lines))


def mapping_cache():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cache"
        many_classes().write_cache(path)
        proguard.ProguardMapper.open_cache(path).remap_class("a1")


SMALL = Enhancements.parse("function:main -app category=x", Cache(0))
CONFIG = EnhancementsConfig.from_text("function:main* -app category=x\npath:**/a/** +group", {})
PRINTS = FingerprintRules.parse("function:main -> a")
MESSAGES = Parameterizer()
MAPPER = proguard.ProguardMapper.from_bytes(
    b"org.example.Shop -> a1:\n    1:2:void buy():3:4 -> b\n"
)
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
    "fix_rules": lambda: fix_rules("Function:a +in_app\n" * RULES),
    "EnhancementsConfig.from_text": lambda: EnhancementsConfig.from_text(many_rules(), {}),
    "EnhancementsConfig.process": lambda: CONFIG.process(event_frames(), "python", None),
    "apply_to_event_frames": lambda: SMALL.apply_to_event_frames(
        event_frames(), "python", write=True
    ),
    "match_frames": lambda: events.match_frames(event_frames(), "python"),
    "FingerprintRules.match_many": lambda: PRINTS.match_many([event()] * 2),
    "FingerprintRules.match_json_lines": lambda: PRINTS.match_json_lines(
        json.dumps(event()).encode()
    ),
    "FingerprintRules.explain": lambda: PRINTS.explain(long_event()),
    "FingerprintRules.explain, many rules": lambda: FingerprintRules.parse(
        fingerprint_text()
    ).explain({"level": "x"}),
    "FingerprintRules.to_json": lambda: FingerprintRules.parse(fingerprint_text()).to_json(),
    "FingerprintRules.rules": lambda: FingerprintRules.parse(fingerprint_text()).rules,
    "FingerprintRules.format": lambda: FingerprintRules.format(fingerprint_text()),
    "fingerprints.preview": lambda: fingerprints.preview(PRINTS, PRINTS, [event()], rules=SMALL),
    "fingerprints.resolve": lambda: fingerprints.resolve(
        ["{{ stack.function }}"] * 100_000, event(10)
    ),
    "Codeowners.owners_many": lambda: codeowners.Codeowners.parse("*.py @a @b").owners_many(
        [f"src/a/b/{n}.py" for n in range(RULES)]
    ),
    "Codeowners.check": lambda: codeowners.Codeowners.check(
        "/src/[b]/ a\n" * RULES, paths=[f"src/a/b/{n}.py" for n in range(RULES)]
    ),
    "Codeowners, many sections": lambda: codeowners.Codeowners.parse(
        "".join(f"[s{n}]\na @b\n" for n in range(RULES // 2)), "gitlab"
    ).owners("a"),
    "Codeowners, one long line": lambda: codeowners.Codeowners.parse("a" + " @bc" * 16_000 + "\n"),
    "Parameterizer.find_many": lambda: MESSAGES.find_many(["took 15ms, " * 10_000] * 50),
    "Parameterizer.counts": lambda: MESSAGES.counts(["took 15ms, " * 10_000] * 50),
    "ProguardMapper.retrace": lambda: MAPPER.retrace("\tat a1.b(SourceFile:1)\n" * 200_000),
    "ProguardMapper.remap_stacktrace": lambda: MAPPER.remap_stacktrace(
        "\tat a1.b(SourceFile:1)\n" * 200_000
    ),
    "ProguardMapper.remap_frames": lambda: MAPPER.remap_frames([("a1", "b", 1)] * 200_000),
    "ProguardMapper": lambda: many_classes().remap_class("a1"),
    "ProguardMapper, cache": mapping_cache,
}
if arrow is not None:
    CALLS |= {
        "arrow.apply": lambda: arrow.apply(SMALL, columns()),
        "arrow.assemble": lambda: arrow.assemble(SMALL, columns()),
        "arrow.preview": lambda: arrow.preview(SMALL, SMALL, columns()),
        "arrow.preview_report": lambda: arrow.preview_report(SMALL, SMALL, columns()),
        "arrow.fingerprints": lambda: arrow.fingerprints(columns(), PRINTS),
        "arrow.fingerprints, events": lambda: arrow.fingerprints(
            pyarrow.array([json.dumps(event())]), PRINTS
        ),
        "arrow.parameterize": lambda: arrow.parameterize(
            pyarrow.array(["took 15ms, " * 100] * 5_000), MESSAGES
        ),
        "arrow.apply, many rows": lambda: arrow.apply(
            SMALL, arrow.batch([{"frames": [{"function": "main"}] * 10}] * 10_000)
        ),
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
