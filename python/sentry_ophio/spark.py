"""Applies rules to Spark data frames: runs `sentry_ophio.arrow` on a cluster.

    >>> from sentry_ophio import spark
    >>> from sentry_ophio.enhancers import Cache, Enhancements
    >>> old = Enhancements.default()
    >>> new = Enhancements.parse("path:**/vendor/** -app", Cache(0))
    >>> answers = spark.preview(old, new, df)
    >>> answers.columns
    ['id', 'changed', 'frames', 'changed_frames', 'in_app', 'category', 'contributes', 'grouping']
    >>> answers.where("changed").count()
    1

A row is a stack trace, in two columns. Other columns of `df` are kept:

    frames     array<struct<category, family, function, module, package, path: string,
                            in_app: boolean, orig_in_app: tinyint>>
    exception  struct<ty, value, mechanism: string>

A text may also be `binary`, and a number may have any width; other fields are ignored. Spark reads
Parquet files with `sentry_ophio.arrow.SCHEMA` as such columns.

    driver                      executor, in each of its Python workers
    rules -> binary form  ---->  compiled once per process
    plan: mapInArrow      ---->  batches -> sentry_ophio.arrow -> batches

Nothing is shuffled: a row stays in its partition. The rules are part of the plan, which Spark sends
to each executor once per stage. `sentry_ophio.limits` sets limits for its own process only;
executors have their own limits.

Executors need the package as well, with pyarrow and pandas. `pip install 'sentry-ophio[spark]'`
installs these and pyspark, which needs Java 17.
"""

from __future__ import annotations

import pickle
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Callable

from sentry_ophio._arguments import type_error
from sentry_ophio._fingerprint_variables import unknown_number
from sentry_ophio.enhancers import Enhancements
from sentry_ophio.exceptions import MissingDependencyError, SchemaError
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.parameterization import Parameterizer, default_parameterizer

try:
    import pyarrow as pa

    from sentry_ophio import arrow
except ImportError as error:  # pragma: no cover (every environment that tests has it)
    raise MissingDependencyError(
        "sentry_ophio.spark needs pyarrow: pip install 'sentry-ophio[spark]'"
    ) from error

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from pyspark.sql import DataFrame
    from pyspark.sql.types import DataType, StructField

    from sentry_ophio._fingerprint_variables import Unknown

__all__ = ["apply", "assemble", "fingerprints", "parameterize", "preview"]

# A process that uses many rule sets, such as a notebook, keeps the last few.
_KEPT = 8


def apply(rules: Enhancements, df: DataFrame) -> DataFrame:
    """Apply the rules to all frames: compute their `in_app` and category.

    Args:
        rules: The rules. Rules that are appended after this call are not used.
        df: A row for each stack trace; see above.

    Returns:
        The same rows and columns, and two more, each as long as `frames` and null where that
        is null: `category: array<string>` and `in_app: array<boolean>`.

    Raises:
        SchemaError: A column is missing or of another type, or `df` has a column with the name of a
            result. It is raised at once, before any job.
        TypeError: `df` is not a data frame, or `rules` is not an `Enhancements`.
        ImportError: pyspark is not installed.
        pyspark.errors.PythonException: From the job: a text is not UTF-8, or a stack trace has
            more frames than allowed. Its message has the error of `sentry_ophio.arrow.apply`.

    Example:
        >>> spark.apply(new, df).select("id", "category", "in_app").collect()
        [Row(id=7, category=[None, None], in_app=[True, False])]
    """
    return _mapped(df, _applied, (rules,), _columns(arrow.APPLIED), drops=False)


def assemble(rules: Enhancements, df: DataFrame) -> DataFrame:
    """Decide which frames count for grouping, and which stack traces.

    The frames are used unchanged, as in `sentry_ophio.arrow.assemble`: a field `contributes:
    boolean` of `frames` is the initial `contributes`.

    Args:
        rules: The rules. Rules that are appended after this call are not used.
        df: A row for each stack trace; see above.

    Returns:
        The same rows and columns, and one more, null where `frames` is null:
        `grouping: struct<frames: array<struct<contributes: boolean, hint: string>>,
        contributes: boolean, hint: string, invert_stacktrace: boolean>`.

    Raises:
        SchemaError: As `apply` does.
        TypeError: As `apply` does.
        ImportError: pyspark is not installed.
        pyspark.errors.PythonException: From the job, as with `apply`.

    Example:
        >>> [row] = spark.assemble(new, df).collect()
        >>> row.grouping.contributes, [frame.contributes for frame in row.grouping.frames]
        (True, [True, True])
    """
    fields = [(name, kind) for name, kind in _columns(arrow.ASSEMBLED).items()]
    return _mapped(df, _assembled, (rules,), {"grouping": pa.struct(fields)}, drops=False)


