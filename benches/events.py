"""Measure what a service does for each event: create a rule set, then apply it.

Sentry makes the rule set of a project for every event, from what is stored, and puts it
behind the built-in rules. So a set that is asked has just been made.

The published package expects match frames, so beside it stands the Python code that makes them
and that combines hints: match_frames_reference.py and process_reference.py.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any, Callable

from beside import PROGRAMS, ROOT, Times, best, main
from match_frames_reference import match_exception, match_frames, trim_function_name
from process_reference import classify, merged, process
from steps import ROUNDS, quickest, quickest_of_all, table

from sentry_ophio.enhancers import Cache, Component, Enhancements

SHARED = ROOT.parent / "shared" / "data"
BUILT_IN = SHARED / "all-platforms@2026-01-20.txt"
DEFAULT = ROOT / "python" / "sentry_ophio" / "data" / "default.rules"
FRAMES = ROOT / "tests" / "fixtures" / "stacktraces.jsonl"
EVENTS = ROOT / "tests" / "fixtures" / "events"
EXCEPTION = {"ty": b"ValueError", "value": b"x", "mechanism": b"generic"}


def frames_of(length: int) -> list[dict[str, Any]]:
    """Take frames of real stack traces."""
    found: list[dict[str, Any]] = []
    for line in FRAMES.read_text("utf-8").splitlines():
        for frame in json.loads(line)["frames"]:
            found.append({k: v.encode() if isinstance(v, str) else v for k, v in frame.items()})
    return [dict(found[number % len(found)]) for number in range(length)]


def project(rules: int, seed: int = 0) -> str:
    """Write rules as a project has them."""
    kinds = ("path:**/app{0}/** -app", "function:handle_{0}* -group", "module:com.shop{0}.* +app")
    return "\n".join(kinds[n % 3].format(f"{seed}x{n}") for n in range(rules))


def structure(text: str) -> bytes:
    """Write rules in the binary form, without the package that is measured."""
    letters = {"path": b"p", "function": b"f", "module": b"m"}
    actions = {"-app": b"\xcd\x03\x01", "-group": b"\xcd\x03\x00", "+app": b"\x01"}
    rules = []
    for line in text.splitlines():
        matcher, action = line.split(" ")
        name, _, argument = matcher.partition(":")
        data = letters[name] + argument.encode()
        rules.append(b"\x92\x91\xd9" + bytes([len(data)]) + data + b"\x91" + actions[action])
    return b"\x93\x02\x90\xdc" + len(rules).to_bytes(2, "big") + b"".join(rules)


# Frames, platform and exception, as an event has them.
Stacktrace = tuple[list[dict[str, Any]], str, dict[str, Any]]


def stacktraces() -> list[Stacktrace]:
    """Take the stack traces with exceptions of real events."""
    found: list[Stacktrace] = []
    for path in sorted(EVENTS.glob("*.json")):
        event = json.loads(path.read_text("utf-8"))
        values = (event.get("exception") or {}).get("values") or []
        for value in filter(None, values):
            frames = (value.get("stacktrace") or {}).get("frames")
            if frames:
                found.append((frames, event["platform"], value))
    return found


def of_new_events(
    call: Callable[[Stacktrace], object], rounds: int, *, never_seen: bool = False
) -> float:
    """Time a call for each stack trace of events that have just been parsed: the best round.

    A call may write into the frames, and no event comes twice. As in a service, an event is
    parsed right before the call, and not with hundreds of others that push it out of the cache.
    With `never_seen` the frames have names and paths that no frame before them had.
    """
    text = json.dumps(stacktraces())
    times = []
    for turn in range(rounds):
        events = json.loads(text)
        if never_seen:
            for number, (frames, _, _) in enumerate(events):
                rename(frames, f"{turn}x{number}")
        start = time.perf_counter()
        for event in events:
            call(event)
        times.append((time.perf_counter() - start) / len(events))
    return min(times)


def rename(frames: list[dict[str, Any]], mark: str) -> None:
    """Give frames other names and paths: `f` is `f_MARK` then, and `b.py` is `b_MARK.py`."""
    for number, frame in enumerate(frames):
        for key in ("function", "module", "abs_path", "filename"):
            name = frame.get(key)
            if name:
                is_path = key in {"abs_path", "filename"}
                stem, dot, ending = name.rpartition(".") if is_path else (name, "", "")
                frame[key] = f"{stem}_{mark}x{number}{dot}{ending}"


def measure_import() -> float:
    """Time `import sentry_ophio.enhancers` in new processes, on the processor: the best one."""
    with tempfile.TemporaryDirectory() as folder:
        # The first run compiles the modules, as installing a package does.
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [sys.executable, str(PROGRAMS / "import_time.py")]
        runs = [
            subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment)
            for _ in range(10)
        ]
    return min(float(run.stdout) for run in runs)


ACTION = re.compile(r"[v^]?[+-](app|group)|[a-z-]+=\S*")
FRAMES_ONLY = re.compile(r"[v^]?[+-]app|category=\S*")


def parts_of(text: str) -> tuple[str, str]:
    """Split rules into those that change frames, and those that are about grouping."""
    parts: tuple[list[str], list[str]] = ([], [])
    for line in text.splitlines():
        words = line.partition(" #")[0].split()
        if not words or words[0].startswith("#"):
            continue
        actions = [word for word in words if ACTION.fullmatch(word)]
        matchers = [word for word in words if not ACTION.fullmatch(word)]
        of_frames = [word for word in actions if FRAMES_ONLY.fullmatch(word)]
        others = [word for word in actions if not FRAMES_ONLY.fullmatch(word)]
        for part, kept in zip(parts, (of_frames, others)):
            if kept:
                part.append(" ".join(matchers + kept))
    return "\n".join(parts[0]), "\n".join(parts[1])


def stored_in_parts(text: str) -> str:
    """Write rules in the stored form, in three parts."""
    structures = [structure(part) for part in (text, *parts_of(text))]
    # Compressed in the older way, which the standard library has.
    packed = [base64.urlsafe_b64encode(zlib.compress(each)) for each in structures]
    return "#".join(each.decode().rstrip("=") for each in packed)


def decoded(part: str) -> bytes:
    """Read one of the parts."""
    return zlib.decompress(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def measure_events(base_text: str, ours: bool) -> Times:
    """Measure what starts with the frames of an event."""
    # Not `cache`: these rules are not read before.
    cache = Cache(1_000)
    own_text = project(23)
    own_structure = structure(own_text)
    base = Enhancements.parse(base_text, cache)
    results: Times = {}
    process_case = "process a stack trace of an event, config from its stored text each time"
    new_process_case = "the same, with names, paths and a stored text never seen"
    apply_case = "apply_to_event_frames, rules that stay, exception and writing back included"
    new_apply_case = "the same, with names and paths never seen"
    anew_case = "apply_to_event_frames, the merged set made for each event"

    rules = merged(base, Enhancements.from_config_structure(own_structure, cache))
    if ours:
        from sentry_ophio.enhancers import EnhancementsConfig  # noqa: PLC0415 (only ours has it)

        bases = {"base": base}

        def stored_of(text: str) -> str:
            # The stored text names its base.
            return EnhancementsConfig.from_text(text, bases).to_base64()

        def process_with(stored: str, event: Stacktrace) -> None:
            EnhancementsConfig.from_base64(stored, bases).process(*event)

        def applied(event: Stacktrace) -> None:
            frames, platform, exception = event
            rules.apply_to_event_frames(frames, platform, exception, write=True)

        def applied_anew(event: Stacktrace) -> None:
            own = Enhancements.from_config_structure(own_structure, cache)
            frames, platform, exception = event
            fresh = merged(base, own)
            fresh.apply_to_event_frames(frames, platform, exception, write=True)

    else:
        classifier_base, contributes_base = (
            Enhancements.parse(text, cache) for text in parts_of(base_text)
        )
        own_texts = set(own_text.splitlines())

        stored_of = stored_in_parts

        def process_with(stored: str, event: Stacktrace) -> None:
            whole, classifier, contributes = (
                Enhancements.from_config_structure(decoded(part), cache)
                for part in stored.split("#")
            )
            del whole
            process(
                *event,
                merged(classifier_base, classifier),
                merged(contributes_base, contributes),
                own_texts,
            )

        def applied(event: Stacktrace) -> None:
            frames, platform, exception = event
            classify(frames, platform, match_exception(exception), rules)

        def applied_anew(event: Stacktrace) -> None:
            own = Enhancements.from_config_structure(own_structure, cache)
            frames, platform, exception = event
            classify(frames, platform, match_exception(exception), merged(base, own))

    known = stored_of(own_text)
    seeds = range(10_000, 10_000 + 20 * len(stacktraces()))
    unseen = iter([stored_of(project(23, seed)) for seed in seeds])
    results[process_case] = of_new_events(lambda event: process_with(known, event), 100)
    results[new_process_case] = of_new_events(
        lambda event: process_with(next(unseen), event), 20, never_seen=True
    )
    results[apply_case] = of_new_events(applied, 200)
    results[new_apply_case] = of_new_events(applied, 50, never_seen=True)
    results[anew_case] = of_new_events(applied_anew, 200)
    results |= measure_many(rules, ours)
    return results


def measure_many(rules: Enhancements, ours: bool) -> Times:
    """Measure many stack traces in one call, and names of functions."""
    known = stacktraces()
    thousand = [known[number % len(known)] for number in range(1_000)]
    count = sum(len(frames) for frames, _, _ in thousand)
    names = [
        (frame["function"], frame.get("platform") or platform)
        for frames, platform, _ in known
        for frame in frames
        if frame.get("function")
    ]
    native = [NATIVE_NAMES[number % len(NATIVE_NAMES)] for number in range(1_000)]
    results: Times = {}
    many_case = "1,000 stack traces of event frames in one call, beside apply alone, a frame"
    prepared_case = "the same, as prepared stack traces: one call to prepare, one to apply"
    name_case = "trim_function_name, names of real events, seen before"
    native_case = "trim_function_name, names of C++, Rust and Swift, seen before"
    new_case = "trim_function_name, such names never seen"
    native_many_case = "trim_function_names, 1,000 names in one call, seen before, a name"
    new_many_case = "trim_function_names, 1,000 names never seen, a name"
    preview_case = "preview of events, one a line of JSON, two threads, a frame"
    if ours:
        from sentry_ophio import enhancers, functions  # noqa: PLC0415 (only ours has them)

        def many() -> None:
            rules.apply_to_many_event_frames(thousand)

        def prepared() -> None:
            made = enhancers.Stacktrace.many_from_event_frames(thousand)
            rules.apply_modifications_to_stacktraces(made)

        trim: Callable[[str, str | None], str] = functions.trim_function_name

        def trim_many(names: list[str]) -> None:
            functions.trim_function_names(names, "native")

        results[preview_case] = measure_preview()
    else:
        matched = [
            (match_frames(frames, platform), match_exception(exception))
            for frames, platform, exception in thousand
        ]

        def many() -> None:
            for frames, exception in matched:
                rules.apply_modifications_to_frames(frames, exception)

        prepared = many
        trim = trim_function_name

        def trim_many(names: list[str]) -> None:
            for name in names:
                trim_function_name(name, "native")

        results[preview_case] = None
    results[many_case] = best(many, 3, count)
    results[prepared_case] = best(prepared, 3, count)
    results[name_case] = best(lambda: [trim(*each) for each in names], 20, len(names))
    results[native_case] = best(lambda: [trim(each, "native") for each in native], 3, len(native))
    results[new_case] = of_new_names(lambda names: [trim(each, "native") for each in names], native)
    results[native_many_case] = best(lambda: trim_many(native), 3, len(native))
    results[new_many_case] = of_new_names(trim_many, native)
    return results


def of_new_names(call: Callable[[list[str]], object], names: list[str]) -> float:
    """Time a call for names that it has not seen: the best mean, a name."""
    times = []
    for turn in range(10):
        new = [f"shop{turn}x{number}::{name}" for number, name in enumerate(names)]
        start = time.perf_counter()
        call(new)
        times.append((time.perf_counter() - start) / len(new))
    return min(times)


NATIVE_NAMES = [
    "std::vector<shop::Item, std::allocator<shop::Item> >::push_back(shop::Item const&)",
    "<alloc::vec::Vec<T> as core::ops::Drop>::drop::h1f2e3d4c5b6a7988",
    "core::ops::function::FnOnce::call_once{{vtable.shim}}::h0123456789abcdef",
    "void shop::(anonymous namespace)::sell<int, (shop::Kind)2>(shop::Cart&, int) const",
    "static Shop.Cart.sell(item: Swift.String) throws -> Swift.Bool",
    "closure #1 (Swift.Int) -> Swift.Int in Shop.total() -> Swift.Int",
    "shop::Cart::operator<<(std::ostream&)",
    "main",
]


def measure_preview() -> float:
    """Time the comparison that `sentry-ophio preview` does, a frame."""
    from sentry_ophio._event_files import compare  # noqa: PLC0415 (only ours has it)
    from sentry_ophio._preview import Comparison  # noqa: PLC0415

    old = Enhancements.default()
    new = merged(old, Enhancements.parse("function:does_not_occur +app", Cache(0)))
    documents = [json.loads(path.read_text("utf-8")) for path in sorted(EVENTS.glob("*.json"))]
    lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in documents)
    times = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "events.ndjson")
        file.write_text(lines * 500, "utf-8")
        for _ in range(5):
            with Comparison(old, new) as comparing:
                start = time.perf_counter()
                for _ in compare(comparing, [str(file)], 2, print):
                    pass
                times.append((time.perf_counter() - start) / comparing.report().frames)
    return min(times)


def measure(ours: bool) -> Times:
    """Measure one package."""
    cache = Cache(1_000)
    text = (BUILT_IN if BUILT_IN.exists() else DEFAULT).read_text("utf-8")
    base = Enhancements.parse(text, cache)
    frames = frames_of(20)
    own = Enhancements.from_config_structure(structure(project(23)), cache)
    own_small = Enhancements.from_config_structure(structure(project(51)), cache)
    results: Times = {
        "import sentry_ophio.enhancers in a new process, time of the processor": measure_import()
    }

    def timed(call: Callable[[Enhancements], object], *parts: Enhancements) -> float:
        # Making the set is not counted here.
        sets = iter([merged(*parts) for _ in range(1_010)])
        call(next(sets))
        return best(lambda: call(next(sets)), 200)

    def assemble(rules: Enhancements) -> None:
        components = [Component(contributes=True) for _ in frames]
        rules.assemble_stacktrace_component(frames, EXCEPTION, components)

    results["fresh merged set of built-in and own rules, first apply, 20 frames"] = timed(
        lambda rules: rules.apply_modifications_to_frames(frames, EXCEPTION), base, own
    )
    results["fresh merged set of 51 rules, first assemble, 20 frames"] = timed(assemble, own_small)
    results["empty + 2 x extend_from"] = best(lambda: merged(base, own), 1_000)
    known = structure(project(100))
    results["from_config_structure, 100 rules, bytes seen before"] = best(
        lambda: Enhancements.from_config_structure(known, cache), 500
    )
    unseen = iter([structure(project(100, seed)) for seed in range(1_000, 1_300)])
    results["100 own rules never seen before, first apply included"] = best(
        lambda: Enhancements.from_config_structure(
            next(unseen), cache
        ).apply_modifications_to_frames(frames, EXCEPTION),
        50,
    )
    stored = structure(project(23))
    parts = [stored, structure(project(12)), structure(project(11))]

    def event() -> None:
        whole, classifier, contributes = (
            Enhancements.from_config_structure(part, cache) for part in parts
        )
        del whole
        first, second = merged(base, classifier), merged(base, contributes)
        first.apply_modifications_to_frames(frames, EXCEPTION)
        assemble(first)
        assemble(second)

    results["the whole path of an event: 3 sets read, 2 merged, 1 apply, 2 assembles"] = best(
        event, 200
    )
    return results | measure_events(text, ours)


LIMITS = """
## What limits

