"""The events of the page, read and packed once: `Events`.

JSON, one line, is to show an event, and to match fingerprint rules. The stack traces are kept in
the library, to compare stack trace rules. `Facts`, a title and the fingerprint of an SDK, are to
name an issue, and an `Outline` is to find it. So an edit reads no JSON but that of the event that
is shown, unless fingerprint rules are edited.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from sentry_ophio._default_key import outline_of
from sentry_ophio._issues import Facts
from sentry_ophio._kept import Kept
from sentry_ophio._stacktrace import Stacktrace, with_repeats
from sentry_ophio.events import stacktraces_of
from sentry_ophio.exceptions import EventError, OphioError
from sentry_ophio.fingerprints import FingerprintRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sentry_ophio._default_key import Outline
    from sentry_ophio.events import EventStacktrace

BATCH = 1_000
"""How many events or stack traces are compared in one call. Between two calls a newer edit can
stop the older one."""

# Any set will do: it checks that an event can be matched.
_NO_RULES = FingerprintRules.parse("")


class Events:
    """Events, packed for many comparisons. Add all of them before the first comparison."""

    def __init__(self) -> None:
        self.names: list[str] = []
        """Where each was read."""
        self.facts: list[Facts] = []
        """What each says of its issue."""
        self.outlines: list[Outline] = []
        """What each says of its default key. The numbers are those of `stacktraces`."""
        self.owners: list[int] = []
        """For each stack trace the number of its event."""
        self._texts: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._stacktraces: list[Stacktrace] = []
        # `BATCH` events each; the last block grows. The other list has where each event begins.
        self._blocks: list[bytes] = []
        self._growing = bytearray()
        self._starts: list[int] = []

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.names)

    def add(self, name: str, event: Any) -> None:
        """Add an event.

        Raises:
            EventError: It is not an event; then it is not added.
        """
        try:
            traces = stacktraces_of(event)
            packed = [
                with_repeats(Stacktrace(each.frames, each.exception), each.repeats)
                for each in traces
            ]
            _NO_RULES.match(event)
            line = json.dumps(event).encode()
            facts = Facts.of(event, name)
            outline = self._outline(event, traces)
        except EventError:
            raise
        except (OphioError, RecursionError, ValueError) as error:
            raise EventError(f"not an event: {error}") from None
        number = len(self.names)
        self.names.append(name)
        self.facts.append(facts)
        self.outlines.append(outline)
        self._stacktraces += packed
        self.owners += [number] * len(traces)
        self._starts.append(len(self._growing))
        self._growing += line + b"\n"
        if len(self.names) % BATCH == 0:
            self._blocks.append(bytes(self._growing))
            self._growing = bytearray()

    def _outline(self, event: Mapping[str, Any], traces: list[EventStacktrace]) -> Outline:
        first = len(self.owners)
        numbers: dict[str, list[int]] = {"stacktrace": [], "exception": [], "threads": []}
        for number, trace in enumerate(traces, first):
            interface = trace.place.partition(".")[0].partition("[")[0]
            numbers[interface].append(number)
        numbers["thread"] = numbers.pop("threads")
        outline = outline_of(event, lambda kind, index, _owner: numbers[kind][index])
        return outline.with_texts(self._texts)

    @cached_property
    def stacktraces(self) -> Kept:
        """The stack traces of all events."""
        found = Kept(self._stacktraces)
        # The library has a copy.
        self._stacktraces = []
        return found

    def event(self, number: int) -> Mapping[str, Any]:
        """Return an event."""
        block = self.blocks()[number // BATCH]
        start = self._starts[number]
        event: Mapping[str, Any] = json.loads(block[start : block.index(b"\n", start)])
        return event

    def blocks(self) -> list[bytes]:
        """Return all events, one a line, in blocks of `BATCH` events."""
        if self._growing:
            self._blocks.append(bytes(self._growing))
            self._growing = bytearray()
        return self._blocks
