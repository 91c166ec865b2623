"""The command line: rules, and what they make of the stack traces of Sentry events.

    sentry-ophio apply EVENT.json ...      what becomes of each frame
    sentry-ophio explain EVENT.json        and why, step by step
    sentry-ophio preview --old A --new B   what other rules would change
    sentry-ophio events EVENT.json ...     events into a Parquet file
    sentry-ophio check my.rules ...        what is wrong with rules
    sentry-ophio fmt my.rules ...          rules in columns
    sentry-ophio encode, decode            rules in the binary form, and back

A file that cannot be used is told on standard error, in one line; the others are still
done, and the exit code is 2. 1 means that something was found: problems, or files that
`fmt` would change.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Union

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from sentry_ophio import __version__
from sentry_ophio._atomic import replaced, resolved
from sentry_ophio._event_files import (
    STANDARD_INPUT,
    SUFFIXES,
    files_in,
    read_event,
    stacktraces_in,
)
from sentry_ophio._html import explain_page, preview_page
from sentry_ophio._preview import BATCH, Comparison
from sentry_ophio.enhancers import (
    AssembleResult,
    Cache,
    Component,
    Diagnostic,
    Enhancements,
    Explanation,
    Report,
    Rule,
    RuleReport,
    Step,
    format_rules,
)
from sentry_ophio.enhancers import Stacktrace as Prepared
from sentry_ophio.events import EventError, Stacktrace
from sentry_ophio.exceptions import EnhancementsError, OphioError, OphioOverflowError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import ModuleType

    from sentry_ophio._event_files import Skip
    from sentry_ophio._parquet import ParquetFile

__all__ = ["cli"]

# So many stack traces that change are on the page of `preview`.
_SHOWN = 50


class InputError(click.ClickException):
    """A file that cannot be used: one line on standard error, exit code 2."""

    exit_code = 2

    def __init__(self, *parts: str) -> None:
        """Make one of a file's name and a reason, or of a message that has both."""
        super().__init__(": ".join(parts))

    @classmethod
    def of(cls, error: OphioError | OSError) -> InputError:
        """Make one of an error that names the file itself."""
        if isinstance(error, OSError) and error.filename is not None:
            return cls(str(error.filename), error.strerror or str(error))
        return cls(str(error))


_skip_bad = click.option(
    "--skip-bad",
    is_flag=True,
    help="With --out: leave out events and rows that cannot be used, and tell them. The exit "
    "code is 2 then, too.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sentry-ophio")
def cli() -> None:
    """Stack trace rules: which frames are in-app, and which count for grouping."""


@cli.command()
@click.argument("events", nargs=-1, required=True, metavar="EVENT...")
@click.option(
    "--rules",
    "rule_files",
    multiple=True,
    metavar="FILE",
    help="Rules in the text form, instead of those that come with this package. "
    "Can be given several times: the files are taken as one, in that order.",
)
@click.option(
    "--out",
    metavar="FILE.parquet",
    help="Write a Parquet file, with a row for each stack trace, instead of tables.",
)
@_skip_bad
@click.option(
    "--threads",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    metavar="N",
    help="With --out: how many threads do the work; by default as many as there are processors.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON document a line and event, or, with --out, one with what was written.",
)
def apply(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    events: tuple[str, ...],
    rule_files: tuple[str, ...],
    out: str | None,
    skip_bad: bool,
    threads: int,
    as_json: bool,
) -> None:
    """Show what rules make of each frame of Sentry events, or write it into a file.

    EVENT is a file with the JSON of an event, or - for standard input. There is a table
    for every stack trace in it, and a row for every frame: whether it is in-app before and
    after, its category, whether it contributes to grouping, and which rule says so.

    With --out, EVENT may also be a Parquet file with the columns frames and exception, a file
    with one event a line (.ndjson, .jsonl), one of these with gzip (.gz), or a folder; - is one
    event a line. All columns of the input are written, and two more: category and in_app, lists
    as long as frames. The file is written as a whole, or stays as it was: after an error, or a
    kill, run the same command again.

    \b
    Examples:
      sentry-ophio apply event.json
      sentry-ophio apply --rules my.rules event.json other.json
      curl https://example.com/event.json | sentry-ophio apply --json -
      sentry-ophio apply --rules my.rules --out answers.parquet month/

    The exit code is 2 if an event or a file of rules cannot be used. The other events are
    still shown; with --out, nothing is written then, but with --skip-bad the others are.
    """  # noqa: D301 (click wants the control character)
    rules = _read_rules(rule_files)
    if out is not None:
        _show_written(out, *_write_parquet(events, out, rules, threads, skip_bad), as_json=as_json)
        return
    if skip_bad:
        raise click.UsageError("--skip-bad is for --out: without it, bad events are left out")
    console = Console(highlight=False)
    failed = False
    for name in events:
        try:
            if name.endswith(_PARQUET):
                raise InputError(name, "what becomes of its rows is written to a file: add --out")
            judged = [_judge(rules, trace) for trace in _read_event(name)]
        except InputError as error:
            error.show()
            failed = True
            continue
        if as_json:
            document = {"event": name, "stacktraces": [each.as_json() for each in judged]}
            click.echo(json.dumps(document))
        else:
            _show(console, name, judged)
    if failed:
        sys.exit(InputError.exit_code)


