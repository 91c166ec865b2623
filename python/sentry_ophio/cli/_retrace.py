"""`sentry-ophio retrace`: restores the names of the sources in stack traces."""

from __future__ import annotations

import re
import sys
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click

from sentry_ophio.cli._input import InputError
from sentry_ophio.cli._lines import blocks, for_each_file
from sentry_ophio.cli._output import json_of, write
from sentry_ophio.exceptions import LimitError, ProguardError
from sentry_ophio.proguard import ProguardMapper

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from sentry_ophio.proguard import RetracedLine

# A line may depend on the lines above it: a frame on its exception, a caller on an outline. So a
# block of lines is retraced after the last lines of the block before it.
_CONTEXT_LINES = 8
_CONTEXT_BYTES = 1 << 16

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CLASS = re.compile(rb"^[^\s#][^\n]* -> [^\n]*:\s*$", re.MULTILINE)
_FIRST_PART = 1 << 20
_MAX_NAMES = 5


@click.command()
@click.argument("mapping", metavar="MAPPING")
@click.argument("traces", nargs=-1, metavar="[TRACE...]")
@click.option("--verbose", is_flag=True, help="Print the types of methods.")
@click.option("--uuid", metavar="UUID", help="Use the mapping with this identifier.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print a JSON document for each line, with its frames."
)
def retrace(
    mapping: str, traces: tuple[str, ...], verbose: bool, uuid: str | None, as_json: bool
) -> None:
    """Restore the names of the sources in stack traces of a shrunk Android app.

    MAPPING is the file that ProGuard or R8 wrote. TRACE files are texts in UTF-8, or - for standard
    input, which is the default. Lines that are not part of a stack trace are written unchanged, as
    are frames that are not in the mapping. A frame that could be several has the others below it,
    marked with <OR>.

    \b
    Examples:
      sentry-ophio retrace mapping.txt crash.txt
      adb logcat | sentry-ophio retrace mapping.txt
      sentry-ophio retrace --json mapping.txt crash.txt | jq .alternatives
      sentry-ophio retrace mappings/ --uuid 5cd8e873-1127-5276-81b7-8ff25043ecfd

    MAPPING may be a folder. If it has several mappings, --uuid selects one by its identifier.
    Without it, a line of the text that contains the identifier of a mapping selects it for the
    lines that follow. A file whose name is an identifier is not read until it is selected.

    A file that cannot be read, and a line that is not UTF-8, is reported. The exit code is 2 then.
    """  # noqa: D301 (click wants the control character)
    mappings = _Mappings(Path(mapping), uuid)
    work = _Work(mappings, verbose, as_json)
    for_each_file(traces, work)
    mappings.check()
    if work.failed:
        sys.exit(InputError.exit_code)


class _Mappings:
    """One mapping, or a folder of which a text selects them."""

    def __init__(self, path: Path, uuid: str | None) -> None:
        self.selected: ProguardMapper | None = None
        self._path = path
        self._paths: dict[UUID, Path] = {}
        self._selected: UUID | None = None
        wanted = None if uuid is None else _parsed(uuid)
        if not path.is_dir():
            self.selected = _open(path)
            if wanted not in {None, self.selected.uuid}:
                message = f"the mapping has the identifier {self.selected.uuid}, not {wanted}"
                raise InputError(str(path), message)
            return
        self._list(path)
        if wanted is None and len(self._paths) == 1:
            [wanted] = self._paths
        if wanted is not None:
            if wanted not in self._paths:
                message = f"no mapping has the identifier {wanted}: {self._names()}"
                raise InputError(str(path), message)
            self.select(wanted)
            self._paths = {}

    def _list(self, folder: Path) -> None:
        try:
            files = sorted(each for each in folder.iterdir() if each.is_file())
        except OSError as error:
            raise InputError(str(folder), error.strerror or str(error)) from None
        for file in files:
            if _UUID.fullmatch(file.stem):
                self._paths[UUID(file.stem)] = file
            elif _is_mapping(file):
                with _open(file) as mapper:
                    self._paths[mapper.uuid] = file
        if not self._paths:
            raise InputError(str(folder), "the folder has no mapping")

    def _names(self) -> str:
        names = [f"{uuid} ({path.name})" for uuid, path in self._paths.items()]
        more = len(names) - _MAX_NAMES
        return "there is " + ", ".join(names[:_MAX_NAMES]) + (f" and {more} more" * (more > 0))

    @property
    def can_change(self) -> bool:
        """Whether a line of the text may select another mapping."""
        return bool(self._paths)

    def select(self, uuid: UUID) -> None:
        """Use this mapping from now on, if it is there."""
        path = self._paths.get(uuid)
        if path is None or uuid == self._selected:
            return
        if self.selected is not None:
            self.selected.close()
        self.selected = _open(path)
        self._selected = uuid

    def check(self) -> None:
        """Fail if no line of a text has selected one of several mappings."""
        if self.selected is None:
            message = "no line of the text has the identifier of a mapping, so none was used"
            raise InputError(str(self._path), f"{message}; select one with --uuid: {self._names()}")


