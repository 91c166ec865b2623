"""Rules over Arrow data: the same answers as frame by frame, from every kind of column."""

from __future__ import annotations

import gc
import json
import os
import threading
from typing import TYPE_CHECKING, Any, Callable

import pytest
from conftest import run_program

pa = pytest.importorskip("pyarrow")

from hypothesis import given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402
from test_stacktraces import exceptions, frames  # noqa: E402

from sentry_ophio import arrow, limits  # noqa: E402
from sentry_ophio.enhancers import (  # noqa: E402
    Cache,
    Component,
    Enhancements,
    Stacktrace,
)
from sentry_ophio.enhancers import preview as preview_stacktraces  # noqa: E402
from sentry_ophio.exceptions import (  # noqa: E402
    FrameTypeError,
    InvalidArgumentError,
    LimitError,
    SchemaError,
)
from sentry_ophio.fingerprints import FingerprintRules  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

RULES = Enhancements.parse(
    "function:a +app category=x\n"
    "path:**/lib/** -app\n"
    "[ category:x ] | family:native -group\n"
    "category:own ^-group\n"
    "function:b min-frames=2 max-frames=1\n"
    "type:E +group",
    Cache(0),
)
OTHERS = Enhancements.parse("function:a -app\nfunction:b category=x", Cache(0))

rows = st.lists(
    st.none()
    | st.fixed_dictionaries({"frames": st.lists(frames, max_size=5), "exception": exceptions}),
    max_size=30,
)

LAYOUTS: dict[str, Callable[[], Any]] = {
    "utf8": pa.string,
    "binary": pa.binary,
    "large_utf8": pa.large_string,
    "large_binary": pa.large_binary,
    "utf8_view": pa.string_view,
    "binary_view": pa.binary_view,
    "dictionary": lambda: pa.dictionary(pa.int16(), pa.string()),
}


def schema(text: Any, list_of: Callable[[Any], Any] = pa.list_) -> Any:
    """Give the schema with this type for texts, and this one for lists."""
    frame = [
        (field.name, text if field.type == pa.string() else field.type)
        for field in arrow.SCHEMA.field("frames").type.value_type
    ]
    exception = [(field.name, text) for field in arrow.SCHEMA.field("exception").type]
    return pa.schema([("frames", list_of(pa.struct(frame))), ("exception", pa.struct(exception))])


def batch_of(found: list[Any], text: Any = None, list_of: Any = pa.list_) -> Any:
    """Make a batch, in which a row of None has null for its frames."""
    plain = pa.RecordBatch.from_pylist(
        [row or {"frames": None, "exception": None} for row in found], schema=schema(pa.binary())
    )
    if text is None:
        return plain
    to = schema(text, list_of)
    columns = [cast(column, field.type) for column, field in zip(plain.columns, to)]
    return pa.RecordBatch.from_arrays(columns, schema=to)


def cast(array: Any, to: Any) -> Any:
    """Cast what pyarrow's own cast does not take: structs and lists with other texts in them."""
    if pa.types.is_struct(to):
        fields = [cast(array.field(n), field.type) for n, field in enumerate(to)]
        return pa.StructArray.from_arrays(fields, fields=list(to), mask=array.is_null())
    if pa.types.is_list(to) or pa.types.is_large_list(to):
        kind = pa.LargeListArray if pa.types.is_large_list(to) else pa.ListArray
        offsets = array.offsets.cast(pa.int64() if pa.types.is_large_list(to) else pa.int32())
        return kind.from_arrays(
            offsets, cast(array.values, to.value_type), type=to, mask=array.is_null()
        )
    return (
        pa.array([None if v is None else v for v in array.to_pylist()], pa.binary())
        .cast(pa.string() if pa.types.is_dictionary(to) or pa.types.is_string_view(to) else to)
        .cast(to)
        if array.type == pa.binary()
        else array.cast(to)
    )


def applied(row: Any) -> Any:
    pairs = RULES.apply_modifications_to_frames(row["frames"], row["exception"])
    return {"category": [pair[0] for pair in pairs], "in_app": [pair[1] for pair in pairs]}


def assembled(row: Any) -> Any:
    components = [Component(frame["in_app"] is True) for frame in row["frames"]]
    result = RULES.assemble_stacktrace_component(row["frames"], row["exception"], components)
    return {
        "frames": [{"contributes": c.contributes, "hint": c.hint} for c in components],
        "contributes": result.contributes,
        "hint": result.hint,
        "invert_stacktrace": result.invert_stacktrace,
    }


def previewed(row: Any) -> Any:
    found = preview_stacktraces(RULES, OTHERS, [Stacktrace(row["frames"], row["exception"])])
    return {
        "changed": bool(found.changed_stacktraces),
        "frames": found.frames,
        "changed_frames": found.changed_frames,
        "in_app": found.in_app,
        "category": found.category,
        "contributes": found.contributes,
        "grouping": bool(found.grouping),
    }


