"""The command line and Parquet files: the same numbers, flat memory, and nothing half done."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("click")
pytest.importorskip("rich")

from conftest import run_program, take_interrupts  # noqa: E402
from test_cli import EVENT, RULES, SNAPSHOTS, run  # noqa: E402

from sentry_ophio import _parquet_process, arrow  # noqa: E402
from sentry_ophio._atomic import replaced, temporary_of  # noqa: E402
from sentry_ophio._parquet import ParquetFile  # noqa: E402
from sentry_ophio._parquet_process import _Process  # noqa: E402
from sentry_ophio.enhancers import Cache, Enhancements  # noqa: E402
from sentry_ophio.exceptions import ParquetError  # noqa: E402

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = SNAPSHOTS.parent / "fixtures" / "events"
NEW_RULES = RULES + "function:serve +app\nfunction:none +app\n"
POSIX = pytest.mark.skipif(os.name != "posix", reason="for POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with rules, an event, and the same in Parquet."""
    (tmp_path / "my.rules").write_text(RULES, "utf-8")
    (tmp_path / "new.rules").write_text(NEW_RULES, "utf-8")
    (tmp_path / "event.json").write_text(json.dumps(EVENT), "utf-8")
    pq.write_table(
        arrow.events_to_arrow(tmp_path / "event.json").read_all(), tmp_path / "a.parquet"
    )
    return tmp_path


def many(path: Path, rows: int, frames: int = 3, **options: Any) -> None:
    """Write a file with so many rows, no two of them alike."""
    with pq.ParquetWriter(path, pa.schema([("number", pa.int64()), *arrow.SCHEMA])) as writer:
        for start in range(0, rows, 2_000):
            numbers = range(start, min(start + 2_000, rows))
            batch = arrow.batch(
                {
                    "frames": [
                        {
                            "function": f"f{number}_{each}",
                            "path": f"/lib/{number % 97}.py",
                            "in_app": True,
                        }
                        for each in range(frames)
                    ],
                    "exception": {"ty": f"E{number % 5}"},
                }
                for number in numbers
            )
            columns = [pa.array(numbers, pa.int64()), *batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=writer.schema), **options)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# --- the same numbers ---------------------------------------------------------------


def test_preview_of_parquet_is_that_of_the_events(tmp_path: Path) -> None:
    events = sorted(FOLDER.glob("*.json"))
    assert any(path.stem == "python-recursion" for path in events)
    assert run("events", *events, "--out", tmp_path / "a.parquet").returncode == 0
    # The last rule brings repeated frames back.
    (tmp_path / "new.rules").write_text(
        "family:native -app\nfunction:m* +app\nfunction:* +group", "utf-8"
    )
    results = [
        run("preview", "--new", tmp_path / "new.rules", "--json", "--threads", "2", *names)
        for names in (events, [tmp_path / "a.parquet"], [tmp_path])
    ]
    assert [(each.returncode, each.stderr) for each in results] == [(0, "")] * 3
    assert len({each.stdout for each in results}) == 1
    assert json.loads(results[0].stdout)["changed_stacktraces"] > 5


FRAMES = [
    {"function": "f", "in_app": in_app, "orig_in_app": original, "repeats": repeats}
    for in_app, original, repeats in [
        (False, 1, False),
        (True, 1, True),
        (True, 0, False),
        (True, -1, False),
        (None, None, False),
    ]
]


def rows_of(frames: list[dict[str, Any]], kind: Any, *columns: str) -> Any:
    """Make rows: null, these frames, no frame, these frames, with a list of this kind."""
    fields = [each for each in arrow.EVENTS.field("frames").type.value_type if each.name in columns]
    of_frames = kind(pa.struct([*arrow.SCHEMA.field("frames").type.value_type, *fields]))
    values = [None, frames, [], frames]
    exceptions = pa.nulls(len(values), arrow.SCHEMA.field("exception").type)
    return pa.table({"frames": pa.array(values, of_frames), "exception": exceptions})


