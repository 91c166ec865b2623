"""Rules over Spark data frames: the same answers as without Spark, from a real cluster.

The cluster has two executors, processes of their own; an executor is killed in one of the tests.
`make test-scale` runs these: Spark is in an environment of its own.
"""

from __future__ import annotations

import doctest
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pytest
from conftest import scale, tool
from frame_fields import TEXT_FIELDS

scale("pyspark")

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from pyspark.errors import PythonException  # noqa: E402
from pyspark.sql import functions, types  # noqa: E402

from sentry_ophio import arrow, spark  # noqa: E402
from sentry_ophio.enhancers import Cache, Enhancements  # noqa: E402
from sentry_ophio.exceptions import SchemaError  # noqa: E402
from sentry_ophio.fingerprints import FingerprintRules  # noqa: E402
from sentry_ophio.parameterization import Parameterizer  # noqa: E402

EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "spark"
sys.path.insert(0, str(EXAMPLES))

import cluster  # noqa: E402
import demo  # noqa: E402
import stacktraces  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame, SparkSession

    Ask = Callable[[DataFrame], DataFrame]
    Answers = dict[str, list[Any]]

ROWS = 3_000
OLD, NEW = demo.rule_sets()


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    tool("java")
    folder = tmp_path_factory.mktemp("spark")
    # Many small tasks and batches, so that there is something to keep in order.
    options = {
        "spark__sql__files__minPartitionNum": "8",
        "spark__sql__execution__arrow__maxRecordsPerBatch": "100",
    }
    with cluster.cluster(2, folder, **options) as found:
        yield found


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return stacktraces.write(tmp_path_factory.mktemp("rows"), ROWS, files=8)


@pytest.fixture(scope="module")
def table(files: list[Path]) -> pa.Table:
    return pq.read_table(files[0].parent)


@pytest.fixture
def df(session: SparkSession, files: list[Path]) -> DataFrame:
    return session.read.parquet(str(files[0].parent))


def written(df: DataFrame, folder: Path) -> Any:
    """Write a data frame to files, and read these without Spark."""
    df.write.parquet(str(folder))
    return pq.read_table(folder).sort_by("id")


def applied(table: pa.Table) -> Answers:
    told: Answers = arrow.apply(NEW, table).to_pydict()
    return told


def assembled(table: pa.Table) -> Answers:
    rows = arrow.assemble(NEW, table).to_pylist()
    return {"grouping": [None if row["contributes"] is None else row for row in rows]}


def previewed(table: pa.Table) -> Answers:
    told: Answers = arrow.preview(OLD, NEW, table).to_pydict()
    return told


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        pytest.param(lambda df: spark.apply(NEW, df), applied, id="apply"),
        pytest.param(lambda df: spark.assemble(NEW, df), assembled, id="assemble"),
        pytest.param(lambda df: spark.preview(OLD, NEW, df), previewed, id="preview"),
    ],
)
def test_answers_are_those_without_spark(
    df: DataFrame,
    table: pa.Table,
    tmp_path: Path,
    ask: Ask,
    expected: Callable[[pa.Table], Answers],
) -> None:
    """Row for row, rows that are null too, and the columns that came in are unchanged."""
    answers = written(ask(df), tmp_path / "out")
    kept = ["id"] if expected is previewed else table.column_names
    told = table.select(kept).to_pydict() | expected(table)
    assert answers.column_names == list(told)
    for name, column in told.items():
        assert answers.column(name).to_pylist() == column
    assert answers.num_rows == ROWS
    nulls = answers.column(answers.column_names[-1]).null_count
    assert 0 < nulls < ROWS // 100


def test_other_columns_pass_through(session: SparkSession, df: DataFrame, tmp_path: Path) -> None:
    """Of any type, wherever they stand, and with names that answers have without a clash."""
    more = df.select(
        functions.timestamp_seconds("id").alias("at"),
        "exception",
        functions.create_map(functions.lit("a"), "id").alias("Tags"),
        "frames",
        (functions.col("id") / 3).cast("decimal(20, 3)").alias("Größe"),
        functions.lit(None).cast("binary").alias("nothing"),
        "id",
    )
    kept = ["at", "Tags", "Größe", "nothing", "id"]
    answers = spark.preview(OLD, NEW, more)
    assert answers.columns == [*kept, *arrow.PREVIEWED.names]
    assert answers.select(kept).schema == more.select(kept).schema
    found, told = (
        written(each.select(kept), tmp_path / name) for each, name in ((answers, "a"), (more, "b"))
    )
    assert found.equals(told)
    assert found.num_rows == ROWS
    all_kept = spark.apply(NEW, more)
    assert all_kept.columns == [*more.columns, "category", "in_app"]


