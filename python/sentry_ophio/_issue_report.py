r"""What other fingerprint rules do to issues: data only. `_issues` computes it.

Events with one fingerprint are one issue. With other rules, events of several issues may become
one (a merge), those of one issue several (a split), or all events of an issue another issue
(a move):

    before    A   B     C        D      E
               \ /     / \       |      |
    after      X     C   Y       Z      E
             merge   split     move   no change

An issue is known by its key, a hash of its fingerprint. An event whose key changes *moves*: Sentry
puts it into another issue, or makes a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Literal, NamedTuple, Optional

from sentry_ophio._counts import counted
from sentry_ophio._rules import place_of
from sentry_ophio._shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sentry_ophio._fingerprints import FingerprintRule

# Optional and not `| None`: some tools evaluate these at run time, on 3.9.


class Issue(NamedTuple):
    """Events with one fingerprint."""

    key: str
    """The hash of the fingerprint, 32 hexadecimal digits. With both rule sets, the same key is
    the same issue."""
    kind: Literal["default", "hybrid", "custom"]
    """What the fingerprint is made of, as `fingerprint_type` returns it."""
    fingerprint: tuple[str, ...]
    """The fingerprint with its variables filled in: the first 32 parts, each cut after 256
    characters."""
    title: str
    """The title of its first event, cut after 256 characters: the one that the rule has, or else
    type and value of the exception, or the message."""
    events: int
    """How many events it has."""


class IssueEvent(NamedTuple):
    """An event as an example."""

    number: int
    """Its number among the events that were compared, from 0."""
    event_id: Optional[str]  # noqa: UP045
    """Its `event_id`, if it has one."""
    name: Optional[str]  # noqa: UP045
    """Where it was read: the file, and the line where there is an event a line."""

    def __str__(self) -> str:
        """Return the name, or else the id, or else the number."""
        return self.name or self.event_id or f"event {self.number}"


@dataclass(frozen=True)
class ResponsibleRule:
    """A rule because of which events move."""

    rule: FingerprintRule
    """The rule."""
    index: int
    """Its index in its rule set."""
    is_new: bool
    """Whether it is a rule of the new set, which matches. Otherwise it is a rule of the old set
    that does not match any more."""
    events: int
    """How many events move because of it."""

    def __str__(self) -> str:
        """Return the rule, and the line where it is."""
        word = "by" if self.is_new else "no longer by"
        place = place_of(self.index, self.rule.line, self.rule.source)
        return f"{word} {place}  {self.rule.text}"


class IssuePart(NamedTuple):
    """The events that are in one issue before, and in one after."""

    old: Issue
    """The issue before."""
    new: Issue
    """The issue after."""
    events: int
    """How many events these are."""
    rules: tuple[ResponsibleRule, ...]
    """The rules because of which they move, the busiest first. Empty if they stay."""
    examples: tuple[IssueEvent, ...]
    """The first of them."""

    @property
    def moves(self) -> bool:
        """Whether the issues have different keys."""
        return self.old.key != self.new.key


class IssueChange(NamedTuple):
    """A merge, a split or a move."""

    kind: Literal["merge", "split", "move"]
    """`merge`: `issue` is new and has events of several old issues. `split`: `issue` is old, and
    its events are in several new issues. `move`: all events of an old issue are one new issue, and
    it has no others."""
    issue: Issue
    """The new issue of a merge, the old issue of a split or move."""
    parts: tuple[IssuePart, ...]
    """Its events by their other issue, the largest part first."""
    moved: int
    """How many of its events move."""

    def __str__(self) -> str:
        """Return what happens, and how many events move."""
        parts = counted(len(self.parts), "issue")
        what = {
            "merge": f"{parts} become one",
            "split": f"an issue becomes {parts}",
            "move": "an issue gets another fingerprint",
        }[self.kind]
        move = "moves" if self.moved == 1 else "move"
        events = counted(self.issue.events, "event")
        return f"{self.kind}: {what}; {self.moved:,} of {events} {move}"


@dataclass(frozen=True)
class FingerprintRuleReport:
    """What a rule does with the events."""

    rule: FingerprintRule
    """The rule."""
    index: int
    """Its index in its rule set."""
    matched: int
    """How many events have its fingerprint: it is the first rule that matches them."""
    responsible: int
    """How many events move because of it."""


@dataclass(frozen=True)
class IssueReport:
    """How issues change from one rule set to another. `str()` returns the largest changes."""

    events: int
    """How many events were compared."""
    moved: int
    """How many of them are in an issue with another key."""
    old_issues: int
    """How many issues there are with the old rules."""
    new_issues: int
    """How many issues there are with the new rules."""
    changes: tuple[IssueChange, ...]
    """The merges, splits and moves: those of which most events move come first."""
    old_rules: tuple[FingerprintRuleReport, ...]
    """The old rules."""
    new_rules: tuple[FingerprintRuleReport, ...]
    """The new rules."""

    @property
    def merges(self) -> tuple[IssueChange, ...]:
        """The merges among the changes."""
        return self._of("merge")

    @property
    def splits(self) -> tuple[IssueChange, ...]:
        """The splits among the changes."""
        return self._of("split")

    @property
    def moves(self) -> tuple[IssueChange, ...]:
        """The moves among the changes."""
        return self._of("move")

    @property
    def responsible(self) -> tuple[ResponsibleRule, ...]:
        """The rules because of which events move, new and old, the busiest first."""
        found = [
            ResponsibleRule(each.rule, each.index, is_new, each.responsible)
            for is_new, rules in ((True, self.new_rules), (False, self.old_rules))
            for each in rules
            if each.responsible
        ]
        return tuple(sorted(found, key=lambda each: -each.events))

    @property
    def never_matched(self) -> tuple[FingerprintRuleReport, ...]:
        """The new rules that matched no event, or only events that an earlier rule matches."""
        return tuple(each for each in self.new_rules if not each.matched)

    def _of(self, kind: str) -> tuple[IssueChange, ...]:
        return tuple(each for each in self.changes if each.kind == kind)

    def lines(self, most: int | None = 10) -> Iterator[str]:
        """Yield the report as lines of text.

        Args:
            most: How many changes are listed, and how many parts of each; None for all.
        """
        yield (
            f"{counted(self.events, 'event')}: {counted(self.old_issues, 'issue')} before, "
            f"{self.new_issues:,} after; {counted(self.moved, 'event')} move"
            f"{'s' if self.moved == 1 else ''} to another issue"
        )
        yield f"  merges  {len(self.merges):>8,}  old issues become one"
        yield f"  splits  {len(self.splits):>8,}  an old issue becomes several"
        yield f"  moves   {len(self.moves):>8,}  an old issue gets another fingerprint"
        if self.responsible:
            yield "responsible:"
        for rule in islice(self.responsible, most):
            yield f"{rule.events:>12,}  {shown(str(rule))}"
        if most is not None and len(self.responsible) > most:
            yield f"{'':>12}  and {counted(len(self.responsible) - most, 'more rule')}"
        never = len(self.never_matched)
        yield f"{never:,} of {counted(len(self.new_rules), 'new rule')} matched nothing"
        for change in islice(self.changes, most):
            yield ""
            yield from _change(change, most)
        if most is not None and len(self.changes) > most:
            yield ""
            yield f"and {counted(len(self.changes) - most, 'smaller change')}"

    def __str__(self) -> str:
        """Return the numbers, and the ten largest changes."""
        return "\n".join(self.lines())


def _change(change: IssueChange, most: int | None) -> Iterator[str]:
    issue = change.issue
    yield str(change)
    is_merge = change.kind == "merge"
    yield from _issue("after" if is_merge else "before", issue, issue.events)
    for part in islice(change.parts, most):
        other = part.old if is_merge else part.new
        yield from _issue("before" if is_merge else "after", other, part.events)
        for rule in part.rules:
            yield f"{_MARGIN}{shown(str(rule))}"
        if not part.moves:
            yield f"{_MARGIN}these events stay"
        word = "such as " if part.events > len(part.examples) else ""
        yield f"{_MARGIN}{word}{', '.join(shown(str(each)) for each in part.examples)}"
    if most is not None and len(change.parts) > most:
        yield f"{_MARGIN}and {counted(len(change.parts) - most, 'smaller part')}"


# So far the second line of an issue is indented.
_MARGIN = " " * 10


def _issue(word: str, issue: Issue, events: int) -> Iterator[str]:
    fingerprint = shown(", ".join(issue.fingerprint))
    yield f"  {word:<6}  {issue.key[:8]}  {fingerprint}  ({counted(events, 'event')})"
    if issue.title:
        yield f"{_MARGIN}{shown(issue.title)}"


def left_out_line(count: int) -> str:
    """Say how many inputs of a command were left out."""
    what = "event, row or file was" if count == 1 else "events, rows or files were"
    return f"{count:,} {what} left out"
