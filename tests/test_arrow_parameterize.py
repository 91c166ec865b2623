"""`sentry_ophio.arrow.parameterize`: texts in columns."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pa: Any = pytest.importorskip("pyarrow")

from sentry_ophio import arrow  # noqa: E402
from sentry_ophio.exceptions import (  # noqa: E402
    ArgumentTypeError,
    InvalidUtf8Error,
    LimitError,
    SchemaError,
)
from sentry_ophio.parameterization import Parameterizer  # noqa: E402

DEFAULTS = Parameterizer()
TYPES = [
    *(pa.string(), pa.large_string()),
    *([pa.string_view()] if hasattr(pa, "string_view") else []),
    *(pa.dictionary(index, pa.string()) for index in (pa.int8(), pa.uint16(), pa.int64())),
    pa.dictionary(pa.int32(), pa.large_string(), ordered=True),
]
ROWS = ["took 15ms", None, "", "é 7", "é 8", "x" * 50, "took 16ms", None]
EXPECTED = ["took <duration>", None, "", "é <int>", "é <int>", "x" * 50, "took <duration>", None]


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_each_type_of_text(kind: Any) -> None:
    column = pa.array(ROWS, kind)
    for rows in (slice(None), slice(0, 0), slice(2, 5), slice(1, 2), slice(3, None)):
        part = column[rows]
        answer = arrow.parameterize(part)
        answer.validate(full=True)
        assert answer.type == kind
        assert answer.to_pylist() == EXPECTED[rows]
    chunked = pa.chunked_array([column, column[:0], column[3:]], kind)
    answer = arrow.parameterize(chunked)
    answer.validate(full=True)
    assert (answer.type, answer.num_chunks) == (kind, 3)
    assert answer.to_pylist() == EXPECTED + EXPECTED[3:]
    nothing = arrow.parameterize(pa.chunked_array([], kind))
    assert (nothing.type, len(nothing)) == (kind, 0)


def test_a_dictionary_has_each_text_once() -> None:
    column = pa.array([f"id {number}" for number in range(1_000)]).dictionary_encode()
    answer = arrow.parameterize(column)
    assert answer.dictionary.to_pylist() == ["id <int>"]
    assert answer.to_pylist() == ["id <int>"] * 1_000
    with_null = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array([None, "7"]))
    assert arrow.parameterize(with_null).to_pylist() == [None, "<int>", None]


def test_more_rows_than_one_call_has() -> None:
    rows = [None if number % 5 == 0 else f"user {number}" for number in range(40_000)]
    expected = [None if row is None else "user <int>" for row in rows]
    assert arrow.parameterize(pa.array(rows)).to_pylist() == expected


@given(st.lists(st.one_of(st.none(), st.text(st.characters(exclude_categories=["Cs"])))))
def test_a_column_is_what_its_texts_are(rows: list[str | None]) -> None:
    expected = [None if row is None else DEFAULTS.parameterize(row) for row in rows]
    for kind in TYPES[:4]:
        if len(set(rows)) < 100:
            assert arrow.parameterize(pa.array(rows, kind)).to_pylist() == expected


def test_columns_of_other_libraries() -> None:
    array = pa.array(["7"])

    class Stream:
        def __arrow_c_stream__(self, requested_schema: object = None) -> object:
            return pa.chunked_array([array, array]).__arrow_c_stream__(requested_schema)

    class Array:
        def __arrow_c_array__(self, requested_schema: object = None) -> object:
            return array.__arrow_c_array__(requested_schema)

    assert arrow.parameterize(Stream()).to_pylist() == ["<int>", "<int>"]
    assert arrow.parameterize(Array()).equals(pa.array(["<int>"]))
    assert arrow.parameterize(pa.nulls(2)).equals(pa.nulls(2))


def test_a_parameterizer_of_the_caller() -> None:
    words = Parameterizer([("word", "[a-z]+")])
    assert arrow.parameterize(pa.array(["a 7"]), words).to_pylist() == ["<word> 7"]


def test_what_is_not_valid() -> None:
    for column in (pa.array([1]), pa.array([b"a"]), pa.array([1]).dictionary_encode()):
        with pytest.raises(SchemaError, match="expected a column of texts, not "):
            arrow.parameterize(column)
    for wrong in (["a"], "a", None):
        with pytest.raises(ArgumentTypeError, match="column must be an object with __arrow_c"):
            arrow.parameterize(wrong)
    with pytest.raises(ArgumentTypeError, match="parameterizer must be a Parameterizer, not str"):
        arrow.parameterize(pa.array(["a"]), "int")  # type: ignore[arg-type]
    malformed = pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())
    with pytest.raises(InvalidUtf8Error, match="a text is not UTF-8"):
        arrow.parameterize(malformed)


def test_a_limit_names_the_row() -> None:
    short = Parameterizer(max_text_bytes=4)
    rows = [*["7", None] * 20_000, "12345"]
    message = "the text has 5 bytes, the limit `text_bytes` is 4"
    with pytest.raises(LimitError, match=f"^row 40000: {message}"):
        arrow.parameterize(pa.array(rows), short)
    with pytest.raises(LimitError, match=f"^row 40003: {message}"):
        arrow.parameterize(pa.chunked_array([["1", None, "2"], rows]), short)
    with pytest.raises(LimitError, match=f"^value 1 of the dictionary: {message}"):
        arrow.parameterize(pa.array(rows).dictionary_encode(), short)
