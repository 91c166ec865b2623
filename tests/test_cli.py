"""The command line, run as a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")

FIXTURES = Path(__file__).resolve().parent / "fixtures"
SNAPSHOTS = FIXTURES.parent / "snapshots"
EVENTS = sorted((FIXTURES / "events").glob("*.json"))
BAD = sorted((FIXTURES / "bad").iterdir())
SHARED = sorted((FIXTURES.parents[2] / "shared" / "data" / "events").glob("*.json"))


def run(
    *arguments: str | Path, stdin: bytes = b"", folder: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "110", "PYTHONIOENCODING": "utf-8", **environ}
    result = subprocess.run(
        [sys.executable, "-m", "sentry_ophio", *map(str, arguments)],
        input=stdin,
        capture_output=True,
        check=False,
        env=environment,
        cwd=folder,
    )
    return subprocess.CompletedProcess(
        result.args, result.returncode, result.stdout.decode(), result.stderr.decode()
    )


EVENT = {
    "platform": "python",
    "exception": {
        "values": [
            {
                "type": "KeyError",
                "value": "'price'",
                "stacktrace": {
                    "frames": [
                        {"function": "serve", "filename": "lib/server.py", "in_app": True},
                        {"function": "total", "filename": "shop/cart.py", "lineno": 7},
                        {"function": "get", "filename": "shop/db.py", "in_app": True},
                    ]
                },
            }
        ]
    },
}
RULES = """\
path:**/lib/**    -app category=framework
path:**/shop/**   +app
function:get      -group
"""


@pytest.fixture
def event(tmp_path: Path) -> Path:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(EVENT), "utf-8")
    return path


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "my.rules"
    path.write_text(RULES, "utf-8")
    return path


def test_a_table_has_a_row_a_frame(event: Path, rules: Path) -> None:
    result = run("apply", "--rules", rules.name, event.name, folder=event.parent)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (SNAPSHOTS / "apply.txt").read_text("utf-8")


def test_json_says_the_same(event: Path, rules: Path) -> None:
    result = run("apply", "--json", "--rules", rules, event)
    assert (result.returncode, result.stderr) == (0, "")
    (trace,) = json.loads(result.stdout)["stacktraces"]
    assert trace["place"] == "exception.values[0]"
    assert trace["contributes"] is True
    columns = ["in_app_before", "in_app", "category", "contributes"]
    assert [[frame[column] for column in columns] for frame in trace["frames"]] == [
        [True, False, "framework", False],
        [None, True, None, True],
        [True, True, None, False],
    ]
    assert trace["frames"][2]["hint"] == "ignored by stack trace rule (function:get -group)"
    assert trace["frames"][1]["location"] == "shop/cart.py:7"


def test_several_files_of_rules_are_one(event: Path, rules: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.rules"
    more.write_text("function:get +group", "utf-8")
    result = run("apply", "--json", "--rules", rules, "--rules", more, event)
    (trace,) = json.loads(result.stdout)["stacktraces"]
    assert trace["frames"][2]["hint"] == "un-ignored by stack trace rule (function:get +group)"


def test_standard_input(event: Path) -> None:
    result = run("apply", "--json", "-", stdin=event.read_bytes())
    assert result.returncode == 0
    assert json.loads(result.stdout)["event"] == "-"


def test_no_colour_where_there_is_no_terminal(event: Path) -> None:
    assert "\x1b" not in run("apply", event).stdout
    assert "\x1b" in run("apply", event, FORCE_COLOR="1", TERM="xterm").stdout


def test_an_event_without_a_stack_trace(tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text("{}", "utf-8")
    result = run("apply", path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("event.json: no stack trace\n")


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_every_fixture_goes_through(path: Path) -> None:
    result = run("apply", "--json", path)
    assert (result.returncode, result.stderr) == (0, "")
    assert json.loads(result.stdout)["stacktraces"]


@pytest.mark.skipif(not SHARED, reason="the shared data are not here")
def test_every_shared_event_goes_through() -> None:
    result = run("apply", "--json", *SHARED)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == len(SHARED) > 150
    assert run("apply", *SHARED).returncode == 0


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.name)
def test_a_bad_file_is_one_line_and_the_others_are_done(path: Path, event: Path) -> None:
    result = run("apply", "--json", path, event)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {path}: ")
    assert [json.loads(text)["event"] for text in result.stdout.splitlines()] == [str(event)]


def test_a_file_that_is_not_there(event: Path) -> None:
    result = run("apply", "--json", "nowhere.json", event.parent, event)
    assert result.returncode == 2
    assert result.stderr.splitlines() == [
        "Error: nowhere.json: No such file or directory",
        f"Error: {event.parent}: Is a directory",
    ]
    assert len(result.stdout.splitlines()) == 1


def test_bad_rules_are_one_line(event: Path, rules: Path) -> None:
    rules.write_text("path:a +app\nfunktion:f +app\n", "utf-8")
    result = run("apply", "--rules", rules, event)
    assert result.returncode == 2
    (line,) = result.stderr.splitlines()
    assert line.startswith(f"Error: {rules}: Invalid syntax at `funktion:f +app`")
    assert result.stdout == ""


def test_a_reader_that_leaves_early_is_no_error(event: Path) -> None:
    command = f'"{sys.executable}" -m sentry_ophio apply {event} {event} | true'
    result = subprocess.run(command, shell=True, capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (0, b"")


def test_without_rich_it_says_how_to_get_it() -> None:
    script = (
        "import sys; sys.modules['rich'] = None\nfrom sentry_ophio.__main__ import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=False, encoding="utf-8"
    )
    assert result.returncode == 2
    assert result.stderr == "The command line needs rich: pip install 'sentry-ophio[cli]'\n"
