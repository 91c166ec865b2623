"""Compares the results of two rule sets: `preview`."""

from __future__ import annotations

import json
from itertools import islice
from typing import TYPE_CHECKING, Any, Callable, NamedTuple

from sentry_ophio._arguments import checked_int, checked_items, checked_threads, type_error
from sentry_ophio._counts import counted, restored_line, some_of, word_for
from sentry_ophio._ffi import Handle, check, ffi, lib, string
from sentry_ophio._pack import add_repeats, join
from sentry_ophio._rule_set import Enhancements
from sentry_ophio._rules import place_of
from sentry_ophio._shown import shown
from sentry_ophio._stacktrace import check_stacktraces

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from _cffi_backend import _CDataBase as CData

    from sentry_ophio._rules import Rule
    from sentry_ophio._stacktrace import Stacktrace

BATCH = 1_000
"""The maximum number of stack traces in memory."""

_EXPLAINED = 10_000

_NAMED = 20
"""The maximum number of rules that matched nothing in the text of a report."""


class RuleReport(NamedTuple):
    """The effect of a rule on the changes."""

    rule: Rule
    """The rule."""
    number: int
    """Its index in its rule set."""
    matched: int
    """The number of stack traces in which it matches a frame."""
    responsible: int
    """The number of changes for which it is responsible. For each change that is the last new rule
    that set the value, or the last old rule if no new rule set it. Only stack traces that were
    explained are counted."""


class Report(NamedTuple):
    """The differences between the results of two rule sets. `str()` returns them as text."""

    stacktraces: int
    """The number of stack traces that were compared."""
    frames: int
    """The number of their frames."""
    changed_stacktraces: int
    """The number of stack traces in which a frame changes, or the stack trace as a whole."""
    changed_frames: int
    """The number of frames with any change."""
    in_app: int
    """The number of frames whose `in_app` changes. None and False are equal."""
    category: int
    """The number of frames whose category changes."""
    contributes: int
    """The number of frames whose `contributes` changes in the app variant."""
    system: int
    """The number of frames whose `contributes` changes in the system variant."""
    grouping: int
    """The number of stack traces with another sequence of frames that count, in the variant that
    decides: the app variant if it counts, else the system variant."""
    grouping_app: int
    """The number of stack traces with another sequence in the app variant."""
    grouping_system: int
    """The number of stack traces with another sequence in the system variant."""
    explained: int
    """The number of stack traces that were explained to find the responsible rules: the first that
    change, at most `max_explained`."""
    examples: tuple[int, ...]
    """The numbers of the stack traces that change, counted from 0: at most the first 1,000."""
    old_rules: tuple[RuleReport, ...]
    """The old rules."""
    new_rules: tuple[RuleReport, ...]
    """The new rules."""
    restored_stacktraces: int = 0
    """The number of stack traces of events with a frame whose `in_app` was restored from
    `data.orig_in_app` before rules ran."""
    restored_frames: int = 0
    """The number of these frames."""

    @property
    def responsible(self) -> tuple[RuleReport, ...]:
        """The responsible rules, new and old, those with most changes first."""
        found = [each for each in (*self.new_rules, *self.old_rules) if each.responsible]
        return tuple(sorted(found, key=lambda each: -each.responsible))

    @property
    def never_matched(self) -> tuple[RuleReport, ...]:
        """The new rules that matched nothing."""
        return tuple(each for each in self.new_rules if not each.matched)

    def __str__(self) -> str:
        """Return the numbers, the rules with most changes, and the rules that never matched."""
        changed = some_of(self.changed_stacktraces, self.stacktraces, "stack trace", "change")
        lines = [
            f"{changed}, {self.changed_frames:,} of {counted(self.frames, 'frame')}",
            f"  in-app       {_numbered(self.in_app, 'frame')}",
            f"  category     {_numbered(self.category, 'frame')}",
            f"  counts       {_numbered(self.contributes, 'frame')} in the app variant,"
            f" {self.system:,} in the system variant",
            f"  grouping     {_numbered(self.grouping, 'stack trace')}"
            f" (app variant {self.grouping_app:,}, system variant {self.grouping_system:,})",
        ]
        if self.restored_frames:
            lines.append(restored_line(self.restored_frames, self.restored_stacktraces))
        if self.responsible:
            some = self.explained < self.changed_stacktraces
            first = f", in the first {self.explained:,} that change" if some else ""
            lines.append(f"responsible{first}:")
        lines += [f"  {each.responsible:>12,}  {_named(each)}" for each in self.responsible[:10]]
        if len(self.responsible) > 10:
            lines.append(f"  and {counted(len(self.responsible) - 10, 'more rule')}")
        never = self.never_matched
        end = ":" if never else ""
        new = counted(len(self.new_rules), "new rule")
        lines.append(f"{len(never):,} of {new} matched nothing{end}")
        # Such as the rules of a base, which are in both sets: they are not what is tried.
        known = {_words(each) for each in self.old_rules}
        own = [each for each in never if _words(each) not in known]
        lines += [f"  {_named(each)}" for each in own[:_NAMED]]
        if len(own) > _NAMED:
            lines.append(f"  and {counted(len(own) - _NAMED, 'more rule')}")
        if len(own) < len(never):
            lines.append(f"  and {len(never) - len(own):,} that the old rules have, too")
        # Rules and the names of their files are untrusted.
        return "\n".join(map(shown, lines))


def _numbered(count: int, word: str) -> str:
    return f"{count:>12,} {word_for(count, word)}"


def _words(each: RuleReport) -> tuple[str, ...]:
    """Return the parts of a rule, which are the same however they are aligned."""
    return tuple(each.rule.text.split())


