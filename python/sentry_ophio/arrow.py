"""Applies rules to Arrow data: a row is a stack trace, and a batch is one call.

The functions read the columns of record batches, tables and data frames in place, without creating
a Python object for a frame:

    >>> import pyarrow as pa
    >>> from sentry_ophio import arrow
    >>> from sentry_ophio.enhancers import Cache, Enhancements
    >>> rules = Enhancements.parse("path:**/vendor/** -app category=vendor", Cache(0))
    >>> batch = arrow.batch([{"frames": [{"path": "/a/vendor/b.py", "in_app": True}]}])
    >>> arrow.apply(rules, batch).to_pylist()
    [{'category': ['vendor'], 'in_app': [False]}]

A batch has two columns; other columns are ignored:

    frames     list<struct<category, family, function, module, package, path: text,
                           in_app: bool, orig_in_app: int8>>
    exception  struct<ty, value, mechanism: text>

A text is `utf8` or `binary`, also large, as a view, or in a dictionary. A missing value is null.
`SCHEMA` is such a schema. `batch` makes a batch from Python objects, and `events_to_arrow` makes
batches from Sentry events. `sentry_ophio.enhancers` describes frames: paths are in lower case with
slashes. `fingerprints` reads events as JSON, too.

The functions accept every object with `__arrow_c_array__` or `__arrow_c_stream__`: record batches
and tables of pyarrow, data frames of polars, relations of duckdb, arrays of nanoarrow. The
result for a batch is a `pyarrow.RecordBatch`. The result for a stream or a table is a
`pyarrow.Table` with a chunk for each input batch. It has a row for each input row, in order,
and null for a null row.

Data may be corrupt, as in a damaged file: objects of pyarrow are validated before they are read,
and each offset, key and text as it is read. What another library passes by the interface is
trusted in one point, because the interface has no lengths of buffers: that they are as long as the
last offset says. A stream that pyarrow cannot read raises pyarrow's error.

The module needs pyarrow: `pip install 'sentry-ophio[arrow]'`.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Callable

from sentry_ophio._arguments import checked_items, checked_threads, type_error
from sentry_ophio._ffi import error_for, ffi, lib
from sentry_ophio._pack import EXCEPTION_FIELDS, FRAME_FIELDS
from sentry_ophio._preview import Comparison
from sentry_ophio._rule_set import Enhancements
from sentry_ophio.exceptions import (
    ArgumentTypeError,
    InvalidArgumentError,
    MissingDependencyError,
    SchemaError,
)

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

    from sentry_ophio._fingerprint_variables import Unknown
    from sentry_ophio.enhancers import Report
    from sentry_ophio.exceptions import EventError
    from sentry_ophio.fingerprints import FingerprintRules
    from sentry_ophio.parameterization import Parameterizer

__all__ = [
    "APPLIED",
    "ASSEMBLED",
    "EVENTS",
    "MATCHED",
    "PREVIEWED",
    "SCHEMA",
    "apply",
    "assemble",
    "batch",
    "batches",
    "events_to_arrow",
    "fingerprints",
    "parameterize",
    "preview",
    "preview_report",
]

# `preview_report` reports its progress after this many rows of a batch. A slice is not a copy.
_STEP = 10_000

# A field that is not here is a text.
_TYPES = {"in_app": pa.bool_(), "orig_in_app": pa.int8()}

SCHEMA = pa.schema(
    [
        (
            "frames",
            pa.list_(pa.struct([(name, _TYPES.get(name, pa.string())) for name in FRAME_FIELDS])),
        ),
        ("exception", pa.struct([(name, pa.string()) for name in EXCEPTION_FIELDS])),
    ]
)
"""The columns that a batch must have, with texts as `utf8`."""

EVENTS = pa.schema(
    [
        ("event_id", pa.string()),
        ("place", pa.string()),
        (
            "frames",
            pa.list_(
                pa.struct([*SCHEMA.field("frames").type.value_type, ("repeats", pa.bool_())]),
            ),
        ),
        SCHEMA.field("exception"),
    ]
)
"""The columns of `events_to_arrow`: the same, the origin of a stack trace, and for each frame
whether it repeats the frame before it."""

_WORD = pa.dictionary(pa.int32(), pa.string())

APPLIED = pa.schema([("category", pa.list_(_WORD)), ("in_app", pa.list_(pa.bool_()))])
"""The type of the result of `apply`."""

ASSEMBLED = pa.schema(
    [
        ("frames", pa.list_(pa.struct([("contributes", pa.bool_()), ("hint", _WORD)]))),
        ("contributes", pa.bool_()),
        ("hint", _WORD),
        ("invert_stacktrace", pa.bool_()),
    ]
)
"""The type of the result of `assemble`."""

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
"""The type of the result of `preview`."""

MATCHED = pa.schema(
    [("rule", pa.int32()), ("resolved", pa.list_(pa.string())), ("title", pa.string())]
)
"""What `fingerprints` answers with."""

# What `fingerprints` looks at, if it is there, besides the columns of `SCHEMA`.
OF_EVENT = "platform", "level", "logger", "release", "transaction", "message", "sdk", "tags"
_EVENT = (*SCHEMA.names, *OF_EVENT)


def apply(rules: Enhancements, stacktraces: Any, *, threads: int = 1) -> pa.RecordBatch | pa.Table:
    """Apply the rules to all frames: compute their `in_app` and category.

    Args:
        rules: The rules.
        stacktraces: A batch or a stream of stack traces; see above.
        threads: The number of threads, at least 1.

    Returns:
        A row for each stack trace, with the columns of `APPLIED`: `category` and `in_app`, each
        a list as long as `frames`.

    Raises:
        SchemaError: A column is missing or of another type; the message names it.
        TypeError: A text is not UTF-8, or `stacktraces` is not an Arrow object.
        LimitError: A stack trace has more frames than allowed.
    """
    ptr = Enhancements._pointer("rules", rules)
    return _ask(lib.ophio_enhancements_apply_arrow, (ptr,), stacktraces, threads)


def assemble(
    rules: Enhancements, stacktraces: Any, *, threads: int = 1
) -> pa.RecordBatch | pa.Table:
    """Decide which frames count for grouping, and which stack traces.

    The frames are used unchanged: to group by the results of `apply`, first write these results
    into the frames. The initial `contributes` of a frame is its field `contributes`, if the
    frames have this field, or else `in_app`.

    Args:
        rules: The rules.
        stacktraces: A batch or a stream of stack traces; see above.
        threads: The number of threads, at least 1.

    Returns:
        A row for each stack trace, with the columns of `ASSEMBLED`: `frames`, a list of
        `contributes` and `hint` for each frame, and `contributes`, `hint` and
        `invert_stacktrace` of the stack trace itself.

    Raises:
        SchemaError: A column is missing or of another type; the message names it.
        TypeError: A text is not UTF-8, or `stacktraces` is not an Arrow object.
        LimitError: A stack trace has more frames than allowed.
    """
    ptr = Enhancements._pointer("rules", rules)
    return _ask(lib.ophio_enhancements_assemble_arrow, (ptr,), stacktraces, threads)


def preview(
    old_rules: Enhancements, new_rules: Enhancements, stacktraces: Any, *, threads: int = 1
) -> pa.RecordBatch | pa.Table:
    """Compare the results of two rule sets for each stack trace.

    Both rule sets run both passes, as in `sentry_ophio.enhancers.preview`, which sums up the same
    numbers and lists the responsible rules.

    Args:
        old_rules: The present rules.
        new_rules: The rules that would replace them.
        stacktraces: A batch or a stream of stack traces, with frames to which no rules were
            applied; see above.
        threads: The number of threads, at least 1.

    Returns:
        A row for each stack trace, with the columns of `PREVIEWED`: `changed`; how many
        `frames` it has, how many change at all, and in what; and `grouping`, whether the result for
        the stack trace as a whole differs.

    Raises:
        SchemaError: A column is missing or of another type; the message names it.
        TypeError: A text is not UTF-8, or `stacktraces` is not an Arrow object.
        LimitError: A stack trace has more frames than allowed.
    """
    old = Enhancements._pointer("old_rules", old_rules)
    new = Enhancements._pointer("new_rules", new_rules)
    return _ask(lib.ophio_enhancements_preview_arrow, (old, new), stacktraces, threads)


def preview_report(
    old_rules: Enhancements,
    new_rules: Enhancements,
    stacktraces: Any,
    *,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Report:
    r"""Compare the results of two rule sets, and sum up the changes.

    The report is the same as that of `sentry_ophio.enhancers.preview`, for stack traces in columns:

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
        stacktraces: A batch or a stream of stack traces, with frames to which no rules were
            applied; see above. For a stream, one batch at a time is in memory.
        threads: The number of threads, at least 1.
        progress: Called regularly with the number of rows compared so far.

    Returns:
        The numbers, and the effect of each rule. Null rows are not counted.

    Raises:
        SchemaError: A column is missing or of another type; the message names it.
        TypeError: A text is not UTF-8, or `stacktraces` is not an Arrow object.
        LimitError: A stack trace has more frames than allowed.
    """
    threads = checked_threads(threads)
    with Comparison(old_rules, new_rules) as comparing:
        done = 0
        for part in _parts(_import_rows(stacktraces)):
            for count in compare_batch(comparing, part, threads):
                done += count
                if progress is not None:
                    progress(done)
        return comparing.report()


def compare_batch(comparing: Comparison, rows: pa.RecordBatch, threads: int) -> Iterator[int]:
    """Add a batch to a comparison, and yield the number of rows after each step."""
    for start in range(0, max(rows.num_rows, 1), _STEP):
        step = rows.slice(start, _STEP)
        structs = _Structs()
        structs.put(step)
        comparing.add_arrow(structs.array, structs.schema, threads)
        yield step.num_rows


def batch(stacktraces: Iterable[Mapping[str, Any]]) -> pa.RecordBatch:
    """Make a batch from Python objects, for tests and for a few stack traces.

    Args:
        stacktraces: Mappings with `frames`, a list of mappings, and `exception`, a mapping;
            missing keys are null. Texts are `str`, or bytes of UTF-8.

    Returns:
        A batch with the columns of `SCHEMA`.

    Raises:
        TypeError: Something is no mapping, or a value has another type.
        ValueError: A value cannot be converted to the type of its column.
    """
    # A copy: pyarrow takes it badly if the caller's code changes what it reads.
    frame, exception = (each.name for each in SCHEMA)
    rows = []
    for row in checked_items("stacktraces", "mappings", stacktraces):
        if not hasattr(row, "get"):
            raise type_error("an item of stacktraces", "a mapping", row)
        rows.append(
            {
                frame: _listed(row.get(frame)),
                exception: _fields_of(row.get(exception), SCHEMA.field(exception).type),
            }
        )
    try:
        return pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
    except (pa.ArrowTypeError, pa.ArrowInvalid, OverflowError) as error:
        kind = ArgumentTypeError if isinstance(error, TypeError) else InvalidArgumentError
        raise kind(f"stacktraces must have values as in SCHEMA: {error}") from None


def _listed(frames: Any) -> list[dict[str, Any] | None] | None:
    if frames is None:
        return None
    fields = SCHEMA.field("frames").type.value_type
    return [_fields_of(frame, fields) for frame in checked_items("frames", "mappings", frames)]


def _fields_of(value: Any, fields: pa.StructType) -> dict[str, Any] | None:
    if value is None:
        return None
    if not hasattr(value, "get"):
        raise type_error("a frame or an exception", "a mapping", value)
    return {each.name: value.get(each.name) for each in fields}


def batches(stacktraces: Any) -> Iterator[pa.RecordBatch]:
    """Yield the batches of Arrow data.

    Args:
        stacktraces: An object with `__arrow_c_array__` or `__arrow_c_stream__`.

    Yields:
        Its batches; one for an array.

    Raises:
        TypeError: It is not an Arrow object.
    """
    yield from _in_batches(_import_rows(stacktraces))


def events_to_arrow(
    files: str | PathLike[str] | Iterable[str | PathLike[str]],
    *,
    rows: int = 10_000,
    skip: Callable[[EventError | OSError], object] | None = None,
) -> pa.RecordBatchReader:
    """Convert Sentry events to batches.

        >>> import json, pathlib, tempfile
        >>> from sentry_ophio import arrow
        >>> event = {"event_id": "b1", "stacktrace": {"frames": [{"function": "main"}]}}
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = pathlib.Path(folder, "events.ndjson").write_text(json.dumps(event), "utf-8")
        ...     table = arrow.events_to_arrow(folder).read_all()
        >>> table["event_id"].to_pylist(), table["place"].to_pylist()
        (['b1'], ['stacktrace'])

    Args:
        files: Files with one event as JSON (`.json`), files with one event per line (`.ndjson`,
            `.jsonl`), both also with gzip (`.gz`), folders of such files, or several of these.
        rows: The maximum number of stack traces in a batch. A batch has fewer if they reach 64 MiB,
            so memory is limited.
        skip: Called with the error of each event and file that cannot be used; these are skipped.
            Without it, the first error is raised.

    Returns:
        Batches with the columns of `EVENTS`, a row for each stack trace. Files are read lazily.
        `event_id` is null if an event has none, and `place` is the path of the stack trace in the
        event, such as `exception.values[0]`.

    Raises:
        ValueError: `rows` is less than 1.
        TypeError: `files` has an item that is not a path.
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
        column: An object with `__arrow_c_array__` or `__arrow_c_stream__`: an array or a column of
            pyarrow, a series of polars. Its texts are `utf8`, also large, as a view, or in a
            dictionary, of which each value is replaced once.
        parameterizer: The patterns; without it, the default patterns of
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


