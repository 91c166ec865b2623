"""What the page shows for a text of rules: `Answers`.

The answers to an edit come one after the other, the quick ones first:

    problems   of the texts
    event      the chosen event, with the saved and with the edited rules
    preview    what changes in all stack traces
    issues     which issues change

If a text has errors, the last text without errors stands for it, and the answers say so.

All stack traces and events are compared in calls of 1,000. Before each, `stopped` says whether a
newer edit has come; then the older one ends.

What depends on the events and the saved rules only is computed once: the results of the saved rules
for each stack trace, which the library keeps, and the issue of each event. An edit of stack trace
rules finds the issues of the events in which other frames count; an edit of fingerprint rules
matches all events again.
"""

from __future__ import annotations

import os
from functools import partial
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sentry_ophio._issues import IssueComparison
from sentry_ophio._kept import CHANGES, COUNTING, Marks
from sentry_ophio._preview import Comparison
from sentry_ophio.cli._problems import find_in
from sentry_ophio.cli._rule_files import RuleFile, RuleText
from sentry_ophio.enhancers import Cache, Enhancements
from sentry_ophio.exceptions import OphioError
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.studio._default_keys import DefaultKeys
from sentry_ophio.studio._events import BATCH
from sentry_ophio.studio._views import event_view, issues_view, preview_view, problem_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from typing import Callable

    from sentry_ophio._issues import Placed
    from sentry_ophio.enhancers import Diagnostic, Report, Rule
    from sentry_ophio.fingerprints import FingerprintMatch
    from sentry_ophio.studio._events import Events
    from sentry_ophio.studio._files import RulesText

_T = TypeVar("_T")

KINDS = ("rules", "fingerprints")
"""The two languages: stack trace rules and fingerprint rules."""

_KEPT_PAGES = 16

# Explaining a stack trace takes as long as comparing dozens. Stack traces that are the same for
# the rules are explained once, so these are most of the changes.
_MAX_EXPLAINED = 200

# How many examples a report has; the page shows fewer.
_MAX_EXAMPLES = 1_000


class Texts(NamedTuple):
    """The texts that are edited; None where there is no file."""

    rules: str | None
    fingerprints: str | None


class StoppedError(Exception):
    """A newer edit has come."""


class _Sets(NamedTuple):
    """Rule sets that were made of texts."""

    rules: Enhancements
    listed: tuple[Rule, ...]
    """The rules of `rules`: listing them takes longer than parsing an edit."""
    fingerprints: FingerprintRules
    texts: Texts


class _Before:
    """What the saved rules say of all events, computed once for a text."""

    def __init__(self, sets: _Sets, texts: Texts, stale: list[str]) -> None:
        self.sets = sets
        self.texts = texts
        # The kinds of the texts with errors.
        self.stale = stale
        # Of each event: the fingerprint rule that matches, the default key, and the issue.
        self.matches: list[FingerprintMatch | None] = []
        self.defaults: list[bytes] = []
        self.placed: list[Placed] = []


