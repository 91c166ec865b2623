"""`sentry-ophio events`: events into a Parquet file."""

from __future__ import annotations

import click

from sentry_ophio.cli._input import InputError
from sentry_ophio.cli._rows import PARQUET, show_written, skip_bad_option, write_parquet


@click.command()
@click.argument("events", nargs=-1, required=True, metavar="EVENTS...")
@click.option("--out", required=True, metavar="FILE.parquet", help="Where to write.")
@skip_bad_option
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
        if name.endswith(PARQUET):
            raise InputError(name, "it is no file of events, but has rows already")
    show_written(out, *write_parquet(events, out, None, 1, skip_bad), as_json=as_json)
