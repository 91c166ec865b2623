"""Reads Sentry events from files and folders.

    event.json  event.json.gz            one event
    events.ndjson  events.jsonl  .gz     one event per line; empty lines are skipped
    folder                               all such files in it and in its folders, in order

It reads one document at a time, or a block of 256 kB, so memory is limited by the largest event. An
event that cannot be used raises an `EventError` with file and line, and a file that cannot be read
an `OSError` with the file. With a function `skip`, these are skipped, and the function receives the
error.

There are two readers. `stacktraces_in` parses events in Python and returns all data of their stack
traces; `events_in` does so for whole events.
`compare` passes lines to the library, which parses them on many threads. If the library rejects a
document, the first reader parses it again: it accepts a few more documents, such as those with NaN,
and its errors have more details.
"""

from __future__ import annotations

import gzip
import json
import zlib
from itertools import accumulate
from pathlib import Path
from typing import (
    IO,
    TYPE_CHECKING,
    Any,
    Callable,
    NamedTuple,
    Optional,
    Protocol,
    TypeVar,
    Union,
    cast,
)

from sentry_ophio import limits
from sentry_ophio._stacktrace import Stacktrace, with_repeats
from sentry_ophio._web_events import in_sdk_form
from sentry_ophio.events import event_id_of, stacktraces_of
from sentry_ophio.exceptions import EventError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sentry_ophio._preview import Comparison
    from sentry_ophio.events import EventStacktrace

__all__ = [
    "STANDARD_INPUT",
    "SUFFIXES",
    "EventDocument",
    "Found",
    "Skip",
    "compare",
    "events_in",
    "files_in",
    "parse_event",
    "read_event",
    "stacktraces_in",
]

STANDARD_INPUT = "-"
"""The name of standard input in errors."""

_LINES = (".ndjson", ".jsonl", ".ndjson.gz", ".jsonl.gz")
SUFFIXES = (".json", ".json.gz", *_LINES)
"""The endings of the names of files with events."""

Skip = Optional[Callable[[Union[EventError, OSError]], object]]
"""Receives the errors of events and files that are skipped; None if nothing is skipped."""


class Found(NamedTuple):
    """A stack trace and its origin."""

    name: str
    """The file, and the line if the file has one event per line."""
    event_id: bytes | None
    """The identifier of the event, if it has one."""
    trace: EventStacktrace
    """The stack trace."""
    size: int
    """The size of its event in bytes."""


def stacktraces_in(
    names: Iterable[str],
    skip: Skip = None,
    *,
    stdin: IO[bytes] | None = None,
    fresh: bool = False,
) -> Iterator[Found]:
    """Yield the stack traces of all events in files and folders.

    Args:
        names: The files and folders.
        skip: Receives the error of each event or file that cannot be used; the others are read.
        stdin: The stream for the name `-`: one event per line.
        fresh: No rules were applied to the frames: keep their `in_app`.

    Raises:
        EventError: A document is not an event, and there is no `skip`.
        OSError: A file cannot be read, and there is no `skip`.
    """
    for block in _blocks_in(names, stdin):
        for found in [block] if isinstance(block, Exception) else block.documents():
            try:
                if isinstance(found, Exception):
                    raise found
                event_id, traces = read_event(found.place, found.data, fresh=fresh)
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
    """Compare the stack traces that `stacktraces_in` yields, without creating objects for them.

    Args:
        comparing: The comparison.
        names: The files and folders.
        threads: The number of threads that parse and compare.
        skip: Receives the error of each event or file that cannot be used; the others are read.
        stdin: The stream for the name `-`: one event per line.

    Yields:
        After each 256 kB of events, the number of their stack traces.
    """
    files: list[_Document] = []
    size = 0
    for found in _blocks_in(names, stdin):
        if isinstance(found, _Document):
            files.append(found)
            size += len(found.data)
            if size < _BLOCK_BYTES:
                continue
        yield _compare_lines(comparing, _Files(files), threads, skip)
        files, size = [], 0
        if isinstance(found, _Lines):
            yield _compare_lines(comparing, found, threads, skip)
        elif not isinstance(found, _Document):
            skip(found)
    yield _compare_lines(comparing, _Files(files), threads, skip)


