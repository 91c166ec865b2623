"""`sentry-ophio owners`, run as a program in a repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from commands import run_command

pytest.importorskip("click")
pytest.importorskip("rich")
if shutil.which("git") is None:
    pytest.skip(
        "git is not installed: `apt install git`, then `make test`", allow_module_level=True
    )

if TYPE_CHECKING:
    from pathlib import Path

CODEOWNERS = """\
*.py            @python
/docs/          @shop/writers docs@example.org
/docs/old/
/app/[slug]/    @web # folders of Next.js
/gone/          @python
!x              @web
"""
TREE = ["README", "docs/a.md", "docs/old/b.md", "app/[slug]/page.tsx", "src/a.py", "src/é b.py"]
HEADER = ".github/CODEOWNERS"


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def write(folder: Path, name: str, text: str = "") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, "utf-8")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q")
    write(folder, HEADER, CODEOWNERS)
    for name in TREE:
        write(folder, name)
    git(folder, "add", ".")
    write(folder, "not/tracked.py")
    return folder


def run(folder: Path, *arguments: str | Path, stdin: bytes = b"") -> tuple[int, str, str]:
    done = run_command("owners", *arguments, stdin=stdin, folder=folder)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


ALL = """\
.github/CODEOWNERS   (no owner)
README               (no owner)
app/[slug]/page.tsx  @web
docs/a.md            @shop/writers docs@example.org
docs/old/b.md        (no owner)
src/a.py             @python
src/é b.py           @python
"""

# folder, arguments, standard input; exit code, output, errors
ROWS: dict[str, tuple[str, list[str], bytes, int, str, str]] = {
    "all that git tracks": (".", [], b"", 0, ALL, ""),
    "from a folder inside": ("docs/old", [], b"", 0, ALL, ""),
    "files": (".", ["src/a.py", "x/y.py"], b"", 0, "src/a.py  @python\nx/y.py    @python\n", ""),
    "files from a folder inside": (
        *("docs", ["old/../a.md", "../src/a.py", "./n.md"], b"", 0),
        "docs/a.md  @shop/writers docs@example.org\nsrc/a.py   @python\n"
        "docs/n.md  @shop/writers docs@example.org\n",
        "",
    ),
    "a folder": (
        *(".", ["docs"], b"", 0),
        "docs/a.md      @shop/writers docs@example.org\ndocs/old/b.md  (no owner)\n",
        "",
    ),
    "a folder with brackets": (".", ["app/[slug]"], b"", 0, "app/[slug]/page.tsx  @web\n", ""),
    "names by line": (
        ".",
        ["-"],
        b"src/a.py\nREADME\n",
        0,
        "src/a.py  @python\nREADME    (no owner)\n",
        "",
    ),
    "names by NUL": (
        ".",
        ["-", "c.py"],
        b"a\nb.py\0",
        0,
        "a\\nb.py  @python\nc.py     @python\n",
        "",
    ),
    "no names": (".", ["-"], b"", 0, "", ""),
    "not UTF-8": (".", ["-"], b"\xff.py", 0, "\\xff.py  @python\n", ""),
    "unowned": (".", ["--unowned"], b"", 0, ".github/CODEOWNERS\nREADME\ndocs/old/b.md\n", ""),
    "none unowned": (".", ["--unowned", "--require", "src"], b"", 0, "", ""),
    "of an owner": (".", ["--owner", "@web"], b"", 0, "app/[slug]/page.tsx  @web\n", ""),
    "of two owners, in any case": (
        *(".", ["--owner=@WEB", "--owner", "docs@example.org"], b"", 0),
        "app/[slug]/page.tsx  @web\ndocs/a.md            @shop/writers docs@example.org\n",
        "",
    ),
    "of no owner": (".", ["--owner", "@nobody"], b"", 0, "", ""),
    "require": (".", ["--require"], b"", 1, ALL, "3 of 7 files have no owner\n"),
    "require, unowned": (
        *(".", ["--require", "--unowned"], b"", 1),
        ".github/CODEOWNERS\nREADME\ndocs/old/b.md\n",
        "3 of 7 files have no owner\n",
    ),
    "require, of an owner": (
        *(".", ["--require", "--owner=@web"], b"", 1),
        "app/[slug]/page.tsx  @web\n",
        "3 of 7 files have no owner\n",
    ),
    "require, all have": (
        ".",
        ["--require", "src"],
        b"",
        0,
        "src/a.py    @python\nsrc/é b.py  @python\n",
        "",
    ),
    "annotations": (
        *(".", ["--format=github", "docs"], b"", 0),
        "::warning file=docs/old/b.md::no owner\n",
        "",
    ),
    "annotations, require": (
        *(".", ["--format=github", "--require", "docs", "src"], b"", 1),
        "::error file=docs/old/b.md::no owner\n",
        "1 of 4 files have no owner\n",
    ),
    "another file": (
        ".",
        ["--file=-", "a", "src/a.py"],
        b"a @x",
        0,
        "a         @x\nsrc/a.py  (no owner)\n",
        "",
    ),
    "another dialect": (
        *(".", ["--file=-", "--dialect=gitlab", "a", "b"], b"[S] @x @a/b/c\n*\n!b", 0),
        "a  @x @a/b/c\nb  (no owner)\n",
        "",
    ),
    "check, nothing": (
        ".",
        ["--check", "--file=-"],
        b"* @a",
        0,
        "0 errors and 0 warnings in 1 file\n",
        "",
    ),
    "check, annotations": (
        *(".", ["--check", "--format=github"], b"", 1),
        f"::warning file={HEADER},line=4,col=6,endColumn=12,title=OPH501::GitHub has no character "
        "ranges: `[slug]` is matched literally\n"
        f"::warning file={HEADER},line=5,col=1,endColumn=7,title=OPH505::`/gone/` matches no file\n"
        f"::error file={HEADER},line=6,col=1,endColumn=2,title=OPH401::`!` is not supported by "
        "GitHub: the line is skipped\n",
        "",
    ),
    "check, a suggestion": (
        *(".", ["--check", "--format=github", "--file=-"], b"* ann", 1),
        "::error file=-,line=1,col=3,endColumn=6,title=OPH404::not an owner (@user, "
        "@organization/team or an e-mail address): the line is skipped; did you mean `@ann`?\n",
        "",
    ),
    "check, warnings": (
        *(".", ["--check", "--file=-"], b"/gone/ @a", 0),
        "warning[OPH505]: `/gone/` matches no file\n --> standard input:1:1\n  |\n"
        "1 | /gone/ @a\n  | ^^^^^^\n\n0 errors and 1 warning in 1 file\n",
        "",
    ),
    "check, strict": (
        *(".", ["--check", "--strict", "--format=github", "--file=-"], b"/gone/ @a", 1),
        "::warning file=-,line=1,col=1,endColumn=7,title=OPH505::`/gone/` matches no file\n",
        "",
    ),
    "check, of some files": (
        *(".", ["--check", "--format=github", "--file=-", "gone/x"], b"/gone/ @a", 0),
        "",
        "",
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_owners(name: str, repository: Path) -> None:
    folder, arguments, stdin, code, out, errors = ROWS[name]
    assert run(repository / folder, *arguments, stdin=stdin) == (code, out, errors)


# arguments, standard input; a part of the errors: the exit code is 2
BAD: dict[str, tuple[list[str], bytes, str]] = {
    "outside": (["../x", "README"], b"", "Error: ../x: not in the repository "),
    "outside, absolute": (["/x"], b"", "Error: /x: not in the repository "),
    "outside, by name": (["-"], b"a/../../x\n", "Error: a/../../x: not in the repository "),
    "outside, check": (["--check", "../x"], b"", "Error: ../x: not in the repository "),
    "no file": (["--file=none"], b"", "Error: none: No such file or directory\n"),
    "a folder": (["--file=src"], b"", "Error: src: Is a directory\n"),
    "not UTF-8": (["--file=-"], b"\xff", "Error: -: not UTF-8 (at byte 0)\n"),
    "too large": (
        ["--file=-"],
        b"#" * 3_000_001,
        "Error: -: the file has 3000001 bytes, more than the limit of 3000000 (`max_bytes`)\n",
    ),
    "too large, check": (["--file=-", "--check"], b"#" * 3_000_001, "Error: -: the file has 3"),
    "no repository": (["--repository=none"], b"", "Error: none: No CODEOWNERS file (.github/"),
    "no file of the host": (["--dialect=gitlab"], b"", ": No CODEOWNERS file (CODEOWNERS, docs/"),
    "not for git": (["--repository=docs", "--file=-"], b"", ""),
    "both": (["--unowned", "--owner=@a"], b"", "--unowned and --owner exclude each other"),
    "check and": (["--check", "--require"], b"", "--check cannot be combined with"),
    "strict without": (["--strict"], b"", "--strict needs --check"),
    "twice": (["--file=-", "-"], b"", "standard input can be read once"),
    "no such host": (["--dialect=svn"], b"", "'svn' is not one of 'github', 'gitlab'"),
}


@pytest.mark.skipif(sys.platform == "win32", reason="other paths and messages")
@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_used(name: str, repository: Path) -> None:
    arguments, stdin, message = BAD[name]
    code, out, errors = run(repository, *arguments, stdin=stdin)
    if name == "not for git":  # a folder of a repository is one for git
        assert (code, errors) == (0, "")
        return
    assert code == 2
    assert message in errors
    assert "Traceback" not in errors
    # Other files are still printed.
    assert ("README" in out) == (name == "outside")


def test_without_git(repository: Path, tmp_path: Path) -> None:
    write(tmp_path, "CODEOWNERS", "*.py @a")
    path = str(tmp_path / "none")
    done = run_command("owners", folder=repository, PATH=path)
    assert (done.returncode, done.stderr) == (2, b"Error: git: No such file or directory\n")
    done = run_command("owners", folder=tmp_path, GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert done.returncode == 2
    assert done.stderr.startswith(b"Error: git ls-files: fatal: not a git repository")
    done = run_command("owners", "x/a.py", folder=tmp_path, PATH=path)
    assert (done.returncode, done.stdout) == (0, b"x/a.py  @a\n")


def test_json(repository: Path) -> None:
    code, out, _ = run(repository, "--json", "docs", "app/[slug]/x")
    assert code == 0
    assert json.loads(out) == {
        "file": HEADER,
        "dialect": "github",
        "files": [
            {
                "path": "docs/a.md",
                "owners": [
                    {"owner": "@shop/writers", "kind": "team"},
                    {"owner": "docs@example.org", "kind": "email"},
                ],
                "matches": [{"line": 2, "pattern": "/docs/", "section": ""}],
            },
            {
                "path": "docs/old/b.md",
                "owners": [],
                "matches": [{"line": 3, "pattern": "/docs/old/", "section": ""}],
            },
            {
                "path": "app/[slug]/x",
                "owners": [{"owner": "@web", "kind": "user"}],
                "matches": [{"line": 4, "pattern": "/app/[slug]/", "section": ""}],
            },
        ],
    }
    assert json.loads(run(repository, "--json", "-")[1])["files"] == []
    unowned = json.loads(run(repository, "--json", "--unowned")[1])["files"]
    assert [each["path"] for each in unowned] == [HEADER, "README", "docs/old/b.md"]
    code, out, _ = run(repository, "--check", "--json")
    (document,) = json.loads(out)
    found = [(each["code"], each["severity"], each["line"]) for each in document["diagnostics"]]
    assert (code, document["file"]) == (1, HEADER)
    assert found == [("OPH501", "warning", 4), ("OPH505", "warning", 5), ("OPH401", "error", 6)]


def test_many_files(repository: Path) -> None:
    """More than are written at a time."""
    names = [f"src/{number}.{'py' if number % 2 else 'c'}" for number in range(2_500)]
    stdin = "\n".join(names).encode()
    code, out, _ = run(repository, "-", stdin=stdin)
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == names
    files = json.loads(run(repository, "--json", "-", stdin=stdin)[1])["files"]
    assert [each["path"] for each in files] == names
    assert [bool(each["owners"]) for each in files] == [name.endswith("py") for name in names]


@pytest.mark.skipif(sys.platform == "win32", reason="names of files are text there")
def test_a_conflict_and_names_that_are_no_text(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, "CODEOWNERS", "* @a")
    name = os.fsencode(tmp_path) + b"/\xff\n"
    try:
        with open(name, "wb"):  # noqa: PTH123 (bytes)
            pass
    except OSError:
        pytest.skip("the file system has names in UTF-8 only")
    git(tmp_path, "add", ".")
    assert run(tmp_path) == (0, "CODEOWNERS  @a\n\\xff\\n      @a\n", "")


def test_a_repository_runs_no_program(repository: Path, tmp_path: Path) -> None:
    """The configuration of a repository may name a program that git runs to list changed files."""
    ran = tmp_path / "ran"
    hook = tmp_path / "hook"
    hook.write_text(f"#!/bin/sh\ntouch '{ran}'\n", "utf-8")
    hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(hook))
    try:
        assert run(repository)[:2] == (0, ALL)
        assert not ran.exists()
    finally:
        git(repository, "config", "--unset", "core.fsmonitor")


def test_a_repository_runs_no_program_to_fetch(tmp_path: Path) -> None:
    """A folder of a sparse index whose object is missing: git fetched it, by a program named in
    the configuration. The files of that folder were left out without an error.
    """
    folder, ran, program = tmp_path / "repository", tmp_path / "ran", tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch '{ran}'\n", "utf-8")
    program.chmod(0o755)
    for name in ("CODEOWNERS", "a/b"):
        write(folder, name, "* @a\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "-m", "a")
    try:
        git(folder, "sparse-checkout", "set", "--cone", "--sparse-index")
    except subprocess.CalledProcessError:
        pytest.skip("this git has no sparse index")
    command = ["git", "-C", str(folder), "rev-parse", "HEAD:a"]
    missing = subprocess.check_output(command, encoding="utf-8").strip()
    (folder / ".git" / "objects" / missing[:2] / missing[2:]).unlink()
    for name, value in {
        "core.repositoryFormatVersion": "1",
        "extensions.partialClone": "origin",
        "remote.origin.promisor": "true",
        "remote.origin.url": str(folder),
        "remote.origin.uploadpack": str(program),
    }.items():
        git(folder, "config", name, value)
    subprocess.run(["git", "-C", str(folder), "ls-files"], capture_output=True, check=False)
    if not ran.exists():
        pytest.skip("this git does not fetch here")
    ran.unlink()
    code, out, error = run(folder)
    assert not ran.exists()
    assert (code, out) == (2, "")
    assert error == f"Error: git ls-files: error: Could not read {missing}\n"


def test_gitlab(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    write(tmp_path, ".gitlab/CODEOWNERS", "* @all\n[Docs] @shop/web/writers @@maintainer\n*.md\n")
    write(tmp_path, "a.md")
    git(tmp_path, "add", ".")
    document: Any = json.loads(run(tmp_path, "--json", "a.md")[1])
    assert (document["file"], document["dialect"]) == (".gitlab/CODEOWNERS", "gitlab")
    (file,) = document["files"]
    assert [each["kind"] for each in file["owners"]] == ["user", "team", "role"]
    assert [each["section"] for each in file["matches"]] == ["", "Docs"]