- `apply_to_event_frames` (30 times wanted): packing with `ormsgpack`, the call and writing back,
  below. An answer of one number for each frame, with a table, is read faster than MessagePack with
  the new values: 60 ns a frame in place of 150. Only frames that change are written: 75 ns a frame,
  and 130 to write all of them at once with `compress`. If hundreds of events are parsed before the
  first call, their dicts are not in the cache of the processor, and the call takes longer.
- `empty` + 2 x `extend_from` (3 µs wanted): the objects that own the set in the library. Making the
  set and its owner takes more than half; the rest is two calls and where the rules come from.
- `preview` (2 million frames a second wanted): more than half of the time is reading JSON.
- 1,000 stack traces in one call: 32 of them are packed into one buffer. One buffer for all would
  be new memory in each call, and slower. Prepared stack traces cost an object each.
- `trim_function_name` for names never seen (50 times wanted): the call through cffi of four
  arguments, below, takes longer than a fiftieth of the time of Python. Writing into a string of
  the library took 500 ns more. Names in one call, or names seen before, do not need a call.

Steps, of one frame of these events, or of one call:

"""


def steps() -> str:
    """Measure the steps of calls, and return the section."""
    from sentry_ophio import _rule_set, functions  # noqa: PLC0415 (only ours has them)
    from sentry_ophio._answers import new_event_answer  # noqa: PLC0415
    from sentry_ophio._ffi import ffi  # noqa: PLC0415
    from sentry_ophio._stacktrace import packed_event  # noqa: PLC0415

    text = (BUILT_IN if BUILT_IN.exists() else DEFAULT).read_text("utf-8")
    own = Enhancements.parse(project(23), Cache(0))
    base = Enhancements.parse(text, Cache(0))
    rules = merged(base, own)
    known = stacktraces()
    packed = [packed_event(*each) for each in known]
    answer, view = new_event_answer()
    names: dict[str, Any] = {
        "Enhancements": Enhancements,
        "merged": merged,
        "own": own,
        "base": base,
        "rules": rules,
        "packed_event": packed_event,
        "nothing": packed_event([], "python", None),
        "call": _rule_set._apply_event_short,
        "pointer": rules._ptr,
        "answer": answer,
        "view": view,
        "trim": functions._trim_text,
        "trim_function_name": functions.trim_function_name,
        "buffer": ffi.new("char[]", 4096),
        "name": NATIVE_NAMES[0].encode(),
        "new": iter([f"shop{n}::{NATIVE_NAMES[0]}" for n in range(ROUNDS * 200)]),
    }
    of_frames: dict[str, tuple[str, list[Any]]] = {
        "a frame: packing": ("packed_event(*each)", known),
        "a frame: the call": ("call(pointer, each, len(each), answer)", packed),
        "a frame: `apply_to_event_frames`, without writing back": (
            "rules.apply_to_event_frames(*each)",
            known,
        ),
    }
    frames = sum(len(frames) for frames, _, _ in known)
    rows = {
        name: quickest_of_all(statement, names, values) / frames
        for name, (statement, values) in of_frames.items()
    }
    statements = {
        "the call through cffi, without a frame": "call(pointer, nothing, len(nothing), answer)",
        "reading 12 numbers": "view[:14].tolist()",
        "`empty`": "Enhancements.empty()",
        "`empty` + 2 x `extend_from`": "merged(base, own)",
        "trimming: the call through cffi, of `main`": "trim(b'main', b'native', buffer, 4096)",
        "trimming: the call, of a long name": "trim(name, b'native', buffer, 4096)",
        "trimming: all of `trim_function_name`, a name never seen": (
            "trim_function_name(next(new), 'native')"
        ),
    }
    rows |= {name: quickest(each, names) for name, each in statements.items()}
    return LIMITS + table(rows)


if __name__ == "__main__":
    main(
        __file__,
        "What a service does for each event",
        "sentry-ophio",
        measure,
        "events-results.md",
        "" if len(sys.argv) > 1 else steps(),
    )
