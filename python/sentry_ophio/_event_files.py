"""Sentry events from files: one a file, one a line, compressed or not, and folders of them.

    event.json  event.json.gz            an event
    events.ndjson  events.jsonl  .gz     an event a line; empty lines are passed over
    folder                               all of those in it, and in its folders, in order

This reads one document at a time, or some of a megabyte together, so memory is that of the
largest event. What cannot be used is an `EventError` that names file and line, or an `OSError`
that names the file. To read on, pass a function `skip`, which receives the error.

There are two readers. `stacktraces_in` parses events in Python and returns all that they say.
`compare` passes lines to the library, which parses them on many threads. It gives a document that
the library does not take to the first reader, which has the last word: it takes a few documents
more, such as those with NaN, and its errors say more.
"""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Callable, NamedTuple, Optional, Union

from sentry_ophio import limits
from sentry_ophio._stacktrace import Stacktrace
from sentry_ophio.events import event_id_of, stacktraces_of
from sentry_ophio.exceptions import EventError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sentry_ophio._preview import Comparison
    from sentry_ophio.events import EventStacktrace

__all__ = [
    "STANDARD_INPUT",
    "SUFFIXES",
    "Found",
    "Skip",
    "compare",
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
    for found in _documents_in(names, stdin):
        try:
            if isinstance(found, Exception):
                raise found
            event_id, traces = read_event(found.place, found.data)
        except (EventError, OSError) as error:
            if skip is None:
                raise
            skip(error)
        else:
            size = len(found.data)
            yield from (Found(found.place, event_id, trace, size) for trace in traces)


def compare(
    comparing: Comparison,
    names: Iterable[str],
    threads: int,
    skip: Callable[[EventError | OSError], object],
    *,
    stdin: IO[bytes] | None = None,
) -> Iterator[int]:
    """Compare the stack traces that `stacktraces_in` yields, without making objects of them.

    Args:
        comparing: The comparison.
        names: The files and folders.
        threads: How many threads parse and compare.
        skip: Receives the error of each event or file that cannot be used; the others are read.
        stdin: Where the name `-` leads to: an event a line.

    Yields:
        After each megabyte of events, how many stack traces they have.
    """
    batch: list[_Document] = []
    size = 0
    for found in _documents_in(names, stdin):
        if isinstance(found, _Document):
            batch.append(found)
            size += len(found.data)
            if size < _BATCH_BYTES:
                continue
        yield _compare_documents(comparing, batch, threads, skip)
        batch, size = [], 0
        if not isinstance(found, _Document):
            skip(found)
    yield _compare_documents(comparing, batch, threads, skip)


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


# So many bytes of events are read before they are compared: enough for many threads.
_BATCH_BYTES = 1 << 20

# After a document that the library does not take, it gets so few, then twice as many, and so on:
# a file may have nothing else.
_FEWEST = 8


class _Document(NamedTuple):
    """What should be an event."""

    name: str
    """The file."""
    number: int
    """The line, from 1; 0 where the file is one document."""
    data: bytes
    """The document, without the white space behind it if it is a line."""

    @property
    def place(self) -> str:
        """What errors name."""
        return f"{self.name}:{self.number}" if self.number else self.name


def _compare_documents(
    comparing: Comparison,
    documents: list[_Document],
    threads: int,
    skip: Callable[[EventError | OSError], object],
) -> int:
    """Compare the stack traces of events, and return how many there are."""
    # JSON may have a carriage return where it may have a line feed. A line without a document is
    # skipped, a file without one is an error, for which a dash is as good.
    lines = [
        (each.data if each.number else each.data.strip(b" \t\r\n").replace(b"\n", b"\r") or b"-")
        + b"\n"
        for each in documents
    ]
    start, most, done = 0, len(lines), 0
    while start < len(lines):
        part = lines[start : start + most]
        joined = b"".join(part)
        read, count = comparing.add_json_lines(joined, threads)
        done += count
        most *= 2
        if read == len(joined):
            start += len(part)
            continue
        for line in part:
            if read <= 0:
                break
            read -= len(line)
            start += 1
        try:
            traces = read_event(documents[start].place, documents[start].data)[1]
        except EventError as error:
            skip(error)
        else:
            comparing.add([Stacktrace(each.frames, each.exception) for each in traces], threads)
            done += len(traces)
        start += 1
        most = _FEWEST
    return done


def _documents_in(
    names: Iterable[str], stdin: IO[bytes] | None
) -> Iterator[_Document | EventError | OSError]:
    """Yield all documents, and the errors of files that cannot be read."""
    for name in _expanded(names):
        try:
            yield from _documents(name, stdin)
        except (EventError, OSError) as error:
            yield error


def _documents(name: str, stdin: IO[bytes] | None) -> Iterator[_Document]:
    """Yield the documents of a file."""
    if name == STANDARD_INPUT and stdin is not None:
        yield from _lines(name, stdin)
        return
    path = Path(name)
    try:
        with gzip.open(path) if name.endswith(".gz") else path.open("rb") as file:
            if name.endswith(_LINES):
                yield from _lines(name, file)
            else:
                yield _Document(name, 0, file.read())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise EventError(f"{name}: not gzip, or cut off: {error}") from None
    except OSError as error:
        # Those that come while reading know no name.
        raise OSError(error.errno, error.strerror or str(error), name) from None


def _lines(name: str, file: Iterable[bytes]) -> Iterator[_Document]:
    for number, line in enumerate(file, 1):
        # Without its end, so that a document that is cut off is not at fault in line 2.
        if data := line.rstrip():
            yield _Document(name, number, data)
