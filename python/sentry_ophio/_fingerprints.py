"""What fingerprint rules are, what they find, and why: data only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Optional

# Optional and not `| None`: some tools evaluate these at run time, on 3.9.


class FingerprintMatcher(NamedTuple):
    """A condition of a fingerprint rule."""

    name: str
    """What it looks at, by its short name: `type` for `error.type`, `tags.env`."""
    pattern: str
    """What the value is compared with."""
    negated: bool
    """Whether it holds where the value does not match."""
    neighbor: Optional[Literal["caller", "callee"]]  # noqa: UP045
    """Which neighbor of a frame it looks at, if it does: the caller is the frame after."""
    scope: str
    """Where the value is looked up: `exceptions`, `messages`, `log info`, `frames`, `tags`,
    `family`, `sdk`, `release` or `threads`."""

    def __str__(self) -> str:
        """Return the matcher as people write it, without quotes."""
        return f"{'!' if self.negated else ''}{self.name}:{self.pattern}"


@dataclass(frozen=True)
class FingerprintRule:
    """A fingerprint rule: where its matchers hold, an event has its fingerprint."""

    text: str
    """The rule in the text form. It parses to the same rule, if any text does."""
    matchers: tuple[FingerprintMatcher, ...]
    """What must hold."""
    fingerprint: tuple[str, ...]
    """The parts of the fingerprint, with their variables as they are written."""
    attributes: dict[str, str]
    """`title`, with its variables as they are written; empty if there is none."""
    is_builtin: bool
    """Whether it is a rule of Sentry, and not of the user."""
    line: Optional[int]  # noqa: UP045
    """Its line, counted from 1; None if it does not come from a text."""
    source: Optional[str]  # noqa: UP045
    """The name of its source, if one was given."""

    def __str__(self) -> str:
        """Return the text."""
        return self.text


@dataclass(frozen=True)
class FingerprintMatch:
    """The rule that matches an event, and what follows from it."""

    rule: FingerprintRule
    """The rule."""
    index: int
    """The index of the rule."""
    resolved: tuple[str, ...]
    """The fingerprint with its variables filled in."""
    title: Optional[str]  # noqa: UP045
    """The title with its variables filled in; None if the rule has none, or an empty one."""

    @property
    def fingerprint(self) -> tuple[str, ...]:
        """The parts of the fingerprint, with their variables as they are written."""
        return self.rule.fingerprint

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes of the rule, with their variables as they are written."""
        return self.rule.attributes


class MatcherExplanation(NamedTuple):
    """What one matcher finds."""

    matcher: FingerprintMatcher
    """The matcher."""
    holds: int
    """On how many entries it holds."""
    fails_on: tuple[Optional[str], ...]  # noqa: UP045
    """The different values on which it does not hold, the first eight, each cut after 256
    bytes. None stands for a value, or a frame, that is missing."""
    has_more: bool
    """Whether there are more of them."""

    def __str__(self) -> str:
        """Return the matcher and what it finds in one line."""
        parts = []
        if self.holds:
            parts.append(f"holds on {self.holds}")
        if self.fails_on:
            values = ["nothing" if each is None else repr(each) for each in self.fails_on]
            more = ", ..." if self.has_more else ""
            parts.append(f"fails on {', '.join(values)}{more}")
        neighbor = f" of the {self.matcher.neighbor}" if self.matcher.neighbor else ""
        return f"{self.matcher}{neighbor} {' and '.join(parts) or 'has nothing to look at'}"


class ScopeExplanation(NamedTuple):
    """What the matchers find that look at the same place."""

    scope: str
    """Where they look, such as `exceptions`."""
    entries: int
    """How many entries the event has there. Without any, the rule does not match."""
    entry: Optional[int]  # noqa: UP045
    """The index of the first entry that satisfies all of them."""
    matchers: tuple[MatcherExplanation, ...]
    """One for each matcher."""

    def __str__(self) -> str:
        """Return the place in one line, and a line for each matcher."""
        if self.entry is not None:
            head = f"{self.scope}: entry {self.entry} of {self.entries} satisfies all"
        elif self.entries:
            head = f"{self.scope}: no entry of {self.entries} satisfies all"
        else:
            head = f"{self.scope}: the event has none"
        return "\n".join([head, *(f"    {each}" for each in self.matchers)])


@dataclass(frozen=True)
class RuleExplanation:
    """Why a rule matches an event, or does not."""

    rule: FingerprintRule
    """The rule."""
    matches: bool
    """Whether it matches. It wins if no earlier one does."""
    scopes: tuple[ScopeExplanation, ...]
    """One for each place that its matchers look at. A rule matches if each of them has an
    entry that satisfies all."""

    def __str__(self) -> str:
        """Return the rule, and what its matchers find."""
        word = "matches" if self.matches else "does not match"
        line = "" if self.rule.line is None else f"line {self.rule.line}: "
        lines = [f"{line}{self.rule.text}", word, *map(str, self.scopes)]
        return "\n    ".join("\n".join(lines).split("\n"))


@dataclass(frozen=True)
class FingerprintExplanation:
    """Why fingerprint rules match an event, or do not. `str()` returns it as a list."""

    matched: Optional[int]  # noqa: UP045
    """The index of the rule that wins: the first one that matches."""
    rules: tuple[RuleExplanation, ...]
    """One for each rule."""

    def __str__(self) -> str:
        """Return what each rule finds."""
        return "\n".join(map(str, self.rules))
