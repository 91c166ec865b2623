"""A case for two packages: what to do with `sentry_ophio.enhancers`, and what came out.

Runs in the test's process with our package, and in `oracle_worker.py` with the
published one. Uses the standard library only: the other environment has no more.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from collections.abc import Sequence

# ("ok", result) or ("error", names of the exception's classes, its text)
Outcome = tuple[Any, ...]


class Box:
    """A mapping in the weakest sense: it has `[]` and nothing else."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values

    def __getitem__(self, key: str) -> Any:
        return self.values[key]

    def __repr__(self) -> str:
        return f"Box({self.values})"


class Number:
    """An integer in the weakest sense."""

    def __init__(self, value: int) -> None:
        self.value = value

    def __index__(self) -> int:
        return self.value

    def __repr__(self) -> str:
        return f"Number({self.value})"


@dataclass
class Case:
    """Rules (text or binary; several are appended), and one stack trace."""

    rules: Sequence[Any]
    frames: Any = field(default_factory=list)
    exception: Any = field(default_factory=dict)
    contributes: Any = ()
    cache: Any = 10
    same_twice: bool = False
    """Whether the first component comes once more at the end."""


def attempt(action: Callable[[], Any]) -> Outcome:
    try:
        return "ok", action()
    except BaseException as error:
        return "error", [cls.__name__ for cls in type(error).__mro__], str(error)


def run(enhancers: Any, case: Case) -> list[Outcome]:
    """Do what the case says with a module that is like `sentry_ophio.enhancers`."""
    outcomes = []
    sets = []
    cache: list[Any] = []

    def make(source: Any) -> None:
        if not cache:
            cache.append(enhancers.Cache(case.cache))
        parse = enhancers.Enhancements.parse
        if not isinstance(source, str):
            parse = enhancers.Enhancements.from_config_structure
        sets.append(parse(source, cache[0]))

    for source in case.rules:
        outcomes.append(attempt(partial(make, source)))
    rules = enhancers.Enhancements.empty()
    for each in sets:
        rules.extend_from(each)

    outcomes.append(
        attempt(lambda: rules.apply_modifications_to_frames(case.frames, case.exception))
    )
    try:
        components = [enhancers.Component(each) for each in case.contributes]
    except TypeError:
        components = case.contributes
    if case.same_twice:
        components = [*components, *components[:1]]

    def assemble() -> tuple[Any, ...]:
        result = rules.assemble_stacktrace_component(case.frames, case.exception, components)
        return result.contributes, result.hint, result.invert_stacktrace

    outcomes.append(attempt(assemble))
    outcomes.append(attempt(lambda: [(each.contributes, each.hint) for each in components]))
    return outcomes
