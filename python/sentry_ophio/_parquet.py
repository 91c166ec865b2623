"""Reads stack traces from Parquet files and writes rows with results, for the command line.

    Parquet, events  --batches-->  rules  --row groups-->  temporary file  --rename-->  OUT

Data is streamed: memory has one batch of the input and one row group of the output. Both are
limited in frames and bytes and not only in rows, so memory is flat for rows of any size.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sentry_ophio import arrow
from sentry_ophio._arrow_events import batches_of
from sentry_ophio._atomic import replaced
from sentry_ophio._parquet_process import FAULTS, one_line, read_batches, read_footer
from sentry_ophio.enhancers import Enhancements
from sentry_ophio.events import EventStacktrace
from sentry_ophio.exceptions import InvalidArgumentError, OphioError, ParquetError, SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from sentry_ophio._event_files import Found
    from sentry_ophio._preview import Comparison

__all__ = [
    "ParquetFile",
    "Written",
    "answered",
    "common_schema",
    "compared",
    "event_batches",
    "rows_of",
    "with_answers",
    "write",
]

# The maximum of rows and of frames of a batch: 4,096 rows with 32 frames each.
_ROWS = 4_096
_FRAMES = _ROWS * 32

# A row group is written when it has this many rows or bytes.
_GROUP_ROWS = 4 * _ROWS
_GROUP_BYTES = 64 << 20

_ANSWERS = (pa.field("category", pa.list_(pa.string())), pa.field("in_app", pa.list_(pa.bool_())))


class ParquetFile:
    """A file with stack traces. Opening it only reads its footer.

    Attributes:
        name: Its name.
        rows: The number of rows.
        schema: Its columns.
    """

    def __init__(self, name: str) -> None:
        """Open a file and check its columns.

        Raises:
            ParquetError: It is missing, is not a Parquet file, or does not have the columns of
                stack traces.
        """
        self.name = name
        found = read_footer(name)
        self.rows: int = found.rows
        self.schema: pa.Schema = found.schema
        self._leaves = found.leaves
        try:
            self._check_columns()
        except (SchemaError, *FAULTS) as error:
            raise ParquetError(f"{name}: {one_line(error)}") from None

    def _check_columns(self) -> None:
        """Raise a SchemaError if the columns are not those of stack traces."""
        # Applying rules to zero rows checks the columns.
        arrow.apply(Enhancements.empty(), pa.RecordBatch.from_pylist([], schema=self.schema))

    def batches(self, *, every_column: bool = True) -> Iterator[pa.RecordBatch]:
        """Read it, either all columns or only those that rules use.

        Raises:
            ParquetError: It is corrupt.
        """
        columns = None if every_column else _needed(self._leaves)
        frames = [number for number, path in enumerate(self._leaves) if _column(path) == "frames"]
        yield from read_batches(self.name, columns, _ROWS, (frames[0], _FRAMES))


def _column(leaf: str) -> str:
    return leaf.partition(".")[0]


def _needed(leaves: list[str]) -> list[str]:
    """Return the leaves that rules use. The names inside of lists depend on the writer."""
    fields = {"contributes", *(each.name for each in arrow.SCHEMA.field("frames").type.value_type)}
    # Such as frames.list.element.function, or frames.array.function from older writers.
    frames = [
        path
        for path in leaves
        if _column(path) == "frames" and fields.intersection(path.split(".")[2:])
    ]
    return [*frames, "exception"]


# --- asking -------------------------------------------------------------------------

_Answer = TypeVar("_Answer")


def compared(
    comparing: Comparison,
    file: ParquetFile,
    threads: int,
    skip: Callable[[int, ParquetError], object],
) -> Iterator[int]:
    """Add a file to a comparison, and yield the number of rows after each step.

    Args:
        comparing: The comparison.
        file: The file.
        threads: The number of threads.
        skip: Receives the number of each row that cannot be used, and the reason.

    Raises:
        ParquetError: It is corrupt. Rows that were read before are counted.
    """

    def process(rows: pa.RecordBatch) -> int:
        return sum(arrow.compare_batch(comparing, rows, threads))

    start = 0
    for batch in file.batches(every_column=False):
        yield from _process_batch(file.name, start, batch, process, skip)
        start += batch.num_rows


def _process_batch(
    name: str,
    start: int,
    batch: pa.RecordBatch,
    process: Callable[[pa.RecordBatch], _Answer],
    skip: Callable[[int, ParquetError], object],
) -> Iterator[_Answer]:
    """Process a batch. If a row cannot be used, process one row after the other.

    `process` either processes a whole batch or fails: a batch has fewer rows than a step of a
    comparison.
    """
    try:
        answer = process(batch)
    except OphioError:
        pass
    else:
        yield answer
        return
    for number in range(batch.num_rows):
        try:
            answer = process(batch.slice(number, 1))
        except OphioError as error:
            row = start + number
            reason = str(error).removeprefix("row 0: ")
            skip(row, ParquetError(f"{name}: row {row:,}: {reason}"))
        else:
            yield answer


def rows_of(file: ParquetFile) -> Iterator[Callable[[], EventStacktrace] | None]:
    """Yield for each row a function that creates its stack trace; None for null.

    Raises:
        ParquetError: It is corrupt; the functions raise it, too.
    """
    start = 0
    for batch in file.batches(every_column=False):
        for row, there in enumerate(batch.column("frames").is_valid().to_pylist()):
            made = partial(_stacktrace, f"row {start + row:,}", batch.slice(row, 1))
            yield made if there else None
        start += batch.num_rows


def _stacktrace(place: str, row: pa.RecordBatch) -> EventStacktrace:
    try:
        row.validate(full=True)
    except pa.ArrowInvalid as error:
        raise ParquetError(f"{place}: {one_line(error)}") from None
    (values,) = row.to_pylist()
    fields = arrow.SCHEMA.field("frames").type.value_type
    frames = [
        {each.name: _value((frame or {}).get(each.name)) for each in fields}
        for frame in values["frames"]
    ]
    known = values["exception"] or {}
    exception = {each.name: _value(known.get(each.name)) for each in arrow.SCHEMA.field(1).type}
    sources: list[Mapping[str, Any]] = [
        {
            "filename" if name == "path" else name: value.decode("utf-8", "replace")
            for name, value in frame.items()
            if isinstance(value, bytes)
        }
        for frame in frames
    ]
    return EventStacktrace(place, frames, exception, sources)


def _value(value: object) -> Any:
    return value.encode() if isinstance(value, str) else value


# --- writing ------------------------------------------------------------------------


def common_schema(inputs: Iterable[ParquetFile | list[str]], *, answers: bool) -> pa.Schema:
    """Return the columns of the output for these input files.

    Raises:
        ParquetError: A file has other columns than the first one (the order may differ), or, with
            `answers`, it already has a column with the name of a result.
    """
    first: pa.Schema | None = None
    for each in inputs:
        name, schema = (
            (each[0], arrow.EVENTS) if isinstance(each, list) else (each.name, each.schema)
        )
        if first is None:
            first = schema
        _check_same_columns(name, schema, first)
        if answers:
            answered(name, schema)
    if first is None:
        raise InvalidArgumentError("there are no files")
    return answered("", first) if answers else first


def _check_same_columns(name: str, schema: pa.Schema, first: pa.Schema) -> None:
    for column in (*first.names, *schema.names):
        if column not in schema.names or column not in first.names:
            here = "is missing" if column in first.names else "is not in the files before"
            raise ParquetError(f"{name}: column `{column}` {here}")
        found, expected = schema.field(column), first.field(column)
        if found != expected:
            raise ParquetError(
                f"{name}: column `{column}`: expected {expected.type}, as in the files before,"
                f" not {found.type}"
            )


def event_batches(found: Iterable[Found]) -> Iterator[pa.RecordBatch]:
    """Make batches of events, with as many rows as a batch of a file has at most."""
    return batches_of(found, arrow.EVENTS, _ROWS)


def with_answers(
    name: str,
    batches: Iterable[pa.RecordBatch],
    rules: Enhancements,
    threads: int,
    skip: Callable[[ParquetError], object] | None,
) -> Iterator[pa.RecordBatch]:
    """Yield the batches with the columns `category` and `in_app`.

    Raises:
        ParquetError: A row cannot be used, and there is no `skip`.
    """

    def process(rows: pa.RecordBatch) -> pa.RecordBatch:
        answer = arrow.apply(rules, rows, threads=threads)
        # As plain texts: Parquet writes them as a dictionary for each row group.
        added = [answer.column(each.name).cast(each.type) for each in _ANSWERS]
        return pa.RecordBatch.from_arrays(
            [*rows.columns, *added], schema=answered(name, rows.schema)
        )

    def report(_: int, error: ParquetError) -> None:
        if skip is None:
            raise error
        skip(error)

    start = 0
    for batch in batches:
        yield from _process_batch(name, start, batch, process, report)
        start += batch.num_rows


def answered(name: str, schema: pa.Schema) -> pa.Schema:
    """Return the schema with the columns that are added.

    Raises:
        ParquetError: A column of that name exists.
    """
    for each in _ANSWERS:
        if each.name in schema.names:
            raise ParquetError(f"{name}: column `{each.name}` already exists")
        schema = schema.append(each)
    return schema


@dataclass
class Written:
    """The counts of an output file."""

    stacktraces: int = 0
    frames: int = 0
    in_app: int = 0
    category: int = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the rows of a batch, with or without results."""
        self.stacktraces += batch.num_rows
        self.frames += _sum(pc.list_value_length(batch.column("frames")))
        if "category" in batch.schema.names:
            self.in_app += _sum(batch.column("in_app").flatten())
            named = batch.column("category").flatten()
            self.category += len(named) - named.null_count


