"""The command line, run as a program."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run_command
from conftest import run_program

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
    result = run_command(*arguments, stdin=stdin, folder=folder, **{"COLUMNS": "110", **environ})
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


def test_every_event_goes_through() -> None:
    """Run the events of the project, and 150 more if they are beside it."""
    result = run("apply", "--json", *EVENTS, *SHARED)
    assert (result.returncode, result.stderr) == (0, "")
    assert len(result.stdout.splitlines()) == len(EVENTS) + len(SHARED)
    assert not SHARED or len(SHARED) > 150
    assert run("apply", *EVENTS, *SHARED).returncode == 0


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


@pytest.mark.parametrize(
    "command",
    [("apply", "--rules"), ("explain", "--rules"), ("preview", "--new"), ("preview", "--old")],
)
def test_bad_rules_are_shown_as_check_shows_them(
    command: tuple[str, str], event: Path, rules: Path
) -> None:
    rules.write_text("path:a +app\nfunktion:f +app\nfunction:a +ap -grup\n", "utf-8")
    new: list[str | Path] = ["--new", rules] if command[1] == "--old" else []
    result = run(*command, rules, *new, event)
    assert (result.returncode, result.stdout) == (2, "")
    shown, line = result.stderr[:-1].rsplit("\n", 1)
    assert line == f"Error: {rules}: 3 errors in the rules"
    checked = run("check", rules).stdout.split("\n\n")
    assert shown[:-1].split("\n\n") == [each for each in checked if each.startswith("error")]


def test_many_errors_are_cut(event: Path, rules: Path) -> None:
    rules.write_text("x\n" * 30, "utf-8")
    result = run("apply", "--rules", rules, event)
    assert result.stderr.count("OPH001") == 10
    assert f"... and 20 more\n\nError: {rules}: 30 errors in the rules\n" in result.stderr


def test_a_reader_that_leaves_early_is_no_error(event: Path) -> None:
    command = f'"{sys.executable}" -m sentry_ophio apply {event} {event} | true'
    result = subprocess.run(command, shell=True, capture_output=True, check=False)
    assert (result.returncode, result.stderr) == (0, b"")


def test_without_rich_it_says_how_to_get_it() -> None:
    result = run_program("without_module", "rich")
    assert result.returncode == 2
    assert result.stderr == "The command line needs rich: pip install 'sentry-ophio[cli]'\n"


# --- check and fmt ------------------------------------------------------------------

PROBLEMS = """\
# what is wrong here
funktion:log_* -app
\tfunction:日本*x -ap
family:nativ,other +app
path:src**.py -app
function:a +app
function:a -app
function:b +prefix -app
"""


def test_check_is_what_people_have_read(tmp_path: Path) -> None:
    """The snapshot is read by people: `tests/snapshots/check.txt`."""
    (tmp_path / "my.rules").write_text(PROBLEMS, "utf-8")
    result = run("check", "my.rules", folder=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout == (SNAPSHOTS / "check.txt").read_text("utf-8")


def test_check_for_programs(tmp_path: Path) -> None:
    (tmp_path / "my.rules").write_text(PROBLEMS, "utf-8")
    result = run("check", "--json", "my.rules", "-", stdin=b"x", folder=tmp_path)
    first, second = json.loads(result.stdout)
    assert first["file"] == "my.rules"
    assert first["diagnostics"][0] == {
        "severity": "error",
        "code": "OPH002",
        "line": 2,
        "column": 1,
        "end_column": 9,
        "message": "Unknown matcher `funktion`",
        "suggestion": "function",
        "fix": {"column": 1, "end_column": 9, "replacement": "function", "is_certain": False},
    }
    assert [each["code"] for each in second["diagnostics"]] == ["OPH001"]
    result = run("check", "--format=github", "-", stdin=b"function:a%,b +ap")
    assert result.stdout == (
        "::error file=-,line=1,col=16,endColumn=18,title=OPH009::"
        "unknown flag `ap`: the flags are `app` and `group`; did you mean `app`?\n"
    )


@pytest.mark.parametrize(
    ("rules", "options", "code"),
    [
        ("function:a +app", [], 0),
        ("family:nativ +app", [], 0),
        ("family:nativ +app", ["--strict"], 1),
        ("x", [], 1),
        ("function:a +prefix", [], 1),
        ("function:a +prefix", ["--lenient"], 0),
        ("function:a +prefix", ["--lenient", "--strict"], 1),
    ],
)
def test_check_has_exit_codes(rules: str, options: list[str], code: int) -> None:
    assert run("check", *options, "-", stdin=rules.encode()).returncode == code


def test_check_tells_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    result = run("check", "none.rules", "-", stdin=b"x", folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr == "Error: none.rules: No such file or directory\n"
    assert "OPH001" in result.stdout


def test_fmt_writes_a_file_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "my.rules"
    path.write_text("stack.function:a -app\npath:**/b/**   +app # x\n", "utf-8")
    path.chmod(0o640)
    assert run("fmt", "--check", path).returncode == 1
    assert path.read_text("utf-8").startswith("stack")
    result = run("fmt", path)
    assert (result.returncode, result.stdout) == (0, "")
    assert path.read_text("utf-8") == "function:a    -app\npath:**/b/**  +app  # x\n"
    assert path.stat().st_mode & 0o777 == 0o640
    assert run("fmt", "--check", path).returncode == 0
    assert [each.name for each in tmp_path.iterdir()] == ["my.rules"]


def test_fmt_reads_standard_input_and_refuses_what_is_no_rule(tmp_path: Path) -> None:
    assert run("fmt", "-", stdin=b"function:a    -app").stdout == "function:a  -app\n"
    path = tmp_path / "my.rules"
    path.write_text("function:a  +ap", "utf-8")
    result = run("fmt", path)
    assert result.returncode == 2
    assert result.stderr.startswith("error[OPH009]: unknown flag `ap`")
    assert result.stderr.endswith(f"\nError: {path}: 1 error in the rules\n")
    assert path.read_text("utf-8") == "function:a  +ap"


def test_fmt_leaves_out_what_was_retired(tmp_path: Path) -> None:
    path = tmp_path / "my.rules"
    text = (
        "function:a +sentinel v-prefix -app # a\nfunction:b +prefix # b\nfunction:c +prefix\n# c\n"
    )
    path.write_text(text, "utf-8")
    result = run("fmt", path)
    assert result.returncode == 2
    hint = "`+sentinel` was retired: `sentry-ophio fmt --lenient` removes it\n"
    assert hint in result.stderr
    assert result.stderr.count("was retired") == 4
    assert run("fmt", "--lenient", path).returncode == 0
    assert path.read_text("utf-8") == "function:a  -app  # a\n# b\n# c\n"


def test_check_fixes_what_is_certain(tmp_path: Path) -> None:
    path = tmp_path / "my.rules"
    text = "// mine\r\nFunction:a +in_app\r\nfunktion:b +app\r\n"
    path.write_bytes(text.encode())
    path.chmod(0o640)
    result = run("check", "--fix", path)
    assert (result.returncode, result.stderr) == (1, f"{path}: fixed\n")
    assert result.stdout.endswith("1 error and 0 warnings in 1 file\n")
    fixed = "# mine\r\nfunction:a +app\r\nfunktion:b +app\r\n"
    assert path.read_bytes().decode() == fixed
    assert path.stat().st_mode & 0o777 == 0o640
    before = path.stat().st_ino
    assert run("check", "--fix", path).stderr == ""
    assert (path.read_bytes().decode(), path.stat().st_ino) == (fixed, before)
    assert [each.name for each in tmp_path.iterdir()] == ["my.rules"]
    result = run("check", "--fix", "-", stdin=b"x")
    assert result.returncode == 2
    assert "cannot read standard input" in result.stderr


def test_a_file_that_cannot_be_replaced_stays(tmp_path: Path) -> None:
    path = tmp_path / "my.rules"
    path.write_text("Function:a +app\n", "utf-8")
    (tmp_path / ".my.rules.ophio-tmp").mkdir()
    result = run("check", "--fix", path)
    assert result.returncode == 2
    assert result.stderr.startswith(f"Error: {path}: ")
    assert path.read_text("utf-8") == "Function:a +app\n"


def test_check_warns_of_what_profiling_ignores() -> None:
    text = b"path:**/a/** -app\nfamily:native path:**/a/** +app\n"
    assert "0 errors and 0 warnings" in run("check", "-", stdin=text).stdout
    result = run("check", "--profiling", "-", stdin=text)
    assert result.returncode == 0
    assert (
        "warning[OPH115]: Sentry's profiling ignores this rule: it does not support the"
        in result.stdout
    )


# --- explain, encode, decode --------------------------------------------------------


def write_event(folder: Path) -> None:
    (folder / "event.json").write_text(json.dumps(EVENT), "utf-8")
    (folder / "my.rules").write_text(RULES, "utf-8")


def test_explain_is_what_people_have_read(tmp_path: Path) -> None:
    """The snapshot is read by people: `tests/snapshots/explain.txt`."""
    write_event(tmp_path)
    arguments = ("explain", "--rules", "my.rules", "--why-not", "my.rules:2:0", "event.json")
    result = run(*arguments, folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == (SNAPSHOTS / "explain.txt").read_text("utf-8")


def test_explain_for_programs(tmp_path: Path) -> None:
    write_event(tmp_path)
    result = run("explain", "--json", "--rules", "my.rules", "event.json", folder=tmp_path)
    document = json.loads(result.stdout)
    assert document["place"] == "exception.values[0]"
    step = document["frames"][0]["steps"][0]
    assert (step["source"], step["line"], step["matched"]) == ("my.rules", 1, 0)
    assert document["why_not"] is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--frame", "3"], "there is no frame 3: the stack trace has 3"),
        (["--why-not", "99:0"], "there is no rule 99"),
        (["--why-not", "0:9"], "there is no frame 9: there are 3"),
        (["--why-not", "my.rules:99:0"], "there is no rule in line 99"),
        (["--why-not", "first"], "RULE:FRAME"),
        (["--rules", "none.rules"], "No such file"),
    ],
)
def test_explain_refuses_what_is_not_there(tmp_path: Path, options: list[str], says: str) -> None:
    write_event(tmp_path)
    result = run("explain", "--rules", "my.rules", *options, "event.json", folder=tmp_path)
    assert result.returncode == 2
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_rules_go_to_the_binary_form_and_back(tmp_path: Path) -> None:
    (tmp_path / "my.rules").write_text("stack.function:a   -app # x\n", "utf-8")
    assert run("encode", "my.rules", "-o", "my.bin", folder=tmp_path).returncode == 0
    result = run("decode", "my.bin", folder=tmp_path)
    assert (result.returncode, result.stdout) == (0, "function:a -app\n")
    result = run("decode", "my.rules", folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("Error: my.rules: Invalid syntax in the config structure")


# --- preview ------------------------------------------------------------------------


def test_preview_tells_what_changes(tmp_path: Path) -> None:
    """Of files, folders, and events a line; what cannot be used is left out."""
    write_event(tmp_path)
    (tmp_path / "new.rules").write_text(RULES + "function:serve +app\nfunction:none +app\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.json").write_text(json.dumps(EVENT), "utf-8")
    lines = "\n".join([json.dumps(EVENT), "", "{", json.dumps(EVENT)])
    (tmp_path / "events.ndjson").write_text(lines, "utf-8")
    result = run(
        *("preview", "--old", "my.rules", "--new", "new.rules"),
        *("event.json", "folder", "events.ndjson", "-"),
        stdin=json.dumps(EVENT).encode(),
        folder=tmp_path,
    )
    assert result.returncode == 2
    assert result.stderr.startswith("Error: events.ndjson:3: not JSON")
    assert result.stdout == (SNAPSHOTS / "preview.txt").read_text("utf-8")


def test_preview_for_programs(tmp_path: Path) -> None:
    write_event(tmp_path)
    arguments = ("preview", "--old", "my.rules", "--new", "my.rules", "--json", "event.json")
    result = run(*arguments, folder=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    report = json.loads(result.stdout)
    assert (report["stacktraces"], report["frames"], report["changed_frames"]) == (1, 3, 0)
    assert report["new_rules"][0]["matched"] == 1
    assert run("preview", "event.json", folder=tmp_path).returncode == 2


def test_fmt_and_decode_for_programs(tmp_path: Path) -> None:
    (tmp_path / "a.rules").write_text("function:a  -app\n", "utf-8")
    (tmp_path / "b.rules").write_text("stack.function:a -app\n", "utf-8")
    result = run("fmt", "--check", "--json", "a.rules", "b.rules", folder=tmp_path)
    assert result.returncode == 1
    assert json.loads(result.stdout) == [
        {"file": "a.rules", "changed": False},
        {"file": "b.rules", "changed": True},
    ]
    assert run("fmt", "--json", "-", stdin=b"function:a -app").returncode == 2
    run("encode", "a.rules", "-o", "a.bin", folder=tmp_path)
    (rule,) = json.loads(run("decode", "--json", "a.bin", folder=tmp_path).stdout)
    assert rule["rule"] == "function:a -app"
    assert rule["matchers"][0]["pattern"] == "a"
    assert rule["actions"][0]["value"] is False


@pytest.mark.parametrize(
    "command",
    [
        *("apply", "events", "explain", "preview", "check", "fmt", "encode", "decode"),
        *("parameterize", "retrace", "rules"),
    ],
)
def test_every_command_has_help_with_examples(command: str) -> None:
    result = run(command, "--help")
    assert result.returncode == 0
    assert f"sentry-ophio {command} " in result.stdout.split("Examples:")[1]
    assert "exit code" in result.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="for bash")
def test_the_shell_completes() -> None:
    result = run(_SENTRY_OPHIO_COMPLETE="bash_source")
    assert "complete -o nosort" in result.stdout
    result = run(
        _SENTRY_OPHIO_COMPLETE="bash_complete", COMP_WORDS="sentry-ophio ex", COMP_CWORD="1"
    )
    assert result.stdout == "plain,explain\n"
