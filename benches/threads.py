"""Measures what a second thread brings: the library releases Python's lock in every call.

One thread and two threads apply rules to the stack traces of the fixtures, and parse the default
rules. Writes benches/threads-results.md. On a machine with other load the numbers have no
meaning.
"""

from __future__ import annotations

import json
import os
import threading
import time
from importlib import resources
from pathlib import Path
from typing import Any, Callable

from sentry_ophio._pack import EXCEPTION_FIELDS
from sentry_ophio.enhancers import Cache, Enhancements, Stacktrace

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benches" / "threads-results.md"
SECONDS = 2.0


def frames(trace: dict[str, Any]) -> list[Any]:
    return [
        {key: value.encode() if isinstance(value, str) else value for key, value in each.items()}
        for each in trace["frames"]
    ]


def rate(threads: int, work: Callable[[], int]) -> float:
    """Count what threads get done together in a second, best of three."""

    def run() -> float:
        counts = [0] * threads
        end = time.perf_counter() + SECONDS

        def loop(index: int) -> None:
            while time.perf_counter() < end:
                counts[index] += work()

        workers = [threading.Thread(target=loop, args=(n,)) for n in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return sum(counts) / SECONDS

    return max(run() for _ in range(3))


def main() -> None:
    text = (resources.files("sentry_ophio") / "data" / "default.rules").read_text("utf-8")
    rules = Enhancements.parse(text, Cache(1000))
    lines = (ROOT / "tests" / "fixtures" / "stacktraces.jsonl").read_text("utf-8").splitlines()
    error: Any = dict.fromkeys(EXCEPTION_FIELDS)
    given = [frames(json.loads(line)) for line in lines]
    traces = [Stacktrace(each, error) for each in given]
    many = traces * 20
    count = sum(map(len, given))

    def batch() -> int:
        rules.apply_modifications_to_stacktraces(many)
        return 20 * count

    def memoless() -> int:
        cold.apply_modifications_to_stacktraces(many)
        return 20 * count

    def parse() -> int:
        Enhancements.parse(text, Cache(0))
        return 1

    def dicts() -> int:
        for each in given:
            rules.apply_modifications_to_frames(each, error)
        return count

    cold = Enhancements.parse(text, Cache(0))
    cold.set_memo_bytes(0)
    cores = os.cpu_count() or 1
    rows = [
        "# What a second thread brings",
        "",
        f"`python benches/threads.py`: calls from 1 and from 2 threads, {cores} cores, "
        "default rules, the stack traces of the fixtures.",
        "",
        "| call | of | a second, 1 thread | 2 threads | times |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for name, unit, work in (
        ("parse the default rules", "texts", parse),
        ("batch, memo off", "frames", memoless),
        ("batch", "frames", batch),
        ("apply to dicts", "frames", dicts),
    ):
        one, two = rate(1, work), rate(2, work)
        rows.append(f"| {name} | {unit} | {one:,.0f} | {two:,.0f} | {two / one:.2f} |")
        print(rows[-1], flush=True)
    RESULTS.write_text("\n".join(rows) + "\n", "utf-8")


if __name__ == "__main__":
    main()
