"""`sentry-ophio fingerprint preview`: files of events, output, errors, exit codes."""

from __future__ import annotations

import gzip
import json
import os
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest
from commands import run_on_terminal

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("jinja2")

from click.testing import CliRunner

from sentry_ophio.cli import cli
from sentry_ophio.fingerprints import FingerprintRules

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

OLD = "level:error -> errors\n"
NEW = 'level:error -> errors, {{ type }} title="E \\x1b[31m"\nmessage:*timeout* -> timeout\n'


def raised(number: int, kind: str, level: str = "error") -> dict[str, Any]:
    return {
        "event_id": f"{number:032x}",
        "level": level,
        "platform": "python",
        "exception": {
            "values": [
                {
                    "type": kind,
                    "value": "a\x1b[31m<b>\ud800",
                    "stacktrace": {
                        "frames": [{"function": "f", "module": "m", "in_app": True}],
                    },
                }
            ]
        },
    }


EVENTS = [
    *(raised(number, kind) for number, kind in enumerate("AAB")),
    {"logentry": {"formatted": "db timeout"}},
    {"logentry": {"formatted": "mail timeout"}},
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with rules and events."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.rules").write_text(OLD, "utf-8")
    (tmp_path / "new.rules").write_text(NEW, "utf-8")
    (tmp_path / "events.ndjson").write_text(lines(EVENTS), "utf-8")
    return tmp_path


def lines(events: list[Any]) -> str:
    return "".join(json.dumps(event) + "\n" for event in events)


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    rules = ["--old", "old.rules", "--new", "new.rules"]
    return CliRunner().invoke(cli, ["fingerprint", "preview", *rules, *arguments], input=stdin)


def document(*arguments: str, stdin: str | bytes = "", code: int = 0) -> dict[str, Any]:
    result = run("--json", *arguments, stdin=stdin)
    assert result.exit_code == code, result.output
    # Before 8.2 click puts standard error in front of it.
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


TEXT = r"""5 events: 3 issues before, 3 after; 5 events move to another issue
  merges         1  old issues become one
  splits         1  an old issue becomes several
  moves          0  an old issue gets another fingerprint
responsible:
           3  by new.rules:1  level:error -> errors, {{ type }} title="E \x1b[31m"
           2  by new.rules:2  message:*timeout* -> timeout
0 of 2 new rules matched nothing

split: an issue becomes 2 issues; 3 of 3 events move
  before  KEY  errors  (3 events)
          A: a\x1b[31m<b>\ud800
  after   KEY  errors, A  (2 events)
          E \x1b[31m
          by new.rules:1  level:error -> errors, {{ type }} title="E \x1b[31m"
          events.ndjson:1, events.ndjson:2
  after   KEY  errors, B  (1 event)
          E \x1b[31m
          by new.rules:1  level:error -> errors, {{ type }} title="E \x1b[31m"
          events.ndjson:3

merge: 2 issues become one; 2 of 2 events move
  after   KEY  timeout  (2 events)
          db timeout
  before  KEY  {{ default }}  (1 event)
          db timeout
          by new.rules:2  message:*timeout* -> timeout
          events.ndjson:4
  before  KEY  {{ default }}  (1 event)
          mail timeout
          by new.rules:2  message:*timeout* -> timeout
          events.ndjson:5
"""


def without_keys(text: str) -> str:
    return re.sub(r"\b[0-9a-f]{8}\b", "KEY", text)


def test_the_message_can_be_parameterized(folder: Path) -> None:
    (folder / "new.rules").write_text("message:took* -> {{ message }}\n", "utf-8")
    events: list[dict[str, Any]] = [
        {"logentry": {"formatted": f"took {number}ms"}} for number in (15, 16)
    ]
    # The fingerprint that an SDK gives has a variable as well.
    events += [each | {"fingerprint": ["{{ message }}", "x"]} for each in events]
    (folder / "took.ndjson").write_text(lines(events[:2]), "utf-8")
    (folder / "own.ndjson").write_text(lines(events[2:]), "utf-8")
    (folder / "none.rules").write_text("", "utf-8")
    for options, took, own in (((), 2, 2), (("--parameterize",), 1, 1)):
        assert document(*options, "took.ndjson")["new_issues"] == took
        found = document(*options, "--new", "none.rules", "own.ndjson")
        assert found["new_issues"] == own