@pytest.mark.parametrize("kind", [pa.list_, pa.large_list])
@pytest.mark.parametrize("fresh", [False, True])
def test_rows_are_restored_as_events_are(tmp_path: Path, kind: Any, fresh: bool) -> None:
    pq.write_table(rows_of(FRAMES, kind), tmp_path / "rows.parquet")
    (tmp_path / "my.rules").write_text("function:x -app", "utf-8")
    (tmp_path / "new.rules").write_text("app:yes category=mine", "utf-8")
    options = ["--fresh"] if fresh else []
    arguments = ("apply", "--rules", "my.rules", "--out", "out.parquet", *options, "rows.parquet")
    result = run(*arguments, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert ("in-app of 6 frames was restored from data.orig_in_app" in result.stdout) is not fresh
    out = pq.read_table(tmp_path / "out.parquet")
    came = [each["in_app"] for each in FRAMES]
    restored = [True, True, False, None, None]
    expected = came if fresh else restored
    assert out["in_app"].to_pylist() == [None, expected, [], expected]
    # The columns of the input stay.
    assert out["frames"].equals(pq.read_table(tmp_path / "rows.parquet")["frames"])

    arguments = ("preview", "--old", "my.rules", "--new", "new.rules", *options, "rows.parquet")
    result = run(*arguments, "--html", "page.html", folder=tmp_path)
    assert result.returncode == 0, result.stderr
    said = "in-app of 6 frames in 2 stack traces was restored from data.orig_in_app"
    assert (said in result.stdout) is not fresh
    assert f"category     {2 * expected.count(True):>12,} frames" in result.stdout
    page = (tmp_path / "page.html").read_text("utf-8")
    assert ("In-app of 3 frames was restored" in page) is not fresh


@pytest.mark.parametrize(("columns", "system"), [((), 0), (("repeats",), 2)])
def test_a_column_says_which_frames_repeat(
    tmp_path: Path, columns: tuple[str, ...], system: int
) -> None:
    pq.write_table(rows_of(FRAMES, pa.list_, *columns), tmp_path / "rows.parquet")
    (tmp_path / "my.rules").write_text("function:x -app", "utf-8")
    (tmp_path / "new.rules").write_text("function:f +group", "utf-8")
    arguments = ("preview", "--old", "my.rules", "--new", "new.rules", "rows.parquet")
    result = run(*arguments, folder=tmp_path)
    assert f"{system} in the system variant\n" in result.stdout
    said = "rows.parquet has no column frames.repeats: recursion is not simulated\n"
    assert (said in result.stdout) is (not columns)


def test_preview_takes_a_mix(folder: Path) -> None:
    """The snapshot is that of the same events as JSON: `tests/snapshots/preview.txt`."""
    (folder / "mix").mkdir()
    (folder / "a.parquet").rename(folder / "mix" / "a.parquet")
    (folder / "mix" / "event.json").write_text(json.dumps(EVENT), "utf-8")
    (folder / "mix" / "_temporary").mkdir()
    (folder / "mix" / "_temporary" / "half.parquet").write_bytes(b"PAR1")
    result = run(
        *("preview", "--old", "my.rules", "--new", "new.rules"),
        *("event.json", "mix", "mix/a.parquet", "-"),
        stdin=json.dumps(EVENT).encode(),
        folder=folder,
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (SNAPSHOTS / "preview.txt").read_text("utf-8")


def test_the_page_of_preview_shows_rows(folder: Path) -> None:
    """Those that change, whatever rows between them are null."""
    event = pq.read_table(folder / "a.parquet").to_pylist()
    nothing: dict[str, Any] = {"event_id": None, "place": "", "frames": None, "exception": None}
    same: dict[str, Any] = {**nothing, "frames": [], "exception": {"ty": None}}
    rows = [nothing, same, *event]
    pq.write_table(pa.Table.from_pylist(rows, schema=arrow.EVENTS), folder / "b.parquet")
    pages = []
    for names in (["event.json"], ["b.parquet"], ["event.json", "b.parquet"]):
        arguments = ("preview", "--old", "my.rules", "--new", "new.rules", "--html", "page.html")
        result = run(*arguments, *names, folder=folder)
        assert (result.returncode, result.stderr) == (0, "page.html: written\n")
        pages.append((folder / "page.html").read_text("utf-8"))
    assert "row 2" in pages[1]
    assert "row 0" not in pages[1]
    assert "row 1" not in pages[1]
    for word in ("serve", "lib/server.py", "function:serve +app"):
        assert word in pages[0]
        assert word in pages[1]
    assert pages[2].count("exception.values[0]") == pages[0].count("exception.values[0]")
    assert "row 2" in pages[2]


def test_apply_writes_all_columns_and_two_more(folder: Path) -> None:
    many(folder / "many.parquet", 5_000)
    arguments = ("apply", "--rules", "my.rules", "--out", "out.parquet", "--threads", "2")
    result = run(*arguments, "many.parquet", folder=folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (
        "out.parquet: 5,000 stack traces, 15,000 frames, 0 in-app, 15,000 with a category\n"
    )
    before, after = pq.read_table(folder / "many.parquet"), pq.read_table(folder / "out.parquet")
    assert after.column_names == ["number", "frames", "exception", "category", "in_app"]
    assert after.select(before.column_names).to_pylist() == before.to_pylist()
    rules = Enhancements.parse(RULES, Cache(0))
    answers = arrow.apply(rules, before).to_pylist()
    assert after.select(["category", "in_app"]).to_pylist() == answers
    assert after.schema.field("category").type.value_type == pa.string()


def test_apply_writes_events_as_well(folder: Path) -> None:
    outs = {}
    for name in ("event.json", "a.parquet"):
        result = run(
            "apply", "--rules", "my.rules", "--json", "--out", "o.parquet", name, folder=folder
        )
        assert json.loads(result.stdout) == {
            "out": "o.parquet",
            "stacktraces": 1,
            "frames": 3,
            "in_app": 2,
            "category": 1,
            "restored": 0,
            "left_out": 0,
        }
        outs[name] = pq.read_table(folder / "o.parquet")
    assert outs["event.json"].equals(outs["a.parquet"])
    (row,) = outs["event.json"].to_pylist()
    assert (row["place"], row["event_id"]) == ("exception.values[0]", None)
    assert row["category"] == ["framework", None, None]
    assert row["in_app"] == [False, True, True]


def test_apply_joins_files_with_the_same_columns(folder: Path) -> None:
    table = pq.read_table(folder / "a.parquet")
    pq.write_table(table.select(table.column_names[::-1]), folder / "b.parquet")
    names = ("a.parquet", "event.json", "b.parquet")
    assert run("apply", "--out", "out.parquet", *names, folder=folder).returncode == 0
    rows = pq.read_table(folder / "out.parquet").to_pylist()
    assert len(rows) == 3
    assert rows[0] == rows[1] == rows[2]


def test_rows_that_are_null_and_texts_in_dictionaries_stay(folder: Path) -> None:
    table = pa.Table.from_batches([arrow.batch([{"frames": [{"function": "get"}]}, {}])])
    word = pa.dictionary(pa.int32(), pa.string())
    table = table.append_column("release", pa.array(["1.0", None]).cast(word))
    pq.write_table(table.replace_schema_metadata({"by": "me"}), folder / "in.parquet")
    assert run("apply", "--out", "out.parquet", "in.parquet", folder=folder).returncode == 0
    out = pq.read_table(folder / "out.parquet")
    assert out["in_app"].to_pylist() == [[None], None]
    assert out["release"].type == word
    assert out["release"].to_pylist() == ["1.0", None]
    assert out.schema.metadata[b"by"] == b"me"


def test_events_are_converted_and_what_is_written_is_snapshot(folder: Path) -> None:
    (folder / "more.ndjson").write_text(f"{json.dumps(EVENT)}\n{json.dumps(EVENT)}\n", "utf-8")
    result = run("events", "event.json", "more.ndjson", "--out", "o.parquet", folder=folder)
    assert (result.returncode, result.stderr) == (0, "")
    shown = [result.stdout]
    assert pq.read_table(folder / "o.parquet").num_rows == 3
    for arguments in (
        ("apply", "--rules", "my.rules", "--out", "answers.parquet", "o.parquet"),
        ("apply", "--rules", "my.rules", "--out", "answers.parquet", "o.parquet", "--json"),
    ):
        shown.append(run(*arguments, folder=folder).stdout)
    assert "".join(shown) == (SNAPSHOTS / "parquet.txt").read_text("utf-8")


# --- errors -------------------------------------------------------------------------


def corrupt(folder: Path) -> None:
    """Change the data of a page, whose checksum then is wrong."""
    path = folder / "corrupt.parquet"
    pq.write_table(pq.read_table(folder / "a.parquet"), path, write_page_checksum=True)
    data = bytearray(path.read_bytes())
    start = data.index(b"serve")
    data[start : start + 5] = b"SERVE"
    path.write_bytes(data)


def make_bad(folder: Path) -> None:
    table = pq.read_table(folder / "a.parquet")
    pq.write_table(table.drop_columns(["exception"]), folder / "lacks.parquet")
    pq.write_table(table.append_column("category", pa.array([1])), folder / "has.parquet")
    pq.write_table(table.append_column("more", pa.array([1])), folder / "more.parquet")
    pq.write_table(table.set_column(0, "event_id", pa.array([1])), folder / "other.parquet")
    pq.write_table(pa.table({"frames": [1], "exception": [1]}), folder / "wrong.parquet")
    binary = pa.struct([(each.name, pa.binary()) for each in arrow.SCHEMA.field("exception").type])
    told = pa.array([{"ty": b"E"}, {"ty": b"\xff"}], binary)
    frames = pa.array([[], []], arrow.SCHEMA.field("frames").type)
    pq.write_table(pa.table({"frames": frames, "exception": told}), folder / "utf8.parquet")
    (folder / "no.parquet").write_bytes(b"no Parquet at all")
    (folder / "empty.parquet").write_bytes(b"")
    (folder / "cut.parquet").write_bytes((folder / "a.parquet").read_bytes()[:-100])
    (folder / "bad.ndjson").write_text(json.dumps(EVENT) + "\n{\n", "utf-8")
    (folder / "nothing").mkdir()
    (folder / "is-folder").mkdir()
    os.link(folder / "a.parquet", folder / "linked.parquet")
    (folder / "inside").mkdir()
    (folder / "inside" / "a.parquet").write_bytes((folder / "a.parquet").read_bytes())
    corrupt(folder)


ERRORS = [
    ("out.parquet", ["none.parquet"], "none.parquet: No such file or directory"),
    ("out.parquet", ["none.json"], "none.json: No such file or directory"),
    ("out.parquet", ["no.parquet"], "no.parquet: Parquet magic bytes not found"),
    ("out.parquet", ["empty.parquet"], "empty.parquet: Parquet file size is 0 bytes"),
    ("out.parquet", ["cut.parquet"], "cut.parquet: Parquet magic bytes not found"),
    ("out.parquet", ["a.parquet", "corrupt.parquet"], "corrupt.parquet: could not verify page"),
    ("out.parquet", ["lacks.parquet"], "lacks.parquet: column `exception` is missing: expected"),
    ("out.parquet", ["wrong.parquet"], "wrong.parquet: column `frames`: expected list<struct"),
    ("out.parquet", ["has.parquet"], "has.parquet: column `category` already exists"),
    (
        "out.parquet",
        ["a.parquet", "more.parquet"],
        "more.parquet: column `more` is not in the files",
    ),
    ("out.parquet", ["more.parquet", "event.json"], "event.json: column `more` is missing"),
    (
        "out.parquet",
        ["a.parquet", "other.parquet"],
        "other.parquet: column `event_id`: expected str",
    ),
    (
        "out.parquet",
        ["utf8.parquet"],
        "utf8.parquet: row 1: exception data: field `ty`: invalid UTF-8",
    ),
    ("out.parquet", ["a.parquet", "bad.ndjson"], "bad.ndjson:2: not JSON"),
    ("out.parquet", ["nothing"], "nothing: there is no file in it to read"),
    ("a.parquet", ["a.parquet"], "a.parquet: --out is a.parquet, which is read"),
    ("./a.parquet", ["event.json", "a.parquet"], "./a.parquet: --out is a.parquet, which is read"),
    ("linked.parquet", ["a.parquet"], "linked.parquet: --out is a.parquet, which is read"),
    ("inside/b.parquet", ["inside"], "inside/b.parquet: --out is in inside, which is read"),
    ("none/out.parquet", ["a.parquet"], "none/out.parquet: No such file or directory"),
    ("is-folder", ["a.parquet"], "is-folder: Is a directory"),
    ("event.json/out.parquet", ["a.parquet"], "event.json/out.parquet: Not a directory"),
    ("/dev/null", ["a.parquet"], "/dev/null: Not a regular file"),
]


@POSIX
@pytest.mark.parametrize(("out", "names", "says"), ERRORS, ids=[f"{o} {n}" for o, n, _ in ERRORS])
def test_an_error_is_one_line_and_leaves_all_as_it_was(
    folder: Path, out: str, names: list[str], says: str
) -> None:
    make_bad(folder)
    (folder / "out.parquet").write_bytes(b"the old one")
    before = files(folder)
    result = run("apply", "--rules", "my.rules", "--out", out, *names, folder=folder)
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {says}")
    assert files(folder) == before
    assert [each.name for each in (folder / "inside").iterdir()] == ["a.parquet"]


@POSIX
@pytest.mark.parametrize(
    "names", [names for out, names, _ in ERRORS if out == "out.parquet"], ids=str
)
def test_preview_tells_what_it_leaves_out(folder: Path, names: list[str]) -> None:
    """In files that are not as they should be; the columns of others do not matter to it."""
    make_bad(folder)
    result = run(
        *("preview", "--old", "my.rules", "--new", "new.rules", "--json"),
        *(*names, "event.json"),
        folder=folder,
    )
    good = {"has.parquet", "more.parquet", "other.parquet", "a.parquet", "event.json", "nothing"}
    bad = [name for name in names if name not in good]
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["Error" for _ in bad]
    assert all(f"Error: {name}" in result.stderr for name in bad)
    assert result.returncode == (2 if bad else 0)
    rows = sum(name in good and name != "nothing" for name in names) + 1
    rows += len({"bad.ndjson", "utf8.parquet"} & set(names))
    assert json.loads(result.stdout)["stacktraces"] == rows


def test_bad_ones_are_left_out_when_asked_to(folder: Path) -> None:
    make_bad(folder)
    for command, names, rows in (
        ("apply", ["utf8.parquet"], 1),
        ("apply", ["bad.ndjson", "none.json", "event.json"], 2),
        ("events", ["bad.ndjson", "none.json", "event.json"], 2),
    ):
        result = run(command, "--skip-bad", "--json", "--out", "out.parquet", *names, folder=folder)
        assert result.returncode == 2
        assert json.loads(result.stdout)["left_out"] == len(result.stderr.splitlines()) > 0
        assert pq.read_table(folder / "out.parquet").num_rows == rows


def test_what_does_not_go_together_is_refused(folder: Path) -> None:
    result = run("apply", "a.parquet", folder=folder)
    assert result.returncode == 2
    assert result.stderr == (
        "Error: a.parquet: the results of Parquet rows are written to a file: add --out\n"
    )
    assert run("apply", "--skip-bad", "event.json", folder=folder).returncode == 2
    result = run("events", "a.parquet", "--out", "b.parquet", folder=folder)
    assert result.stderr == "Error: a.parquet: it is a Parquet file, expected events\n"
    assert not (folder / "b.parquet").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["preview", "--new", "my.rules", "a.parquet"],
        ["apply", "--out", "o.parquet", "event.json"],
        ["events", "--out", "o.parquet", "event.json"],
    ],
    ids=lambda each: each[0],
)
def test_without_pyarrow_it_says_how_to_get_it(folder: Path, arguments: list[str]) -> None:
    result = run_program("without_module", "pyarrow", *arguments, folder=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: Parquet files need pyarrow: pip install 'sentry-ophio[arrow,cli]'\n"
    )
    events = ["preview", "--new", "my.rules", "event.json"]
    assert run_program("without_module", "pyarrow", *events, folder=folder).returncode == 0


@POSIX
@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_a_folder_that_may_not_be_written(folder: Path) -> None:
    (folder / "is-folder").mkdir(0o500)
    result = run("apply", "--out", "is-folder/o.parquet", "a.parquet", folder=folder)
    assert (result.returncode, result.stderr) == (
        2,
        "Error: is-folder/o.parquet: Permission denied\n",
    )


@POSIX
def test_a_disk_that_is_full(folder: Path) -> None:
    """A limit on the size of files fails in the middle of a row group, as a full disk does."""
    many(folder / "many.parquet", 30_000)
    (folder / "out.parquet").write_bytes(b"the old one")
    before = files(folder)
    result = run_program("with_small_files", "200000", *applied("out.parquet"), folder=folder)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "Error: out.parquet: File too large\n"
    assert files(folder) == before


# --- the process that reads ---------------------------------------------------------


@POSIX
@pytest.mark.parametrize(
    ("program", "how"),
    [
        ("import os; os.abort()", "SIGABRT"),
        ("raise SystemExit(3)", "exit status 3"),
        ("print('{\"size\": 9}\\nshort', end='')", "exit status 0"),
        ("print('{\"size\": ', end='')", "exit status 0"),
    ],
)
def test_a_file_that_ends_the_process_is_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, program: str, how: str
) -> None:
    name = str(folder / "a.parquet")
    _Process.stop_all()
    with monkeypatch.context() as patched:
        patched.setattr(_parquet_process, "_PROGRAM", program)
        with pytest.raises(ParquetError) as caught:
            ParquetFile(name)
    assert str(caught.value) == f"{name}: it is corrupt: pyarrow ended with {how}"
    assert not _Process._free
    assert ParquetFile(name).rows == 1