def fingerprints(
    events: Any, rules: FingerprintRules, *, unknown: Unknown = "keep", threads: int = 1
) -> pa.RecordBatch | pa.Table:
    r"""Find for each event the first fingerprint rule that matches it.

        >>> import pyarrow as pa
        >>> from sentry_ophio import arrow
        >>> from sentry_ophio.fingerprints import FingerprintRules
        >>> rules = FingerprintRules.parse("level:fatal -> a, {{ logger }}")
        >>> events = pa.array(['{"level": "info"}', '{"level": "fatal", "logger": "x"}', None])
        >>> arrow.fingerprints(events, rules).column("resolved").to_pylist()
        [None, ['a', 'x'], None]

    Args:
        events: What has `__arrow_c_array__` or `__arrow_c_stream__`. A column of texts has an
            event as JSON in each row. A batch or a stream has the columns `frames` and
            `exception` that `events_to_arrow` makes, so a row is one stack trace of an event. It
            can have more of the event: `platform`, `level`, `logger`, `release`, `transaction`,
            `message` (that of the log entry) and `sdk` (its name), all texts, and `tags`, a map
            of texts. What has no column is missing, as in an event without it.
        rules: The rules.
        unknown: As for `sentry_ophio.fingerprints.FingerprintRules.match`.
        threads: How many threads do the work, at least 1.

    Returns:
        A row for each event, with the columns of `MATCHED`: `rule`, the index of the rule,
        `resolved`, its fingerprint with the variables filled in, and `title`, its title with the
        variables filled in. They are null where no rule matches, and for an event that is null.
        A `pyarrow.RecordBatch` for an array or a batch, and otherwise a `pyarrow.Table`.

    Raises:
        SchemaError: A column is missing or of another type; the message names it.
        EventError: A row is not an event; the message has the row, from 0 in its batch, and says
            what is wrong, and where.
        LimitError: An event has more frames than the limit.
        TypeError: `events` is not an Arrow object, or `rules` is of another type.
        ValueError: `unknown` has another value.
    """
    # Not at the top: who applies stack trace rules does not need it.
    from sentry_ophio._fingerprint_variables import unknown_number  # noqa: PLC0415
    from sentry_ophio.fingerprints import FingerprintRules  # noqa: PLC0415

    if not isinstance(rules, FingerprintRules):
        raise type_error("rules", "FingerprintRules", rules)
    number = unknown_number(unknown)
    threads = checked_threads(threads)

    ptr = rules._ptr

    def call(rows: _Structs, answer: _Structs) -> int:
        arrays = rows.array, rows.schema, number, threads, answer.array, answer.schema
        return lib.ophio_fingerprints_match_arrow(ptr, *arrays)

    imported = _import_events(events)
    if isinstance(imported, (pa.RecordBatch, pa.Array)):
        return _answer_to(call, imported, _EVENT)
    parts = imported.chunks if isinstance(imported, pa.ChunkedArray) else _parts(imported)
    answers = [_answer_to(call, part, _EVENT) for part in parts]
    return pa.Table.from_batches(answers, MATCHED)


