r"""Fingerprint rules: which events become one issue.

A rule has conditions and a fingerprint. An event that meets the conditions gets the fingerprint.
Events with the same fingerprint are one issue.

    >>> from sentry_ophio.fingerprints import FingerprintRules
    >>> rules = FingerprintRules.parse('''
    ... error.type:DatabaseError           -> database-down
    ... message:"*timed out*" tags.env:*   -> timeout, {{ tags.env }} title="Timeout: {{ type }}"
    ... ''')
    >>> event = {
    ...     "tags": [["env", "prod"]],
    ...     "exception": {"values": [{"type": "ReadError", "value": "it timed out after 3 s"}]},
    ... }
    >>> found = rules.match(event)
    >>> found.index, found.resolved, found.title
    (1, ('timeout', 'prod'), 'Timeout: ReadError')

The first rule that matches wins. These cases surprise:

- `type:A value:b` needs one exception that is both, and `function:f module:m` one frame;
- if an event has no exception, `!type:A` does not match: there is nothing that is not A;
- `message` looks at the values of exceptions, too;
- the caller is the frame *after*. In stack trace rules it is the frame before;
- `release` is compared as paths are: `*` stops at `/`.

`FingerprintRules.explain` says for each rule why it matches, or what fails. `preview` reports which
issues other rules merge and split.

A `FingerprintRules` does not change. Threads may share it, and a child may use it after a fork.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Union, final

from msgpack import Packer

from sentry_ophio._arguments import checked_items, encoded, exact_str, type_error
from sentry_ophio._counts import word_for
from sentry_ophio._diagnostic import Diagnostic, Fix
from sentry_ophio._ffi import Handle, check, copied, decode, error_for, ffi, lib, new_string, string
from sentry_ophio._fingerprint_variables import (
    expand_title,
    fingerprint_type,
    pack_event,
    parameterizer_pointer,
    plain,
    resolve,
    unknown_number,
)
from sentry_ophio._fingerprints import (
    FingerprintExplanation,
    FingerprintMatch,
    FingerprintMatcher,
    FingerprintRule,
    MatcherExplanation,
    RuleExplanation,
    ScopeExplanation,
)
from sentry_ophio._issue_report import (
    FingerprintRuleReport,
    Issue,
    IssueChange,
    IssueEvent,
    IssuePart,
    IssueReport,
    ResponsibleRule,
)
from sentry_ophio._web_events import lines_in_sdk_form
from sentry_ophio.exceptions import (
    EventError,
    FingerprintsError,
    InvalidArgumentError,
    LimitError,
    UnsupportedOperationError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, Callable, Optional

    from _cffi_backend import _CDataBase as CData

    from sentry_ophio._fingerprint_variables import Unknown
    from sentry_ophio._rule_set import Enhancements
    from sentry_ophio.parameterization import Parameterizer

    Origin = tuple[Optional[int], Optional[str]]
    """The line of a rule, and the name of its source."""

Stored = Union[str, bytes, Mapping[str, object]]

__all__ = [
    "FingerprintExplanation",
    "FingerprintMatch",
    "FingerprintMatcher",
    "FingerprintRule",
    "FingerprintRuleReport",
    "FingerprintRules",
    "Issue",
    "IssueChange",
    "IssueEvent",
    "IssuePart",
    "IssueReport",
    "MatcherExplanation",
    "ResponsibleRule",
    "RuleExplanation",
    "ScopeExplanation",
    "expand_title",
    "fingerprint_type",
    "preview",
    "resolve",
]

# These are documented under the name of this module, not of their file.
for _each in (expand_title, fingerprint_type, resolve):
    _each.__module__ = __name__

_match = lib.ophio_fingerprints_match

# Out parameters that own nothing, for the next call of `match`: most events match no rule, and to
# make and free one takes 800 ns. `pop` and `append` need no lock.
_unused: list[Any] = []

# After so many events `preview` reports its progress.
_STEP = 1_000

# --- results ------------------------------------------------------------------------


def _diagnostics(text: str) -> list[Diagnostic]:
    found = json.loads(text)
    for before, each in zip(found, found[1:]):
        # Null is the same line again.
        if each["source"] is None:
            each["source"] = before["source"]
    for each in found:
        each["fix"] = each["fix"] and Fix(**each["fix"])
    return [Diagnostic(**each) for each in found]


def _rule(each: dict[str, Any], origin: Origin) -> FingerprintRule:
    line, source = origin
    return FingerprintRule(
        text=each["text"],
        matchers=tuple(FingerprintMatcher(**matcher) for matcher in each["matchers"]),
        fingerprint=tuple(each["fingerprint"]),
        attributes=each["attributes"],
        is_builtin=each["is_builtin"],
        line=line,
        source=source,
    )


def _scope(each: dict[str, Any], matchers: tuple[FingerprintMatcher, ...]) -> ScopeExplanation:
    explained = (
        MatcherExplanation(
            matchers[found["matcher"]], found["holds"], tuple(found["fails_on"]), found["has_more"]
        )
        for found in each["matchers"]
    )
    return ScopeExplanation(each["scope"], each["entries"], each["entry"], tuple(explained))


def _restored(
    stored: str, origins: tuple[Origin, ...], left_out: tuple[Diagnostic, ...]
) -> FingerprintRules:
    """Unpickle rules."""
    rules = FingerprintRules.from_json(stored)
    rules._origins = origins
    rules._left_out = left_out
    return rules


@final
class FingerprintRules(Handle):
    r"""Fingerprint rules in their order. Made by `parse` and `from_json`.

        >>> rules = FingerprintRules.parse("type:A -> a\nlevel:warning -> {{ default }}, warning")
        >>> len(rules)
        2
        >>> [rule.fingerprint for rule in rules]
        [('a',), ('{{ default }}', 'warning')]

    An index leads from an event to the few rules that it can match, so 10,000 rules cost an
    event little more than ten do. Rule sets are equal if their rules are, wherever these come
    from; they can be used as keys, copied and pickled.
    """

    __slots__ = ("_left_out", "_matched", "_origins", "_rules", "_source")
    _KIND = ffi.typeof("OphioFingerprints **")
    _FREE = lib.ophio_fingerprints_free

    _left_out: tuple[Diagnostic, ...]
    # The rules that matched: a set that lives for one event needs no others.
    _matched: dict[int, FingerprintRule]
    # Where the last rules come from: those of bases, and all after unpickling.
    _origins: tuple[Origin, ...]
    # Read from the library when they are needed.
    _rules: tuple[FingerprintRule, ...] | None
    # Where the others come from.
    _source: str | None

    def __new__(cls) -> FingerprintRules:
        """Fail: `parse` and `from_json` create rules."""
        raise UnsupportedOperationError(
            "cannot create FingerprintRules: use FingerprintRules.parse() or .from_json()"
        )

    @classmethod
    def _owning(
        cls, place: CData, source: str | None, bases: Iterable[FingerprintRules]
    ) -> FingerprintRules:
        """Make an object of what is in a place, with the rules of `bases` behind it."""
        origins: list[Origin] = []
        for base in checked_items("bases", "FingerprintRules", bases):
            if not issubclass(type(base), FingerprintRules):
                raise type_error("bases", "an iterable of FingerprintRules", base)
            added = base._ptr
            combined = cls._place()
            check(lib.ophio_fingerprints_with_builtin(place[0], added, combined))
            place = combined
            origins += [(rule.line, rule.source) for rule in base.rules]
        rules = object.__new__(cls)
        rules._adopt(place)
        rules._left_out = ()
        rules._matched = {}
        rules._origins = tuple(origins)
        rules._rules = None
        rules._source = source
        return rules

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        strict: bool = False,
        lenient: bool = False,
        source: str | None = None,
        bases: Iterable[FingerprintRules] = (),
    ) -> FingerprintRules:
        r"""Parse rules in the text form, one rule a line.

            >>> rules = FingerprintRules.parse("type:A -> a\ntyp:B -> b", lenient=True)
            >>> [rule.text for rule in rules], [each.line for each in rules.left_out]
            (['type:A -> a'], [2])

        Args:
            text: The text. Empty lines, and lines that begin with `#`, are skipped.
            strict: Check all lines before failing: the error has all problems, and its
                text shows each with carets under its span. Warnings do not fail.
            lenient: Leave out what is not a rule instead of failing. `left_out` lists it.
            source: A name for the text, such as that of its file, for `rules`.
            bases: Built-in rules, which come after those of the text, in their order.

        Returns:
            The rules.

        Raises:
            FingerprintsError: A line is not a rule; a `ValueError`. With `strict`, its
                `diagnostics` are what `check` finds.
            LimitError: The text is above a limit.
            ValueError: Both `strict` and `lenient` are set.
            UnicodeEncodeError: The text has lone surrogates.
            TypeError: An argument has the wrong type.
        """
        data = encoded("text", text)
        if source is not None:
            source = exact_str("source", source)
        if strict:
            if lenient:
                raise InvalidArgumentError("strict and lenient cannot both be set")
            found = cls.check(text)
            errors = [str(each) for each in found if each.severity == "error"]
            if errors:
                error = FingerprintsError("\n\n".join(errors))
                error.diagnostics = tuple(found)
                raise error
        place = cls._place()
        if not lenient:
            check(lib.ophio_fingerprints_parse(data, len(data), place))
            return cls._owning(place, source, bases)
        left_out = new_string()
        check(lib.ophio_fingerprints_parse_lenient(data, len(data), left_out, place))
        rules = cls._owning(place, source, bases)
        rules._left_out = tuple(_diagnostics(decode(left_out[0])))
        return rules

    @classmethod
    def from_json(
        cls,
        stored: Stored,
        *,
        source: str | None = None,
        bases: Iterable[FingerprintRules] = (),
    ) -> FingerprintRules:
        """Read rules from the form in which Sentry stores them.

            >>> stored = '{"rules": [{"matchers": [["type", "A"]], "fingerprint": ["a"]}]}'
            >>> print(FingerprintRules.from_json(stored).to_text(), end="")
            type:A -> a

        Args:
            stored: JSON, or the object that it stands for.
            source: A name for it, for `rules`.
            bases: Built-in rules, which come after these, in their order.

        Returns:
            The rules.

        Raises:
            FingerprintsError: It is malformed; a `ValueError`.
            LimitError: It is above a limit.
            UnicodeEncodeError: The text has lone surrogates.
            TypeError: An argument has the wrong type.
        """
        if isinstance(stored, Mapping):
            try:
                stored = json.dumps(stored, default=plain)
            except (TypeError, ValueError, RecursionError) as error:
                message = f"the rules cannot be written as JSON: {error}"
                raise FingerprintsError(message) from None
        if isinstance(stored, bytes):
            data = bytes(stored)
        elif isinstance(stored, str):
            data = str.encode(stored)
        else:
            raise type_error("stored", "a str, bytes or a mapping", stored)
        if source is not None:
            source = exact_str("source", source)
        place = cls._place()
        check(lib.ophio_fingerprints_from_json(data, len(data), place))
        return cls._owning(place, source, bases)

    @staticmethod
    def check(text: str) -> list[Diagnostic]:
        """Find all problems of a rule text.

            >>> (found,) = FingerprintRules.check("error.typ:A -> a")
            >>> print(found)
            error[OPH202]: Unknown matcher `error.typ`
             --> line 1, column 1
              |
            1 | error.typ:A -> a
              | ^^^^^^^^^ did you mean `error.type`?

        Args:
            text: The text.

        Returns:
            The problems, in the order of their spans. There is an error among them exactly if
            `parse` fails; warnings are about rules that probably do not do what was
            intended.

        Raises:
            LimitError: The text is above a limit.
            UnicodeEncodeError: The text has lone surrogates.
            TypeError: `text` is not a `str`.
        """
        data = encoded("text", text)
        return _diagnostics(string(lambda out: lib.ophio_fingerprints_check(data, len(data), out)))

    @staticmethod
    def format(text: str) -> str:
        r"""Format rules: aligned in columns, with comments and empty lines kept.

            >>> text = 'type:"A" -> "a"\nmessage:"b c" -> b {{ type }}'
            >>> print(FingerprintRules.format(text), end="")
            type:A         -> a
            message:"b c"  -> b, {{ type }}

        The rules stay the same rules, and to do it twice changes nothing.

        Args:
            text: Rules in the text form.

        Returns:
            The text, with a line feed after every line.

        Raises:
            FingerprintsError: A line is not a rule; a `ValueError`.
            LimitError: The text is above a limit.
            UnicodeEncodeError: The text has lone surrogates.
            TypeError: `text` is not a `str`.
        """
        data = encoded("text", text)
        return string(lambda out: lib.ophio_fingerprints_format(data, len(data), out))

    @property
    def left_out(self) -> tuple[Diagnostic, ...]:
        """What `parse(..., lenient=True)` has left out."""
        return self._left_out

    @property
    def rules(self) -> tuple[FingerprintRule, ...]:
        """The rules, in their order."""
        found = self._rules
        if found is None:
            ptr = self._ptr
            described = json.loads(string(lambda out: lib.ophio_fingerprints_describe(ptr, out)))
            own = described[: len(described) - len(self._origins)]
            origins = [*((each["line"], self._source) for each in own), *self._origins]
            rules = map(_rule, described, origins)
            found = tuple(self._matched.get(index, rule) for index, rule in enumerate(rules))
            self._rules = found
        return found

    def _rule(self, index: int) -> FingerprintRule:
        found = self._matched.get(index)
        if found is None:
            if self._rules is not None:
                return self._rules[index]
            ptr = self._ptr
            described = string(lambda out: lib.ophio_fingerprints_describe_rule(ptr, index, out))
            each = json.loads(described)
            of_base = index - len(self) + len(self._origins)
            origin = self._origins[of_base] if of_base >= 0 else (each["line"], self._source)
            found = self._matched[index] = _rule(each, origin)
        return found

    def to_json(self) -> str:
        """Write the rules in the form in which Sentry stores them.

            >>> rules = FingerprintRules.parse("!level:info -> a")
            >>> stored = json.loads(rules.to_json())
            >>> stored["rules"][0]["matchers"], stored["rules"][0]["fingerprint"]
            ([['!level', 'info']], ['a'])

        Rules of `bases` are included, and marked as built-in.
        """
        ptr = self._ptr
        return string(lambda out: lib.ophio_fingerprints_to_json(ptr, out))

    def to_text(self) -> str:
        """Write the rules as text, one a line, that parses to the same rules.

            >>> print(FingerprintRules.parse('error.type:"A"  -> "b c"').to_text(), end="")
            type:A -> "b c"

        Raises:
            FingerprintsError: There is a rule that no text can hold. Only the stored form can
                have one, such as a rule without matchers.
        """
        ptr = self._ptr
        return string(lambda out: lib.ophio_fingerprints_to_text(ptr, out))

    def match(
        self,
        event: Mapping[str, Any],
        *,
        unknown: Unknown = "keep",
        parameterizer: Parameterizer | None = None,
    ) -> FingerprintMatch | None:
        """Find the first rule that matches an event.

            >>> rules = FingerprintRules.parse("level:fatal -> {{ default }}, {{ sort }}")
            >>> rules.match({"level": "fatal"}).resolved
            ('{{ default }}', '{{ sort }}')
            >>> rules.match({"level": "fatal"}, unknown="mark").resolved
            ('{{ default }}', '<unrecognized-variable-sort>')
            >>> print(rules.match({"level": "info"}))
            None

            >>> from sentry_ophio.parameterization import Parameterizer
            >>> rules = FingerprintRules.parse("message:took* -> {{ message }}")
            >>> event = {"logentry": {"formatted": "took 15ms"}}
            >>> rules.match(event, parameterizer=Parameterizer()).resolved
            ('took <duration>',)

        Args:
            event: The event in the form that an SDK sends, as `json.load` returns it. It crosses to
                the library whole. Only `match_json_lines` and the commands convert the form of
                Sentry's web API: to look for it takes time for each event.
            unknown: What happens to a variable that is not known: it stays as it is written
                ("keep"), or is named as newer versions of Sentry do ("mark").
            parameterizer: What replaces ids, dates and numbers in the variable `message`. Without
                it, the message stays as it is, as in Sentry. So does a message that is beyond the
                limits of the `Parameterizer`.

        Returns:
            What it finds, or None if no rule matches.

        Raises:
            EventError: It is not an event; the message says what is wrong, and where.
            LimitError: It has more frames than the limit.
            ValueError: `unknown` has another value.
            TypeError: `parameterizer` is not a `Parameterizer`.
        """
        packed = pack_event(event)
        number = unknown_number(unknown)
        ptr = self._ptr
        try:
            out = _unused.pop()
        except IndexError:
            out = new_string()
        status = _match(ptr, packed, len(packed), number, parameterizer_pointer(parameterizer), out)
        if status:
            raise error_for(status)
        if not out.len:
            _unused.append(out)
            return None
        return self._found(json.loads(copied(out[0])))

    def match_many(
        self,
        events: Iterable[Mapping[str, Any]],
        *,
        unknown: Unknown = "keep",
        parameterizer: Parameterizer | None = None,
    ) -> list[FingerprintMatch | None]:
        """Find for each of many events the first rule that matches it, in one call.

            >>> rules = FingerprintRules.parse("level:fatal -> a")
            >>> [found and found.index for found in rules.match_many([{}, {"level": "fatal"}])]
            [None, 0]

        Args:
            events: The events, as `match` takes them.
            unknown: As for `match`.
            parameterizer: As for `match`.

        Returns:
            For each event what `match` returns.

        Raises:
            EventError: One is not an event; the message has its index, from 0.
            LimitError: One has more frames than the limit.
            ValueError: `unknown` has another value.
            TypeError: `parameterizer` is not a `Parameterizer`.
        """
        number = unknown_number(unknown)
        listed = []
        for index, event in enumerate(checked_items("events", "events", events)):
            try:
                listed.append(pack_event(event))
            except EventError as error:
                raise EventError(f"event {index}: {error}") from None
        packed: bytes = Packer().pack(listed)
        return self._many(lib.ophio_fingerprints_match_packed, packed, number, parameterizer)

    def match_json_lines(
        self,
        data: bytes,
        *,
        unknown: Unknown = "keep",
        parameterizer: Parameterizer | None = None,
    ) -> list[FingerprintMatch | None]:
        r"""Find for each of many events, one a line of JSON, the first rule that matches it.

        No object is made for an event: the library reads the JSON. Only an event in the form of
        Sentry's web API (`entries`, `absPath`, ...) is converted to the form of an SDK first.

            >>> rules = FingerprintRules.parse("level:fatal -> a")
            >>> found = rules.match_json_lines(b'{"level": "info"}\n{"level": "fatal"}\n')
            >>> [each and each.resolved for each in found]
            [None, ('a',)]

        Args:
            data: The lines. Empty ones are skipped.
            unknown: As for `match`.
            parameterizer: As for `match`.

        Returns:
            For each event what `match` returns.

        Raises:
            EventError: A line is not an event; the message has its number, from 1.
            LimitError: An event has more frames than the limit.
            TypeError: `data` is not `bytes`, or `parameterizer` is not a `Parameterizer`.
            ValueError: `unknown` has another value.
        """
        if not isinstance(data, bytes):
            raise type_error("data", "bytes", data)
        number = unknown_number(unknown)
        lines = lines_in_sdk_form(bytes(data))
        return self._many(lib.ophio_fingerprints_match_json_lines, lines, number, parameterizer)

    def _many(
        self,
        function: Callable[..., int],
        data: bytes,
        unknown: int,
        parameterizer: Parameterizer | None,
    ) -> list[FingerprintMatch | None]:
        ptr = self._ptr
        ids = parameterizer_pointer(parameterizer)
        found = json.loads(string(lambda out: function(ptr, data, len(data), unknown, ids, out)))
        return [each and self._found(each) for each in found]

    def _found(self, found: dict[str, Any]) -> FingerprintMatch:
        index = found["rule"]
        return FingerprintMatch(self._rule(index), index, tuple(found["resolved"]), found["title"])

    def explain(self, event: Mapping[str, Any]) -> FingerprintExplanation:
        r"""Explain for each rule why it matches an event, or which matcher fails on which values.

            >>> rules = FingerprintRules.parse("type:A value:b* -> a\nlevel:info -> b")
            >>> values = [{"type": "A", "value": "x"}, {"type": "B", "value": "bb"}]
            >>> event = {"exception": {"values": values}, "level": "info"}
            >>> print(rules.explain(event))
            line 1: type:A value:b* -> a
                does not match
                exceptions: no entry of 2 satisfies all
                    type:A holds on 1 and fails on 'B'
                    value:b* holds on 1 and fails on 'x'
            line 2: level:info -> b
                matches
                log info: entry 0 of 1 satisfies all
                    level:info holds on 1

        It tries each rule, so it takes much longer than `match`.

        Args:
            event: The event, as `match` takes it.

        Raises:
            EventError: It is not an event; the message says what is wrong, and where.
            LimitError: It has more frames than the limit.
        """
        packed = pack_event(event)
        ptr = self._ptr
        found = json.loads(
            string(lambda out: lib.ophio_fingerprints_explain(ptr, packed, len(packed), out))
        )
        explained = (
            RuleExplanation(
                rule,
                each["matches"],
                tuple(_scope(scope, rule.matchers) for scope in each["scopes"]),
            )
            for rule, each in zip(self.rules, found["rules"])
        )
        return FingerprintExplanation(found["matched"], tuple(explained))

    def __len__(self) -> int:
        """Return the number of rules."""
        ptr = self._ptr
        return lib.ophio_fingerprints_len(ptr)

    def __iter__(self) -> Iterator[FingerprintRule]:
        """Iterate over the rules."""
        return iter(self.rules)

    def __eq__(self, other: object) -> bool:
        """Compare the rules, wherever they come from."""
        if not issubclass(type(other), FingerprintRules):
            return NotImplemented
        ptr = self._ptr
        others = FingerprintRules._pointer("other", other)
        equal = ffi.new("bool *")
        check(lib.ophio_fingerprints_equal(ptr, others, equal))
        return bool(equal[0])

    def __hash__(self) -> int:
        """Return the hash of the stored form."""
        return hash(self.to_json())

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the stored form, and where the rules come from."""
        origins = tuple((rule.line, rule.source) for rule in self.rules)
        return _restored, (self.to_json(), origins, self._left_out)

    def __repr__(self) -> str:
        """Say how many rules there are."""
        if self.closed:
            return "FingerprintRules(closed)"
        count = len(self)
        return f"FingerprintRules({count} {word_for(count, 'rule')})"


