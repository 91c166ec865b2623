"""One side of the benchmark: runs in our environment, or in that of the published package.

Prints a JSON object of measurements: nanoseconds a frame, milliseconds a parse, kilobytes a
rule set. What is called and how often is the same on both sides; what only ours has is
measured there alone.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path
from typing import Any, Callable

from sentry_ophio import enhancers
from sentry_ophio.enhancers import Cache, Component, Enhancements

OURS = hasattr(enhancers, "Stacktrace")


def best(action: Callable[[], Any], seconds: float = 1.0, rounds: int = 5) -> float:
    """Time an action: the best mean of some rounds, in seconds."""
    action()
    start = time.perf_counter()
    action()
    once = time.perf_counter() - start
    times = max(1, int(seconds / rounds / max(once, 1e-9)))
    means = []
    gc.disable()
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(times):
            action()
        means.append((time.perf_counter() - start) / times)
    gc.enable()
    return min(means)


def resident() -> int:
    """Memory of this process that is not shared, in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon"):
            return int(line.split()[1]) * 1024
    return 0


def encoded(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v.encode() if isinstance(v, str) else v for k, v in values.items()}


def event_frames(frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Convert match frames to frames of an event, which are the input of Sentry."""
    platforms = {"native": "native", "javascript": "javascript"}
    return [
        {
            "function": frame["function"],
            "module": frame["module"],
            "package": frame["package"],
            "abs_path": frame["path"],
            "filename": (frame["path"] or "").rpartition("/")[2],
            "platform": platforms.get(frame["family"] or "", "python"),
            "in_app": frame["in_app"],
            "lineno": 17,
            "colno": None,
            "context_line": "    return call(x)",
            "data": {},
            "raw_function": None,
        }
        for frame in frames
    ]


FAMILIES = {
    **dict.fromkeys(("cocoa", "native", "objc", "swift", "c", "cpp", "rust"), "native"),
    **dict.fromkeys(("javascript", "node"), "javascript"),
}


def match_frame(frame: dict[str, Any], platform: str) -> dict[str, Any]:
    """The loop that callers of the published package need: what Sentry does for each frame."""
    data = frame.get("data") or {}
    values: dict[str, Any] = {
        "category": data.get("category"),
        "family": FAMILIES.get(frame.get("platform") or platform, "other"),
        "function": frame.get("function"),
        "in_app": frame.get("in_app"),
        "orig_in_app": data.get("orig_in_app"),
        "module": frame.get("module"),
        "package": frame.get("package"),
        "path": frame.get("abs_path") or frame.get("filename"),
    }
    for key in ("package", "path"):
        if values[key]:
            values[key] = values[key].lower().replace("\\", "/")
    return {k: v.encode() if isinstance(v, str) else v for k, v in values.items()}


def memory(text: str, traces: list[Any], sets: int = 50) -> dict[str, float]:
    """Measure what a rule set keeps: compiled, and after all stack traces."""
    # What the first call of a process loads is no part of a rule set.
    warm = Enhancements.parse("function:a +app", Cache(0))
    warm.apply_modifications_to_frames(*traces[0])
    before = resident()
    kept = [Enhancements.parse(text, Cache(0)) for _ in range(sets)]
    if OURS:  # it compiles them at the first stack trace
        for each in kept:
            each.apply_modifications_to_frames(*traces[0])
    compiled = resident() - before
    for each in kept:
        for frames, exception in traces:
            each.apply_modifications_to_frames(frames, exception)
    used = resident() - before
    return {
        "kB, compiled rules": compiled / sets / 1024,
        "kB, after the corpus": used / sets / 1024,
    }


def main(rules_file: str, traces_file: str) -> None:
    text = Path(rules_file).read_text("utf-8")
    raw = [json.loads(line) for line in Path(traces_file).read_text("utf-8").splitlines()]
    traces = [([encoded(f) for f in t["frames"]], encoded(t["exception"])) for t in raw]
    count = sum(len(frames) for frames, _ in traces)
    out: dict[str, float] = {"frames": count, "traces": len(traces)}

    # First, before anything else has grown the heap.
    out.update(memory(text, traces))

    rules = Enhancements.parse(text, Cache(0))
    empty = Enhancements.empty()

    def apply(rules: Enhancements) -> None:
        for frames, exception in traces:
            rules.apply_modifications_to_frames(frames, exception)

    def assemble(rules: Enhancements) -> None:
        for frames, exception in traces:
            components = [Component(contributes=True) for _ in frames]
            rules.assemble_stacktrace_component(frames, exception, components)

    def parse(cache: Cache) -> None:
        Enhancements.parse(text, cache)

    nano = 1e9 / count
    out["apply"] = best(lambda: apply(rules)) * nano
    out["apply, no rules"] = best(lambda: apply(empty)) * nano
    out["assemble"] = best(lambda: assemble(rules)) * nano
    out["assemble, no rules"] = best(lambda: assemble(empty)) * nano
    out["ms, parse cold"] = best(lambda: parse(Cache(0))) * 1e3
    warm = Cache(10_000)
    out["ms, parse repeat"] = best(lambda: parse(warm)) * 1e3

    more = Enhancements.parse(text + "\n" + more_rules(5_000), Cache(0))
    out["apply, 5,000 rules more"] = best(lambda: apply(more), 3.0, 1 if not OURS else 5) * nano

    # A thousand stack traces of raw event frames.
    thousand = [
        (event_frames(raw[n % len(raw)]["frames"]), raw[n % len(raw)]["exception"])
        for n in range(1_000)
    ]
    nano = 1e9 / sum(len(frames) for frames, _ in thousand)

    def from_events() -> None:
        if OURS:
            make = enhancers.Stacktrace.from_event_frames
            prepared = [
                make(
                    frames,
                    "python",
                    {"type": e["ty"], "value": e["value"], "mechanism": {"type": e["mechanism"]}},
                )
                for frames, e in thousand
            ]
            rules.apply_modifications_to_stacktraces(prepared)
            return
        for frames, exception in thousand:
            matched = [match_frame(frame, "python") for frame in frames]
            rules.apply_modifications_to_frames(matched, encoded(exception))

    out["1,000 stack traces from events"] = best(from_events, 3.0, 3) * nano
    if OURS:
        nano = 1e9 / count
        prepared = [enhancers.Stacktrace(*trace) for trace in traces]
        out["prepared apply"] = best(lambda: [p.apply(rules) for p in prepared]) * nano
        out["batch apply, prepared"] = (
            best(lambda: rules.apply_modifications_to_stacktraces(prepared)) * nano
        )
        out["preparing"] = best(lambda: [enhancers.Stacktrace(*t) for t in traces]) * nano
    print(json.dumps(out | (steps(rules, traces, count) if OURS else {})))


def steps(rules: Enhancements, traces: list[Any], count: int) -> dict[str, float]:
    """Measure the steps of our calls: nanoseconds a frame, or a call."""
    from sentry_ophio import _rule_set  # noqa: PLC0415 (only ours has them)
    from sentry_ophio._answers import new_short_answer  # noqa: PLC0415
    from sentry_ophio._pack import pack_frames, pack_values  # noqa: PLC0415

    call, pointer, (answer, _) = _rule_set._apply_short, rules._ptr, new_short_answer()
    packed = [pack_frames(*trace) for trace in traces]
    values = [pack_values(*trace)[0] for trace in traces]
    nothing = pack_values([], traces[0][1])[0]
    table = list(range(256))
    numbers = bytes(12)

    def call_all(buffers: list[bytes]) -> None:
        for data in buffers:
            call(pointer, data, len(data), answer)

    nano = 1e9 / count
    return {
        "step, pack": best(lambda: [pack_frames(*trace) for trace in traces]) * nano,
        "step, call": best(lambda: call_all(packed)) * nano,
        "step, call prepared": best(lambda: call_all(values)) * nano,
        "step, empty call": best(lambda: call(pointer, nothing, len(nothing), answer)) * 1e9,
        "step, read": best(lambda: [table[number] for number in numbers]) * 1e9 / len(numbers),
        "step, components": best(
            lambda: [[Component(contributes=True) for _ in frames] for frames, _ in traces]
        )
        * nano,
    }


def more_rules(count: int) -> str:
    """Return rules that match none of the frames, like the rules of other projects."""
    kinds = (
        "path:**/project{n}/lib{m}/** -app",
        "function:company{n}::* +app",
        "module:com.company{n}.* -group",
        "package:**/lib{n}*.so category=c{k}",
    )
    return "\n".join(kinds[n % 4].format(n=n, m=n % 97, k=n % 30) for n in range(count))


if __name__ == "__main__":
    main(*sys.argv[1:])
