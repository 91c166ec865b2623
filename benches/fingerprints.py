"""Measures sentry_ophio.fingerprints: parsing, and an event that no rule matches.

    make dev                             # an optimised build
    .venv/bin/python benches/fingerprints.py

The published package has no fingerprint rules. The table compares with Sentry itself, which runs
them in Python. Its figures were measured elsewhere, so the factors are rough.
Prints a table, and writes it to benches/fingerprints-results.md.
"""

from __future__ import annotations

import itertools
import json
import os
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

from steps import quickest, table

import sentry_ophio
from sentry_ophio._fingerprint_variables import pack_event
from sentry_ophio.fingerprints import FingerprintRules

if TYPE_CHECKING:
    from collections.abc import Iterator

SENTRY_PARSE = 0.199
"""Seconds that Sentry takes to parse 299 rules; measured elsewhere."""

SENTRY_MATCH = 146e-6
"""Seconds that Sentry takes for an event and 299 rules, one of which matches soon; measured
elsewhere."""

KINDS = (
    'error.type:Error{0} error.value:"*id {0} *" -> db, {{{{ type }}}}',
    'message:"*service-{0}*" level:error -> s{0} title="{{{{ type }}}}"',
    "module:app.module{0}.* function:handle_* -> module{0}",
    "path:**/plugin{0}/*.js app:yes -> plugin{0}, {{{{ default }}}}",
    "family:native package:**/lib{0}.so -> lib{0}",
    "sdk:sentry.php logger:app.logger{0} !level:warning -> l{0}",
    "tags.customer:c-{0} release:app@{0}.* -> {{{{ tags.customer }}}}",
    '!type:Known* value:"*code {0}" -> {{{{ function }}}} c{0}',
)


def rules_of(count: int) -> str:
    """Write rules of each kind, of which none matches the event."""
    return "".join(KINDS[n % len(KINDS)].format(n) + "\n" for n in range(count))


def event_of(frames: int) -> dict[str, Any]:
    """Make an event; with 20 frames it is 5 kB of JSON."""
    return {
        "platform": "python",
        "level": "error",
        "logger": "shop",
        "release": "shop@1.2",
        "sdk": {"name": "sentry.python.django"},
        "tags": [["customer", "acme"], ["env", "prod"]],
        "exception": {
            "values": [
                {
                    "type": "KeyError",
                    "value": "no such article: 17",
                    "stacktrace": {
                        "frames": [
                            {
                                "function": f"handle_{n}",
                                "module": f"shop.views.cart{n}",
                                "filename": f"shop/views/cart{n}.py",
                                "abs_path": f"/srv/app/shop/views/cart{n}.py",
                                "lineno": n,
                                "in_app": True,
                                "context_line": f'    return cart.total("{n}")',
                            }
                            for n in range(frames)
                        ]
                    },
                }
            ]
        },
    }


def best(call: Callable[[], object], number: int, of: int = 1) -> float:
    """Return the seconds of a call, the best of 7 rounds."""
    rounds = []
    for _ in range(7):
        start = time.process_time()
        for _ in range(number):
            call()
        rounds.append(time.process_time() - start)
    return min(rounds) / number / of


def best_of_new(call: Callable[[Any], object], make: Callable[[], Any], number: int) -> float:
    """Return the seconds of a call with a new object each time, the best of 7 rounds."""
    rounds = []
    for _ in range(7):
        objects = [make() for _ in range(number)]
        start = time.process_time()
        for each in objects:
            call(each)
        rounds.append(time.process_time() - start)
    return min(rounds) / number


def new(text: str) -> Iterator[str]:
    """Yield rules that no call has seen: the library finds others again by their text."""
    return (text.replace("Error0", f"Error0x{n}", 1) for n in itertools.count())