def test_binary_texts_and_wide_numbers_are_taken(
    session: SparkSession, df: DataFrame, table: pa.Table, tmp_path: Path
) -> None:
    """And a field `contributes`, and one that the library does not know."""
    changed = df.select(
        "id",
        "exception",
        functions.expr(
            "transform(frames, f -> struct(cast(f.path as binary) path, cast(f.package as binary)"
            " package, 1 other, null category, cast(f.family as binary) family, cast(f.function"
            " as binary) function, f.module, f.in_app, cast(f.orig_in_app as bigint) orig_in_app,"
            " not f.in_app contributes)) frames"
        ),
    )
    found = written(spark.preview(OLD, NEW, changed), tmp_path / "out")
    assert found.select(arrow.PREVIEWED.names).to_pydict() == previewed(table)
    grouping = spark.assemble(Enhancements.empty(), changed).select("frames", "grouping")
    rows = grouping.where("frames is not null").limit(50).collect()
    assert len(rows) == 50
    for row in rows:
        told = [frame.contributes for frame in row.frames]
        assert [frame.contributes for frame in row.grouping.frames] == told


def test_a_data_frame_without_rows(df: DataFrame) -> None:
    assert spark.preview(OLD, NEW, df.limit(0)).collect() == []
    assert spark.assemble(NEW, df.where("id < 0")).collect() == []


# --- rules ----------------------------------------------------------------------------


def test_rules_are_compiled_once_a_process(session: SparkSession, df: DataFrame) -> None:
    """Not once a task, a batch, or a job: Spark's Python workers live on."""

    def counted(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        found = spark._compiled.cache_info()
        for batch in batches:
            rows = len(batch)
            yield pa.RecordBatch.from_pydict(
                {
                    "pid": [os.getpid()] * rows,
                    "compiled": [found.misses] * rows,
                    "asked": [found.misses + found.hits] * rows,
                }
            )

    def ask() -> dict[int, Any]:
        rows = df.select("id").mapInArrow(counted, "pid long, compiled long, asked long").distinct()
        return {row.pid: row for row in rows.collect()}

    # A rule set that no other test has used, so no worker has compiled it.
    rules = Enhancements.parse("function:only-here -app", Cache(0))
    before = ask()
    for _ in range(3):
        assert spark.apply(rules, df).where("category is not null").count() > ROWS // 2
    after = ask()
    assert 1 <= len(after) <= 4
    compiled = {
        pid: row.compiled - (before[pid].compiled if pid in before else 0)
        for pid, row in after.items()
    }
    asked = sum(row.asked for row in after.values()) - sum(row.asked for row in before.values())
    assert set(compiled.values()) <= {0, 1}
    assert sum(compiled.values()) >= 1
    assert asked >= 3 * 8


def test_rules_that_are_extended_later_do_not_change_an_answer(df: DataFrame) -> None:
    rules = Enhancements.empty()
    answers = spark.preview(Enhancements.empty(), rules, df)
    rules.extend_from(NEW)
    assert answers.where("changed").count() == 0
    assert spark.preview(Enhancements.empty(), rules, df).where("changed").count() > 0


# --- errors ---------------------------------------------------------------------------


def changed(name: str, kind: str) -> Ask:
    """Give a data frame in which a field, or a column, has another type."""
    outer, _, inner = name.partition(".")

    def change(df: DataFrame) -> DataFrame:
        if not inner:
            return df.withColumn(outer, functions.lit(None).cast(kind))
        if outer == "exception":
            value = functions.col(outer).withField(inner, functions.lit(None).cast(kind))
        else:
            value = functions.transform(
                outer, lambda frame: frame.withField(inner, functions.lit(None).cast(kind))
            )
        return df.withColumn(outer, value)

    return change


def without(name: str) -> Ask:
    outer, _, inner = name.partition(".")

    def change(df: DataFrame) -> DataFrame:
        if not inner:
            return df.drop(outer)
        if outer == "exception":
            return df.withColumn(outer, functions.col(outer).dropFields(inner))
        return df.withColumn(
            outer, functions.transform(outer, lambda frame: frame.dropFields(inner))
        )

    return change


FRAMES = "array<struct<category, family, function, module, package, path, in_app, orig_in_app>>"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (without("frames"), f"column `frames` is missing: expected {FRAMES}"),
        (without("exception"), "column `exception` is missing: expected struct<ty, value, mechanism>"),
        (without("frames.module"), "column `frames.module` is missing: expected string or binary"),
        (without("frames.in_app"), "column `frames.in_app` is missing: expected boolean"),
        (without("exception.ty"), "column `exception.ty` is missing: expected string or binary"),
        (changed("frames", "string"), f"column `frames`: expected {FRAMES}, not string"),
        (changed("frames", "array<string>"), f"column `frames`: expected {FRAMES}, not array<string>"),
        (changed("exception", "int"), "column `exception`: expected struct<ty, value, mechanism>, not int"),
        (changed("frames.path", "int"), "column `frames.path`: expected string or binary, not int"),
        (changed("frames.in_app", "string"), "column `frames.in_app`: expected boolean, not string"),
        (changed("frames.orig_in_app", "double"), "column `frames.orig_in_app`: expected tinyint, not double"),
        (changed("frames.contributes", "int"), "column `frames.contributes`: expected boolean, not int"),
        (changed("exception.value", "date"), "column `exception.value`: expected string or binary, not date"),
        (lambda df: df.select("*", "frames"), "column `frames` exists 2 times"),
    ],
)  # fmt: skip
def test_a_wrong_schema_is_refused_at_once(df: DataFrame, change: Ask, message: str) -> None:
    """On the driver: there is no action here that could begin a job."""
    wrong = change(df)
    questions: list[Callable[[], Any]] = [
        lambda: spark.apply(NEW, wrong),
        lambda: spark.assemble(NEW, wrong),
        lambda: spark.preview(OLD, NEW, wrong),
    ]
    for ask in questions:
        with pytest.raises(SchemaError) as caught:
            ask()
        assert str(caught.value) == message


