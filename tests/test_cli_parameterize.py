"""`sentry-ophio parameterize`, run as a program."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from commands import run_command
from conftest import PROGRAMS

pytest.importorskip("click")
pytest.importorskip("rich")

if TYPE_CHECKING:
    from pathlib import Path

COMMAND = [sys.executable, "-m", "sentry_ophio", "parameterize"]


def run(*arguments: str | Path, stdin: bytes = b"") -> tuple[int, bytes, str]:
    done = run_command("parameterize", *arguments, stdin=stdin)
    return done.returncode, done.stdout, done.stderr.decode()


ROWS = [
    (b"", b""),
    (b"user 7 at 10.0.0.1", b"user <int> at <ip>"),
    (b"user 7\n\nat 10.0.0.1\n", b"user <int>\n\nat <ip>\n"),
    (b"\n", b"\n"),
    ("é 7\r\n😀 8".encode(), "é <int>\r\n😀 <int>".encode()),
    # More than a block, and a line of more than a block.
    (b"took 15ms\n" * 200_000, b"took <duration>\n" * 200_000),
    (b"x" * 2_000_000 + b" 7\n8", b"x" * 2_000_000 + b" <int>\n<int>"),
]


@pytest.mark.parametrize(("text", "expected"), ROWS, ids=range(len(ROWS)))
def test_a_filter(text: bytes, expected: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(text)
    assert run(stdin=text) == (0, expected, "")
    assert run("-", stdin=text) == (0, expected, "")
    assert run(path) == (0, expected, "")


def test_several_files_one_after_the_other(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).write_text(f"{name} 7\n", "utf-8")
    code, out, errors = run(tmp_path / "a", tmp_path / "none", "-", tmp_path / "b", stdin=b"8\n")
    assert (code, out) == (2, b"a <int>\n<int>\nb <int>\n")
    assert errors == f"Error: {tmp_path / 'none'}: No such file or directory\n"


def test_counts() -> None:
    text = b"took 15ms, 3 times\ntook 16ms\n"
    assert run("--counts", stdin=text) == (0, b"        2 duration\n        1 int\n", "")
    code, out, _ = run("--counts", "--json", stdin=text)
    assert (code, json.loads(out)) == (0, {"duration": 2, "int": 1})
    assert run("--counts", stdin=b"none") == (0, b"", "")


def test_json() -> None:
    code, out, _ = run("--json", stdin="é 7 at 10.0.0.1\nnone".encode())
    assert code == 0
    assert [json.loads(line) for line in out.splitlines()] == [
        {
            "text": "é <int> at <ip>",
            "matches": [
                {"kind": "int", "start": 2, "end": 3},
                {"kind": "ip", "start": 7, "end": 15},
            ],
        },
        {"text": "none", "matches": []},
    ]


def test_only() -> None:
    assert run("--only", "ip, int", stdin=b"7 15ms ::1") == (0, b"<int> 15ms <ip>", "")
    code, out, errors = run("--only", "ip,nope", stdin=b"7")
    assert (code, out) == (2, b"")
    assert "no pattern has the name nope, expected one of email, url, " in errors


def test_patterns(tmp_path: Path) -> None:
    pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    path = tmp_path / "my.toml"
    path.write_text("[patterns]\nticket = '[A-Z]{2,5}-[0-9]+'\nx = 'é'", "utf-8")
    assert run("--patterns", path, stdin="ABC-12 é 7".encode()) == (0, b"<ticket> <x> 7", "")
    path.write_text("defaults = true\n[patterns]\nticket = '[A-Z]{2,5}-[0-9]+'", "utf-8")
    assert run("--patterns", path, stdin=b"ABC-12 7") == (0, b"<ticket> <int>", "")
    # An empty text is not a line: this pattern would match it.
    path.write_text("[patterns]\nx = 'a*'", "utf-8")
    assert run("--patterns", path, stdin=b"aa\n\n") == (0, b"<x><x>\n<x>\n", "")
    assert run("--patterns", path) == (0, b"", "")


BAD_FILES = [
    ("[patterns", "Expected ']' at the end of a table declaration"),
    ("a = 1", "unknown key 'a'"),
    ("defaults = 1", "defaults must be true or false, not 1"),
    ("patterns = 1", "patterns must be a table with a regex for each name"),
    ("[patterns]\na = 1", "the regex of 'a' must be a string, not 1"),
    ("[patterns]\na = 'x('", 'pattern "a": missing ), unterminated subpattern at position 1'),
    ("defaults = true\n[patterns]\nint = '7'", 'pattern "int": a pattern before has this name'),
    (None, "No such file or directory"),
    (b"\xff", "not UTF-8 (at byte 0)"),
]


@pytest.mark.parametrize(("content", "message"), BAD_FILES)
def test_patterns_that_cannot_be_used(
    content: str | bytes | None, message: str, tmp_path: Path
) -> None:
    pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    path = tmp_path / "my.toml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    code, out, errors = run("--patterns", path, stdin=b"7")
    assert (code, out) == (2, b"")
    assert errors.startswith(f"Error: {path}: {message}")
    assert len(errors.splitlines()) == 1


def test_lines_that_are_not_utf_8() -> None:
    text = b"a 7\n\xff 7\nb 7\nc\xff\n"
    code, out, errors = run(stdin=text)
    assert (code, out) == (2, b"a <int>\n\xff 7\nb <int>\nc\xff\n")
    assert errors.splitlines() == [
        "Error: -: line 2: not UTF-8 (at byte 0)",
        "Error: -: 1 more lines cannot be searched",
    ]
    assert run("--counts", stdin=text)[:2] == (2, b"        2 int\n")
    assert json.loads(run("--json", stdin=b"\xff 7")[1]) == {
        "text": "\ufffd 7",
        "error": "not UTF-8 (at byte 0)",
    }


def test_a_line_that_takes_too_many_steps(tmp_path: Path) -> None:
    pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    path = tmp_path / "slow.toml"
    path.write_text("[patterns]\na = '(?>a+b|a)*c$'", "utf-8")
    slow = b"a" * 20_000 + b"cx"
    code, out, errors = run("--patterns", path, stdin=b"ac\n" + slow + b"\nac\n")
    assert (code, out) == (2, b"<a>\n" + slow + b"\n<a>\n")
    assert errors.startswith('Error: -: line 2: pattern "a" took more than ')


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe ends in another way")
def test_a_reader_that_ends() -> None:
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(b"7\n")
        process.stdin.flush()
        # What a pipe has is written at once.
        assert process.stdout.readline() == b"<int>\n"
        process.stdout.close()
        try:
            process.stdin.write(b"7\n" * 100_000)
            process.stdin.close()
        except BrokenPipeError:
            pass
        assert process.wait(20) == 1
        assert process.stderr.read() == b""


@pytest.mark.skipif(sys.platform == "win32", reason="for Unix")
@pytest.mark.skipif(sys.implementation.name != "cpython", reason="PyPy's heap grows by steps")
def test_the_memory_does_not_grow_with_the_input() -> None:
    line = b"2020-01-02 03:04:05 user 7 took 15ms at 10.0.0.1 for nothing at all\n"
    used = []
    for count in (50_000, 400_000):
        done = subprocess.run(
            [sys.executable, PROGRAMS / "peak.py", *COMMAND],
            input=line * count,
            stdout=subprocess.PIPE,
            check=True,
            env={**os.environ, "MALLOC_ARENA_MAX": "1"},
        )
        used.append(int(done.stdout.split()[0]))
    assert used[1] < used[0] + 8_192