def _show_written(out: str, written: dict[str, int], left_out: int, *, as_json: bool) -> None:
    if as_json:
        document = {"out": out, **written, "left_out": left_out}
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        facts = [f"{count:,} {_COUNTED[name]}" for name, count in written.items()]
        click.echo(f"{out}: {', '.join(facts)}")
    if left_out:
        sys.exit(InputError.exit_code)


_COUNTED = {
    "stacktraces": "stack traces",
    "frames": "frames",
    "in_app": "in-app",
    "category": "with a category",
}


@cli.command()
@click.argument("events", nargs=-1, required=True, metavar="EVENTS...")
@click.option("--out", required=True, metavar="FILE.parquet", help="Where to write.")
@_skip_bad
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def events(events: tuple[str, ...], out: str, skip_bad: bool, as_json: bool) -> None:
    """Write the stack traces of Sentry events into a Parquet file, a row each.

    EVENTS are files with the JSON of an event, files with one event a line (.ndjson, .jsonl),
    both also with gzip (.gz), folders of such files, or - for one event a line on standard
    input. The columns are event_id, place (where the stack trace was in the event), and frames
    and exception, which apply and preview read many times as fast as events.

    \b
    Examples:
      sentry-ophio events month/ --out month.parquet
      zcat events.ndjson.gz | sentry-ophio events - --out month.parquet

    The file is written as a whole, or stays as it was. The exit code is 2 if an event cannot
    be used; with --skip-bad, the others are written then.
    """  # noqa: D301 (click wants the control character)
    for name in events:
        if name.endswith(_PARQUET):
            raise InputError(name, "it is no file of events, but has rows already")
    _show_written(out, *_write_parquet(events, out, None, 1, skip_bad), as_json=as_json)


@cli.command()
@click.argument("event", metavar="EVENT")
@click.option(
    "--rules",
    "rule_files",
    multiple=True,
    metavar="FILE",
    help="Rules in the text form, instead of those that come with this package.",
)
@click.option("--frame", type=int, metavar="N", help="Only this frame, counted from 0.")
@click.option(
    "--why-not",
    metavar="RULE:FRAME",
    help="Tell for each matcher of a rule whether it holds for a frame. RULE is the index that "
    "is printed, counted from 0, or FILE:LINE.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document a stack trace.")
@click.option("--html", "html_file", metavar="FILE", help="Write a page to look at, instead.")
def explain(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    event: str,
    rule_files: tuple[str, ...],
    frame: int | None,
    why_not: str | None,
    as_json: bool,
    html_file: str | None,
) -> None:
    """Tell step by step why rules make of each frame what they do.

    EVENT is a file with the JSON of an event, or - for standard input. Below each frame are
    the rules that changed it, in their order, with file and line.

    \b
    Examples:
      sentry-ophio explain event.json
      sentry-ophio explain --rules my.rules --frame 3 event.json
      sentry-ophio explain --rules my.rules --why-not my.rules:12:3 event.json
      sentry-ophio explain --html report.html event.json

    The exit code is 2 if the event or the rules cannot be used, or if there is no such rule
    or frame.
    """  # noqa: D301 (click wants the control character)
    rules = _read_rules(rule_files)
    asked = None if why_not is None else _asked(rules, why_not)
    traces = _read_event(event)
    if not traces:
        click.echo(f"{event}: no stack trace", err=True)
    explained = []
    for trace in traces:
        frames = _with_original(trace)
        if frame is not None and not 0 <= frame < len(frames):
            raise InputError(event, f"there is no frame {frame}: there are {len(frames)}")
        try:
            found = rules.explain(frames, trace.exception, why_not=asked)
        except OphioOverflowError as error:
            raise InputError(event, str(error)) from None
        if html_file is not None:
            explained.append((trace, found))
        elif as_json:
            click.echo(json.dumps(_explanation_json(trace, found), ensure_ascii=False))
        else:
            _show_explanation(event, trace, found, frame)
    if html_file is not None:
        _replace(Path(html_file), explain_page(event, explained, _location).encode())
        click.echo(f"{html_file}: written", err=True)