FINGERPRINTS = FingerprintRules.parse("path:* -> a, {{ type }}")


def ask_preview(rules: Enhancements, stacktraces: Any, **options: Any) -> Any:
    return arrow.preview(rules, OTHERS, stacktraces, **options)


def ask_fingerprints(_: Enhancements, stacktraces: Any) -> Any:
    return arrow.fingerprints(stacktraces, FINGERPRINTS)


QUESTIONS = [
    pytest.param(arrow.apply, applied, arrow.APPLIED, id="apply"),
    pytest.param(arrow.assemble, assembled, arrow.ASSEMBLED, id="assemble"),
    pytest.param(ask_preview, previewed, arrow.PREVIEWED, id="preview"),
]


@pytest.mark.parametrize(("ask", "expected", "columns"), QUESTIONS)
@given(found=rows, data=st.data())
@settings(max_examples=60, deadline=None)
def test_answers_are_those_of_single_calls(
    ask: Any, expected: Any, columns: Any, found: list[Any], data: Any
) -> None:
    layout = data.draw(st.sampled_from(sorted(LAYOUTS)))
    list_of = data.draw(st.sampled_from([pa.list_, pa.large_list]))
    whole = batch_of(found, LAYOUTS[layout](), list_of)
    start = data.draw(st.integers(0, len(found)))
    answer = ask(RULES, whole.slice(start), threads=data.draw(st.integers(1, 3)))
    answer.validate(full=True)
    assert answer.schema.equals(columns)
    nothing = dict.fromkeys(columns.names)
    assert answer.to_pylist() == [expected(row) if row else nothing for row in found[start:]]


FRAME = {"function": "a", "path": "/srv/lib/a", "in_app": True}
BATCH = arrow.batch([{"frames": [FRAME, FRAME]}, {"frames": []}, {"frames": [FRAME]}])
ANSWER = [
    {"category": ["x", "x"], "in_app": [False, False]},
    {"category": [], "in_app": []},
    {"category": ["x"], "in_app": [False]},
]


