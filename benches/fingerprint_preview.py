"""Measures `fingerprint preview`: two rule sets over events made from the real ones.

    make dev                             # an optimised build
    .venv/bin/python benches/fingerprint_preview.py

Each of tests/fixtures/events is written many times, with other ids, levels, tags and numbers in its
messages, and in 40 variants with another function in the stack trace: so there are some 500
issues. The worst case for memory is a rule set that makes an issue of each event. Prints time and
peak memory of the command, and writes them to benches/fingerprint-preview-results.md.
"""

from __future__ import annotations

import json
import platform
import random
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sentry_ophio

sys.path.insert(0, str(Path(__file__).resolve().parent))

from beside import ROOT, peak
from fingerprints import rules_of

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS = sorted((ROOT / "tests" / "fixtures" / "events").glob("*.json"))
VARIANTS = 40

OLD = """\
level:fatal family:native type:SIG*   -> native
message:"*no price*"                  -> no-price, {{ tags.env }}
"""
NEW = """\
level:fatal family:native type:SIG*   -> native, {{ type }}
message:"*no price*"                  -> no-price
tags.customer:c-7                     -> {{ default }}, customer-7
function:handle_1?                    -> handler
"""
EACH = "tags.number:* -> {{ tags.number }}\n"


def made(count: int) -> Iterator[dict[str, Any]]:
    """Make events of the real ones, always the same."""
    chance = random.Random(18)
    texts = [path.read_text("utf-8") for path in EVENTS]
    for number in range(count):
        event: dict[str, Any] = json.loads(texts[number % len(texts)])
        event["event_id"] = f"{number:032x}"
        event["level"] = chance.choice(["fatal", "error", "warning"])
        event["release"] = f"shop@1.{number % 7}"
        event["tags"] = [
            ["env", chance.choice(["prod", "stage"])],
            ["customer", f"c-{chance.randrange(50)}"],
            ["number", str(number)],
        ]
        exception = event["exception"]["values"][-1]
        exception["value"] += f" (request {chance.randrange(1 << 30)})"
        exception["stacktrace"]["frames"].append(
            {
                "function": f"handle_{chance.randrange(VARIANTS)}",
                "module": "shop.handlers",
                "filename": "shop/handlers.py",
                "in_app": True,
            }
        )
        yield event


def processor_seconds() -> float:
    """Return the time of the processor in all programs that were run."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def measure(folder: Path, count: int, old: str, new: str) -> tuple[float, int, int, dict[str, Any]]:
    """Run the command; return its seconds, its peak memory and that for one event, in KiB."""
    (folder / "old.rules").write_text(old, "utf-8")
    (folder / "new.rules").write_text(new, "utf-8")
    name = folder / f"events-{count}.ndjson"
    with name.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(event) + "\n" for event in made(count))
    one = folder / "one.ndjson"
    one.write_text(json.dumps(next(made(1))), "utf-8")

    def command(events: Path) -> list[str]:
        rules = ["--old", str(folder / "old.rules"), "--new", str(folder / "new.rules")]
        program = [sys.executable, "-m", "sentry_ophio", "fingerprint", "preview"]
        return [*program, *rules, "--json", str(events)]

    times = []
    for _ in range(3):
        start = processor_seconds()
        result = subprocess.run(command(name), check=True, capture_output=True, text=True)
        times.append(processor_seconds() - start)
    report = json.loads(result.stdout)
    assert report["events"] == count
    return min(times), peak(command(name))[0], peak(command(one))[0], report


def main() -> None:
    """Measure and print the table."""
    many = rules_of(300)
    lines = [
        "# fingerprint preview",
        "",
        f"sentry-ophio {sentry_ophio.__version__} on Python {platform.python_version()}, "
        f"{platform.machine()} {platform.system()}. The whole command, from the start of Python to "
        "the JSON of",
        "the report, over one file with an event a line. The time is that of the processor: the "
        "command has one",
        "thread. The best of 3 runs; `benches/fingerprint_preview.py` says how.",
        "",
        "| events | rules | issues | events that move | time | peak memory | for one event |",
        "| ---: | --- | --- | ---: | ---: | ---: | ---: |",
    ]
    cases = [
        (10_000, "302 and 304", many + OLD, many + NEW),
        (50_000, "302 and 304", many + OLD, many + NEW),
        (10_000, "an issue for each event", many + OLD, EACH),
    ]
    with tempfile.TemporaryDirectory() as folder:
        for count, name, old, new in cases:
            seconds, memory, least, report = measure(Path(folder), count, old, new)
            lines.append(
                f"| {count:,} | {name} | {report['old_issues']:,} and {report['new_issues']:,} "
                f"| {report['moved']:,} | {seconds:.1f} s | {memory / 1024:.0f} MB "
                f"| {least / 1024:.0f} MB |"
            )
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    (ROOT / "benches" / "fingerprint-preview-results.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