# --- issues -------------------------------------------------------------------------


def preview(  # noqa: PLR0913
    old_rules: FingerprintRules,
    new_rules: FingerprintRules,
    events: Iterable[Mapping[str, Any]],
    *,
    rules: Enhancements | None = None,
    unknown: Unknown = "keep",
    parameterizer: Parameterizer | None = None,
    examples: int = 3,
    progress: Callable[[int], object] | None = None,
) -> IssueReport:
    r"""Group events into issues by two rule sets, and report which issues change.

        >>> old = FingerprintRules.parse("")
        >>> new = FingerprintRules.parse("message:*timeout* -> timeout", source="new.rules")
        >>> events = [{"logentry": {"formatted": f"{name} timeout"}} for name in ("db", "mail")]
        >>> print(preview(old, new, events))
        2 events: 2 issues before, 1 after; 2 events move to another issue
          merges         1  old issues become one
          splits         0  an old issue becomes several
          moves          0  an old issue gets another fingerprint
        responsible:
                   2  by new.rules:1  message:*timeout* -> timeout
        0 of 1 new rule matched nothing
        <BLANKLINE>
        merge: 2 issues become one; 2 of 2 events move
          after   93fd4555  timeout  (2 events)
                  db timeout
          before  42f26fb8  {{ default }}  (1 event)
                  db timeout
                  by new.rules:1  message:*timeout* -> timeout
                  event 0
          before  a18036f5  {{ default }}  (1 event)
                  mail timeout
                  by new.rules:1  message:*timeout* -> timeout
                  event 1

    The fingerprint of an event is that of the first rule that matches, or else its own, or else
    `{{ default }}`. In place of `{{ default }}`, which only Sentry computes, stands a hash of the
    frames that count by the stack trace rules, with the types of the exceptions. Without such a
    frame it is the exception's type and value, or the message. docs/fingerprints.md says more.

    Args:
        old_rules: The present rules.
        new_rules: The rules that would replace them.
        events: The events, as `FingerprintRules.match` takes them. They may come from a
            generator: they are not kept. An event that comes twice counts twice.
        rules: The stack trace rules; by default those that come with this package.
        unknown: As for `FingerprintRules.match`.
        parameterizer: As for `FingerprintRules.match`.
        examples: How many events of each part of a change are in the report.
        progress: Called after each 1,000 events with how many were grouped so far.

    Returns:
        The numbers, and the merges, splits and moves.

    Raises:
        EventError: One is not an event; the message has its index, from 0.
        LimitError: One has more frames than the limit.
        TypeError: `events` is not iterable, or rules or `parameterizer` are of another type.
        ValueError: `examples` is less than 1, or `unknown` has another value.
    """
    # It is large, and users of rules do not need it.
    from sentry_ophio._issues import IssueComparison  # noqa: PLC0415
    from sentry_ophio.enhancers import Enhancements  # noqa: PLC0415

    if rules is None:
        rules = Enhancements.default()
    FingerprintRules._pointer("old_rules", old_rules)
    FingerprintRules._pointer("new_rules", new_rules)
    Enhancements._pointer("rules", rules)
    comparing = IssueComparison(
        old_rules,
        new_rules,
        rules,
        unknown=unknown,
        parameterizer=parameterizer,
        examples=examples,
    )
    for index, event in enumerate(checked_items("events", "events", events)):
        try:
            comparing.add(event)
        except (EventError, LimitError) as error:
            raise type(error)(f"event {index}: {error}") from None
        if progress is not None and comparing.events % _STEP == 0:
            progress(comparing.events)
    return comparing.report()
