"""Measures how time and memory of every function grow with its input: n, 2n, 4n, 8n.

    make bench-growth                    # an optimised build, and this

The inputs are hostile: texts that make a backtracking matcher, a copying parser or a nested scan
slow. A case has a factor for time and one for memory: by how much they grow when the input doubles,
as the median of three doublings, since one of them can be where a cache of the processor is full. 2
is linear. `MARK` is where the table says that a case is not; each
such case needs a reason in `NOT_LINEAR`.

Time is that of the thread, the best of some calls. Memory is what the call takes at its peak in
addition to its input, by the high-water mark of the process (Linux only). Each size is measured
in a child process, so nothing that an earlier one has freed is used again. Prints a table and
writes it to benches/growth-results.md.
"""

from __future__ import annotations

import ctypes
import gc
import inspect
import json
import os
import platform
import random
import sys
import tempfile
import time
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Callable, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
from public_functions import public_functions

from sentry_ophio import codeowners, events, fingerprints, functions, glob, limits
from sentry_ophio._pack import EXCEPTION_FIELDS, FRAME_FIELDS
from sentry_ophio.enhancers import (
    Cache,
    Component,
    Enhancements,
    EnhancementsConfig,
    Stacktrace,
    fix_rules,
    format_rules,
    preview,
)
from sentry_ophio.exceptions import OphioError
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.parameterization import Parameterizer
from sentry_ophio.proguard import ProguardMapper

HAS_ARROW = find_spec("pyarrow") is not None
if HAS_ARROW:
    import pyarrow as pa

    from sentry_ophio import arrow

OUT = Path(__file__).resolve().parent / "growth-results.md"
SIZES = (1, 2, 4, 8)
MARK = 2.4
# Below that a factor says nothing.
FEWEST_BYTES = 1 << 20
# Of mallopt(3).
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
MODULES = (
    *("arrow", "codeowners", "enhancers", "events", "fingerprints", "functions", "glob"),
    *("parameterization", "proguard"),
)

Call = Callable[[], Any]


class Case(NamedTuple):
    """One function with one kind of input."""

    functions: tuple[str, ...]
    """The public functions that it calls with an input that grows."""
    n: int
    make: Callable[[int], Call]
    """Prepares the input of a size, and returns the call to measure."""


CASES: dict[str, Case] = {}


def case(name: str, functions: str, n: int) -> Callable[[Callable[[int], Call]], Any]:
    """Add a case."""

    def add(make: Callable[[int], Call]) -> Callable[[int], Call]:
        assert name not in CASES, name
        CASES[name] = Case(tuple(functions.split()), n, make)
        return make

    return add


# --- rules --------------------------------------------------------------------------

ERROR: Any = dict.fromkeys(EXCEPTION_FIELDS)


def frames(count: int, function: bytes = b"f") -> list[dict[str, Any]]:
    """Return match frames, each with another function."""
    frame = dict.fromkeys(FRAME_FIELDS) | {"family": b"native", "orig_in_app": -1}
    return [frame | {"function": function + b"%d" % at} for at in range(count)]


def rule_text(count: int) -> str:
    """Return rules, each with another pattern."""
    return "".join(f"function:*a{at}*?b path:**/x{at}/** -app\n" for at in range(count))


def rules_of(text: str) -> Enhancements:
    """Parse rules whose results are not kept, neither those of texts nor those of frames."""
    rules = Enhancements.parse(text, Cache(0))
    rules.set_memo_bytes(0)
    return rules


BASE_RULES = "function:*1*2*3* -app\n[ function:f1* ] | function:f* ^+group\nfamily:native +app\n"

