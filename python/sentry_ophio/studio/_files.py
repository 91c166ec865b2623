"""A file with rules that is edited: `RulesFile`.

The version of a file is a hash of its bytes. A save has the version that the user has seen, and
fails if the file has another one by now: then another program wrote it, and the user decides.

    read()                  -> text, version
    save(text, version)     -> the new version, or Changed
    save(text, theirs)      -> the user has seen `theirs`, and wants to replace it
"""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from sentry_ophio._atomic import replaced

_MARK = b"\xef\xbb\xbf"


class RulesText(NamedTuple):
    """The contents of a file."""

    text: str
    """The text, with line feeds as line ends, and without a byte order mark."""
    version: str
    """The hash of the bytes; empty if there is no file."""


class ChangedError(Exception):
    """Another program wrote the file."""


class UnreadableError(Exception):
    """The file cannot be read or written. The text says why."""


class RulesFile:
    """A file with rules.

    Args:
        name: Its path.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._path = Path(name)
        # A save keeps these, so that it changes only the lines that the user changed.
        self._mark = False
        self._windows = False
        self._was_read = False
        self._stamp: tuple[int, ...] | None = None
        self._version = ""

    def read(self) -> RulesText:
        """Read the file.

        Raises:
            UnreadableError: It cannot be read, or is not UTF-8.
        """
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            reason = "the file was removed" if self._was_read else "no such file"
            raise UnreadableError(f"{self.name}: {reason}") from None
        except OSError as error:
            raise UnreadableError(f"{self.name}: {error.strerror or error}") from None
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise UnreadableError(f"{self.name}: not UTF-8 (at byte {error.start})") from None
        self._was_read = True
        self._mark = data.startswith(_MARK)
        lines = text.count("\n")
        self._windows = lines > 0 and text.count("\r\n") == lines
        if self._windows:
            text = text.replace("\r\n", "\n")
        return RulesText(text, _version_of(data))

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
            seen: The version of the file that the user has seen, and wants to replace.

        Returns:
            The new version.

        Raises:
            ChangedError: The file has another version.
            UnreadableError: It cannot be written.
        """
        data = (text.replace("\n", "\r\n") if self._windows else text).encode()
        if self._mark:
            data = _MARK + data
        try:
            with replaced(self._path) as file:
                file.write(data)
                # As late as possible: only the rename comes after this.
                self._stamp = None
                if self.version() != seen:
                    raise ChangedError
        except OSError as error:
            raise UnreadableError(f"{self.name}: {error.strerror or error}") from None
        return _version_of(data)


def _version_of(data: bytes) -> str:
    return sha256(data).hexdigest()
