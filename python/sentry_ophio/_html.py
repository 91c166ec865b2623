"""Reports as one self-contained HTML page (extra `cli`).

The page of `explain --html` has a table for each stack trace, before and after the rules. The page
of `preview --html` has the stack traces that change, with the old and with the new rules. A click
on a frame shows the steps that led to its result.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from importlib import resources
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FunctionLoader
from markupsafe import Markup

from sentry_ophio._counts import counted, restored_line
from sentry_ophio._shown import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from sentry_ophio._explain import Explanation, FrameExplanation, Step
    from sentry_ophio._preview import Report
    from sentry_ophio.events import EventStacktrace

__all__ = ["explain_page", "preview_page", "render"]


_DATA = resources.files("sentry_ophio") / "data"


def _read(name: str) -> str:
    return (_DATA / name).read_text("utf-8")


def render(template: str, **values: Any) -> str:
    """Make a page of a template that extends `page.html.j2`.

    The page allows its own style and script, which have no values in them, and nothing else: what
    is in an event cannot run or load anything, even if it was not escaped. All control characters
    in values are shown as escapes, except line feeds.
    """
    style, script = _read("page.css"), _read("page.js")
    sources = [
        "sha256-" + b64encode(sha256(text.encode()).digest()).decode() for text in (style, script)
    ]
    policy = "default-src 'none'; style-src '{}'; script-src '{}'; base-uri 'none'"
    policy += "; form-action 'none'"
    environment = Environment(
        autoescape=True,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(_read),
    )
    return environment.get_template(template).render(
        style=style, script=script, policy=policy.format(*sources), **values
    )


def _shown(value: Any) -> Any:
    """Show the control characters of a value; `Markup` is style, script or output of a macro."""
    if isinstance(value, Markup):
        return value
    return shown(str(value), keep="\n")


def _render(**values: Any) -> str:
    return render(
        "report.html.j2",
        filter="Filter frames by function, place, category or rule",
        only="Only frames that change",
        counted="frames",
        **values,
    )


def _step(step: Step) -> dict[str, Any]:
    place = f"rule {step.rule}"
    if step.line is not None:
        place = f"{step.source or 'default rules'}:{step.line}"
    return {
        "field": step.field.replace("_", "-"),
        "change": step.change(_word),
        "changed": step.changed,
        "place": place,
        "text": step.text,
    }


def _word(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {True: "yes", False: "no", None: "unset"}[value]
    return str(value)


# The columns of a frame, and their titles.
_STATE = {"in_app": "in-app", "category": "category"}
_COLUMNS = _STATE | {"app": "counts in app", "system": "counts in system"}


def _side(frame: FrameExplanation) -> dict[str, Any]:
    return {
        "in_app": frame.in_app,
        "category": frame.category,
        "app": frame.contributes,
        "system": frame.system,
    }


def _frame(
    number: int,
    source: Mapping[str, Any],
    location: str,
    sides: list[tuple[str, dict[str, Any]]],
    steps: list[tuple[str, tuple[Step, ...]]],
) -> dict[str, Any]:
    """Describe a frame: `sides` are its states before and after, each with the name of its columns.

    It changes if its states differ, or if a step changed whether it counts.
    """
    (_, before), (_, after) = sides
    function = str(source.get("function") or "?")
    described = [(name, [_step(step) for step in each]) for name, each in steps]
    rules = [step["text"] for _, each in described for step in each]
    categories = [str(side["category"] or "") for _, side in sides]
    differs = {key for key, value in before.items() if value != after[key]}
    if len(before) < len(after):
        differs |= _decided(steps)
    cells = [
        (
            name,
            [
                {
                    "label": _COLUMNS[key],
                    "value": value,
                    "differs": side is after and key in differs,
                }
                for key, value in side.items()
            ],
        )
        for name, side in sides
    ]
    return {
        "number": number,
        "function": function,
        "location": location,
        "cells": cells,
        "width": 2 + sum(len(each) for _, each in cells),
        "changed": bool(differs),
        "steps": described,
        "searched": " ".join([function, location, *categories, *rules]).lower(),
    }


def _facts(found: Explanation) -> str:
    return "; ".join(found.verdict)


def _restored(trace: EventStacktrace) -> list[str]:
    line = restored_line(len(trace.restored))
    return [f"{line[0].upper()}{line[1:]}."] if trace.restored else []


def _decided(steps: list[tuple[str, tuple[Step, ...]]]) -> set[str]:
    """Return in which variants a rule decided whether a frame counts."""
    found = set()
    for step in (step for _, each in steps for step in each if step.field == "contributes"):
        if step.before != step.after:
            found.add("app")
        if step.system is not None and step.system[0] != step.system[1]:
            found.add("system")
    return found


def _trace(
    name: str, trace: EventStacktrace, facts: list[str], frames: list[dict[str, Any]]
) -> dict[str, Any]:
    """Describe a stack trace, with its exception."""
    ty, value = (trace.exception[key] for key in ("ty", "value"))
    parts = [part.decode() for part in (ty, value) if part]
    return {"name": name, "exception": ": ".join(parts), "facts": facts, "frames": frames}


def explain_page(
    name: str,
    explained: Iterable[tuple[EventStacktrace, Explanation]],
    location: Callable[[Mapping[str, Any]], str],
) -> str:
    """Make the page of `explain`.

    Args:
        name: The name of the event.
        explained: Its stack traces with their explanations.
        location: Returns where a frame of an event is.
    """
    traces = []
    for trace, found in explained:
        frames = []
        for number, (source, before, frame) in enumerate(
            zip(trace.sources, trace.frames, found.frames)
        ):
            category = before["category"]
            came = {"in_app": before["in_app"], "category": category and category.decode()}
            sides = [("event", came), ("rules", _side(frame))]
            frames.append(_frame(number, source, location(source), sides, [("steps", frame.steps)]))
        changed = sum(each["changed"] for each in frames)
        facts = [
            f"Rules change {changed:,} of {counted(len(frames), 'frame')}; {_facts(found)}.",
            *_restored(trace),
        ]
        traces.append(_trace(trace.place, trace, facts, frames))
    return _render(
        title=f"Effects of rules on {name}",
        subtitle="Rules change the marked frames. Click a frame to see each step.",
        summary="",
        groups=[("event", _STATE.values()), ("rules", _COLUMNS.values())],
        traces=traces,
    )


def preview_page(
    report: Report,
    examples: Iterable[tuple[str, EventStacktrace, Explanation, Explanation]],
    location: Callable[[Mapping[str, Any]], str],
) -> str:
    """Make the page of `preview`.

    Args:
        report: The numbers.
        examples: Stack traces that change: a name, the stack trace, and its explanations with the
            old and with the new rules.
        location: Returns where a frame of an event is.
    """
    traces = []
    for name, trace, old, new in examples:
        frames = [
            _frame(
                number,
                source,
                location(source),
                [("old rules", _side(before)), ("new rules", _side(after))],
                [("old rules", before.steps), ("new rules", after.steps)],
            )
            for number, (source, before, after) in enumerate(
                zip(trace.sources, old.frames, new.frames)
            )
        ]
        facts = [
            f"Old rules: {_facts(old)}.",
            f"New rules: {_facts(new)}.",
            *_restored(trace),
        ]
        traces.append(_trace(f"{name}, {trace.place}", trace, facts, frames))
    return _render(
        title="Changes by the new rules",
        subtitle=f"{len(traces):,} of the {counted(report.changed_stacktraces, 'stack trace')} "
        f"that {'changes' if report.changed_stacktraces == 1 else 'change'}. "
        "Marked frames change. Click a frame to see each step.",
        summary=str(report),
        groups=[("old rules", _COLUMNS.values()), ("new rules", _COLUMNS.values())],
        traces=traces,
    )