def _named(each: RuleReport) -> str:
    return f"{place_of(each.number, each.rule.line, each.rule.source)}  {each.rule.text}"


class Comparison(Handle):
    """A comparison over stack traces in several forms. It creates the `Report`."""

    __slots__ = ("_restored", "_rules", "fresh", "was_fed")
    _KIND = ffi.typeof("OphioEnhancementsPreview **")
    _FREE = lib.ophio_enhancements_preview_free

    def __init__(
        self,
        old_rules: Enhancements,
        new_rules: Enhancements,
        *,
        fresh: bool = False,
        max_explained: int = _EXPLAINED,
        listed: tuple[Sequence[Rule], Sequence[Rule]] | None = None,
    ) -> None:
        # The rules of this moment: the report is about these, even if a set is extended later.
        old, new = _moment("old_rules", old_rules), _moment("new_rules", new_rules)
        old_ptr = old._ptr
        new_ptr = new._ptr
        # `listed` is for many comparisons of the same sets: listing hundreds of rules takes as long
        # as comparing a thousand stack traces.
        old_listed, new_listed = (old.rules, new.rules) if listed is None else listed
        self._rules = {"old_rules": old_listed, "new_rules": new_listed}
        place = self._place()
        check(lib.ophio_enhancements_preview_new(old_ptr, new_ptr, place))
        self._adopt(place)
        # Whether `in_app` of the frames of events is kept, not restored.
        self.fresh = fresh
        # The stack traces and the frames that were restored before they were passed to `add`.
        self._restored = (0, 0)
        # Whether there was anything to read.
        self.was_fed = False
        ptr = self._ptr
        check(lib.ophio_enhancements_preview_set_fresh(ptr, fresh))
        check(lib.ophio_enhancements_preview_set_max_explained(ptr, max_explained))

    def add(self, stacktraces: list[Stacktrace], threads: int) -> None:
        """Compare prepared stack traces."""
        ptr = self._ptr
        packed = join([add_repeats(each._packed, each._repeats) for each in stacktraces])
        check(lib.ophio_enhancements_preview_add(ptr, packed, len(packed), threads))

    def count_restored(self, frames: Iterable[int]) -> None:
        """Count what the caller restored: the number of frames in each stack trace."""
        counts = [each for each in frames if each]
        stacktraces, before = self._restored
        self._restored = stacktraces + len(counts), before + sum(counts)

    def add_json_lines(self, lines: bytes, threads: int) -> tuple[int, int]:
        """Compare the stack traces of events, one per line, up to a line that is not an event.

        Returns:
            The number of bytes of the lines that were read, and the number of their stack traces.
        """
        ptr = self._ptr
        numbers = ffi.new("size_t[2]")
        read, count = numbers, numbers + 1
        check(
            lib.ophio_enhancements_preview_add_json_lines(
                ptr, lines, len(lines), threads, read, count
            )
        )
        return numbers[0], numbers[1]

    def add_arrow(self, array: CData, schema: CData, threads: int) -> None:
        """Compare the rows of an array, which is moved."""
        ptr = self._ptr
        check(lib.ophio_enhancements_preview_add_arrow(ptr, array, schema, threads))

    def report(self) -> Report:
        """Return the report."""
        pointer = self._ptr
        text = string(lambda out: lib.ophio_enhancements_preview_report(pointer, out))
        found: dict[str, Any] = json.loads(text)
        found["examples"] = tuple(found["examples"])
        for name, count in zip(("restored_stacktraces", "restored_frames"), self._restored):
            found[name] += count
        for name, known in self._rules.items():
            found[name] = tuple(
                RuleReport(rule, number, each["matched"], each["responsible"])
                for number, (rule, each) in enumerate(zip(known, found[name]))
            )
        return Report(**found)


def _moment(name: str, rules: Enhancements) -> Enhancements:
    if not issubclass(type(rules), Enhancements):
        raise type_error(name, "Enhancements", rules)
    return rules.__copy__()


def preview(  # noqa: PLR0913
    old_rules: Enhancements,
    new_rules: Enhancements,
    stacktraces: Iterable[Stacktrace],
    *,
    threads: int = 1,
    progress: Callable[[int], object] | None = None,
    max_explained: int = _EXPLAINED,
) -> Report:
    r"""Compare the results of two rule sets.

    Both rule sets run both passes on every stack trace. The first pass changes frames. The second
    pass uses the changed frames for grouping, once for each variant of the stack trace: initially
    the in-app frames count in the app variant, and all frames in the system variant.

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
        stacktraces: `Stacktrace` objects, with frames to which no rules were applied. They may come
            from a generator: at most 1,000 are in memory.
        threads: The number of threads, at least 1.
        progress: Called after each 1,000 with the number compared so far.
        max_explained: The maximum number of changed stack traces that are explained to find the
            responsible rules. Explaining takes most of the time. The other numbers do not depend
            on it.

    Returns:
        The numbers, and the effect of each rule.

    Raises:
        TypeError: An item is not a `Stacktrace`, or a rule set is not an `Enhancements`.
        ValueError: `threads` is less than 1.
        OverflowError: `max_explained` is negative or too large.
    """
    threads = checked_threads(threads)
    most = checked_int("max_explained", max_explained)
    with Comparison(old_rules, new_rules, max_explained=most) as comparing:
        iterator = checked_items("stacktraces", "Stacktrace objects", stacktraces)
        done = 0
        while batch := list(islice(iterator, BATCH)):
            check_stacktraces(batch)
            comparing.add(batch, threads)
            done += len(batch)
            if progress is not None:
                progress(done)
        return comparing.report()
