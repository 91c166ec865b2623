"""`sentry-ophio retrace`, run as a program."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from commands import run_command

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("click")
pytest.importorskip("rich")

MAPPING = b"""\
org.example.Cart -> a.b:
    1:4:void add(int):20:23 -> a
    void first() -> c
    void second(int) -> c
    1:1:void org.example.Stock.check():3:3 -> d
    1:1:void use():9 -> d
    # {"id":"com.android.tools.r8.rewriteFrame","conditions":["throws(La/d;)"],"actions":["removeInnerFrames(1)"]}
org.example.CartException -> a.d:
"""
OTHER = b"org.other.Shop -> a.b:\n    1:4:void buy():30:33 -> a\n"
TRACE = "a.d: full\n    at a.b.a(SourceFile:2)\n    at a.b.c(SourceFile)\n"
RETRACED = (
    "org.example.CartException: full\n    at org.example.Cart.add(Cart.java:21)\n"
    "    at org.example.Cart.first(Cart.java)\n    <OR> at org.example.Cart.second(Cart.java)\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "mapping.txt").write_bytes(MAPPING)
    (tmp_path / "trace.txt").write_text(TRACE, "utf-8")
    return tmp_path


def run(folder: Path, *arguments: str, stdin: str | bytes = "") -> tuple[int, str, str]:
    stdin = stdin.encode() if isinstance(stdin, str) else stdin
    done = run_command("retrace", *arguments, stdin=stdin, folder=folder)
    return done.returncode, done.stdout.decode(errors="replace"), done.stderr.decode()


def test_files_and_standard_input_are_retraced(folder: Path) -> None:
    assert run(folder, "mapping.txt", "trace.txt") == (0, RETRACED, "")
    assert run(folder, "mapping.txt", stdin=TRACE) == (0, RETRACED, "")
    assert run(folder, "mapping.txt", "-", "trace.txt", stdin=TRACE) == (0, RETRACED * 2, "")
    assert run(folder, "mapping.txt", stdin="no\nbreak") == (0, "no\nbreak", "")


def test_types_are_printed(folder: Path) -> None:
    _, printed, _ = run(folder, "mapping.txt", "--verbose", "trace.txt")
    assert "at org.example.Cart.void add(int)(Cart.java:21)\n" in printed


def test_json_has_the_frames(folder: Path) -> None:
    code, printed, _ = run(folder, "mapping.txt", "--json", "trace.txt")
    first, second, third = map(json.loads, printed.splitlines())
    assert code == 0
    assert first == {
        "line": "a.d: full",
        "text": "org.example.CartException: full",
        "alternatives": [],
    }
    frame = {"class": "org.example.Cart", "method": "add", "file": "Cart.java", "line": 21}
    assert second["alternatives"] == [[frame]]
    assert [[each["method"] for each in frames] for frames in third["alternatives"]] == [
        ["first"],
        ["second"],
    ]


def test_lines_of_two_blocks_belong_together(folder: Path) -> None:
    """The exception is the last line of the first block, whose size the command decides."""
    block = 1 << 19
    filler = "x" * 63 + "\n"
    text = filler * (block // 64 - 1) + "y" * (64 - 5) + "\na.d\n    at a.b.d(:1)\n"
    (folder / "long.txt").write_text(text, "utf-8")
    code, printed, _ = run(folder, "mapping.txt", "long.txt")
    assert code == 0
    expected = "\norg.example.CartException\n    at org.example.Cart.use(Cart.java:9)\n"
    assert printed.endswith("y" + expected)
    assert len(printed) == len(text) - len("\na.d\n    at a.b.d(:1)\n") + len(expected)


def test_a_mapping_is_selected_by_its_identifier(folder: Path) -> None:
    from sentry_ophio.proguard import ProguardMapper  # noqa: PLC0415

    one = ProguardMapper.from_bytes(MAPPING).uuid
    other = ProguardMapper.from_bytes(OTHER).uuid
    mappings = folder / "mappings"
    mappings.mkdir()
    (mappings / "one.txt").write_bytes(MAPPING)
    (mappings / f"{other}.txt").write_bytes(OTHER)
    frame = "at a.b.a(X:2)\n"
    added, bought = (
        "at org.example.Cart.add(Cart.java:21)\n",
        "at org.other.Shop.buy(Shop.java:31)\n",
    )
    assert run(folder, "mappings", "--uuid", str(one), stdin=frame) == (0, added, "")
    assert run(folder, "mappings", "--uuid", str(other), stdin=frame) == (0, bought, "")
    text = f"{frame}build {one}\n{frame}build {other}\n{frame}build {one}\n{frame}"
    expected = f"{frame}build {one}\n{added}build {other}\n{bought}build {one}\n{added}"
    assert run(folder, "mappings", stdin=text) == (0, expected, "")
    unknown = "5cd8e873-1127-5276-81b7-8ff25043ecfd"
    assert run(folder, "mappings", "--uuid", unknown, stdin=frame) == (
        2,
        "",
        f"Error: mappings: no mapping has the identifier {unknown}: "
        f"there is {other} ({other}.txt), {one} (one.txt)\n",
    )
    for written in (str(one), one.hex, one.hex.upper()):
        assert run(folder, "mapping.txt", "--uuid", written, stdin=frame)[:2] == (0, added)
    assert run(folder, "mapping.txt", "--uuid", str(other), stdin=frame) == (
        2,
        "",
        f"Error: mapping.txt: the mapping has the identifier {one}, not {other}\n",
    )


def test_a_folder_of_r8_has_one_mapping(folder: Path) -> None:
    """R8 writes other files beside the mapping, and its folder needs no identifier."""
    release = folder / "release"
    release.mkdir()
    (release / "mapping.txt").write_bytes(MAPPING)
    (release / "seeds.txt").write_text("org.example.Cart: void add(int)\norg.example.Cart\n")
    (release / "usage.txt").write_text("org.example.Unused:\n    void unused()\n")
    (release / "classes.dex").write_bytes(bytes(range(256)) * 100)
    assert run(folder, "release", "trace.txt") == (0, RETRACED, "")


def test_several_mappings_of_which_none_is_selected_are_reported(folder: Path) -> None:
    mappings = folder / "mappings"
    mappings.mkdir()
    for number in range(7):
        (mappings / f"{number}.txt").write_bytes(MAPPING + b"# %d\n" % number)
    code, printed, error = run(folder, "mappings", "trace.txt")
    assert (code, printed) == (2, TRACE)
    first, names = error.split("; ")
    assert first == (
        "Error: mappings: no line of the text has the identifier of a mapping, so none was used"
    )
    assert names.startswith("select one with --uuid: there is ")
    assert names.count(".txt)") == 5
    assert names.endswith(" and 2 more\n")


def test_a_file_that_is_not_a_mapping_is_reported(folder: Path) -> None:
    """The arguments in the wrong order would print the mapping."""
    expected = "Error: trace.txt: not a mapping: no line is like `org.example.Cart -> a.b:`\n"
    assert run(folder, "trace.txt", "mapping.txt") == (2, "", expected)
    (folder / "late.txt").write_bytes(b"# a comment\n" * 100 + MAPPING)
    assert run(folder, "late.txt", "trace.txt") == (0, RETRACED, "")


def test_what_cannot_be_read_is_reported(folder: Path) -> None:
    (folder / "empty").mkdir()
    code, printed, error = run(folder, "mapping.txt", "none.txt", "trace.txt")
    assert (code, printed) == (2, RETRACED)
    assert error == "Error: none.txt: No such file or directory\n"
    assert run(folder, "none.txt")[2] == "Error: none.txt: No such file or directory\n"
    assert run(folder, "empty")[2] == "Error: empty: the folder has no mapping\n"
    code, printed, error = run(folder, "mapping.txt", stdin=b"a.d\n\xff\n\xff\na.d\n")
    assert (code, printed.count("org.example.CartException\n")) == (2, 2)
    assert error == "Error: -: line 2: not UTF-8\nError: -: 1 more lines are not UTF-8\n"
    assert run(folder, "mapping.txt", "--uuid", "x")[0] == 2
    (folder / "wide.txt").write_text(TRACE, "utf-16")
    code, printed, error = run(folder, "mapping.txt", "wide.txt", "trace.txt")
    assert (code, printed) == (2, RETRACED)
    assert error == "Error: wide.txt: the text is UTF-16, expected UTF-8\n"


def test_a_mark_of_the_byte_order_is_no_part_of_the_first_line(folder: Path) -> None:
    (folder / "marked.txt").write_text(TRACE, "utf-8-sig")
    assert run(folder, "mapping.txt", "marked.txt") == (0, f"\ufeff{RETRACED}", "")
    code, printed, _ = run(folder, "mapping.txt", "--json", "marked.txt")
    assert (code, json.loads(printed.splitlines()[0])["line"]) == (0, "a.d: full")
