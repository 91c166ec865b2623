"""The results of `Enhancements.explain`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

from sentry_ophio._counts import some_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentry_ophio._rules import Rule

# Evaluated at run time by some tools, on 3.9.
Value = Union[bool, str, int, None]


class Step(NamedTuple):
    """An action that ran."""

    rule: int
    """The index of the rule."""
    text: str
    """The rule as it was written."""
    line: Optional[int]  # noqa: UP045
    """The line of the rule, counted from 1, if it was parsed from text."""
    source: Optional[str]  # noqa: UP045
    """The name of its source, if one was given."""
    action: str
    """The action as it is written."""
    matched: Optional[int]  # noqa: UP045
    """The frame that the rule matched. If the action has a range, another frame changed. None for a
    limit that excluded a frame."""
    field: str
    """`in_app`, `category` or `contributes` of a frame; `max_frames`, `min_frames` or
    `invert_stacktrace` of the stack trace."""
    before: Value
    """The old value; of `contributes`, the value in the app variant."""
    after: Value
    """The new value."""
    system: Optional[tuple[Value, Value]] = None  # noqa: UP045
    """The old and the new `contributes` in the system variant. None for another field, and if
    components were passed."""

    @property
    def changed(self) -> bool:
        """Whether the value changed, in one of the variants."""
        return _differ(self.before, self.after) or (
            self.system is not None and _differ(*self.system)
        )

    def change(self, word: Callable[[Value], str]) -> str:
        """Return the old and the new value, in both variants if they differ there.

        Args:
            word: Returns the word for a value.
        """
        values = self.before, self.after
        if self.system in (None, values):
            return _arrow(values, word)
        return f"app {_arrow(values, word)}, system {_arrow(self.system, word)}"

    def __str__(self) -> str:
        """Return the step in one line."""
        where = "" if self.line is None else f" (line {self.line})"
        origin = f"{self.source}: " if self.source else ""
        return f"{self.field} {self.change(_word)}  by {origin}rule {self.rule}{where}: {self.text}"


def _differ(before: Value, after: Value) -> bool:
    return before is not after and before != after


def _arrow(values: tuple[Value, Value], word: Callable[[Value], str]) -> str:
    before, after = values
    if not _differ(before, after):
        return f"stays {word(after)}"
    return f"{word(before)} -> {word(after)}"


class FrameExplanation(NamedTuple):
    """The result for a frame, and the steps that led to it."""

    in_app: Optional[bool]  # noqa: UP045
    """Whether it is the user's code, after all rules."""
    category: Optional[str]  # noqa: UP045
    """Its category, after all rules."""
    contributes: Optional[bool]  # noqa: UP045
    """Whether it counts for grouping in the app variant; None also if there is no component for
    it."""
    hint: Optional[str]  # noqa: UP045
    """Why."""
    steps: tuple[Step, ...]
    """The actions on this frame, in their order."""
    system: Optional[bool] = None  # noqa: UP045
    """Whether it counts in the system variant; None if components were passed."""
    system_hint: Optional[str] = None  # noqa: UP045
    """Why."""
    repeats: bool = False
    """Whether it repeats the frame before it. Then it counts only if `+group` brings it back."""

    @property
    def counts(self) -> str:
        """Whether it counts, in each variant, as text: `app false, system true`."""
        if self.system is None:
            return _word(self.contributes)
        return f"app {_word(self.contributes)}, system {_word(self.system)}"


class TriedMatcher(NamedTuple):
    """A matcher that was tried on a frame."""

    matcher: str
    """The matcher in the form that hints have."""
    field: str
    """The name of what it tests, such as `path`."""
    frame: Optional[int]  # noqa: UP045
    """The frame that it tests; None for the exception, and if there is no such frame."""
    value: Optional[str]  # noqa: UP045
    """The value that it tests; None if there is none."""
    holds: bool
    """Whether it holds."""
    reason: str
    """The reason."""
    later: Optional[int] = None  # noqa: UP045
    """The rule that sets the category or `in_app` that the matcher needs. It runs after the rule
    that was asked for, which changes frames: too late."""