@pytest.mark.parametrize(
    ("ask", "name"),
    [
        (lambda df: spark.apply(NEW, df), "category"),
        (lambda df: spark.apply(NEW, df), "In_App"),
        (lambda df: spark.assemble(NEW, df), "grouping"),
        (lambda df: spark.preview(OLD, NEW, df), "changed"),
    ],
)
def test_a_column_that_the_answer_has_is_refused(df: DataFrame, ask: Ask, name: str) -> None:
    with pytest.raises(SchemaError, match=f"column `{name.lower()}`: the result has a column"):
        ask(df.withColumnRenamed("id", name))


def test_the_library_takes_what_the_driver_takes() -> None:
    """The driver checks types itself: here both checks run on each type."""
    texts = [types.StringType(), types.BinaryType(), types.NullType()]
    taken = {
        "frames.path": texts,
        "exception.ty": texts,
        "frames.in_app": [types.BooleanType(), types.NullType()],
        "frames.orig_in_app": [types.ByteType(), types.ShortType(), types.IntegerType(), types.LongType(), types.NullType()],
    }  # fmt: skip
    arrows = {
        types.StringType(): pa.string(), types.BinaryType(): pa.binary(), types.NullType(): pa.null(),
        types.BooleanType(): pa.bool_(), types.ByteType(): pa.int8(), types.ShortType(): pa.int16(),
        types.IntegerType(): pa.int32(), types.LongType(): pa.int64(), types.DoubleType(): pa.float64(),
        types.DateType(): pa.date32(),
    }  # fmt: skip
    for name, kinds in taken.items():
        outer, _, inner = name.partition(".")
        for kind, arrow_kind in arrows.items():
            expected = arrow.SCHEMA.field(outer).type
            struct = expected.value_type if outer == "frames" else expected
            fields = [(f.name, arrow_kind if f.name == inner else f.type) for f in struct]
            column = pa.struct(fields)
            column = pa.list_(column) if outer == "frames" else column
            schema = pa.schema(
                [
                    (n, column if n == outer else arrow.SCHEMA.field(n).type)
                    for n in arrow.SCHEMA.names
                ]
            )
            empty = pa.RecordBatch.from_pylist([], schema=schema)
            leaf = struct.field(inner).type
            if kind in kinds:
                arrow.apply(NEW, empty)
                spark._check(types, name, kind, leaf)
            else:
                with pytest.raises(SchemaError):
                    arrow.apply(NEW, empty)
                with pytest.raises(SchemaError):
                    spark._check(types, name, kind, leaf)


@pytest.mark.parametrize("wrong", [None, [], "frames"])
def test_what_is_no_data_frame_is_a_type_error(wrong: Any) -> None:
    with pytest.raises(TypeError, match="df must be a DataFrame of pyspark, not"):
        spark.apply(NEW, wrong)


def test_what_are_no_rules_is_a_type_error(df: DataFrame) -> None:
    with pytest.raises(TypeError, match="rules must be Enhancements, not str"):
        spark.preview(OLD, "path:** -app", df)  # type: ignore[arg-type]


