"""Measure what a service does for each event: create a rule set, then apply it.

Sentry makes the rule set of a project for every event, from what is stored, and puts it
behind the built-in rules. So a set that is asked has just been made.
"""

from __future__ import annotations

import json
from typing import Any, Callable

from beside import ROOT, Times, best, main

from sentry_ophio.enhancers import Cache, Component, Enhancements

SHARED = ROOT.parent / "shared" / "data"
BUILT_IN = SHARED / "all-platforms@2026-01-20.txt"
DEFAULT = ROOT / "python" / "sentry_ophio" / "data" / "default.rules"
FRAMES = ROOT / "tests" / "fixtures" / "stacktraces.jsonl"
EXCEPTION = {"ty": b"ValueError", "value": b"x", "mechanism": b"generic"}


def frames_of(length: int) -> list[dict[str, Any]]:
    """Take frames of real stack traces."""
    found: list[dict[str, Any]] = []
    for line in FRAMES.read_text("utf-8").splitlines():
        for frame in json.loads(line)["frames"]:
            texts = ("category", "family", "function", "module", "package", "path")
            packed = {key: None if frame[key] is None else frame[key].encode() for key in texts}
            found.append(packed | {key: frame[key] for key in ("in_app", "orig_in_app")})
    return [dict(found[number % len(found)]) for number in range(length)]


def project(rules: int, seed: int = 0) -> str:
    """Write rules as a project has them."""
    kinds = ("path:**/app{0}/** -app", "function:handle_{0}* -group", "module:com.shop{0}.* +app")
    return "\n".join(kinds[n % 3].format(f"{seed}x{n}") for n in range(rules))


def structure(text: str) -> bytes:
    """Write rules in the binary form, without the package that is measured."""
    letters = {"path": b"p", "function": b"f", "module": b"m"}
    actions = {"-app": b"\xcd\x03\x01", "-group": b"\xcd\x03\x00", "+app": b"\x01"}
    rules = []
    for line in text.splitlines():
        matcher, action = line.split(" ")
        name, _, argument = matcher.partition(":")
        data = letters[name] + argument.encode()
        rules.append(b"\x92\x91\xd9" + bytes([len(data)]) + data + b"\x91" + actions[action])
    return b"\x93\x02\x90\xdc" + len(rules).to_bytes(2, "big") + b"".join(rules)


def once(call: Callable[[], object], number: int) -> float:
    """Time a call that must not be repeated with the same input: the mean."""
    return best(call, number)


def measure(ours: bool) -> Times:
    """Measure one package."""
    del ours
    cache = Cache(1_000)
    text = (BUILT_IN if BUILT_IN.exists() else DEFAULT).read_text("utf-8")
    base = Enhancements.parse(text, cache)
    frames = frames_of(20)
    own = Enhancements.from_config_structure(structure(project(23)), cache)
    own_small = Enhancements.from_config_structure(structure(project(51)), cache)
    results: Times = {}

    def merged(*parts: Enhancements) -> Enhancements:
        rules = Enhancements.empty()
        for part in parts:
            rules.extend_from(part)
        return rules

    def timed(call: Callable[[Enhancements], object], *parts: Enhancements) -> float:
        # Making the set is not counted here.
        sets = iter([merged(*parts) for _ in range(1_010)])
        call(next(sets))
        return best(lambda: call(next(sets)), 200)

    def assemble(rules: Enhancements) -> None:
        components = [Component(contributes=True) for _ in frames]
        rules.assemble_stacktrace_component(frames, EXCEPTION, components)

    results["fresh merged set of built-in and own rules, first apply, 20 frames"] = timed(
        lambda rules: rules.apply_modifications_to_frames(frames, EXCEPTION), base, own
    )
    results["fresh merged set of 51 rules, first assemble, 20 frames"] = timed(assemble, own_small)
    results["empty + 2 x extend_from"] = best(lambda: merged(base, own), 1_000)
    known = structure(project(100))
    results["from_config_structure, 100 rules, bytes seen before"] = best(
        lambda: Enhancements.from_config_structure(known, cache), 500
    )
    unseen = iter([structure(project(100, seed)) for seed in range(1_000, 1_300)])
    results["100 own rules never seen before, first apply included"] = best(
        lambda: Enhancements.from_config_structure(
            next(unseen), cache
        ).apply_modifications_to_frames(frames, EXCEPTION),
        50,
    )
    stored = structure(project(23))
    parts = [stored, structure(project(12)), structure(project(11))]

    def event() -> None:
        whole, classifier, contributes = (
            Enhancements.from_config_structure(part, cache) for part in parts
        )
        del whole
        first, second = merged(base, classifier), merged(base, contributes)
        first.apply_modifications_to_frames(frames, EXCEPTION)
        assemble(first)
        assemble(second)

    results["the whole path of an event: 3 sets read, 2 merged, 1 apply, 2 assembles"] = best(
        event, 200
    )
    return results


if __name__ == "__main__":
    main(
        __file__,
        "What a service does for each event",
        "sentry-ophio",
        measure,
        "events-results.md",
    )