class OnlyArray:
    """What has the one method."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
        return BATCH.__arrow_c_array__(requested_schema)


class OnlyStream:
    """What has the other one."""

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return pa.Table.from_batches([BATCH]).__arrow_c_stream__(requested_schema)


@pytest.mark.parametrize(
    ("stacktraces", "kind"),
    [
        pytest.param(lambda: BATCH, pa.RecordBatch, id="batch"),
        pytest.param(OnlyArray, pa.RecordBatch, id="__arrow_c_array__"),
        pytest.param(BATCH.to_struct_array, pa.RecordBatch, id="struct array"),
        pytest.param(OnlyStream, pa.Table, id="__arrow_c_stream__"),
        pytest.param(lambda: pa.Table.from_batches([BATCH[:1], BATCH[1:]]), pa.Table, id="table"),
        pytest.param(
            lambda: pa.RecordBatchReader.from_batches(BATCH.schema, [BATCH]), pa.Table, id="reader"
        ),
        pytest.param(
            lambda: BATCH.append_column("more", pa.array([{1, 2}, None, {3}], pa.list_(pa.int8()))),
            pa.RecordBatch,
            id="another column",
        ),
    ],
)
def test_whatever_speaks_arrow_is_taken(stacktraces: Any, kind: Any) -> None:
    answer = arrow.apply(RULES, stacktraces())
    assert isinstance(answer, kind)
    assert answer.to_pylist() == ANSWER


def test_a_stream_of_nothing_has_the_columns_of_an_answer() -> None:
    empty = pa.RecordBatchReader.from_batches(arrow.SCHEMA, [])
    assert arrow.apply(RULES, empty).schema == arrow.APPLIED
    wrong = pa.RecordBatchReader.from_batches(pa.schema([("a", pa.int8())]), [])
    with pytest.raises(SchemaError, match="column `frames` is missing"):
        arrow.apply(RULES, wrong)


def test_components_begin_as_the_column_contributes_says() -> None:
    told = schema(pa.string())
    frame = pa.struct([*told.field("frames").type.value_type, ("contributes", pa.bool_())])
    told = pa.schema([("frames", pa.list_(frame)), told.field("exception")])
    found = [{"frames": [{"contributes": value} for value in (True, False, None)]}]
    answer = arrow.assemble(RULES, pa.RecordBatch.from_pylist(found, schema=told))
    frames = answer.to_pylist()[0]["frames"]
    assert [frame["contributes"] for frame in frames] == [True, False, None]


def without(name: str) -> Any:
    """Give the batch without a field."""
    outer, _, inner = name.partition(".")
    if not inner:
        return BATCH.select([n for n in BATCH.schema.names if n != outer])
    return with_field(outer, inner, None)


def with_field(outer: str, inner: str, values: Any) -> Any:
    """Give the batch with other values for a field of a struct, or none."""
    column = BATCH.column(outer)
    structs = column.values if outer == "frames" else column
    fields = {field.name: structs.field(field.name) for field in structs.type}
    if values is None:
        del fields[inner]
    else:
        fields[inner] = values
    changed = pa.StructArray.from_arrays(list(fields.values()), list(fields))
    if outer == "frames":
        changed = pa.ListArray.from_arrays(column.offsets, changed)
    return BATCH.set_column(BATCH.schema.names.index(outer), outer, changed)


NUMBERS = pa.array([1, 2, 3])


@pytest.mark.parametrize(
    ("stacktraces", "message"),
    [
        (without("frames"), "column `frames` is missing: expected list<struct<category, family,"),
        (without("exception"), "column `exception` is missing: expected struct<ty, value, mechanism>"),
        (without("frames.module"), "column `frames.module` is missing: expected utf8 or binary"),
        (without("exception.ty"), "column `exception.ty` is missing: expected utf8 or binary"),
        (with_field("frames", "path", NUMBERS), "column `frames.path`: expected utf8 or binary, not Int64"),
        (with_field("frames", "in_app", NUMBERS), "column `frames.in_app`: expected bool, not Int64"),
        (with_field("frames", "orig_in_app", pa.array(["", "", ""])), "column `frames.orig_in_app`: expected int8, not Utf8"),
        (with_field("exception", "value", NUMBERS), "column `exception.value`: expected utf8 or binary, not Int64"),
        (BATCH.set_column(0, "frames", NUMBERS), "column `frames`: expected list<struct<category, family,"),
        (BATCH.set_column(1, "exception", NUMBERS), "column `exception`: expected struct<ty, value, mechanism>, not Int64"),
        (NUMBERS, "expected rows with the columns frames and exception"),
    ],
)  # fmt: skip
def test_a_wrong_schema_is_one_error_that_names_the_column(stacktraces: Any, message: str) -> None:
    for ask in (arrow.apply, arrow.assemble, ask_preview):
        with pytest.raises(SchemaError) as caught:
            ask(RULES, stacktraces)
        assert message in str(caught.value)


def test_a_column_that_is_there_twice_is_refused() -> None:
    twice = BATCH.append_column("frames", BATCH.column("frames"))
    with pytest.raises(SchemaError, match="column `frames`: there are several of that name"):
        arrow.apply(RULES, twice)
    frames = BATCH.column("frames")
    fields = [*frames.values.type, frames.values.type.field("path")]
    columns = [*frames.values.flatten(), frames.values.field("path")]
    doubled = pa.StructArray.from_arrays(columns, fields=fields)
    bad = BATCH.set_column(0, "frames", pa.ListArray.from_arrays(frames.offsets, doubled))
    with pytest.raises(SchemaError, match=r"column `frames\.path` is corrupt: there are several"):
        arrow.apply(RULES, bad)


def lying_stream() -> bytes:
    """Give a stream whose last offset of a column points outside of its texts."""
    path = "/a/path/of/thirty-six/characters.py.."
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, arrow.SCHEMA) as writer:
        writer.write_batch(arrow.batch([{"frames": [{"path": path}]}]))
    stream = sink.getvalue().to_pybytes()
    # The offsets are the last numbers before the text that they are about.
    numbers = (0).to_bytes(4, "little") + len(path).to_bytes(4, "little")
    at = stream.rindex(numbers, 0, stream.index(path.encode()))
    lie = (0).to_bytes(4, "little") + (2**31 - 1).to_bytes(4, "little")
    return bytes(stream[:at] + lie + stream[at + len(lie) :])


@pytest.mark.parametrize(
    "door",
    [
        pytest.param(lambda reader: reader, id="reader"),
        pytest.param(lambda reader: reader.read_all(), id="table"),
        pytest.param(lambda reader: reader.read_next_batch(), id="batch"),
        pytest.param(lambda reader: reader.read_all().to_reader(), id="reader of a table"),
        pytest.param(lambda reader: reader.read_all().to_struct_array(), id="chunked structs"),
        pytest.param(lambda reader: reader.read_next_batch().to_struct_array(), id="structs"),
    ],
)
def test_a_file_whose_offsets_lie_is_refused(door: Any) -> None:
    """The interface has no lengths: the last offset would be read as the length of the texts.

    As a `pyarrow.Table` it was a segmentation fault.
    """
    for ask in (arrow.apply, arrow.assemble, ask_preview, ask_fingerprints):
        with pytest.raises(
            SchemaError, match=r"(column `frames` is|expected rows .*) corrupt|Invalid"
        ):
            ask(RULES, door(pa.ipc.open_stream(lying_stream())))


# A quarter of an hour where OPHIO_LONG is set (`make soak`).
LONG_ROUNDS = 30_000 if os.environ.get("OPHIO_LONG") else 4_000


@pytest.mark.parametrize(
    ("seed", "rounds"), [(0, 200), pytest.param(1_000, LONG_ROUNDS, marks=pytest.mark.long)]
)
def test_damaged_data_is_refused_at_every_door(seed: int, rounds: int) -> None:
    """And a crash would end the process. The long form takes minutes."""
    done = run_program(
        "damaged", str(seed), str(rounds), options=["-X", "faulthandler"], timeout=3_600
    )
    assert done.returncode == 0, done.stderr[-3000:]
    counts = json.loads(done.stdout)
    doors = {name.partition(":")[0] for name in counts}
    assert len(doors) == 15, doors
    for each in doors:
        refused = [name for name in counts if name.startswith(f"{each}:") and "done" not in name]
        assert refused, each


def test_types_that_nest_deep_are_refused_and_end_nothing() -> None:
    deep = pa.int8()
    for _ in range(100):
        deep = pa.list_(deep)
    with pytest.raises(SchemaError, match="is nested more than 64 levels deep"):
        arrow.apply(RULES, with_field("frames", "deep", pa.nulls(3, deep)))


@pytest.mark.parametrize("stacktraces", [None, [{"frames": []}], b"", {"frames": []}])
def test_what_is_nothing_of_arrow_is_a_type_error(stacktraces: Any) -> None:
    with pytest.raises(TypeError, match="stacktraces must be an object with __arrow_c_array__"):
        arrow.apply(RULES, stacktraces)


@pytest.mark.parametrize("threads", [0, -1])
def test_threads_are_at_least_one(threads: int) -> None:
    with pytest.raises(InvalidArgumentError, match=f"threads must be 1 or more, not {threads}"):
        arrow.apply(RULES, BATCH, threads=threads)


def test_bad_values_are_told_with_row_and_frame() -> None:
    bad = pa.array([b"a", b"\xff", b"b"], pa.binary())
    with pytest.raises(FrameTypeError, match="row 0: frame 1: field `function`: invalid UTF-8"):
        arrow.apply(RULES, with_field("frames", "function", bad))
    with pytest.raises(FrameTypeError, match="row 2: frame 0: field `orig_in_app`"):
        arrow.assemble(RULES, with_field("frames", "orig_in_app", pa.array([0, 1, 128])))
    with pytest.raises(FrameTypeError, match="row 1: exception data: field `ty`: invalid UTF-8"):
        arrow.apply(RULES, with_field("exception", "ty", bad))


def test_a_stack_trace_has_a_limited_number_of_frames() -> None:
    before = limits.get(limits.Limit.FRAMES)
    limits.set(limits.Limit.FRAMES, 1)
    try:
        with pytest.raises(
            LimitError, match="row 0: 2 frames are too many: the limit `frames` is 1"
        ):
            arrow.apply(RULES, BATCH)
    finally:
        limits.set(limits.Limit.FRAMES, before)


def test_memory_of_arrow_is_given_back() -> None:
    """Nothing is kept by either side, on success and on failure."""
    wrong = with_field("frames", "path", NUMBERS)

    def ask() -> None:
        arrow.apply(RULES, arrow.batch([{"frames": [FRAME] * 50}] * 20))
        with pytest.raises(SchemaError):
            arrow.apply(RULES, wrong)

    ask()
    gc.collect()
    before = pa.total_allocated_bytes()
    for _ in range(50):
        ask()
    gc.collect()
    assert pa.total_allocated_bytes() == before


def test_an_answer_outlives_rules_and_question() -> None:
    rules = Enhancements.parse("function:a category=gone -group", Cache(0))
    answer = arrow.assemble(rules, arrow.batch([{"frames": [FRAME]}]))
    rules.close()
    gc.collect()
    hint = "ignored by stack trace rule (function:a category=gone -group)"
    assert answer.column("frames").to_pylist() == [[{"contributes": False, "hint": hint}]]


def test_threads_share_rules() -> None:
    expected = arrow.apply(RULES, BATCH).to_pylist()
    seen: list[Any] = []

    def ask() -> None:
        seen.extend(arrow.apply(RULES, BATCH, threads=2).to_pylist() == expected for _ in range(50))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 200


def test_columns_in_parquet_are_what_is_asked(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(pa.Table.from_batches([BATCH]), tmp_path / "a.parquet")
    for names in ([], ["frames.list.element.path"]):
        table = parquet.read_table(tmp_path / "a.parquet", read_dictionary=names)
        assert arrow.apply(RULES, table).to_pylist() == ANSWER