def _parsed(uuid: str) -> UUID:
    if not re.fullmatch("[0-9a-fA-F]{32}", uuid.replace("-", "")):
        raise click.BadParameter(f"expected a UUID, got {uuid}", param_hint="'--uuid'")
    return UUID(uuid)


def _is_mapping(path: Path) -> bool:
    """Return whether a class is in the first part of a file: R8 writes other files, too."""
    try:
        with path.open("rb") as file:
            return _CLASS.search(file.read(_FIRST_PART)) is not None
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from None


def _open(path: Path) -> ProguardMapper:
    try:
        mapper = ProguardMapper.open(path)
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from None
    except (LimitError, ProguardError) as error:
        raise InputError(str(path), str(error)) from None
    # A pipe cannot be read twice.
    if not (mapper.is_valid or (path.is_file() and _is_mapping(path))):
        raise InputError(str(path), "not a mapping: no line is like `org.example.Cart -> a.b:`")
    return mapper


class _Work:
    """Processes the lines of all files."""

    def __init__(self, mappings: _Mappings, verbose: bool, as_json: bool) -> None:
        self._mappings = mappings
        self._verbose = verbose
        self._as_json = as_json
        self.failed = False

    def run(self, name: str, file: BinaryIO) -> None:
        """Process the lines of a file, block by block."""
        number = 1
        before = ""
        bad = 0
        for whole in blocks(name, file):
            block = self._without_mark(name, whole) if number == 1 else whole
            for text in self._parts(block):
                if isinstance(text, bytes):
                    message = "not UTF-8"
                    if not bad:
                        InputError(name, f"line {number}", message).show()
                    bad += 1
                    self._write_bad(text, message)
                    before = ""
                    number += 1
                else:
                    before = self._retrace(before, text)
                    number += text.count("\n")
        if bad:
            self.failed = True
        if bad > 1:
            InputError(name, f"{bad - 1} more lines are not UTF-8").show()

    def _without_mark(self, name: str, block: bytes) -> bytes:
        """Write a mark of the byte order, which editors on Windows write before the first line."""
        if block.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            raise InputError(name, "the text is UTF-16, expected UTF-8")
        if not block.startswith(BOM_UTF8):
            return block
        if not self._as_json:
            write(BOM_UTF8)
        return block.removeprefix(BOM_UTF8)

    def _parts(self, block: bytes) -> Iterator[str | bytes]:
        """Divide a block: texts, and lines that are not UTF-8."""
        try:
            whole = block.decode()
        except UnicodeDecodeError:
            for line in re.findall(rb"[^\n]*\n|[^\n]+", block):
                try:
                    yield line.decode()
                except UnicodeDecodeError:
                    yield line
            return
        if not self._mappings.can_change:
            yield whole
            return
        # A line with an identifier begins a part.
        start = 0
        for found in _UUID.finditer(whole):
            line = whole.rfind("\n", 0, found.start()) + 1
            if line > start:
                yield whole[start:line]
                start = line
        yield whole[start:]

    def _retrace(self, before: str, text: str) -> str:
        """Write a text, and return what the next one has before it."""
        if self._mappings.can_change and (found := _UUID.search(text)):
            self._mappings.select(UUID(found[0]))
        mapper = self._mappings.selected
        if mapper is None:
            if self._as_json:
                for line in text.removesuffix("\n").split("\n"):
                    write(_document(line, line, []))
            else:
                write(text.encode())
        elif self._as_json:
            lines = mapper.retrace(before + text, verbose=self._verbose)
            for each in lines[before.count("\n") :]:
                write(_document(each.line, each.text, _frames(each)))
        else:
            known = len(mapper.remap_stacktrace(before, verbose=self._verbose))
            write(mapper.remap_stacktrace(before + text, verbose=self._verbose)[known:].encode())
        context = text[-_CONTEXT_BYTES:] if text.endswith("\n") else ""
        lines_before = (before + context).split("\n")[-_CONTEXT_LINES - 1 :]
        return "\n".join(lines_before)[-_CONTEXT_BYTES:]

    def _write_bad(self, line: bytes, message: str) -> None:
        if self._as_json:
            replaced = line.decode(errors="replace").rstrip("\r\n")
            write(f"{json_of({'line': replaced, 'error': message})}\n".encode())
        else:
            write(line)


def _frames(line: RetracedLine) -> list[list[dict[str, object]]]:
    return [
        [
            {"class": each.class_name, "method": each.method, "file": each.file, "line": each.line}
            for each in frames
        ]
        for frames in line.alternatives
    ]


def _document(line: str, text: str, alternatives: list[list[dict[str, object]]]) -> bytes:
    document = {
        "line": line.rstrip("\r\n"),
        "text": text.rstrip("\r\n"),
        "alternatives": alternatives,
    }
    return f"{json_of(document)}\n".encode()