RULE_TEXTS: dict[str, Callable[[int], str]] = {
    "rules": rule_text,
    "nonsense": lambda n: "nonsense [ | \n" * n,
    "one long line a 60 kB": lambda n: ("function:" + "?*" * 30_000 + " -app\n") * (n // 400),
    "rules of many matchers": lambda n: ("app:no " * 500 + "-group\n") * (n // 200),
    "comments and empty lines": lambda n: "# a\n\n \t\n" * n,
    "rules that shadow each other": lambda n: "function:a* -app\n" * n,
    "faults in one line": lambda n: ("function:a" + " +ap" * 1_000 + "\n") * (n // 200),
    "odd characters": lambda n: ("function:\u201ca\u201d " * 500 + "\u2013app\n") * (n // 200),
    "quoted arrows": lambda n: ('function:"' + " -> \u00a0" * 1_000 + '" +ap\n') * (n // 200),
    "matchers of one field": lambda n: (
        ("".join(f"!path:/a{at}* path:/* " for at in range(300)) + "-app\n") * (n // 200)
    ),
    "categories": lambda n: "".join(f"category:a{at} category=b{at}\n" for at in range(n)),
    "brackets": lambda n: ("[" * 5_000 + "\n") * (n // 200),
}
INVALID = {"nonsense", "faults in one line", "odd characters", "quoted arrows", "brackets"}
for _name, _text in RULE_TEXTS.items():

    @case(f"Enhancements.check: {_name}", "enhancers.Enhancements.check", 1_000)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        given = text(n)
        return lambda: Enhancements.check(given)

    @case(f"fix_rules: {_name}", "enhancers.fix_rules", 1_000)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        given = text(n)
        return lambda: fix_rules(given)

    if _name in INVALID:
        continue

    @case(f"Enhancements.parse: {_name}", "enhancers.Enhancements.parse", 2_000)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        given = text(n)
        return lambda: Enhancements.parse(given, Cache(0))

    @case(f"format_rules: {_name}", "enhancers.format_rules", 2_000)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        given = text(n)
        return lambda: format_rules(given)


@case("Enhancements.from_config_structure", "enhancers.Enhancements.from_config_structure", 4_000)
def _(n: int) -> Call:
    data = rules_of(rule_text(n)).to_config_structure()
    return lambda: Enhancements.from_config_structure(data, Cache(0))


@case("Enhancements.from_base64", "enhancers.Enhancements.from_base64", 4_000)
def _(n: int) -> Call:
    data = rules_of(rule_text(n)).to_base64()
    return lambda: Enhancements.from_base64(data, Cache(0))


@case("Enhancements.to_text", "enhancers.Enhancements.to_text", 8_000)
def _(n: int) -> Call:
    return rules_of(rule_text(n)).to_text


@case("Enhancements.to_config_structure", "enhancers.Enhancements.to_config_structure", 8_000)
def _(n: int) -> Call:
    return rules_of(rule_text(n)).to_config_structure


@case("Enhancements.to_base64", "enhancers.Enhancements.to_base64", 4_000)
def _(n: int) -> Call:
    return rules_of(rule_text(n)).to_base64


@case("Enhancements.split", "enhancers.Enhancements.split", 4_000)
def _(n: int) -> Call:
    return rules_of(rule_text(n)).split


@case("Enhancements.for_profiling", "enhancers.Enhancements.for_profiling", 4_000)
def _(n: int) -> Call:
    return rules_of(rule_text(n)).for_profiling


@case("Enhancements.extend_from", "enhancers.Enhancements.extend_from", 8_000)
def _(n: int) -> Call:
    more = rules_of(rule_text(n))

    def call() -> Any:
        rules = Enhancements.empty()
        rules.extend_from(more)
        return rules

    return call


def applying(method: str, rules: str, given: list[dict[str, Any]]) -> Call:
    """Return a call of one of the functions that run rules on match frames."""
    made = rules_of(rules)
    if method == "apply":
        return lambda: made.apply_modifications_to_frames(given, ERROR)
    if method == "explain":
        return lambda: made.explain(given, ERROR)
    return lambda: made.assemble_stacktrace_component(
        given, ERROR, [Component(contributes=True) for _ in given]
    )


FRAME_CALLS = {
    "apply": "enhancers.Enhancements.apply_modifications_to_frames",
    "assemble": "enhancers.Enhancements.assemble_stacktrace_component",
    "explain": "enhancers.Enhancements.explain",
}
for _method, _function in FRAME_CALLS.items():

    @case(f"{_method}: n frames", _function, 2_000)
    def _(n: int, method: str = _method) -> Call:
        return applying(method, BASE_RULES, frames(n))

    @case(f"{_method}: a function of n bytes", _function, 8_000)
    def _(n: int, method: str = _method) -> Call:
        return applying(method, "function:*a*a*a*ab* -app\n", frames(1, b"a" * n))

    @case(f"{_method}: n rules", _function, 2_000)
    def _(n: int, method: str = _method) -> Call:
        return applying(method, rule_text(n), frames(20, b"a"))


@case("apply: ranges of frames", FRAME_CALLS["apply"], 4_000)
def _(n: int) -> Call:
    return applying("apply", "function:f* ^-app v+app\n" * 20, frames(n))


@case("apply: a group that reaches others", FRAME_CALLS["apply"], 4_000)
def _(n: int) -> Call:
    return applying("assemble", "function:f* ^+group -group\n", frames(n))


@case(
    "apply_modifications_to_stacktraces",
    "enhancers.Enhancements.apply_modifications_to_stacktraces",
    400,
)
def _(n: int) -> Call:
    made, given = rules_of(BASE_RULES), [Stacktrace(frames(20), ERROR) for _ in range(n)]
    return lambda: made.apply_modifications_to_stacktraces(given)


@case(
    "assemble_stacktrace_components", "enhancers.Enhancements.assemble_stacktrace_components", 400
)
def _(n: int) -> Call:
    made, given = rules_of(BASE_RULES), [Stacktrace(frames(20), ERROR) for _ in range(n)]
    components = [[Component(contributes=True) for _ in range(20)] for _ in range(n)]
    return lambda: made.assemble_stacktrace_components(given, components)


@case("Stacktrace", "enhancers.Stacktrace", 8_000)
def _(n: int) -> Call:
    given = frames(n)
    return lambda: Stacktrace(given, ERROR)


@case(
    "Stacktrace.apply, assemble", "enhancers.Stacktrace.apply enhancers.Stacktrace.assemble", 2_000
)
def _(n: int) -> Call:
    made, given = rules_of(BASE_RULES), Stacktrace(frames(n), ERROR)
    components = [Component(contributes=True) for _ in range(n)]
    return lambda: (given.apply(made), given.assemble(made, components))


@case("preview", "enhancers.preview", 400)
def _(n: int) -> Call:
    old, new = rules_of(BASE_RULES), rules_of(BASE_RULES + "function:f1* +app\n")
    given = [Stacktrace(frames(20), ERROR) for _ in range(n)]
    return lambda: preview(old, new, given)


# --- events -------------------------------------------------------------------------


def event_frames(count: int) -> list[dict[str, Any]]:
    """Return frames as events have them."""
    return [
        {
            "function": f"std::map<int, f{at}<a, b>>::g(int, (x))",
            "filename": f"lib/a{at}.py",
            "package": '/x/\\u00e9"\\\\',
            "in_app": at % 3 == 0,
            "data": {"category": "a"},
            "vars": {"deep": [[[[at]]]], "long": "\\u0001" * 20},
        }
        for at in range(count)
    ]


def event(count: int) -> dict[str, Any]:
    """Return an event with so many frames, tags and exceptions."""
    return {
        "event_id": "a" * 32,
        "platform": "native",
        "tags": [[f"key{at}", "v"] for at in range(count)],
        "exception": {
            "values": [
                {"type": "E", "value": "v", "stacktrace": {"frames": event_frames(4)}}
                for _ in range(count // 4)
            ]
        },
    }


@case("Stacktrace.from_event_frames", "enhancers.Stacktrace.from_event_frames", 2_000)
def _(n: int) -> Call:
    given = event_frames(n)
    return lambda: Stacktrace.from_event_frames(given, "native")


@case("Stacktrace.many_from_event_frames", "enhancers.Stacktrace.many_from_event_frames", 200)
def _(n: int) -> Call:
    given = [(event_frames(20), "native", None) for _ in range(n)]
    return lambda: Stacktrace.many_from_event_frames(given)


@case("events.match_frames", "events.match_frames", 2_000)
def _(n: int) -> Call:
    given = event_frames(n)
    return lambda: events.match_frames(given, "native")


@case("apply_to_event_frames", "enhancers.Enhancements.apply_to_event_frames", 2_000)
def _(n: int) -> Call:
    made, given = rules_of(BASE_RULES), event_frames(n)
    return lambda: made.apply_to_event_frames(given, "native")


@case("apply_to_many_event_frames", "enhancers.Enhancements.apply_to_many_event_frames", 100)
def _(n: int) -> Call:
    made, given = rules_of(BASE_RULES), [(event_frames(20), "native", None)] * n
    return lambda: made.apply_to_many_event_frames(given)


CONFIG_TEXT = "function:f* +app\npath:**/lib/** -group\n"


@case("EnhancementsConfig.process", "enhancers.EnhancementsConfig.process", 2_000)
def _(n: int) -> Call:
    made, given = EnhancementsConfig.from_text(CONFIG_TEXT, bases={}), event_frames(n)
    return lambda: made.process(given, "native")


@case(
    "EnhancementsConfig.from_text, to_base64",
    "enhancers.EnhancementsConfig.from_text enhancers.EnhancementsConfig.to_base64",
    4_000,
)
def _(n: int) -> Call:
    text = rule_text(n)
    return lambda: EnhancementsConfig.from_text(text, bases={}).to_base64()


@case("EnhancementsConfig.from_base64", "enhancers.EnhancementsConfig.from_base64", 4_000)
def _(n: int) -> Call:
    data = EnhancementsConfig.from_text(rule_text(n), bases={}).to_base64()
    return lambda: EnhancementsConfig.from_base64(data, bases={})


@case("events.stacktraces_of, event_id_of", "events.stacktraces_of events.event_id_of", 2_000)
def _(n: int) -> Call:
    given = event(n)
    return lambda: (events.stacktraces_of(given), events.event_id_of(given))


JSON_LINES: dict[str, Callable[[int], str]] = {
    "n events": lambda n: (json.dumps(event(8)) + "\n") * n,
    "an event of n frames": lambda n: json.dumps(event(8 * n)) + "\n",
    "n escapes": lambda n: json.dumps(event(8) | {"message": '\n"\\\u0001\U0001f600' * 60 * n}),
    "n keys": lambda n: json.dumps(event(8) | {"x": {f"k{at}": at for at in range(100 * n)}}),
    "n digits": lambda n: json.dumps(event(8))[:-1] + ', "x": 0.' + "1" * (1_000 * n) + "}",
    "lists nested 100 deep": lambda n: json.dumps(
        event(8) | {"x": [json.loads("[" * 100 + "]" * 100) for _ in range(2 * n)]}
    ),
}
for _name, _text in JSON_LINES.items():

    @case(f"events.from_json_lines: {_name}", "events.from_json_lines", 200)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        data = text(n).encode()
        return lambda: events.from_json_lines(data)


# --- fingerprints -------------------------------------------------------------------


def fingerprint_text(count: int) -> str:
    """Return rules, each with another pattern."""
    return "".join(
        f'message:"*a{at}*?b" type:T{at}* -> x{at}, {{{{ type }}}}\n' for at in range(count)
    )


FINGERPRINT_TEXTS: dict[str, Callable[[int], str]] = {
    "rules": fingerprint_text,
    "nonsense": lambda n: "nonsense -> \n" * n,
    "one long line a 60 kB": lambda n: ('message:"' + "?*" * 30_000 + '" -> x\n') * (n // 400),
    "many matchers": lambda n: ("type:a " * 500 + "-> x\n") * (n // 200),
    "many parts": lambda n: ("type:a -> " + ", ".join(["{{ type }}"] * 500) + "\n") * (n // 200),
    "rules that shadow each other": lambda n: "type:a -> b\n" * n,
}
for _name, _text in FINGERPRINT_TEXTS.items():

    @case(f"FingerprintRules.check: {_name}", "fingerprints.FingerprintRules.check", 1_000)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        given = text(n)
        return lambda: FingerprintRules.check(given)

    if _name == "nonsense":
        continue

    @case(f"FingerprintRules.parse: {_name}", "fingerprints.FingerprintRules.parse", 2_000)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        given = text(n)
        return lambda: FingerprintRules.parse(given)

    @case(f"FingerprintRules.format: {_name}", "fingerprints.FingerprintRules.format", 2_000)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        given = text(n)
        return lambda: FingerprintRules.format(given)


@case(
    "FingerprintRules.to_text, to_json",
    "fingerprints.FingerprintRules.to_text fingerprints.FingerprintRules.to_json",
    4_000,
)
def _(n: int) -> Call:
    rules = FingerprintRules.parse(fingerprint_text(n))
    return lambda: (rules.to_text(), rules.to_json())


@case("FingerprintRules.from_json", "fingerprints.FingerprintRules.from_json", 4_000)
def _(n: int) -> Call:
    data = FingerprintRules.parse(fingerprint_text(n)).to_json()
    return lambda: FingerprintRules.from_json(data)


SOME = fingerprint_text(100) + "tags.key1:w -> a\nstack.function:*x*y*z -> b\n"
FINGERPRINT_EVENTS: dict[str, Callable[[int], dict[str, Any]]] = {
    "an event of n frames and tags": event,
    "a message of n bytes": lambda n: {"logentry": {"formatted": "a" * 200 * n}},
}
for _name, _event in FINGERPRINT_EVENTS.items():

    @case(f"FingerprintRules.match: {_name}", "fingerprints.FingerprintRules.match", 500)
    def _(n: int, event: Callable[[int], dict[str, Any]] = _event) -> Call:
        rules, given = FingerprintRules.parse(SOME), event(n)
        return lambda: rules.match(given)

    @case(f"FingerprintRules.explain: {_name}", "fingerprints.FingerprintRules.explain", 200)
    def _(n: int, event: Callable[[int], dict[str, Any]] = _event) -> Call:
        rules, given = FingerprintRules.parse(SOME), event(n)
        return lambda: rules.explain(given)


@case("FingerprintRules.match: n rules", "fingerprints.FingerprintRules.match", 500)
def _(n: int) -> Call:
    rules, given = FingerprintRules.parse(fingerprint_text(n)), event(20)
    return lambda: rules.match(given)


@case("FingerprintRules.explain: n rules", "fingerprints.FingerprintRules.explain", 100)
def _(n: int) -> Call:
    rules, given = FingerprintRules.parse(fingerprint_text(n)), event(20)
    return lambda: rules.explain(given)


@case("FingerprintRules.match_many", "fingerprints.FingerprintRules.match_many", 200)
def _(n: int) -> Call:
    rules, given = FingerprintRules.parse(SOME), [event(8)] * n
    return lambda: rules.match_many(given)


@case("FingerprintRules.match_json_lines", "fingerprints.FingerprintRules.match_json_lines", 200)
def _(n: int) -> Call:
    rules, data = FingerprintRules.parse(SOME), (json.dumps(event(8)) + "\n").encode() * n
    return lambda: rules.match_json_lines(data)


PREVIEW = "fingerprints.preview fingerprints.IssueReport.lines"


def issue_events(count: int) -> list[dict[str, Any]]:
    """Return events, of which each is an issue of its own without rules."""
    return [{"logentry": {"formatted": f"a message {at}"}} for at in range(count)]


PREVIEW_RULES: dict[str, tuple[str, str]] = {
    "n issues become one": ("", "message:* -> one"),
    "one issue becomes n": ("message:* -> one", "message:* -> {{ message }}"),
    "n issues get another fingerprint": ("", "message:* -> {{ message }}"),
}
for _name, _rules in PREVIEW_RULES.items():

    @case(f"fingerprints.preview: {_name}", PREVIEW, 500)
    def _(n: int, rules: tuple[str, str] = _rules) -> Call:
        old, new = map(FingerprintRules.parse, rules)
        given = issue_events(n)
        return lambda: list(fingerprints.preview(old, new, given).lines(None))


@case("fingerprints.preview: n rules", PREVIEW, 500)
def _(n: int) -> Call:
    old, new = FingerprintRules.parse(""), FingerprintRules.parse(fingerprint_text(n))
    given = [event(8)]
    return lambda: list(fingerprints.preview(old, new, given).lines(None))


@case("fingerprints.preview: an event of n frames and tags", PREVIEW, 500)
def _(n: int) -> Call:
    old, new = FingerprintRules.parse(""), FingerprintRules.parse(SOME)
    given = [event(n)]
    return lambda: list(fingerprints.preview(old, new, given).lines(None))


@case(
    "resolve, expand_title, fingerprint_type",
    "fingerprints.resolve fingerprints.expand_title fingerprints.fingerprint_type",
    2_000,
)
def _(n: int) -> Call:
    parts, title, given = ["{{ type }}", "{{", "x"] * n, "{{ type }} {{ {{ x }} " * n, event(8)
    return lambda: (
        fingerprints.resolve(parts, given),
        fingerprints.expand_title(title, given),
        fingerprints.fingerprint_type(parts),
    )


# --- texts --------------------------------------------------------------------------

# For the parameterizer and for names of functions: what could begin something, again and again.
TEXTS = {
    "digits": "1",
    "dots": "1.",
    "colons": "a:",
    "mails": "a@",
    "mails without an end": "a.b-c@d.",
    "hex": "0xa",
    "dashes": "a1-",
    "quotes": "'a",
    "equals": "k='",
    "dates": "2024-01-01T00:00:00",
    "brackets": "<",
    "parentheses": "((",
    "templates": "a<b(",
    "operators": "operator<",
    "scopes": "::a",
    "braces": "{{closure}}",
    "spaces": " ",
    "letters": "\u00e9",
    "nothing printable": "\u0001\n",
}
for _name, _repeated in TEXTS.items():

    @case(
        f"Parameterizer: {_name}",
        "parameterization.Parameterizer.parameterize parameterization.Parameterizer.find",
        8_000,
    )
    def _(n: int, text: str = _repeated) -> Call:
        made, given = Parameterizer(), text * (n // len(text))
        return lambda: (made.parameterize(given), made.find(given))

    @case(f"trim_function_name: {_name}", "functions.trim_function_name", 16_000)
    def _(n: int, text: str = _repeated) -> Call:
        given = text * (n // len(text)) + "x"
        return lambda: [
            functions.trim_function_name(given, each) for each in ("native", "csharp", "cocoa")
        ]


MANY = (
    "parameterization.Parameterizer.parameterize_many parameterization.Parameterizer.find_many"
    " parameterization.Parameterizer.counts functions.trim_function_names"
)


@case("parameterize_many, find_many, counts, trim_function_names", MANY, 1_000)
def _(n: int) -> Call:
    made, given = Parameterizer(), [f"a{at} 10.0.0.{at} f<{at}>(x)" for at in range(n)]
    return lambda: (
        made.parameterize_many(given),
        made.find_many(given),
        made.counts(given),
        functions.trim_function_names(given, "native"),
    )


@case("Parameterizer: n patterns", "parameterization.Parameterizer", 10)
def _(n: int) -> Call:
    given = [(f"p{at}", rf"\bp{at}[0-9]+-[a-f]*\b") for at in range(n)]
    return lambda: Parameterizer(given)


# --- globs --------------------------------------------------------------------------

GLOB = "glob.Glob.match glob.is_glob_match"
PATTERNS = {
    "?*": "?*",
    "*a": "*a",
    "*a?": "*a?",
    "[ab]*": "[ab]*",
    "*[!b]": "*[!b]",
    "*[\u00e9a]": "*[\u00e9a]",
    "**/": "**/a/",
    "text": "ab",
}
for _name, _pattern in PATTERNS.items():

    @case(f"Glob: a pattern of n bytes, {_name}", "glob.Glob glob.Glob.validate", 8_000)
    def _(n: int, pattern: str = _pattern) -> Call:
        text = pattern * (n // len(pattern.encode()))
        return lambda: (glob.Glob(text, double_star=True).match("aba"), glob.Glob.validate(text))

    @case(f"Glob.match: a value of n bytes, {_name}", GLOB, 50_000)
    def _(n: int, pattern: str = _pattern) -> Call:
        made, value = glob.Glob(pattern * 20 + "!", double_star=True), "aa/" * (n // 3)
        return lambda: made.match(value)

    @case(f"Glob.match: both of n bytes, {_name}", GLOB, 8_192)
    def _(n: int, pattern: str = _pattern) -> Call:
        text = pattern * (n // len(pattern.encode()))
        made, value = glob.Glob(text, double_star=True), "a" * n
        return lambda: made.match(value)


@case("Glob: n choices", "glob.Glob", 1_000)
def _(n: int) -> Call:
    text = "{" + ",".join(f"a{at}*" for at in range(n)) + "}"
    return lambda: glob.Glob(text).match("b")


@case("Glob.match: a value of n bytes, 40 choices", GLOB, 50_000)
def _(n: int) -> Call:
    made = glob.Glob("{" + ",".join(f"*a{at}?b" for at in range(40)) + "}")
    value = "".join(random.Random(3).choices("ab1", k=n))
    return lambda: made.match(value)


@case("Glob.match_many", "glob.Glob.match_many", 4_000)
def _(n: int) -> Call:
    made, values = glob.Glob("*a?b*"), [f"{at}aab" for at in range(n)]
    return lambda: made.match_many(values)


@case("Glob.escape", "glob.Glob.escape", 50_000)
def _(n: int) -> Call:
    return lambda: glob.Glob.escape("*" * n)


@case("GlobSet: n globs", "glob.GlobSet glob.GlobSet.matches glob.GlobSet.is_match", 1_000)
def _(n: int) -> Call:
    patterns = [f"*a{at}?b*" for at in range(n)]

    def call() -> Any:
        made = glob.GlobSet(patterns)
        return made.matches("a1xb"), made.is_match("a1xb")

    return call


# --- CODEOWNERS, mappings -----------------------------------------------------------

OWNERS: dict[str, Callable[[int], str]] = {
    "lines": lambda n: "".join(f"/a{at}/**/*.py @b{at}\n" for at in range(n)),
    "sections": lambda n: "".join(f"[S{at}][2] @c\n*.py\n" for at in range(n)),
    "the same section": lambda n: "[S] @c\n*.py @d\n" * n,
    "owners": lambda n: ("*.py " + "@a " * 500 + "\n") * (n // 200),
    "nonsense": lambda n: "[[ \\ # [x\n" * n,
    "a line of nonsense": lambda n: "é" + " x" * (10 * n),
}
for _name, _text in OWNERS.items():

    @case(f"Codeowners.parse: {_name}", "codeowners.Codeowners.parse codeowners.Codeowners", 2_000)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        given = text(n)
        return lambda: codeowners.Codeowners.parse(given, dialect="gitlab")

    @case(f"Codeowners.owners_many: {_name}", "codeowners.Codeowners.owners_many", 1_000)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        made = codeowners.Codeowners.parse(text(1_000), dialect="gitlab")
        paths = [f"a{at}/b/c.py" for at in range(n // (100 if "sections" in text(4) else 1) or 1)]
        return lambda: made.owners_many(paths)

    @case(f"Codeowners.check: {_name}", "codeowners.Codeowners.check", 1_000)
    def _(n: int, text: Callable[[int], str] = _text) -> Call:
        given = text(n)
        paths = [f"a{at}/b/c.py" for at in range(100)]
        return lambda: codeowners.Codeowners.check(given, dialect="gitlab", paths=paths)


@case("Codeowners.of_repository", "codeowners.Codeowners.of_repository", 2_000)
def _(n: int) -> Call:
    folder = Path(tempfile.mkdtemp())
    (folder / "CODEOWNERS").write_text(OWNERS["lines"](n), "utf-8")
    return lambda: codeowners.Codeowners.of_repository(folder)


@case(
    "Codeowners.owners: a path of n bytes",
    "codeowners.Codeowners.owners codeowners.is_codeowners_path_match",
    50_000,
)
def _(n: int) -> Call:
    made = codeowners.Codeowners.parse("a/**/a/**/b @c\n*a*a*ab @d\n")
    path = "a/" * (n // 2)
    return lambda: (
        made.owners(path),
        codeowners.is_codeowners_path_match(path.encode(), "a/**/a/**/b"),
    )


def mapping(count: int) -> bytes:
    """Return a mapping file of so many classes."""
    lines = (f"com.a.C{at} -> a{at}:\n    1:9:int m(int):3:11 -> b\n" for at in range(count))
    return "".join(lines).encode()


@case(
    "ProguardMapper.from_bytes, remap_class",
    "proguard.ProguardMapper.from_bytes proguard.ProguardMapper.remap_class",
    8_000,
)
def _(n: int) -> Call:
    data = mapping(n)
    return lambda: ProguardMapper.from_bytes(data).remap_class("a1")


@case("ProguardMapper, open", "proguard.ProguardMapper proguard.ProguardMapper.open", 8_000)
def _(n: int) -> Call:
    path = Path(tempfile.mkdtemp()) / "mapping.txt"
    path.write_bytes(mapping(n))
    return lambda: ProguardMapper.open(path)


@case(
    "ProguardMapper.write_cache, open_cache",
    "proguard.ProguardMapper.write_cache proguard.ProguardMapper.open_cache",
    8_000,
)
def _(n: int) -> Call:
    path, made = Path(tempfile.mkdtemp()) / "cache", ProguardMapper.from_bytes(mapping(n))

    def call() -> str | None:
        made.write_cache(path)
        return ProguardMapper.open_cache(path).remap_class("a1")

    return call


@case("ProguardMapper.remap_stacktrace", "proguard.ProguardMapper.remap_stacktrace", 1_000)
def _(n: int) -> Call:
    made, text = ProguardMapper.from_bytes(mapping(500)), "    at a7.b(SourceFile:4)\n" * n
    return lambda: made.remap_stacktrace(text)


@case("ProguardMapper.retrace", "proguard.ProguardMapper.retrace", 1_000)
def _(n: int) -> Call:
    made, text = ProguardMapper.from_bytes(mapping(500)), "    at a7.b(SourceFile:4)\n" * n
    return lambda: made.retrace(text)


@case("ProguardMapper.remap_frames", "proguard.ProguardMapper.remap_frames", 1_000)
def _(n: int) -> Call:
    made, given = ProguardMapper.from_bytes(mapping(500)), [("a7", "b", 4)] * n
    return lambda: made.remap_frames(given)


@case(
    "ProguardMapper.remap_frame, remap_method: n methods of one name",
    "proguard.ProguardMapper.remap_frame proguard.ProguardMapper.remap_method",
    2_000,
)
def _(n: int) -> Call:
    lines = "".join(f"    int m{at}() -> b\n" for at in range(n))
    made = ProguardMapper.from_bytes(f"com.a.C -> a:\n{lines}".encode())
    return lambda: (made.remap_frame("a", "b", 0), made.remap_method("a", "b"))


# --- Arrow --------------------------------------------------------------------------

if HAS_ARROW:

    def rows(count: int) -> Any:
        """Return so many stack traces as Arrow data."""
        one = {"frames": frames(20), "exception": ERROR}
        return arrow.batch([one] * count)

    @case("arrow.batch", "arrow.batch arrow.batches", 100)
    def _(n: int) -> Call:
        given = [{"frames": frames(20), "exception": ERROR}] * n
        return lambda: list(arrow.batches(arrow.batch(given)))

    @case("arrow.apply, assemble", "arrow.apply arrow.assemble", 200)
    def _(n: int) -> Call:
        made, given = rules_of(BASE_RULES), rows(n)
        return lambda: (arrow.apply(made, given), arrow.assemble(made, given))

    @case("arrow.preview", "arrow.preview arrow.preview_report", 200)
    def _(n: int) -> Call:
        old, new, given = rules_of(BASE_RULES), rules_of("function:f* +app\n"), rows(n)
        return lambda: (arrow.preview(old, new, given), arrow.preview_report(old, new, given))

    @case("arrow.parameterize", "arrow.parameterize", 2_000)
    def _(n: int) -> Call:
        column = pa.array([f"a{at} 10.0.0.{at} 'x'" for at in range(n)])
        return lambda: arrow.parameterize(column)

    @case("arrow.fingerprints", "arrow.fingerprints", 500)
    def _(n: int) -> Call:
        made = fingerprints.FingerprintRules.parse("message:*x*y* -> a\nlevel:fatal -> b\n")
        column = pa.array([json.dumps(event(8))] * n)
        return lambda: arrow.fingerprints(column, made)

    @case("arrow.events_to_arrow", "arrow.events_to_arrow", 100)
    def _(n: int) -> Call:
        path = Path(tempfile.mkdtemp()) / "events.ndjson"
        path.write_text((json.dumps(event(8)) + "\n") * n, "utf-8")
        return lambda: list(arrow.events_to_arrow(path))


# --- which functions there are ------------------------------------------------------

NOT_MEASURED = {
    "enhancers.Enhancements.empty": "no input",
    "enhancers.Enhancements.default": "no input",
    "enhancers.Enhancements.set_memo_bytes": "takes a number",
    "enhancers.Enhancements.close": "frees what others have made",
    "parameterization.Parameterizer.close": "frees what others have made",
    "enhancers.Cache": "takes a number",
    "enhancers.Component": "holds two values",
    "enhancers.Diagnostic": "a result",
    "enhancers.Diagnostic.drawn": "draws one line of at most 64 KiB, cut to the width of a page",
    "enhancers.Fix": "a result",
    "events.EventStacktrace": "a result",
    "fingerprints.FingerprintExplanation": "a result",
    "fingerprints.FingerprintMatch": "a result",
    "fingerprints.FingerprintRule": "a result",
    "fingerprints.FingerprintRuleReport": "a result",
    "fingerprints.IssueReport": "a result",
    "fingerprints.ResponsibleRule": "a result",
    "fingerprints.RuleExplanation": "a result",
}

# Why a case is not linear, and what limits it.
NOT_LINEAR: dict[str, str] = {}
for _name in PATTERNS:
    NOT_LINEAR[f"Glob.match: both of n bytes, {_name}"] = (
        "both lengths grow: the product of pattern and value, by 64 positions a step; "
        "`pattern_bytes` limits it"
    )
NOT_LINEAR["explain: n frames"] = (
    "the interpreter goes through a range of frames for each frame that a rule matches: half of "
    "the square of the frames, some nanoseconds each; `frames` limits it. Memory is linear"
)
NOT_LINEAR["apply: a group that reaches others"] = (
    "the square of the frames divided by 64; `frames` limits it"
)


def with_input() -> set[str]:
    """Name the public functions, methods and classes that take an input.

    Results, which are tuples, take none, and neither do properties and special methods.
    """
    found = set()
    for name in public_functions():
        module, owner, *member = name.split(".")
        if module not in MODULES:
            continue
        if not member:
            found.add(name)
            continue
        own = vars(getattr(import_module(f"sentry_ophio.{module}"), owner))
        each = own.get(member[0])
        if member == ["__init__"]:
            found |= {f"{module}.{owner}"} if each else set()
        elif member[0][0] != "_" and "_fields" not in own and each and not is_property(each):
            found.add(name)
    return found


def is_property(member: object) -> bool:
    """Tell whether a member of a class is read without a call."""
    return not (inspect.isfunction(member) or isinstance(member, (classmethod, staticmethod)))


# --- measuring ----------------------------------------------------------------------


class Measured(NamedTuple):
    """A call with one size of input."""

    seconds: float
    """Of processor time: the best call."""
    bytes: int | None
    """The peak of memory beside the input; None where that cannot be measured."""


def status(field: str) -> int:
    """Read a size of this process, in bytes."""
    for line in Path("/proc/self/status").read_text("utf-8").splitlines():
        if line.startswith(field):
            return int(line.split()[1]) << 10
    raise LookupError(field)


def measure(each: Case, n: int) -> Measured:
    """Measure a call in this process."""
    call = each.make(n)
    gc.collect()
    gc.disable()
    peak = None
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5", "utf-8")
        before = status("VmRSS")
        call()
        peak = max(0, status("VmHWM") - before)
        # Else the system clears each large block of memory that a call takes, and no small one.
        for parameter in (M_MMAP_THRESHOLD, M_TRIM_THRESHOLD):
            ctypes.CDLL(None).mallopt(parameter, 1 << 30)
    times: list[float] = []
    while len(times) < 3 or (sum(times) < 0.1 and len(times) < 200):
        begun = time.thread_time()
        call()
        times.append(time.thread_time() - begun)
    return Measured(min(times), peak)


def in_child(each: Case, n: int) -> Measured:
    """Measure a call in a child process."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = measure(each, n)
            os.write(writer, json.dumps(found).encode())
            os._exit(0)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    if os.waitpid(child, 0)[1]:
        raise SystemExit("a call failed")
    return Measured(*json.loads(data))


def factor(values: list[float]) -> float:
    """Return by how much a value grows when the input doubles."""
    return median(large / small for small, large in zip(values, values[1:]))


def shown_time(seconds: float) -> str:
    """Write a time."""
    if seconds < 1e-3:
        return f"{seconds * 1e6:.1f} µs"
    return f"{seconds * 1e3:.1f} ms"


def row(name: str, found: list[Measured]) -> tuple[str, bool]:
    """Make the row of a case, and tell whether it is linear."""
    times = [each.seconds for each in found]
    sizes = [each.bytes or 0 for each in found]
    grows = factor(times)
    memory = factor([max(1 << 16, size) for size in sizes]) if sizes[-1] >= FEWEST_BYTES else None
    linear = grows <= MARK and (memory or 0) <= MARK
    cells = [
        f"`{name}`",
        f"{CASES[name].n:,}",
        *map(shown_time, times),
        f"{grows:.2f}",
        f"{sizes[-1] / (1 << 20):.1f}",
        "-" if memory is None else f"{memory:.2f}",
        "" if linear else "**not linear**",
    ]
    return "| " + " | ".join(cells) + " |", linear


def page(lines: list[str], marked: list[str]) -> str:
    """Make the page of rows, and of the names of the cases that are not linear."""
    rows = "\n".join(lines)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    text = f"""\
# How time and memory grow

By `make bench-growth` with {python} on {platform.machine()} {platform.system()}:
hostile inputs of n, 2n, 4n and 8n, as [growth.py](growth.py) describes. A factor is by how much
time or memory grows when the input doubles, as the median of three doublings. 2 is linear, and
above {MARK} it is marked. MiB is the peak of memory at 8n beside the input; below 1 MiB there is
no factor.

| case | n | n | 2n | 4n | 8n | factor | MiB | factor | |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
{rows}

Of {len(lines)} cases {len(marked)} are not linear:

"""
    for name in marked:
        text += f"- `{name}`: {NOT_LINEAR.get(name, 'the reason is not known')}\n"
    return text


def main() -> None:
    """Measure all cases, or those whose names contain an argument."""
    wanted = sys.argv[1:]
    chosen = [name for name in CASES if not wanted or any(each in name for each in wanted)]
    lines, marked = [], []
    for limit in (limits.Limit.RULES, limits.Limit.FRAMES):
        limits.set(limit, limits.UNLIMITED)
    for name in chosen:
        each = CASES[name]
        try:
            found = [in_child(each, each.n * size) for size in SIZES]
            if not row(name, found)[1] and name not in NOT_LINEAR:
                # Another program may have been in the way.
                found = [
                    min(pair)
                    for pair in zip(found, [in_child(each, each.n * size) for size in SIZES])
                ]
        except OphioError as error:
            raise SystemExit(f"{name}: {error}") from error
        line, linear = row(name, found)
        print(line, flush=True)
        lines.append(line)
        if not linear:
            marked.append(name)
    text = page(lines, marked)
    if not wanted:
        OUT.write_text(text, "utf-8")
    unknown = [name for name in marked if name not in NOT_LINEAR]
    if unknown:
        raise SystemExit(f"not linear, without a reason: {', '.join(unknown)}")


if __name__ == "__main__":
    main()
