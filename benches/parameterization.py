"""Measures sentry_ophio.parameterization beside Python's `re` with the same patterns.

    make dev                             # an optimised build
    .venv/bin/python benches/parameterization.py

Both run in this process, in turns. Times are those of the processor, and the best of all rounds:
other programs on the machine change them less. No message is given twice, so no cache helps.
The steps of a call are measured in Rust, by core/benches/parameterization.rs.
Prints tables, and writes them to benches/parameterization-results.md.
"""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Callable

from beside import PROGRAMS, ROOT, peak, unit
from steps import quickest, table

from sentry_ophio import parameterization as module
from sentry_ophio.parameterization import DEFAULT_PATTERNS, Parameterizer

ROUNDS = 5
FILTER = [sys.executable, "-m", "sentry_ophio", "parameterize"]
MESSAGES = [
    "Connection to 10.0.0.7:{} timed out",
    "User {} not found in database xy",
    "Something went wrong while loading {} again",
    "HTTP 504 for https://example.com/api/{}/events/ after 15ms",
    "Failed to send mail to user{}@example.com: mailbox is full",
    "Order 7c1811ed-e98f-4c9c-a9f9-58c757ff494f: expected {} items, got 3.5",
    # It has none of the characters that a match has.
    "Failed to load the page that the user wanted",
]
LOG = (
    '{} 10.0.0.7 - - [02/Jan/2020:03:04:05 +0000] "GET /api/0/projects/{}/ HTTP/1.1" 200 5316 '
    "https://example.com/organizations/shop/issues Mozilla/5.0 (X11; Linux x86_64) in 15ms\n"
)

parameterizer = Parameterizer()
joined = re.compile(
    "|".join(f"(?P<{name}>{regex})" for name, regex in DEFAULT_PATTERNS), re.VERBOSE
)


def by_re(text: str) -> str:
    """Replace by Python."""
    return joined.sub(lambda match: f"<{match.lastgroup}>", text)


def _all_by_re(texts: list[str]) -> None:
    for text in texts:
        by_re(text)


def timed(call: Callable[[], object]) -> float:
    """Return the time that a call takes on the processor."""
    start = time.process_time()
    call()
    return time.process_time() - start


def best(call: Callable[[int], Callable[[], object]], rounds: int = ROUNDS) -> float:
    """Return the best time of what `call` makes for each round."""
    return min(timed(call(number)) for number in range(rounds))


def distinct(message: str, count: int, turn: int) -> list[str]:
    """Return messages that differ in their number."""
    return [message.format(turn * 1_000_000 + number) for number in range(count)]


def singly(message: str, count: int, call: Callable[[str], str]) -> float:
    """Time a call for each message."""

    def prepared(turn: int) -> Callable[[], object]:
        texts = distinct(message, count, turn)

        def run() -> None:
            for text in texts:
                call(text)

        return run

    return best(prepared) / count


def many(message: str, count: int) -> float:
    """Time one call for all messages."""

    def prepared(turn: int) -> Callable[[], object]:
        texts = distinct(message, count, turn)
        return lambda: parameterizer.parameterize_many(texts)

    return best(prepared) / count


def prefixes() -> dict[str, str]:
    """Return for each kind all prefixes of its examples: each candidate fails late."""
    page = (ROOT / "docs" / "parameterization.md").read_text("utf-8")
    table = page.partition("<!-- examples: begin -->")[2].partition("<!-- examples: end -->")[0]
    found = {}
    for section in table.split("### ")[1:]:
        kind = section.partition("`")[2].partition("`")[0]
        examples = section.partition("```text\n")[2].partition("\n```")[0]
        texts = examples.replace("«", "").replace("»", "").split("\n")
        found[kind] = (
            " ".join(text[:end] for text in texts for end in range(1, len(text) + 1)) + " "
        )
    return found