def _import_events(
    events: Any,
) -> pa.RecordBatch | pa.RecordBatchReader | pa.Array | pa.ChunkedArray:
    """Convert any Arrow object to one of pyarrow, without a copy."""
    if isinstance(events, (pa.Array, pa.ChunkedArray)):
        return _import_rows(events, "events") if pa.types.is_struct(events.type) else events
    try:
        return _import_rows(events, "events")
    except SchemaError as error:
        # A stream whose values are not structs is a column.
        try:
            return pa.chunked_array(events)
        except (AttributeError, TypeError, pa.ArrowInvalid):
            raise error from None


def _import_rows(
    rows: Any, name: str = "stacktraces"
) -> pa.RecordBatch | pa.RecordBatchReader | pa.Table:
    """Convert any Arrow object to one of pyarrow, without a copy.

    An object of pyarrow stays as it is: its buffers have lengths, which the interface does not
    pass. So corrupt data, as from a damaged file, is recognised before it is read.
    """
    if isinstance(rows, (pa.RecordBatch, pa.RecordBatchReader, pa.Table)):
        return rows
    try:
        if isinstance(rows, pa.StructArray):
            return _batch_of(rows)
        if isinstance(rows, pa.ChunkedArray) and pa.types.is_struct(rows.type):
            parts = [_batch_of(chunk) for chunk in rows.chunks]
            return pa.Table.from_batches(parts, pa.schema(list(rows.type)))
        # An object that can be a stream or an array is read as a stream: a table with several
        # chunks would have to be copied to one array.
        if hasattr(rows, "__arrow_c_stream__"):
            return pa.RecordBatchReader.from_stream(rows)
        if hasattr(rows, "__arrow_c_array__"):
            return pa.record_batch(rows)
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise SchemaError(f"expected rows with the columns frames and exception: {error}") from None
    raise type_error(name, "an object with __arrow_c_array__ or __arrow_c_stream__", rows)


