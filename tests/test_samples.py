"""Every sample in README.md, docs/*.md and similar pages is run, or says why it is not.

A block of code is run by the test that COVERED names, or by one in this file:

    sh          each command, in a folder with the files that it speaks of
    console     the same, and what it prints is compared
    rules       parsed
    python      run
    cmake       configures and builds the page's program

What a comment before the block says, which no reader sees:

    <!-- file: my.rules -->                 it is a file of that name, for the commands of the page
    <!-- from: path/of/a/file -->           it stands so in that file
    <!-- installed -->                      it lists files that `make install` installs
    <!-- not run: why -->                   nothing can run it
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

import pytest

from sentry_ophio.enhancers import Cache, Enhancements
from sentry_ophio.proguard import ProguardMapper

if TYPE_CHECKING:
    from conftest import Installed

ROOT = Path(__file__).resolve().parent.parent
PAGES = ["*.md", "docs/*.md", "docs/decisions/*.md", "benches/*.md"]

# What other tests run: page, language, and the test, which looks for such blocks itself.
COVERED = [
    ("README.md", "python", "test_readme.py"),
    ("README.md", "c", "test_readme.py"),
    ("README.md", "cpp", "test_readme.py"),
    ("docs/*.md", "pycon", "test_docs.py"),
    ("docs/*.md", "c", "test_docs.py"),
    ("docs/*.md", "cpp", "test_docs.py"),
    ("docs/rules.md", "rules-example", "test_rules_page.py"),
    ("docs/diagnostics.md", "text", "test_diagnostics.py"),
    ("docs/parameterization.md", "text", "../core/src/parameterization/examples.rs"),
]
RUN_HERE = {"sh", "console", "rules", "python", "cmake"}
NOTES = {"file", "from", "installed", "not run"}


class Block(NamedTuple):
    """A block of code of a page."""

    page: str
    line: int
    indent: str
    language: str
    code: str
    note: str
    argument: str

    @property
    def place(self) -> str:
        """Where it is, as compilers write it."""
        return f"{self.page}:{self.line}"


BLOCK = re.compile(
    r"(?:^ *<!-- *(?P<note>[a-z ]+?)(?:: *(?P<argument>.*?))? *-->\n)?"
    r"^(?P<indent> *)(?P<fence>```+|~~~+) *(?P<language>[^\n`]*?) *\n(?P<code>.*?)^ *(?P=fence) *$",
    re.MULTILINE | re.DOTALL,
)


def read(page: str, text: str) -> list[Block]:
    """Find the blocks of a page."""
    return [
        Block(
            page,
            text.count("\n", 0, match.start("fence")) + 1,
            *(match[name] or "" for name in ("indent", "language", "code", "note", "argument")),
        )
        for match in BLOCK.finditer(text)
    ]


def pages() -> dict[str, str]:
    """Read all pages; there are none next to a wheel."""
    if not (ROOT / "Cargo.toml").is_file():
        return {}
    paths = sorted(path for pattern in PAGES for path in ROOT.glob(pattern))
    return {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in paths}


BLOCKS = [block for page, text in pages().items() for block in read(page, text)]


def runner(block: Block) -> str | None:
    """Tell what runs a block; None if nothing does."""
    if block.note:
        assert block.note in NOTES, f"{block.place}: `{block.note}` means nothing"
        return block.note
    for page, language, test in COVERED:
        # Those tests look for blocks that begin their line.
        if fnmatch(block.page, page) and (block.language, block.indent) == (language, ""):
            return test
    if block.language in RUN_HERE and not block.indent:
        return block.language
    if block.page == "README.md" and block.language == "text":
        return "test_readme.py"  # as below
    return None


def having(*runners: str) -> list[Any]:
    return [pytest.param(block, id=block.place) for block in BLOCKS if runner(block) in runners]


def test_every_block_is_run_or_says_why_not(source_tree: Path) -> None:
    assert len(BLOCKS) > 150
    assert [block.place for block in BLOCKS if runner(block) is None] == []
    for block in BLOCKS:
        assert block.note != "not run" or len(block.argument) > 8, f"{block.place}: say why"


def test_no_fence_is_overlooked(source_tree: Path) -> None:
    """A block that does not end, or in which another begins, would be none, or hide one."""
    for page, text in pages().items():
        fences = re.findall(r"^ *(?:```|~~~)", text, re.MULTILINE)
        assert len(fences) == 2 * sum(block.page == page for block in BLOCKS), page


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        ("docs/glob.md", "```pycon\n>>> 1\n```\n", "test_docs.py"),
        ("docs/new.md", "```text\nout\n```\n", None),
        ("docs/new.md", "```\nout\n```\n", None),
        ("docs/new.md", "```rust\nfn main() {}\n```\n", None),
        ("docs/new.md", "- a list\n\n  ```pycon\n  >>> 1\n  ```\n", None),
        ("docs/new.md", "<!-- not run: it is a picture -->\n```text\nout\n```\n", "not run"),
        ("CONTRIBUTING.md", "```python\n1\n```\n", "python"),
        ("README.md", "~~~cpp\nint main() {}\n~~~\n", "test_readme.py"),
    ],
)
def test_what_runs_a_block(page: str, text: str, expected: str | None) -> None:
    (block,) = read(page, text)
    assert runner(block) == expected


@pytest.mark.parametrize("test", sorted({test for *_, test in COVERED}))
def test_who_runs_it_is_there(source_tree: Path, test: str) -> None:
    text = (Path(__file__).parent / test).read_text("utf-8")
    for page, language, who in COVERED:
        if who == test:
            assert page.rpartition("/")[2] in text
            assert re.search(rf"\b{re.escape(language)}\b", text)


@pytest.mark.parametrize("block", having("from"))
def test_what_is_from_a_file(source_tree: Path, block: Block) -> None:
    assert block.code.rstrip() in (source_tree / block.argument).read_text("utf-8")


def test_output_in_the_readme(source_tree: Path) -> None:
    """tests/test_c.py compares the same text with what the examples print."""
    shown = (source_tree / "tests" / "snapshots" / "frames.txt").read_text("utf-8")
    texts = [b for b in BLOCKS if (b.page, b.language, b.note) == ("README.md", "text", "")]
    assert [block.code for block in texts] == [shown]


@pytest.mark.parametrize("block", [*having("rules"), *having("file")])
def test_rules(block: Block) -> None:
    if block.language == "rules":
        lines = [line for line in block.code.splitlines() if line.strip() and line[0] != "#"]
        assert len(Enhancements.parse(block.code, Cache(0))) == len(lines) > 0


PYTHON_NAMES: dict[str, dict[str, Any]] = {
    "docs/proguard.md": {
        "text": "a.a: full\n    at a.a.a(SourceFile:2)",
        "mapper": ProguardMapper.from_bytes(b"org.example.Cart -> a.a:\n    void add() -> a"),
    },
    "docs/rules.md": {
        "Enhancements": Enhancements,
        "cache": Cache(0),
        "default_text": "function:a -app",
    },
}


@pytest.mark.parametrize("block", having("python"))
def test_python(block: Block, sandbox: Sandbox) -> None:
    """With the names that the text around it speaks of."""
    sandbox.fill(block.page)
    code = compile(block.code, block.place, "exec")
    here = Path.cwd()
    os.chdir(sandbox.folder)
    try:
        exec(code, dict(PYTHON_NAMES.get(block.page, {})))
    finally:
        os.chdir(here)


# --- commands -----------------------------------------------------------------------


class Sandbox:
    """A folder with the files that commands on pages speak of."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("MAKE")},
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "COLUMNS": "96",
            "NO_COLOR": "1",
        }

    def fill(self, page: str) -> None:
        """Write the files: those of the page, and for other names what goes with them."""
        events = Path(__file__).parent / "fixtures" / "events"
        first = json.loads((events / "python-checkout.json").read_text("utf-8"))
        del first["exception"]["values"][1:]
        event = json.dumps(first)
        mapping = Path(__file__).parent / "fixtures" / "proguard" / "shop.mapping.txt"
        rules = "# rules\n" * 11 + "path:**/vendor/** -app\n"
        files = {
            **dict.fromkeys(("my.rules", "now.rules"), rules),
            "then.rules": rules + "function:decode -group\n",
            "project.json": json.dumps({"groupingEnhancements": rules}),
            "main.tf": f"grouping_enhancements = <<EOT\n{rules}EOT\n",
            "event.json": event,
            "events/one.json": event,
            "month/one.json": event,
            "mapping.txt": mapping.read_text("utf-8"),
            **{b.argument: b.code for b in BLOCKS if (b.page, b.note) == (page, "file")},
        }
        for language in ("c", "cpp"):
            programs = [b.code for b in BLOCKS if (b.page, b.language) == (page, language)]
            assert len(programs) <= 1, f"{page} has two programs: which one is program.{language}?"
            for code in programs:
                files.update({f"{name}.{language}": code for name in ("program", "example")})
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, "utf-8")
        with gzip.open(self.folder / "events.ndjson.gz", "wt") as lines:
            lines.write(event + "\n")

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as the shell does."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


