"""Inputs with a stack trace per row, and Parquet files as output."""

from __future__ import annotations

import sys
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Union

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from sentry_ophio._atomic import resolved
from sentry_ophio._counts import counted, restored_line
from sentry_ophio._event_files import STANDARD_INPUT, SUFFIXES, files_in, stacktraces_in
from sentry_ophio.cli._input import InputError
from sentry_ophio.cli._output import console, echo, echo_json
from sentry_ophio.exceptions import EventError, ParquetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

    from sentry_ophio._event_files import Found
    from sentry_ophio._parquet import ParquetFile
    from sentry_ophio.enhancers import Enhancements
    from sentry_ophio.exceptions import OphioError

Input = Union["list[str]", "ParquetFile"]
"""Files with events, which are read one after the other, or a file with rows."""


PARQUET = ".parquet"


skip_bad_option = click.option(
    "--skip-bad",
    is_flag=True,
    help="With --out: report and skip events and rows that cannot be used. Then the exit "
    "code is 2.",
)


def parquet_module(name: str = "_parquet") -> ModuleType:
    """Import the reader or writer of Parquet files, which only some users need."""
    try:
        module = import_module(f"sentry_ophio.{name}")
    except ImportError as error:
        if (error.name or "pyarrow").partition(".")[0] != "pyarrow":
            raise
        raise InputError(
            "Parquet files need pyarrow", "pip install 'sentry-ophio[arrow,cli]'"
        ) from None
    return module


def sorted_inputs(
    names: tuple[str, ...],
    skip: Callable[[OphioError | OSError], object] | None,
    suffixes: tuple[str, ...],
    opened: Callable[[str], ParquetFile] | None = None,
) -> list[Input]:
    """Divide the inputs into files with events and files with rows; `opened` opens the latter."""
    found: list[Input] = []
    for name in files_of(names, suffixes):
        if name.endswith(PARQUET):
            opened = opened or parquet_module().ParquetFile
            try:
                found.append(opened(name))
            except ParquetError as error:
                if skip is None:
                    raise InputError.of(error) from None
                skip(error)
        elif found and isinstance(found[-1], list):
            found[-1].append(name)
        else:
            found.append([name])
    return found


def files_of(names: tuple[str, ...], suffixes: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        path = Path(name)
        if name == STANDARD_INPUT or not path.is_dir():
            yield name
            continue
        for each in files_in(path, suffixes):
            # Engines write unfinished files into folders such as `_temporary`.
            hidden = any(part[0] in "._" for part in each.relative_to(path).parts)
            if not (hidden and each.suffix == PARQUET):
                yield str(each)


@contextmanager
def progress_bar(
    inputs: list[Input], counted: str = "stack traces"
) -> Iterator[Callable[[int], None]]:
    """Show the progress of a command, with a bar if the number of rows is known."""
    total = 0
    known = True
    for each in inputs:
        if isinstance(each, list):
            known = False
        else:
            total += each.rows
    columns = (
        (
            BarColumn(),
            TextColumn(f"{{task.completed:,}} of {{task.total:,}} {counted}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        if known and total
        else (TextColumn(f"{{task.completed:,}} {counted}"), TimeElapsedColumn())
    )
    bar = Progress(
        *columns,
        console=console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task("", total=total if known and total else None)
        yield lambda done: bar.update(task, completed=done)


def write_parquet(  # noqa: PLR0913 (those of the command)
    names: tuple[str, ...],
    out: str,
    rules: Enhancements | None,
    threads: int,
    skip_bad: bool,
    *,
    fresh: bool = False,
) -> tuple[dict[str, int], int]:
    """Write events, or rows with the results of rules, to a file atomically.

    Returns:
        The counts of the output, and the number of events and rows that were skipped.
    """
    parquet = parquet_module()
    left_out = restored = 0
    applying = None if rules is None else parquet.Applying(rules, threads, fresh)

    def report(error: OphioError | OSError) -> None:
        nonlocal left_out
        left_out += 1
        InputError.of(error).show()

    skip = report if skip_bad else None
    suffixes = SUFFIXES if rules is None else (*SUFFIXES, PARQUET)
    _check_output(names, out, suffixes)
    inputs = sorted_inputs(names, None, suffixes)
    if not inputs:
        raise InputError(names[0], "there is no file in it to read")

    def events_of(names: list[str]) -> Iterator[Found]:
        nonlocal restored
        for found in stacktraces_in(names, skip, stdin=sys.stdin.buffer, fresh=fresh):
            restored += len(found.trace.restored)
            yield found

    def batches() -> Iterator[Any]:
        for each in inputs:
            if isinstance(each, list):
                name, found = each[0], parquet.event_batches(events_of(each))
            else:
                name, found = each.name, each.batches()
            if applying is not None:
                found = parquet.with_answers(name, found, applying, skip)
            yield from found

    try:
        schema = parquet.common_schema(inputs, answers=rules is not None)
        with progress_bar(inputs) as progress:
            written = parquet.write(out, schema, batches(), progress)
    except (EventError, ParquetError, OSError) as error:
        raise InputError.of(error) from None
    found = asdict(written)
    if rules is None:
        found = {name: found[name] for name in ("stacktraces", "frames")}
    restored += 0 if applying is None else applying.restored
    return found | {"restored": restored}, left_out


def _check_output(names: tuple[str, ...], out: str, suffixes: tuple[str, ...]) -> None:
    """Fail if this run reads the output, or the next run would read it."""
    try:
        target = resolved(Path(out))
    except OSError as error:
        raise InputError(out, error.strerror or str(error)) from None
    for name in names:
        path = Path(name)
        if name != STANDARD_INPUT and path.is_dir():
            inside = path.resolve() in target.parents and target.name.endswith(suffixes)
            if inside:
                raise InputError(out, f"--out is in {name}, which is read")
    for name in files_of(names, suffixes):
        path = Path(name)
        with suppress(OSError):
            if name != STANDARD_INPUT and path.samefile(target):
                raise InputError(out, f"--out is {name}, which is read")


def show_written(out: str, written: dict[str, int], left_out: int, *, as_json: bool) -> None:
    if as_json:
        document = {"out": out, **written, "left_out": left_out}
        echo_json(document)
    else:
        facts = [
            counted(written["stacktraces"], "stack trace"),
            counted(written["frames"], "frame"),
            *(f"{written[name]:,} {what}" for name, what in _ANSWERS.items() if name in written),
        ]
        echo(f"{out}: {', '.join(facts)}")
        if written["restored"]:
            echo(restored_line(written["restored"]))
    if left_out:
        sys.exit(InputError.exit_code)


# Of the frames, with the results of rules.
_ANSWERS = {"in_app": "in-app", "category": "with a category"}
