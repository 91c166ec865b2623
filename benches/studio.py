"""Measures how long `studio` takes to answer an edit, over 10,000 events.

    make dev                             # an optimised build
    .venv/bin/python benches/studio.py

Starts the command with the events of benches/fingerprint_preview.py, the rules that ship as
`--base`, and files with rules of a user. Sends edits by HTTP as the page does, and measures when
each line of the answer has come. The page sends an edit 80 ms after the last key. Does the same
with events of which no two have a stack trace that is the same for the rules, which is the worst
case. Prints the times, and writes them to benches/studio-results.md.
"""

from __future__ import annotations

import http.client
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import sentry_ophio
from sentry_ophio.enhancers import Enhancements

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fingerprint_preview import made

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
EVENTS = 10_000
RUNS = 5
DEBOUNCE = 0.08

RULES = "\n".join(
    [
        *(f"path:**/shop/part_{number}/** -app" for number in range(20)),
        *(f"function:handle_{number} category=handler" for number in range(20)),
        "category:handler ^-group\n",
    ]
)
FINGERPRINTS = """\
level:fatal family:native type:SIG* -> native
message:"*no price*"                -> no-price, {{ tags.env }}
"""

EDITS = (
    ("a comment", RULES + "# the end\n", FINGERPRINTS),
    ("a rule for some frames", RULES + "function:handle_1? -app\n", FINGERPRINTS),
    ("a rule for all frames", RULES + "function:* +app\n", FINGERPRINTS),
    ("a fingerprint rule", RULES, FINGERPRINTS + "function:handle_1? -> handler\n"),
)
KINDS = ("problems", "event", "preview", "issues")


class Page:
    """What the page does: sends edits to the command."""

    def __init__(self, address: str) -> None:
        found = urlsplit(address)
        self._path = found.path
        self._host = found.netloc
        self._number = 0
        self._get("state")

    def _get(self, name: str) -> None:
        connection = http.client.HTTPConnection(self._host)
        connection.request("GET", self._path + name)
        connection.getresponse().read()
        connection.close()

    def edit(
        self, rules: str, fingerprints: str, last: str = "done"
    ) -> tuple[dict[str, float], dict[str, Any]]:
        """Send an edit; return when each kind of answer came, up to `last`, and the answers."""
        self._number += 1
        body = {"page": "bench", "number": self._number, "event": 0}
        text = json.dumps(body | {"rules": rules, "fingerprints": fingerprints})
        connection = http.client.HTTPConnection(self._host)
        start = time.perf_counter()
        connection.request("POST", self._path + "edit", text, {"Origin": f"http://{self._host}"})
        times, answers = {}, {}
        for line in connection.getresponse():
            answer = json.loads(line)
            times[answer["kind"]] = time.perf_counter() - start
            answers[answer["kind"]] = answer
            if answer["kind"] == last:
                break
        connection.close()
        return times, answers


def measure(page: Page) -> list[str]:
    """Return the rows of the table."""
    first, _ = page.edit(RULES, FINGERPRINTS)
    lines = [row("the first answer, once", first, "")]
    for name, rules, fingerprints in EDITS:
        runs = []
        for run in range(RUNS):
            # Other texts, as each key makes one.
            times, answers = page.edit(f"{rules}# {run}\n", f"{fingerprints}# {run}\n")
            runs.append(times)
        changed = f"{answers['preview']['changed']:,} / {answers['issues']['moved']:,}"
        lines.append(row(name, best_of(runs), changed))
        if name == EDITS[0][0]:
            stacktraces = answers["preview"]["stacktraces"]
    runs = []
    for run in range(RUNS):
        # The issues of the edit before are being computed.
        page.edit(f"{EDITS[2][1]}# {run}\n", FINGERPRINTS, "preview")
        runs.append(page.edit(f"{EDITS[1][1]}# {run}\n", FINGERPRINTS)[0])
    lines.append(
        row("a rule for some frames, while the edit before is answered", best_of(runs), "")
    )
    return [f"{stacktraces:,} stack traces", *lines]


def best_of(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the shortest time until each kind of answer."""
    return {kind: min(times[kind] for times in runs) for kind in KINDS}


def row(name: str, times: dict[str, float], changed: str) -> str:
    """Return a row of the table."""
    cells = [f"{1_000 * times[kind]:,.0f} ms" for kind in KINDS]
    total = f"{1_000 * (times['preview'] + DEBOUNCE):,.0f} ms"
    return f"| {name} | {changed} | {' | '.join(cells)} | {total} |"


def different(events: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Add a frame to each stack trace that no other has."""
    for number, event in enumerate(events):
        for each in event["exception"]["values"]:
            frames = (each.get("stacktrace") or {}).get("frames")
            if frames:
                frames.insert(0, {"function": f"start_{number}", "module": "shop.start"})
        yield event


def run(folder: Path, events: Iterator[dict[str, Any]]) -> tuple[float, str, list[str]]:
    """Start studio; return the time until the events were read, and what `measure` returns."""
    (folder / "my.rules").write_text(RULES, "utf-8")
    (folder / "fp.rules").write_text(FINGERPRINTS, "utf-8")
    with (folder / "events.ndjson").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(event) + "\n" for event in events)
    options = ["--base", "default", "--rules", "my.rules", "--fingerprints", "fp.rules"]
    command = [sys.executable, "-m", "sentry_ophio", "studio", "--no-browser", *options]
    start = time.perf_counter()
    with subprocess.Popen(
        [*command, "events.ndjson"], cwd=folder, stdout=subprocess.PIPE, text=True
    ) as studio:
        assert studio.stdout is not None
        said = [studio.stdout.readline(), studio.stdout.readline()]
        read = time.perf_counter() - start
        try:
            stacktraces, *rows = measure(Page(said[1].strip()))
        finally:
            studio.send_signal(signal.SIGINT)
    return read, stacktraces, rows


def main() -> None:
    """Measure and print the tables."""
    lines = [
        "# studio",
        "",
        f"sentry-ophio {sentry_ophio.__version__} on Python {platform.python_version()}, "
        f"{platform.machine()} {platform.system()}, {os.cpu_count()} cores. {EVENTS:,} events; "
        f"{len(Enhancements.default().rules)} rules",
        f"that ship and {RULES.count(chr(10))} of a user.",
        "",
        "When each part of the answer to an edit has come, from the request; the best of "
        f"{RUNS} edits. The last",
        "column is from the last key to the preview: the page waits 80 ms for another key. "
        "`benches/studio.py` says how.",
    ]
    for name, change in (
        ("Events of some 500 issues", iter),
        ("No two stack traces are the same for the rules", different),
    ):
        with tempfile.TemporaryDirectory() as folder:
            read, stacktraces, rows = run(Path(folder), change(made(EVENTS)))
        load = os.getloadavg()[0]
        lines += [
            "",
            f"## {name}",
            "",
            f"{stacktraces}. Reading the events took {read:.1f} s. The load of the machine was "
            f"{load:.1f} at the end.",
            "",
            "| edit | stack traces that change / events that move | problems | event | preview "
            "| issues | key to preview |",
            "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
            *rows,
        ]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    (ROOT / "benches" / "studio-results.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