def _with_original(trace: Stacktrace) -> list[dict[str, Any]]:
    """Say of each frame what its `in_app` is before any rule."""
    return [
        {**each, "orig_in_app": -1 if each["in_app"] is None else int(each["in_app"])}
        for each in trace.frames
    ]


def _asked(rules: Enhancements, why_not: str) -> tuple[int, int]:
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


@cli.command()
@click.argument("events", nargs=-1, required=True, metavar="EVENTS...")
@click.option("--old", "old_files", multiple=True, metavar="FILE", help="The rules as they are.")
@click.option(
    "--new",
    "new_files",
    multiple=True,
    required=True,
    metavar="FILE",
    help="The rules as they would be.",
)
@click.option("--threads", type=click.IntRange(1), default=os.cpu_count() or 1, metavar="N")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.option(
    "--html",
    "html_file",
    metavar="FILE",
    help="Also write a page with the first stack traces that change. Reads the events twice, so "
    "not from standard input.",
)
def preview(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    events: tuple[str, ...],
    old_files: tuple[str, ...],
    new_files: tuple[str, ...],
    threads: int,
    as_json: bool,
    html_file: str | None,
) -> None:
    """Tell what would change if other rules took the place of the present ones.

    EVENTS are files with the JSON of an event, files with one event a line (.ndjson, .jsonl),
    both also with gzip (.gz), Parquet files with the columns frames and exception, folders of
    all these, or - for one event a line on standard input. Without --old the rules that come
    with this package are the present ones.

    \b
    Examples:
      sentry-ophio preview --old now.rules --new then.rules events/
      sentry-ophio preview --old now.rules --new then.rules month.parquet
      zcat events.ndjson.gz | sentry-ophio preview --new then.rules -

    Events, rows and files that cannot be used are told and left out; then the exit code is 2.
    """  # noqa: D301 (click wants the control character)
    if html_file is not None and STANDARD_INPUT in events:
        raise click.UsageError("--html reads the events twice, so not from standard input")
    old, new = _read_rules(old_files), _read_rules(new_files)
    failed: list[InputError] = []

    def skip(error: OphioError | OSError) -> None:
        failed.append(InputError.of(error))
        failed[-1].show()

    inputs = _inputs(events, skip, (*SUFFIXES, _PARQUET))
    left_out: set[int] = set()
    with _progress(inputs) as progress, Comparison(old, new) as comparing:
        for done in _compared(comparing, inputs, threads, skip, left_out):
            progress(done)
        report = comparing.report()
    if as_json:
        click.echo(json.dumps(_report_json(report), ensure_ascii=False))
    else:
        click.echo(str(report))
    if html_file is not None:
        examples = []
        for place, trace in _examples(inputs, set(report.examples[:_SHOWN]), left_out):
            frames = _with_original(trace)
            before, after = (each.explain(frames, trace.exception) for each in (old, new))
            examples.append((place, trace, before, after))
        _replace(Path(html_file), preview_page(report, examples, _location).encode())
        click.echo(f"{html_file}: written", err=True)
    if failed:
        sys.exit(InputError.exit_code)


def _compared(
    comparing: Comparison,
    inputs: list[Input],
    threads: int,
    skip: Callable[[OphioError | OSError], object],
    left_out: set[int],
) -> Iterator[int]:
    """Compare all stack traces, and yield after each step how many were read so far.

    `left_out` gets the numbers of rows that cannot be used: a report does not count them.
    """
    done = 0
    for each in inputs:
        if isinstance(each, list):
            found = stacktraces_in(each, skip, stdin=sys.stdin.buffer)
            prepared = (Prepared(one.trace.frames, one.trace.exception) for one in found)
            while batch := list(islice(prepared, BATCH)):
                comparing.add(batch, threads)
                done += len(batch)
                yield done
            continue
        start = done
        dropped = 0

        def skip_row(row: int, error: OphioError, start: int = start) -> None:
            nonlocal dropped
            dropped += 1
            left_out.add(start + row)
            skip(error)

        try:
            for count in _parquet().compared(comparing, each, threads, skip_row):
                done += count
                yield done + dropped
        except _parquet().ParquetError as error:
            skip(error)
        done += dropped