def preview(old_rules: Enhancements, new_rules: Enhancements, df: DataFrame) -> DataFrame:
    """Compare the results of two rule sets for each stack trace.

    Args:
        old_rules: The present rules.
        new_rules: The rules that would replace them.
        df: A row for each stack trace, with frames to which no rules were applied; see above.

    Returns:
        The same rows without `frames` and `exception`, and with the columns of
        `sentry_ophio.arrow.PREVIEWED`, which are null where `frames` is null. `frames` is
        their number now.

    Raises:
        SchemaError: As `apply` does.
        TypeError: As `apply` does.
        ImportError: pyspark is not installed.
        pyspark.errors.PythonException: From the job, as with `apply`.

    Example:
        >>> [row] = spark.preview(Enhancements.empty(), new, df).collect()
        >>> row.id, row.frames, row.changed_frames, row.grouping
        (7, 2, 1, True)
    """
    return _mapped(df, _previewed, (old_rules, new_rules), _columns(arrow.PREVIEWED), drops=True)


def fingerprints(
    df: DataFrame, rules: FingerprintRules, column: str | None = None, *, unknown: Unknown = "keep"
) -> DataFrame:
    """Find for each event the first fingerprint rule that matches it.

    Args:
        df: A row for each event.
        rules: The rules.
        column: The name of a column, `string` or `binary`, with events as JSON. Without it, a row
            is a stack trace in the columns `frames` and `exception`, of which `category`,
            `orig_in_app` and `mechanism` can be missing; `df` can have the other columns that
            `sentry_ophio.arrow.fingerprints` looks at, `tags` as `map<string, string>`.
        unknown: As for `sentry_ophio.fingerprints.FingerprintRules.match`.

    Returns:
        The same rows and columns, and one more, null where no rule matches:
        `fingerprint: struct<rule: int, resolved: array<string>, title: string>`.

    Raises:
        SchemaError: A column is missing or of another type, or `df` has a column `fingerprint`. It
            is raised at once, before any job.
        TypeError: `df` is not a data frame, or `rules` not `FingerprintRules`.
        ValueError: `unknown` has another value.
        ImportError: pyspark is not installed.
        pyspark.errors.PythonException: From the job: a row is not an event, or has more frames
            than the limit. Its message has the error of `sentry_ophio.arrow.fingerprints`.

    Example:
        >>> rules = FingerprintRules.parse("path:**/b.py -> b, {{ type }}")
        >>> [row] = spark.fingerprints(df, rules).collect()
        >>> row.fingerprint
        Row(rule=0, resolved=['b', '<no-type>'], title=None)
    """
    types = _spark_types()
    if not hasattr(df, "mapInArrow"):
        raise type_error("df", "a DataFrame of pyspark", df)
    if not isinstance(rules, FingerprintRules):
        raise type_error("rules", "FingerprintRules", rules)
    unknown_number(unknown)
    fields = list(df.schema.fields)
    if column is None:
        for each in _EVENTS:
            _check(types, each.name, _only(fields, each), each.type)
        for each in _OF_EVENT:
            if each.name in df.schema.names:
                _check(types, each.name, _only(fields, each), each.type)
    else:
        expected = pa.field(column, pa.string())
        _check(types, column, _only(fields, expected), expected.type)
    number = None if column is None else df.schema.names.index(column)
    question = partial(_fingerprinted, number, unknown)
    matched = [(name, kind) for name, kind in _columns(arrow.MATCHED).items()]
    answers: dict[str, pa.DataType] = {"fingerprint": pa.struct(matched)}
    return _with_answers(df, question, (rules,), answers, fields)


def parameterize(
    df: DataFrame, column: str, parameterizer: Parameterizer | None = None
) -> DataFrame:
    """Replace ids, dates and numbers in a column of texts by their kind.

    Args:
        df: Any data frame.
        column: The name of the column, a `string`. A text that is null stays null.
        parameterizer: The patterns; without it, the default patterns of
            [`sentry_ophio.parameterization`][].

    Returns:
        The same rows and columns, with other texts in `column`.

    Raises:
        SchemaError: The column is missing, exists several times, or is of another type. It is
            raised at once, before any job.
        TypeError: `df` is not a data frame, or `parameterizer` not a `Parameterizer`.
        ImportError: pyspark is not installed.
        pyspark.errors.PythonException: From the job: a text is beyond a limit. Its message has
            the error of `sentry_ophio.arrow.parameterize`.

    Example:
        >>> logs = df.selectExpr("'took 15ms' AS message")
        >>> spark.parameterize(logs, "message").collect()
        [Row(message='took <duration>')]
    """
    types = _spark_types()
    if not hasattr(df, "mapInArrow"):
        raise type_error("df", "a DataFrame of pyspark", df)
    used = default_parameterizer() if parameterizer is None else parameterizer
    if not isinstance(used, Parameterizer):
        raise type_error("parameterizer", "a Parameterizer", used)
    found = _only(list(df.schema.fields), pa.field(column, pa.string()))
    if not isinstance(found, types.StringType):
        raise SchemaError(f"column `{column}`: expected string, not {found.simpleString()[:200]}")
    number = df.schema.names.index(column)
    function = partial(_parameterized, pickle.dumps(used), number)
    return df.mapInArrow(function, df.schema)


