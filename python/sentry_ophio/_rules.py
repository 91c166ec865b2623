"""The data types of rules, matchers and actions: `Enhancements.rules`.

The library returns fields and values as JSON. The line of a rule is computed here, since
`Enhancements` keeps the text that it was parsed from.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Optional, Union

if TYPE_CHECKING:
    from collections.abc import Iterator

# The characters that `trim` of Rust removes; `str.strip` removes others as well.
_SPACE = (
    "".join(
        chr(code)
        for code in (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029)
    )
    + "\u202f\u205f\u3000"
)


class Matcher(NamedTuple):
    """A matcher of a rule."""

    field: str
    """`category`, `function`, `module`, `package`, `path`, `family`, `app`; and of the
    exception `type`, `value`, `mechanism`."""
    pattern: str
    """The glob, the families or the boolean, as it is written."""
    negated: bool
    """Whether the matcher is negated (`!`)."""
    of: Literal["frame", "caller", "callee", "exception"]
    """What is tested: `caller`, `frame`, `callee` or `exception`."""


class FlagAction(NamedTuple):
    """An action such as `+app`."""

    name: Literal["app", "group"]
    """The name of what is set."""
    value: bool
    """True for `+`, False for `-`."""
    range: Literal["this", "up", "down"]
    """The frames that change: the one that matched, or those after (`^`) or before it (`v`)."""
    text: str
    """The action as it is written."""


class VarAction(NamedTuple):
    """`name=value`."""

    name: Literal["category", "max-frames", "min-frames", "invert-stacktrace"]
    """The name of what is set."""
    value: Union[str, int, bool]  # noqa: UP007 (evaluated at run time by some tools, on 3.9)
    """The value."""
    text: str
    """The action as it is written."""


class Rule(NamedTuple):
    r"""A rule.

    >>> from sentry_ophio.enhancers import Cache, Enhancements
    >>> rules = Enhancements.parse("# c\n function:a   -app  # why", Cache(0), source="my.rules")
    >>> rule = rules.rules[0]
    >>> rule.text, rule.canonical, rule.source, rule.line
    ('function:a   -app  # why', 'function:a -app', 'my.rules', 2)
    >>> rule.matchers[0].pattern, rule.actions[0].value
    ('a', False)
    """

    text: str
    """The rule as it was written; the same as `canonical` if it comes from the binary form."""
    canonical: str
    """The rule in the form that hints have."""
    line: Optional[int]  # noqa: UP045
    """The line in its source, counted from 1; None if it comes from the binary form."""
    source: Optional[str]  # noqa: UP045
    """The name of its source, if one was given."""
    matchers: tuple[Matcher, ...]
    """The matchers."""
    actions: tuple[Union[FlagAction, VarAction], ...]  # noqa: UP007
    """The actions."""


def place_of(number: int, line: int | None, source: str | None) -> str:
    """Say where a rule is: source and line, or its index if the line is not known."""
    if line is None:
        return f"rule {number}"
    return f"{source}:{line}" if source else f"line {line}"


class Origin(NamedTuple):
    """Rules from the same text or binary form."""

    rules: int
    text: str | None
    source: str | None

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield the lines that have a rule, with their numbers."""
        for number, line in enumerate((self.text or "").split("\n"), 1):
            trimmed = line.strip(_SPACE)
            if trimmed and not trimmed.startswith("#"):
                yield number, trimmed


def described(
    json_text: str,
    origins: tuple[tuple[int, Optional[str], Optional[str]], ...],  # noqa: UP045
) -> tuple[Rule, ...]:
    """Make rules from the JSON of the library and from their sources."""
    places: list[tuple[int | None, str | None, str | None]] = []
    for origin in (Origin(*each) for each in origins):
        lines = list(origin.lines())
        # A lenient parse drops rules, so the lines of the others are unknown.
        if len(lines) == origin.rules:
            places += [(number, line, origin.source) for number, line in lines]
        else:
            places += [(None, None, origin.source)] * origin.rules
    found: list[dict[str, Any]] = json.loads(json_text)
    if len(places) != len(found):  # extended by another thread in between
        places = [(None, None, None)] * len(found)
    return tuple(_rule(rule, *place) for rule, place in zip(found, places))


def _rule(rule: dict[str, Any], line: int | None, text: str | None, source: str | None) -> Rule:
    matchers = tuple(
        Matcher(each["field"], each["pattern"], each["negated"], each["of"])
        for each in rule["matchers"]
    )
    actions = tuple(
        VarAction(each["name"], each["value"], each["text"])
        if each["range"] is None
        else FlagAction(each["name"], each["value"], each["range"], each["text"])
        for each in rule["actions"]
    )
    canonical: str = rule["canonical"]
    return Rule(text or canonical, canonical, line, source, matchers, actions)