class Explanation(NamedTuple):
    """The steps by which rules changed a stack trace. `str()` returns them as a list."""

    frames: tuple[FrameExplanation, ...]
    """Its frames."""
    contributes: bool
    """Whether the app variant counts for grouping: some of its frames do, and no rule discards it.
    The only variant, if components were passed."""
    hint: Optional[str]  # noqa: UP045
    """Why it does not count, if a rule decided it."""
    invert_stacktrace: bool
    """Whether grouping uses the frames in reverse order."""
    steps: tuple[Step, ...]
    """The actions on the stack trace as a whole, in their order."""
    why_not: Optional[tuple[TriedMatcher, ...]]  # noqa: UP045
    """For the rule and the frame of the argument `why_not`: each matcher of the rule."""
    system: Optional[bool] = None  # noqa: UP045
    """Whether the system variant counts; None if components were passed."""
    system_hint: Optional[str] = None  # noqa: UP045
    """Why it does not count, if a rule decided it."""
    decides: Optional[str] = None  # noqa: UP045
    """The variant that decides about grouping: `app` if it counts, else `system` if that counts,
    else None."""

    @property
    def verdict(self) -> tuple[str, str]:
        """How many frames count, and which variant decides, as two sentences without a period."""
        order = ", in reverse order" if self.invert_stacktrace else ""
        app = sum(frame.contributes is True for frame in self.frames)
        counts_in_app = some_of(app, len(self.frames), "frame", "count")
        if self.system is None:
            counts = "counts" if self.contributes else "does not count"
            sentence = f"the stack trace {counts} for grouping{order}{_because(self.hint)}"
            return counts_in_app, sentence
        system = sum(frame.system is True for frame in self.frames)
        frames = f"{counts_in_app} in the app variant, {system:,} in the system variant"
        discarded = app > 0 and not self.contributes
        why = "is discarded" if discarded else "does not count"
        if self.decides == "app":
            sentence = "the app variant decides"
        elif self.decides == "system":
            sentence = f"the app variant {why}, so the system variant decides"
        else:
            sentence = "the stack trace does not count for grouping"
        hint = self.hint if self.decides != "app" else None
        if self.decides is None:
            hint = hint or self.system_hint
        return frames, f"{sentence}{order}{_because(hint)}"

    def __str__(self) -> str:
        """Return a line for each frame and each step."""
        lines = []
        for number, frame in enumerate(self.frames):
            facts = [
                f"in_app {_word(frame.in_app)}",
                f"category {_word(frame.category)}",
                f"contributes{'' if frame.system is None else ':'} {frame.counts}",
            ]
            if frame.repeats:
                facts.append("repeats the frame before it")
            lines.append(f"frame {number}: {', '.join(facts)}")
            lines += [f"    {step}" for step in frame.steps]
        lines += self.verdict
        lines += [f"    {step}" for step in self.steps]
        if self.why_not is not None:
            lines.append("matchers of the rule that was asked for:")
            lines += [
                f"    {'holds' if test.holds else 'fails'}: {test.matcher} ({test.reason})"
                for test in self.why_not
            ]
        return "\n".join(lines)


def _because(hint: str | None) -> str:
    return f": {hint}" if hint else ""


def _word(value: Value) -> str:
    if value is None:
        return "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def explained(json_text: str, rules: tuple[Rule, ...]) -> Explanation:
    """Make an explanation from the JSON of the library."""
    found: dict[str, Any] = json.loads(json_text)

    def steps(each: dict[str, Any]) -> tuple[Step, ...]:
        return tuple(
            Step(
                step["rule"],
                rules[step["rule"]].text,
                rules[step["rule"]].line,
                rules[step["rule"]].source,
                step["action"],
                step["matched"],
                step["field"],
                step["before"],
                step["after"],
                step["system"] and tuple(step["system"]),
            )
            for step in each["steps"]
        )

    frames = tuple(
        FrameExplanation(
            each["in_app"],
            each["category"],
            each["contributes"],
            each["hint"],
            steps(each),
            each["system"],
            each["system_hint"],
            each["repeats"],
        )
        for each in found["frames"]
    )
    tests = found["why_not"]
    return Explanation(
        frames,
        found["contributes"],
        found["hint"],
        found["invert_stacktrace"],
        steps(found),
        None if tests is None else tuple(TriedMatcher(**test) for test in tests),
        found["system"],
        found["system_hint"],
        found["decides"],
    )