class Answers:
    """Answers edits.

    Args:
        events: The events.
        base: Stack trace rules that run before those of the file.
        base_texts: The names of their files, and their texts.
    """

    def __init__(
        self, events: Events, base: Enhancements, base_texts: Sequence[tuple[str, str]] = ()
    ) -> None:
        self._events = events
        self._base = base
        self._base_texts = base_texts
        # Where the texts are: by kind, what names the rules and the lines before them.
        self._places: dict[str, tuple[str, int]] = {}
        self._cache = Cache(10_000)
        self._threads = os.cpu_count() or 1
        self._keys = DefaultKeys(events, self._threads)
        nothing = Texts(None, None)
        self._nothing = _Sets(base, base.rules, FingerprintRules.parse(""), nothing)
        self._saved = _Before(self._nothing, nothing, [])
        self._lock = Lock()
        # The last sets without errors, by page.
        self._good: dict[str, _Sets] = {}

    def saved(self, files: Mapping[str, RulesText]) -> None:
        """Set the texts with which edits are compared. What has errors counts as no rules."""
        found = {kind: each.text for kind, each in files.items()}
        texts = Texts(*map(found.get, KINDS))
        self._places = {kind: (each.source, each.first_line) for kind, each in files.items()}
        if texts != self._saved.texts:
            sets, stale = self._parsed(texts, self._nothing)
            before, self._saved = self._saved, _Before(sets, texts, stale)
            if sets.texts.fingerprints == before.sets.texts.fingerprints:
                self._saved.matches = before.matches

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
            with self._lock:
                report, marks = self._preview(before, after, stopped)
            changed = [number for number, mark in enumerate(marks) if mark & CHANGES]
            report = report._replace(examples=tuple(changed[:_MAX_EXAMPLES]))
            yield preview_view(report, self._events, changed) | about
            with self._lock:
                issues = self._issues(before, after, marks, stopped)
            yield issues | about
        except StoppedError:
            yield {"kind": "stopped"}
            return
        yield {"kind": "done"}

    # --- texts ------------------------------------------------------------------------

    def _problems(self, texts: Texts) -> dict[str, list[Diagnostic]]:
        found = {}
        if texts.rules is not None:
            # A rule may depend on those before it, so they are checked together.
            text = texts.rules
            file = RuleFile("", text, (RuleText(text, "", 0, len(text)),))
            problems = find_in(file, Enhancements.check, self._base_texts)
            found["rules"] = [each.problem for each in problems]
        if texts.fingerprints is not None:
            found["fingerprints"] = FingerprintRules.check(texts.fingerprints)
        return found

    def _parsed(self, texts: Texts, good: _Sets) -> tuple[_Sets, list[str]]:
        """Parse texts. For one with errors, take its part of `good`, and return its kind."""
        stale = []
        rules, listed, fingerprints, kept = good
        if texts.rules is not None and texts.rules != good.texts.rules:
            try:
                text, source = self._padded("rules", texts.rules)
                own = Enhancements.parse(text, self._cache, source=source)
                rules = self._base.__copy__()
                rules.extend_from(own)
                listed = (*self._nothing.listed, *own.rules)
                kept = kept._replace(rules=texts.rules)
            except OphioError:
                stale.append("rules")
        if texts.fingerprints is not None and texts.fingerprints != good.texts.fingerprints:
            try:
                text, source = self._padded("fingerprints", texts.fingerprints)
                fingerprints = FingerprintRules.parse(text, source=source)
                kept = kept._replace(fingerprints=texts.fingerprints)
            except OphioError:
                stale.append("fingerprints")
        return _Sets(rules, listed, fingerprints, kept), stale

    def _padded(self, kind: str, text: str) -> tuple[str, str]:
        """Return a text in which rules have the lines of the file, and what names them."""
        source, lines = self._places[kind]
        return "\n" * lines + text, source

    # --- one event --------------------------------------------------------------------

    def _event(self, chosen: int, before: _Before, after: _Sets) -> dict[str, Any]:
        event = self._events.event(chosen)
        return event_view(
            self._events.names[chosen],
            self._events.facts[chosen].title,
            event,
            (before.sets.rules, after.rules),
            (before.sets.fingerprints, after.fingerprints)
            if "fingerprints" in self._places
            else None,
        ) | {"number": chosen}

    # --- all events -------------------------------------------------------------------

    def _preview(
        self, before: _Before, after: _Sets, stopped: Callable[[], bool]
    ) -> tuple[Report, list[int]]:
        """Compare all stack traces, and return the mark of each."""
        kept = self._events.stacktraces
        with Comparison(
            before.sets.rules,
            after.rules,
            max_explained=_MAX_EXPLAINED,
            listed=(before.sets.listed, after.listed),
        ) as comparing:
            marks = Marks(comparing, kept, self._threads)
            for start in range(0, len(kept), BATCH):
                if stopped():
                    raise StoppedError
                marks.add(start, BATCH)
            return comparing.report(), marks.read()

    def _issues(
        self,
        before: _Before,
        after: _Sets,
        marks: Sequence[int],
        stopped: Callable[[], bool],
    ) -> dict[str, Any]:
        """Group all events, with the saved and with the edited rules of both kinds."""
        events = self._events
        self._complete(before, marks, stopped)
        comparing = IssueComparison(before.sets.fingerprints, after.fingerprints, after.rules)
        affected: Sequence[int] = sorted(
            {owner for owner, mark in zip(events.owners, marks) if mark & COUNTING}
        )
        defaults = before.defaults
        if affected:
            defaults = defaults.copy()
            keys = self._keys.of(after.rules, marks, affected)
            for number, key in zip(affected, _unless(stopped, keys)):
                defaults[number] = key
        if before.sets.texts.fingerprints == after.texts.fingerprints:
            matches, moved = before.matches, affected
        else:
            matches, moved = self._matches(after.fingerprints, stopped), range(len(events))
        placed = before.placed.copy()
        for number in _unless(stopped, moved):
            placed[number] = comparing.place(
                matches[number],
                events.facts[number],
                defaults[number],
                partial(events.event, number),
            )
        comparing.add_placed(events.facts, before.placed, placed)
        return issues_view(comparing.report())

    def _complete(self, before: _Before, marks: Sequence[int], stopped: Callable[[], bool]) -> None:
        """Compute what the saved rules say, unless it is known. If stopped, the rest stays."""
        events = self._events
        sets = before.sets
        if not before.matches:
            before.matches = self._matches(sets.fingerprints, stopped)
        rest = range(len(before.defaults), len(events))
        if rest:
            before.defaults += _unless(stopped, self._keys.of(sets.rules, marks, rest))
        comparing = IssueComparison(sets.fingerprints, sets.fingerprints, sets.rules)
        for number in _unless(stopped, range(len(before.placed), len(events))):
            before.placed.append(
                comparing.place(
                    before.matches[number],
                    events.facts[number],
                    before.defaults[number],
                    partial(events.event, number),
                )
            )

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


def _unless(stopped: Callable[[], bool], values: Iterable[_T]) -> Iterator[_T]:
    """Yield values, and ask before each 1,000 of them whether a newer edit has come."""
    iterator = iter(values)
    while True:
        if stopped():
            raise StoppedError
        batch = list(islice(iterator, BATCH))
        if not batch:
            return
        yield from batch
