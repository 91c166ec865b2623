"""Measures `preview`: two rule sets over 100,000 stack traces of 50 frames.

    make dev
    .venv/bin/python benches/preview.py

Prints time and peak memory, and writes them to benches/preview-results.md. The rules are the
real ones where they are there, else those that come with the package; the new ones have a rule
more, which changes one frame in fifty of one stack trace in a hundred.
"""

from __future__ import annotations

import os
import platform
import resource
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sentry_ophio.enhancers import Cache, Enhancements, Stacktrace, preview

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
STACKTRACES, FRAMES = 100_000, 50


def prepared() -> list[Stacktrace]:
    """Make 1,000 different stack traces."""
    names = [f"function_{number}" for number in range(400)]
    return [
        Stacktrace.from_event_frames(
            [
                {
                    "function": "odd" if (number % 100, at) == (0, 0) else names[number * at % 400],
                    "abs_path": f"/srv/app/{['lib', 'src', 'vendor'][at % 3]}/m{at % 17}.py",
                    "module": f"app.m{at % 17}",
                    "in_app": at % 4 == 0,
                }
                for at in range(FRAMES)
            ],
            "python",
        )
        for number in range(1_000)
    ]


def many(known: list[Stacktrace]) -> Iterator[Stacktrace]:
    """Give them again and again."""
    for number in range(STACKTRACES):
        yield known[number % 1_000]


def main() -> None:
    """Measure and print the table."""
    shared = ROOT.parent / "shared" / "data"
    real = next(shared.rglob("newstyle@2023-01-11.txt"), None) if shared.exists() else None
    old = Enhancements.default()
    if real is not None:
        old = Enhancements.parse(real.read_text("utf-8"), Cache(0))
    new = Enhancements.empty()
    new.extend_from(old)
    new.extend_from(Enhancements.parse("function:odd +app category=odd", Cache(0)))
    known = prepared()
    memory_before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    lines = [
        "# preview",
        "",
        f"{STACKTRACES:,} stack traces of {FRAMES} frames, {len(old)} and {len(new)} rules; "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}. `benches/preview.py` says how.",
        "",
        "| threads | time | a frame | peak memory | of that before |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for threads in (1, os.cpu_count() or 1):
        start = time.perf_counter()
        report = preview(old, new, many(known), threads=threads)
        seconds = time.perf_counter() - start
        assert report.stacktraces == STACKTRACES
        assert report.changed_stacktraces == STACKTRACES // 100
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        lines.append(
            f"| {threads} | {seconds:.1f} s | {seconds / STACKTRACES / FRAMES * 1e9:.0f} ns "
            f"| {memory / 1024:.0f} MB | {memory_before / 1024:.0f} MB |"
        )
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    (ROOT / "benches" / "preview-results.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
