"""Stack traces that are kept, to compare many rule sets with the same old one: `Kept`.

    stack traces --once--> Kept --new rules--> marks   what changes, by stack trace
                                          `--> report  numbers, rules

The library keeps the stack traces and the results of the old rules, and compares stack traces that
are the same for the rules once. A *mark* is a number for each stack trace:

    4 * the number of the first stack trace that is the same
    +1 if anything changes    +2 if other frames count
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentry_ophio._ffi import Handle, check, copied, ffi, lib, new_string
from sentry_ophio._first_use import first_use
from sentry_ophio._pack import add_repeats, join

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentry_ophio._default_key import Counting
    from sentry_ophio._preview import Comparison
    from sentry_ophio._rule_set import Enhancements
    from sentry_ophio._stacktrace import Stacktrace

CHANGES = 1
"""In a mark: something changes."""
COUNTING = 2
"""In a mark: other frames count in a variant, or in another order."""


def same_as(mark: int) -> int:
    """Return the number of the first stack trace that is the same, from a mark."""
    return mark >> 2


class Kept(Handle):
    """Stack traces that are kept.

    Args:
        stacktraces: The stack traces. They are copied.
    """

    __slots__ = ("_count",)
    _KIND = ffi.typeof("OphioEnhancementsKept **")
    _FREE = lib.ophio_enhancements_kept_free

    def __init__(self, stacktraces: Sequence[Stacktrace]) -> None:
        packed = join([add_repeats(each._packed, each._repeats) for each in stacktraces])
        place = self._place()
        check(lib.ophio_enhancements_kept_new(packed, len(packed), place))
        self._adopt(place)
        self._count = len(stacktraces)

    def __len__(self) -> int:
        """Return the number of stack traces."""
        return self._count

    def counting(self, rules: Enhancements, numbers: Sequence[int], threads: int) -> list[Counting]:
        """Find the frames that count by rules, in stack traces with these numbers."""
        ptr = self._ptr
        moment = rules.__copy__()
        rules_ptr = moment._ptr
        wanted = ffi.new("size_t[]", list(numbers))
        out = new_string()
        check(
            lib.ophio_enhancements_kept_counting(ptr, rules_ptr, wanted, len(wanted), threads, out)
        )
        with first_use:
            from msgpack import unpackb  # noqa: PLC0415 (loads when used)

        found: list[Any] = unpackb(copied(out[0]))
        # In the order of the frames, not in the one that grouping uses.
        return [(sorted(app), sorted(system)) for app, system in found]


class Marks:
    """Compares kept stack traces in several calls, and collects their marks.

    Args:
        comparing: The comparison.
        kept: The stack traces.
        threads: The number of threads, which end with each call.
    """

    def __init__(self, comparing: Comparison, kept: Kept, threads: int) -> None:
        self._comparing = comparing
        self._kept = kept
        self._threads = threads
        self._marks = ffi.new("uint64_t[]", len(kept))

    def add(self, first: int, count: int) -> None:
        """Compare the stack traces that first occur among the `count` ones from `first` on."""
        preview_ptr = self._comparing._ptr
        kept_ptr = self._kept._ptr
        size = len(self._kept)
        check(
            lib.ophio_enhancements_preview_add_kept(
                preview_ptr, kept_ptr, first, count, self._threads, self._marks, size
            )
        )

    def read(self) -> list[int]:
        """Return the mark of each stack trace, after all were compared."""
        found: list[int] = ffi.unpack(self._marks, len(self._kept))  # type: ignore[assignment]
        return found
