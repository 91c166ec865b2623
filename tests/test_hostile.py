"""Code of the caller that runs in the middle of a call, at every moment that there is.

docs/reliability.md has a table of all public functions with when such code runs, and why it is
harmless. `programs/hostile.py` makes it run, in a process of its own.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import run_program
from public_functions import public_functions

import sentry_ophio

LONG = bool(os.environ.get("OPHIO_LONG"))

# Overwrite what is freed, at once: without the lists of each thread that free chunks wait in.
PERTURB = "glibc.malloc.tcache_count=0:glibc.malloc.perturb=165"

# What the program does not call, and why.
NOT_CALLED = {
    "spark.*": "needs a Spark cluster; `make test-scale` has one",
}
NEVER_CALLS = "they never call the library"


class Row(NamedTuple):
    """A row of the table in docs/reliability.md."""

    patterns: list[str]
    when: set[str]
    why: str


def rows(text: str) -> list[Row]:
    """Read the table of the page."""
    section = text.partition("\n## The caller's code\n")[2].partition("\n## ")[0]
    found = []
    for line in section.split("\n"):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if len(cells) != 4 or not cells[0].startswith("`"):
            continue
        patterns: list[str] = []
        for name in re.findall(r"`([^`]+)`", cells[0]):
            prefix = patterns[-1].rpartition(".")[0] if name.startswith(".") else ""
            patterns.append(prefix + name)
        when = set() if cells[1] == "never" else set(cells[1].split(", "))
        found.append(Row(patterns, when, cells[3]))
    assert len(found) > 10
    return found


def matches(name: str, patterns: Any) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


@pytest.fixture(scope="module")
def table(source_tree: Path) -> list[Row]:
    """Give the table of the page."""
    return rows((source_tree / "docs" / "reliability.md").read_text("utf-8"))


def test_each_public_function_has_one_row(table: list[Row]) -> None:
    pytest.importorskip("pyarrow")
    names = public_functions()
    assert len(names) > 200
    counts = {name: sum(matches(name, row.patterns) for row in table) for name in names}
    wrong = {name: count for name, count in counts.items() if count != 1}
    assert not wrong, f"rows in docs/reliability.md, The caller's code: {wrong}"
    patterns = [pattern for row in table for pattern in row.patterns]
    unused = [each for each in patterns if not any(fnmatchcase(name, each) for name in names)]
    assert not unused, f"not a public function: {unused}"


def run(*arguments: str) -> dict[str, Any]:
    done = run_program(
        "hostile",
        *arguments,
        options=[],
        environment={**os.environ, "GLIBC_TUNABLES": PERTURB},
        timeout=3_000 if LONG else 300,
    )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr[-2000:]}"
    found: dict[str, Any] = json.loads(done.stdout)
    return found


GROUPS = (
    *("arrow", "codeowners", "enhancers", "events", "fingerprints", "functions", "glob", "limits"),
    *("parameterization", "proguard"),
)


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="PyPy frees objects later")
@pytest.mark.parametrize("module", GROUPS)
def test_hostile_arguments_do_no_harm(module: str, table: list[Row]) -> None:
    """At two moments of each call, or, in the long form, at all of them."""
    if module == "arrow":
        pytest.importorskip("pyarrow")
    found = run("1000" if LONG else "2", f"{module}.")
    assert not found["faults"], "\n".join(found["faults"][:20])
    assert found["calls"] > 50

    names = [name for name in public_functions() if name.startswith(f"{module}.")]
    called = [name for name in names if name in found["when"]]
    missing = set(names) - set(called)
    expected = [pattern for row in table if row.why == NEVER_CALLS for pattern in row.patterns]
    assert all(matches(name, [*expected, *NOT_CALLED]) for name in missing), missing
    wrong = []
    for name in called:
        (row,) = (row for row in table if matches(name, row.patterns))
        if not set(found["when"][name]) <= row.when:
            wrong.append(f"{name}: {found['when'][name]}, and the table has {sorted(row.when)}")
    assert not wrong, "\n".join(wrong)


# --- pointers --------------------------------------------------------------------------

# Where `_ptr` may be used otherwise: the class that owns it.
OWNER = "_ffi.py"


def loads(tree: ast.AST) -> list[str]:
    """Name each function that uses a `_ptr` otherwise than `name = x._ptr`, once."""
    wrong = []
    for function in ast.walk(tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        taken = [
            ast.unparse(each.value)
            for each in ast.walk(function)
            if isinstance(each, ast.Assign)
            and isinstance(each.targets[0], ast.Name)
            and isinstance(each.value, ast.Attribute)
            and each.value.attr == "_ptr"
        ]
        used = [
            ast.unparse(each)
            for each in ast.walk(function)
            if isinstance(each, ast.Attribute)
            and each.attr == "_ptr"
            and isinstance(each.ctx, ast.Load)
        ]
        if sorted(taken) != sorted(used) or len(set(taken)) != len(taken):
            wrong.append(f"{function.name}: {sorted(used)}")
    return wrong


def test_a_pointer_is_taken_once() -> None:
    """Into a local variable, which keeps the object alive until the function returns."""
    package = Path(sentry_ophio.__file__).parent
    files = [path for path in package.rglob("*.py") if path.name != OWNER]
    assert len(files) > 30
    wrong = [
        f"{path.name}, {each}"
        for path in files
        if not path.name.startswith("_lowlevel")
        for each in loads(ast.parse(path.read_text("utf-8")))
    ]
    assert not wrong, "take the pointer once, `ptr = self._ptr`:\n" + "\n".join(wrong)


@pytest.mark.parametrize(
    ("body", "is_right"),
    [
        ("ptr = self._ptr; call(ptr); call(ptr)", True),
        ("ptr = self._ptr; others = other._ptr; call(ptr, others)", True),
        ("self._ptr = ptr", True),
        ("call(self._ptr)", False),
        ("ptr = self._ptr; call(ptr); call(self._ptr)", False),
        ("ptr = self._ptr; ptr = self._ptr", False),
        ("string(lambda out: call(self._ptr, out))", False),
    ],
)
def test_the_check_of_pointers_would_tell(body: str, is_right: bool) -> None:
    assert (not loads(ast.parse(f"def method(self, other): {body}"))) is is_right
