"""Reads Parquet files in a process of its own, which a damaged file may end.

pyarrow ends the process for some damage of a Parquet file: it throws an exception of C++ where
Python asks for the metadata of a column, and nothing catches it there. So a command does not open
such a file itself. It starts another process, and if that one ends, the command has an error:

    command   --{"name": "/a.parquet", "rows": 64, ...}-->   process   --pyarrow-->   a.parquet
              <--{"size": n}, n bytes--
              <--{"size": n}, n bytes--
              <--{"end": true} or {"error": "..."}--

A message is a line of JSON. The bytes after it are an Arrow stream with one batch. While the
command uses a batch, the process decodes the next one. It reads one file after another, because it
takes 0.3 s to start.
"""

from __future__ import annotations

import atexit
import json
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

import pyarrow as pa
import pyarrow.parquet as pq

from sentry_ophio.exceptions import ParquetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedReader, BufferedWriter

__all__ = ["FAULTS", "Footer", "one_line", "read_batches", "read_footer", "serve"]

FAULTS = (pa.ArrowException, OSError, ValueError, KeyError, TypeError)
"""What pyarrow raises for a file that it cannot read."""

# The number of bytes of a column that are read at a time. Without it, a whole row group is read.
_BUFFER = 1 << 20


class Footer(NamedTuple):
    """What the end of a file says about it."""

    rows: int
    """The number of rows."""
    leaves: list[str]
    """The path of each leaf, such as `frames.list.element.function`."""
    schema: pa.Schema
    """Its columns."""


def one_line(error: BaseException) -> str:
    """Return the message of an error of pyarrow or of the system."""
    strerror = getattr(error, "strerror", None)
    return " ".join(str(strerror or error).split())


# --- the command --------------------------------------------------------------------


def read_footer(name: str) -> Footer:
    """Read the end of a file.

    Raises:
        ParquetError: It is missing, is not a Parquet file, or is corrupt.
    """
    ((fields, reader),) = _ask(name, {"rows": 0})
    return Footer(fields["num_rows"], fields["leaves"], reader.schema)


def read_batches(
    name: str, columns: list[str] | None, rows: int, values: tuple[int, int] | None = None
) -> Iterator[pa.RecordBatch]:
    """Read the rows of a file.

    Args:
        name: Its name.
        columns: The columns or leaves to read; None for all.
        rows: The maximum number of rows of a batch, at least 1.
        values: The number of a leaf, and how many values of it a batch has at most on average.

    Raises:
        ParquetError: It is missing, is not a Parquet file, or is corrupt.
    """
    for _, reader in _ask(name, {"rows": rows, "columns": columns, "values": values}):
        try:
            batch = reader.read_next_batch()
            batch.validate()
        except pa.ArrowException as error:
            raise ParquetError(f"{name}: {one_line(error)}") from None
        yield batch


def _ask(
    name: str, request: dict[str, Any]
) -> Iterator[tuple[dict[str, Any], pa.RecordBatchReader]]:
    """Send a request, and yield the fields and the Arrow stream of each message."""
    process = None
    is_free = False
    try:
        # For a missing file the error of Python is shorter.
        with open(name, "rb"):  # noqa: PTH123 (a name is what we have)
            pass
        process = _Process.take()
        process.send({"name": str(Path(name).absolute()), **request})
        while True:
            message = process.receive()
            if message is None:
                how = process.how_it_ended()
                raise ParquetError(f"{name}: it is corrupt: pyarrow ended with {how}")
            fields, content = message
            is_free = "end" in fields or "error" in fields
            if "error" in fields:
                raise ParquetError(f"{name}: {fields['error']}")
            if is_free:
                return
            yield fields, pa.ipc.open_stream(content)
    except ParquetError:
        raise
    except FAULTS as error:
        raise ParquetError(f"{name}: {one_line(error)}") from None
    finally:
        if process is not None:
            if is_free:
                process.give_back()
            else:
                process.stop()