class EventDocument(NamedTuple):
    """An event, and where it was."""

    name: str
    """The file, and the line where there is an event a line."""
    event: Any
    """The event as `json.loads` returns it. It may be any other JSON, too."""


def events_in(
    names: Iterable[str],
    skip: Callable[[EventError | OSError], object],
    *,
    stdin: IO[bytes] | None = None,
) -> Iterator[EventDocument]:
    """Yield all events in files and folders.

    Args:
        names: The files and folders.
        skip: Receives the error of each event or file that cannot be used; the others are read.
        stdin: Where the name `-` leads to: an event a line.
    """
    for block in _blocks_in(names, stdin):
        for found in [block] if isinstance(block, Exception) else block.documents():
            try:
                if isinstance(found, Exception):
                    raise found
                event = parse_event(found.place, found.data)
            except (EventError, OSError) as error:
                skip(error)
            else:
                yield EventDocument(found.place, event)


def parse_event(place: str, data: bytes) -> Any:
    """Parse the JSON of an event.

    Args:
        place: What an error names.
        data: The document, UTF-8, with a byte order mark or without.

    Returns:
        What `json.loads` returns, which is not an object if it is no event. An event in the form
        of Sentry's web API is converted to the form that an SDK sends.

    Raises:
        EventError: It is no JSON.
    """
    return _read(
        place, data, lambda event: in_sdk_form(event) if isinstance(event, dict) else event
    )


def read_event(
    place: str, data: bytes, *, fresh: bool = False
) -> tuple[bytes | None, list[EventStacktrace]]:
    """Read the JSON of an event.

    Args:
        place: The origin for errors: the file, and the line if there is one.
        data: The document: UTF-8, with or without a byte order mark.
        fresh: No rules were applied to the frames: keep their `in_app`.

    Returns:
        Its `event_id`, and its stack traces.

    Raises:
        EventError: It is not an event.
    """
    return _read(place, data, lambda event: _stacktraces(event, fresh=fresh))


def _stacktraces(event: object, *, fresh: bool) -> tuple[bytes | None, list[EventStacktrace]]:
    # First the stack traces: finding them checks that this is an event.
    traces = stacktraces_of(event, fresh=fresh)
    most = limits.get(limits.Limit.FRAMES)
    for trace in traces:
        if len(trace.frames) > most:
            count = f"{len(trace.frames):,} frames; the limit is {most:,}"
            raise EventError(f"{trace.place} has {count}")
    return event_id_of(event), traces


_Read = TypeVar("_Read")


def _read(place: str, data: bytes, read: Callable[[Any], _Read]) -> _Read:
    """Parse JSON, and pass it to `read`. What goes wrong is an error that has the place."""
    try:
        return read(json.loads(data.decode("utf-8-sig")))
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
    """List the files of a folder and of its folders with these endings, in order."""
    return sorted(
        path for path in folder.rglob("*") if path.name.endswith(suffixes) and path.is_file()
    )


def _expanded(names: Iterable[str]) -> Iterator[str]:
    """Yield files, and for a folder its files. A bad file does not end the folder."""
    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from map(str, files_in(path))
        else:
            yield name


# The number of bytes of events that are compared together: enough for several threads, and small
# enough for the cache of a core.
_BLOCK_BYTES = 256 << 10

# After a line that the library rejects, it gets this many bytes, then twice as many, and so on,
# because all lines of a file may be like that.
_FEWEST_BYTES = 4 << 10


class _Buffered(Protocol):
    """A file whose `read` returns the available bytes, up to a size."""

    def read1(self, size: int, /) -> bytes: ...


class _Document(NamedTuple):
    """A document that should be an event."""

    place: str
    """The origin for errors."""
    data: bytes
    """The document; for a line, without the white space after it."""

    def documents(self) -> list[_Document]:
        """Return this document."""
        return [self]


