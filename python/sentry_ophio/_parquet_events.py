"""Whole events from Parquet files, of two forms.

    column event                                   the JSON of an event in each row
    columns event_id, place, frames, exception     what `sentry-ophio events` writes: a stack trace
                                                   a row; neighbors with one event_id are an event

The second form has stack traces only. Fingerprint rules that look at anything else, such as tags
or messages, do not match such events.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sentry_ophio._event_files import EventDocument, parse_event
from sentry_ophio._parquet import ParquetFile
from sentry_ophio._parquet_process import read_batches
from sentry_ophio.exceptions import EventError, ParquetError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Callable

    from sentry_ophio.exceptions import OphioError

__all__ = ["EventsFile"]

_COLUMN = "event"

# An event may have megabytes.
_ROWS = 64


class EventsFile(ParquetFile):
    """A file with events. Opening it only reads its footer."""

    def _check_columns(self) -> None:
        """Raise a SchemaError if there is neither the column `event` nor those of stack traces."""
        if _COLUMN not in self.schema.names:
            super()._check_columns()
            return
        kind = self.schema.field(_COLUMN).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        if not (is_text or pa.types.is_binary(kind) or pa.types.is_large_binary(kind)):
            raise SchemaError(f"column `{_COLUMN}`: expected string or binary, not {kind}")

    def events(self, skip: Callable[[OphioError], object]) -> Iterator[EventDocument]:
        """Yield the events.

        Args:
            skip: Receives the error of each row that cannot be used, and of the rest of a file
                that is corrupt.
        """
        try:
            if _COLUMN in self.schema.names:
                yield from self._from_json(skip)
            else:
                yield from self._from_stacktraces(skip)
        except ParquetError as error:
            skip(error)

    def _from_json(self, skip: Callable[[OphioError], object]) -> Iterator[EventDocument]:
        for number, (data,) in self._numbered([_COLUMN], skip):
            place = f"{self.name}: row {number:,}"
            try:
                if data is None:
                    raise EventError(f"{place}: `{_COLUMN}` is null")
                event = parse_event(place, data.encode() if isinstance(data, str) else data)
            except EventError as error:
                skip(error)
            else:
                yield EventDocument(place, event)

    def _from_stacktraces(self, skip: Callable[[OphioError], object]) -> Iterator[EventDocument]:
        names = [name for name in ("event_id", "place") if name in self.schema.names]
        columns = [*names, "frames", "exception"]

        def rows() -> Iterator[tuple[object, int, dict[str, Any]]]:
            for number, values in self._numbered(columns, skip):
                try:
                    row = dict(zip(columns, map(_decoded, values)))
                except UnicodeDecodeError:
                    skip(EventError(f"{self.name}: row {number:,}: a text is not UTF-8"))
                    continue
                event_id = row.get("event_id")
                # A row without an id is an event of its own.
                yield (number if event_id is None else str(event_id)), number, row

        for event_id, group in groupby(rows(), key=lambda row: row[0]):
            listed = list(group)
            event = _event(row for _, _, row in listed)
            if isinstance(event_id, str):
                event["event_id"] = event_id
            yield EventDocument(f"{self.name}: row {listed[0][1]:,}", event)

    def _numbered(
        self, columns: list[str], skip: Callable[[OphioError], object]
    ) -> Iterator[tuple[int, tuple[Any, ...]]]:
        """Yield each row with its number, counted from 0."""
        number = -1
        for batch in read_batches(self.name, columns, _ROWS):
            read = [batch.column(name) for name in columns]
            for row in range(batch.num_rows):
                number += 1
                try:
                    values = tuple(column[row].as_py() for column in read)
                except UnicodeDecodeError:
                    skip(ParquetError(f"{self.name}: row {number:,}: a text is not UTF-8"))
                else:
                    yield number, values


def _decoded(value: Any) -> Any:
    """Return a value in which texts of binary columns are texts."""
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, dict):
        return {name: _decoded(each) for name, each in value.items()}
    return list(map(_decoded, value)) if isinstance(value, list) else value


def _event(rows: Iterator[dict[str, Any]]) -> dict[str, Any]:
    """Make an event of its stack traces."""
    event: dict[str, Any] = {}
    for row in rows:
        exception = row["exception"] or {}
        has_exception = any(value is not None for value in exception.values())
        place = row.get("place") or ("exception" if has_exception else "stacktrace")
        frames = None if row["frames"] is None else list(map(_frame, row["frames"]))
        found: dict[str, Any] = {"stacktrace": frames and {"frames": frames}}
        if frames:
            event.setdefault("platform", frames[0].get("platform"))
        if place.startswith("exception"):
            found["type"], found["value"] = exception.get("ty"), exception.get("value")
            found["mechanism"] = {"type": exception.get("mechanism")}
        if place == "stacktrace":
            event.update(found)
        else:
            kind = "threads" if place.startswith("threads") else "exception"
            event.setdefault(kind, {"values": []})["values"].append(found)
    return event


def _frame(values: dict[str, Any] | None) -> dict[str, Any]:
    frame = dict(values or {})
    category, family = frame.pop("category", None), frame.pop("family", None)
    frame["data"] = {"category": category, "orig_in_app": frame.pop("orig_in_app", None)}
    frame["abs_path"] = frame.pop("path", None)
    # The names of functions are trimmed already: an event says so by the name that they had.
    frame["raw_function"] = frame.get("function")
    # `native` and `javascript` are platforms of these families.
    frame["platform"] = family
    return frame