def commands(code: str) -> list[str]:
    """Cut a block into commands."""
    return [
        line
        for line in code.replace("\\\n", " ").splitlines()
        if line.strip() and not line.lstrip().startswith("#")
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="for shells of Unix")
@pytest.mark.parametrize("block", having("sh"))
def test_shell(block: Block, sandbox: Sandbox, request: pytest.FixtureRequest) -> None:
    """Each command must work. What `make` would do is not done here, but must be a target."""
    sandbox.fill(block.page)
    exported = ""
    for line in commands(block.code):
        command = line
        if line.startswith("make "):
            source_tree: Path = request.getfixturevalue("source_tree")
            command = line.replace("make ", f"make -n -C '{source_tree}' ", 1)
        elif line.startswith("pip install "):
            # Not run: it would install hundreds of megabytes, from the network.
            extras = re.findall(r"\w+", "".join(re.findall(r"\[(.+?)\]", line)))
            assert "sentry-ophio" in line, line
            known = metadata.metadata("sentry-ophio").get_all("Provides-Extra") or []
            assert set(extras) <= set(known)
            continue
        elif "sentry-ophio" in line:
            pytest.importorskip("click")
        elif line.startswith(("cc ", "c++ ", "export ")):
            installed: Installed = request.getfixturevalue("installed")
            if "-rpath" not in line:
                sandbox.environment["LD_LIBRARY_PATH"] = str(installed.lib)
            command = re.sub(r"\$HOME/\.local|/usr/local", str(installed.prefix), line)
            command = command.partition(" # ")[0].strip()
            if line.startswith("export "):
                exported += f"{command}; "
                continue
            if not exported:  # the page installs to where pkg-config looks
                sandbox.environment.update(installed.environment())
            command = f"{exported}{command} && ./" + command.partition("-o ")[2].split()[0]
        else:
            pytest.fail(f"{block.place}: `{line}` is not run; mark the block, or run it here")
        done = sandbox.run(command)
        assert done.returncode == 0, f"{block.place}: {command}\n{done.stdout}"


