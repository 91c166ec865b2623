"""What the page shows for a text of rules: `Answers`.

The answers to an edit come one after the other, the quick ones first:

    problems   of the texts
    event      the chosen event, with the saved and with the edited rules
    preview    what changes in all stack traces
    issues     which issues change

If a text has errors, the last text without errors stands for it, and the answers say so.

All stack traces and events are compared in calls of 1,000. Before each, `stopped` says whether a
newer edit has come; then the older one ends.
"""

from __future__ import annotations

import os
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple

from sentry_ophio._default_key import DefaultKey
from sentry_ophio._issues import IssueComparison
from sentry_ophio._preview import Comparison
from sentry_ophio.enhancers import Cache, Enhancements
from sentry_ophio.exceptions import EventError, OphioError
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.studio._events import BATCH
from sentry_ophio.studio._sums import summed
from sentry_ophio.studio._views import event_view, issues_view, preview_view, problem_view

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Callable

    from sentry_ophio.enhancers import Diagnostic, Report
    from sentry_ophio.fingerprints import FingerprintMatch
    from sentry_ophio.studio._events import Events

KINDS = ("rules", "fingerprints")
"""The two languages: stack trace rules and fingerprint rules."""

_KEPT_PAGES = 16

# Explaining a stack trace takes as long as comparing many. The page shows few rules.
_MAX_EXPLAINED = 30


class Texts(NamedTuple):
    """The texts that are edited; None where there is no file."""

    rules: str | None
    fingerprints: str | None


class StoppedError(Exception):
    """A newer edit has come."""


class _Sets(NamedTuple):
    """Rule sets that were made of texts."""

    rules: Enhancements
    fingerprints: FingerprintRules
    texts: Texts


class _Before:
    """What the saved rules say of all events, computed once for a text."""

    def __init__(self, sets: _Sets, texts: Texts, stale: list[str]) -> None:
        self.sets = sets
        self.listed = sets.rules.rules
        self.texts = texts
        # The kinds of the texts with errors.
        self.stale = stale
        self.matches: list[FingerprintMatch | None] = []
        self.defaults: list[bytes] = []


