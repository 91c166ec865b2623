"""Reads stack traces from Parquet files and writes rows with results, for the command line.

    Parquet, events  --batches-->  rules  --row groups-->  temporary file  --rename-->  OUT

Data is streamed: memory has one batch of the input and one row group of the output. Both are
limited in frames and bytes and not only in rows, so memory is flat for rows of any size.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
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
    "Applying",
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

    @property
    def has_repeats(self) -> bool:
        """Whether its frames say which of them repeat the frame before them."""
        frames = self.schema.field("frames").type.value_type
        return bool(frames.get_field_index("repeats") >= 0)

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
    known = arrow.SCHEMA.field("frames").type.value_type
    fields = {"contributes", "repeats", *(each.name for each in known)}
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
        rows, counts = _restored(rows, fresh=comparing.fresh)
        done = sum(arrow.compare_batch(comparing, rows, threads))
        comparing.count_restored(counts)
        return done

    start = 0
    for batch in file.batches(every_column=False):
        yield from _process_batch(file.name, start, batch, process, skip)
        start += batch.num_rows


def _restored(rows: pa.RecordBatch, *, fresh: bool) -> tuple[pa.RecordBatch, list[int]]:
    """Restore `in_app` of frames from `orig_in_app`, as Sentry does before it runs rules again.

    Returns:
        The columns that rules use, and the number of frames that had another `in_app`, for each row
        or for none. Columns that are corrupt are returned as they are: rules report them.
    """
    lists = rows.column("frames")
    try:
        lists.validate()
        if fresh or not _has_originals(lists):
            return rows, []
        lists.validate(full=True)
    except pa.ArrowInvalid:
        return rows, []
    frames = lists.flatten()
    columns = dict(zip([each.name for each in frames.type], frames.flatten()))
    original = columns["orig_in_app"]
    if pa.types.is_dictionary(original.type):
        original = original.dictionary_decode()
    came = columns["in_app"].cast(pa.bool_())
    value = pc.if_else(pc.equal(original, 1), True, pa.scalar(None, pa.bool_()))
    value = pc.if_else(pc.equal(original, 0), False, value)
    columns["in_app"] = pc.if_else(original.is_valid(), value, came)
    # Null and false are different values here.
    numbers = [pc.fill_null(each.cast(pa.int8()), -1) for each in (came, columns["in_app"])]
    changed = pc.not_equal(*numbers).to_pylist()
    lengths = pc.list_value_length(lists).to_pylist()
    ends = list(accumulate((length or 0 for length in lengths), initial=0))
    counts = [sum(changed[start:end]) for start, end in zip(ends, ends[1:])]
    # A row whose offset is null is null.
    starts = [None if length is None else start for length, start in zip(lengths, ends)]
    made = pa.ListArray.from_arrays(
        pa.array([*starts, ends[-1]], pa.int32()),
        pa.StructArray.from_arrays(list(columns.values()), list(columns)),
    )
    kept = [made, rows.column("exception")]
    return pa.RecordBatch.from_arrays(kept, ["frames", "exception"]), counts


def _has_originals(lists: pa.Array) -> bool:
    values = lists.values.field(lists.values.type.get_field_index("orig_in_app"))
    return bool(values.null_count < len(values))


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


def rows_of(
    file: ParquetFile, *, fresh: bool = False
) -> Iterator[Callable[[], EventStacktrace] | None]:
    """Yield for each row a function that creates its stack trace; None for null.

    Args:
        file: The file.
        fresh: No rules were applied to the frames: keep their `in_app`.

    Raises:
        ParquetError: It is corrupt; the functions raise it, too.
    """
    start = 0
    for batch in file.batches(every_column=False):
        for row, there in enumerate(batch.column("frames").is_valid().to_pylist()):
            place = f"row {start + row:,}"
            made = partial(_stacktrace, place, batch.slice(row, 1), fresh=fresh)
            yield made if there else None
        start += batch.num_rows


def _stacktrace(place: str, row: pa.RecordBatch, *, fresh: bool) -> EventStacktrace:
    try:
        row.validate(full=True)
    except pa.ArrowInvalid as error:
        raise ParquetError(f"{place}: {one_line(error)}") from None
    (values,), (restored,) = (each.to_pylist() for each in (row, _restored(row, fresh=fresh)[0]))
    fields = arrow.SCHEMA.field("frames").type.value_type
    frames = [
        {each.name: _value((frame or {}).get(each.name)) for each in fields}
        for frame in restored["frames"]
    ]
    known = values["exception"] or {}
    exception = {each.name: _value(known.get(each.name)) for each in arrow.SCHEMA.field(1).type}
    sources = [_source(came or {}, frame) for came, frame in zip(values["frames"], frames)]
    repeats = [bool((frame or {}).get("repeats")) for frame in values["frames"]]
    return EventStacktrace(place, frames, exception, sources, repeats)


def _source(came: Mapping[str, Any], frame: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the frame of an event for a frame of a row."""
    texts = {
        "filename" if name == "path" else name: value.decode("utf-8", "replace")
        for name, value in frame.items()
        if isinstance(value, bytes)
    }
    in_app = {"in_app": came.get("in_app"), "data": {"orig_in_app": frame["orig_in_app"]}}
    return {**texts, **in_app}


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


@dataclass
class Applying:
    """Rules that are applied to rows, and what was restored before."""

    rules: Enhancements
    threads: int
    fresh: bool
    """Whether `in_app` of the frames is kept, not restored."""
    restored: int = 0
    """The number of frames whose `in_app` was restored."""


def with_answers(
    name: str,
    batches: Iterable[pa.RecordBatch],
    applying: Applying,
    skip: Callable[[ParquetError], object] | None,
) -> Iterator[pa.RecordBatch]:
    """Yield the batches with the columns `category` and `in_app`.

    Raises:
        ParquetError: A row cannot be used, and there is no `skip`.
    """

    def process(rows: pa.RecordBatch) -> pa.RecordBatch:
        used, counts = _restored(rows, fresh=applying.fresh)
        answer = arrow.apply(applying.rules, used, threads=applying.threads)
        applying.restored += sum(counts)
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
