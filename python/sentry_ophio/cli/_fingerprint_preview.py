"""`sentry-ophio fingerprint preview`: which issues other fingerprint rules merge and split."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentry_ophio._html_fingerprints import issues_page
from sentry_ophio._issue_report import left_out_line
from sentry_ophio._issues import IssueComparison
from sentry_ophio.cli._fingerprint import (
    base_option,
    builtin_option,
    in_front,
    parameterize_option,
    read_fingerprint_rules,
    unknown_option,
)
from sentry_ophio.cli._input import InputError, read_rules, replace_file
from sentry_ophio.cli._options import rules_base_option, rules_option
from sentry_ophio.cli._output import console, echo, echo_json_list, text
from sentry_ophio.cli._whole_events import each_event
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.parameterization import default_parameterizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sentry_ophio.fingerprints import (
        FingerprintRuleReport,
        IssuePart,
        IssueReport,
        ResponsibleRule,
    )


@click.command()
@click.argument("events", nargs=-1, required=True, metavar="EVENTS...")
@click.option("--old", "old_file", metavar="FILE", help="The present rules; by default, none.")
@click.option("--new", "new_file", required=True, metavar="FILE", help="The new rules.")
@base_option
@builtin_option
@rules_option(
    "--rules",
    "rule_files",
    "Stack trace rules, instead of those that come with this package. They say which frames "
    "{{ default }} is made of.",
)
@rules_base_option
@unknown_option
@parameterize_option
@click.option(
    "--most",
    type=click.IntRange(0),
    default=10,
    metavar="N",
    help="List at most this many changes, and parts of each; 0 for all. By default 10.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document, with all changes.")
@click.option("--html", "html_file", metavar="FILE", help="Also write an HTML page.")
def preview(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    events: tuple[str, ...],
    old_file: str | None,
    new_file: str,
    base_files: tuple[str, ...],
    builtin_files: tuple[str, ...],
    rule_files: tuple[str, ...],
    rules_base_files: tuple[str, ...],
    unknown: Any,
    parameterized: bool,
    most: int,
    as_json: bool,
    html_file: str | None,
) -> None:
    """Report which issues other fingerprint rules merge, split and move.

    EVENTS are files with the JSON of an event, files with one event a line (.ndjson, .jsonl),
    both also with gzip (.gz), Parquet files, folders of all these, or - for one event a line on
    standard input. A Parquet file has the column event with JSON, or the columns that
    sentry-ophio events writes; those have stack traces only.

    Rules are in the text form, or the JSON that Sentry stores. Only Sentry knows the value
    of {{ default }}: here a hash of the frames that count, or of the message, stands for it.

    \b
    Examples:
      sentry-ophio fingerprint preview --old now.rules --new then.rules events/
      sentry-ophio fingerprint preview --new my.rules --html issues.html events.ndjson.gz
      zcat events.ndjson.gz | sentry-ophio fingerprint preview --new my.rules --json -

    Events, rows and files that cannot be used are reported and left out; then the exit code is
    2. If no event can be used, there is no report.
    """  # noqa: D301 (click wants the control character)
    old = _read_old(old_file, builtin_files, base_files)
    new = read_fingerprint_rules(new_file, builtin_files, base_files)
    comparing = IssueComparison(
        old,
        new,
        read_rules(rule_files, rules_base_files),
        unknown=unknown,
        parameterizer=default_parameterizer() if parameterized else None,
    )
    left_out = each_event(events, lambda found: comparing.add(found.event, found.name))
    if not comparing.events:
        raise InputError("no event can be used", "there is nothing to report")
    report = comparing.report()
    if html_file is not None:
        page = issues_page(report, left_out)
        replace_file(Path(html_file), page.encode("utf-8", "replace"))
        echo(f"{html_file}: written", err=True)
    if as_json:
        _write_json(report, left_out)
    else:
        _show(report.lines(most or None))
        if left_out:
            echo()
            echo(left_out_line(left_out))
    if left_out:
        sys.exit(InputError.exit_code)


def _read_old(
    name: str | None, builtin: tuple[str, ...], base: tuple[str, ...]
) -> FingerprintRules:
    if name is not None:
        return read_fingerprint_rules(name, builtin, base)
    bases = [read_fingerprint_rules(each) for each in builtin]
    return in_front(base, FingerprintRules.parse("", bases=bases))


# How far the second line of a line that is wrapped is indented, beyond the first.
_HANGING = 4


def _show(lines: Iterable[str]) -> None:
    """Print lines; on a terminal, wrapped between words."""
    out = console()
    for line in lines:
        if not out.is_terminal:
            echo(line)
            continue
        body = line.lstrip()
        indent = len(line) - len(body)
        wrapped = text((body, _style(line))).wrap(out, max(out.width - indent - _HANGING, _HANGING))
        for number, part in enumerate(wrapped):
            part.rstrip()
            out.print(text(" " * (indent + _HANGING * bool(number)), part))


def _style(line: str) -> str:
    if line[:1].isalpha():
        return "bold"
    word = line.split(maxsplit=1)[0] if line.strip() else ""
    return {"by": "cyan", "no": "cyan", "such": "dim"}.get(word, "")


def _write_json(report: IssueReport, left_out: int) -> None:
    def changes() -> Iterator[dict[str, Any]]:
        for change in report.changes:
            yield {
                "kind": change.kind,
                "moved": change.moved,
                "issue": change.issue._asdict(),
                "parts": list(map(_part, change.parts)),
            }

    document = {
        "events": report.events,
        "left_out": left_out,
        "moved": report.moved,
        "old_issues": report.old_issues,
        "new_issues": report.new_issues,
        "old_rules": list(map(_reported, report.old_rules)),
        "new_rules": list(map(_reported, report.new_rules)),
    }
    echo_json_list(document, "changes", changes())


def _part(part: IssuePart) -> dict[str, Any]:
    return {
        "old": part.old._asdict(),
        "new": part.new._asdict(),
        "events": part.events,
        "moves": part.moves,
        "rules": [_rule(each, is_new=each.is_new, events=each.events) for each in part.rules],
        "examples": [each._asdict() for each in part.examples],
    }


def _reported(each: FingerprintRuleReport) -> dict[str, Any]:
    return _rule(each, matched=each.matched, responsible=each.responsible)


def _rule(each: FingerprintRuleReport | ResponsibleRule, **more: Any) -> dict[str, Any]:
    rule = each.rule
    return {
        "index": each.index,
        "text": rule.text,
        "source": rule.source,
        "line": rule.line,
        "is_builtin": rule.is_builtin,
    } | more