def test_a_bad_value_is_told_by_the_job(df: DataFrame) -> None:
    broken = functions.transform(
        "frames", lambda frame: frame.withField("path", functions.expr("cast(X'ff' as binary)"))
    )
    answers = spark.apply(NEW, df.withColumn("frames", broken))
    with pytest.raises(PythonException, match="field `path`: invalid UTF-8"):
        answers.collect()


def test_without_pyspark_the_error_says_what_to_install(
    df: DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)
    with pytest.raises(ImportError, match=r"pip install 'sentry-ophio\[spark\]', and Java 17"):
        spark.apply(NEW, df)


def test_examples_of_the_module(session: SparkSession) -> None:
    frames = [{"path": "/a/src/b.py", "in_app": True}, {"path": "/a/vendor/b.py", "in_app": True}]
    row = {"id": 7, **arrow.batch([{"frames": frames}]).to_pylist()[0]}
    kinds = "struct<ty: string, value: string, mechanism: string>"
    texts = ", ".join(f"{name}: string" for name in TEXT_FIELDS)
    df = session.createDataFrame(
        [row],
        f"id long, frames array<struct<{texts}, in_app: boolean, orig_in_app: tinyint>>,"
        f" exception {kinds}",
    )
    rules = Enhancements.parse("path:**/vendor/** -app", Cache(0))
    told = doctest.testmod(
        spark,
        extraglobs={
            "df": df,
            "spark": spark,
            "new": rules,
            "Enhancements": Enhancements,
            "Cache": Cache,
            "FingerprintRules": FingerprintRules,
        },
    )
    assert told.failed == 0
    assert told.attempted >= 11


# --- an executor dies -------------------------------------------------------------------


def test_an_executor_that_is_killed_loses_and_doubles_nothing(
    session: SparkSession, df: DataFrame, table: pa.Table, tmp_path: Path
) -> None:
    def slowly(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        time.sleep(0.5)
        yield from batches

    slow = df.mapInArrow(slowly, df.schema)
    done = cluster.run(session, spark.preview(OLD, NEW, slow), tmp_path / "out", kill_at=0.3)
    assert len(done.killed) == done.lost == 1
    assert 0 < done.done_before < done.tasks == 8
    assert done.failed_tasks >= 1
    expected = arrow.preview(OLD, NEW, table).add_column(0, "id", table.column("id"))
    assert demo.compared(pq.read_table(tmp_path / "out"), expected) == []


def test_a_row_that_is_lost_doubled_or_different_is_told(table: pa.Table) -> None:
    """What the demonstration, and the test above, compare with."""
    expected = arrow.preview(OLD, NEW, table).add_column(0, "id", table.column("id"))
    assert demo.compared(pa.concat_tables([expected[7:], expected[:7]]), expected) == []
    assert demo.compared(expected[1:], expected) == [f"{ROWS - 1:,} rows instead of {ROWS:,}"]
    doubled = pa.concat_tables([expected[1:], expected[5:6]])
    assert demo.compared(doubled, expected) == ["1 rows are there twice"]
    different = expected.set_column(1, "changed", pa.array([True] * ROWS))
    assert demo.compared(different, expected) == ["rows differ"]


# --- messages -----------------------------------------------------------------------


def test_messages_are_parameterized(session: SparkSession) -> None:
    messages = session.range(1_000).selectExpr(
        "id", "IF(id % 7 = 0, NULL, concat('user ', id, ' took 15ms')) AS message", "'x' AS more"
    )
    found = spark.parameterize(messages, "message")
    assert found.columns == ["id", "message", "more"]
    for row in found.collect():
        expected = None if row.id % 7 == 0 else "user <int> took <duration>"
        assert (row.message, row.more) == (expected, "x")
    only = spark.parameterize(messages.where("id = 1"), "message", Parameterizer(only=["int"]))
    assert [row.message for row in only.collect()] == ["user <int> took 15ms"]


def test_a_column_of_messages_that_is_wrong(session: SparkSession) -> None:
    messages = session.range(3)
    with pytest.raises(SchemaError, match="column `text` is missing"):
        spark.parameterize(messages, "text")
    with pytest.raises(SchemaError, match="column `id`: expected string, not bigint"):
        spark.parameterize(messages, "id")
    with pytest.raises(TypeError, match="parameterizer must be a Parameterizer, not str"):
        spark.parameterize(messages, "id", "int")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="df must be a DataFrame of pyspark, not list"):
        spark.parameterize([], "id")
    longer = messages.selectExpr("repeat('a', 9) AS message")
    with pytest.raises(PythonException, match="the limit `text_bytes` is 4"):
        spark.parameterize(longer, "message", Parameterizer(max_text_bytes=4)).collect()


