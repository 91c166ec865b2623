"""The tables of `apply` at several widths: no text is lost, and no line is too wide."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from commands import COMMAND, run_command, run_on_terminal

pytest.importorskip("click")
pytest.importorskip("rich")

from io import StringIO

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from sentry_ophio.cli._table import Column, print_table

FIXTURES = Path(__file__).resolve().parent / "fixtures"
WIDTHS = [40, 80, 100, 120, 160]
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def printed(path: Path, **environ: str) -> str:
    result = run_command("apply", path, stdin=b"", folder=None, **environ)
    assert (result.returncode, result.stderr) == (0, b"")
    return STYLE.sub("", result.stdout.decode())


def stacktraces(path: Path) -> list[dict[str, Any]]:
    result = run_command("apply", "--json", path)
    found: list[dict[str, Any]] = json.loads(result.stdout)["stacktraces"]
    return found


def without_space(text: str) -> str:
    return "".join(text.split())


def runs_of_hints(trace: dict[str, Any]) -> list[str]:
    """Return the hints of a stack trace, each one once for the neighbours that share it."""
    hints = [frame["hint"] for frame in trace["frames"]]
    return [each for index, each in enumerate(hints) if each and hints[index - 1 : index] != [each]]


def rows_of(lines: list[str]) -> list[dict[str, str]]:
    """Read a table: for each row the texts in its columns and below it, and then its note."""
    header, start = lines[0], 1
    columns = [header.find(title) for title in ("function", "location")]
    if columns == [-1, -1]:  # they are below
        header, start = header + lines[1], 2
        columns = [len(header), len(header)]
        assert "function" in header
        assert "location" in header
    indent = re.match(r" *#  ", header)[0]  # type: ignore[index]
    found: list[dict[str, str]] = []
    for line in lines[start:]:
        number = line[: len(indent)]
        if number.strip():
            found.append(dict.fromkeys(("function", "location", "below", "note"), ""))
        row = found[-1]
        if not number.strip() and (row["note"] or line.lstrip().startswith("└ ")):
            row["note"] += line.replace("└", "")
        elif number.strip() or (not line[: columns[0]].strip() and not row["below"]):
            row["function"] += line[columns[0] : columns[1]]
            row["location"] += line[columns[1] :]
        else:
            row["below"] += line
    return [{name: without_space(text) for name, text in row.items()} for row in found]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", ["cpp-stock", "node-orders", "python-checkout", "rust-parse"])
def test_a_terminal_shows_all_texts(name: str, width: int) -> None:
    path = FIXTURES / "events" / f"{name}.json"
    output = printed(path, COLUMNS=str(width), FORCE_COLOR="1", TERM="xterm")
    tables = output.rstrip("\n").split("\n\n")
    traces = stacktraces(path)
    assert len(tables) == len(traces)
    for table, trace in zip(tables, traces):
        # The terminal wraps the title and the summary.
        lines = table.split("\n")[1:-1]
        assert max(map(cell_len, lines)) <= width
        rows = rows_of(lines)
        notes = [row["note"] for row in rows if row["note"]]
        assert notes == list(map(without_space, runs_of_hints(trace)))
        assert len(rows) == len(trace["frames"])
        for row, frame in zip(rows, trace["frames"]):
            shown = row["function"] + row["location"] + row["below"]
            assert shown == without_space((frame["function"] or "?") + frame["location"])


@pytest.mark.parametrize("name", ["cpp-stock", "python-checkout", "rust-parse"])
def test_a_pipe_has_a_line_for_each_frame(name: str) -> None:
    """However wide: `grep` finds all of a frame in one line."""
    path = FIXTURES / "events" / f"{name}.json"
    output = printed(path, COLUMNS="80")
    for table, trace in zip(output.rstrip("\n").split("\n\n"), stacktraces(path)):
        lines = table.split("\n")[2:-1]
        frames = [line for line in lines if "└ " not in line]
        notes = [line.partition("└ ")[2] for line in lines if "└ " in line]
        assert len(frames) == len(trace["frames"])
        for number, (line, frame) in enumerate(zip(frames, trace["frames"])):
            assert line.split()[0] == str(number)
            assert (frame["function"] or "?") in line
            assert line.endswith(frame["location"])
            assert line == line.rstrip()
        assert notes == runs_of_hints(trace)


@pytest.mark.skipif(sys.platform == "win32", reason="for a pseudo terminal")
def test_a_real_terminal() -> None:
    command = [*COMMAND, "apply", str(FIXTURES / "events" / "python-checkout.json")]
    output = run_on_terminal(command, TERM="xterm")
    lines = STYLE.sub("", output).split("\n")
    assert lines[5].endswith("  /usr/lib/python3.11/concurrent/")
    assert lines[6].strip() == "futures/_base.py:401"


def table(rows: list[list[str]], notes: list[str], width: int) -> list[str]:
    out = Console(file=StringIO(), force_terminal=True, width=width, color_system=None)
    columns = [Column("#", is_number=True), Column("short"), Column("long", is_long=True)]
    cells = [[Text(cell) for cell in row] for row in rows]
    print_table(out, columns, cells, notes)
    written: str = out.file.getvalue()  # type: ignore[attr-defined]
    return written.rstrip("\n").split("\n")


@pytest.mark.parametrize(
    ("rows", "notes", "width", "lines"),
    [
        pytest.param(
            [["1", "a", "b"], ["10", "", "c"]],
            ["", ""],
            40,
            [" #  short  long", " 1  a      b", "10         c"],
            id="aligned",
        ),
        pytest.param(
            [["1", "a", "b"], ["2", "a", "c"], ["3", "a", "d"], ["4", "a", "e"]],
            ["x", "x", "", "x"],
            40,
            [
                *("#  short  long", "1  a      b", "2  a      c", "   └ x"),
                *("3  a      d", "4  a      e", "   └ x"),
            ],
            id="a note is printed once for its run",
        ),
        pytest.param(
            [["1", "a", "lib/" * 8]],
            ["y " * 20],
            32,
            [
                *("#  short  long", "1  a      " + "lib/" * 5, "          " + "lib/" * 3),
                *("   └ " + "y " * 13 + "y", "     " + "y " * 5 + "y"),
            ],
            id="a text continues after the sign of a path, a note after a space",
        ),
        pytest.param(
            [["1", "a", "b" * 70]],
            [""],
            32,
            ["#  short  long", "1  a", *("   " + "b" * count for count in (29, 29, 12))],
            id="a text of many lines is below its row",
        ),
        pytest.param(
            [["1", "a", "b" * 20]],
            [""],
            24,
            ["#  short", "   long", "1  a", "   " + "b" * 20],
            id="all are below if there is no room",
        ),
        pytest.param(
            [["1", "s" * 20, "日本" * 8]],
            [""],
            42,
            [
                "#  short             long",
                "1  " + "s" * 16 + "  " + "日本" * 5,
                "   ssss" + " " * 14 + "日本" * 3,
            ],
            id="a character may be two columns wide",
        ),
        pytest.param(
            [["1", "a", "bb"]],
            ["é"],
            1,
            ["#  short", *(f"   {each}" for each in "long"), "1  a", "   b", "   b", "   └ é"],
            id="one column",
        ),
        pytest.param([], [], 80, ["#  short  long"], id="no rows"),
    ],
)
def test_how_a_table_is_made(
    rows: list[list[str]], notes: list[str], width: int, lines: list[str]
) -> None:
    assert table(rows, notes, width) == lines
