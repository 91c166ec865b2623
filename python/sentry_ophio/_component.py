"""The results of grouping for a frame and for a stack trace: `Component`, `AssembleResult`."""

from __future__ import annotations

from sentry_ophio._arguments import type_error
from sentry_ophio._first_use import first_use
from sentry_ophio._typing import final
from sentry_ophio.exceptions import (
    ArgumentTypeError,
    DuplicateComponentError,
    UnsupportedOperationError,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, NoReturn, Optional, TypeVar

    Read = TypeVar("Read")

    State = tuple[Optional[bool], Optional[str], int]
    """`contributes` and hint of a component, and `contributes` as the library writes it."""

# The numbers for missing, false and true; see `OphioTristate`.
TRISTATE = (None, False, True)
TRISTATE_BYTE = {None: 0, False: 1, True: 2}


@final
class Component:
    """A component: whether a frame counts for grouping, and why.

    Args:
        contributes: Whether the frame counts for grouping; None if that is not decided.

    Raises:
        TypeError: `contributes` is neither a `bool` nor None.
    """

    # A reference to a tuple that all components with the same state share, so that a call writes
    # the result of a component with one store.
    __slots__ = ("_state",)

    _state: State

    def __init__(self, contributes: bool | None = None) -> None:
        # Compare identity first: this check takes most of the time of creating a component, except
        # for the object itself.
        if contributes is True:
            self._state = _CONTRIBUTES
        elif contributes is False:
            self._state = _CONTRIBUTES_NOT
        elif contributes is None:
            self._state = _UNDECIDED
        else:
            raise _not_tristate(contributes)

    @property
    def contributes(self) -> bool | None:
        """Whether the frame counts for grouping; None if that is not decided."""
        return self._state[0]

    @contributes.setter
    def contributes(self, value: bool | None) -> None:
        if value is not None and value is not True and value is not False:
            raise _not_tristate(value)
        self._state = (value, self._state[1], TRISTATE_BYTE[value])

    @property
    def hint(self) -> str | None:
        """Why the frame counts or not: a text with the rule."""
        return self._state[1]

    def __repr__(self) -> str:
        """Show both attributes."""
        return f"Component(contributes={self.contributes}, hint={self.hint!r})"

    def __reduce__(self) -> NoReturn:
        """Fail: a component is compared by identity, so a copy would not be equal."""
        raise UnsupportedOperationError("cannot copy or pickle a Component")


_UNDECIDED: State = (None, None, TRISTATE_BYTE[None])
_CONTRIBUTES: State = (True, None, TRISTATE_BYTE[True])
_CONTRIBUTES_NOT: State = (False, None, TRISTATE_BYTE[False])


def _not_tristate(value: object) -> ArgumentTypeError:
    return type_error("contributes", "a bool or None", value)


@final
class AssembleResult:
    """The result of `Enhancements.assemble_stacktrace_component` for the stack trace as a whole."""

    __slots__ = ("_contributes", "_hint", "_invert_stacktrace")

    _contributes: bool
    _hint: str | None
    _invert_stacktrace: bool

    def __new__(cls) -> AssembleResult:
        """Fail: only the library creates results."""
        raise UnsupportedOperationError("cannot create an AssembleResult: Enhancements makes them")

    @property
    def contributes(self) -> bool:
        """Whether the stack trace counts for grouping."""
        return self._contributes

    @property
    def hint(self) -> str | None:
        """Why it does not count, if a rule about its length decided it."""
        return self._hint

    @property
    def invert_stacktrace(self) -> bool:
        """Whether grouping should use the frames in reverse order."""
        return self._invert_stacktrace

    def __repr__(self) -> str:
        """Show all attributes."""
        return (
            f"AssembleResult(contributes={self.contributes}, hint={self.hint!r}, "
            f"invert_stacktrace={self.invert_stacktrace})"
        )


def _made(contributes: bool, invert_stacktrace: bool, hint: str | None) -> AssembleResult:
    result = object.__new__(AssembleResult)
    result._contributes = contributes
    result._invert_stacktrace = invert_stacktrace
    result._hint = hint
    return result


# Results are immutable, so those without a hint are created once.
_RESULTS = {
    (contributes, inverted): _made(contributes, inverted, None)
    for contributes in (False, True)
    for inverted in (False, True)
}


def assemble_result(contributes: bool, invert_stacktrace: bool, hint: str | None) -> AssembleResult:
    """Return the result for a stack trace as a whole."""
    if hint is None:
        return _RESULTS[contributes, invert_stacktrace]
    return _made(contributes, invert_stacktrace, hint)


def read_components(components: Sequence[Component]) -> tuple[list[Component], bytes]:
    """Check components, and return a copy of the list with `contributes` of each.

    After the first component has changed, nothing may fail. So the copy is what is checked and what
    is written to, even if another thread changes the list.

    Returns:
        The components, and a byte for each, as the library reads it.

    Raises:
        ArgumentTypeError: An item is not a `Component`; a `TypeError`.
        DuplicateComponentError: A component occurs twice; a `RuntimeError`.
    """
    listed: list[Any] = sequence(components)
    # One pass checks and reads: a `set` of the types would take as long as the rest.
    before = [each._state[2] for each in listed if type(each) is Component]
    if len(before) != len(listed):
        other = next(type(each) for each in listed if type(each) is not Component)
        raise ArgumentTypeError(f"components must be Component objects, not {other.__name__}")
    # Components compare by identity.
    if len(set(listed)) != len(listed):
        raise DuplicateComponentError("components has the same Component more than once")
    return listed, bytes(before)


def sequence(items: Sequence[Read]) -> list[Read]:
    if type(items) is list or type(items) is tuple:
        return list(items)
    with first_use:
        from collections.abc import Sequence  # noqa: PLC0415 (loads when used)

    if not isinstance(items, Sequence):
        raise type_error("components", "a sequence", items)
    return list(items)
