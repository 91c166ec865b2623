"""`Component` and `AssembleResult`: what can be read, written and made."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from frame_fields import FRAME_FIELDS, NO_EXCEPTION

from sentry_ophio.enhancers import AssembleResult, Component, Enhancements


@pytest.mark.parametrize("value", [None, True, False])
def test_contributes(value: bool | None) -> None:
    component = Component(value)
    assert component.contributes is value
    assert component.hint is None
    component.contributes = None
    assert component.contributes is None
    assert Component(contributes=value).contributes is value
    assert repr(Component(value)) == f"Component(contributes={value}, hint=None)"


def test_nothing_is_decided_to_begin_with() -> None:
    assert Component().contributes is None


@pytest.mark.parametrize("value", [0, 1, 1.0, "true", [], object()])
def test_no_value_for_contributes(value: Any) -> None:
    with pytest.raises(TypeError):
        Component(value)
    component = Component(True)
    with pytest.raises(TypeError):
        component.contributes = value
    assert component.contributes is True


def test_a_hint_can_only_be_read() -> None:
    with pytest.raises(AttributeError):
        Component().hint = "why"  # type: ignore[misc]


def test_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Component().other = 1  # type: ignore[attr-defined]


def test_writing_contributes_keeps_the_hint() -> None:
    component = hinted()
    component.contributes = True
    assert component.hint == "ignored by stack trace rule (app:no -group)"


def hinted() -> Component:
    from sentry_ophio.enhancers import Cache  # noqa: PLC0415

    rules = Enhancements.parse("app:no -group", Cache(0))
    component = Component()
    rules.assemble_stacktrace_component([dict.fromkeys(FRAME_FIELDS)], NO_EXCEPTION, [component])
    return component


def test_a_component_is_known_by_its_identity() -> None:
    assert Component() != Component()
    for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError):
            duplicate(Component())


def test_a_result_can_be_read_and_not_made() -> None:
    result = Enhancements.empty().assemble_stacktrace_component([], NO_EXCEPTION, [])
    assert isinstance(result, AssembleResult)
    assert (result.contributes, result.hint, result.invert_stacktrace) == (False, None, False)
    assert repr(result) == "AssembleResult(contributes=False, hint=None, invert_stacktrace=False)"
    for name in ("contributes", "hint", "invert_stacktrace"):
        with pytest.raises(AttributeError):
            setattr(result, name, True)
    with pytest.raises(TypeError):
        AssembleResult()
