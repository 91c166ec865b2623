"""include/ophio.h: in step with the sources, with the library, and with C and C++."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any, Callable

import cffi
import pytest

import sentry_ophio
from sentry_ophio._ffi import ffi, lib

BUILD_INPUTS = ["Cargo.toml", "Cargo.lock", "build.rs", "cbindgen.toml", "core", "capi", "include"]


class Tree:
    """A copy of the sources, whose header a test may spoil.

    Always in the same place, so that cargo does not keep what it built for each.
    """

    def __init__(self, source_tree: Path, cargo: str) -> None:
        place = source_tree / "target" / "header-test"
        root = place / "tree"
        shutil.rmtree(root, ignore_errors=True)
        root.mkdir(parents=True)
        for name in BUILD_INPUTS:
            source = source_tree / name
            if source.is_dir():
                shutil.copytree(source, root / name)
            else:
                shutil.copy2(source, root / name)
        self.header = root / "include" / "ophio.h"
        self._root = root
        self._target = place / "target"
        self._cargo = cargo

    def build(self, mode: str = "") -> subprocess.CompletedProcess[str]:
        """Run build.rs (and no more than that needs)."""
        return subprocess.run(
            [self._cargo, "check", "--locked", "-p", "ophio-capi", "--message-format=json"],
            cwd=self._root,
            env={**os.environ, "OPHIO_HEADER": mode, "CARGO_TARGET_DIR": str(self._target)},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def plain_header(self) -> str:
        """Build, and give the form for cffi."""
        run = self.build()
        assert run.returncode == 0, run.stderr
        (out_dir,) = (
            message["out_dir"]
            for message in map(json.loads, run.stdout.splitlines())
            if message["reason"] == "build-script-executed"
            and "ophio-capi" in message["package_id"]
        )
        return (Path(out_dir) / "ophio.cffi.h").read_text("utf-8")


@pytest.fixture
def tree(source_tree: Path, cargo: str) -> Tree:
    return Tree(source_tree, cargo)


# --- in step with the sources -------------------------------------------------------


def test_regenerating_changes_nothing(tree: Tree, header: str) -> None:
    before = tree.header.stat().st_mtime_ns
    run = tree.build()
    assert run.returncode == 0, run.stderr
    assert tree.header.read_text("utf-8") == header
    assert tree.header.stat().st_mtime_ns == before, "written though nothing changed"


def test_a_corrupt_header_is_found_and_fixed(tree: Tree, header: str) -> None:
    corrupt = header.replace("ophio_version", "ophio_verzion")
    tree.header.write_text(corrupt, "utf-8")

    run = tree.build("check")
    assert run.returncode != 0
    assert "make header" in run.stderr
    assert tree.header.read_text("utf-8") == corrupt, "check must not write"

    run = tree.build()
    assert run.returncode == 0, run.stderr
    assert tree.header.read_text("utf-8") == header
    assert tree.build("check").returncode == 0


def test_a_tree_that_cannot_be_written_builds_with_a_warning(tree: Tree) -> None:
    shutil.rmtree(tree.header.parent)
    run = tree.build()
    assert run.returncode == 0, run.stderr
    assert "cannot be written" in run.stderr
    assert not tree.header.parent.exists()


# --- version ------------------------------------------------------------------------


def test_versions_agree(source_tree: Path, header: str) -> None:
    manifest = (source_tree / "Cargo.toml").read_text("utf-8")
    (cargo_version,) = re.findall(r'^version = "(.+)"$', manifest, re.MULTILINE)
    macros = dict(re.findall(r"^#define (OPHIO_VERSION\w*) (.+)$", header, re.MULTILINE))
    major, minor, patch = re.split(r"[.+-]", cargo_version)[:3]
    assert macros == {
        "OPHIO_VERSION_MAJOR": major,
        "OPHIO_VERSION_MINOR": minor,
        "OPHIO_VERSION_PATCH": patch,
        "OPHIO_VERSION": f'"{cargo_version}"',
    }
    assert sentry_ophio.__version__ == cargo_version
    assert version("sentry-ophio") == cargo_version


# --- in step with the library -------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nm -D is for ELF")
@pytest.mark.skipif(shutil.which("nm") is None, reason="needs nm: `make system-packages`")
def test_the_library_exports_what_the_header_declares(declared_functions: set[str]) -> None:
    assert sentry_ophio.__file__ is not None
    library = Path(sentry_ophio.__file__).with_name("_lowlevel__lib.so")
    output = subprocess.run(
        ["nm", "-D", "--defined-only", library], capture_output=True, encoding="utf-8", check=True
    ).stdout
    assert {line.split()[-1] for line in output.splitlines()} == declared_functions


def test_every_function_can_be_called_from_python(declared_functions: set[str]) -> None:
    for name in declared_functions:
        assert ffi.typeof(getattr(lib, name)).kind == "function"


def test_every_function_and_type_has_a_comment(header: str) -> None:
    """Those that Python sees have none, so this looks at the line above."""
    lines = header.splitlines()
    starts = [
        number
        for number, line in enumerate(lines)
        if re.match(r"OPHIO_API\b|typedef |    OPHIO_\w+ = |    [\w ]+\**\w+;$", line)
    ]
    assert starts
    for number in starts:
        assert lines[number - 1].strip() == "*/", " ".join(lines[number : number + 2])


# --- the form for cffi --------------------------------------------------------------


def test_cffi_parses_the_plain_form(tree: Tree, declared_functions: set[str]) -> None:
    plain = tree.plain_header()
    assert not [line for line in plain.splitlines() if line.lstrip().startswith("#")]
    assert "extern" not in plain
    assert "OPHIO_API" not in plain
    parsed = cffi.FFI()
    parsed.cdef(plain)
    for enum in re.findall(r"typedef enum (\w+)", plain):
        assert parsed.typeof(enum).kind == "enum"
    assert declared_functions == set(re.findall(r"\b(ophio_\w+)\(", plain))


# --- in C and C++ -------------------------------------------------------------------

USE = """
#include "ophio.h"
#include "ophio.h" /* the guard lets it be included twice */

#if OPHIO_VERSION_MAJOR < 2
#error "the version is known to the preprocessor"
#endif

int main(void)
{
    struct OphioStr string = {0, 0};
    OphioSlice version = ophio_version();
    ophio_str_free(&string);
    if (ophio_last_error_code() != OPHIO_STATUS_OK) return 1;
    return version.len == sizeof OPHIO_VERSION - 1 ? 0 : 2;
}
"""


@pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
@pytest.mark.parametrize(
    ("compiler", "standard", "suffix"),
    [("gcc", "c99", "c"), ("gcc", "c11", "c"), ("g++", "c++11", "cc"), ("g++", "c++17", "cc")],
)
def test_a_program_compiles_without_a_warning_and_runs(
    build_program: Callable[[Path, str, str], Path],
    tmp_path: Path,
    compiler: str,
    standard: str,
    suffix: str,
) -> None:
    source = tmp_path / f"use.{suffix}"
    source.write_text(USE, "utf-8")
    program = build_program(source, compiler, standard)
    assert subprocess.run([program], check=False).returncode == 0


# --- the convention -----------------------------------------------------------------

MODULES = (
    *("codeowners", "enhancements", "events", "fingerprints", "functions", "glob", "limits"),
    *("parameterization", "proguard"),
)
COMMON = "ophio_str_free", "ophio_version", "ophio_abi_version"
# Those that cannot fail, by the type that they return, and the four short forms.
VALUES = {
    "void": r"_free|_clear|_forget_all",
    "size_t": r"_len",
    "uint32_t": r"_version",
    "OphioSlice": r"_version|_message|_fields",
    "OphioStatus": r"ophio_last_error_code",
    "int32_t": r"_match_text|_parameterize_text|_trim_text",
}
# What no program of tests/c provokes. The Arrow functions read arrays by the same code:
# tests/c/test_arrow.c provokes what they return, through a pointer to each of them.
ARROW = {"FRAME", "LIMIT", "OUT_OF_RANGE", "SCHEMA"}
NOT_PROVOKED = {
    **{f"ophio_enhancements_{name}_arrow": ARROW for name in ("apply", "assemble", "preview")},
    "ophio_enhancements_preview_add_arrow": ARROW,
    # More than 2 GiB of fingerprints.
    "ophio_fingerprints_match_arrow": {"OUT_OF_RANGE"},
    # A pattern of more than 4 GiB.
    "ophio_enhancements_to_base64": {"SYNTAX"},
    "ophio_enhancements_config_to_base64": {"SYNTAX"},
    # A path on Windows.
    "ophio_proguard_open": {"INVALID_UTF8"},
    "ophio_proguard_open_cache": {"INVALID_UTF8"},
    # A call by another thread meanwhile.
    "ophio_enhancements_preview_report": {"INVALID_ARGUMENT"},
    "ophio_enhancements_preview_set_fresh": {"INVALID_ARGUMENT"},
    "ophio_enhancements_preview_set_max_explained": {"INVALID_ARGUMENT"},
}


@pytest.fixture
def c_functions(source_tree: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module tools/c_functions.py."""
    monkeypatch.syspath_prepend(source_tree / "tools")
    return importlib.import_module("c_functions")


def test_each_function_keeps_to_the_convention(c_functions: Any, header: str) -> None:
    functions = c_functions.functions(header)
    assert len(functions) > 90
    for name, function in functions.items():
        module = name.removeprefix("ophio_").partition("_")[0]
        assert module in MODULES or name in COMMON or module == "last", name
        pattern = VALUES.get(function.returned, "")
        if function.returned != "OphioStatus" or re.search(pattern, name):
            assert re.search(f"(?:{pattern})$", name), f"{name} returns {function.returned}"
            assert not function.writes or re.search("_(parameterize|trim)_text$", name), name
            continue
        # Fallible: its comment says how it fails, results come last, and nothing else is written.
        assert function.statuses, f"{name} does not say how it fails"
        results = [*function.writes, *function.changes]
        if re.search(r"_(new|parse|part|from_\w+|parse_lenient)$", name):
            assert function.parameters[-1][0].endswith("**"), name
        assert results or re.search(r"_check$|_set$", name), f"{name} has no result"
        for c_type, parameter in function.parameters:
            if parameter in {"line", "column", "end_column"}:
                assert c_type == "uint32_t", name
    for struct in re.findall(r"typedef struct \w+ \{.*?\} \w+;", header, re.DOTALL):
        for number in re.findall(r"(\w+) (?:line|column|end_column);", struct):
            assert number == "uint32_t", struct


def test_a_struct_in_an_array_comes_with_its_size(c_functions: Any, header: str) -> None:
    structs = "Frame", "AppliedFrame", "Component"
    for name, function in c_functions.functions(header).items():
        types = [c_type for c_type, _ in function.parameters]
        for index, (c_type, _) in enumerate(function.parameters):
            if re.search(rf"OphioEnhancements(?:{'|'.join(structs)}) \*", c_type):
                later = [parameter for _, parameter in function.parameters[index : index + 3]]
                assert any(parameter.endswith("_size") for parameter in later), (name, types)


def provoked(source_tree: Path) -> dict[str, set[str]]:
    """The statuses that the programs of tests/c expect of each function."""
    found: dict[str, set[str]] = {}
    for program in (source_tree / "tests" / "c").glob("test_*.c"):
        code = re.sub(r'"(?:\\.|[^"\\])*"', '""', program.read_text("utf-8"))
        for function, status in re.findall(
            r"\b(?:REFUSED|REFUSED_STR|NO_HANDLE|NO_ANSWER|MINUS|CHECK|COUNT)\(\s*(ophio_\w+)"
            r"(?:\((?:[^()]|\([^()]*\))*\))\s*(?:,|==)\s*(?:OPHIO_STATUS_)?([A-Z][A-Z_0-9]+)\)",
            code,
        ):
            found.setdefault(function, set()).add(status)
    return found


def test_the_documented_statuses_are_those_that_are_returned(
    c_functions: Any, header: str, source_tree: Path
) -> None:
    """tests/c runs each of these calls, and each status there is in the comment."""
    seen = provoked(source_tree)
    wrong = []
    for name, function in c_functions.functions(header).items():
        if name == "ophio_last_error_code":
            continue
        documented = set(function.statuses)
        found = seen.get(name, set()) - {"OK"}
        wrong += [f"{name} does not document {status}" for status in sorted(found - documented)]
        missing = documented - found - NOT_PROVOKED.get(name, set())
        wrong += [f"{name} is not seen to return {status}" for status in sorted(missing)]
    assert not wrong, "\n".join(wrong)


def test_the_page_of_functions_and_the_stub_fit_the_header(source_tree: Path) -> None:
    pytest.importorskip("ruff", reason="needs ruff, which formats the stub: make test")
    for tool in ("c_functions", "lowlevel_stub"):
        done = subprocess.run(
            [sys.executable, str(source_tree / "tools" / f"{tool}.py"), "--check"],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