def _batch_of(structs: pa.StructArray) -> pa.RecordBatch:
    structs.validate()
    return pa.RecordBatch.from_struct_array(structs)


def _ask(
    function: Callable[..., int], rules: tuple[CData, ...], stacktraces: Any, threads: int
) -> pa.RecordBatch | pa.Table:
    threads = checked_threads(threads)

    def call(rows: _Structs, answer: _Structs) -> int:
        arrays = rows.array, rows.schema, threads, answer.array, answer.schema
        return function(*rules, *arrays)

    imported = _import_rows(stacktraces)
    answers = [_answer_to(call, part) for part in _parts(imported)]
    return answers[0] if isinstance(imported, pa.RecordBatch) else pa.Table.from_batches(answers)


def _in_batches(imported: pa.RecordBatch | pa.RecordBatchReader | pa.Table) -> Any:
    if isinstance(imported, pa.RecordBatch):
        return (imported,)
    return imported.to_batches() if isinstance(imported, pa.Table) else imported


def _parts(imported: pa.RecordBatch | pa.RecordBatchReader | pa.Table) -> Iterator[pa.RecordBatch]:
    """Yield at least one batch, so that the schema of an empty stream is checked."""
    part = None
    for part in _in_batches(imported):
        yield part
    if part is None:
        try:
            yield pa.RecordBatch.from_pylist([], schema=imported.schema)
        except UnicodeDecodeError:
            # pyarrow decodes names only when it makes arrays of them.
            raise SchemaError("the name of a column is not UTF-8") from None