def _examples(
    inputs: list[Input], wanted: set[int], left_out: set[int]
) -> Iterator[tuple[str, Stacktrace]]:
    """Read once more, and yield the stack traces that have these numbers in a report."""
    number = 0
    for place, (name, made) in enumerate(_each_stacktrace(inputs)):
        if made is None or place in left_out:
            continue
        if number in wanted:
            yield name, made()
        number += 1


def _each_stacktrace(
    inputs: list[Input],
) -> Iterator[tuple[str, Callable[[], Stacktrace] | None]]:
    for each in inputs:
        if isinstance(each, list):
            for found in stacktraces_in(each, lambda _: None):
                yield found.name, partial(_same, found.trace)
            continue
        try:
            yield from ((each.name, made) for made in _parquet().rows_of(each))
        except _parquet().ParquetError:
            pass  # told when it was compared


def _same(trace: Stacktrace) -> Stacktrace:
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


@cli.command()
@click.argument("rules", metavar="RULES")
@click.option("--output", "-o", default=STANDARD_INPUT, metavar="FILE", help="Where to write.")
@click.option("--format-version", type=click.Choice(["2", "3"]), default="3", help="Which form.")
def encode(rules: str, output: str, format_version: str) -> None:
    """Write rules in the binary form.

    RULES is a file with rules, or - for standard input.

    \b
    Examples:
      sentry-ophio encode my.rules -o my.bin

    The exit code is 2 if the rules cannot be read.
    """  # noqa: D301 (click wants the control character)
    data = _read_rules((rules,)).to_config_structure(int(format_version))
    if output == STANDARD_INPUT:
        sys.stdout.buffer.write(data)
    else:
        _replace(Path(output), data)


@cli.command()
@click.argument("data", metavar="FILE")
@click.option("--json", "as_json", is_flag=True, help="Print what each rule asks and does.")
def decode(data: str, as_json: bool) -> None:
    """Write rules of the binary form as text.

    FILE is a file in the binary form, or - for standard input.

    \b
    Examples:
      sentry-ophio decode my.bin > my.rules

    The exit code is 2 if it is no such file.
    """  # noqa: D301 (click wants the control character)
    try:
        rules = Enhancements.from_config_structure(_read_bytes(data), Cache(0))
        if as_json:
            click.echo(json.dumps([_rule_json(each) for each in rules.rules], ensure_ascii=False))
        else:
            click.echo(rules.to_text(), nl=False)
    except EnhancementsError as error:
        raise InputError(data, " ".join(str(error).split("\n"))) from None


def _rule_json(rule: Rule) -> dict[str, Any]:
    return {
        "rule": rule.canonical,
        "matchers": [each._asdict() for each in rule.matchers],
        "actions": [each._asdict() for each in rule.actions],
    }


@cli.command()
@click.argument("rules", nargs=-1, required=True, metavar="RULES...")
@click.option("--strict", is_flag=True, help="Fail on warnings, too.")
@click.option(
    "--lenient",
    is_flag=True,
    help="Take actions that were retired (+sentinel, -prefix ...) for warnings.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["human", "github", "json"]),
    default="human",
    help="How to print problems: for people, as annotations of a GitHub workflow, or as one "
    "JSON document for all files.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format=json.")
def check(rules: tuple[str, ...], strict: bool, lenient: bool, form: str, as_json: bool) -> None:
    """Find all problems of rules in the text form.

    RULES is a file with rules, or - for standard input. Errors are lines that are no rule;
    warnings are rules that hardly do what is meant. Each has a code, which
    docs/diagnostics.md explains.

    \b
    Examples:
      sentry-ophio check my.rules
      sentry-ophio check --strict --format=github rules/*.txt
      git show HEAD:my.rules | sentry-ophio check --json -

    The exit code is 0 without problems (warnings alone are none, but with --strict), 1 with
    problems, and 2 if a file cannot be read.
    """  # noqa: D301 (click wants the control character)
    form = "json" if as_json else form
    unreadable = False
    documents = []
    errors = warnings = 0
    for name in rules:
        try:
            found = Enhancements.check(_read(name), lenient=lenient)
        except InputError as error:
            error.show()
            unreadable = True
            continue
        errors += sum(each.severity == "error" for each in found)
        warnings += sum(each.severity == "warning" for each in found)
        documents.append({"file": name, "diagnostics": [_diagnostic_json(each) for each in found]})
        for each in found:
            if form == "github":
                click.echo(_annotation(name, each))
            elif form == "human":
                click.echo(_colored(each, name))
                click.echo()
    if form == "json":
        click.echo(json.dumps(documents, indent=2, ensure_ascii=False))
    elif form == "human":
        click.echo(_count(errors, warnings, len(documents)))
    if unreadable:
        sys.exit(InputError.exit_code)
    if errors or (strict and warnings):
        sys.exit(1)