# --- on the driver ------------------------------------------------------------------

_EVENTS = pa.schema(
    [
        pa.field(
            "frames",
            pa.list_(
                pa.struct(
                    [
                        field
                        for field in arrow.SCHEMA.field("frames").type.value_type
                        if field.name not in ("category", "orig_in_app")
                    ]
                )
            ),
        ),
        pa.field("exception", pa.struct([(name, pa.string()) for name in ("ty", "value")])),
    ]
)
_OF_EVENT = pa.schema(
    [
        (name, pa.map_(pa.string(), pa.string()) if name == "tags" else pa.string())
        for name in arrow.OF_EVENT
    ]
)

_Question = Callable[..., "list[pa.Array]"]


def _mapped(
    df: DataFrame,
    question: _Question,
    rules: tuple[Enhancements, ...],
    answers: dict[str, pa.DataType],
    *,
    drops: bool,
) -> DataFrame:
    types = _spark_types()
    if not hasattr(df, "mapInArrow"):
        raise type_error("df", "a DataFrame of pyspark", df)
    for each in rules:
        if not isinstance(each, Enhancements):
            raise type_error("rules", "Enhancements", each)
    fields = list(df.schema.fields)
    for column in arrow.SCHEMA:
        _check(types, column.name, _only(fields, column), column.type)
    kept = [field for field in fields if not (drops and field.name in arrow.SCHEMA.names)]
    return _with_answers(df, question, rules, answers, kept)


def _with_answers(
    df: DataFrame,
    question: _Question,
    rules: tuple[object, ...],
    answers: dict[str, pa.DataType],
    kept: list[StructField],
) -> DataFrame:
    """Plan a question about each batch, whose answers are columns behind those that are kept."""
    types = _spark_types()
    for name in answers:
        # By default Spark's column names ignore case.
        if name in (field.name.lower() for field in kept):
            raise SchemaError(f"column `{name}`: the result has a column of this name")
    added = [types.StructField(name, _spark_type(types, kind)) for name, kind in answers.items()]
    # Not the binary form, in which hints would have `app:1` for `app:yes`.
    forms = tuple(pickle.dumps(each) for each in rules)
    names = tuple(field.name for field in kept)
    function = partial(_answer, question, forms, names, tuple(answers))
    return df.mapInArrow(function, types.StructType([*kept, *added]))


def _spark_types() -> ModuleType:
    try:
        from pyspark.sql import types  # noqa: PLC0415 (not needed on import)
    except ImportError as error:
        raise MissingDependencyError(
            "sentry_ophio.spark needs pyspark: pip install 'sentry-ophio[spark]', and Java 17"
        ) from error
    found: ModuleType = types
    return found


def _only(fields: list[StructField], expected: pa.Field) -> DataType:
    found = [field.dataType for field in fields if field.name == expected.name]
    if not found:
        raise _missing(expected.name, expected.type)
    if len(found) > 1:
        raise SchemaError(f"column `{expected.name}` exists {len(found)} times")
    return found[0]


def _check(types: ModuleType, place: str, found: DataType, expected: pa.DataType) -> None:
    """Compare a Spark type with the types that the library accepts."""
    if pa.types.is_list(expected) and isinstance(found, types.ArrayType):
        inner = found.elementType
        if isinstance(inner, types.StructType):
            _check_fields(types, place, inner, expected.value_type)
            return
    elif pa.types.is_map(expected) and isinstance(found, types.MapType):
        texts = _leaves(types, expected.key_type)
        if isinstance(found.keyType, texts) and isinstance(found.valueType, texts):
            return
    elif pa.types.is_struct(expected) and isinstance(found, types.StructType):
        _check_fields(types, place, found, expected)
        return
    elif isinstance(found, _leaves(types, expected)):
        return
    raise SchemaError(
        f"column `{place}`: expected {_spark_name(expected)}, not {found.simpleString()[:200]}"
    )


def _check_fields(types: ModuleType, place: str, found: Any, expected: pa.DataType) -> None:
    known = {field.name: field.dataType for field in found.fields}
    for field in expected:
        inner = f"{place}.{field.name}"
        if field.name not in known:
            raise _missing(inner, field.type)
        _check(types, inner, known[field.name], field.type)
    if place == "frames" and "contributes" in known:
        _check(types, "frames.contributes", known["contributes"], pa.bool_())