@POSIX
@pytest.mark.parametrize("sent", ["{}", '{"size": 3}\nabc', "no JSON", '{"size": -1}', "[]"])
def test_what_the_process_sends_is_checked(
    folder: Path, monkeypatch: pytest.MonkeyPatch, sent: str
) -> None:
    """A file may have any effect on it."""
    _Process.stop_all()
    monkeypatch.setattr(_parquet_process, "_PROGRAM", f"print({sent!r})")
    with pytest.raises(ParquetError, match=r"a\.parquet: "):
        ParquetFile(str(folder / "a.parquet"))


def test_one_process_reads_many_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And names are relative to the current folder, which may change."""
    monkeypatch.chdir(folder)
    _Process.stop_all()
    many(folder / "many.parquet", 9_000)
    files = [ParquetFile(name) for name in ("a.parquet", "many.parquet") * 2]
    (process,) = _Process._free
    assert [sum(len(batch) for batch in each.batches()) for each in files] == [1, 9_000] * 2
    assert _Process._free == [process]
    # One that is not read to its end is in the middle of an answer.
    begun: Any = files[1].batches()
    assert len(next(begun)) == 4_096
    assert not _Process._free
    assert len(next(files[0].batches())) == 1
    begun.close()
    assert process._process.returncode is not None
    assert process not in _Process._free


def test_a_module_in_the_current_folder_is_not_imported(folder: Path) -> None:
    """The folder of an untrusted file may have one."""
    for name in ("json", "pyarrow", "sentry_ophio"):
        (folder / f"{name}.py").write_text("open('imported', 'w')\nraise SystemExit", "utf-8")
    script = "from sentry_ophio.__main__ import main; main()"
    result = subprocess.run(
        [sys.executable, "-I", "-c", script, "apply", "--out", "o.parquet", "a.parquet"],
        cwd=folder,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    assert (result.returncode, result.stderr) == (0, "")
    assert not (folder / "imported").exists()


# --- killed, interrupted, again -----------------------------------------------------

# Takes a second or two, and has four row groups.
KILLED_ROWS = 60_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a large file, and the output of an uninterrupted run."""
    folder = tmp_path_factory.mktemp("large")
    (folder / "my.rules").write_text(RULES, "utf-8")
    many(folder / "many.parquet", KILLED_ROWS)
    assert run(*applied("whole.parquet"), folder=folder).returncode == 0
    return folder