@pytest.mark.skipif(sys.platform == "win32", reason="for shells of Unix")
@pytest.mark.parametrize("block", having("console"))
def test_console(block: Block, sandbox: Sandbox) -> None:
    """What a command prints is what is shown, but for blanks at the ends."""
    pytest.importorskip("click")
    sandbox.fill(block.page)
    _, *parts = re.split(r"^\$ (.*)\n", block.code, flags=re.MULTILINE)
    assert parts
    for command, shown in zip(parts[::2], parts[1::2]):
        assert command.startswith("sentry-ophio ")
        assert sandbox.run(command).stdout.strip() == shown.strip()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no `make install`")
@pytest.mark.parametrize("block", having("cmake"))
def test_cmake(block: Block, sandbox: Sandbox, request: pytest.FixtureRequest) -> None:
    installed: Installed = request.getfixturevalue("installed")
    if shutil.which("cmake") is None:
        assert not os.environ.get("CI"), "cmake is not installed, and CI needs it"
        pytest.skip("cmake is not installed: run `make system-packages`")
    sandbox.fill(block.page)
    (sandbox.folder / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.16)\nproject(sample C)\n"
        f"add_executable(program program.c)\n{block.code}",
        "utf-8",
    )
    done = sandbox.run(
        f"cmake -B build -DCMAKE_PREFIX_PATH='{installed.prefix}' && cmake --build build"
        " && build/program"
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="the names are those of Linux")
@pytest.mark.parametrize("block", having("installed"))
def test_installed_files(block: Block, installed: Installed) -> None:
    names = re.findall(r"\b(?:include|lib)/[\w./]+", block.code)
    assert len(names) > 3
    assert [name for name in names if not (installed.prefix / name).exists()] == []


@pytest.mark.skipif(sys.platform == "win32", reason="for gcc and clang")
def test_the_sample_that_opens_the_cpp_header(
    build_program: Callable[[Path, str, str], Path], source_tree: Path, tmp_path: Path
) -> None:
    text = (source_tree / "include" / "ophio.hpp").read_text("utf-8").partition("*/")[0]
    first, *lines = re.findall(r"^ \*     (.*)$", text, re.MULTILINE)
    claim = lines[-1].removeprefix("// ")
    source = tmp_path / "opening.cpp"
    source.write_text(
        "\n".join([first, "int main() {", *lines, f"return {claim} ? 0 : 1;", "}\n"]), "utf-8"
    )
    assert subprocess.run([build_program(source, "g++", "c++17")], check=False).returncode == 0
