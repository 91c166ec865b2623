"""The benchmark: ours beside the published package and the interpreter, in one run.

    make bench

Prints the table and writes it to benches/results.md. Takes about four minutes.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SHARED = ROOT.parent / "shared" / "data"
ORACLE = Path(os.environ.get("OPHIO_ORACLE", ROOT / ".venv-oracle" / "bin" / "python"))


def inputs() -> tuple[Path, Path, str]:
    """Choose rules and stack traces: the shared real ones, else those of this project."""
    rules, traces = SHARED / "newstyle@2023-01-11.txt", SHARED / "stacktraces.jsonl"
    if rules.is_file() and traces.is_file():
        return rules, traces, "the real rule set (287 rules) and 139 real stack traces"
    return (
        ROOT / "python" / "sentry_ophio" / "data" / "default.rules",
        ROOT / "tests" / "fixtures" / "stacktraces.jsonl",
        "the default rules and the stack traces of tests/fixtures",
    )


def say(text: str) -> None:
    """Tell what goes on; the result goes to standard output."""
    sys.stderr.write(text + "\n")


def side(python: str | Path, rules: Path, traces: Path) -> dict[str, float]:
    """Measure one side in its environment."""
    run = subprocess.run(
        [python, HERE / "side.py", rules, traces],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "RUST_BACKTRACE": "0"},
    )
    result: dict[str, float] = json.loads(run.stdout)
    return result


def criterion(frames: float) -> dict[str, float]:
    """Measure the engine alone; nanoseconds a frame, or milliseconds a rule set."""
    command = ["cargo", "bench", "-q", "-p", "ophio", "--bench", "engine", "--"]
    command += ["--warm-up-time", "0.5", "--measurement-time", "1.5"]
    subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    result = {}
    for path in (ROOT / "target" / "criterion").glob("*/*/new/estimates.json"):
        group, name = path.parts[-4:-2]
        mean = json.loads(path.read_text())["median"]["point_estimate"]
        result[name] = mean / frames if group == "frames" else mean / 1e6
    return result


def row(name: str, ours: float, other: float, unit: str, wanted: str) -> str:
    """Write a line of the table."""
    ratio = f"{other / ours:.1f}x" if ours else "-"
    return f"| {name} | {ours:,.3g} {unit} | {other:,.4g} {unit} | {ratio} | {wanted} |"


LIMITS = """\
## What limits

- The engine with a warm memo (45 ns wanted): to read the packed frame, to hash its fields, and to
  compare them with those in the memo. A frame that leaves the memo out (180 wanted) waits for the
  loads of the index of globs instead.
- `apply_modifications_to_frames` (14 times wanted): to pack the dicts takes longer than the engine.
  Packing field by field was slower, and so was one struct a frame.
- Assembling (4.5 times wanted): the objects of the caller. To make the Components is measured with
  the call, and takes a third of it. Each is read before the call and written after it, under the
  GIL.
- A prepared stack trace (35 times wanted): the call through cffi, and a tuple for each frame.

