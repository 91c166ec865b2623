"""Groups events into issues by two rule sets: `fingerprints.preview`.

    event --+-- old rules --> fingerprint --> key --+
            |                     `--- default key  +--> flow: how many events, the first few
            `-- new rules --> fingerprint --> key --+

Events come one by one and are not kept. (A caller that keeps them can also keep where each rule set
places them: `Placed`.) A *flow* counts the events that have the same keys by the
same rules. So memory grows with the number of issues, by about a kilobyte for each, and not with
the number of events. The report is computed from the flows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from sentry_ophio._arguments import checked_positive
from sentry_ophio._default_key import DefaultKey, exceptions_of, key_of, message_of, text_of
from sentry_ophio._fingerprint_variables import fingerprint_type, resolve
from sentry_ophio._issue_report import (
    FingerprintRuleReport,
    Issue,
    IssueChange,
    IssueEvent,
    IssuePart,
    IssueReport,
    ResponsibleRule,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Callable, Literal

    from sentry_ophio._fingerprint_variables import Unknown
    from sentry_ophio._rule_set import Enhancements
    from sentry_ophio.fingerprints import FingerprintMatch, FingerprintRules
    from sentry_ophio.parameterization import Parameterizer

    Kind = Literal["default", "hybrid", "custom"]

# The longest text of an event in a report, and the most parts of a fingerprint.
_WIDEST = 256
_MOST_PARTS = 32

_DEFAULT = ("{{ default }}",)


# For each issue of one rule set, those of the other set that have events of it, in order.
_Shared = dict[bytes, dict[bytes, None]]


class Facts(NamedTuple):
    """What an event itself says of its issue."""

    own: tuple[str, ...]
    """The fingerprint that an SDK gave it; empty without one."""
    title: str
    """What Sentry calls it, cut after 256 characters."""
    event_id: str | None
    """Its `event_id`, if it has one."""
    name: str | None
    """Where it was read."""

    @classmethod
    def of(cls, event: Mapping[str, Any], name: str | None = None) -> Facts:
        """Read an event."""
        event_id = event.get("event_id")
        known = _cut(event_id) if isinstance(event_id, str) else None
        return cls(_own_fingerprint(event), _cut(_title(event)), known, name)


class _Found(NamedTuple):
    """What a rule set finds for an event."""

    rule: int | None
    """The index of the rule, if one matches."""
    written: tuple[str, ...]
    """The parts of the fingerprint, with their variables as they are written."""
    resolved: tuple[str, ...]
    """The same parts, with their variables filled in."""
    title: str | None
    """The title that the rule gives the event."""


class Placed(NamedTuple):
    """The issue of an event by one rule set."""

    key: bytes
    """The key of the issue."""
    found: _Found
    """What the rule set finds for the event."""


class _FlowKey(NamedTuple):
    """The keys of an event by both rule sets, and the rules that match it."""

    old: bytes
    new: bytes
    old_rule: int | None
    new_rule: int | None

    @property
    def moves(self) -> bool:
        """Whether the event is in another issue than before."""
        return self.old != self.new


class _Flow:
    """Events with the same keys by the same rules."""

    __slots__ = ("events", "examples")

    def __init__(self) -> None:
        self.events = 0
        self.examples: list[IssueEvent] = []


class _Label(NamedTuple):
    """What a report shows of an issue."""

    kind: Kind
    fingerprint: tuple[str, ...]
    title: str


class _Side:
    """One of the two rule sets, with the issues that it has made so far."""

    def __init__(
        self, rules: FingerprintRules, unknown: Unknown, parameterizer: Parameterizer | None
    ) -> None:
        self.rules = rules.rules
        self.labels: dict[bytes, _Label] = {}
        self._set = rules
        self._unknown = unknown
        self._parameterizer = parameterizer

    def match(self, event: Mapping[str, Any]) -> FingerprintMatch | None:
        """Find the rule for an event."""
        return self._set.match(event, unknown=self._unknown, parameterizer=self._parameterizer)

    def find(
        self,
        match: FingerprintMatch | None,
        facts: Facts,
        event: Callable[[], Mapping[str, Any]],
    ) -> _Found:
        """Find the fingerprint of an event: that of the rule that matches, or else its own."""
        if match is not None and match.fingerprint:
            return _Found(match.index, match.fingerprint, match.resolved, match.title)
        written = facts.own or _DEFAULT
        resolved = written
        if written != _DEFAULT and any("{{" in part for part in written):
            ids = self._parameterizer
            resolved = tuple(resolve(written, event(), unknown=self._unknown, parameterizer=ids))
        rule, title = (None, None) if match is None else (match.index, match.title)
        return _Found(rule, written, resolved, title)

    def label(self, placed: Placed, facts: Facts) -> None:
        """Make what a report shows of an issue of its first event."""
        if placed.key not in self.labels:
            found = placed.found
            is_default = [_is_default(part) for part in found.written]
            kind: Kind = "hybrid" if any(is_default) else "custom"
            title = _cut(found.title) if found.title else facts.title
            more = ("…",) if len(found.resolved) > _MOST_PARTS else ()
            parts = (*map(_cut, found.resolved[:_MOST_PARTS]), *more)
            self.labels[placed.key] = _Label("default" if all(is_default) else kind, parts, title)


class IssueComparison:
    """The issues into which two rule sets group events, as events come.

    Args:
        old_rules: The present rules.
        new_rules: The rules that would replace them.
        rules: The stack trace rules. `add_placed` does not use them.
        unknown: What happens to a variable that is not known.
        parameterizer: What replaces ids, dates and numbers in the variable `message`, if anything.
            What `place` gets was matched with the same.
        examples: How many events of each part of a change are kept.

    Raises:
        ValueError: `examples` is less than 1.
    """

    def __init__(  # noqa: PLR0913
        self,
        old_rules: FingerprintRules,
        new_rules: FingerprintRules,
        rules: Enhancements,
        *,
        unknown: Unknown = "keep",
        parameterizer: Parameterizer | None = None,
        examples: int = 3,
    ) -> None:
        self.events = 0
        """How many events there are so far."""
        self._old = _Side(old_rules, unknown, parameterizer)
        self._new = _Side(new_rules, unknown, parameterizer)
        self._default = DefaultKey(rules)
        self._examples = checked_positive("examples", examples)
        self._flows: dict[_FlowKey, _Flow] = {}

    def add(self, event: Mapping[str, Any], name: str | None = None) -> None:
        """Add an event.

        Args:
            event: The event, as `FingerprintRules.match` takes it.
            name: Where it was read.

        Raises:
            EventError: It is not an event; then it is not counted.
            LimitError: It has more frames than the limit; then it is not counted.
        """
        sides = self._old, self._new
        matches = [side.match(event) for side in sides]
        facts = Facts.of(event, name)
        found = [side.find(match, facts, lambda: event) for side, match in zip(sides, matches)]
        needs_default = any(_is_default(part) for each in found for part in each.written)
        default = self._default.of(event) if needs_default else b""
        old, new = (Placed(_key(each, default), each) for each in found)
        self._count(facts, old, new)

    def place(
        self,
        match: FingerprintMatch | None,
        facts: Facts,
        default: bytes,
        event: Callable[[], Mapping[str, Any]],
    ) -> Placed:
        """Find the issue of an event that was matched before, by the new rules.

        Args:
            match: What the new rules say of it.
            facts: What the event says of its issue.
            default: What stands for `{{ default }}`.
            event: Returns the event, which is read in rare cases.
        """
        found = self._new.find(match, facts, event)
        return Placed(_key(found, default), found)

    def add_placed(
        self, facts: Iterable[Facts], old: Iterable[Placed], new: Iterable[Placed]
    ) -> None:
        """Add events that were placed before. An event may move without a rule that is responsible.

        Args:
            facts: What each event says of its issue.
            old: What `place` of a comparison to the old rules returned.
            new: What `place` returned.
        """
        for each, before, after in zip(facts, old, new):
            self._count(each, before, after)

    def _count(self, facts: Facts, old: Placed, new: Placed) -> None:
        key = _FlowKey(old.key, new.key, old.found.rule, new.found.rule)
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = _Flow()
            self._old.label(old, facts)
            self._new.label(new, facts)
        if len(flow.examples) < self._examples:
            flow.examples.append(IssueEvent(self.events, facts.event_id, facts.name))
        flow.events += 1
        self.events += 1

    def report(self) -> IssueReport:
        """Compute the report of the events so far."""
        return _Sums(self._old, self._new, self._flows, self._examples).report()


class _Sums:
    """The flows of a comparison, added up as a report needs them.

    A pair of values is about the old rules and the new ones; `is_new` is an index of it.
    """

    def __init__(
        self, old: _Side, new: _Side, flows: Mapping[_FlowKey, _Flow], examples: int
    ) -> None:
        self._sides = old, new
        self._texts = tuple({rule.text for rule in side.rules} for side in self._sides)
        self._examples = examples
        # Events by issue and by rule, and the issues that share events with one of the other set.
        self._events: tuple[Counter[bytes], Counter[bytes]] = Counter(), Counter()
        self._matched: tuple[Counter[int | None], Counter[int | None]] = Counter(), Counter()
        self._shared: tuple[_Shared, _Shared] = {}, {}
        self._flows: dict[tuple[bytes, bytes], list[tuple[_FlowKey, _Flow]]] = {}
        self._issues: tuple[dict[bytes, Issue], dict[bytes, Issue]] = {}, {}
        self._responsible: Counter[tuple[bool, int]] = Counter()
        self._moved = 0
        for key, flow in flows.items():
            for is_new, issue, other, rule in (
                (False, key.old, key.new, key.old_rule),
                (True, key.new, key.old, key.new_rule),
            ):
                self._events[is_new][issue] += flow.events
                self._matched[is_new][rule] += flow.events
                self._shared[is_new].setdefault(issue, {})[other] = None
            self._flows.setdefault((key.old, key.new), []).append((key, flow))
            if key.moves:
                self._moved += flow.events
                responsible = self._responsible_for(key)
                if responsible is not None:
                    self._responsible[responsible] += flow.events

    def report(self) -> IssueReport:
        """Compute the report."""
        changes = sorted(self._changes(), key=lambda each: (-each.moved, -each.issue.events))
        return IssueReport(
            events=sum(self._events[True].values()),
            moved=self._moved,
            old_issues=len(self._events[False]),
            new_issues=len(self._events[True]),
            changes=tuple(changes),
            old_rules=self._rules(is_new=False),
            new_rules=self._rules(is_new=True),
        )

    def _changes(self) -> Iterator[IssueChange]:
        of_old, of_new = self._shared
        for new, olds in of_new.items():
            if len(olds) > 1:
                yield self._change("merge", new, [self._part(old, new) for old in olds])
        for old, news in of_old.items():
            first = next(iter(news))
            if len(news) > 1:
                yield self._change("split", old, [self._part(old, new) for new in news])
            elif old != first and len(of_new[first]) == 1:
                yield self._change("move", old, [self._part(old, first)])

    def _change(
        self, kind: Literal["merge", "split", "move"], key: bytes, parts: list[IssuePart]
    ) -> IssueChange:
        parts.sort(key=lambda each: -each.events)
        moved = sum(each.events for each in parts if each.moves)
        return IssueChange(kind, self._issue(kind == "merge", key), tuple(parts), moved)

    def _part(self, old: bytes, new: bytes) -> IssuePart:
        flows = self._flows[old, new]
        rules: Counter[tuple[bool, int]] = Counter()
        for key, flow in flows if old != new else ():
            rule = self._responsible_for(key)
            if rule is not None:
                rules[rule] += flow.events
        responsible = (
            ResponsibleRule(self._sides[is_new].rules[index], index, is_new, events)
            for (is_new, index), events in rules.most_common()
        )
        examples = sorted(event for _, flow in flows for event in flow.examples)
        return IssuePart(
            self._issue(False, old),
            self._issue(True, new),
            sum(flow.events for _, flow in flows),
            tuple(responsible),
            tuple(examples[: self._examples]),
        )

    def _issue(self, is_new: bool, key: bytes) -> Issue:
        known = self._issues[is_new]
        if key not in known:
            label = self._sides[is_new].labels[key]
            known[key] = Issue(key.hex(), *label, self._events[is_new][key])
        return known[key]

    def _rules(self, *, is_new: bool) -> tuple[FingerprintRuleReport, ...]:
        return tuple(
            FingerprintRuleReport(
                rule, index, self._matched[is_new][index], self._responsible[is_new, index]
            )
            for index, rule in enumerate(self._sides[is_new].rules)
        )

    def _responsible_for(self, key: _FlowKey) -> tuple[bool, int] | None:
        """Return the rule because of which events move: whether it is new, and its index.

        It is the rule of the new set that matches them. Where that set has none, or has one that
        is in the old set as well, and an old rule that matched them was removed, it is that one.
        None if the same rule, or no rule, matches before and after: then what stands for
        `{{ default }}` changed.
        """
        old_texts, new_texts = self._texts
        old, new = key.old_rule, key.new_rule
        if old is None and new is None:
            return None
        if old is not None:
            old_text = self._sides[False].rules[old].text
            if new is not None and self._sides[True].rules[new].text == old_text:
                return None
            removed = old_text not in new_texts
            if new is None or (removed and self._sides[True].rules[new].text in old_texts):
                return False, old
        assert new is not None
        return True, new


def _own_fingerprint(event: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the fingerprint that an SDK gave an event.

    Sentry writes the fingerprint of the rule that matched into the event, and keeps that of the
    SDK beside it.
    """
    known = event.get("_fingerprint_info")
    own = (
        known.get("client_fingerprint") if isinstance(known, Mapping) else event.get("fingerprint")
    )
    parts = own if isinstance(own, (list, tuple)) else ()
    return tuple(
        text_of(part).encode("utf-8", "replace").decode()
        for part in parts
        if isinstance(part, str) or type(part) in {int, float}
    )


def _key(found: _Found, default: bytes) -> bytes:
    """Return the key of the issue of an event."""
    is_default = [_is_default(part) for part in found.written]
    if all(is_default):
        return default
    return key_of(
        text
        for part, stands_for in zip(found.resolved, is_default)
        for text in (("default", default.hex()) if stands_for else ("text", part))
    )


def _is_default(part: str) -> bool:
    """Return whether a part of a fingerprint is `{{ default }}`, in any spacing."""
    return part == _DEFAULT[0] or ("{{" in part and fingerprint_type([part]) == "default")


def _title(event: Mapping[str, Any]) -> str:
    """Return what Sentry calls an event: its last exception, or its message."""
    exceptions = exceptions_of(event)
    if not exceptions:
        return _first_line(message_of(event))
    kind, value = (text_of(exceptions[-1].get(name)) for name in ("type", "value"))
    return ": ".join(filter(None, (kind, _first_line(value))))


def _first_line(text: str) -> str:
    return text.strip().partition("\n")[0].rstrip()


def _cut(text: str) -> str:
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"