def shown(seconds: float) -> str:
    """Write a time with its unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if seconds >= size:
            return f"{seconds / size:.2f} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def measured(count: int) -> dict[str, float]:
    """Measure each call with so many rules, none of which matches."""
    event = event_of(20)
    line = json.dumps(event)
    many = [json.loads(line) for _ in range(1_000)]
    lines = (line + "\n").encode() * 1_000
    text = rules_of(count)
    rules = FingerprintRules.parse(text)
    assert rules.match(event) is None
    texts = new(text)
    times = {
        "parse": best(lambda: FingerprintRules.parse(next(texts)), 6_000 // count + 3),
        "match, a new dict each call": best_of_new(rules.match, lambda: json.loads(line), 2_000),
        "match, the same dict each call": best(lambda: rules.match(event), 5_000),
        "match_many, an event of 1,000": best(lambda: rules.match_many(many), 5, 1_000),
        "match_json_lines, an event of 1,000": best(
            lambda: rules.match_json_lines(lines), 5, 1_000
        ),
        "explain": best(lambda: rules.explain(event), 3),
    }
    return {rules_row(name, count): seconds for name, seconds in times.items()}


def rules_row(name: str, count: int) -> str:
    """Return the name of a row."""
    return f"{name}, {count:,} rules"


def fresh(count: int) -> dict[str, float]:
    """Measure what a service does for each event: stored rules are read, and match it.

    The last rule matches, and ten built-in rules come after it.
    """
    event = event_of(20)
    rules = FingerprintRules.parse(rules_of(count) + "type:KeyError -> {{ type }}, {{ module }}")
    builtin = FingerprintRules.parse(rules_of(10))
    stored = rules.to_json()

    def read(text: str) -> None:
        found = FingerprintRules.from_json(text, bases=[builtin]).match(event)
        assert found is not None

    number = 3_000 // count + 3
    texts = new(stored)
    times = {
        "from_json and match, never seen": best(lambda: read(next(texts)), number),
        "from_json and match, seen before": best(lambda: read(stored), number * 10),
    }
    return {rules_row(name, count): seconds for name, seconds in times.items()}


def measure() -> dict[str, float]:
    """Measure each call."""
    event = event_of(20)
    matching = FingerprintRules.parse(rules_of(300) + "type:KeyError -> {{ type }}, {{ module }}")
    return {
        **measured(300),
        **measured(10_000),
        "match, 301 rules, the last matches": best(lambda: matching.match(event), 5_000),
        **fresh(300),
        **fresh(10_000),
    }


def beside_sentry(name: str, seconds: float) -> str:
    """Write the columns with Sentry's figure and the factor, if there is one."""
    sentry = {
        rules_row("parse", 300): SENTRY_PARSE,
        rules_row("match, a new dict each call", 300): SENTRY_MATCH,
    }.get(name)
    return f"{shown(sentry)} | {sentry / seconds:,.0f}" if sentry else "|"


LIMITS = """
## What limits

15 µs were wanted for an event from a dict. Most of the time is the event: packing it, and reading
what rules look at. The index finds the rules in the rest. Skipping whole frames is not possible:
each has texts that some rule looks at.

Steps of `match`, 300 rules:

"""


def steps() -> str:
    """Measure the steps of a call, and return the section."""
    names = {
        "event": event_of(20),
        "pack_event": pack_event,
        "rules": FingerprintRules.parse(rules_of(300)),
        "none": FingerprintRules.parse("level:none -> x"),
    }
    statements = {
        "packing the dict": "pack_event(event)",
        "the call, of an event without values": "none.match({})",
        "packing, the call, and reading the event": "none.match(event)",
        "all of it": "rules.match(event)",
    }
    return LIMITS + table({name: quickest(each, names, 10) for name, each in statements.items()})


def main() -> None:
    """Print the table, and write it."""
    times = measure()
    few, many = (times[rules_row("match, a new dict each call", n)] for n in (300, 10_000))
    lines = [
        "# Fingerprint rules",
        "",
        f"sentry-ophio {sentry_ophio.__version__} on Python {platform.python_version()}, "
        f"{platform.machine()} {platform.system()}. An event of 20 frames, 5 kB of JSON, from a",
        "Python dict. No rule matches it, unless a row says so. Times of the processor, the best",
        "of 7 rounds; `benches/fingerprints.py` says how. Sentry runs the rules in Python. Its",
        "figures are for 299 rules, and were measured elsewhere. Other programs used the machine:",
        f"on {os.cpu_count()} cores the load was {os.getloadavg()[0]:.0f}.",
        "",
        "| call | time | Sentry | times |",
        "| --- | ---: | ---: | ---: |",
        *(
            f"| {name} | {shown(seconds)} | {beside_sentry(name, seconds)} |"
            for name, seconds in times.items()
        ),
        "",
        f"From the second event on, a match with 10,000 rules takes {many / few:.2f} times as long",
        "as with 300. The rows of `from_json and match` have the first event of a rule set.",
    ]
    text = "\n".join(lines) + "\n" + steps()
    print(text, end="")
    (Path(__file__).parent / "fingerprints-results.md").write_text(text, "utf-8")


if __name__ == "__main__":
    main()
