"""Buffers for the results of a stack trace, which calls reuse.

Creating a buffer takes 180 ns and unpacking its numbers 230 ns, which is as long as the call that
fills it. So buffers are kept in a list: a call removes one and appends it again. `list.pop` and
`list.append` need no lock, and a call in another thread or a signal handler uses another buffer.
The list grows to the largest number of calls that ran at once.
"""

from __future__ import annotations

from sentry_ophio._ffi import ffi

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _cffi_backend import _CDataBase as CData
    from _cffi_backend import buffer as CBuffer  # noqa: N812

__all__ = [
    "CODES",
    "codes",
    "event_answers",
    "new_codes",
    "new_event_answer",
    "new_short_answer",
    "short_answers",
]

CODES = 512
"""The number of items in a buffer of `codes`."""

short_answers: list[tuple[CData, CBuffer]] = []
"""Buffers of 256 bytes, for `ophio_enhancements_apply_short`."""

event_answers: list[tuple[CData, memoryview]] = []
"""Buffers of 256 numbers of 16 bits, for `ophio_enhancements_apply_event_short`."""

codes: list[tuple[CData, memoryview]] = []
"""Buffers of `CODES` numbers of 32 bits."""


def new_short_answer() -> tuple[CData, CBuffer]:
    """Make a buffer for `short_answers`."""
    pointer = ffi.new("uint8_t[256]")
    return pointer, ffi.buffer(pointer)


def new_event_answer() -> tuple[CData, memoryview]:
    """Make a buffer for `event_answers`."""
    pointer = ffi.new("uint16_t[256]")
    return pointer, memoryview(ffi.buffer(pointer)).cast("B").cast("H")


def new_codes(count: int = CODES) -> tuple[CData, memoryview]:
    """Make a buffer for `codes`, or a larger one that is not reused."""
    pointer = ffi.new("uint32_t[]", count)
    return pointer, memoryview(ffi.buffer(pointer)).cast("B").cast("I")
