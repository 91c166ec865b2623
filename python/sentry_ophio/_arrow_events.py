"""Converts Sentry events to Arrow batches: the implementation of `arrow.events_to_arrow`.

A frame as a `dict` takes ten times the memory that it takes in columns. So a few stack traces at a
time are converted to columns, and the columns are joined to a batch:

    stack traces --64 at a time--> pieces --rows, or 64 MiB--> batch
"""

from __future__ import annotations

from os import PathLike, fsdecode
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from sentry_ophio._arguments import checked_items, checked_positive, type_error
from sentry_ophio._event_files import stacktraces_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sentry_ophio._event_files import Found, Skip

__all__ = ["batches_of", "reader"]

# A piece has at most this many stack traces, and ends when it reaches this size.
_PIECE = 64
_PIECE_BYTES = 4 << 20

# Far below 2 GiB, the limit for the texts of a column in one batch.
_BYTES = 64 << 20


def reader(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    schema: pa.Schema,
    rows: int,
    skip: Skip,
) -> pa.RecordBatchReader:
    """See `sentry_ophio.arrow.events_to_arrow`."""
    rows = checked_positive("rows", rows)
    if isinstance(files, (str, PathLike)):
        files = [files]
    names = map(_path, checked_items("files", "paths", files))
    found = stacktraces_in(names, skip)
    return pa.RecordBatchReader.from_batches(schema, batches_of(found, schema, rows))


def _path(file: object) -> str:
    if not isinstance(file, (str, PathLike)):
        raise type_error("an item of files", "a str or path", file)
    return fsdecode(file)


def batches_of(found: Iterable[Found], schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    """Yield batches of stack traces, none of them empty."""
    pieces: list[pa.RecordBatch] = []
    count = size = 0
    for piece in _pieces(found, min(rows, _PIECE)):
        batch = pa.RecordBatch.from_pylist(piece, schema=schema)
        # Only batches with very large stack traces have fewer rows.
        fits = rows - count
        pieces.append(batch.slice(0, fits))
        count += len(pieces[-1])
        size += batch.nbytes
        if count == rows or size >= _BYTES:
            yield _joined(pieces)
            rest = batch.slice(fits)
            pieces = [rest] if len(rest) else []
            count, size = len(rest), rest.nbytes
    if pieces:
        yield _joined(pieces)


def _joined(pieces: list[pa.RecordBatch]) -> pa.RecordBatch:
    (batch,) = pa.Table.from_batches(pieces).combine_chunks().to_batches()
    return batch


def _pieces(found: Iterable[Found], most: int) -> Iterator[list[dict[str, Any]]]:
    piece: list[dict[str, Any]] = []
    size = 0
    for _, event_id, trace, event_size in found:
        piece.append(
            {
                "event_id": event_id,
                "place": trace.place,
                "frames": [
                    {**frame, "repeats": repeats}
                    for frame, repeats in zip(trace.frames, trace.repeats)
                ],
                "exception": trace.exception,
            }
        )
        size += event_size
        if len(piece) == most or size >= _PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece
