"""What several tests need: the source tree, and the header read as text.

The tests also run against an installed wheel, without the sources: those that
need them ask for `source_tree` and are skipped.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import hypothesis
import pytest
from oracle_calls import Published

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(__file__).resolve().parent / "programs"
# Options of Python with which a program that does nothing wrong prints nothing.
STRICT = ("-W", "error", "-X", "dev")


# What is left out where OPHIO_QUICK is set, as `make check` does. Here, because a wheel is tested
# without the Makefile and pyproject.toml.
QUICK = bool(os.environ.get("OPHIO_QUICK"))
MARKERS = {
    "browser": "drives a real browser",
    "fuzz": "builds the fuzz targets",
    "long": "takes many seconds, to try something very often or with very much",
    "oracle": "compares with the published packages, which `make oracle` installs",
    "sanitizer": "builds the library with a sanitizer",
    "tree": "builds another form or a copy of the sources",
    "valgrind": "runs a program under Valgrind",
}
# A fixture that is slow to make marks the tests that need it.
MARKED_BY_FIXTURE = {
    "address": "sanitizer",
    "thread": "sanitizer",
    "browser": "browser",
    "copy": "tree",
    "oracle": "oracle",
    "programs": "fuzz",
    "published": "oracle",
}


# A deadline for each example would fail on a busy machine.
hypothesis.settings.register_profile("whole", deadline=None)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=20)
hypothesis.settings.load_profile("quick" if QUICK else "whole")


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    for name, meaning in MARKERS.items():
        config.addinivalue_line("markers", f"{name}: {meaning}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by what they need. Where OPHIO_QUICK is set, those without a mark run."""
    for item in items:
        for fixture in MARKED_BY_FIXTURE.keys() & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKED_BY_FIXTURE[fixture])
        if item.path.name.startswith("test_oracle"):
            item.add_marker("oracle")
    if QUICK:
        slow = {item for item in items if any(mark.name in MARKERS for mark in item.iter_markers())}
        config.hook.pytest_deselected(items=list(slow))
        items[:] = [item for item in items if item not in slow]


@pytest.fixture(scope="session")
def source_tree() -> Path:
    """Give the root of the sources."""
    if not (ROOT / "Cargo.toml").is_file():
        pytest.skip("the source tree is not here: `make test` in a clone runs it")
    return ROOT


@pytest.fixture(scope="session")
def cargo(source_tree: Path) -> str:
    """Give the path of cargo."""
    path = shutil.which("cargo")
    if path is None:
        pytest.skip("cargo is not installed: install Rust (rustup), then `make test`")
    return path


@pytest.fixture(scope="session")
def header(source_tree: Path) -> str:
    """Give the text of include/ophio.h."""
    return (source_tree / "include" / "ophio.h").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def declared_functions(header: str) -> set[str]:
    """Give the names of the functions that the header declares."""
    names = re.findall(r"^OPHIO_API\s[^;]*?\b(ophio_\w+)\(", header, re.MULTILINE)
    assert len(names) == len(set(names)) > 0
    return set(names)


def collect_all() -> None:
    """Collect garbage until none is left: what owns an object of the library is owned itself."""
    for _ in range(4):  # PyPy runs finalizers after a collection, and frees in the next
        gc.collect()


def take_interrupts() -> None:
    """Let a new process take Ctrl-C, also where the tests run in the background of a shell.

    There SIGINT is ignored, and that is inherited. For `preexec_fn`.
    """
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def run_program(  # noqa: PLR0913 (each is a part of a command)
    name: str,
    *arguments: str | Path,
    options: Sequence[str] = STRICT,
    python: str | Path = sys.executable,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    timeout: float = 600,
) -> subprocess.CompletedProcess[str]:
    """Run one of tests/programs in a process of its own, and return what it prints.

    Args:
        name: The name of the program, without `.py`.
        arguments: Its arguments.
        options: The options of Python.
        python: The interpreter.
        folder: The folder in which it runs.
        environment: Its environment; by default that of the tests.
        timeout: How long it may run, in seconds.
    """
    return subprocess.run(
        [python, *options, PROGRAMS / f"{name}.py", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def tool(name: str) -> str:
    """Find a program. Without it a test is skipped, but not in CI, which installs it."""
    path = shutil.which(name)
    if path is None:
        assert not os.environ.get("CI"), f"{name} is not installed, and CI needs it"
        pytest.skip(f"{name} is not installed: run `make system-packages`")
    return path


class Installed:
    """The library as `make install` installs it, in a directory of the tests' own."""

    def __init__(self, source_tree: Path, prefix: Path) -> None:
        self.source_tree = source_tree
        self.prefix = prefix
        self.lib = prefix / "lib"

    def run(self, *options: str) -> str:
        """Run the script that `make install` runs."""
        script = self.source_tree / "capi" / "install" / "install.py"
        run = subprocess.run(
            [sys.executable, str(script), f"--prefix={self.prefix}", *options],
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert run.returncode == 0, run.stderr
        return run.stdout

    def environment(self) -> dict[str, str]:
        """Give an environment in which pkg-config finds it."""
        return {**os.environ, "PKG_CONFIG_PATH": str(self.lib / "pkgconfig")}

    def pkg_config(self, *options: str) -> list[str]:
        """Ask pkg-config."""
        return subprocess.run(
            [tool("pkg-config"), *options],
            env=self.environment(),
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        ).stdout.split()


@pytest.fixture(scope="session")
def installed(source_tree: Path, cargo: str, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the library for C and C++ (which takes half a minute)."""
    if sys.platform == "win32":
        pytest.skip("there is no `make install` on Windows")
    found = Installed(source_tree, tmp_path_factory.mktemp("installed"))
    found.run()
    return found


WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


@pytest.fixture
def build_program(installed: Installed, tmp_path: Path) -> Callable[[Path, str, str], Path]:
    """Give a function that compiles a program with a compiler and a standard of C or C++."""

    def build(source: Path, compiler: str, standard: str) -> Path:
        program = tmp_path / source.stem
        libraries = ["-lcjson"] if "cJSON.h" in source.read_text("utf-8") else []
        subprocess.run(
            [
                *(tool(compiler), f"-std={standard}", "-gdwarf-4", "-pthread", *WARNINGS),
                *(f"-I{installed.prefix / 'include'}", str(source)),
                *(f"-L{installed.lib}", "-lophio", f"-Wl,-rpath,{installed.lib}", *libraries),
                *("-o", str(program)),
            ],
            check=True,
        )
        return program

    return build


@pytest.fixture(scope="session")
def published() -> Iterator[Published]:
    """Start the published package, which must be there (`make oracle`)."""
    process = Published()
    yield process
    process.stop()


def scale(*modules: str) -> None:
    """Skip a module of tests of big engines, unless `make test-scale` runs it.

    That has an environment for them. In CI nothing is skipped there.
    """
    if not os.environ.get("OPHIO_SCALE"):
        pytest.skip(
            f"`make test-scale` runs it, with {', '.join(modules)}", allow_module_level=True
        )
    for name in modules:
        # Not imported: an example may have something to set before.
        if importlib.util.find_spec(name) is None:
            assert not os.environ.get("CI"), f"{name} is not installed, and CI needs it"
            pytest.skip(f"{name} is not installed (make scale-venv)", allow_module_level=True)
