"""Writes files atomically.

    .NAME.ophio-tmp   written, fsync   --rename-->   NAME

A reader of NAME gets the old file or the new one, even if the writer is killed or the machine loses
power. The temporary file of a killed writer always has the same name, so there is at most one, and
the next writer replaces it. A lock, which ends with its process, distinguishes such a file from
that of a writer that is still running.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

_locks: Any = None
try:
    import fcntl

    _locks = fcntl
except ImportError:  # pragma: no cover (Windows cannot rename an open file)
    pass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["replaced", "temporary_of"]


def temporary_of(path: Path) -> Path:
    """Return the path of the temporary file for `path`."""
    return path.with_name(f".{path.name}.ophio-tmp")


def resolved(path: Path) -> Path:
    """Follow links. A loop of links is an `OSError`, as in Python 3.13 and later."""
    try:
        return path.resolve()
    except RuntimeError:
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from None


@contextmanager
def replaced(path: Path) -> Iterator[IO[bytes]]:
    """Write a file, which replaces `path` when the block ends without an exception.

    If the block raises, the old file stays, and the new one is removed. A link is followed, and its
    target is replaced. The permissions of an old file are kept.

    Raises:
        OSError: The file cannot be written, or another process is writing it; `filename`
            is `path`.
    """
    try:
        target = resolved(path)
        old = _mode(target)
        temporary = temporary_of(target)
        file = os.fdopen(_opened(temporary), "wb")
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    done = False
    try:
        yield file
        try:
            file.flush()
            if old is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), stat.S_IMODE(old))
            os.fsync(file.fileno())
            if _locks is None:  # pragma: no cover
                file.close()
            # Still locked: no other writer treats it as a leftover.
            temporary.replace(target)
            done = True
            _sync_folder(target.parent)
        except OSError as error:
            raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    finally:
        # Closing writes the rest of the buffer, which fails again if the disk is full.
        with suppress(OSError):
            if not done and _locks is not None:
                temporary.unlink()
        with suppress(OSError):
            file.close()
        if not done and _locks is None:  # pragma: no cover
            with suppress(OSError):
                temporary.unlink()


def _mode(path: Path) -> int | None:
    """Return the mode of the file that will be replaced, if it exists."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(mode):
        # A rename would replace a device by a file.
        raise OSError(errno.EINVAL, "Not a regular file")
    return mode


def _opened(path: Path) -> int:
    """Open the temporary file, which is new or left by a killed writer, and lock it."""
    flags = os.O_RDWR | os.O_CREAT
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    while True:
        handle = os.open(path, flags, 0o666)
        try:
            if _locked(handle, path):
                os.ftruncate(handle, 0)
                return handle
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def _locked(handle: int, path: Path) -> bool:
    """Lock a file. Return False if `path` is another file by now."""
    if _locks is None:  # pragma: no cover
        return True
    try:
        _locks.flock(handle, _locks.LOCK_EX | _locks.LOCK_NB)
    except BlockingIOError:
        raise OSError(errno.EBUSY, "Another process is writing it") from None
    except OSError:
        return True  # a file system without locks
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    """Flush the rename to the disk, on systems that can open a folder."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