def _answer_to(
    call: Callable[[_Structs, _Structs], int],
    rows: pa.RecordBatch | pa.Array,
    columns: Iterable[str] = SCHEMA.names,
) -> pa.RecordBatch:
    structs = _Structs()
    structs.put(rows, columns)
    answer = _Structs()
    status = call(structs, answer)
    if status:
        raise error_for(status)
    return answer.take()


_NOTHING = pa.nulls(0)

_address_in = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


class _Structs:
    """The two structs of the Arrow C Data Interface, with an owner.

    The library moves the array out of them, and pyarrow moves the answer. If a signal handler
    raises before that, the capsules release what is still there. They are those of pyarrow: their
    destructors run no Python code, so no handler runs in them.
    """

    __slots__ = ("_owners", "array", "schema")

    def __init__(self) -> None:
        self._owners = schema, array = _NOTHING.__arrow_c_array__()
        self.schema = ffi.cast("ArrowSchema *", _address_in(schema, b"arrow_schema"))
        self.array = ffi.cast("ArrowArray *", _address_in(array, b"arrow_array"))
        # What is imported is moved: both structs are now as after a release.
        pa.Array._import_from_c(*self._addresses())

    def put(self, rows: pa.RecordBatch | pa.Array, columns: Iterable[str] = SCHEMA.names) -> None:
        """Export the columns that the library reads. It need not support the types of others."""
        if isinstance(rows, pa.RecordBatch):
            names = [name for name in columns if name in rows.schema.names]
            for name in names:
                if rows.schema.names.count(name) > 1:
                    raise SchemaError(f"column `{name}`: there are several of that name")
            rows = rows.select(names)
            # Microseconds. Data from a file is not validated yet, and the interface does not pass
            # the length of a buffer: the last offset is used instead. The library checks all
            # others, keys and UTF-8 as it reads them.
            for name, column in zip(names, rows.columns):
                try:
                    column.validate()
                except pa.ArrowInvalid as error:
                    raise SchemaError(f"column `{name}` is corrupt: {error}") from None
        try:
            rows.validate()
        except pa.ArrowInvalid as error:
            raise SchemaError(f"the columns are corrupt: {error}") from None
        array, schema = self._addresses()
        rows._export_to_c(array, schema)

    def take(self) -> pa.RecordBatch:
        """Import the array that the library moved here."""
        return pa.RecordBatch._import_from_c(*self._addresses())

    def _addresses(self) -> tuple[int, int]:
        return int(ffi.cast("uintptr_t", self.array)), int(ffi.cast("uintptr_t", self.schema))
