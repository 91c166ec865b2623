"""Frames and exception data: what is taken, what is refused, and what the answers are."""

from __future__ import annotations

from collections import ChainMap, UserDict
from typing import Any

import pytest
from frame_fields import EXCEPTION_FIELDS, FRAME_FIELDS, NO_EXCEPTION

from sentry_ophio.enhancers import Cache, Component, Enhancements
from sentry_ophio.exceptions import FrameKeyError, FrameTypeError

EMPTY = dict.fromkeys(FRAME_FIELDS)
RULES = Enhancements.parse("function:a +app category=x\nfunction:b -app -group", Cache(0))


def frame(**values: Any) -> dict[str, Any]:
    return {**EMPTY, **values}


def apply(*frames: Any, exception: Any = NO_EXCEPTION) -> list[Any]:
    return RULES.apply_modifications_to_frames(list(frames), exception)


def test_the_keys_are_those_of_version_1() -> None:
    """The only list of them outside of core's table: what callers write must not change."""
    assert (
        *("category", "family", "function", "module", "package", "path"),
        *("in_app", "orig_in_app"),
    ) == FRAME_FIELDS
    assert EXCEPTION_FIELDS == ("ty", "value", "mechanism")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (frame(), (None, None)),
        (frame(function=b"a"), ("x", True)),
        (frame(function=b"b"), (None, False)),
        (frame(function=b"a", category=b"y"), ("x", True)),
        (frame(category="é".encode()), ("é", None)),
        (frame(category=b"", in_app=True), ("", True)),
        (frame(in_app=False, orig_in_app=127), (None, False)),
        (frame(orig_in_app=-128), (None, None)),
        (frame(orig_in_app=True), (None, None)),
        (frame(more="ignored"), (None, None)),
        (UserDict(frame(function=b"a")), ("x", True)),
        (ChainMap[str, Any]({"function": b"a"}, dict(EMPTY)), ("x", True)),
        (frame(function=bytearray(b"a")), ("x", True)),
        (frame(function=memoryview(b"a")), ("x", True)),
        (frame(function=b"a" * 100_000), (None, None)),
    ],
)
def test_a_frame(given: Any, expected: tuple[Any, Any]) -> None:
    assert apply(given) == [expected]


def test_frames_are_not_changed() -> None:
    given = frame(function=b"a")
    apply(given)
    assert given == frame(function=b"a")