class _Lines:
    """Lines of a file, each with a document or empty."""

    def __init__(self, name: str, first: int, data: bytes) -> None:
        self.data = data
        self._name = name
        # The number of a line, and its offset.
        self._number, self._start = first, 0

    def documents(self) -> Iterator[_Document]:
        """Yield the documents."""
        for number, line in enumerate(self.data.split(b"\n"), self._number):
            # Without the line end, so that the error of a truncated document is not in line 2.
            if data := line.rstrip():
                yield _Document(f"{self._name}:{number}", data)

    def document_at(self, start: int, end: int) -> _Document | None:
        """Return the document of a line, if it has one. Callers pass lines in their order."""
        self._number += self.data.count(b"\n", self._start, start)
        self._start = start
        data = self.data[start:end].rstrip()
        return _Document(f"{self._name}:{self._number}", data) if data else None


class _Files:
    """Files of one document each, as lines."""

    def __init__(self, files: list[_Document]) -> None:
        # In JSON a carriage return is equivalent to a line feed. A line without a document is
        # skipped, but a file without one is an error, for which a dash stands.
        lines = [
            (each.data.strip(b" \t\r\n").replace(b"\n", b"\r") or b"-") + b"\n" for each in files
        ]
        self.data = b"".join(lines)
        self._files = dict(zip(accumulate(map(len, lines)), files))

    def document_at(self, start: int, end: int) -> _Document | None:
        """Return the document of a line."""
        del start
        return self._files[end]


def _compare_lines(
    comparing: Comparison,
    lines: _Lines | _Files,
    threads: int,
    skip: Callable[[EventError | OSError], object],
) -> int:
    """Compare the stack traces of events, and return their number."""
    data = lines.data
    comparing.was_fed = comparing.was_fed or (not data.isspace() and data != b"")
    start, most, done = 0, len(data), 0
    while start < len(data):
        end = data.find(b"\n", start + most - 1) + 1 or len(data)
        read, count = comparing.add_json_lines(data[start:end], threads)
        done += count
        start += read
        most *= 2
        if start == end:
            continue
        end = data.find(b"\n", start) + 1 or len(data)
        document = lines.document_at(start, end)
        if document is not None:
            try:
                traces = read_event(*document, fresh=comparing.fresh)[1]
            except EventError as error:
                skip(error)
            else:
                found = [
                    with_repeats(Stacktrace(each.frames, each.exception), each.repeats)
                    for each in traces
                ]
                comparing.add(found, threads)
                comparing.count_restored(len(each.restored) for each in traces)
                done += len(found)
        start = end
        most = _FEWEST_BYTES
    return done


def _blocks_in(
    names: Iterable[str], stdin: IO[bytes] | None
) -> Iterator[_Document | _Lines | EventError | OSError]:
    """Yield the documents of files, and the errors of files that cannot be read."""
    for name in _expanded(names):
        try:
            yield from _blocks(name, stdin)
        except (EventError, OSError) as error:
            yield error


def _blocks(name: str, stdin: IO[bytes] | None) -> Iterator[_Document | _Lines]:
    """Yield the documents of a file."""
    if name == STANDARD_INPUT and stdin is not None:
        yield from _lines(name, cast("_Buffered", stdin))
        return
    path = Path(name)
    try:
        with gzip.open(path) if name.endswith(".gz") else path.open("rb") as file:
            if name.endswith(_LINES):
                yield from _lines(name, file)
            else:
                yield _Document(name, file.read())
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise EventError(f"{name}: not gzip, or truncated: {error}") from None
    except OSError as error:
        # An error during reading does not have the name.
        raise OSError(error.errno, error.strerror or str(error), name) from None


def _lines(name: str, file: _Buffered) -> Iterator[_Lines]:
    """Yield whole lines, about 256 kB at a time, also those before an error."""
    first = 1
    pieces: list[bytes] = []
    size = 0
    failed: Exception | None = None
    while True:
        try:
            piece = file.read1(_BLOCK_BYTES)
        except (EOFError, OSError, zlib.error) as error:
            failed, piece = error, b""
        pieces.append(piece)
        size += len(piece)
        if piece and (size < _BLOCK_BYTES or b"\n" not in piece):
            continue
        data = b"".join(pieces)
        cut = len(data) if not piece and failed is None else data.rfind(b"\n") + 1
        pieces, size = [data[cut:]], len(data) - cut
        if cut:
            yield _Lines(name, first, data[:cut])
            first += data.count(b"\n", 0, cut)
        if failed is not None:
            raise failed
        if not piece:
            return
