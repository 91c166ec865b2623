"""`sentry_ophio.arrow.fingerprints`: events in columns get what `FingerprintRules.match` finds."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import pytest

pa: Any = pytest.importorskip("pyarrow")

from sentry_ophio import arrow, limits  # noqa: E402
from sentry_ophio.exceptions import EventError, LimitError, SchemaError  # noqa: E402
from sentry_ophio.fingerprints import FingerprintRules  # noqa: E402

EVENTS = Path(__file__).parent / "fixtures" / "events"
RULES = FingerprintRules.parse(
    'type:KeyError -> key, {{ type }} title="{{ type }}: {{ value }}"\n'
    "message:*timeout* -> timeout, {{ nope }}\n"
    "module:app.* app:yes -> app, {{ module }}\n"
    "level:info -> {{ default }}"
)
ROWS = [
    {"exception": {"values": [{"type": "KeyError", "value": "a"}]}},
    None,
    {"logentry": {"formatted": "a timeout"}},
    {"stacktrace": {"frames": [{"module": "app.x", "in_app": True}]}},
    {},
    {"level": "info"},
]
FOUND = [
    {"rule": 0, "resolved": ["key", "KeyError"], "title": "KeyError: a"},
    {"rule": None, "resolved": None, "title": None},
    {"rule": 1, "resolved": ["timeout", "{{ nope }}"], "title": None},
    {"rule": 2, "resolved": ["app", "app.x"], "title": None},
    {"rule": None, "resolved": None, "title": None},
    {"rule": 3, "resolved": ["{{ default }}"], "title": None},
]
TEXTS = [None if row is None else json.dumps(row) for row in ROWS]
TYPES = [
    *(pa.string(), pa.large_string(), pa.binary(), pa.large_binary()),
    *([pa.string_view(), pa.binary_view()] if hasattr(pa, "string_view") else []),
    *(pa.dictionary(index, pa.string()) for index in (pa.int8(), pa.uint16(), pa.int64())),
]


@pytest.mark.parametrize("kind", TYPES, ids=str)
def test_a_column_of_json_in_each_type(kind: Any) -> None:
    column = pa.array(TEXTS, pa.string()).cast(kind)
    for rows in (slice(None), slice(0, 0), slice(2, 5), slice(1, 2)):
        answer = arrow.fingerprints(column[rows], RULES)
        answer.validate(full=True)
        assert isinstance(answer, pa.RecordBatch)
        assert answer.schema == arrow.MATCHED
        assert answer.to_pylist() == FOUND[rows]
    chunked = pa.chunked_array([column, column[:0], column[3:]])
    answer = arrow.fingerprints(chunked, RULES)
    assert isinstance(answer, pa.Table)
    assert answer.to_pylist() == FOUND + FOUND[3:]
    nothing = arrow.fingerprints(pa.chunked_array([], kind), RULES)
    assert (nothing.schema, nothing.num_rows) == (arrow.MATCHED, 0)


def test_threads_change_nothing() -> None:
    column = pa.array(TEXTS * 200)
    assert arrow.fingerprints(column, RULES, threads=3).to_pylist() == FOUND * 200


def test_unknown_variables() -> None:
    marked = arrow.fingerprints(pa.array(TEXTS), RULES, unknown="mark")
    assert marked.to_pylist()[2]["resolved"] == ["timeout", "<unrecognized-variable-nope>"]


def test_a_column_of_real_events() -> None:
    events = [json.loads(path.read_bytes()) for path in sorted(EVENTS.glob("*.json"))]
    assert events
    rules = FingerprintRules.parse(
        "family:native -> {{ function }}, {{ package }}\n"
        '!level:warning -> {{ type }}, {{ tags.environment }} title="{{ message }}"'
    )
    expected = [
        {
            "rule": found and found.index,
            "resolved": found and list(found.resolved),
            "title": found and found.title,
        }
        for found in rules.match_many(events)
    ]
    column = pa.array([json.dumps(event) for event in events])
    assert arrow.fingerprints(column, rules).to_pylist() == expected


class Stream:
    """What has the method of a stream only."""

    def __init__(self, values: Any) -> None:
        self.values = values

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        return self.values.__arrow_c_stream__(requested_schema)


def frame(**fields: Any) -> dict[str, Any]:
    return {"module": "app.x", "in_app": True, **fields}


BATCH = arrow.batch(
    [
        {"frames": [frame()], "exception": {"ty": "KeyError", "value": "a"}},
        {"frames": [frame(function="f")]},
        {"frames": None},
    ]
)
OF_BATCH = [
    {"rule": 0, "resolved": ["key", "KeyError"], "title": "KeyError: a"},
    {"rule": 2, "resolved": ["app", "app.x"], "title": None},
    {"rule": None, "resolved": None, "title": None},
]


@pytest.mark.parametrize(
    ("events", "kind"),
    [
        (lambda: BATCH, pa.RecordBatch),
        (BATCH.to_struct_array, pa.RecordBatch),
        (lambda: pa.Table.from_batches([BATCH[:1], BATCH[1:]]), pa.Table),
        (lambda: pa.RecordBatchReader.from_batches(BATCH.schema, [BATCH]), pa.Table),
        (lambda: Stream(pa.Table.from_batches([BATCH])), pa.Table),
        (lambda: Stream(pa.chunked_array([BATCH.to_struct_array()])), pa.Table),
        (lambda: BATCH.append_column("more", pa.array([[1], None, [2]])), pa.RecordBatch),
    ],
)
def test_the_columns_of_events_to_arrow(events: Any, kind: Any) -> None:
    answer = arrow.fingerprints(events(), RULES)
    assert isinstance(answer, kind)
    assert answer.to_pylist() == OF_BATCH


def test_a_stream_of_texts() -> None:
    answer = arrow.fingerprints(Stream(pa.chunked_array([TEXTS])), RULES)
    assert answer.to_pylist() == FOUND


def test_columns_of_the_event_itself() -> None:
    rules = FingerprintRules.parse(
        "level:error sdk:sentry.python tags.env:prod message:told release:a -> "
        "{{ transaction }}, {{ logger }}, {{ tags.n }}"
    )
    more = {"level": "error", "sdk": "sentry.python", "message": "told", "release": "a"}
    more.update(transaction="/cart", logger="app", platform="node")
    batch = BATCH
    for name, value in more.items():
        batch = batch.append_column(name, pa.array([value, None, None]))
    tags = pa.array([[("env", "prod"), ("n", None)], None, []], pa.map_(pa.string(), pa.string()))
    (found, none, _) = arrow.fingerprints(batch.append_column("tags", tags), rules).to_pylist()
    assert found["resolved"] == ["/cart", "app", "<no-value-for-tag-n>"]
    assert none["rule"] is None


def test_events_of_files_match_as_they_do_as_json() -> None:
    """Where an event has one stack trace, both forms find the same rule."""
    rules = FingerprintRules.parse(
        "type:*Error function:*a* -> a\nmodule:*.* app:yes -> b\npath:**.py -> c\nfamily:all -> d"
    )
    rows = 0
    for path in sorted(EVENTS.glob("*.json")):
        table = arrow.events_to_arrow(path).read_all()
        if table.num_rows == 1 and table["place"][0].as_py().startswith("exception"):
            found = rules.match(json.loads(path.read_bytes()))
            assert arrow.fingerprints(table, rules)["rule"].to_pylist() == [found and found.index]
            rows += 1
    assert rows > 3


@pytest.mark.parametrize(
    ("events", "error", "message"),
    [
        (pa.array(["{}", '{"level": []}']), EventError, "row 1: level: expected a text, a number"),
        (pa.array([b"{}", b"\xff"]), EventError, "row 1: not JSON: byte 0 is not UTF-8"),
        (pa.array([1]), SchemaError, "expected texts of JSON, or a struct of frames and exception"),
        (pa.chunked_array([[1]]), SchemaError, "expected texts of JSON, or a struct"),
        (BATCH.select(["frames"]), SchemaError, "column `exception` is missing: expected struct<"),
        (
            BATCH.append_column("level", pa.array([1, 2, 3])),
            SchemaError,
            "column `level`: expected utf8 or binary, not Int64",
        ),
        (
            BATCH.append_column("tags", pa.array(["a", "b", "c"])),
            SchemaError,
            "column `tags`: expected map<utf8, utf8>, not Utf8",
        ),
        (
            BATCH.append_column("sdk", pa.nulls(3)).append_column("sdk", pa.nulls(3)),
            SchemaError,
            "column `sdk`: there are several of that name",
        ),
        ([{}], TypeError, "events must be an object with __arrow_c_array__ or __arrow_c_stream__"),
    ],
)
def test_errors(events: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        arrow.fingerprints(events, RULES)
    assert message in str(caught.value)


def test_arguments_are_checked() -> None:
    with pytest.raises(TypeError, match="rules must be FingerprintRules, not str"):
        arrow.fingerprints(pa.array(TEXTS), "type:a -> b")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match='unknown must be "keep" or "mark"'):
        arrow.fingerprints(pa.array(TEXTS), RULES, unknown="x")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threads must be 1 or more"):
        arrow.fingerprints(pa.array(TEXTS), RULES, threads=0)


def test_an_event_has_a_limited_number_of_frames() -> None:
    before = limits.get(limits.Limit.FRAMES)
    limits.set(limits.Limit.FRAMES, 0)
    try:
        for events, row in ((pa.array(TEXTS), 3), (BATCH, 0)):
            message = f"row {row}: .*1 frames are too many: the limit `frames` is 0"
            with pytest.raises(LimitError, match=message):
                arrow.fingerprints(events, RULES)
    finally:
        limits.set(limits.Limit.FRAMES, before)


def test_memory_of_arrow_is_given_back() -> None:
    def ask() -> None:
        arrow.fingerprints(pa.array(TEXTS * 50), RULES)
        with pytest.raises(EventError):
            arrow.fingerprints(pa.array(["{"]), RULES)

    ask()
    gc.collect()
    before = pa.total_allocated_bytes()
    for _ in range(50):
        ask()
    gc.collect()
    assert pa.total_allocated_bytes() == before
