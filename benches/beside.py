"""Two packages beside each other: each in its own environment, in turns, on one machine.

A benchmark calls `main` with a function that measures one package in the process it runs
in, and gives seconds by case. A number is the best of all rounds. The table is printed and
written.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Callable, Optional

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parent.parent
ORACLE = os.environ.get("OPHIO_ORACLE", str(ROOT / ".venv-oracle" / "bin" / "python"))
PROGRAMS = ROOT / "benches" / "programs"
PEAK = ROOT / "tests" / "programs" / "peak.py"
ROUNDS = 5

# Seconds by case; None where the package cannot do it.
Times = dict[str, Optional[float]]


def best(call: Callable[[], object], number: int, per: int = 1) -> float:
    """Time a call: the best of five times `number`, a value where it handles `per`."""
    times = []
    for _ in range(5):
        start = time.perf_counter()
        for _ in range(number):
            call()
        times.append((time.perf_counter() - start) / number)
    return min(times) / per


def never_seen(call: Callable[[str], object], value: str) -> float:
    """Time a call with values that it has not seen: `value` with numbers in place of `{}`."""
    times = []
    for turn in range(5):
        values = [value.format(f"{turn}-{number}") for number in range(20_000)]
        start = time.perf_counter()
        for each in values:
            call(each)
        times.append((time.perf_counter() - start) / len(values))
    return min(times)


def seen_before(call: Callable[[str], object], value: str) -> float:
    """Time a call with 2,000 values in turn, as often as it takes to know them."""
    values = [value.format(number) for number in range(2_000)]
    times = []
    for _ in range(20):
        start = time.perf_counter()
        for each in values:
            call(each)
        times.append((time.perf_counter() - start) / len(values))
    return min(times)


def unit(seconds: float) -> str:
    """Print a time in a unit that suits it."""
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 1:
            return f"{seconds * factor:,.2f} {name}"
    return f"{seconds * 1e9:,.0f} ns"


def require_oracle() -> None:
    """End the program if the other environment does not exist."""
    if not Path(ORACLE).exists():
        sys.exit(f"{ORACLE} does not exist: run `make oracle`, or name a Python in OPHIO_ORACLE")


def version_there(distribution: str) -> str:
    """Return the version of a distribution in the other environment, and that of its Python."""
    command = [ORACLE, str(PROGRAMS / "version.py"), distribution]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def peak(command: Sequence[str | Path]) -> tuple[int, float]:
    """Run a command; return its peak memory in KiB, and its time of the processor in seconds."""
    run = subprocess.run(
        [sys.executable, PEAK, *command], check=True, stdout=subprocess.PIPE, encoding="utf-8"
    )
    memory, seconds = run.stdout.split()
    return int(memory), float(seconds)


def run(python: str, script: str, *arguments: str | Path) -> Times:
    """Measure one package in a process with its Python."""
    command = [python, script, *arguments]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout
    results: Times = json.loads(output)
    return results


def main(  # noqa: PLR0913, PLR0917 (each is a part of the page)
    script: str,
    title: str,
    distribution: str,
    measure: Callable[[bool], Times],
    results: str,
    notes: str = "",
) -> None:
    """Measure both packages and print the table, or, as the child process, one of them.

    Args:
        script: The file of the benchmark.
        title: The heading.
        distribution: The name of the published package.
        measure: Measures the package of its process; its argument says whether that is ours.
        results: The name of the file in benches/ to write.
        notes: What to write below the table.
    """
    if len(sys.argv) == 2:
        json.dump(measure(sys.argv[1] == "ours"), sys.stdout)
        return
    require_oracle()
    rounds = []
    for number in range(ROUNDS):
        print(f"\rround {number + 1} of {ROUNDS}", end="", file=sys.stderr, flush=True)
        rounds.append((run(sys.executable, script, "ours"), run(ORACLE, script, "theirs")))
    print("\r", end="", file=sys.stderr)
    lines = [
        f"# {title}",
        "",
        f"sentry-ophio {version('sentry-ophio')} on Python {platform.python_version()}, "
        f"{distribution} {version_there(distribution)}, {platform.machine()} {platform.system()}.",
        f"The best of {ROUNDS} rounds; `benches/{Path(script).name}` says how.",
        "",
        f"| call | ours | {distribution} | times as fast |",
        "| --- | ---: | ---: | ---: |",
    ]
    for case in rounds[0][0]:
        ours = min(mine[case] or 0 for mine, _ in rounds)
        others = [other[case] for _, other in rounds]
        their = min(each for each in others if each) if all(others) else None
        compared = "- | -" if their is None else f"{unit(their)} | {their / ours:.2f}"
        lines.append(f"| {case} | {unit(ours)} | {compared} |")
    text = "\n".join(lines) + "\n" + notes
    sys.stdout.write(text)
    (ROOT / "benches" / results).write_text(text, encoding="utf-8")
