"""`sentry-ophio apply`: applies rules to events."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from sentry_ophio._counts import some_of, word_for
from sentry_ophio.cli._input import InputError, read_event_file, read_rules
from sentry_ophio.cli._options import base_option, fresh_option, rules_option, threads_option
from sentry_ophio.cli._output import console, echo_json, text
from sentry_ophio.cli._rows import PARQUET, show_written, skip_bad_option, write_parquet
from sentry_ophio.cli._table import Column, print_table
from sentry_ophio.cli._words import decoded, location, word_of
from sentry_ophio.enhancers import AssembleResult, Component, Enhancements

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console
    from rich.text import Text

    from sentry_ophio.events import EventStacktrace

    Row = tuple[Mapping[str, Any], bool | None, Any, Component, Component]


@click.command()
@click.argument("events", nargs=-1, required=True, metavar="EVENT...")
@rules_option("--rules", "rule_files", "Rules, instead of those that come with this package.")
@base_option
@click.option(
    "--out",
    metavar="FILE.parquet",
    help="Write a Parquet file, with a row for each stack trace, instead of tables.",
)
@skip_bad_option
@fresh_option
@threads_option("With --out: the")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a line of JSON for each event, or, with --out, one JSON document with a summary.",
)
def apply(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    events: tuple[str, ...],
    rule_files: tuple[str, ...],
    base_files: tuple[str, ...],
    out: str | None,
    skip_bad: bool,
    fresh: bool,
    threads: int,
    as_json: bool,
) -> None:
    """Apply rules to Sentry events, and show the result of each frame or write it to a file.

    EVENT is a file with the JSON of an event, or - for standard input. The output has a table for
    each stack trace, and a row for each frame: whether it is in-app before and after the rules, its
    category, and whether it contributes to grouping. The rule that decided it is printed once,
    below the frames that share it. A table is as wide as the terminal; in a file or a pipe, each
    frame is one line.

    With --out, EVENT may also be a Parquet file with the columns frames and exception, a file
    with one event per line (.ndjson, .jsonl), one of these with gzip (.gz), or a folder; - is one
    event per line. The output has all columns of the input and two more: category and in_app, lists
    as long as frames. The output file is complete or unchanged: after an error or a kill, run the
    same command again.

    \b
    Examples:
      sentry-ophio apply event.json
      sentry-ophio apply --rules my.rules event.json other.json
      sentry-ophio apply --base default --rules main.tf event.json
      curl https://example.com/event.json | sentry-ophio apply --json -
      sentry-ophio apply --rules my.rules --out answers.parquet month/

    The exit code is 2 if an event or a file of rules cannot be used. Other events are still shown.
    With --out, nothing is written then; with --skip-bad, the other events are written.
    """  # noqa: D301 (click wants the control character)
    rules = read_rules(rule_files, base_files)
    if out is not None:
        show_written(
            out, *write_parquet(events, out, rules, threads, skip_bad, fresh=fresh), as_json=as_json
        )
        return
    if skip_bad:
        raise click.UsageError("--skip-bad needs --out: without --out, bad events are skipped")
    out_console = console()
    failed = False
    for name in events:
        try:
            if name.endswith(PARQUET):
                raise InputError(
                    name, "the results of Parquet rows are written to a file: add --out"
                )
            evaluations = [_evaluate(rules, trace) for trace in read_event_file(name, fresh=fresh)]
        except InputError as error:
            error.show()
            failed = True
            continue
        if as_json:
            document = {"event": name, "stacktraces": [each.as_json() for each in evaluations]}
            echo_json(document)
        else:
            _show(out_console, name, evaluations)
    if failed:
        sys.exit(InputError.exit_code)


@dataclass(frozen=True)
class Evaluation:
    """A stack trace and the results of the rules."""

    trace: EventStacktrace
    frames: list[tuple[str | None, bool | None]]
    components: list[Component]
    result: AssembleResult
    """Those of the app variant, as the components."""
    system: list[Component]
    system_result: AssembleResult

    @property
    def counts(self) -> bool:
        """Whether the app variant counts."""
        return self.result.contributes and any(each.contributes for each in self.components)

    @property
    def decides(self) -> str | None:
        """The variant that decides about grouping."""
        if self.counts:
            return "app"
        return "system" if self.system_result.contributes else None

    def rows(self) -> Iterator[Row]:
        """Yield each frame: source, in_app before, (category, in_app) after, both components."""
        before = (frame["in_app"] for frame in self.trace.frames)
        return zip(self.trace.sources, before, self.frames, self.components, self.system)

    def as_json(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        return {
            "place": self.trace.place,
            "exception": {key: decoded(value) for key, value in self.trace.exception.items()},
            "contributes": self.counts,
            "hint": self.result.hint,
            "system": self.system_result.contributes,
            "system_hint": self.system_result.hint,
            "decides": self.decides,
            "restored": self.trace.restored,
            "invert_stacktrace": self.result.invert_stacktrace,
            "frames": [
                {
                    "function": source.get("function"),
                    "location": location(source),
                    "in_app_before": before,
                    "in_app": in_app,
                    "category": category,
                    "contributes": component.contributes,
                    "hint": component.hint,
                    "system": system.contributes,
                    "system_hint": system.hint,
                }
                for source, before, (category, in_app), component, system in self.rows()
            ],
        }


def _evaluate(rules: Enhancements, trace: EventStacktrace) -> Evaluation:
    """Apply the rules, as Sentry does when it groups an event."""
    applied = rules.apply_modifications_to_frames(trace.frames, trace.exception)
    # The second pass uses the frames that the first pass changed, with the original `in_app`: 0 or
    # 1, and -1 for unset.
    changed = [
        {**frame, "category": None if category is None else category.encode(), "in_app": in_app}
        | {"orig_in_app": -1 if frame["in_app"] is None else int(frame["in_app"])}
        for frame, (category, in_app) in zip(trace.frames, applied)
    ]
    # Initially the in-app frames contribute to the app variant, and all frames to the system
    # variant. A frame that repeats the one before it does not.
    repeats = trace.repeats or [False] * len(applied)
    mine = [in_app is True for _, in_app in applied]
    components = [Component(contributes=each and not repeat) for each, repeat in zip(mine, repeats)]
    result = rules.assemble_stacktrace_component(changed, trace.exception, components)
    for index, in_app in enumerate(mine):
        if not in_app:  # it never counts here, whatever rules with `+group` say
            if (components[index].hint or "").startswith("marked"):
                components[index].contributes = False
            else:  # a hint about counting is wrong
                components[index] = Component(contributes=False)
    system = [Component(contributes=not repeat) for repeat in repeats]
    system_result = rules.assemble_stacktrace_component(changed, trace.exception, system)
    return Evaluation(trace, applied, components, result, system, system_result)


def _show(out: Console, name: str, evaluations: list[Evaluation]) -> None:
    """Print a table for each stack trace."""
    if not evaluations:
        out.print(text((f"{name}: no stack trace", "yellow")))
        return
    for each in evaluations:
        out.print(_title(name, each.trace), soft_wrap=True)
        rows = [_row(number, found) for number, found in enumerate(each.rows())]
        repeats = each.trace.repeats or [False] * len(rows)
        notes = [
            component.hint or ("repeats the frame before it (recursion)" if repeat else "")
            for component, repeat in zip(each.components, repeats)
        ]
        print_table(out, [*_COLUMNS, *_TEXTS], rows, notes)
        out.print(_summary(each), soft_wrap=True)
        if each.trace.restored:
            out.print(text(_restored(each.trace.restored)), soft_wrap=True)
        out.print()


# The texts come last: a long one moves no other cell.
_COLUMNS = (
    *(Column("#", is_number=True), Column("in-app"), Column("category")),
    # Whether the frame counts in these variants.
    *(Column("app"), Column("system")),
)
_TEXTS = (Column("function", is_long=True), Column("location", is_long=True))


def _row(number: int, found: Row) -> list[Text]:
    source, before, (category, in_app), component, system = found
    return [
        text((str(number), "dim")),
        _change(before, in_app),
        text(category or ""),
        _word(component.contributes),
        _word(system.contributes),
        text((str(source.get("function") or "?"), "bold" if in_app else "")),
        text((location(source), "dim")),
    ]


def _title(name: str, trace: EventStacktrace) -> Text:
    parts = [(name, "bold"), (f"  {trace.place}", "dim")]
    ty, value = (decoded(trace.exception[key]) for key in ("ty", "value"))
    if ty or value:
        first_line = (value or "").split("\n")[0]
        parts.append((f"  {ty or '?'}: {first_line}", "red"))
    return text(*parts)


def _summary(evaluation: Evaluation) -> Text:
    result = evaluation.result
    app, system = (
        sum(component.contributes is True for component in components)
        for components in (evaluation.components, evaluation.system)
    )
    counts = some_of(app, len(evaluation.components), "frame", "count")
    frames = f"{counts} in the app variant, {system:,} in the system variant"
    order = ", in reverse order" if result.invert_stacktrace else ""
    hint = f": {result.hint}" if result.hint else ""
    decides = {
        "app": "the app variant decides",
        "system": "the system variant decides",
        None: "the stack trace does not count for grouping",
    }
    return text(f"{frames}; {decides[evaluation.decides]}{order}{hint}")


def _restored(frames: list[int]) -> str:
    numbers = ", ".join(map(str, frames))
    which = f"{word_for(len(frames), 'frame')} {numbers}"
    return f"in-app of {which} was restored from data.orig_in_app, before the rules"


def _change(before: bool | None, after: bool | None) -> Text:
    if before is after:
        return _word(after)
    return text((word_of(before), "dim"), " → ", _word(after))


def _word(value: bool | None) -> Text:
    return text((word_of(value), {True: "green", False: "red", None: "dim"}[value]))