@pytest.mark.parametrize("count", [0, 1, 2, 1_100])
def test_any_number_of_frames(count: int) -> None:
    assert apply(*[frame(function=b"a")] * count) == [("x", True)] * count


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"function": "text"}, "field `function`: expected bytes or None, not str"),
        ({"category": 7}, "field `category`: expected bytes or None, not 7"),
        ({"path": [b"a"]}, "field `path`: expected bytes or None, not list"),
        ({"module": b"a\xff"}, "field `module`: invalid UTF-8 at byte 1"),
        ({"family": b"\xed\xa0\x80"}, "field `family`: invalid UTF-8 at byte 0"),
        ({"in_app": 1}, "field `in_app`: expected a bool or None, not 1"),
        (
            {"orig_in_app": 128},
            "field `orig_in_app`: expected an int from -128 to 127 or None, not 128",
        ),
        (
            {"orig_in_app": 1.0},
            "field `orig_in_app`: expected an int from -128 to 127 or None, not 1.0",
        ),
        (
            {"orig_in_app": 10**99},
            "field `orig_in_app`: expected an int from -128 to 127 or None, not a huge number",
        ),
        ({"package": object()}, "field `package`: expected bytes or None, not object"),
    ],
)
def test_a_value_of_the_wrong_type_names_frame_and_field(bad: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        apply(frame(), frame(**bad), frame())
    assert isinstance(caught.value, FrameTypeError)
    assert str(caught.value) == f"frame 1: {message}"


@pytest.mark.parametrize("key", FRAME_FIELDS)
def test_a_missing_key_is_named(key: str) -> None:
    given = frame()
    del given[key]
    with pytest.raises(KeyError) as caught:
        apply(frame(), given)
    assert isinstance(caught.value, FrameKeyError)
    assert str(caught.value) == f"frame 1: missing key `{key}`"


@pytest.mark.parametrize("given", [None, 7, "frame", b"frame", [], ()])
def test_no_frame(given: Any) -> None:
    with pytest.raises(TypeError, match=r"^frame 0: expected a mapping, not "):
        apply(given)


@pytest.mark.parametrize("frames", [None, (), {}, "frames", iter([])])
def test_frames_must_be_a_list(frames: Any) -> None:
    with pytest.raises(TypeError, match=r"^frames must be a list, not "):
        RULES.apply_modifications_to_frames(frames, NO_EXCEPTION)


class Angry:
    """A mapping that fails in its own way."""

    def __getitem__(self, key: str) -> object:
        raise ZeroDivisionError(key)


def test_an_error_of_a_mapping_comes_through() -> None:
    with pytest.raises(ZeroDivisionError):
        apply(Angry())


@pytest.mark.parametrize(
    ("exception", "error", "message"),
    [
        ({"ty": None, "value": None}, KeyError, "exception data: missing key `mechanism`"),
        (
            {**NO_EXCEPTION, "ty": "E"},
            TypeError,
            "exception data: field `ty`: expected bytes or None, not str",
        ),
        (
            {**NO_EXCEPTION, "value": b"\xff"},
            TypeError,
            "exception data: field `value`: invalid UTF-8 at byte 0",
        ),
        (None, TypeError, "exception data: expected a mapping, not NoneType"),
    ],
)
def test_bad_exception_data(exception: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        apply(frame(), exception=exception)
    assert str(caught.value) == message


# --- components ---------------------------------------------------------------------


def test_components_are_changed_in_place() -> None:
    components = [Component(), Component(True), Component(False)]
    result = RULES.assemble_stacktrace_component(
        [frame(), frame(function=b"b")], NO_EXCEPTION, components
    )
    assert [component.contributes for component in components] == [None, False, False]
    assert components[1].hint == "ignored by stack trace rule (function:b -app -group)"
    assert result.contributes is False


def test_names_of_arguments() -> None:
    result = RULES.assemble_stacktrace_component(
        frames=[], exception_data=NO_EXCEPTION, components=(Component(True),)
    )
    assert result.contributes is True
    assert RULES.apply_modifications_to_frames(frames=[], exception_data=NO_EXCEPTION) == []


def test_why_a_stack_trace_is_discarded() -> None:
    rules = Enhancements.parse("function:* min-frames=2 invert-stacktrace=1", Cache(0))
    result = rules.assemble_stacktrace_component(
        [frame(function=b"f")], NO_EXCEPTION, [Component(True)]
    )
    assert result.contributes is False
    assert result.invert_stacktrace is True
    assert result.hint == (
        "discarded because stack trace only contains 1 frame which is under the configured "
        "threshold by stack trace rule (function:* min-frames=2 invert-stacktrace=true)"
    )


@pytest.mark.parametrize(
    ("components", "error"),
    [
        (None, TypeError),
        (7, TypeError),
        ({Component()}, TypeError),
        (iter([Component()]), TypeError),
        ([None], TypeError),
        ([Component(), "x"], TypeError),
        ([component := Component(), component], RuntimeError),
    ],
)
def test_bad_components(components: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        RULES.assemble_stacktrace_component([frame()], NO_EXCEPTION, components)


@pytest.mark.parametrize(
    "bad", [frame(function="b"), frame(path=b"\xff"), {}, frame(orig_in_app=300), None]
)
def test_nothing_is_written_when_a_call_fails(bad: Any) -> None:
    components = [Component(True), Component(True)]
    with pytest.raises((TypeError, KeyError)):
        RULES.assemble_stacktrace_component([frame(function=b"b"), bad], NO_EXCEPTION, components)
    assert [(c.contributes, c.hint) for c in components] == [(True, None)] * 2


def test_the_numbers_of_answers_stay_valid_when_rules_are_appended() -> None:
    rules = Enhancements.parse("function:a category=x", Cache(0))
    given = [frame(function=b"a"), frame(function=b"b")]
    assert rules.apply_modifications_to_frames(given, NO_EXCEPTION) == [("x", None), (None, None)]
    rules.extend_from(Enhancements.parse("function:b category=y", Cache(0)))
    assert rules.apply_modifications_to_frames(given, NO_EXCEPTION) == [("x", None), ("y", None)]
