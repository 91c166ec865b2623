"""Reads whole events, for the commands that match fingerprint rules or show events: `each_event`.

    files, folders, -  --> JSON, lines, Parquet --> EventDocument --> take
                                `-- cannot be read -- `-- not an event --> reported, counted

One event that cannot be used does not end a command: it is reported on standard error and left
out. What the command does at the end is up to it, so it gets the number.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from sentry_ophio._event_files import SUFFIXES, events_in
from sentry_ophio.cli._error import InputError
from sentry_ophio.cli._rows import PARQUET, parquet_module, progress_bar, sorted_inputs
from sentry_ophio.exceptions import EventError, LimitError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sentry_ophio._event_files import EventDocument
    from sentry_ophio._parquet import ParquetFile
    from sentry_ophio.cli._rows import Input
    from sentry_ophio.exceptions import OphioError

# After so many events the progress is shown.
_STEP = 100


def each_event(names: tuple[str, ...], take: Callable[[EventDocument], object]) -> int:
    """Pass each event of files and folders to `take`, and return how many were left out.

    Args:
        names: The files and folders; - for one event a line on standard input.
        take: Receives an event. If it fails with `EventError` or `LimitError`, the event is
            reported with its name, and left out.
    """
    left_out = 0

    def skip(error: OphioError | OSError) -> None:
        nonlocal left_out
        left_out += 1
        InputError.of(error).show()

    inputs = sorted_inputs(names, skip, (*SUFFIXES, PARQUET), _opened)
    with progress_bar(inputs, "events") as progress:
        for number, found in enumerate(_events_of(inputs, skip), 1):
            try:
                take(found)
            except (EventError, LimitError) as error:
                skip(EventError(f"{found.name}: {error}"))
            if number % _STEP == 0:
                progress(number)
    return left_out


def _opened(name: str) -> ParquetFile:
    opened: ParquetFile = parquet_module("_parquet_events").EventsFile(name)
    return opened


def _events_of(
    inputs: list[Input], skip: Callable[[OphioError | OSError], object]
) -> Iterator[EventDocument]:
    for each in inputs:
        if isinstance(each, list):
            yield from events_in(each, skip, stdin=sys.stdin.buffer)
        else:
            yield from each.events(skip)  # type: ignore[attr-defined]  # an EventsFile
