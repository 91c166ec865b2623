"""What the page receives: plain JSON values.

Events and rules are untrusted. The page shows all of it as text; here control characters become
visible, and texts are cut, so that no event can make the page slow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentry_ophio._rules import place_of
from sentry_ophio._shown import shown
from sentry_ophio.cli._input import with_orig_in_app
from sentry_ophio.cli._words import location
from sentry_ophio.events import stacktraces_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sentry_ophio.enhancers import Diagnostic, Enhancements, Explanation, Report, Step
    from sentry_ophio.events import EventStacktrace
    from sentry_ophio.fingerprints import FingerprintRules, Issue, IssueChange, IssueReport
    from sentry_ophio.studio._events import Events

_WIDEST = 300
_MAX_TRACES = 20
_MAX_FRAMES = 500
_MAX_STEPS = 100
_MAX_EVENTS = 200
_MAX_CHANGES = 50
_MAX_PARTS = 20


def text_view(value: object) -> str:
    """Return a text as the page shows it."""
    text = str(value)
    return shown(text if len(text) <= _WIDEST else f"{text[: _WIDEST - 1]}…")


def problem_view(found: Diagnostic) -> dict[str, Any]:
    """Return a problem. JavaScript counts in units of UTF-16."""

    def units(column: int) -> int:
        before = found.source[: column - 1]
        return len(before) + sum(each > "\uffff" for each in before)

    return {
        "severity": found.severity,
        "code": found.code,
        "message": text_view(found.message),
        "suggestion": None if found.suggestion is None else shown(found.suggestion),
        "line": found.line,
        "start": units(found.column),
        "end": units(found.end_column),
    }


# --- one event ----------------------------------------------------------------------


def event_view(
    name: str,
    title: str,
    event: Mapping[str, Any],
    rules: tuple[Enhancements, Enhancements],
    fingerprints: tuple[FingerprintRules, FingerprintRules] | None,
) -> dict[str, Any]:
    """Explain an event, with the saved and with the edited rules."""
    traces = stacktraces_of(event)
    return {
        "kind": "event",
        "name": text_view(name),
        "title": text_view(title),
        "fingerprints": None
        if fingerprints is None
        else [_fingerprint(each, event) for each in fingerprints],
        "traces": [_trace(each, rules) for each in traces[:_MAX_TRACES]],
        "more": max(0, len(traces) - _MAX_TRACES),
    }


def _fingerprint(rules: FingerprintRules, event: Mapping[str, Any]) -> dict[str, Any]:
    match = rules.match(event)
    if match is None:
        return {"parts": ["{{ default }}"], "rule": None}
    rule = match.rule
    return {
        "parts": list(map(text_view, match.resolved or ("{{ default }}",))),
        "rule": text_view(f"{place_of(match.index, rule.line, rule.source)}  {rule.text}"),
    }


def _trace(trace: EventStacktrace, rules: tuple[Enhancements, Enhancements]) -> dict[str, Any]:
    frames = with_orig_in_app(trace)
    old, new = (each.explain(frames, trace.exception, repeats=trace.repeats) for each in rules)
    found = [
        {
            "number": number,
            "repeats": after.repeats,
            "function": text_view(source.get("function") or "?"),
            "location": text_view(location(source)),
            "sides": [_side(before), _side(after)],
            "steps": [_steps(before.steps), _steps(after.steps)],
        }
        for number, (source, before, after) in enumerate(
            zip(trace.sources[:_MAX_FRAMES], old.frames, new.frames)
        )
    ]
    return {
        "place": text_view(trace.place),
        "facts": [_facts(old), _facts(new)],
        "steps": [_steps(old.steps), _steps(new.steps)],
        "frames": found,
        "more": len(frames) - len(found),
    }


def _side(frame: Any) -> dict[str, Any]:
    """Return the results for a frame: all that an explanation has but steps and hints."""
    return {
        name: text_view(value) if isinstance(value, str) else value
        for name, value in frame._asdict().items()
        if value is None or isinstance(value, (bool, str))
        if "hint" not in name and name != "repeats"
    }


def _facts(found: Explanation) -> str:
    order = ", in reverse order" if found.invert_stacktrace else ""
    counts = "counts" if found.contributes else "does not count"
    return text_view(f"{counts}{order}{': ' + found.hint if found.hint else ''}")


def _steps(steps: tuple[Step, ...]) -> list[dict[str, Any]]:
    return [
        {
            "text": text_view(each),
            "changed": each.changed,
            "line": each.line,
            "source": None if each.source is None else text_view(each.source),
        }
        for each in steps[:_MAX_STEPS]
    ]


# --- all events ---------------------------------------------------------------------


def preview_view(report: Report, events: Events, changed: list[int]) -> dict[str, Any]:
    """Return the numbers, and the events that change."""
    owners = list(dict.fromkeys(events.owners[trace] for trace in changed))
    return {
        "kind": "preview",
        "changed": report.changed_stacktraces,
        "stacktraces": report.stacktraces,
        "frames": report.changed_frames,
        "lines": [text_view(line) for line in str(report).split("\n")],
        "events": len(owners),
        "examples": [listed_event(events, number) for number in owners[:_MAX_EVENTS]],
    }


def listed_event(events: Events, number: int) -> dict[str, Any]:
    """Return an event for a list."""
    return {
        "number": number,
        "name": text_view(events.names[number]),
        "title": text_view(events.facts[number].title),
    }


def issues_view(report: IssueReport) -> dict[str, Any]:
    """Return the numbers, and the largest changes."""
    lines = list(report.lines(10))
    summary = lines[: lines.index("")] if "" in lines else lines
    return {
        "kind": "issues",
        "before": report.old_issues,
        "after": report.new_issues,
        "moved": report.moved,
        "events": report.events,
        "lines": list(map(text_view, summary)),
        "changes": list(map(_change, report.changes[:_MAX_CHANGES])),
        "more": max(0, len(report.changes) - _MAX_CHANGES),
    }


def _change(change: IssueChange) -> dict[str, Any]:
    is_merge = change.kind == "merge"
    return {
        "kind": change.kind,
        "text": text_view(str(change).partition(": ")[2]),
        "issue": _issue(change.issue),
        "is_merge": is_merge,
        "parts": [
            {
                "issue": _issue(part.old if is_merge else part.new),
                "events": part.events,
                "moves": part.moves,
                "rules": [text_view(each) for each in part.rules],
                "examples": [
                    {"number": each.number, "name": text_view(each)} for each in part.examples
                ],
            }
            for part in change.parts[:_MAX_PARTS]
        ],
        "more": max(0, len(change.parts) - _MAX_PARTS),
    }


def _issue(issue: Issue) -> dict[str, Any]:
    return {
        "key": issue.key[:8],
        "fingerprint": text_view(", ".join(issue.fingerprint)),
        "title": text_view(issue.title),
        "events": issue.events,
    }
