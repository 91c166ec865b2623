"""Events as Arrow batches, and their report: the same as event by event."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

pa = pytest.importorskip("pyarrow")
tracemalloc = pytest.importorskip("tracemalloc")  # PyPy has none

from sentry_ophio import arrow, limits  # noqa: E402
from sentry_ophio._event_files import files_in  # noqa: E402
from sentry_ophio.enhancers import Cache, Enhancements, Stacktrace, preview  # noqa: E402
from sentry_ophio.events import from_json_lines, stacktraces_of  # noqa: E402
from sentry_ophio.exceptions import (  # noqa: E402
    EventError,
    InvalidArgumentError,
    SchemaError,
)

FOLDER = Path(__file__).resolve().parent / "fixtures" / "events"
EVENTS = [json.loads(path.read_text("utf-8")) for path in sorted(FOLDER.glob("*.json"))]
RULES = Enhancements.default()
OTHERS = Enhancements.parse("family:native -app\nfunction:m* +app category=m", Cache(0))


def expected(events: list[Any]) -> list[dict[str, Any]]:
    """What is in the events, one after the other."""

    def text(value: object) -> object:
        return value.decode() if isinstance(value, bytes) else value

    return [
        {
            "event_id": event.get("event_id"),
            "place": trace.place,
            "frames": [
                {k: text(v) for k, v in frame.items()} | {"repeats": repeats}
                for frame, repeats in zip(trace.frames, trace.repeats)
            ],
            "exception": {k: text(v) for k, v in trace.exception.items()},
        }
        for event in events
        for trace in stacktraces_of(event)
    ]


def event(function: str = "main", **more: Any) -> dict[str, Any]:
    return {"stacktrace": {"frames": [{"function": function}]}, **more}


def lines(*events: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in events)


def test_rows_are_what_is_in_the_events() -> None:
    table = arrow.events_to_arrow(FOLDER).read_all()
    assert table.schema == arrow.EVENTS
    assert table.num_rows > len(EVENTS) > 10
    assert table.to_pylist() == expected(EVENTS)


@pytest.mark.parametrize(
    ("name", "packed"),
    [
        ("a.ndjson", False),
        ("a.jsonl", False),
        ("a.ndjson.gz", True),
        ("a.jsonl.gz", True),
    ],
)
def test_an_event_a_line(tmp_path: Path, name: str, packed: bool) -> None:
    data = b"\xef\xbb\xbf" + lines(*EVENTS) + b"\n  \n"
    (tmp_path / name).write_bytes(gzip.compress(data) if packed else data)
    for files in (tmp_path / name, str(tmp_path / name), tmp_path, iter([tmp_path])):
        assert arrow.events_to_arrow(files).read_all().to_pylist() == expected(EVENTS)


def test_a_folder_is_read_in_order_with_its_folders(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "1.json").write_bytes(lines(event("second")))
    (tmp_path / "a.json.gz").write_bytes(gzip.compress(lines(event("first"))))
    (tmp_path / "c.jsonl").write_bytes(lines(event("third"), event("fourth")))
    (tmp_path / "d.json").mkdir()
    (tmp_path / "notes.txt").write_text("no event")
    assert len(files_in(tmp_path)) == 3
    rows = arrow.events_to_arrow([tmp_path, tmp_path / "a.json.gz"]).read_all().to_pylist()
    names = [row["frames"][0]["function"] for row in rows]
    assert names == ["first", "second", "third", "fourth", "first"]


@pytest.mark.parametrize(
    ("found", "id_"),
    [
        ({}, None),
        ({"event_id": "b1"}, "b1"),
        ({"event_id": None}, None),
        ({"event_id": 7}, "7"),
        ({"event_id": "\ud800"}, "?"),
    ],
)
def test_an_event_has_an_id_or_none(tmp_path: Path, found: dict[str, Any], id_: str | None) -> None:
    (tmp_path / "a.json").write_bytes(lines(event(**found)))
    (row,) = arrow.events_to_arrow(tmp_path).read_all().to_pylist()
    assert row["event_id"] == id_


@pytest.mark.parametrize("rows", [1, 3, 64, 65, 100, 10_000])
def test_batches_have_as_many_rows_as_asked_for(tmp_path: Path, rows: int) -> None:
    wanted = [event(str(number), event_id=str(number)) for number in range(300)]
    (tmp_path / "a.ndjson").write_bytes(lines(*wanted))
    batches = list(arrow.events_to_arrow(tmp_path, rows=rows))
    sizes = [batch.num_rows for batch in batches]
    assert sizes == [rows] * (300 // rows) + [300 % rows] * bool(300 % rows)
    ids = [each for batch in batches for each in batch.column("event_id").to_pylist()]
    assert ids == [str(number) for number in range(300)]


@pytest.mark.long
def test_large_stack_traces_make_batches_of_fewer_rows(tmp_path: Path) -> None:
    large = {"stacktrace": {"frames": [{"function": "f" * 1_000_000}] * 10}}
    (tmp_path / "a.ndjson").write_bytes(lines(*[large] * 20))
    sizes = [batch.num_rows for batch in arrow.events_to_arrow(tmp_path)]
    assert sum(sizes) == 20
    assert max(sizes) == 7  # of 10 MB, in 64 MiB


def test_files_are_read_as_batches_are_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(lines(*[event()] * 100))
    reader = arrow.events_to_arrow([tmp_path / "a.ndjson", tmp_path / "none.ndjson"], rows=50)
    assert reader.read_next_batch().num_rows == 50
    assert reader.read_next_batch().num_rows == 50
    with pytest.raises(FileNotFoundError, match=r"none\.ndjson"):
        reader.read_next_batch()


@pytest.mark.long
def test_memory_is_bounded_by_rows(tmp_path: Path) -> None:
    """Ten times the events take the same."""

    def peak(count: int) -> int:
        path = tmp_path / f"{count}.ndjson"
        path.write_bytes(lines({"stacktrace": {"frames": [{"function": "f" * 50}] * 20}}) * count)
        tracemalloc.start()
        arrow_before = pa.total_allocated_bytes()
        most = 0
        for _ in arrow.events_to_arrow(path, rows=200):
            most = max(most, pa.total_allocated_bytes() - arrow_before)
        _, python = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return int(most + python)

    peak(400)
    assert peak(4_000) < 1.2 * peak(400)


BAD = [
    (b"{", "not JSON: Expecting property name enclosed in double quotes (line 1, column 2)"),
    (b"[]", "not an event: the event must be an object, not a list"),
    (b'"\xff"', "not UTF-8 (at byte 1)"),
    (b"[" * 100_000, "not an event: it is nested too deeply"),
    (b'{"a": ' + b"1" * 5_000 + b"}", "not an event: it has a number of too many digits"),
    (b'{"event_id": []}', "not an event: event_id must be a text, not a list"),
    (
        b'{"stacktrace": {"frames": [' + b"{}," * 100_000 + b"{}]}}",
        "not an event: stacktrace has 100,001 frames; the limit is 100,000",
    ),
]


@pytest.mark.parametrize(("bad", "reason"), BAD, ids=[reason[:30] for _, reason in BAD])
def test_a_bad_event_is_named_or_left_out(tmp_path: Path, bad: bytes, reason: str) -> None:
    if "digits" in reason:
        try:
            json.loads(bad)
            pytest.skip("this Python reads such numbers")
        except ValueError:
            pass
    path = tmp_path / "a.ndjson"
    path.write_bytes(lines(event("before")) + bad + b"\n" + lines(event("after")))
    with pytest.raises(EventError) as caught:
        arrow.events_to_arrow(path).read_all()
    assert str(caught.value) == f"{path}:2: {reason}"
    told: list[Any] = []
    rows = arrow.events_to_arrow(path, skip=told.append).read_all().to_pylist()
    assert [row["frames"][0]["function"] for row in rows] == ["before", "after"]
    assert [str(error) for error in told] == [f"{path}:2: {reason}"]


def test_what_is_too_much_follows_the_limit(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(lines({"stacktrace": {"frames": [{}] * 4}}))
    before = limits.get(limits.Limit.FRAMES)
    limits.set(limits.Limit.FRAMES, 3)
    try:
        with pytest.raises(EventError, match="has 4 frames; the limit is 3"):
            arrow.events_to_arrow(tmp_path).read_all()
    finally:
        limits.set(limits.Limit.FRAMES, before)


def test_bad_files_are_named_and_the_others_read(tmp_path: Path) -> None:
    whole = gzip.compress(lines(*[event()] * 1_000))
    (tmp_path / "cut.ndjson.gz").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "no.json.gz").write_bytes(b"no gzip")
    (tmp_path / "empty.json").write_bytes(b"")
    (tmp_path / "z.json").write_bytes(lines(event("last")))
    told: list[Exception] = []
    files = [tmp_path / "none.json", tmp_path]
    rows = arrow.events_to_arrow(files, skip=told.append).read_all().to_pylist()
    assert rows[-1]["frames"][0]["function"] == "last"
    missing, *others = told
    assert isinstance(missing, FileNotFoundError)
    assert missing.filename == str(tmp_path / "none.json")
    assert [str(each).partition(":")[0] for each in others] == [
        str(tmp_path / name) for name in ("cut.ndjson.gz", "empty.json", "no.json.gz")
    ]
    assert "not gzip, or truncated" in str(others[0])
    assert "not gzip, or truncated" in str(others[2])


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="rows must be 1 or more, not 0"):
        arrow.events_to_arrow(FOLDER, rows=0)
    for files in (b"a.json", 7, [7]):
        with pytest.raises(TypeError):
            arrow.events_to_arrow(files).read_all()  # type: ignore[arg-type]


# --- preview_report -----------------------------------------------------------------


def prepared() -> list[Stacktrace]:
    # These know which frames repeat another, as the rows do.
    return from_json_lines(lines(*EVENTS))


@pytest.mark.parametrize("rows", [1, 7, 10_000])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_report_has_the_numbers_of_preview(rows: int, threads: int) -> None:
    wanted = preview(RULES, OTHERS, prepared())
    assert wanted.changed_stacktraces > 5
    assert wanted.responsible
    source = arrow.events_to_arrow(FOLDER, rows=rows)
    assert arrow.preview_report(RULES, OTHERS, source, threads=threads) == wanted
    for old, new in ((RULES, RULES), (OTHERS, RULES)):
        table = arrow.events_to_arrow(FOLDER).read_all()
        assert arrow.preview_report(old, new, table) == preview(old, new, prepared())


def test_a_report_tells_how_far_it_is() -> None:
    batch = arrow.batch([{"frames": [{"function": "main"}]}] * 25_000)
    told: list[int] = []
    report = arrow.preview_report(Enhancements.empty(), OTHERS, batch, progress=told.append)
    assert told == [10_000, 20_000, 25_000]
    assert report.stacktraces == report.changed_stacktraces == 25_000


def test_rows_that_are_null_are_counted_nowhere() -> None:
    batch = arrow.batch(
        [{"frames": [{"function": "main"}]}, {}, {"frames": [{"function": "main"}]}]
    )
    report = arrow.preview_report(RULES, OTHERS, batch)
    assert (report.stacktraces, report.examples) == (2, (0, 1))


def test_a_report_of_nothing_and_of_what_is_no_stack_trace() -> None:
    nothing = pa.RecordBatchReader.from_batches(arrow.SCHEMA, [])
    assert arrow.preview_report(RULES, OTHERS, nothing).stacktraces == 0
    wrong = pa.schema([("frames", pa.int8())])
    for batches in ([], [pa.RecordBatch.from_pylist([], schema=wrong)]):
        with pytest.raises(SchemaError, match="frames"):
            arrow.preview_report(RULES, OTHERS, pa.RecordBatchReader.from_batches(wrong, batches))
    with pytest.raises(ValueError, match="threads must be 1 or more"):
        arrow.preview_report(RULES, OTHERS, nothing, threads=0)
    with pytest.raises(TypeError, match="__arrow_c_stream__"):
        arrow.preview_report(RULES, OTHERS, 7)
