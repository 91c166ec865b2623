"""Sentry events from files: one a file, one a line, compressed or not, and folders of them.

    event.json  event.json.gz            an event
    events.ndjson  events.jsonl  .gz     an event a line; empty lines are passed over
    folder                               all of those in it, and in its folders, in order

This reads one document at a time, so memory is that of the largest event. What cannot be used
is an `EventError` that names file and line, or an `OSError` that names the file. To read on, pass
a function `skip`, which receives the error.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Callable, NamedTuple, Optional, Union

from sentry_ophio import limits
from sentry_ophio.events import event_id_of, stacktraces_of
from sentry_ophio.exceptions import EventError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sentry_ophio.events import EventStacktrace

__all__ = [
    "STANDARD_INPUT",
    "SUFFIXES",
    "Found",
    "Skip",
    "files_in",
    "read_event",
    "stacktraces_in",
]

STANDARD_INPUT = "-"
"""The name of standard input, for those who pass it."""

_LINES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
SUFFIXES = (".json", ".json.gz", *_LINES)
"""How the names of files with events end."""

Skip = Optional[Callable[[Union[EventError, OSError]], object]]
"""Who is told of what is left out; None where nothing may be."""


class Found(NamedTuple):
    """A stack trace, and where it was."""

    name: str
    """The file, and the line where there is an event a line."""
    event_id: bytes | None
    """The event's, if it has one."""
    trace: EventStacktrace
    """The stack trace."""
    size: int
    """How many bytes its event has."""


def stacktraces_in(
    names: Iterable[str], skip: Skip = None, *, stdin: IO[bytes] | None = None
) -> Iterator[Found]:
    """Yield the stack traces of all events in files and folders.

    Args:
        names: The files and folders.
        skip: Receives the error of each event or file that cannot be used; the others are read.
        stdin: Where the name `-` leads to: an event a line.

    Raises:
        EventError: Something is no event, and there is no `skip`.
        OSError: A file cannot be read, and there is no `skip`.
    """
    for name in _expanded(names):
        try:
            for place, data in _documents(name, stdin):
                try:
                    event_id, traces = read_event(place, data)
                except EventError as error:
                    if skip is None:
                        raise
                    skip(error)
                else:
                    yield from (Found(place, event_id, trace, len(data)) for trace in traces)
        except (EventError, OSError) as error:
            if skip is None:
                raise
            skip(error)


def read_event(place: str, data: bytes) -> tuple[bytes | None, list[EventStacktrace]]:
    """Read the JSON of an event.

    Args:
        place: What an error names: the file, and the line where there is one.
        data: The document, UTF-8, with a byte order mark or without.

    Returns:
        Its `event_id`, and its stack traces.

    Raises:
        EventError: It is no event.
    """
    try:
        event = json.loads(data.decode("utf-8-sig"))
        # First the stack traces: they tell whether it is an event at all.
        traces = stacktraces_of(event)
        most = limits.get(limits.Limit.FRAMES)
        for trace in traces:
            if len(trace.frames) > most:
                count = f"{len(trace.frames):,} frames; the limit is {most:,}"
                raise EventError(f"{trace.place} has {count}")
        return event_id_of(event), traces
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 (at byte {error.start})"
    except json.JSONDecodeError as error:
        reason = f"not JSON: {error.msg} (line {error.lineno}, column {error.colno})"
    except RecursionError:
        reason = "not an event: it is nested too deeply"
    except EventError as error:
        reason = f"not an event: {error}"
    except ValueError:  # Python does not parse numbers of thousands of digits
        reason = "not an event: it has a number of too many digits"
    raise EventError(f"{place}: {reason}")


def files_in(folder: Path, suffixes: tuple[str, ...] = SUFFIXES) -> list[Path]:
    """List the files of a folder and of its folders whose names end so, in order."""
    return sorted(
        path for path in folder.rglob("*") if path.name.endswith(suffixes) and path.is_file()
    )


def _expanded(names: Iterable[str]) -> Iterator[str]:
    """Yield files, also in the place of folders: one that is bad is not the whole folder."""
    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from map(str, files_in(path))
        else:
            yield name


def _documents(name: str, stdin: IO[bytes] | None) -> Iterator[tuple[str, bytes]]:
    """Yield the documents of a file, each with a name for it."""
    if name == STANDARD_INPUT and stdin is not None:
        yield from _lines(name, stdin)
        return
    path = Path(name)
    try:
        with gzip.open(path) if name.endswith(".gz") else path.open("rb") as file:
            if name.endswith(_LINES):
                yield from _lines(name, file)
            else:
                yield name, file.read()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise EventError(f"{name}: not gzip, or cut off: {error}") from None
    except OSError as error:
        # Those that come while reading know no name.
        raise OSError(error.errno, error.strerror or str(error), name) from None


def _lines(name: str, file: Iterable[bytes]) -> Iterator[tuple[str, bytes]]:
    for number, line in enumerate(file, 1):
        if line.strip():
            # Without its end, so that a document that is cut off is not at fault in line 2.
            yield f"{name}:{number}", line.rstrip()