def _sum(numbers: pa.Array) -> int:
    return pc.sum(numbers).as_py() or 0


def write(
    out: str,
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    progress: Callable[[int], object],
) -> Written:
    """Write a file atomically.

    Args:
        out: Its name.
        schema: Its columns.
        batches: The rows, in batches with these columns in any order.
        progress: Called after each batch with the number of rows written so far.

    Raises:
        ParquetError: It cannot be written.
        Exception: `batches` raises it.
    """
    written = Written()
    with _refused(out), replaced(Path(out)) as file:
        writer = pq.ParquetWriter(
            file, schema, compression="zstd", write_page_checksum=True, write_page_index=False
        )
        try:
            for group in _groups(batches, schema, written, progress):
                with _refused(out):
                    writer.write_table(group)
            with _refused(out):
                writer.close()
        except BaseException:
            # The writer would try again when it is garbage-collected, but then the file is closed.
            with suppress(*FAULTS):
                writer.close()
            raise
    return written


def _groups(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    written: Written,
    progress: Callable[[int], object],
) -> Iterator[pa.Table]:
    """Yield row groups. A file with many small row groups is larger, and slower to read."""
    group: list[pa.RecordBatch] = []
    rows = size = 0
    for batch in batches:
        group.append(batch.select(schema.names).replace_schema_metadata(schema.metadata))
        rows += batch.num_rows
        size += batch.nbytes
        written.add(batch)
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield pa.Table.from_batches(group, schema)
            group, rows, size = [], 0, 0
        progress(written.stacktraces)
    if group:
        yield pa.Table.from_batches(group, schema)


@contextmanager
def _refused(out: str) -> Iterator[None]:
    """Make the error with the name of the file that could not be written."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        named = getattr(error, "filename", None)
        raise ParquetError(f"{named or out}: {one_line(error)}") from None