def _missing(place: str, expected: pa.DataType) -> SchemaError:
    return SchemaError(f"column `{place}` is missing: expected {_spark_name(expected)}")


def _leaves(types: ModuleType, expected: pa.DataType) -> tuple[type, ...]:
    """Return the Spark types that a value may have. `void` is the type of a column of nulls."""
    if pa.types.is_string(expected):
        return types.StringType, types.BinaryType, types.NullType
    if pa.types.is_boolean(expected):
        return types.BooleanType, types.NullType
    if pa.types.is_integer(expected):
        numbers = types.ByteType, types.ShortType, types.IntegerType, types.LongType
        return *numbers, types.NullType
    return ()


def _spark_name(expected: pa.DataType) -> str:
    """Return the Spark name of a type."""
    if pa.types.is_list(expected):
        return f"array<{_spark_name(expected.value_type)}>"
    if pa.types.is_struct(expected):
        return f"struct<{', '.join(field.name for field in expected)}>"
    if pa.types.is_string(expected):
        return "string or binary"
    if pa.types.is_map(expected):
        return "map<string, string>"
    return "boolean" if pa.types.is_boolean(expected) else "tinyint"


def _spark_type(types: ModuleType, kind: pa.DataType) -> DataType:
    if pa.types.is_list(kind):
        found = types.ArrayType(_spark_type(types, kind.value_type))
    elif pa.types.is_struct(kind):
        fields = [types.StructField(each.name, _spark_type(types, each.type)) for each in kind]
        found = types.StructType(fields)
    else:
        plain = {pa.string(): types.StringType, pa.bool_(): types.BooleanType}
        found = plain.get(kind, types.IntegerType)()
    result: DataType = found
    return result


# --- types that both sides know -----------------------------------------------------


def _columns(schema: pa.Schema) -> dict[str, pa.DataType]:
    return {field.name: _plain(field.type) for field in schema}


def _plain(kind: pa.DataType) -> pa.DataType:
    """Return the type without dictionaries, which Spark does not read."""
    if pa.types.is_dictionary(kind):
        return kind.value_type
    if pa.types.is_list(kind):
        return pa.list_(_plain(kind.value_type))
    if pa.types.is_struct(kind):
        return pa.struct([(field.name, _plain(field.type)) for field in kind])
    return kind


# --- in a worker of an executor -----------------------------------------------------


@lru_cache(maxsize=_KEPT)
def _compiled(form: bytes) -> Any:
    """Compile once per process: Spark reuses its Python workers for many tasks."""
    return pickle.loads(form)


def _answer(
    question: _Question,
    forms: tuple[bytes, ...],
    kept: tuple[str, ...],
    added: tuple[str, ...],
    batches: Iterator[pa.RecordBatch],
) -> Iterator[pa.RecordBatch]:
    """Yield a result for each batch of a partition: the columns that are kept, and those added."""
    rules = [_compiled(form) for form in forms]
    for batch in batches:
        # By position, because a column that is kept may exist twice.
        columns = [batch.column(n) for n, name in enumerate(batch.schema.names) if name in kept]
        columns += question(batch, *rules)
        yield pa.RecordBatch.from_arrays(columns, names=[*kept, *added])


def _parameterized(
    form: bytes, number: int, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Replace the texts of a column in each batch of a partition."""
    parameterizer = _compiled(form)
    for batch in batches:
        replaced = arrow.parameterize(batch.column(number), parameterizer)
        yield batch.set_column(number, batch.schema.field(number), replaced)


def _applied(batch: pa.RecordBatch, rules: Enhancements) -> list[pa.Array]:
    return _decoded(arrow.apply(rules, batch))


def _assembled(batch: pa.RecordBatch, rules: Enhancements) -> list[pa.Array]:
    answer = arrow.assemble(rules, batch)
    columns = _decoded(answer)
    nulls = answer.column("contributes").is_null()
    return [pa.StructArray.from_arrays(columns, answer.schema.names, mask=nulls)]


def _fingerprinted(
    number: int | None, unknown: Unknown, batch: pa.RecordBatch, rules: FingerprintRules
) -> list[pa.Array]:
    events = batch if number is None else batch.column(number)
    answer = arrow.fingerprints(events, rules, unknown=unknown)
    nulls = answer.column("rule").is_null()
    return [pa.StructArray.from_arrays(answer.columns, answer.schema.names, mask=nulls)]


def _previewed(batch: pa.RecordBatch, old: Enhancements, new: Enhancements) -> list[pa.Array]:
    return _decoded(arrow.preview(old, new, batch))


def _decoded(answer: pa.RecordBatch) -> list[pa.Array]:
    return [column.cast(_plain(column.type)) for column in answer.columns]
