"""The package symbolic as an oracle: the answers on whole mappings are equal, or differ as documented.

symbolic has the same functions over the same crate, an earlier version of it: 5.9.0. `make
oracle` installs it into an environment of its own; without that these tests are skipped.
OPHIO_ORACLE names the Python of another environment.

`KINDS` has the differences that docs/proguard.md lists. A frame that differs in any other way fails
the test.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sentry_ophio.proguard import ProguardMapper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sentry_ophio.proguard import JavaStackFrame

TESTS = Path(__file__).resolve().parent
PYTHON = Path(os.environ.get("OPHIO_ORACLE", TESTS.parent / ".venv-oracle" / "bin" / "python"))
MAPPINGS = sorted((TESTS / "fixtures" / "proguard").glob("*.mapping.txt"))


def has_symbolic() -> bool:
    if not PYTHON.exists():
        return False
    run = subprocess.run([PYTHON, "-c", "import symbolic"], capture_output=True, check=False)
    return run.returncode == 0


pytestmark = pytest.mark.skipif(
    not has_symbolic(), reason="the package symbolic is not installed (make oracle)"
)

CLASS = re.compile(r"^(\S+) -> (\S+):$", re.MULTILINE)
MEMBER = re.compile(r"^    (?:(\d+):(\d+):)?(?:\S+) \S+?(?:\(([^)]*)\))?(?:[\d:]*) -> (\S+)$")


def questions(text: str) -> dict[str, list[Any]]:
    """Ask for all that a mapping names, at every line of it and next to it."""
    classes = ["no.such", ""]
    methods = [["no.such", "a"]]
    frames: list[list[Any]] = [["no.such", "a", 1]]

    def members() -> Iterator[tuple[str, re.Match[str]]]:
        klass = ""
        for line in text.splitlines():
            if found := CLASS.match(line):
                klass = found[2]
                classes.append(klass)
                methods.append([klass, "noSuchMethod"])
                frames.append([klass, "noSuchMethod", 1])
            elif found := MEMBER.match(line):
                yield klass, found

    for klass, member in members():
        start, end, parameters, name = member.groups()
        if [klass, name] not in methods:
            methods.append([klass, name])
        lines = {0, 1, 7, 65_535, 100_000}
        if start is not None:
            lines |= set(range(max(0, int(start) - 1), int(end) + 2))
        frames += [[klass, name, line] for line in sorted(lines)]
        for types in ("", "int", "no.Such", parameters):
            if types is not None:
                frames.append([klass, name, 1, types])
    return {"classes": classes, "methods": methods, "frames": frames}


def ask(path: Path, asked: dict[str, list[Any]]) -> dict[str, Any]:
    run = subprocess.run(
        [PYTHON, TESTS / "proguard_worker.py"],
        input=json.dumps({"path": str(path), "parameters": True, **asked}),
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert run.returncode == 0, run.stderr
    answers: dict[str, Any] = json.loads(run.stdout)
    return answers


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.name)
def test_answers_are_equal(path: Path) -> None:
    asked = questions(path.read_text("utf-8"))
    theirs = ask(path, asked)
    mapper = ProguardMapper.open(path)
    assert str(mapper.uuid) == theirs["uuid"]
    assert mapper.has_line_info == theirs["has_line_info"]
    for klass, their in zip(asked["classes"], theirs["classes"]):
        assert mapper.remap_class(klass) == their, klass
    for method, their in zip(asked["methods"], theirs["methods"]):
        ours = mapper.remap_method(*method)
        assert ours == (None if their is None else tuple(their)), method
    assert len(asked["frames"]) == len(theirs["frames"]) > 100
    together = mapper.remap_frames(asked["frames"])
    seen: Counter[str] = Counter()
    for query, frames, their in zip(asked["frames"], together, theirs["frames"]):
        assert mapper.remap_frame(*query) == frames
        # No query has more, fewer or other frames.
        assert [frame[:2] for frame in frames] == [tuple(frame[:2]) for frame in their], query
        for frame, (_, _, file, line) in zip(frames, their):
            seen.update(kinds_of(query, frame, file, line))
    # Each kind that is documented occurs, so that the list stays true.
    assert set(seen) == ({*KINDS} if path.name.startswith("handwritten") else {*KINDS[::3]}), seen


KINDS = (
    "a file name is made from the class",
    "parameters: the file name of the mapping",
    "a method without lines keeps the line",
    "the first line of the method",
)


def kinds_of(query: list[Any], ours: JavaStackFrame, file: str | None, line: int) -> Iterator[str]:
    """Name the documented kinds by which a frame differs from that of symbolic."""
    by_parameters = len(query) > 3
    if ours.file != file:
        assert file is None, query
        outer = ours.class_name.rpartition(".")[2].partition("$")[0]
        made = ours.file == f"{outer}.java"
        assert made or by_parameters, (query, ours)
        yield KINDS[0] if made else KINDS[1]
    if ours.line != line:
        assert line == 0, query
        kept = ours.line == query[2] and ours.method in WITHOUT_LINES
        assert kept or by_parameters or ours.method == ONE_ORIGINAL_LINE, (query, ours)
        yield KINDS[2] if kept else KINDS[3]


# Methods of the handwritten mapping: without any line, and with an original line only.
WITHOUT_LINES = ("noLines", "first", "second")
ONE_ORIGINAL_LINE = "bare"