| step | time |
| --- | ---: |
"""

STEPS = {
    "step, pack": "a frame: packing a dict with `ormsgpack`",
    "step, call": "a frame: the call, of packed dicts",
    "step, call prepared": "a frame: the call, of a prepared stack trace",
    "step, read": "a frame: from its number to its tuple",
    "step, components": "a frame: making a Component",
    "step, empty call": "the call through cffi, without a frame",
}
"""The steps that `side.py` measures."""


def limits(ours: dict[str, float]) -> str:
    """Write what limits the calls, with their steps."""
    return LIMITS + "".join(f"| {name} | {ours[key]:.0f} ns |\n" for key, name in STEPS.items())


def cpu() -> str:
    """Name the processor."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def report() -> str:
    """Run everything and write the page."""
    rules, traces, what = inputs()
    say("1 of 3: ours, from Python")
    ours = side(sys.executable, rules, traces)
    say("2 of 3: the published package, from Python")
    theirs = side(ORACLE, rules, traces)
    say("3 of 3: the engine alone, and the interpreter")
    engine = criterion(ours["frames"])
    apply_alone = theirs["apply"] - theirs["apply, no rules"]
    assemble_alone = theirs["assemble"] - theirs["assemble, no rules"]
    ns, ms, kb = "ns", "ms", "kB"
    lines = [
        "# Measured",
        "",
        f"With {what}, {ours['frames']:.0f} frames. Times are a frame, unless they are of a parse.",
        f"{cpu()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}. Made by `make bench`.",
        "",
        "## The engine alone",
        "",
        "Beside the published package's time for the same call less that for the call with no",
        "rules at all, which is its marshalling.",
        "",
        "| measure | ours | published | ratio | wanted |",
        "| --- | --- | --- | --- | --- |",
        row("apply, warm memo", engine["apply warm"], apply_alone, ns, "45 ns"),
        row("apply, cold memo", engine["apply cold"], apply_alone, ns, "35x"),
        row("apply, no memo", engine["apply no memo"], apply_alone, ns, "180 ns"),
        row("assemble", engine["assemble warm"], assemble_alone, ns, "40x"),
        row("parse, cold", ours["ms, parse cold"], theirs["ms, parse cold"], ms, "20x"),
        row("parse, repeat", ours["ms, parse repeat"], theirs["ms, parse repeat"], ms, "5x"),
        row("heap, rules", ours["kB, compiled rules"], theirs["kB, compiled rules"], kb, "25x"),
        row(
            "heap, after the corpus",
            ours["kB, after the corpus"],
            theirs["kB, after the corpus"],
            kb,
            "10x",
        ),
        "",
        "Beside our interpreter, which tries every rule on every frame:",
        "",
        "| measure | engine | interpreter | ratio | wanted |",
        "| --- | --- | --- | --- | --- |",
        row("apply, warm memo", engine["apply warm"], engine["apply interpreter"], ns, ""),
        row("apply, no memo", engine["apply no memo"], engine["apply interpreter"], ns, ""),
        row("assemble", engine["assemble warm"], engine["assemble interpreter"], ns, ""),
        "",
        "With 20,000 rules more, and without:",
        "",
        "| measure | 20,000 more | without | times | wanted |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name in ("apply warm", "apply no memo"):
        many, few = engine[f"{name}, 20000 rules more"], engine[name]
        lines.append(f"| {name} | {many:.3g} ns | {few:.3g} ns | {many / few:.2f} | at most 1.5 |")
    events = "1,000 stack traces from events"
    lines += [
        "",
        "## From Python",
        "",
        "| measure | ours | published | ratio | wanted |",
        "| --- | --- | --- | --- | --- |",
        row("apply_modifications_to_frames", ours["apply"], theirs["apply"], ns, "14x"),
        row("assemble, new Components each time", ours["assemble"], theirs["assemble"], ns, "4.5x"),
        row("Stacktrace.apply, prepared", ours["prepared apply"], theirs["apply"], ns, "35x"),
        row("batch, prepared", ours["batch apply, prepared"], theirs["apply"], ns, ""),
        row(f"batch, {events}", ours[events], theirs[events], ns, "15x"),
        row(
            "apply with 5,000 rules more",
            ours["apply, 5,000 rules more"],
            theirs["apply, 5,000 rules more"],
            ns,
            "300x",
        ),
        "",
        f"Preparing a stack trace costs {ours['preparing']:.0f} ns a frame.",
        "",
        "What a service does with fresh rule sets and whole events is in "
        "[events-results.md](events-results.md).",
        "",
        limits(ours),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    if not ORACLE.exists():
        sys.exit("The published package is needed to compare with: make oracle")
    text = report()
    (HERE / "results.md").write_text(text, "utf-8")
    Console().print(Markdown(text))