class Answers:
    """Answers edits.

    Args:
        events: The events.
        base: Stack trace rules that run before those of the file.
        names: The names of the files, for messages; None where there is no file.
    """

    def __init__(self, events: Events, base: Enhancements, names: Texts) -> None:
        self._events = events
        self._base = base
        self._names = names
        self._cache = Cache(10_000)
        self._threads = os.cpu_count() or 1
        nothing = Texts(None, None)
        self._nothing = _Sets(base, FingerprintRules.parse(""), nothing)
        self._saved = _Before(self._nothing, nothing, [])
        self._lock = Lock()
        self._stop: Callable[[], bool] = lambda: False
        # The last sets without errors, by page.
        self._good: dict[str, _Sets] = {}

    def saved(self, texts: Texts) -> None:
        """Set the texts with which edits are compared. What has errors counts as no rules."""
        if texts != self._saved.texts:
            sets, stale = self._parsed(texts, self._nothing)
            self._saved = _Before(sets, texts, stale)

    def to_edit(
        self, page: str, texts: Texts, chosen: int | None, stopped: Callable[[], bool]
    ) -> Iterator[dict[str, Any]]:
        """Yield the answers to an edit.

        Args:
            page: The page that it comes from.
            texts: The edited texts.
            chosen: The number of the event that is shown.
            stopped: Returns whether a newer edit has come.
        """
        found = self._problems(texts)
        yield {"kind": "problems"} | {
            kind: [problem_view(each) for each in problems] for kind, problems in found.items()
        }
        before = self._saved
        after, stale = self._parsed(texts, self._good.get(page, before.sets))
        about = {"stale": stale, "saved_stale": before.stale}
        self._good.pop(page, None)
        self._good[page] = after
        for old_page in list(self._good)[:-_KEPT_PAGES]:
            del self._good[old_page]
        if chosen is not None and 0 <= chosen < len(self._events):
            yield self._event(chosen, before, after) | about
        try:
            # One comparison at a time: the older one stops when it sees that it is not needed. The
            # lock is not held where an answer is given: if the page is gone, no request for the
            # next one comes, and this function never goes on.
            changed: set[int] = set()
            with self._lock:
                report = self._preview(before, after, changed, stopped)
            yield preview_view(report, self._events, sorted(changed)) | about
            with self._lock:
                issues = self._issues(before, after, changed, stopped)
            yield issues | about
        except StoppedError:
            yield {"kind": "stopped"}
            return
        yield {"kind": "done"}

    # --- texts ------------------------------------------------------------------------

    def _problems(self, texts: Texts) -> dict[str, list[Diagnostic]]:
        found = {}
        if texts.rules is not None:
            found["rules"] = Enhancements.check(texts.rules)
        if texts.fingerprints is not None:
            found["fingerprints"] = FingerprintRules.check(texts.fingerprints)
        return found

    def _parsed(self, texts: Texts, good: _Sets) -> tuple[_Sets, list[str]]:
        """Parse texts. For one with errors, take its part of `good`, and return its kind."""
        stale = []
        rules, fingerprints = good.rules, good.fingerprints
        kept = good.texts
        if texts.rules is not None and texts.rules != good.texts.rules:
            try:
                own = Enhancements.parse(texts.rules, self._cache, source=self._names.rules)
                rules = self._base.__copy__()
                rules.extend_from(own)
                kept = kept._replace(rules=texts.rules)
            except OphioError:
                stale.append("rules")
        if texts.fingerprints is not None and texts.fingerprints != good.texts.fingerprints:
            try:
                fingerprints = FingerprintRules.parse(
                    texts.fingerprints, source=self._names.fingerprints
                )
                kept = kept._replace(fingerprints=texts.fingerprints)
            except OphioError:
                stale.append("fingerprints")
        return _Sets(rules, fingerprints, kept), stale

    # --- one event --------------------------------------------------------------------

    def _event(self, chosen: int, before: _Before, after: _Sets) -> dict[str, Any]:
        event = self._events.event(chosen)
        return event_view(
            self._events.names[chosen],
            self._events.facts[chosen].title,
            event,
            (before.sets.rules, after.rules),
            (before.sets.fingerprints, after.fingerprints)
            if self._names.fingerprints is not None
            else None,
        ) | {"number": chosen}

    # --- all events -------------------------------------------------------------------

    def _preview(
        self, before: _Before, after: _Sets, changed: set[int], stopped: Callable[[], bool]
    ) -> Report:
        """Compare all stack traces. `changed` receives the numbers of those that change.

        The number that are explained is for all together, and the first batches use it up.
        """
        traces = self._events.stacktraces
        old, new = before.sets.rules, after.rules
        listed = before.listed, new.rules
        reports: list[Report] = []
        left = _MAX_EXPLAINED
        for start in range(0, max(len(traces), 1), BATCH):
            if stopped():
                raise StoppedError
            batch = traces[start : start + BATCH]
            with Comparison(old, new, max_explained=left, listed=listed) as comparing:
                comparing.add(batch, self._threads)
                found = comparing.report()
            reports.append(found)
            left -= found.explained
            changed.update(start + number for number in found.examples)
        return summed(reports, BATCH)

    def _issues(
        self, before: _Before, after: _Sets, changed: set[int], stopped: Callable[[], bool]
    ) -> dict[str, Any]:
        """Group all events, with the saved and with the edited rules of both kinds."""
        events = self._events
        self._complete(before, stopped)
        if before.sets.texts.fingerprints == after.texts.fingerprints:
            matches = before.matches
        else:
            matches = self._matches(after.fingerprints, stopped)
        defaults = before.defaults
        if changed:
            defaults = defaults.copy()
            key = DefaultKey(after.rules)
            affected = sorted({events.owners[trace] for trace in changed})
            self._write_defaults(defaults, key, affected, stopped)
        comparing = IssueComparison(before.sets.fingerprints, after.fingerprints, after.rules)
        groups = zip(before.matches, matches, before.defaults, defaults)
        for number, (old, new, *keys) in enumerate(groups):
            if number % BATCH == 0 and stopped():
                raise StoppedError
            comparing.add_matched(
                events.facts[number],
                (old, new),
                partial(_both, *keys),
                partial(events.event, number),
            )
        return issues_view(comparing.report())

    def _complete(self, before: _Before, stopped: Callable[[], bool]) -> None:
        """Compute what the saved rules say, unless it is known."""
        if not before.matches:
            before.matches = self._matches(before.sets.fingerprints, stopped)
        known = before.defaults
        if len(known) < len(self._events):
            key = DefaultKey(before.sets.rules)
            rest = range(len(known), len(self._events))
            known += [b""] * len(rest)
            try:
                self._write_defaults(known, key, rest, stopped)
            except StoppedError:
                # The next edit goes on from here.
                del known[known.index(b"") :]
                raise

    def _matches(
        self, rules: FingerprintRules, stopped: Callable[[], bool]
    ) -> list[FingerprintMatch | None]:
        found: list[FingerprintMatch | None] = []
        if not len(rules):
            return [None] * len(self._events)
        for block in self._events.blocks():
            if stopped():
                raise StoppedError
            found += rules.match_json_lines(block)
        return found

    def _write_defaults(
        self,
        defaults: list[bytes],
        key: DefaultKey,
        numbers: Any,
        stopped: Callable[[], bool],
    ) -> None:
        for count, number in enumerate(numbers):
            if count % 100 == 0 and stopped():
                raise StoppedError
            try:
                defaults[number] = key.of(self._events.event(number))
            except EventError:  # a frame that cannot be read: the event was checked, so it is rare
                defaults[number] = b"unreadable"


def _both(old: bytes, new: bytes) -> tuple[bytes, bytes]:
    return old, new
