"""`sentry-ophio explain`: why rules changed each frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentry_ophio._html import explain_page
from sentry_ophio.cli._input import (
    InputError,
    read_event_file,
    read_rules,
    replace_file,
    with_orig_in_app,
)
from sentry_ophio.cli._options import base_option, fresh_option, rules_option
from sentry_ophio.cli._output import echo, echo_json, styled
from sentry_ophio.cli._rows import PARQUET
from sentry_ophio.cli._words import DEFAULT_RULES, location, word_of
from sentry_ophio.exceptions import OphioOverflowError

if TYPE_CHECKING:
    from sentry_ophio._explain import FrameExplanation, TriedMatcher
    from sentry_ophio.cli._output import Styled
    from sentry_ophio.enhancers import Enhancements, Explanation, Step
    from sentry_ophio.events import EventStacktrace


@click.command()
@click.argument("event", metavar="EVENT")
@rules_option("--rules", "rule_files", "Rules, instead of those that come with this package.")
@base_option
@click.option("--frame", type=int, metavar="N", help="Only this frame, counted from 0.")
@click.option(
    "--why-not",
    metavar="RULE:FRAME",
    help="Show for each matcher of a rule whether it holds for a frame. RULE is its name as it is "
    "printed, such as my.rules:12 or default rules:338, or its index, counted from 0.",
)
@fresh_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document for each stack trace.")
@click.option("--html", "html_file", metavar="FILE", help="Write an HTML page instead.")
def explain(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    event: str,
    rule_files: tuple[str, ...],
    base_files: tuple[str, ...],
    frame: int | None,
    why_not: str | None,
    fresh: bool,
    as_json: bool,
    html_file: str | None,
) -> None:
    """Explain step by step how rules changed each frame.

    EVENT is a file with the JSON of an event, or - for standard input. The output lists below each
    frame whether it counts in each variant of the stack trace, app and system, and the rules that
    changed it, in their order, with file and line.

    \b
    Examples:
      sentry-ophio explain event.json
      sentry-ophio explain --rules my.rules --frame 3 event.json
      sentry-ophio explain --rules my.rules --why-not my.rules:12:3 event.json
      sentry-ophio explain --html report.html event.json

    The exit code is 2 if the event or the rules cannot be used, or if there is no such rule
    or frame.
    """  # noqa: D301 (click wants the control character)
    if event.endswith(PARQUET):
        raise InputError(
            event, "expected the JSON of an event; preview --html explains rows of Parquet files"
        )
    rules = read_rules(rule_files, base_files)
    asked = None if why_not is None else _parsed_why_not(rules, why_not)
    traces = read_event_file(event, fresh=fresh)
    if not traces:
        echo(f"{event}: no stack trace", err=True)
    explained = []
    for trace in traces:
        frames = with_orig_in_app(trace)
        if frame is not None and not 0 <= frame < len(frames):
            raise InputError(event, f"there is no frame {frame}: the stack trace has {len(frames)}")
        try:
            found = rules.explain(
                frames, trace.exception, why_not=asked, repeats=trace.repeats or None
            )
        except OphioOverflowError as error:
            raise InputError(event, str(error)) from None
        if html_file is not None:
            explained.append((trace, found))
        elif as_json:
            echo_json(_explanation_json(trace, found))
        else:
            _show_explanation(event, trace, found, frame, rules, asked)
    if html_file is not None:
        replace_file(
            Path(html_file), explain_page(event, explained, location).encode("utf-8", "replace")
        )
        echo(f"{html_file}: written", err=True)


def _parsed_why_not(rules: Enhancements, why_not: str) -> tuple[int, int]:
    """Read the value of `--why-not`."""
    name, _, frame = why_not.rpartition(":")
    file, _, line = name.rpartition(":")
    number = name.removeprefix("rule ") if not file else line
    if not (frame.isdecimal() and number.isdecimal()):
        raise click.BadParameter(
            "expected RULE:FRAME, with the name or the index of a rule, such as my.rules:12:3",
            param_hint="--why-not",
        )
    if not file:
        return int(number), int(frame)
    for index, rule in enumerate(rules.rules):
        if rule.line == int(line) and (rule.source or DEFAULT_RULES) == file:
            return index, int(frame)
    sources = {str(rule.source or DEFAULT_RULES) for rule in rules.rules}
    if file not in sources:
        known = ", ".join(sorted(sources)) or "none"
        raise InputError(file, f"there are no rules of this name; the names are: {known}")
    raise InputError(file, f"there is no rule in line {line}")


def _show_explanation(  # noqa: PLR0913, PLR0917 (all of them are shown)
    name: str,
    trace: EventStacktrace,
    found: Explanation,
    only: int | None,
    rules: Enhancements,
    asked: tuple[int, int] | None,
) -> None:
    """Print each frame with its steps below it."""
    echo(styled(f"{name}  {trace.place}", bold=True))
    restored = set(trace.restored)
    for number, (source, frame) in enumerate(zip(trace.sources, found.frames)):
        if only is not None and number != only:
            continue
        function = styled(str(source.get("function") or "?"), bold=bool(frame.in_app))
        echo(f"{number:3} ", function, f"  {location(source)}")
        echo(
            "      ",
            styled("in-app", fg="green") if frame.in_app else "not in-app",
            ", counts: app ",
            _counts(frame.contributes),
            ", system ",
            _counts(frame.system),
            f", category {frame.category}" if frame.category else "",
        )
        if number in restored:
            was = _value(source.get("in_app"))
            now = _value(trace.frames[number]["in_app"])
            echo(f"      in-app {was} -> {now}  restored from data.orig_in_app")
        if frame.repeats:
            echo(f"      repeats frame {number - 1} (recursion): counts only by +group")
        _show_steps(frame.steps, frame)
    if only is None:
        for line in found.verdict:
            echo(line)
        _show_steps(found.steps, None)
    if found.why_not is not None and asked is not None:
        rule = rules.rules[asked[0]]
        echo(f"{_place(rules, asked[0])}  {rule.text}, on frame {asked[1]}:")
        for test in found.why_not:
            word = styled("holds", fg="green") if test.holds else styled("fails", fg="red")
            facts = [test.reason, *_event_value(trace, test), *_later(rules, asked[0], test)]
            echo("      ", word, f"  {test.matcher}  ({'; '.join(facts)})")
    echo()


def _counts(value: bool | None) -> str | Styled:
    return styled("yes", fg="green") if value else "no"


def _show_steps(steps: tuple[Step, ...], frame: FrameExplanation | None) -> None:
    for step in steps:
        place = f"rule {step.rule}"
        if step.line is not None:
            place = f"{step.source or DEFAULT_RULES}:{step.line}"
        change: str | Styled = step.change(_value)
        if not step.changed:
            change = styled(str(change), dim=True)
        field = step.field.replace("_", "-")
        field = {"contributes": "counts"}.get(field, field)
        note = "" if frame is None else _note(step, frame)
        echo(f"      {field} ", change, "  ", styled(place, fg="cyan"), f"  {step.text}{note}")


def _note(step: Step, frame: FrameExplanation) -> str:
    """Return what is special about a step that makes a frame count."""
    if not step.action.endswith("+group") or step.system is None:
        return ""
    if frame.repeats and step.system == (False, True):
        return "  (brings back a repeated frame)"
    if not frame.in_app:
        return "  (not in-app: never counts in the app variant)"
    return ""


def _place(rules: Enhancements, number: int) -> str:
    rule = rules.rules[number]
    if rule.line is None:
        return f"rule {number}"
    return f"{rule.source or DEFAULT_RULES}:{rule.line}"


def _later(rules: Enhancements, number: int, test: TriedMatcher) -> list[str]:
    """Say which rule sets later what a matcher needs."""
    if test.later is None:
        return []
    rule, later = rules.rules[number], rules.rules[test.later]
    same_file = later.line is not None and later.source == rule.source
    by = f"line {later.line}" if same_file else _place(rules, test.later)
    field = "in-app" if test.field == "app" else test.field
    too_late = f"{field} is set only later, by {by}"
    return [f"{too_late}: in time for actions on grouping only" if test.holds else too_late]


# The keys of an event's frame that a field is made of.
_KEYS = {
    "function": ("function",),
    "module": ("module",),
    "package": ("package",),
    "path": ("abs_path", "filename"),
}


def _event_value(trace: EventStacktrace, test: TriedMatcher) -> list[str]:
    """Say what the event has, if rules see something else."""
    if test.frame is None:
        return []
    source = trace.sources[test.frame]
    for key in _KEYS.get(test.field, ()):
        value = source.get(key)
        if isinstance(value, str) and value:
            return [] if value == test.value else [f"the event has {key} `{value}`"]
    return []


def _value(value: object) -> str:
    if value is None:
        return "unset"
    return word_of(value) if isinstance(value, bool) else str(value)


def _explanation_json(trace: EventStacktrace, found: Explanation) -> dict[str, Any]:
    def steps(each: tuple[Step, ...]) -> list[dict[str, Any]]:
        return [step._asdict() for step in each]

    return {
        "place": trace.place,
        "restored": trace.restored,
        "frames": [
            {"function": source.get("function"), "location": location(source)}
            | frame._asdict()
            | {"steps": steps(frame.steps)}
            for source, frame in zip(trace.sources, found.frames)
        ],
        "contributes": found.contributes,
        "hint": found.hint,
        "system": found.system,
        "system_hint": found.system_hint,
        "decides": found.decides,
        "invert_stacktrace": found.invert_stacktrace,
        "steps": steps(found.steps),
        "why_not": found.why_not and [test._asdict() for test in found.why_not],
    }
