"""`sentry-ophio owners`: the owners of files, and the problems of a CODEOWNERS file."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import contextmanager
from json.encoder import encode_basestring
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from sentry_ophio import _repository
from sentry_ophio._counts import counted
from sentry_ophio._event_files import STANDARD_INPUT
from sentry_ophio._shown import shown
from sentry_ophio.cli._check import format_option, json_option, report
from sentry_ophio.cli._input import InputError, read_bytes, read_text
from sentry_ophio.cli._output import annotation, echo, echo_json_texts, echo_lines, json_of
from sentry_ophio.cli._problems import Found
from sentry_ophio.codeowners import Codeowners, Ownership
from sentry_ophio.exceptions import CodeownersError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sentry_ophio.codeowners import Match, Owner

# GitHub ignores a larger file.
_MAX_BYTES = 3_000_000
# Owners are aligned after paths of this length; those of a longer path follow it.
_MAX_WIDTH = 60
_NO_OWNER = "(no owner)"


@click.command()
@click.argument("files", nargs=-1, metavar="[FILES...]")
@click.option("--unowned", is_flag=True, help="Print only files without an owner, by name.")
@click.option(
    "--owner",
    "wanted",
    multiple=True,
    metavar="OWNER",
    help="Print only files of this owner, such as @user, @organization/team or an e-mail address. "
    "May be repeated: files of any of them.",
)
@click.option("--require", is_flag=True, help="Fail if a file has no owner.")
@click.option(
    "--check",
    "only_check",
    is_flag=True,
    help="Print the problems of the CODEOWNERS file, also patterns that match none of the files.",
)
@click.option("--strict", is_flag=True, help="With --check: fail on warnings as well.")
@format_option
@json_option
@click.option(
    "--repository",
    metavar="FOLDER",
    help="The root of the repository. By default the nearest folder that has .git.",
)
@click.option(
    "--file",
    "name",
    metavar="FILE",
    help="The CODEOWNERS file, or - for standard input. By default it is looked for where the "
    "host does.",
)
@click.option(
    "--dialect",
    type=click.Choice(["github", "gitlab"]),
    help="The host. By default GitLab if the repository has .gitlab/ or .gitlab-ci.yml and not "
    ".github/, and otherwise GitHub.",
)
def owners(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    files: tuple[str, ...],
    unowned: bool,
    wanted: tuple[str, ...],
    require: bool,
    only_check: bool,
    strict: bool,
    form: str,
    as_json: bool,
    repository: str | None,
    name: str | None,
    dialect: str | None,
) -> None:
    """Print the owners of files, as the CODEOWNERS file of the repository has them.

    FILES are files, also deleted ones, folders for the tracked files in them, or - for names from
    standard input, one a line, or separated by NUL. By default, these are all files that git
    tracks.

    \b
    Examples:
      sentry-ophio owners
      sentry-ophio owners src/main.py docs/
      sentry-ophio owners --owner @shop/web --json
      git diff --name-only -z main | sentry-ophio owners --unowned --require -
      sentry-ophio owners --check --strict --format=github

    With --format=github files without an owner are annotations. docs/diagnostics.md explains the
    codes of --check.

    The exit code is 1 if --require finds a file without an owner, or if --check finds an error
    (with --strict also a warning), and 2 if a file or the names of files cannot be read.
    """  # noqa: D301 (click wants the control character)
    if unowned and wanted:
        raise click.UsageError("--unowned and --owner exclude each other")
    if only_check and (unowned or wanted or require):
        raise click.UsageError("--check cannot be combined with --unowned, --owner or --require")
    if strict and not only_check:
        raise click.UsageError("--strict needs --check")
    if [name, *files].count(STANDARD_INPUT) > 1:
        raise click.UsageError("standard input can be read once")
    root = Path(repository) if repository is not None else _root()
    source = _read(root, name, dialect)
    paths, failed = _paths(root, files)
    form = "json" if as_json else form
    if only_check:
        _report(source, paths, form, strict=strict, failed=failed)
        without = 0
    else:
        with _named(source.name):
            found = Codeowners.parse(source.text, source.dialect).owners_many(paths)
        rows = list(_rows(found))
        without = sum(not row.owners for row in rows) if require else 0
        _print(source, _selected(rows, unowned, wanted), form, only_names=unowned, required=require)
    if without:
        has = "has" if len(paths) == 1 else "have"
        echo(f"{without:,} of {counted(len(paths), 'file')} {has} no owner", err=True)
    if failed or without:
        sys.exit(InputError.exit_code if failed else 1)


def _report(source: _Source, paths: list[bytes], form: str, *, strict: bool, failed: bool) -> None:
    def find(_: str) -> list[Found]:
        with _named(source.name):
            found = Codeowners.check(source.text, source.dialect, paths=paths)
        return [
            Found(each, each.line, each.column, each.end_column, "", source.name) for each in found
        ]

    report((source.name,), find, form, strict=strict, unreadable=failed)


def _selected(rows: list[_Row], unowned: bool, wanted: tuple[str, ...]) -> list[_Row]:
    """Return the rows that `--unowned` or `--owner` selects."""
    names = {each.casefold() for each in wanted}
    if unowned:
        return [row for row in rows if not row.owners]
    if wanted:
        return [row for row in rows if not names.isdisjoint(map(str.casefold, row.owners))]
    return rows


def _print(
    source: _Source, rows: list[_Row], form: str, *, only_names: bool, required: bool
) -> None:
    if form == "json":
        document = {"file": source.name, "dialect": source.dialect}
        echo_json_texts(document, "files", _json_of(rows))
    elif form == "github":
        for row in rows:
            if not row.owners:
                annotation("error" if required else "warning", "no owner", file=_text(row.path))
    elif only_names:
        echo_lines(_text(row.path) for row in rows)
    else:
        echo_lines(_table(rows))


class _Source(NamedTuple):
    """A CODEOWNERS file: its name for people, the text and the host."""

    name: str
    text: str
    dialect: Any


class _Row(NamedTuple):
    """A file with its owners."""

    path: bytes
    owners: tuple[Owner, ...]
    matches: tuple[Match, ...]


def _root() -> Path:
    """Return the nearest folder that is a repository, or else the current one."""
    here = Path.cwd()
    return next((each for each in (here, *here.parents) if (each / ".git").exists()), here)


def _read(root: Path, name: str | None, dialect: str | None) -> _Source:
    if name is not None:
        return _Source(name, read_text(name), dialect or _repository.host(root))
    try:
        path, host = _repository.find(root, dialect)
        return _Source(path.relative_to(root).as_posix(), _repository.read(path, _MAX_BYTES), host)
    except (OSError, CodeownersError) as error:
        raise InputError.of(error) from None


@contextmanager
def _named(name: str) -> Iterator[None]:
    """Add the name of the CODEOWNERS file to its errors."""
    try:
        yield
    except CodeownersError as error:
        raise InputError(name, str(error)) from None


def _paths(root: Path, files: tuple[str, ...]) -> tuple[list[bytes], bool]:
    """Return the paths of files from the root of the repository, and whether any is not in it."""
    if not files:
        return _tracked(root), False
    here = os.path.relpath(Path.cwd(), root)
    paths = []
    failed = False
    for name, is_argument in _names(files):
        try:
            path = _from_root(root, here, name)
        except InputError as error:
            error.show()
            failed = True
            continue
        if is_argument and (root / path).is_dir():
            paths += _tracked(root, path)
        else:
            paths.append(os.fsencode(path))
    return paths, failed


def _names(files: tuple[str, ...]) -> Iterator[tuple[str, bool]]:
    """Return the names of files, and whether they are arguments or from standard input."""
    for name in files:
        if name == STANDARD_INPUT:
            data = read_bytes(name)
            separator = b"\0" if b"\0" in data else b"\n"
            for each in filter(None, data.split(separator)):
                yield os.fsdecode(each), False
        else:
            yield name, True


def _from_root(root: Path, here: str, name: str) -> str:
    """Return a path from the root of the repository, for one from the current folder."""
    is_absolute = os.path.isabs(name)  # noqa: PTH117 (a Path takes ten times as long)
    path = os.path.relpath(name, root) if is_absolute else os.path.normpath(f"{here}/{name}")
    path = path.replace(os.sep, "/")
    if path == ".." or path.startswith("../"):
        raise InputError(name, f"not in the repository {root}")
    return path


def _tracked(root: Path, *folders: str) -> list[bytes]:
    """Return the files that git tracks, each once, as `git ls-files` does for a conflict."""
    # The configuration of a repository can name programs that git runs: one that watches files, and
    # one that fetches objects that are missing, as folders of a sparse index may be.
    command = ["git", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-C", str(root)]
    fetch_nothing = {"GIT_NO_LAZY_FETCH": "1", "GIT_ALLOW_PROTOCOL": "none"}
    try:
        done = subprocess.run(
            [*command, "ls-files", "-z", "--", *folders],
            capture_output=True,
            check=False,
            env={**os.environ, **fetch_nothing, "LC_ALL": "C"},
        )
    except OSError as error:
        raise InputError("git", error.strerror or str(error)) from None
    said = done.stderr.decode(errors="replace").strip()
    # If a folder cannot be read, the exit code is 0, and its files are not listed.
    errors = re.findall(r"^(?:error|fatal): .*", said, re.MULTILINE)
    if done.returncode or errors:
        reason = "; ".join(errors) or said or f"exit code {done.returncode}"
        raise InputError("git ls-files", reason)
    return list(dict.fromkeys(filter(None, done.stdout.split(b"\0"))))


def _rows(found: list[Ownership]) -> Iterator[_Row]:
    # Files with the same lines share one tuple of them, so few are joined.
    known: dict[int, tuple[Owner, ...]] = {}
    for path, matches in found:
        owners = known.get(id(matches))
        if owners is None:
            owners = known[id(matches)] = Ownership(path, matches).owners
        yield _Row(path, owners, matches)  # type: ignore[arg-type]  # the paths are bytes


def _table(rows: list[_Row]) -> Iterator[str]:
    """Make a line for each file, with its owners in a column."""
    known: dict[tuple[Owner, ...], str] = {}
    paths = [shown(_text(row.path)) for row in rows]
    width = min(_MAX_WIDTH, max(map(len, paths), default=0))
    for path, row in zip(paths, rows):
        owners = known.get(row.owners)
        if owners is None:
            owners = known[row.owners] = " ".join(row.owners) or _NO_OWNER
        yield f"{path:{width}}  {owners}"


def _json_of(rows: list[_Row]) -> Iterator[str]:
    """Make the JSON of each file. `json.dumps` takes ten times as long."""
    known: dict[int, str] = {}
    for row in rows:
        rest = known.get(id(row.matches))
        if rest is None:
            owners = [{"owner": each, "kind": each.kind} for each in row.owners]
            matches = [
                {"line": each.line, "pattern": each.pattern, "section": each.section.name}
                for each in row.matches
            ]
            rest = json_of({"owners": owners, "matches": matches})[1:]
            known[id(row.matches)] = rest
        yield f'{{"path": {encode_basestring(_text(row.path))}, {rest}'


def _text(path: bytes) -> str:
    """Return a path as text. Bytes that are not UTF-8 are escapes."""
    return path.decode("utf-8", "backslashreplace")
