"""Numbers with their words: `1 frame`, `1,200 frames`.

Every text that is printed takes its plurals from here.
"""

from __future__ import annotations

__all__ = ["counted", "restored_line", "some_of", "word_for"]


def word_for(count: int, word: str) -> str:
    """Return a word for this number of things: `frame` for 1, else `frames`."""
    return word if count == 1 else f"{word}s"


def counted(count: int, word: str) -> str:
    """Return a number with its word.

    >>> counted(1, "frame"), counted(1200, "frame")
    ('1 frame', '1,200 frames')
    """
    return f"{count:,} {word_for(count, word)}"


def some_of(count: int, total: int, word: str, verb: str) -> str:
    """Return how many of all things do something.

    >>> some_of(1, 3, "frame", "count"), some_of(0, 1, "frame", "count")
    ('1 of 3 frames count', '0 of 1 frame counts')
    """
    return f"{count:,} of {counted(total, word)} {verb}{'s' if total == 1 else ''}"


def restored_line(frames: int, stacktraces: int | None = None) -> str:
    """Return what a report says of frames whose `in_app` was restored before rules ran."""
    where = "" if stacktraces is None else f" in {counted(stacktraces, 'stack trace')}"
    return f"in-app of {counted(frames, 'frame')}{where} was restored from data.orig_in_app"
