"""The results of `Enhancements.explain`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, Optional, Union

if TYPE_CHECKING:
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
    """The old value."""
    after: Value
    """The new value."""

    @property
    def changed(self) -> bool:
        """Whether the value changed."""
        return self.before is not self.after and self.before != self.after

    def __str__(self) -> str:
        """Return the step in one line."""
        where = "" if self.line is None else f" (line {self.line})"
        origin = f"{self.source}: " if self.source else ""
        arrow = f"{_word(self.before)} -> {_word(self.after)}"
        if not self.changed:
            arrow = f"stays {_word(self.after)}"
        return f"{self.field} {arrow}  by {origin}rule {self.rule}{where}: {self.text}"


class FrameExplanation(NamedTuple):
    """The result for a frame, and the steps that led to it."""

    in_app: Optional[bool]  # noqa: UP045
    """Whether it is the user's code, after all rules."""
    category: Optional[str]  # noqa: UP045
    """Its category, after all rules."""
    contributes: Optional[bool]  # noqa: UP045
    """Whether it counts for grouping; None also if there is no component for it."""
    hint: Optional[str]  # noqa: UP045
    """Why."""
    steps: tuple[Step, ...]
    """The actions on this frame, in their order."""


class TriedMatcher(NamedTuple):
    """A matcher that was tried on a frame."""

    matcher: str
    """The matcher in the form that hints have."""
    frame: Optional[int]  # noqa: UP045
    """The frame that it tests; None for the exception, and if there is no such frame."""
    value: Optional[str]  # noqa: UP045
    """The value that it tests; None if there is none."""
    holds: bool
    """Whether it holds."""
    reason: str
    """The reason."""


class Explanation(NamedTuple):
    """The steps by which rules changed a stack trace. `str()` returns them as a list."""

    frames: tuple[FrameExplanation, ...]
    """Its frames."""
    contributes: bool
    """Whether it counts for grouping."""
    hint: Optional[str]  # noqa: UP045
    """Why it does not count, if a rule decided it."""
    invert_stacktrace: bool
    """Whether grouping uses the frames in reverse order."""
    steps: tuple[Step, ...]
    """The actions on the stack trace as a whole, in their order."""
    why_not: Optional[tuple[TriedMatcher, ...]]  # noqa: UP045
    """For the rule and the frame of the argument `why_not`: each matcher of the rule."""

    def __str__(self) -> str:
        """Return a line for each frame and each step."""
        lines = []
        for number, frame in enumerate(self.frames):
            facts = [
                f"in_app {_word(frame.in_app)}",
                f"category {_word(frame.category)}",
                f"contributes {_word(frame.contributes)}",
            ]
            lines.append(f"frame {number}: {', '.join(facts)}")
            lines += [f"    {step}" for step in frame.steps]
        counts = "counts" if self.contributes else "does not count"
        order = ", in reverse order" if self.invert_stacktrace else ""
        lines.append(f"the stack trace {counts}{order}")
        lines += [f"    {step}" for step in self.steps]
        if self.why_not is not None:
            lines.append("matchers of the rule that was asked for:")
            lines += [
                f"    {'holds' if test.holds else 'fails'}: {test.matcher} ({test.reason})"
                for test in self.why_not
            ]
        return "\n".join(lines)


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
            )
            for step in each["steps"]
        )

    frames = tuple(
        FrameExplanation(
            each["in_app"], each["category"], each["contributes"], each["hint"], steps(each)
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
    )
