"""What another rule set would change: `preview`."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from sentry_ophio._arguments import checked_threads
from sentry_ophio._ffi import Handle, check, ffi, lib, string
from sentry_ophio._pack import join
from sentry_ophio._shown import shown
from sentry_ophio._stacktrace import check_stacktraces

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _cffi_backend import _CDataBase as CData

    from sentry_ophio._rule_set import Enhancements
    from sentry_ophio._rules import Rule
    from sentry_ophio._stacktrace import Stacktrace

BATCH = 1_000
"""So many stack traces are in memory at a time."""


class RuleReport(NamedTuple):
    """What a rule has to do with the changes."""

    rule: Rule
    """The rule."""
    number: int
    """Its index in its rule set."""
    matched: int
    """In how many stack traces it matches a frame."""
    responsible: int
    """How many changes are its doing: of the new rules the one that had the last word, or of
    the old ones if no new rule says anything. Counted in the stack traces that were
    explained."""


class Report(NamedTuple):
    """What changes from one rule set to another. `str()` returns it as text."""

    stacktraces: int
    """How many stack traces were compared."""
    frames: int
    """How many frames they have."""
    changed_stacktraces: int
    """In how many of them a frame changes, or the stack trace as a whole."""
    changed_frames: int
    """How many frames change at all."""
    in_app: int
    """How many frames have another `in_app`."""
    category: int
    """How many frames have another category."""
    contributes: int
    """How many frames count for grouping that did not, or the other way round."""
    grouping: int
    """How many stack traces count that did not, or the other way round, or are inverted."""
    explained: int
    """How many of those that change were looked at to say which rules are responsible: the
    first 10,000."""
    examples: tuple[int, ...]
    """Which stack traces change, counted from 0: the first 1,000."""
    old_rules: tuple[RuleReport, ...]
    """The old rules."""
    new_rules: tuple[RuleReport, ...]
    """The new rules."""

    @property
    def responsible(self) -> tuple[RuleReport, ...]:
        """The rules that changes are the doing of, new and old, the busiest first."""
        found = [each for each in (*self.new_rules, *self.old_rules) if each.responsible]
        return tuple(sorted(found, key=lambda each: -each.responsible))

    @property
    def never_matched(self) -> tuple[RuleReport, ...]:
        """The new rules that matched nothing."""
        return tuple(each for each in self.new_rules if not each.matched)

    def __str__(self) -> str:
        """Tell the numbers, the busiest rules, and how many never matched."""
        lines = [
            f"{self.changed_stacktraces:,} of {self.stacktraces:,} stack traces change,"
            f" {self.changed_frames:,} of {self.frames:,} frames",
            f"  in-app       {self.in_app:>12,} frames",
            f"  category     {self.category:>12,} frames",
            f"  contributes  {self.contributes:>12,} frames",
            f"  grouping     {self.grouping:>12,} stack traces",
        ]
        if self.responsible:
            lines.append("responsible:")
        lines += [
            f"  {each.responsible:>12,}  {_place(each)}  {each.rule.text}"
            for each in self.responsible[:10]
        ]
        if len(self.responsible) > 10:
            lines.append(f"  and {len(self.responsible) - 10} more rules")
        lines.append(
            f"{len(self.never_matched):,} of {len(self.new_rules):,} new rules matched nothing"
        )
        # Rules and the names of their files are untrusted.
        return "\n".join(map(shown, lines))


def _place(each: RuleReport) -> str:
    rule = each.rule
    if rule.line is None:
        return f"rule {each.number}"
    return f"{rule.source}:{rule.line}" if rule.source else f"line {rule.line}"


class Comparison(Handle):
    """What was compared so far: the one way to a `Report`, for whatever form events have."""

    __slots__ = ("_rules",)
    _KIND = ffi.typeof("OphioEnhancementsPreview **")
    _FREE = lib.ophio_enhancements_preview_free

    def __init__(self, old_rules: Enhancements, new_rules: Enhancements) -> None:
        # The current rules: the report is about these, even if a set grows meanwhile.
        self._rules = {"old_rules": old_rules.rules, "new_rules": new_rules.rules}
        place = self._place()
        check(lib.ophio_enhancements_preview_new(old_rules._ptr, new_rules._ptr, place))
        self._adopt(place)

    def add(self, stacktraces: list[Stacktrace], threads: int) -> None:
        """Compare prepared stack traces."""
        packed = join([each._packed for each in stacktraces])
        check(lib.ophio_enhancements_preview_add(self._ptr, packed, len(packed), threads))

    def add_json_lines(self, lines: bytes, threads: int) -> tuple[int, int]:
        """Compare the stack traces of events, one event a line, up to one that is no event.

        Returns:
            How many bytes the lines have that were read, and how many stack traces.
        """
        numbers = ffi.new("size_t[2]")
        read, count = numbers, numbers + 1
        check(
            lib.ophio_enhancements_preview_add_json_lines(
                self._ptr, lines, len(lines), threads, read, count
            )
        )
        return numbers[0], numbers[1]

    def add_arrow(self, array: CData, schema: CData, threads: int) -> None:
        """Compare the rows of an array, which is moved away from where it is."""
        check(lib.ophio_enhancements_preview_add_arrow(self._ptr, array, schema, threads))

    def report(self) -> Report:
        """Add up."""
        pointer = self._ptr
        text = string(lambda out: lib.ophio_enhancements_preview_report(pointer, out))
        found: dict[str, Any] = json.loads(text)
        found["examples"] = tuple(found["examples"])
        for name, known in self._rules.items():
            found[name] = tuple(
                RuleReport(rule, number, each["matched"], each["responsible"])
                for number, (rule, each) in enumerate(zip(known, found[name]))
            )
        return Report(**found)


def preview(
    old_rules: Enhancements,
    new_rules: Enhancements,
    stacktraces: Iterable[Stacktrace],
    *,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Report:
    r"""Tell what changes if one rule set takes the place of another.

    Both questions are asked of every stack trace, with both rule sets: frames are changed
    first, and as they are then, with those counting to begin with that are in-app, they are
    looked at for grouping.

        >>> from sentry_ophio.enhancers import Cache, Enhancements, Stacktrace
        >>> old = Enhancements.parse("function:log_* -app", Cache(0))
        >>> new = Enhancements.parse("function:log_* -app\npath:**/vendor/** -app", Cache(0))
        >>> frames = [{"function": "main", "filename": "vendor/a.py", "in_app": True}]
        >>> report = preview(old, new, [Stacktrace.from_event_frames(frames, "python")])
        >>> report.in_app, report.responsible[0].rule.text
        (1, 'path:**/vendor/** -app')

    Args:
        old_rules: The present rules.
        new_rules: The rules that would replace them.
        stacktraces: `Stacktrace` objects, with frames as they were before any rule. They may
            come from a generator: 1,000 at a time are in memory.
        threads: How many threads do the work, at least 1.
        progress: Called after each 1,000 with how many were compared so far.

    Returns:
        The numbers, and the rules that have to do with them.

    Raises:
        TypeError: Something is no `Stacktrace`.
        ValueError: `threads` is less than 1.
    """
    threads = checked_threads(threads)
    with Comparison(old_rules, new_rules) as comparing:
        iterator = iter(stacktraces)
        done = 0
        while batch := list(islice(iterator, BATCH)):
            check_stacktraces(batch)
            comparing.add(batch, threads)
            done += len(batch)
            if progress is not None:
                progress(done)
        return comparing.report()
