"""Events become stack traces: where they are found, what frames become, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from frame_fields import NO_EXCEPTION

from sentry_ophio.events import stacktraces_of
from sentry_ophio.exceptions import EventError

ONE = {"frames": [{"function": "f"}]}


def places(event: dict[str, Any]) -> list[str]:
    return [trace.place for trace in stacktraces_of(event)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({}, []),
        ({"stacktrace": None, "exception": None, "threads": {"values": None}}, []),
        ({"stacktrace": ONE}, ["stacktrace"]),
        ({"exception": {"values": [{"stacktrace": ONE}]}}, ["exception.values[0]"]),
        (
            {"exception": {"values": [None, {"stacktrace": None}, {"stacktrace": ONE}]}},
            ["exception.values[2]"],
        ),
        ({"exception": [{"stacktrace": ONE}]}, ["exception[0]"]),
        ({"exception": {"type": "E", "stacktrace": ONE}}, ["exception"]),
        ({"threads": {"values": [{}, {"stacktrace": ONE}]}}, ["threads.values[1]"]),
        (
            {
                "stacktrace": ONE,
                "exception": {"values": [{"stacktrace": ONE}]},
                "threads": {"values": [{"stacktrace": ONE}]},
            },
            ["stacktrace", "exception.values[0]", "threads.values[0]"],
        ),
    ],
)
def test_every_stack_trace_is_found(event: dict[str, Any], expected: list[str]) -> None:
    assert places(event) == expected


def only_frame(frame: dict[str, Any], platform: str | None = None) -> dict[str, Any]:
    event = {"platform": platform, "stacktrace": {"frames": [frame]}}
    return stacktraces_of(event)[0].frames[0]


@pytest.mark.parametrize(
    ("platform", "family"),
    [
        *((name, b"native") for name in ("cocoa", "native", "objc", "swift", "c")),
        *((name, b"javascript") for name in ("javascript", "node")),
        *(
            (name, b"other")
            for name in ("python", "java", "csharp", "cpp", "rust", "Native", "", None)
        ),
    ],
)
def test_the_platform_decides_the_family(platform: str | None, family: bytes) -> None:
    assert only_frame({}, platform)["family"] == family
    assert only_frame({"platform": platform}, None)["family"] == family


def test_the_platform_of_a_frame_comes_first() -> None:
    assert only_frame({"platform": "native"}, "javascript")["family"] == b"native"


@pytest.mark.parametrize(
    ("frame", "key", "value"),
    [
        ({"function": "Main::f"}, "function", b"Main::f"),
        ({"module": "A.B"}, "module", b"A.B"),
        ({"package": "C:\\Windows\\K.DLL"}, "package", b"c:/windows/k.dll"),
        ({"abs_path": "/A/b.py", "filename": "b.py"}, "path", b"/a/b.py"),
        ({"abs_path": "", "filename": "B.py"}, "path", b"b.py"),
        ({"filename": "ÉA.py"}, "path", "Éa.py".encode()),
        ({}, "path", None),
        ({}, "function", b"<unknown>"),
        ({"function": "f(int)", "platform": "native"}, "function", b"f"),
        ({"function": "f(int)", "raw_function": "x", "platform": "c"}, "function", b"f(int)"),
        ({"in_app": True}, "in_app", True),
        ({"in_app": None}, "in_app", None),
        ({"data": {"category": "ui"}}, "category", b"ui"),
        ({"data": {"orig_in_app": -1}}, "orig_in_app", -1),
        ({"data": {"orig_in_app": True}}, "orig_in_app", 1),
        ({"data": None}, "category", None),
        ({"function": "\ud800"}, "function", b"?"),
        ({"function": 7}, "function", b"7"),
    ],
)
def test_a_field(frame: dict[str, Any], key: str, value: object) -> None:
    assert only_frame(frame)[key] == value


def test_the_exception_belongs_to_its_stack_trace() -> None:
    value = {"type": "E", "value": "why", "mechanism": {"type": "m"}, "stacktrace": ONE}
    traces = stacktraces_of({"stacktrace": ONE, "exception": {"values": [value]}})
    assert [trace.exception for trace in traces] == [
        NO_EXCEPTION,
        {"ty": b"E", "value": b"why", "mechanism": b"m"},
    ]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (None, "the event must be an object, not null"),
        ([], "the event must be an object, not a list"),
        ("event", "the event must be an object, not a text"),
        ({"stacktrace": 7}, "stacktrace must be an object, not a number"),
        ({"stacktrace": {"frames": {}}}, "stacktrace.frames must be a list, not an object"),
        ({"stacktrace": {"frames": [[]]}}, "stacktrace.frames[0] must be an object, not a list"),
        (
            {"stacktrace": {"frames": [{}, {"function": ["f"]}]}},
            "stacktrace.frames[1].function must be a text, not a list",
        ),
        (
            {"stacktrace": {"frames": [None, {"in_app": 1}]}},
            "stacktrace.frames[1].in_app must be a boolean, not a number",
        ),
        (
            {"stacktrace": {"frames": [{"data": {"orig_in_app": 1.0}}]}},
            "stacktrace.frames[0].data.orig_in_app must be a whole number from -128 to 127",
        ),
        (
            {"exception": {"values": [7]}},
            "exception.values[0] must be an object, not a number",
        ),
        (
            {"exception": {"values": [{"type": {}, "stacktrace": ONE}]}},
            "exception.values[0].type must be a text, not an object",
        ),
        ({"threads": "x"}, "threads must be a list, not a text"),
        ({"platform": {}}, "platform must be a text, not an object"),
    ],
)
def test_what_is_no_event_is_refused_with_its_place(event: object, message: str) -> None:
    with pytest.raises(EventError) as caught:
        stacktraces_of(event)
    assert str(caught.value) == message