@cli.command()
@click.argument("rules", nargs=-1, required=True, metavar="RULES...")
@click.option("--check", "only_check", is_flag=True, help="Change nothing, tell what would be.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a JSON document: for each file whether it changes.",
)
def fmt(rules: tuple[str, ...], only_check: bool, as_json: bool) -> None:
    """Write rules anew: in columns, with the usual names, and the same meaning.

    RULES is a file, which is changed in place and as a whole or not at all, or - for
    standard input, which is written to standard output. Comments and empty lines stay.

    \b
    Examples:
      sentry-ophio fmt my.rules
      sentry-ophio fmt --check rules/*.txt
      sentry-ophio fmt - < old.rules > new.rules

    The exit code is 1 if --check finds a file that would change, and 2 if a file cannot be
    read or written, or is no rules: sentry-ophio check tells why.
    """  # noqa: D301 (click wants the control character)
    if as_json and STANDARD_INPUT in rules and not only_check:
        raise click.UsageError("standard output cannot have both the rules and --json")
    failed = False
    files: dict[str, bool] = {}
    for name in rules:
        try:
            text = _read(name)
            formatted = _formatted(name, text)
            files[name] = formatted != text
            if not only_check and name == STANDARD_INPUT:
                click.echo(formatted, nl=False)
            elif files[name]:
                if not only_check:
                    _replace(Path(name), formatted.encode())
                click.echo(f"{name}: {'would change' if only_check else 'written'}", err=True)
        except InputError as error:
            error.show()
            failed = True
    if as_json:
        document = [{"file": name, "changed": changed} for name, changed in files.items()]
        click.echo(json.dumps(document, ensure_ascii=False))
    if failed:
        sys.exit(InputError.exit_code)
    if only_check and any(files.values()):
        sys.exit(1)


@dataclass(frozen=True)
class Judged:
    """A stack trace, and what the rules made of it."""

    trace: Stacktrace
    frames: list[tuple[str | None, bool | None]]
    components: list[Component]
    result: AssembleResult

    def rows(self) -> Iterator[tuple[Mapping[str, Any], bool | None, Any, Component]]:
        """Yield each frame: source, in_app before, (category, in_app) after, component."""
        before = (frame["in_app"] for frame in self.trace.frames)
        return zip(self.trace.sources, before, self.frames, self.components)

    def as_json(self) -> dict[str, Any]:
        """Return it as what `--json` prints."""
        return {
            "place": self.trace.place,
            "exception": {key: _decoded(value) for key, value in self.trace.exception.items()},
            "contributes": self.result.contributes,
            "hint": self.result.hint,
            "invert_stacktrace": self.result.invert_stacktrace,
            "frames": [
                {
                    "function": source.get("function"),
                    "location": _location(source),
                    "in_app_before": before,
                    "in_app": in_app,
                    "category": category,
                    "contributes": component.contributes,
                    "hint": component.hint,
                }
                for source, before, (category, in_app), component in self.rows()
            ],
        }


def _judge(rules: Enhancements, trace: Stacktrace) -> Judged:
    """Ask the rules, the way that Sentry does when it groups an event."""
    applied = rules.apply_modifications_to_frames(trace.frames, trace.exception)
    # The second question is about the frames as the first one left them, and each knows
    # whether it was changed: 0 and 1 are what it was, -1 that nobody had said.
    changed = [
        {**frame, "category": category and category.encode(), "in_app": in_app}
        | {"orig_in_app": -1 if frame["in_app"] is None else int(frame["in_app"])}
        for frame, (category, in_app) in zip(trace.frames, applied)
    ]
    # A frame contributes to begin with if it is in-app.
    components = [Component(contributes=in_app is True) for _, in_app in applied]
    result = rules.assemble_stacktrace_component(changed, trace.exception, components)
    return Judged(trace, applied, components, result)