def repeated(text: str, megabytes: int) -> str:
    """Return a text of so many MB, without a line feed."""
    size = megabytes << 20
    return (text * (size // len(text.encode()) + 1))[:size]


def message_rows() -> list[str]:
    """Measure messages."""
    lines = [
        "| message | `parameterize` | in `parameterize_many` | `re` | times as fast | |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for message in MESSAGES:
        one = singly(message, 20_000, parameterizer.parameterize)
        each = many(message, 20_000)
        python = singly(message, 1_000, by_re)
        lines.append(
            f"| `{message.format(12345)}` | {unit(one)} | {unit(each)} | {unit(python)} "
            f"| {python / one:.0f} | {python / each:.0f} |"
        )
    return lines


def log_rows() -> list[str]:
    """Measure a log."""
    lines = ["| log | ours | `re` | times as fast |", "| --- | ---: | ---: | ---: |"]

    def log(count: int, turn: int) -> list[str]:
        return [LOG.format(turn * 1_000_000 + number, number) for number in range(count)]

    size = len(LOG.format(1_000_000, 10_000))
    few = best(lambda turn: partial(_all_by_re, log(500, turn)))
    for name, call in (
        ("one text", lambda texts: parameterizer.parameterize("".join(texts))),
        ("a line each, in `parameterize_many`", parameterizer.parameterize_many),
    ):

        def prepared(turn: int, call: Callable[[list[str]], object] = call) -> Callable[[], object]:
            texts = log(100_000, turn)
            return lambda: call(texts)

        ours = size * 100_000 / best(prepared, 3) / 1e6
        python = size * 500 / few / 1e6
        lines.append(f"| {name} | {ours:,.0f} MB/s | {python:.1f} MB/s | {ours / python:.0f} |")
    return lines


def hostile_rows() -> list[str]:
    """Measure texts that are hard to search, in four sizes."""
    lines = [
        "| text | 1 MB | 2 MB | 4 MB | 8 MB | |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    texts = {f"prefixes of `{kind}`": text for kind, text in prefixes().items()}
    texts.update({"`a.a.a.`": "a.a.a.", "`0:0:0:`": "0:0:0:", "`1-1-1-`": "1-1-1-"})
    rows = []
    for name, text in texts.items():
        times = []
        for megabytes in (1, 2, 4, 8):
            # A new one each time: it keeps no states of another text.
            def prepared(_: int, whole: str = repeated(text, megabytes)) -> Callable[[], object]:
                fresh = Parameterizer()
                return lambda: fresh.parameterize(whole)

            times.append(best(prepared, 2))
        rows.append((times[-1], name, times))
    for slowest, name, times in sorted(rows, reverse=True):
        speed = (8 << 20) / slowest / 1e6
        shown = " | ".join(unit(each) for each in times)
        lines.append(f"| {name} | {shown} | {speed:,.0f} MB/s |")
    return lines


def in_core() -> dict[str, float]:
    """Return the seconds that criterion measured for the core alone, by the name of the case."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["cargo", "bench", "-q", "-p", "ophio", "--bench", "parameterization"]
        environment = {**os.environ, "CRITERION_HOME": folder}
        subprocess.run(command, check=True, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        found = {}
        for file in Path(folder, "parameterization").glob("*/new/sample.json"):
            sample = json.loads(file.read_text("utf-8"))
            rounds = zip(sample["times"], sample["iters"])
            # Not the median: other programs slow down some of the rounds.
            found[file.parts[-3]] = min(time / count for time, count in rounds) / 1e9
    return found


def step_rows() -> list[str]:
    """Measure what a call consists of."""
    core = in_core()
    empty = best(lambda _: partial(_all_singly, [""] * 20_000)) / 20_000
    empties = best(lambda _: partial(parameterizer.parameterize_many, [""] * 20_000)) / 20_000
    call = best(lambda turn: partial(_all_singly, distinct(MESSAGES[0], 20_000, turn))) / 20_000
    rows = {
        "the core: what any search takes, measured with an empty text": core["empty"],
        "the core: the pass from the end over 37 characters": core["read"] - core["empty"],
        "the core: both walks and the new text": core["message"] - core["read"],
        "the core: all of it": core["message"],
        "`parameterize`, an empty text": empty,
        "`parameterize`, such a message": call,
        "`parameterize_many`, an empty text": empties,
        "once: compiling the default patterns": core["compile"],
    }
    lines = ["| step | time |", "| --- | ---: |"]
    lines += [f"| {name} | {unit(seconds)} |" for name, seconds in rows.items()]
    lines += ["", "Texts of 1 MiB that need a new state for nearly each character:", ""]
    lines += ["| text | list | speed |", "| --- | --- | ---: |"]
    for name, text, patterns in (
        ("pieces", "random pieces of all examples", "the default patterns"),
        ("counted", "random `a` and `b`", "`x[ab]{200}b`"),
    ):
        lines.append(f"| {text} | {patterns} | {(1 << 20) / core[name] / 1e6:,.1f} MB/s |")
    return lines


def _all_singly(texts: list[str]) -> None:
    for text in texts:
        parameterizer.parameterize(text)


def files(count: int, log: Path) -> int:
    """Write what `find / -ls` prints, a line a file, until there are enough. Return the bytes."""
    with log.open("wb") as out:
        left = count
        while left:
            found = subprocess.run(
                ["find", "/", "-xdev", "-ls"],
                check=False,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            lines = found.stdout.splitlines(keepends=True)[:left]
            if not lines:
                raise SystemExit("`find` lists no file")
            out.writelines(lines)
            left -= len(lines)
    return log.stat().st_size


def filter_rows() -> list[str]:
    """Measure the command on a log of a real program, of two sizes."""
    lines = ["| log | options | time | peak memory |", "| --- | --- | ---: | ---: |"]
    with tempfile.TemporaryDirectory() as directory:
        for count in (10_000, 1_000_000):
            log = Path(directory, "log")
            size = files(count, log)
            for options in ([], ["--counts"], ["--json"]):
                memory, seconds = peak([*FILTER, *options, log])
                lines.append(
                    f"| {count:,} lines, {size / 1e6:.1f} MB | {' '.join(options) or 'none'} "
                    f"| {seconds:.1f} s | {memory / 1024:.0f} MiB |"
                )
    return lines


def peaks_of_text(megabytes: int, end: str) -> list[int]:
    """Return the peak memory of a process before and after it reads a long text, in KiB."""
    command = [sys.executable, str(PROGRAMS / "long_text.py"), str(megabytes), end]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    return [int(each) for each in run.stdout.split()]


def memory_rows() -> list[str]:
    """Measure how much memory long texts take besides themselves."""
    lines = ["| text | 50 MB | 100 MB | 200 MB |", "| --- | ---: | ---: | ---: |"]
    for name, end in (("with line feeds", r"\n"), ("without", ", ")):
        used = [peaks_of_text(size, end) for size in (50, 100, 200)]
        # `counts` has a copy of the text in UTF-8.
        shown = " | ".join(
            f"{(after - before) / 1024 - size * 1e6 / 2**20:.0f} MiB"
            for size, (before, after) in zip((50, 100, 200), used)
        )
        lines.append(f"| {name} | {shown} |")
    return lines


LIMITS = """
## What limits

40 times as fast as `re` was wanted for a message in a call of its own, and 100 times in
`parameterize_many`. `re` takes 25 to 50 µs, so that leaves 600 to 1,200 ns, and 250 to 500.

- In a call of its own: the steps around the search, below, take as long as the search.
- In `parameterize_many`: the search. It reads each character once from the end, and those of a
  match again from the start. Each step of the first pass waits for the load of the step before,
  2.5 ns a character, so 62 characters are 160 ns before any match. Two characters a step would
  need a table of pairs, which does not fit into the cache of the processor.

"""


def steps() -> str:
    """Measure the steps of a call, and return the section."""
    message = MESSAGES[0].format(12345)
    place, buffer, _ = parameterizer._new_call()
    names = {
        "parameterizer": parameterizer,
        "message": message,
        "data": message.encode(),
        "place": place,
        "buffer": buffer,
        "length": len(parameterizer.parameterize(message)),
        "call": module._parameterize_text,
    }
    statements = {
        f"to encode {len(message)} characters": "message.encode()",
        "the call through cffi, of an empty text": "call(place, b'')",
        "the call, of this text": "call(place, data)",
        "to decode the new text": "buffer[:length].decode()",
        "all of `parameterize`": "parameterizer.parameterize(message)",
    }
    return LIMITS + table({name: quickest(each, names) for name, each in statements.items()})


def main() -> None:
    """Measure, print and write."""
    growth = [timed(partial(by_re, "a.a.a." * size)) for size in (1_333, 2_666)]
    lines = [
        "# sentry_ophio.parameterization beside Python's `re`",
        "",
        f"sentry-ophio {version('sentry-ophio')} on Python {platform.python_version()}, "
        f"{platform.machine()} {platform.system()}, with the default patterns.",
        "Times of the processor; `benches/parameterization.py` says how. Other programs used the",
        f"machine: on {os.cpu_count()} cores the load was {os.getloadavg()[0]:.0f}.",
        "",
        *message_rows(),
        "",
        "Steps of a call for `Connection to 10.0.0.7:5432 timed out`. Those of the core alone are",
        "measured in Rust, by core/benches/parameterization.rs:",
        "",
        *step_rows(),
        "",
        *log_rows(),
        "",
        "`sentry-ophio parameterize` on what `find -ls` prints, with its start:",
        "",
        *filter_rows(),
        "",
        "What a text takes in `Parameterizer.counts`, besides itself and its copy for the call:",
        "",
        *memory_rows(),
        "",
        "Hostile texts, with all states that they need:",
        "",
        *hostile_rows(),
        "",
        f"`re` takes {unit(growth[0])} for 8,000 characters of `a.a.a.`, and {unit(growth[1])} for "
        "16,000.",
    ]
    text = "\n".join(lines) + "\n" + steps()
    sys.stdout.write(text)
    (ROOT / "benches" / "parameterization-results.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
