"""How frames cross to the library: packed as they are, and with care where that is not right."""

from __future__ import annotations

import enum
import signal
import sys
import threading
from collections import OrderedDict, defaultdict
from dataclasses import dataclass
from typing import Any, Callable

import pytest
from frame_fields import EXCEPTION_FIELDS, FRAME_FIELDS, NO_EXCEPTION

from sentry_ophio import _answers, _pack
from sentry_ophio.enhancers import Cache, Component, Enhancements, Stacktrace
from sentry_ophio.exceptions import FrameKeyError, FrameTypeError

RULES = Enhancements.parse("function:log_* -app category=log\nfamily:native +app", Cache(0))
FRAME: dict[str, Any] = dict.fromkeys(FRAME_FIELDS) | {"function": b"log_error", "in_app": True}
ANSWER = ("log", False)


@pytest.fixture(params=["ormsgpack", "msgpack"], autouse=True)
def _packer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test with both libraries: a platform may have no ormsgpack."""
    if request.param == "msgpack":
        monkeypatch.setattr(_pack, "_packb", _pack._msgpack)
        monkeypatch.setattr(_pack, "_mappings", None)
    else:
        pytest.importorskip("ormsgpack")
        RULES.apply_modifications_to_frames([], NO_EXCEPTION)
        assert _pack._mappings is not None


class Yes(enum.Enum):
    """An enum is no bool and no bytes, whatever its value is."""

    TRUE = True
    NAME = b"log_error"


class One(enum.IntEnum):
    ONE = 1


class Whole(int):
    pass


class Other(dict):  # type: ignore[type-arg]
    """A dict whose `[]` says something else than what is in it."""

    def __getitem__(self, key: str) -> object:
        return FRAME[key]


class Named(str):
    __slots__ = ()


@dataclass
class Data:
    function: bytes = b"log_error"


class Mapping:
    def __getitem__(self, key: str) -> object:
        return FRAME[key]


@pytest.mark.parametrize(
    "frame",
    [
        FRAME,
        dict(reversed(FRAME.items())),
        OrderedDict(FRAME),
        defaultdict(None, {key: value for key, value in FRAME.items() if value}, **FRAME),
        Other(),
        Mapping(),
        {Named(key): value for key, value in FRAME.items()},
        FRAME | {"function": bytearray(b"log_error")},
        FRAME | {"function": memoryview(b"log_error")},
        FRAME | {"function": memoryview(b"l.o.g._.e.r.r.o.r.")[::2]},
        FRAME | {"orig_in_app": Whole(1)},
        FRAME | {"orig_in_app": One.ONE},
        FRAME | {"orig_in_app": True},
        {"a": 1, **FRAME, "other": [{"b": None}, 1.5, "text"], "z": b"z"},
        {"frames": FRAME, **FRAME},
        FRAME | {"nan": float("nan")},
        FRAME | {"object": object()},
        FRAME | {"huge": 2**70},
        FRAME | {"surrogate": "\ud800"},
        FRAME | {"tuple": (1, 2)},
        FRAME | {"data": Data()},
        dict([*FRAME.items(), (1, 2)]),
        dict([(None, None), *FRAME.items()]),
        FRAME | {"x" * 300: b"x" * 70_000},
    ],
)
def test_what_is_a_frame(frame: Any) -> None:
    assert RULES.apply_modifications_to_frames([frame], NO_EXCEPTION) == [ANSWER]
    assert RULES.apply_modifications_to_frames([FRAME, frame, FRAME], NO_EXCEPTION) == [ANSWER] * 3
    assert Stacktrace([frame], NO_EXCEPTION).apply(RULES) == [ANSWER]
    component = Component(contributes=True)
    RULES.assemble_stacktrace_component([frame], NO_EXCEPTION, [component])
    assert component.contributes is True
    found = RULES.explain([frame], NO_EXCEPTION).frames[0]
    assert (found.category, found.in_app) == ANSWER


def test_a_mapping_that_contains_itself_is_ignored_where_it_is_not_read() -> None:
    frame = dict(FRAME)
    frame["self"] = frame
    assert RULES.apply_modifications_to_frames([frame], NO_EXCEPTION) == [ANSWER]


@pytest.mark.parametrize(
    ("frame", "error"),
    [
        ([None] * len(FRAME_FIELDS), FrameTypeError),
        (tuple(FRAME.values()), FrameTypeError),
        (Data(), FrameTypeError),
        (None, FrameTypeError),
        (7, FrameTypeError),
        ({}, FrameKeyError),
        ({key: FRAME[key] for key in FRAME_FIELDS[:-1]}, FrameKeyError),
        (defaultdict(None, {"function": b"log_error"}), FrameKeyError),
        (FRAME | {"function": "log_error"}, FrameTypeError),
        (FRAME | {"function": Yes.NAME}, FrameTypeError),
        (FRAME | {"function": b"\xff"}, FrameTypeError),
        (FRAME | {"function": [b"log_error"]}, FrameTypeError),
        (FRAME | {"in_app": 1}, FrameTypeError),
        (FRAME | {"in_app": Yes.TRUE}, FrameTypeError),
        (FRAME | {"orig_in_app": 128}, FrameTypeError),
        (FRAME | {"orig_in_app": 2**70}, FrameTypeError),
        (FRAME | {"orig_in_app": 1.0}, FrameTypeError),
        (FRAME | {"orig_in_app": float("nan")}, FrameTypeError),
    ],
)
def test_what_is_no_frame(frame: Any, error: type[Exception]) -> None:
    calls: list[Callable[[], object]] = [
        lambda: RULES.apply_modifications_to_frames([FRAME, frame], NO_EXCEPTION),
        lambda: RULES.assemble_stacktrace_component([FRAME, frame], NO_EXCEPTION, [Component()]),
        lambda: RULES.explain([FRAME, frame], NO_EXCEPTION),
        lambda: Stacktrace([FRAME, frame], NO_EXCEPTION),
    ]
    for call in calls:
        with pytest.raises(error, match=r"^frame 1: "):
            call()


@pytest.mark.parametrize(
    "exception",
    [
        [None] * len(EXCEPTION_FIELDS),
        (None,) * len(EXCEPTION_FIELDS),
        None,
        [],
        Data(),
        b"a" * len(EXCEPTION_FIELDS),
    ],
)
def test_what_is_no_exception_data(exception: Any) -> None:
    for frames in ([], [FRAME]):
        with pytest.raises(FrameTypeError, match=r"^exception data: expected a mapping"):
            RULES.apply_modifications_to_frames(frames, exception)
    with pytest.raises(FrameTypeError, match=r"^exception data: expected a mapping"):
        Stacktrace([], exception)


def test_an_exception_of_another_mapping() -> None:
    rules = Enhancements.parse("type:Boom -app", Cache(0))
    exceptions: list[Any] = [
        NO_EXCEPTION | {"ty": b"Boom"},
        {"more": object()} | NO_EXCEPTION | {"ty": b"Boom"},
        defaultdict(lambda: b"Boom"),
    ]
    for exception in exceptions:
        assert rules.apply_modifications_to_frames([FRAME], exception) == [(None, False)]


def test_own_categories_are_kept() -> None:
    frames = [
        FRAME,
        FRAME | {"function": b"f", "category": "gr\xfcn".encode()},
        FRAME | {"function": b"f", "category": bytearray(b"")},
        FRAME | {"function": b"f"},
    ]
    expected = [ANSWER, ("gr\xfcn", True), ("", True), (None, True)]
    assert RULES.apply_modifications_to_frames(frames, NO_EXCEPTION) == expected
    prepared = Stacktrace(frames, NO_EXCEPTION)
    assert prepared.apply(RULES) == expected
    assert RULES.apply_modifications_to_stacktraces([prepared, prepared]) == [expected] * 2


@pytest.mark.parametrize("count", [0, 1, 15, 16, 253, 254, 255, 256, 1_000, 70_000])
def test_any_number_of_frames(count: int) -> None:
    frames = [FRAME] * count
    assert RULES.apply_modifications_to_frames(frames, NO_EXCEPTION) == [ANSWER] * count
    prepared = Stacktrace(frames, NO_EXCEPTION | {"ty": b"x" * 300})
    assert (len(prepared), prepared.apply(RULES)) == (count, [ANSWER] * count)
    components = [Component(contributes=False) for _ in frames]
    RULES.assemble_stacktrace_component(frames, NO_EXCEPTION, components)
    assert [each.contributes for each in components] == [False] * count


def test_any_number_of_categories() -> None:
    """A number of a category that does not fit into a byte is in the long form of an answer."""
    text = "\n".join(f"function:f{n} category=c{n}" for n in range(300))
    rules = Enhancements.parse(text, Cache(0))
    for n in (0, 81, 82, 83, 84, 85, 299, 3):
        frame = FRAME | {"function": f"f{n}".encode()}
        assert rules.apply_modifications_to_frames([frame], NO_EXCEPTION) == [(f"c{n}", True)]
        assert Stacktrace([frame], NO_EXCEPTION).apply(rules) == [(f"c{n}", True)]


def test_a_call_within_a_call_has_a_buffer_of_its_own() -> None:
    """A signal handler may ask in the middle of a question."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("for Unix")
    other = Enhancements.parse("function:log_* +app category=other", Cache(0))
    wrong: list[object] = []

    def handler(*_: object) -> None:
        found = other.apply_modifications_to_frames([FRAME] * 20, NO_EXCEPTION)
        if found != [("other", True)] * 20:
            wrong.append(found)

    before = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
    try:
        for _ in range(5_000):
            assert RULES.apply_modifications_to_frames([FRAME] * 10, NO_EXCEPTION) == [ANSWER] * 10
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert not wrong


def test_threads_have_buffers_of_their_own() -> None:
    sets = [
        (Enhancements.parse(f"function:log_* category=c{n}", Cache(0)), (f"c{n}", True))
        for n in range(4)
    ]
    wrong: list[object] = []

    def ask(rules: Enhancements, answer: tuple[str, bool], count: int) -> None:
        for _ in range(1_000):
            if (
                rules.apply_modifications_to_frames([FRAME] * count, NO_EXCEPTION)
                != [answer] * count
            ):
                wrong.append(answer)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=ask, args=(*each, n + 1)) for n, each in enumerate(sets)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong
    assert len(_answers.short_answers) < 50


def test_frames_that_change_their_number_meanwhile() -> None:
    """The answer is about as many frames as there were when they were packed."""
    frames = [FRAME] * 3
    stop = threading.Event()

    def change() -> None:
        while not stop.is_set():
            frames.append(FRAME)
            frames.pop()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(2_000):
            found = RULES.apply_modifications_to_frames(frames, NO_EXCEPTION)
            assert found in ([ANSWER] * 3, [ANSWER] * 4)
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(interval)