# --- Parquet ------------------------------------------------------------------------

Input = Union["list[str]", "ParquetFile"]
"""Files with events that are read one after the other, or a file with rows."""

_PARQUET = ".parquet"


def _parquet() -> ModuleType:
    """Import what reads and writes Parquet files: only who has such files needs it."""
    try:
        from sentry_ophio import _parquet as module  # noqa: PLC0415
    except ImportError as error:
        if (error.name or "pyarrow").partition(".")[0] != "pyarrow":
            raise
        raise InputError(
            "Parquet files need pyarrow", "pip install 'sentry-ophio[arrow,cli]'"
        ) from None
    return module


def _inputs(names: tuple[str, ...], skip: Skip, suffixes: tuple[str, ...]) -> list[Input]:
    """Sort out what files are, and look at those with rows."""
    found: list[Input] = []
    for name in _files(names, suffixes):
        if name.endswith(_PARQUET):
            module = _parquet()
            try:
                found.append(module.ParquetFile(name))
            except module.ParquetError as error:
                if skip is None:
                    raise InputError.of(error) from None
                skip(error)
        elif found and isinstance(found[-1], list):
            found[-1].append(name)
        else:
            found.append([name])
    return found


def _files(names: tuple[str, ...], suffixes: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        path = Path(name)
        if name == STANDARD_INPUT or not path.is_dir():
            yield name
            continue
        for each in files_in(path, suffixes):
            # What engines are just writing, they write into folders such as `_temporary`.
            hidden = any(part[0] in "._" for part in each.relative_to(path).parts)
            if not (hidden and each.suffix == _PARQUET):
                yield str(each)


@contextmanager
def _progress(inputs: list[Input]) -> Iterator[Callable[[int], None]]:
    """Show how far a command is, with a bar where the files say how many rows there are."""
    total = 0
    known = True
    for each in inputs:
        if isinstance(each, list):
            known = False
        else:
            total += each.rows
    columns = (
        (
            BarColumn(),
            TextColumn("{task.completed:,} of {task.total:,} stack traces"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        if known and total
        else (TextColumn("{task.completed:,} stack traces"), TimeElapsedColumn())
    )
    bar = Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("", total=total if known and total else None)
        yield lambda done: bar.update(task, completed=done)


def _write_parquet(
    names: tuple[str, ...],
    out: str,
    rules: Enhancements | None,
    threads: int,
    skip_bad: bool,
) -> tuple[dict[str, int], int]:
    """Write events, or rows with the answers of rules, as a whole or not at all.

    Returns:
        What was written, and how many events and rows were left out.
    """
    parquet = _parquet()
    left_out = 0

    def told(error: OphioError | OSError) -> None:
        nonlocal left_out
        left_out += 1
        InputError.of(error).show()

    skip = told if skip_bad else None
    suffixes = SUFFIXES if rules is None else (*SUFFIXES, _PARQUET)
    _refuse_to_read_output(names, out, suffixes)
    inputs = _inputs(names, None, suffixes)
    if not inputs:
        raise InputError(names[0], "there is no file in it to read")

    def batches() -> Iterator[Any]:
        for each in inputs:
            if isinstance(each, list):
                name = each[0]
                found = parquet.event_batches(stacktraces_in(each, skip, stdin=sys.stdin.buffer))
            else:
                name, found = each.name, each.batches()
            yield from (
                found if rules is None else parquet.with_answers(name, found, rules, threads, skip)
            )

    try:
        schema = parquet.common_schema(inputs, answers=rules is not None)
        with _progress(inputs) as progress:
            written = parquet.write(out, schema, batches(), progress)
    except (EventError, parquet.ParquetError, OSError) as error:
        raise InputError.of(error) from None
    found = asdict(written)
    if rules is None:
        found = {name: found[name] for name in ("stacktraces", "frames")}
    return found, left_out


def _refuse_to_read_output(names: tuple[str, ...], out: str, suffixes: tuple[str, ...]) -> None:
    """Refuse an output that this run reads, or the next one would."""
    try:
        target = resolved(Path(out))
    except OSError as error:
        raise InputError(out, error.strerror or str(error)) from None
    for name in names:
        path = Path(name)
        if name != STANDARD_INPUT and path.is_dir():
            inside = path.resolve() in target.parents and target.name.endswith(suffixes)
            if inside:
                raise InputError(out, f"--out lies in {name}, which is read")
    for name in _files(names, suffixes):
        path = Path(name)
        with suppress(OSError):
            if name != STANDARD_INPUT and path.samefile(target):
                raise InputError(out, f"--out is {name}, which is read")


# --- reading ------------------------------------------------------------------------


def _read_bytes(name: str) -> bytes:
    """Read a file, or standard input."""
    try:
        return sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except OSError as error:
        raise InputError(name, error.strerror or str(error)) from None


def _read(name: str) -> str:
    """Read a file of text, or standard input."""
    try:
        return _read_bytes(name).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(name, f"not UTF-8 (at byte {error.start})") from None


def _read_event(name: str) -> list[Stacktrace]:
    try:
        return read_event(name, _read_bytes(name))[1]
    except EventError as error:
        raise InputError.of(error) from None


def _read_rules(names: tuple[str, ...]) -> Enhancements:
    if not names:
        return Enhancements.default()
    rules = Enhancements.empty()
    for name in names:
        try:
            rules.extend_from(Enhancements.parse(_read(name), Cache(0), source=name))
        except EnhancementsError as error:
            raise InputError(name, " ".join(str(error).split("\n"))) from None
    return rules


def _formatted(name: str, text: str) -> str:
    try:
        return format_rules(text)
    except EnhancementsError as error:
        raise InputError(name, " ".join(str(error).split("\n"))) from None


def _replace(path: Path, data: bytes) -> None:
    """Write a file as a whole, or leave it as it is. Through a link, to what it leads to."""
    try:
        with replaced(path) as file:
            file.write(data)
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from None


# --- showing ------------------------------------------------------------------------


def _show_explanation(name: str, trace: Stacktrace, found: Explanation, only: int | None) -> None:
    """Print each frame with its steps below it."""
    click.echo(click.style(f"{name}  {trace.place}", bold=True))
    for number, (source, frame) in enumerate(zip(trace.sources, found.frames)):
        if only is not None and number != only:
            continue
        function = click.style(str(source.get("function") or "?"), bold=bool(frame.in_app))
        facts = [
            click.style("in-app", fg="green") if frame.in_app else "not in-app",
            click.style("counts", fg="green") if frame.contributes else "does not count",
        ]
        if frame.category:
            facts.append(f"category {frame.category}")
        click.echo(f"{number:3} {function}  {_location(source)}")
        click.echo(f"      {', '.join(facts)}")
        _show_steps(frame.steps)
    if only is None:
        counts = "counts for grouping" if found.contributes else "does not count for grouping"
        order = ", in reverse order" if found.invert_stacktrace else ""
        click.echo(f"the stack trace {counts}{order}")
        _show_steps(found.steps)
    if found.why_not is not None:
        click.echo("matchers of that rule, on that frame:")
        for test in found.why_not:
            word = (
                click.style("holds", fg="green") if test.holds else click.style("fails", fg="red")
            )
            click.echo(f"      {word}  {test.matcher}  ({test.reason})")
    click.echo()


def _show_steps(steps: tuple[Step, ...]) -> None:
    for step in steps:
        place = f"rule {step.rule}"
        if step.line is not None:
            place = f"{step.source or 'default rules'}:{step.line}"
        change = f"{_value(step.before)} -> {_value(step.after)}"
        if not step.changed:
            change = click.style(f"{_value(step.after)} as before", dim=True)
        field = step.field.replace("_", "-")
        click.echo(f"      {field} {change}  {click.style(place, fg='cyan')}  {step.text}")


def _value(value: object) -> str:
    if value is None or isinstance(value, bool):
        return _plain(value)
    return str(value)


def _explanation_json(trace: Stacktrace, found: Explanation) -> dict[str, Any]:
    def steps(each: tuple[Step, ...]) -> list[dict[str, Any]]:
        return [step._asdict() for step in each]

    return {
        "place": trace.place,
        "frames": [
            {"function": source.get("function"), "location": _location(source)}
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


_COLORS = {"error": "red", "warning": "yellow"}


def _colored(found: Diagnostic, name: str) -> str:
    """Draw a problem; click takes the colours away where there is no terminal."""
    drawn = found.drawn("standard input" if name == STANDARD_INPUT else name)
    head, *above, caret = drawn.split("\n")
    kind, colon, message = head.partition(":")
    gutter, bar, rest = caret.partition("|")
    color = _COLORS[found.severity]
    lines = [
        click.style(kind, fg=color, bold=True) + click.style(colon + message, bold=True),
        *above,
        gutter + bar + click.style(rest, fg=color),
    ]
    return "\n".join(lines)


def _annotation(name: str, found: Diagnostic) -> str:
    """Write a problem as a command of GitHub's workflows, which shows it beside the line."""

    def escaped(text: str, special: str = "") -> str:
        for each in "%\r\n" + special:
            text = text.replace(each, f"%{ord(each):02X}")
        return text

    message = found.message
    if found.suggestion is not None:
        message += f"; did you mean `{found.suggestion}`?"
    place = f"line={found.line},col={found.column},endColumn={found.end_column}"
    file = escaped(name, ":,")
    return f"::{found.severity} file={file},{place},title={found.code}::{escaped(message)}"


def _diagnostic_json(found: Diagnostic) -> dict[str, Any]:
    return {
        "severity": found.severity,
        "code": found.code,
        "line": found.line,
        "column": found.column,
        "end_column": found.end_column,
        "message": found.message,
        "suggestion": found.suggestion,
    }


def _count(errors: int, warnings: int, files: int) -> str:
    """Say how many problems there are."""

    def some(count: int, word: str) -> str:
        return f"{count} {word}{'' if count == 1 else 's'}"

    text = f"{some(errors, 'error')} and {some(warnings, 'warning')} in {some(files, 'file')}"
    return click.style(text, fg="red" if errors else "yellow" if warnings else "green")


def _show(console: Console, name: str, judged: list[Judged]) -> None:
    """Print a table a stack trace."""
    if not judged:
        console.print(Text(f"{name}: no stack trace", style="yellow"))
        return
    for each in judged:
        console.print(_title(name, each.trace), soft_wrap=True)
        table = Table(header_style="bold", pad_edge=False, expand=console.is_terminal)
        table.add_column("#", justify="right", style="dim")
        table.add_column("function", overflow="fold", ratio=3, min_width=12)
        table.add_column("location", overflow="fold", ratio=3, min_width=10, style="dim")
        table.add_column("in-app", no_wrap=True)
        table.add_column("category", overflow="fold", min_width=8)
        table.add_column("counts", no_wrap=True)
        table.add_column("why", overflow="fold", ratio=4, min_width=16)
        for number, (source, before, after, component) in enumerate(each.rows()):
            category, in_app = after
            table.add_row(
                str(number),
                Text(str(source.get("function") or "?"), style="bold" if in_app else ""),
                _location(source),
                _change(before, in_app),
                category or "",
                _word(component.contributes),
                _reason(component),
            )
        console.print(table)
        console.print(_summary(each), soft_wrap=True)
        console.print()


def _title(name: str, trace: Stacktrace) -> Text:
    title = Text(name, style="bold")
    title.append(f"  {trace.place}", style="dim")
    ty, value = (_decoded(trace.exception[key]) for key in ("ty", "value"))
    if ty or value:
        first_line = (value or "").split("\n")[0]
        title.append(f"  {ty or '?'}: {first_line}", style="red")
    return title


def _summary(judged: Judged) -> Text:
    result = judged.result
    counting = sum(component.contributes is True for component in judged.components)
    text = Text(f"{counting} of {len(judged.components)} frames count for grouping")
    text.append("; the stack trace " + ("counts" if result.contributes else "does not"))
    if result.invert_stacktrace:
        text.append(", in reverse order")
    if result.hint:
        text.append(f": {result.hint}")
    return text


def _reason(component: Component) -> Text:
    """Say why a frame counts or not; if no rule has said so, what was assumed to begin with."""
    if component.hint is not None:
        return Text(component.hint)
    return Text("in-app" if component.contributes else "not in-app", style="dim")


def _change(before: bool | None, after: bool | None) -> Text:
    if before is after:
        return _word(after)
    return Text.assemble((_plain(before), "dim"), " → ", _word(after))


def _word(value: bool | None) -> Text:
    return Text(_plain(value), style={True: "green", False: "red", None: "dim"}[value])


def _plain(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "-"}[value]


def _location(source: Mapping[str, Any]) -> str:
    """Say where a frame is, in the words that tell most to a person."""
    place = source.get("filename") or source.get("abs_path") or source.get("module")
    place = str(place or source.get("package") or "")
    line = source.get("lineno")
    return f"{place}:{line}" if place and isinstance(line, int) else place


def _decoded(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
