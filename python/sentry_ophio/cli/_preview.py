"""`sentry-ophio preview`: compares the results of two rule sets."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import click

from sentry_ophio._event_files import STANDARD_INPUT, SUFFIXES, compare, stacktraces_in
from sentry_ophio._html import preview_page
from sentry_ophio._preview import Comparison
from sentry_ophio.cli._input import InputError, read_rules, replace_file, with_orig_in_app
from sentry_ophio.cli._options import base_option, fresh_option, rules_option, threads_option
from sentry_ophio.cli._output import echo, echo_json
from sentry_ophio.cli._rows import PARQUET, Input, parquet_module, progress_bar, sorted_inputs
from sentry_ophio.cli._words import DEFAULT_RULES, location
from sentry_ophio.exceptions import OphioError, ParquetError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sentry_ophio.enhancers import Report, RuleReport
    from sentry_ophio.events import EventStacktrace

# The maximum number of stack traces on the page of `preview`.
_SHOWN = 50


@click.command()
@click.argument("events", nargs=-1, required=True, metavar="EVENTS...")
@rules_option("--old", "old_files", "The present rules.")
@rules_option("--new", "new_files", "The new rules.", required=True)
@base_option
@fresh_option
@threads_option("The")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.option(
    "--html",
    "html_file",
    metavar="FILE",
    help="Also write a page with the first stack traces that change. The events are read twice, so "
    "they cannot come from standard input.",
)
def preview(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    events: tuple[str, ...],
    old_files: tuple[str, ...],
    new_files: tuple[str, ...],
    base_files: tuple[str, ...],
    fresh: bool,
    threads: int,
    as_json: bool,
    html_file: str | None,
) -> None:
    """Show what new rules would change.

    EVENTS are files with the JSON of an event, files with one event per line (.ndjson, .jsonl),
    both also with gzip (.gz), Parquet files with the columns frames and exception, folders of
    all these, or - for one event per line on standard input. Without --old, the rules of --base are
    the present rules, or without both the default rules of this package.

    \b
    Examples:
      sentry-ophio preview --old now.rules --new then.rules events/
      sentry-ophio preview --old now.rules --new then.rules month.parquet
      sentry-ophio preview --base default --new my.rules month.parquet
      zcat events.ndjson.gz | sentry-ophio preview --new then.rules -

    Events, rows and files that cannot be used are reported and skipped. Then the exit code is 2.
    If there is no event to compare, there is no report.
    """  # noqa: D301 (click wants the control character)
    if html_file is not None and STANDARD_INPUT in events:
        raise click.UsageError("--html reads the events twice, so it cannot read standard input")
    old, new = read_rules(old_files, base_files), read_rules(new_files, base_files)
    failed: list[InputError] = []

    def skip(error: OphioError | OSError) -> None:
        failed.append(InputError.of(error))
        failed[-1].show()

    inputs = sorted_inputs(events, skip, (*SUFFIXES, PARQUET))
    left_out: set[int] = set()
    with progress_bar(inputs) as progress, Comparison(old, new, fresh=fresh) as comparing:
        for done in _compared(comparing, inputs, threads, skip, left_out):
            progress(done)
        report = comparing.report()
    if not report.stacktraces:
        if failed:
            sys.exit(InputError.exit_code)
        if not comparing.was_fed:
            raise InputError("there is no event to compare")
    if as_json:
        echo_json(_report_json(report))
    else:
        _show(report, inputs)
    if html_file is not None:
        examples = []
        for place, trace in _examples(inputs, set(report.examples[:_SHOWN]), left_out, fresh):
            frames = with_orig_in_app(trace)
            before, after = (
                each.explain(frames, trace.exception, repeats=trace.repeats or None)
                for each in (old, new)
            )
            examples.append((place, trace, before, after))
        replace_file(
            Path(html_file), preview_page(report, examples, location).encode("utf-8", "replace")
        )
        echo(f"{html_file}: written", err=True)
    if failed:
        sys.exit(InputError.exit_code)


def _show(report: Report, inputs: list[Input]) -> None:
    for line in str(_with_sources(report)).split("\n"):
        echo(line)
    for each in inputs:
        if not isinstance(each, list) and not each.has_repeats:
            echo(f"{each.name} has no column frames.repeats: recursion is not simulated")


def _with_sources(report: Report) -> Report:
    """Name the default rules, which have no file, as `explain` does."""

    def named(rules: tuple[RuleReport, ...]) -> tuple[RuleReport, ...]:
        return tuple(
            each._replace(rule=each.rule._replace(source=each.rule.source or DEFAULT_RULES))
            for each in rules
        )

    return report._replace(old_rules=named(report.old_rules), new_rules=named(report.new_rules))


def _compared(
    comparing: Comparison,
    inputs: list[Input],
    threads: int,
    skip: Callable[[OphioError | OSError], object],
    left_out: set[int],
) -> Iterator[int]:
    """Compare all stack traces, and yield the number read so far after each step.

    `left_out` receives the numbers of rows that cannot be used. The report does not count them.
    """
    done = 0
    for each in inputs:
        if isinstance(each, list):
            for count in compare(comparing, each, threads, skip, stdin=sys.stdin.buffer):
                done += count
                yield done
            continue
        comparing.was_fed |= each.rows > 0
        start = done
        dropped = 0

        def skip_row(row: int, error: OphioError, start: int = start) -> None:
            nonlocal dropped
            dropped += 1
            left_out.add(start + row)
            skip(error)

        try:
            for count in parquet_module().compared(comparing, each, threads, skip_row):
                done += count
                yield done + dropped
        except ParquetError as error:
            skip(error)
        done += dropped


def _examples(
    inputs: list[Input], wanted: set[int], left_out: set[int], fresh: bool
) -> Iterator[tuple[str, EventStacktrace]]:
    """Read the inputs again, and yield the stack traces with these numbers in the report."""
    number = 0
    for place, (name, made) in enumerate(_each_stacktrace(inputs, fresh)):
        if made is None or place in left_out:
            continue
        if number in wanted:
            yield name, made()
        number += 1


def _each_stacktrace(
    inputs: list[Input], fresh: bool
) -> Iterator[tuple[str, Callable[[], EventStacktrace] | None]]:
    for each in inputs:
        if isinstance(each, list):
            for found in stacktraces_in(each, lambda _: None, fresh=fresh):
                yield found.name, partial(_same, found.trace)
            continue
        # The comparison has already reported the error of the file.
        with suppress(ParquetError):
            rows = parquet_module().rows_of(each, fresh=fresh)
            yield from ((each.name, made) for made in rows)


def _same(trace: EventStacktrace) -> EventStacktrace:
    return trace


def _report_json(report: Report) -> dict[str, Any]:
    def rules(each: tuple[RuleReport, ...]) -> list[dict[str, Any]]:
        return [
            {
                "rule": one.rule.text,
                "source": one.rule.source,
                "line": one.rule.line,
                "matched": one.matched,
                "responsible": one.responsible,
            }
            for one in each
        ]

    return report._asdict() | {
        "old_rules": rules(report.old_rules),
        "new_rules": rules(report.new_rules),
    }