def test_the_text() -> None:
    result = run("events.ndjson")
    assert result.exit_code == 0
    assert without_keys(result.output) == TEXT


@pytest.mark.skipif(os.name != "posix", reason="for POSIX")
@pytest.mark.parametrize("columns", [40, 80, 120])
def test_on_a_terminal_nothing_is_cut(columns: int) -> None:
    command = "-m sentry_ophio fingerprint preview --old old.rules --new new.rules events.ndjson"
    text = run_on_terminal(
        [sys.executable, *command.split()], columns=columns, TERM="xterm-256color"
    )
    assert "\x1b[1m" in text
    shown = re.sub(r"\x1b\[[0-9;]*m", "", text)
    assert "\x1b" not in shown
    assert max(map(len, shown.split("\n"))) <= columns
    assert without_keys(shown).split() == TEXT.split() or columns == 40
    assert re.sub(r"\s", "", without_keys(shown)) == re.sub(r"\s", "", TEXT)


def test_json() -> None:
    found = document("events.ndjson")
    assert {name: found[name] for name in ("events", "left_out", "moved")} == {
        "events": 5,
        "left_out": 0,
        "moved": 5,
    }
    assert (found["old_issues"], found["new_issues"]) == (3, 3)
    split, merge = found["changes"]
    assert (split["kind"], split["moved"], split["issue"]["fingerprint"]) == (
        "split",
        3,
        ["errors"],
    )
    part = split["parts"][0]
    assert part["new"]["fingerprint"] == ["errors", "A"]
    assert (part["new"]["kind"], part["new"]["title"], part["events"]) == (
        "custom",
        "E \x1b[31m",
        2,
    )
    assert part["moves"] is True
    assert part["rules"] == [
        {
            "index": 0,
            "text": 'level:error -> errors, {{ type }} title="E \\x1b[31m"',
            "source": "new.rules",
            "line": 1,
            "is_builtin": False,
            "is_new": True,
            "events": 2,
        }
    ]
    assert part["examples"][1] == {
        "number": 1,
        "event_id": f"{1:032x}",
        "name": "events.ndjson:2",
    }
    assert len(merge["parts"]) == 2
    assert [each["matched"] for each in found["new_rules"]] == [3, 2]
    assert [each["responsible"] for each in found["old_rules"]] == [0]


# --- where events are ---------------------------------------------------------------


def test_events_are_read_from_files_lines_and_folders(folder: Path) -> None:
    many = folder / "many"
    (many / "more").mkdir(parents=True)
    (many / "a.json").write_text(json.dumps(EVENTS[0]), "utf-8")
    (many / "b.jsonl").write_text("\n" + lines(EVENTS[1:3]), "utf-8")
    with gzip.open(many / "more" / "c.ndjson.gz", "wt") as file:
        file.write(lines(EVENTS[3:]))
    (many / "other.txt").write_text("no event", "utf-8")
    found, expected = document("many"), document("events.ndjson")
    names = [each["name"] for part in found["changes"][0]["parts"] for each in part["examples"]]
    assert names == [str(many / "a.json").replace(str(folder) + os.sep, ""), *names[1:]]
    assert names[1].endswith("b.jsonl:2")
    for each in (found, expected):
        for change in each["changes"]:
            for part in change["parts"]:
                del part["examples"]
    assert found == expected
    assert document("-", stdin=lines(EVENTS))["events"] == 5