# --- fingerprint rules --------------------------------------------------------------

FINGERPRINTS = FingerprintRules.parse(
    'type:KeyError -> key, {{ value }} title="No {{ value }}"\n'
    "level:fatal tags.env:prod -> {{ tags.env }}, {{ nope }}"
)
EVENTS = [
    {"exception": {"values": [{"type": "KeyError", "value": "a"}]}},
    {"level": "fatal", "tags": [["env", "prod"]]},
    {"level": "info"},
]


def test_a_column_of_events_is_matched(session: SparkSession) -> None:
    texts = [None if n % 5 == 4 else json.dumps(EVENTS[n % 5 % 3]) for n in range(1_000)]
    df = session.createDataFrame(list(enumerate(texts)), "id long, event string").repartition(7)
    for column in ("event", "bytes"):
        events = df.withColumn("bytes", df.event.cast("binary")) if column == "bytes" else df
        found = spark.fingerprints(events, FINGERPRINTS, column).orderBy("id").toArrow()
        assert found.column_names == [*events.columns, "fingerprint"]
        answers = arrow.fingerprints(pa.array(texts), FINGERPRINTS).to_pylist()
        expected = [None if answer["rule"] is None else answer for answer in answers]
        assert found["fingerprint"].to_pylist() == expected
    marked = spark.fingerprints(df, FINGERPRINTS, "event", unknown="mark")
    (row,) = marked.where("id = 1").collect()
    assert row.fingerprint.resolved == ["prod", "<unrecognized-variable-nope>"]


def test_columns_of_events_are_matched(session: SparkSession, df: DataFrame) -> None:
    rules = FingerprintRules.parse("function:* module:* path:/srv/** -> srv, {{ function }}")
    table = df.toArrow()
    expected = arrow.fingerprints(table, rules)["resolved"].to_pylist()
    assert 0 < expected.count(None) < ROWS
    found = spark.fingerprints(df, rules).select("id", "fingerprint.resolved").toArrow()
    assert dict(zip(found["id"].to_pylist(), found["resolved"].to_pylist())) == dict(
        zip(table["id"].to_pylist(), expected)
    )
    # Fewer columns than stack trace rules need, and others of the event.
    frames = "array<struct<family: string, function: string, module: string, package: string, "
    frames += "path: string, in_app: boolean>>"
    kinds = f"frames {frames}, exception struct<ty: string, value: string>, level string, "
    rows: list[Any] = [
        ([], (None, None), "fatal", {"env": "prod"}),
        ([], None, "fatal", {"env": None}),
    ]
    few = session.createDataFrame(rows, kinds + "tags map<string, string>")
    answers = spark.fingerprints(few, FINGERPRINTS).collect()
    assert [row.fingerprint and row.fingerprint.rule for row in answers] == [1, None]


def test_events_that_are_wrong(session: SparkSession, df: DataFrame) -> None:
    events = session.range(3).selectExpr("id", "'{\"level\": []}' AS event")
    with pytest.raises(SchemaError, match="column `text` is missing"):
        spark.fingerprints(events, FINGERPRINTS, "text")
    with pytest.raises(SchemaError, match="column `id`: expected string or binary, not bigint"):
        spark.fingerprints(events, FINGERPRINTS, "id")
    with pytest.raises(SchemaError, match="column `frames` is missing"):
        spark.fingerprints(events, FINGERPRINTS)
    with pytest.raises(SchemaError, match="column `level`: expected string or binary, not int"):
        spark.fingerprints(df.withColumn("level", functions.lit(1)), FINGERPRINTS)
    with pytest.raises(SchemaError, match="column `tags`: expected map<string, string>, not int"):
        spark.fingerprints(df.withColumn("tags", functions.lit(1)), FINGERPRINTS)
    with pytest.raises(
        SchemaError, match="column `fingerprint`: the result has a column of this name"
    ):
        spark.fingerprints(df.withColumn("fingerprint", functions.lit(1)), FINGERPRINTS)
    with pytest.raises(TypeError, match="rules must be FingerprintRules, not Enhancements"):
        spark.fingerprints(df, NEW)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="df must be a DataFrame of pyspark, not list"):
        spark.fingerprints([], FINGERPRINTS)
    with pytest.raises(ValueError, match='unknown must be "keep" or "mark"'):
        spark.fingerprints(df, FINGERPRINTS, unknown="x")  # type: ignore[arg-type]
    with pytest.raises(PythonException, match="row 0: level: expected a text, a number or null"):
        spark.fingerprints(events, FINGERPRINTS, "event").collect()