# What the process runs. It is isolated (`-I`), so that a module in the current folder, which is
# perhaps that of the untrusted file, is not imported; the paths are those of the command.
_PROGRAM = (
    "import sys; sys.path[:] = sys.argv[1:]\n"
    "from sentry_ophio._parquet_process import serve; serve()"
)


class _Process:
    """A process that reads files. One that no call uses is kept for the next call."""

    _free: ClassVar[list[_Process]] = []

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._stdin = cast("BufferedWriter", self._process.stdin)
        self._stdout = cast("BufferedReader", self._process.stdout)

    @classmethod
    def take(cls) -> _Process:
        while cls._free:
            found = cls._free.pop()
            if found._process.poll() is None:
                return found
            found.stop()
        return cls()

    def give_back(self) -> None:
        self._free.append(self)

    def send(self, request: dict[str, Any]) -> None:
        # If it has ended, there is no answer, which is an error.
        with suppress(BrokenPipeError):
            self._stdin.write(json.dumps(request).encode() + b"\n")
            self._stdin.flush()

    def receive(self) -> tuple[dict[str, Any], pa.Buffer] | None:
        """Return the next message, or None if the process has ended."""
        line = self._stdout.readline()
        if not line.endswith(b"\n"):
            return None
        fields = dict(json.loads(line))
        # Arrow wants its own alignment, which `bytes` does not have.
        content = pa.allocate_buffer(fields.get("size", 0))
        view = memoryview(content)
        return (fields, content) if self._stdout.readinto(view) == len(view) else None

    def how_it_ended(self) -> str:
        try:
            status = self._process.wait(10)
        except subprocess.TimeoutExpired:
            return "no message"
        names = {each.value: each.name for each in signal.Signals}
        return names.get(-status, f"exit status {status}")

    def stop(self) -> None:
        self._process.kill()
        with suppress(OSError):
            self._stdin.close()
        self._stdout.close()
        self._process.wait()

    @classmethod
    def stop_all(cls) -> None:
        while cls._free:
            cls._free.pop().stop()


atexit.register(_Process.stop_all)


# --- the process --------------------------------------------------------------------


def serve() -> None:
    """Answer the requests of a command, until it closes standard input."""
    for line in sys.stdin.buffer:
        try:
            for fields, content in _answers(**json.loads(line)):
                _send({**fields, "size": content.size}, content)
        except FAULTS as error:
            _send({"error": one_line(error)})
        else:
            _send({"end": True})


def _send(fields: dict[str, Any], content: pa.Buffer | bytes = b"") -> None:
    out = sys.stdout.buffer
    out.write(json.dumps(fields).encode() + b"\n")
    out.write(content)
    out.flush()


def _answers(
    name: str,
    rows: int,
    columns: list[str] | None = None,
    values: tuple[int, int] | None = None,
) -> Iterator[tuple[dict[str, Any], pa.Buffer]]:
    with pq.ParquetFile(name, buffer_size=_BUFFER, page_checksum_verification=True) as file:
        if not rows:
            leaves = [file.schema.column(number).path for number in range(len(file.schema))]
            fields = {"num_rows": file.metadata.num_rows, "leaves": leaves}
            yield fields, _stream(file.schema_arrow)
            return
        if values is not None:
            rows = _batch_rows(file.metadata, rows, *values)
        # `use_threads` reads columns ahead, which takes too much memory.
        for batch in file.iter_batches(rows, columns=columns, use_threads=False):
            yield {}, _stream(batch.schema, batch)


def _batch_rows(metadata: pq.FileMetaData, rows: int, leaf: int, most: int) -> int:
    """Return the number of rows that have at most so many values of a leaf on average."""
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        values = max(group.column(leaf).num_values, 1)
        rows = min(rows, max(most * group.num_rows // values, 1))
    return rows


def _stream(schema: pa.Schema, *written: pa.RecordBatch) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, schema) as writer:
        for batch in written:
            writer.write_batch(batch)
    return sink.getvalue()
