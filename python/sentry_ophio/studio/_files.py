"""A file with rules that is edited: `RulesFile`.

The version of a file is a hash of its bytes. A save has the version that the user has seen, and
fails if the file has another one by now: then another program wrote it, and the user decides.

    read()                  -> text, version
    save(text, version)     -> the new version, or Changed
    save(text, theirs)      -> the user has seen `theirs`, and wants to replace it

A file of rules is edited as a whole. Of a Terraform file, or JSON of Sentry's API, the text of
rules is edited, without its indentation. A save puts it back into the file as it is then, so that
everything else in the file stays.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING, NamedTuple

from sentry_ophio._atomic import replaced
from sentry_ophio.cli._error import InputError
from sentry_ophio.cli._input import path_and_line
from sentry_ophio.cli._rule_files import rule_file
from sentry_ophio.exceptions import OphioError
from sentry_ophio.fingerprints import FingerprintRules

if TYPE_CHECKING:
    from sentry_ophio.cli._rule_files import Kind, RuleFile

_MARK = b"\xef\xbb\xbf"
_STORED = "it has rules as Sentry stores them, so edits can be tried, but not saved"


class RulesText(NamedTuple):
    """The rules of a file."""

    text: str
    """The text, with line feeds as line ends, and without a byte order mark or indentation."""
    version: str
    """The hash of the bytes of the file."""
    source: str
    """What names the rules in explanations."""
    first_line: int = 0
    """How many lines of the file are before the rules."""
    read_only: str | None = None
    """Why they cannot be saved; None if they can."""


class ChangedError(Exception):
    """Another program wrote the file."""


class UnreadableError(Exception):
    """The file cannot be read or written. The text says why."""


class RulesFile:
    """A file with rules.

    Args:
        name: Its path. `FILE:LINE` is one of several texts of rules in a file.
        kind: Which rules.
    """

    def __init__(self, name: str, kind: Kind) -> None:
        self.name = name
        self._file_name, self._line = path_and_line(name)
        self._path = Path(self._file_name)
        self._kind = kind
        self._is_plain = True
        # Which text of how many it is. Lines move when the file is written.
        self._chosen: tuple[int, int] | None = None
        self._was_read = False
        self._stamp: tuple[int, ...] | None = None
        self._version = ""

    def read(self) -> RulesText:
        """Read the file.

        Raises:
            UnreadableError: It cannot be read, is not UTF-8, or has no text of rules.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            reason = "the file was removed" if self._was_read else "no such file"
            raise UnreadableError(f"{self.name}: {reason}") from None
        except OSError as error:
            raise UnreadableError(f"{self.name}: {error.strerror or error}") from None
        file = self._file(data)
        self._was_read = True
        self._is_plain = _is_plain(file)
        version = _version_of(data)
        if not self._is_stored(file):
            (found,) = file.texts
            return RulesText(_shown(file), version, found.source, found.first_line)
        try:
            text = FingerprintRules.from_json(file.content).to_text()
        except OphioError as error:
            raise UnreadableError(f"{self.name}: {error}") from None
        return RulesText(text, version, self.name, read_only=_STORED)

    def _is_stored(self, file: RuleFile) -> bool:
        """Return whether the file has rules in the form in which Sentry stores them: JSON."""
        # A rule cannot begin with a brace.
        is_json = file.content.lstrip().startswith("{")
        return self._kind.has_stored_form and _is_plain(file) and is_json

    def _file(self, data: bytes) -> RuleFile:
        """Find the text of rules in the bytes of the file."""
        try:
            content = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UnreadableError(f"{self.name}: not UTF-8 (at byte {error.start})") from None
        try:
            found = rule_file(self._file_name, content, self._kind)
            if self._chosen is None:
                chosen = found if self._line is None else found.at(self._line)
                self._chosen = found.texts.index(chosen.only()), len(found.texts)
        except InputError as error:
            raise UnreadableError(str(error)) from None
        index, count = self._chosen
        if len(found.texts) != count:
            raise UnreadableError(
                f"{self.name}: it has {len(found.texts)} texts of rules now, and had {count}: "
                "start studio again"
            )
        return replace(found, texts=(found.texts[index],))

    def version(self) -> str:
        """Return the version of the file now; empty if it cannot be read."""
        try:
            found = self._path.stat()
            stamp = (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
            if stamp != self._stamp:
                self._version = _version_of(self._path.read_bytes())
                self._stamp = stamp
        except OSError:
            self._stamp = None
            return ""
        return self._version

    def save(self, text: str, seen: str) -> str:
        """Write the file atomically.

        Args:
            text: The new text.
            seen: The version of the file that the user has seen, and wants to replace; empty if it
                was removed.

        Returns:
            The new version.

        Raises:
            ChangedError: The file has another version.
            UnreadableError: It cannot be written.
        """
        try:
            data = self._with(text, seen)
            with replaced(self._path) as file:
                file.write(data)
                # As late as possible: only the rename comes after this.
                self._stamp = None
                if self.version() != seen:
                    raise ChangedError
        except OSError as error:
            raise UnreadableError(f"{self.name}: {error.strerror or error}") from None
        return _version_of(data)

    def _with(self, text: str, seen: str) -> bytes:
        """Return the bytes of the file with another text."""
        try:
            old = self._path.read_bytes()
        except FileNotFoundError:
            old = None
        if seen != ("" if old is None else _version_of(old)):
            raise ChangedError
        if old is None:
            if not self._is_plain:
                raise UnreadableError(f"{self.name}: the file was removed, with all else in it")
            return text.encode()
        file = self._file(old)
        mark = _MARK if old.startswith(_MARK) else b""
        if self._is_stored(file):
            raise UnreadableError(f"{self.name}: {_STORED}")
        if _is_plain(file):
            # As the file has it, so that a save changes only the lines that the user changed.
            is_windows = _unix(file.content) != file.content
            return mark + (text.replace("\n", "\r\n") if is_windows else text).encode()
        if file.texts[0].first_line:
            text = text.replace("\r\n", "\n")
            text = text if text.endswith("\n") or not text else f"{text}\n"
        new = mark + file.changed(lambda _: text).encode()
        if _lines(_shown(self._file(new))) != _lines(text):
            raise UnreadableError(
                f"{self.name}: not saved, because a line of the rules would end their text"
            )
        return new


def _shown(file: RuleFile) -> str:
    """Return the text of a file as it is edited."""
    (found,) = file.texts
    if _is_plain(file):
        return _unix(file.content)
    return dedent(_unix(found.text)) if found.first_line else found.text


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().split("\n")]


def _is_plain(file: RuleFile) -> bool:
    """Return whether the file has rules and nothing else."""
    return file.texts[0].text is file.content


def _unix(text: str) -> str:
    """Return a text with line feeds, if all its lines end as in Windows."""
    lines = text.count("\n")
    return text.replace("\r\n", "\n") if text.count("\r\n") == lines else text


def _version_of(data: bytes) -> str:
    return sha256(data).hexdigest()
