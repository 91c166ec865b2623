"""What stands for `{{ default }}` in all events: `DefaultKeys`.

An `Outline` of each event was made when it was read. The library finds the frames that count, once
for the stack traces that are the same for the rules:

    marks: 0 0 2 0 2      the stack traces 0 and 2 are asked for
    outline + counting -> parts -> key

The keys of parts that were hashed before are kept, because most events of an issue have the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sentry_ophio._default_key import TextParameterizer, key_of
from sentry_ophio._kept import same_as

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sentry_ophio._rule_set import Enhancements
    from sentry_ophio.studio._events import Events

# Those of one rule set for 10,000 different events, and as many of others.
_MAX_KNOWN = 50_000


class DefaultKeys:
    """Computes the keys of events.

    Args:
        events: The events.
        threads: How many threads the library uses.
    """

    def __init__(self, events: Events, threads: int) -> None:
        self._events = events
        self._threads = threads
        self._parameterizer = TextParameterizer()
        self._known: dict[tuple[str, ...], bytes] = {}

    def of(
        self, rules: Enhancements, marks: Sequence[int], numbers: Sequence[int]
    ) -> Iterator[bytes]:
        """Yield the keys of events with these numbers.

        Args:
            rules: The stack trace rules, which are one of the two sets that were compared.
            marks: The marks of all stack traces.
            numbers: The numbers of the events.
        """
        outlines = self._events.outlines
        wanted = {
            same_as(marks[trace.number])
            for number in numbers
            for _, traces in outlines[number].traces
            for trace in traces
            if trace.number is not None
        }
        listed = sorted(wanted)
        found = self._events.stacktraces.counting(rules, listed, self._threads)
        counting = dict(zip(listed, found))
        for number in numbers:
            parts = tuple(
                outlines[number].parts(
                    lambda trace: counting[same_as(marks[trace])], self._parameterizer
                )
            )
            key = self._known.get(parts)
            if key is None:
                if len(self._known) >= _MAX_KNOWN:
                    self._known.clear()
                key = self._known[parts] = key_of(parts)
            yield key
