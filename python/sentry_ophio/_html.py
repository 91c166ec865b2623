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
    sides: list[dict[str, Any]],
    steps: list[tuple[str, tuple[Step, ...]]],
) -> dict[str, Any]:
    function = str(source.get("function") or "?")
    told = [(name, [_step(step) for step in each]) for name, each in steps]
    rules = [step["text"] for _, each in told for step in each]
    words = [function, location, *(str(side["category"] or "") for side in sides), *rules]
    return {
        "number": number,
        "function": function,
        "location": location,
        "sides": sides,
        "changed": any(side != sides[0] for side in sides),
        "steps": told,
        "searched": " ".join(words).lower(),
    }


def _facts(found: Explanation) -> str:
    return "; ".join(found.verdict)


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
            came = {
                "in_app": before["in_app"],
                "category": category and category.decode(),
                "app": None,
                "system": None,
            }
            sides = [came, _side(frame)]
            each = _frame(number, source, location(source), sides, [("steps", frame.steps)])
            each["changed"] = came["in_app"] != frame.in_app or came["category"] != frame.category
            frames.append(each)
        traces.append({"name": trace.place, "facts": _facts(found), "frames": frames})
    return _render(
        title=f"Effects of rules on {name}",
        subtitle="Rules change the marked frames. Click a frame to see each step.",
        summary="",
        sides=["event", "rules"],
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
                [_side(before), _side(after)],
                [("old rules", before.steps), ("new rules", after.steps)],
            )
            for number, (source, before, after) in enumerate(
                zip(trace.sources, old.frames, new.frames)
            )
        ]
        facts = f"old rules: {_facts(old)}; new rules: {_facts(new)}"
        traces.append({"name": f"{name}  {trace.place}", "facts": facts, "frames": frames})
    return _render(
        title="Changes by the new rules",
        subtitle=f"{len(traces)} of the {report.changed_stacktraces:,} stack traces that change. "
        "Marked frames change. Click a frame to see each step.",
        summary=str(report),
        sides=["old", "new"],
        traces=traces,
    )
