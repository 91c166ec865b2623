"""Rules over Arrow data: a row is a stack trace, a batch one call.

The functions read stack traces in Parquet files, tables and data frames in place, in columns,
without creating a Python object for a frame:

    >>> import pyarrow as pa
    >>> from sentry_ophio import arrow
    >>> from sentry_ophio.enhancers import Cache, Enhancements
    >>> rules = Enhancements.parse("path:**/vendor/** -app category=vendor", Cache(0))
    >>> batch = arrow.batch([{"frames": [{"path": "/a/vendor/b.py", "in_app": True}]}])
    >>> arrow.apply(rules, batch).to_pylist()
    [{'category': ['vendor'], 'in_app': [False]}]

A batch has two columns; others are passed over:

    frames     list<struct<category, family, function, module, package, path: text,
                           in_app: bool, orig_in_app: int8>>
    exception  struct<ty, value, mechanism: text>

A text is `utf8` or `binary`, also large, as a view, or in a dictionary; what is missing is
null. `SCHEMA` is such a schema, `batch` makes a batch of Python objects, and
`events_to_arrow` makes them of Sentry events. Frames are as `sentry_ophio.enhancers` describes
them: paths in lower case with slashes.

Whatever has `__arrow_c_array__` or `__arrow_c_stream__` is taken: record batches and tables of
pyarrow, data frames of polars, relations of duckdb, arrays of nanoarrow. The answer to one
batch is a `pyarrow.RecordBatch`, that to a stream or a table a `pyarrow.Table` with a chunk for
each that came in. It has a row for each row, in order, and null for a row that is null.

The module needs pyarrow: `pip install 'sentry-ophio[arrow]'`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

from sentry_ophio._arguments import checked_threads
from sentry_ophio._ffi import error_for, ffi, lib
from sentry_ophio._preview import Comparison
from sentry_ophio.exceptions import ArgumentTypeError, MissingDependencyError, SchemaError

try:
    import pyarrow as pa
except ImportError as error:  # pragma: no cover (every environment that tests has it)
    raise MissingDependencyError(
        "sentry_ophio.arrow needs pyarrow: pip install 'sentry-ophio[arrow]'"
    ) from error

from sentry_ophio._arrow_events import reader
from sentry_ophio._arrow_texts import parameterize as _parameterize

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike

    from _cffi_backend import _CDataBase as CData

    from sentry_ophio.enhancers import Enhancements, Report
    from sentry_ophio.exceptions import EventError
    from sentry_ophio.parameterization import Parameterizer

__all__ = [
    "APPLIED",
    "ASSEMBLED",
    "EVENTS",
    "PREVIEWED",
    "SCHEMA",
    "apply",
    "assemble",
    "batch",
    "batches",
    "events_to_arrow",
    "parameterize",
    "preview",
    "preview_report",
]

# `preview_report` reports its progress after so many rows of a batch. A slice is not a copy.
_STEP = 10_000

_TEXTS = ("category", "family", "function", "module", "package", "path")

SCHEMA = pa.schema(
    [
        (
            "frames",
            pa.list_(
                pa.struct(
                    [
                        *((name, pa.string()) for name in _TEXTS),
                        ("in_app", pa.bool_()),
                        ("orig_in_app", pa.int8()),
                    ]
                )
            ),
        ),
        ("exception", pa.struct([(name, pa.string()) for name in ("ty", "value", "mechanism")])),
    ]
)
"""The columns that a batch must have, with texts as `utf8`."""

EVENTS = pa.schema([("event_id", pa.string()), ("place", pa.string()), *SCHEMA])
"""What `events_to_arrow` makes: those columns, and where a stack trace comes from."""

_WORD = pa.dictionary(pa.int32(), pa.string())

APPLIED = pa.schema([("category", pa.list_(_WORD)), ("in_app", pa.list_(pa.bool_()))])
"""What `apply` answers with."""

ASSEMBLED = pa.schema(
    [
        ("frames", pa.list_(pa.struct([("contributes", pa.bool_()), ("hint", _WORD)]))),
        ("contributes", pa.bool_()),
        ("hint", _WORD),
        ("invert_stacktrace", pa.bool_()),
    ]
)
"""What `assemble` answers with."""

PREVIEWED = pa.schema(
    [
        ("changed", pa.bool_()),
        ("frames", pa.int32()),
        ("changed_frames", pa.int32()),
        ("in_app", pa.int32()),
        ("category", pa.int32()),
        ("contributes", pa.int32()),
        ("grouping", pa.bool_()),
    ]
)
"""What `preview` answers with."""


def apply(rules: Enhancements, stacktraces: Any, *, threads: int = 1) -> pa.RecordBatch | pa.Table:
    """Set `in_app` and category of all frames, as the rules say.

    Args:
        rules: The rules.
        stacktraces: A batch or a stream of stack traces; see above.
        threads: How many threads do the work, at least 1.

    Returns:
        A row for each stack trace, with the columns of `APPLIED`: `category` and `in_app`, each
        a list as long as `frames`.

    Raises:
        SchemaError: A column is missing or of another type; the message names it.
        TypeError: A text is not UTF-8, or `stacktraces` is nothing of Arrow's.
        LimitError: A stack trace has more frames than allowed.
    """
    return _ask(lib.ophio_enhancements_apply_arrow, (rules._ptr,), stacktraces, threads)


def assemble(
    rules: Enhancements, stacktraces: Any, *, threads: int = 1
) -> pa.RecordBatch | pa.Table:
    """Decide which frames count for grouping, and which stack traces.

    Frames are looked at as they are: to group by what `apply` says, ask about frames with its
    answers in them. Where frames have a field `contributes`, a frame counts to begin with as
    that says; else it does if it is in-app.

    Args:
        rules: The rules.
        stacktraces: A batch or a stream of stack traces; see above.
        threads: How many threads do the work, at least 1.

    Returns:
        A row for each stack trace, with the columns of `ASSEMBLED`: `frames`, a list of
        `contributes` and `hint` for each frame, and `contributes`, `hint` and
        `invert_stacktrace` of the stack trace itself.

    Raises:
        SchemaError: A column is missing or of another type; the message names it.
        TypeError: A text is not UTF-8, or `stacktraces` is nothing of Arrow's.
        LimitError: A stack trace has more frames than allowed.
    """
    return _ask(lib.ophio_enhancements_assemble_arrow, (rules._ptr,), stacktraces, threads)


def preview(
    old_rules: Enhancements, new_rules: Enhancements, stacktraces: Any, *, threads: int = 1
) -> pa.RecordBatch | pa.Table:
    """Tell for each stack trace what changes if one rule set takes the place of another.

    Both questions are asked with both rule sets, as `sentry_ophio.enhancers.preview` does,
    which adds up the same numbers and lists the responsible rules.

    Args:
        old_rules: The present rules.
        new_rules: The rules that would replace them.
        stacktraces: A batch or a stream of stack traces, with frames as they were before any
            rule; see above.
        threads: How many threads do the work, at least 1.

    Returns:
        A row for each stack trace, with the columns of `PREVIEWED`: `changed`; how many
        `frames` it has, how many change at all, and in what; and `grouping`, whether it counts
        that did not, or the other way round, or is inverted.

    Raises:
        SchemaError: A column is missing or of another type; the message names it.
        TypeError: A text is not UTF-8, or `stacktraces` is nothing of Arrow's.
        LimitError: A stack trace has more frames than allowed.
    """
    return _ask(
        lib.ophio_enhancements_preview_arrow, (old_rules._ptr, new_rules._ptr), stacktraces, threads
    )


def preview_report(
    old_rules: Enhancements,
    new_rules: Enhancements,
    stacktraces: Any,
    *,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Report:
    r"""Add up what changes if one rule set takes the place of another.

    These are the numbers of `sentry_ophio.enhancers.preview`, for stack traces in columns:

        >>> from sentry_ophio import arrow
        >>> from sentry_ophio.enhancers import Cache, Enhancements
        >>> old = Enhancements.parse("function:log_* -app", Cache(0))
        >>> new = Enhancements.parse("function:log_* -app\npath:**/vendor/** -app", Cache(0))
        >>> batch = arrow.batch([{"frames": [{"path": "/a/vendor/b.py", "in_app": True}]}])
        >>> report = arrow.preview_report(old, new, batch)
        >>> report.in_app, report.responsible[0].rule.text
        (1, 'path:**/vendor/** -app')

    Args:
        old_rules: The present rules.
        new_rules: The rules that would replace them.
        stacktraces: A batch or a stream of stack traces, with frames as they were before any
            rule; see above. Of a stream, one batch at a time is in memory.
        threads: How many threads do the work, at least 1.
        progress: Called now and then with how many rows were compared so far.

    Returns:
        The numbers, and the rules that have to do with them. Rows that are null are counted
        nowhere.

    Raises:
        SchemaError: A column is missing or of another type; the message names it.
        TypeError: A text is not UTF-8, or `stacktraces` is nothing of Arrow's.
        LimitError: A stack trace has more frames than allowed.
    """
    threads = checked_threads(threads)
    with Comparison(old_rules, new_rules) as comparing:
        done = 0
        for part in _parts(_taken(stacktraces)):
            for count in compare_batch(comparing, part, threads):
                done += count
                if progress is not None:
                    progress(done)
        return comparing.report()


def compare_batch(comparing: Comparison, rows: pa.RecordBatch, threads: int) -> Iterator[int]:
    """Add a batch to a comparison, and yield after each step of how many rows it was."""
    for start in range(0, max(rows.num_rows, 1), _STEP):
        step = rows.slice(start, _STEP)
        structs = _Structs()
        structs.put(step)
        comparing.add_arrow(structs.array, structs.schema, threads)
        yield step.num_rows


def batch(stacktraces: Iterable[Mapping[str, Any]]) -> pa.RecordBatch:
    """Make a batch of Python objects: for tests, and for a few stack traces.

    Args:
        stacktraces: Mappings with `frames`, a list of mappings, and `exception`, a mapping;
            what is left out is null. Texts are `str`, or bytes of UTF-8.

    Returns:
        A batch with the columns of `SCHEMA`.

    Raises:
        pyarrow.ArrowInvalid, pyarrow.ArrowTypeError: A value has another type.
    """
    return pa.RecordBatch.from_pylist(list(stacktraces), schema=SCHEMA)


def batches(stacktraces: Any) -> Iterator[pa.RecordBatch]:
    """Go through what Arrow data consists of, batch by batch.

    Args:
        stacktraces: What has `__arrow_c_array__` or `__arrow_c_stream__`.

    Yields:
        Its batches; one for an array.

    Raises:
        TypeError: It is nothing of Arrow's.
    """
    found = _taken(stacktraces)
    yield from (found,) if isinstance(found, pa.RecordBatch) else found


def events_to_arrow(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    rows: int = 10_000,
    skip: Callable[[EventError | OSError], object] | None = None,
) -> pa.RecordBatchReader:
    """Make batches of Sentry events.

        >>> import json, pathlib, tempfile
        >>> from sentry_ophio import arrow
        >>> event = {"event_id": "b1", "stacktrace": {"frames": [{"function": "main"}]}}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "events.ndjson").write_text(json.dumps(event), "utf-8")
        ...     table = arrow.events_to_arrow(folder).read_all()
        >>> table["event_id"].to_pylist(), table["place"].to_pylist()
        (['b1'], ['stacktrace'])

    Args:
        files: Files with the JSON of an event (`.json`), files with an event a line (`.ndjson`,
            `.jsonl`), both also with gzip (`.gz`), folders of such files, or several of these.
        rows: How many stack traces a batch has at most. It has fewer, too, where those take
            64 MiB: so much is in memory at a time.
        skip: Called with the error of each event and file that cannot be used. The others are
            still read; without it, reading ends there.

    Returns:
        Batches with the columns of `EVENTS`, a row for each stack trace. Files are read as
        batches are asked for: `event_id` is null where an event has none, and `place` is where
        the stack trace was in it, such as `exception.values[0]`.

    Raises:
        ValueError: `rows` is less than 1.
        TypeError: `files` has something else in it than paths.
        EventError: While reading: a document is not an event. The message names file and line.
        OSError: While reading: a file cannot be read.
    """
    return reader(files, EVENTS, rows, skip)


def parameterize(
    column: Any, parameterizer: Parameterizer | None = None
) -> pa.Array | pa.ChunkedArray:
    """Replace ids, dates and numbers in a column of texts by their kind.

        >>> import pyarrow as pa
        >>> from sentry_ophio import arrow
        >>> arrow.parameterize(pa.array(["took 15ms", None])).to_pylist()
        ['took <duration>', None]

    Args:
        column: What has `__arrow_c_array__` or `__arrow_c_stream__`: an array or a column of
            pyarrow, a series of polars. Its texts are `utf8`, also large, as a view, or in a
            dictionary, whose values are replaced once each.
        parameterizer: What replaces; without it, the default patterns of
            [`sentry_ophio.parameterization`][].

    Returns:
        A column of the same type and length, null where `column` is null: an array for an
        array, and a chunked array otherwise. A dictionary has each text once.

    Raises:
        SchemaError: The column is of another type.
        InvalidUtf8Error: A text is not UTF-8.
        LimitError: A text is longer than the parameterizer allows, or takes too many steps. The
            message has the number of the row.
        TypeError: `column` is not an Arrow object, or `parameterizer` is of another type.
    """
    return _parameterize(column, parameterizer)


def _taken(stacktraces: Any) -> pa.RecordBatch | pa.RecordBatchReader:
    """Make pyarrow's object of anybody's. Nothing is copied."""
    if isinstance(stacktraces, (pa.RecordBatch, pa.RecordBatchReader)):
        return stacktraces
    try:
        # What can be a stream is one, also where it could be an array as well: a table in
        # several pieces would have to be copied to be one array.
        if hasattr(stacktraces, "__arrow_c_stream__"):
            return pa.RecordBatchReader.from_stream(stacktraces)
        if hasattr(stacktraces, "__arrow_c_array__"):
            return pa.record_batch(stacktraces)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SchemaError(f"expected rows with the columns frames and exception: {error}") from None
    raise ArgumentTypeError(
        "stacktraces must be an object with __arrow_c_array__ or __arrow_c_stream__,"
        f" not {type(stacktraces).__name__}"
    )


def _ask(
    function: Callable[..., int], rules: tuple[CData, ...], stacktraces: Any, threads: int
) -> pa.RecordBatch | pa.Table:
    threads = checked_threads(threads)
    taken = _taken(stacktraces)
    answers = [_ask_batch(function, rules, part, threads) for part in _parts(taken)]
    return answers[0] if isinstance(taken, pa.RecordBatch) else pa.Table.from_batches(answers)


def _parts(taken: pa.RecordBatch | pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """Yield at least one batch: a stream of nothing has a schema, which is to be checked."""
    if isinstance(taken, pa.RecordBatch):
        yield taken
        return
    part = None
    for part in taken:
        yield part
    if part is None:
        yield pa.RecordBatch.from_pylist([], schema=taken.schema)


def _ask_batch(
    function: Callable[..., int], rules: tuple[CData, ...], rows: pa.RecordBatch, threads: int
) -> pa.RecordBatch:
    structs = _Structs()
    structs.put(rows)
    answer = _Structs()
    status = function(*rules, structs.array, structs.schema, threads, answer.array, answer.schema)
    if status:
        raise error_for(status)
    return answer.take()


class _Structs:
    """Room for the two structs of the Arrow C Data Interface.

    The library moves the array out of them before anything else, whatever then happens, so
    there is nothing to release here.
    """

    __slots__ = ("_room", "array", "schema")

    # Nine and ten words: room that is aligned, and filled with zeros, as a released array is.
    def __init__(self) -> None:
        self._room = ffi.new("uint64_t[19]")
        self.schema = ffi.cast("ArrowSchema *", self._room)
        self.array = ffi.cast("ArrowArray *", self._room + 9)

    def put(self, rows: pa.RecordBatch) -> None:
        """Export the columns that the library looks at; it need not understand others."""
        names = [name for name in ("frames", "exception") if name in rows.schema.names]
        for name in names:
            if rows.schema.names.count(name) > 1:
                raise SchemaError(f"column `{name}`: there are several of that name")
        wanted = rows.select(names)
        try:
            # Half a microsecond. Data from a file is not validated yet, and the interface does not
            # pass the length of a buffer: the last offset is used instead.
            wanted.validate()
        except pa.ArrowInvalid as error:
            raise SchemaError(f"the columns are corrupt: {error}") from None
        array, schema = self._addresses()
        wanted._export_to_c(array, schema)

    def take(self) -> pa.RecordBatch:
        """Import what the library has put here."""
        return pa.RecordBatch._import_from_c(*self._addresses())

    def _addresses(self) -> tuple[int, int]:
        return int(ffi.cast("uintptr_t", self.array)), int(ffi.cast("uintptr_t", self.schema))