def test_an_event_of_two_files_counts_twice() -> None:
    found = document("events.ndjson", "events.ndjson")
    assert (found["events"], found["old_issues"], found["new_issues"]) == (10, 3, 3)


def test_parquet_files_with_events(folder: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    texts = [json.dumps(event) for event in EVENTS]
    for kind in (pa.string(), pa.large_string(), pa.binary(), pa.large_binary()):
        table = pa.table({"number": range(5), "event": pa.array(texts).cast(kind)})
        pq.write_table(table, folder / "events.parquet")
        found = document("events.parquet")
        assert (found["events"], found["old_issues"], found["new_issues"]) == (5, 3, 3)
        (example,) = found["changes"][0]["parts"][1]["examples"]
        assert example["name"] == "events.parquet: row 2"


def test_parquet_files_with_stack_traces(folder: Path) -> None:
    pytest.importorskip("pyarrow")
    chained = raised(7, "C")
    chained["exception"]["values"].insert(0, raised(7, "Cause")["exception"]["values"][0])
    thread = {"stacktrace": {"frames": [{"function": "in_thread"}]}, "crashed": True}
    events = [*EVENTS[:3], chained, {"event_id": "9", "threads": {"values": [thread]}}]
    (folder / "some.ndjson").write_text(lines(events), "utf-8")
    assert CliRunner().invoke(cli, ["events", "some.ndjson", "--out", "a.parquet"]).exit_code == 0
    (folder / "new.rules").write_text(
        "type:Cause -> cause\ntype:A function:f module:m app:yes -> a\nfunction:in_* -> thread\n",
        "utf-8",
    )
    found, expected = document("a.parquet"), document("some.ndjson")
    assert found["events"] == expected["events"] == 5
    assert [each["matched"] for each in found["new_rules"]] == [1, 2, 1]
    assert [each["matched"] for each in expected["new_rules"]] == [1, 2, 1]
    assert found["new_issues"] == expected["new_issues"]
    examples = [part["examples"] for change in found["changes"] for part in change["parts"]]
    ids = {each["event_id"]: each["name"] for part in examples for each in part}
    assert ids["9"] == "a.parquet: row 5"


def test_parquet_files_with_binary_texts(folder: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    (folder / "some.ndjson").write_text(lines(EVENTS[:3]), "utf-8")
    assert CliRunner().invoke(cli, ["events", "some.ndjson", "--out", "a.parquet"]).exit_code == 0
    texts = pq.read_table(folder / "a.parquet")

    def binary(kind: Any) -> Any:
        if pa.types.is_struct(kind):
            return pa.struct([(each.name, binary(each.type)) for each in kind])
        if pa.types.is_list(kind):
            return pa.list_(binary(kind.value_type))
        return pa.binary() if pa.types.is_string(kind) else kind

    rows = texts.to_pylist()
    schema = pa.schema([(each.name, binary(each.type)) for each in texts.schema])
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "b.parquet")
    (folder / "new.rules").write_text("type:A function:f module:m -> a\n", "utf-8")
    expected, found = document("a.parquet"), document("b.parquet")
    assert [each["matched"] for each in expected["new_rules"]] == [2]
    named = json.dumps(expected).replace("a.parquet", "b.parquet")
    assert json.loads(named) == found
    # A row whose texts are not UTF-8 is left out.
    rows[1]["exception"]["ty"] = b"\xff"
    pq.write_table(pa.Table.from_pylist(rows, schema), folder / "b.parquet")
    result = run("b.parquet")
    assert result.exit_code == 2
    assert "Error: b.parquet: row 1: a text is not UTF-8" in result.output
    assert "2 events: " in result.output


def test_parquet_files_that_cannot_be_used(folder: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    events = ["{}", None, "[]", "{", '{"level": "error"}']
    pq.write_table(pa.table({"event": events}), folder / "some.parquet")
    pq.write_table(pa.table({"event": [1]}), folder / "number.parquet")
    pq.write_table(pa.table({"other": [1]}), folder / "other.parquet")
    (folder / "no.parquet").write_bytes(b"x")
    result = run("some.parquet", "number.parquet", "other.parquet", "no.parquet", "none.parquet")
    assert result.exit_code == 2
    assert "2 events: 2 issues before, 2 after; 1 event moves to another issue" in result.output
    assert "\n7 events, rows or files were left out\n" in result.output
    for message in (
        "some.parquet: row 1: `event` is null",
        "some.parquet: row 2: an event must be an object, not list",
        "some.parquet: row 3: not JSON: ",
        "number.parquet: column `event`: expected string or binary, not int64",
        "other.parquet: ",
        "no.parquet: ",
        "none.parquet: No such file or directory",
    ):
        assert f"Error: {message}" in result.output


def test_rows_with_texts_that_are_not_utf_8_are_left_out(folder: Path) -> None:
    """They ended the command with a traceback."""
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("sentry_ophio.arrow")
    texts = pa.array([b'{"level": "error"}', b'"\xff"', b"{}"]).view(pa.string())
    pq.write_table(pa.table({"event": texts}), folder / "events.parquet")
    rows = [{"frames": [{"function": name}], "exception": {"ty": "E"}} for name in ("f", "WRONG")]
    pq.write_table(
        pa.Table.from_batches([arrow.batch(rows)]), folder / "traces.parquet", compression="none"
    )
    written = (folder / "traces.parquet").read_bytes()
    (folder / "traces.parquet").write_bytes(written.replace(b"WRONG", b"WR\xffNG"))
    result = run("events.parquet", "traces.parquet")
    assert result.exit_code == 2
    assert "3 events: " in result.output
    for name in ("events", "traces"):
        assert f"Error: {name}.parquet: row 1: a text is not UTF-8" in result.output


# --- rules --------------------------------------------------------------------------


def test_without_old_rules_there_are_none() -> None:
    result = CliRunner().invoke(
        cli, ["fingerprint", "preview", "--new", "new.rules", "--json", "events.ndjson"]
    )
    found = json.loads(result.stdout)
    assert found["old_rules"] == []
    assert found["old_issues"] == 4


def test_rules_can_be_stored_and_have_built_in_ones_after_them(folder: Path) -> None:
    stored = FingerprintRules.parse(NEW).to_json()
    (folder / "new.json").write_text(stored, "utf-8")
    (folder / "builtin.rules").write_text("logger:none -> never\n", "utf-8")
    found = document("--new", "new.json", "--builtin", "builtin.rules", "events.ndjson")
    assert [each["is_builtin"] for each in found["new_rules"]] == [False, False, True]
    assert [each["is_builtin"] for each in found["old_rules"]] == [False, True]
    assert found["moved"] == 5


def test_a_base_is_in_front_of_both_sets(folder: Path) -> None:
    (folder / "base.rules").write_text("level:error -> all\n", "utf-8")
    assert document("events.ndjson")["moved"] == 5
    found = document("--base", "base.rules", "events.ndjson")
    assert found["moved"] == 2
    for rules in (found["old_rules"], found["new_rules"]):
        assert (rules[0]["source"], rules[0]["matched"]) == ("base.rules", 3)
    # Without old rules, those of the base run alone.
    arguments = ("--base", "base.rules", "--new", "new.rules", "--json", "events.ndjson")
    result = CliRunner().invoke(cli, ["fingerprint", "preview", *arguments])
    assert json.loads(result.stdout)["moved"] == 2


def test_stack_trace_rules_decide_about_default(folder: Path) -> None:
    events = [
        {"stacktrace": {"frames": [{"function": name}, {"function": "f", "in_app": True}]}}
        for name in ("log_a", "log_b")
    ]
    (folder / "two.ndjson").write_text(lines(events), "utf-8")
    (folder / "trace.rules").write_text("function:log_* +app\n", "utf-8")
    (folder / "empty.rules").write_text("", "utf-8")
    assert document("--rules", "empty.rules", "two.ndjson")["old_issues"] == 1
    assert document("--rules", "trace.rules", "two.ndjson")["old_issues"] == 2


def test_unknown_variables_are_marked(folder: Path) -> None:
    (folder / "new.rules").write_text("level:error -> {{ typ }}\n", "utf-8")
    found = document("--unknown", "mark", "events.ndjson")
    fingerprints = {tuple(each["issue"]["fingerprint"]) for each in found["changes"]}
    fingerprints |= {
        tuple(part["new"]["fingerprint"]) for each in found["changes"] for part in each["parts"]
    }
    assert ("<unrecognized-variable-typ>",) in fingerprints


@pytest.mark.parametrize(("most", "count"), [("1", 1), ("2", 2), ("0", 2), ("10", 2)])
def test_the_largest_changes_are_listed(most: str, count: int) -> None:
    output = run("--most", most, "events.ndjson").output
    assert len(re.findall(r"^(?:merge|split|move): ", output, re.MULTILINE)) == count
    assert ("and 1 smaller change\n" in output) is (count == 1)
    assert ("          and 1 smaller part\n" in output) is (count == 1)


# --- errors -------------------------------------------------------------------------


def test_what_cannot_be_read_is_reported_and_counted(folder: Path) -> None:
    bad = '[]\n{"exception": {"values": [7]}}\n{\n\n"\\ud800"\n'
    (folder / "bad.ndjson").write_text(bad + lines(EVENTS), "utf-8")
    (folder / "cut.json.gz").write_bytes(gzip.compress(b"{}")[:-4])
    result = run("bad.ndjson", "none.json", "cut.json.gz")
    assert result.exit_code == 2
    assert "5 events: 3 issues before" in result.output
    assert result.output.endswith("\n6 events, rows or files were left out\n")
    for message in (
        "bad.ndjson:1: an event must be an object, not list",
        "bad.ndjson:2: exception.values[0]: expected an object or null, not a number",
        "bad.ndjson:3: not JSON: ",
        "bad.ndjson:5: an event must be an object, not str",
        "none.json: No such file or directory",
        "cut.json.gz: not gzip, or truncated: ",
    ):
        assert f"Error: {message}" in result.output
    assert document("bad.ndjson", code=2)["left_out"] == 4


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--html", "page.html"]])
def test_without_an_event_there_is_no_report(folder: Path, arguments: list[str]) -> None:
    (folder / "bad.ndjson").write_text("[]\n", "utf-8")
    (folder / "empty").mkdir()
    for name in ("bad.ndjson", "empty", "none.json", "-"):
        result = run(*arguments, name)
        assert result.exit_code == 2
        errors = [line for line in result.output.split("\n") if line]
        assert all(line.startswith("Error: ") for line in errors)
        assert errors[-1] == "Error: no event can be used: there is nothing to report"
    assert not (folder / "page.html").exists()


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["--new", "none.rules", "events.ndjson"], "none.rules: No such file or directory"),
        (["--old", "bad.rules", "events.ndjson"], "bad.rules: 1 error in the rules"),
        (["--rules", "bad.rules", "events.ndjson"], "bad.rules: 1 error in the rules"),
        (["--unknown", "drop", "events.ndjson"], "--unknown"),
        (["--most", "-1", "events.ndjson"], "--most"),
        ([], "EVENTS..."),
        (["--html", "none/page.html", "events.ndjson"], "none/page.html: No such file"),
    ],
)
def test_bad_arguments_are_errors(folder: Path, arguments: list[str], shown: str) -> None:
    (folder / "bad.rules").write_text("typ:A -> a\n", "utf-8")
    result = run(*arguments)
    assert result.exit_code == 2
    assert shown in result.output
    assert "issues before" not in result.output
