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
from sentry_ophio.cli._options import base_option, rules_option
from sentry_ophio.cli._output import echo, echo_json, styled
from sentry_ophio.cli._words import location, word_of
from sentry_ophio.exceptions import OphioOverflowError

if TYPE_CHECKING:
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
    help="Show for each matcher of a rule whether it holds for a frame. RULE is the index that "
    "is printed, counted from 0, or FILE:LINE.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document for each stack trace.")
@click.option("--html", "html_file", metavar="FILE", help="Write an HTML page instead.")
def explain(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    event: str,
    rule_files: tuple[str, ...],
    base_files: tuple[str, ...],
    frame: int | None,
    why_not: str | None,
    as_json: bool,
    html_file: str | None,
) -> None:
    """Explain step by step how rules changed each frame.

    EVENT is a file with the JSON of an event, or - for standard input. The output lists below each
    frame the rules that changed it, in their order, with file and line.

    \b
    Examples:
      sentry-ophio explain event.json
      sentry-ophio explain --rules my.rules --frame 3 event.json
      sentry-ophio explain --rules my.rules --why-not my.rules:12:3 event.json
      sentry-ophio explain --html report.html event.json

    The exit code is 2 if the event or the rules cannot be used, or if there is no such rule
    or frame.
    """  # noqa: D301 (click wants the control character)
    rules = read_rules(rule_files, base_files)
    asked = None if why_not is None else _parsed_why_not(rules, why_not)
    traces = read_event_file(event)
    if not traces:
        echo(f"{event}: no stack trace", err=True)
    explained = []
    for trace in traces:
        frames = with_orig_in_app(trace)
        if frame is not None and not 0 <= frame < len(frames):
            raise InputError(event, f"there is no frame {frame}: the stack trace has {len(frames)}")
        try:
            found = rules.explain(frames, trace.exception, why_not=asked)
        except OphioOverflowError as error:
            raise InputError(event, str(error)) from None
        if html_file is not None:
            explained.append((trace, found))
        elif as_json:
            echo_json(_explanation_json(trace, found))
        else:
            _show_explanation(event, trace, found, frame)
    if html_file is not None:
        replace_file(
            Path(html_file), explain_page(event, explained, location).encode("utf-8", "replace")
        )
        echo(f"{html_file}: written", err=True)


def _parsed_why_not(rules: Enhancements, why_not: str) -> tuple[int, int]:
    """Read the value of `--why-not`."""
    name, _, frame = why_not.rpartition(":")
    file, _, line = name.rpartition(":")
    if not (frame.isdecimal() and (line or name).isdecimal()):
        raise click.BadParameter("RULE:FRAME or FILE:LINE:FRAME", param_hint="--why-not")
    if not file:
        return int(name), int(frame)
    for index, rule in enumerate(rules.rules):
        if (rule.source, rule.line) == (file, int(line)):
            return index, int(frame)
    raise InputError(file, f"there is no rule in line {line}")


def _show_explanation(
    name: str, trace: EventStacktrace, found: Explanation, only: int | None
) -> None:
    """Print each frame with its steps below it."""
    echo(styled(f"{name}  {trace.place}", bold=True))
    for number, (source, frame) in enumerate(zip(trace.sources, found.frames)):
        if only is not None and number != only:
            continue
        function = styled(str(source.get("function") or "?"), bold=bool(frame.in_app))
        echo(f"{number:3} ", function, f"  {location(source)}")
        echo(
            "      ",
            styled("in-app", fg="green") if frame.in_app else "not in-app",
            ", ",
            styled("counts", fg="green") if frame.contributes else "does not count",
            f", category {frame.category}" if frame.category else "",
        )
        _show_steps(frame.steps)
    if only is None:
        counts = "counts for grouping" if found.contributes else "does not count for grouping"
        order = ", in reverse order" if found.invert_stacktrace else ""
        echo(f"the stack trace {counts}{order}")
        _show_steps(found.steps)
    if found.why_not is not None:
        echo("matchers of that rule, on that frame:")
        for test in found.why_not:
            word = styled("holds", fg="green") if test.holds else styled("fails", fg="red")
            echo("      ", word, f"  {test.matcher}  ({test.reason})")
    echo()


def _show_steps(steps: tuple[Step, ...]) -> None:
    for step in steps:
        place = f"rule {step.rule}"
        if step.line is not None:
            place = f"{step.source or 'default rules'}:{step.line}"
        change: str | Styled = f"{_value(step.before)} -> {_value(step.after)}"
        if not step.changed:
            change = styled(f"{_value(step.after)} as before", dim=True)
        field = step.field.replace("_", "-")
        echo(f"      {field} ", change, "  ", styled(place, fg="cyan"), f"  {step.text}")


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return word_of(value)
    return str(value)


def _explanation_json(trace: EventStacktrace, found: Explanation) -> dict[str, Any]:
    def steps(each: tuple[Step, ...]) -> list[dict[str, Any]]:
        return [step._asdict() for step in each]

    return {
        "place": trace.place,
        "frames": [
            {"function": source.get("function"), "location": location(source)}
            | frame._asdict()
            | {"steps": steps(frame.steps)}
            for source, frame in zip(trace.sources, found.frames)
        ],
        "contributes": found.contributes,
        "hint": found.hint,
        "invert_stacktrace": found.invert_stacktrace,
        "steps": steps(found.steps),
        "why_not": found.why_not and [test._asdict() for test in found.why_not],
    }
