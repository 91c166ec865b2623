"""`sentry-ophio events`: converts events to a Parquet file."""

from __future__ import annotations

import click

from sentry_ophio.cli._input import InputError
from sentry_ophio.cli._rows import PARQUET, show_written, skip_bad_option, write_parquet


@click.command()
@click.argument("events", nargs=-1, required=True, metavar="EVENTS...")
@click.option("--out", required=True, metavar="FILE.parquet", help="The output file.")
@skip_bad_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
def events(events: tuple[str, ...], out: str, skip_bad: bool, as_json: bool) -> None:
    """Write the stack traces of Sentry events to a Parquet file, one per row.

    EVENTS are files with the JSON of an event, files with one event per line (.ndjson, .jsonl),
    both also with gzip (.gz), folders of such files, or - for one event per line on standard input.
    The columns are event_id, place (the path of the stack trace in the event), frames and
    exception. The commands apply and preview read such files many times as fast as events.

    \b
    Examples:
      sentry-ophio events month/ --out month.parquet
      zcat events.ndjson.gz | sentry-ophio events - --out month.parquet

    The output file is complete or unchanged. The exit code is 2 if an event cannot be used; with
    --skip-bad, the other events are written then.
    """  # noqa: D301 (click wants the control character)
    for name in events:
        if name.endswith(PARQUET):
            raise InputError(name, "it is a Parquet file, expected events")
    show_written(out, *write_parquet(events, out, None, 1, skip_bad), as_json=as_json)
