"""The data types of fingerprint rules, matches and explanations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, Optional

# Optional and not `| None`: some tools evaluate these at run time, on 3.9.


class FingerprintMatcher(NamedTuple):
    """A condition of a fingerprint rule."""

    name: str
    """The short name of the value that it tests: `type` for `error.type`, `tags.env`."""
    pattern: str
    """The pattern."""
    negated: bool
    """Whether it is negated: it holds if the value does not match."""
    neighbor: Optional[Literal["caller", "callee"]]  # noqa: UP045
    """`caller` or `callee`, if it tests a neighbor of a frame. The caller is the frame after."""
    scope: str
    """The scope of the value: `exceptions`, `messages`, `log info`, `frames`, `tags`, `family`,
    `sdk`, `release` or `threads`."""

    def __str__(self) -> str:
        """Return the matcher in the text form, without quotes."""
        return f"{'!' if self.negated else ''}{self.name}:{self.pattern}"


@dataclass(frozen=True)
class FingerprintRule:
    """A fingerprint rule: an event on which its matchers hold gets its fingerprint."""

    text: str
    """The rule in the text form. If the rule can be written as text, this parses to the same
    rule."""
    matchers: tuple[FingerprintMatcher, ...]
    """The matchers."""
    fingerprint: tuple[str, ...]
    """The parts of the fingerprint, before variables are replaced."""
    attributes: dict[str, str]
    """`title`, before variables are replaced; empty if there is none."""
    is_builtin: bool
    """Whether it is a built-in rule of Sentry."""
    line: Optional[int]  # noqa: UP045
    """Its line, counted from 1; None if it does not come from a text."""
    source: Optional[str]  # noqa: UP045
    """The name of its source, if one was given."""

    def __str__(self) -> str:
        """Return the text."""
        return self.text


@dataclass(frozen=True)
class FingerprintMatch:
    """The rule that matches an event, with the fingerprint and the title of the event."""

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
        """The parts of the fingerprint, before variables are replaced."""
        return self.rule.fingerprint

    @property
    def attributes(self) -> dict[str, str]:
        """The attributes of the rule, before variables are replaced."""
        return self.rule.attributes


class MatcherExplanation(NamedTuple):
    """The result of one matcher."""

    matcher: FingerprintMatcher
    """The matcher."""
    holds: int
    """The number of entries on which it holds."""
    fails_on: tuple[Optional[str], ...]  # noqa: UP045
    """The different values on which it does not hold, the first eight, each cut after 256
    bytes. None stands for a value, or a frame, that is missing."""
    has_more: bool
    """Whether there are more of them."""

    def __str__(self) -> str:
        """Return the matcher and its result in one line."""
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
    """The results of the matchers with the same scope."""

    scope: str
    """The scope, such as `exceptions`."""
    entries: int
    """The number of entries in the event. If it is 0, the rule does not match."""
    entry: Optional[int]  # noqa: UP045
    """The index of the first entry that satisfies all of them."""
    matchers: tuple[MatcherExplanation, ...]
    """One for each matcher."""

    def __str__(self) -> str:
        """Return the scope in one line, and a line for each matcher."""
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
    """The results for each scope of its matchers. A rule matches if each scope has an entry that
    satisfies all matchers."""

    def __str__(self) -> str:
        """Return the rule, and the results of its matchers."""
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
        """Return the result of each rule."""
        return "\n".join(map(str, self.rules))