def applied(out: str) -> list[str]:
    return ["apply", "--rules", "my.rules", "--threads", "1", "--out", out, "many.parquet"]


def stopped(folder: Path, arguments: list[str], number: int, size: int) -> tuple[int, str]:
    """Run a command, and send it a signal when its temporary file has so many bytes."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sentry_ophio", *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        preexec_fn=take_interrupts,
    )
    temporary = temporary_of(folder / "out.parquet")
    while process.poll() is None:
        try:
            if temporary.stat().st_size >= size:
                process.send_signal(number)
                break
        except FileNotFoundError:
            pass
        time.sleep(0.002)
    _, said = process.communicate()
    return process.returncode, said


@POSIX
@pytest.mark.long
@pytest.mark.parametrize("old", [None, b"the old one"], ids=["none", "old"])
def test_after_a_kill_it_is_run_again_and_nothing_is_lost(large: Path, old: bytes | None) -> None:
    out = large / "out.parquet"
    whole = (large / "whole.parquet").read_bytes()
    out.unlink(missing_ok=True)
    if old is not None:
        out.write_bytes(old)
    leftovers = set()
    for part in (0, 0.2, 0.45, 0.7):
        code, _ = stopped(large, applied("out.parquet"), signal.SIGKILL, int(part * len(whole)))
        assert code == -signal.SIGKILL
        assert (out.read_bytes() if out.exists() else None) == old
        leftovers.add(temporary_of(out).stat().st_size)
        others = {"my.rules", "many.parquet", "whole.parquet", "out.parquet"}
        assert {each.name for each in large.iterdir()} - others == {temporary_of(out).name}
    assert len(leftovers) > 2, "killed at different moments"
    assert run(*applied("out.parquet"), folder=large).returncode == 0
    assert not temporary_of(out).exists()
    assert out.read_bytes() == whole
    table = pq.read_table(out)
    assert table["number"].to_pylist() == list(range(KILLED_ROWS))
    assert run(*applied("out.parquet"), folder=large).returncode == 0
    assert out.read_bytes() == whole
    out.unlink()


@POSIX
@pytest.mark.long
def test_an_interrupt_removes_what_was_written(large: Path) -> None:
    out = large / "out.parquet"
    out.write_bytes(b"the old one")
    whole = (large / "whole.parquet").stat().st_size
    code, said = stopped(large, applied("out.parquet"), signal.SIGINT, int(0.45 * whole))
    assert (code, said) == (1, "\nAborted!\n")
    assert out.read_bytes() == b"the old one"
    assert not temporary_of(out).exists()
    out.unlink()


def test_two_at_a_time_do_not_mix(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    path = tmp_path / "a"
    with replaced(path) as file:
        file.write(b"first")
        with pytest.raises(OSError, match="is writing it"), replaced(path) as other:
            other.write(b"second")
        assert temporary_of(path).exists()
    assert path.read_bytes() == b"first"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_who_opens_what_is_just_renamed_does_not_write_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one opens the temporary file of the first, which then ends before the lock."""
    fcntl = pytest.importorskip("fcntl")
    path = tmp_path / "a"
    flock = fcntl.flock
    first = replaced(path)
    first.__enter__().write(b"first")

    def late(handle: int, how: int) -> None:
        monkeypatch.undo()
        first.__exit__(None, None, None)
        flock(handle, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with replaced(path) as file:
        file.write(b"sec")
        file.flush()
        assert path.read_bytes() == b"first"
    assert path.read_bytes() == b"sec"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


def test_nothing_of_a_leftover_stays(tmp_path: Path) -> None:
    temporary_of(tmp_path / "a").write_bytes(b"what a killed writer left" * 1_000)
    with replaced(tmp_path / "a") as file:
        file.write(b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["a"]


@POSIX
def test_a_link_and_the_permissions_stay(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    with replaced(tmp_path / "link") as file:
        file.write(b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o640
    # A link with the name of the temporary file would make us write elsewhere.
    temporary_of(tmp_path / "real").symlink_to("victim")
    with pytest.raises(OSError, match="real"), replaced(tmp_path / "real"):
        pass
    assert not (tmp_path / "victim").exists()


# --- memory and progress ------------------------------------------------------------


def peak(folder: Path, *arguments: str) -> int:
    """Run a command, and tell its peak memory."""
    command = [sys.executable, "-m", "sentry_ophio", *arguments]
    done = run_program("peak", *command, folder=folder)
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[0])


@POSIX
@pytest.mark.long
@pytest.mark.parametrize(
    ("command", "group"),
    [("preview", 2_000), ("apply", 2_000), ("apply", 1_000_000), ("events", 0)],
)
def test_memory_is_flat(tmp_path: Path, command: str, group: int) -> None:
    """Ten times the rows take a fifth more at most, also where they are one row group."""
    (tmp_path / "my.rules").write_text(RULES, "utf-8")
    peaks = []
    # From 20,000 rows on, a row group of what is written is full.
    for rows in (20_000, 200_000):
        name = f"{rows}.parquet"
        if command == "events":
            name = f"{rows}.ndjson"
            (tmp_path / name).write_bytes((json.dumps(EVENT).encode() + b"\n") * (rows // 4))
        else:
            many(tmp_path / name, rows)
            if group >= rows:
                table = pq.read_table(tmp_path / name)
                pq.write_table(table, tmp_path / name, row_group_size=group)
        options = {
            "preview": ["--old", "my.rules", "--new", "my.rules", "--threads", "1"],
            "apply": ["--rules", "my.rules", "--threads", "1", "--out", "out.parquet"],
            "events": ["--out", "out.parquet"],
        }
        peaks.append(peak(tmp_path, command, *options[command], name))
    print(command, group, peaks)  # noqa: T201 (which pytest -s shows)
    assert peaks[1] < 1.2 * peaks[0]


@POSIX
@pytest.mark.long
def test_the_bar_knows_how_many_rows_there_are(folder: Path) -> None:
    import pty  # noqa: PLC0415 (there is none on Windows)

    many(folder / "many.parquet", 9_000)
    for names, says in ((["many.parquet"], "9,000 of 9,000"), (["event.json"], "1 stack traces")):
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-m", "sentry_ophio", "preview", "--new", "my.rules", *names],
            cwd=folder,
            stderr=theirs,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "COLUMNS": "100", "TERM": "xterm"},
        )
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65_536):
                shown += chunk
        except OSError:  # how Linux reports the end
            pass
        os.close(ours)
        assert process.wait() == 0
        assert says in shown.decode()


def test_the_commands_of_the_page_run(source_tree: Path, tmp_path: Path) -> None:
    text = (source_tree / "docs" / "arrow.md").read_text("utf-8")
    section = text.split("## From events and Parquet files")[1].split("\n## ")[0]
    commands = re.findall(r"^sentry-ophio (.*?)(?: +#.*)?$", section, re.MULTILINE)
    assert len(commands) == 4
    (tmp_path / "now.rules").write_text(RULES, "utf-8")
    (tmp_path / "then.rules").write_text(NEW_RULES, "utf-8")
    (tmp_path / "month").mkdir()
    (tmp_path / "month" / "day.ndjson").write_text(f"{json.dumps(EVENT)}\n" * 3, "utf-8")
    for command in commands:
        result = run(*command.split(), folder=tmp_path)
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout
    columns = pq.read_schema(tmp_path / "answers.parquet").names
    assert columns == ["event_id", "place", "frames", "exception", "category", "in_app"]


@pytest.mark.parametrize("command", ["apply", "events", "preview"])
def test_help_tells_of_files(command: str) -> None:
    result = run(command, "--help")
    assert ".parquet" in result.stdout
