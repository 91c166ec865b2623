"""A stand-in for `{{ default }}`: what Sentry groups an event by without a fingerprint.

Sentry's own grouping has dozens of cases by platform. This has the ones that decide most events,
in this order; the first that the event has anything for is hashed:

    exceptions    of each: the type, and the frames that count, or the value if none counts
    stacktrace    the frames that count
    threads       the frames that count, of the thread that crashed
    logentry      the message

Which frames count is what stack trace rules say: those of the app variant, or those of the system
variant if no in-app frame of the event counts. A frame is its module (or else its file, or its
package) and its function; frames that repeat the one before them are one. Values and messages are
parameterized: ids, dates and numbers become their kinds. Events with nothing of it have one key.

Two events with the same key are mostly one issue in Sentry, and two with different keys mostly
two: enough to say which events a rule brings together or separates.

    event --> Outline: kinds, types, a text for each frame ------+
        `--> rules --> Counting: the frames that count, by trace +--> parts --> key

An `Outline` does not depend on rules, so a caller with many rule sets can keep it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from sentry_ophio._config import EnhancementsConfig
from sentry_ophio.exceptions import EventError, FrameTypeError, LimitError
from sentry_ophio.functions import trim_function_name
from sentry_ophio.parameterization import Parameterizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Callable

    from sentry_ophio._rule_set import Enhancements

KEY_BYTES = 16
"""How many bytes a key has. Among a billion keys, two are alike by chance once in 10^20 times."""


Counting = tuple[Sequence[int], Sequence[int]]
"""The frames of a stack trace that count, in their order: in the app and in the system variant."""

_NOTHING: Counting = ((), ())


class Outline(NamedTuple):
    """What the key of an event depends on, apart from rules."""

    traces: tuple[tuple[str, tuple[TraceOutline, ...]], ...]
    """The kinds of stack traces that decide, in order, each with its stack traces."""
    message: str
    """The message."""

    def parts(
        self, counting: Callable[[int], Counting], parameterized: Callable[[str], str]
    ) -> Iterator[str]:
        """Yield the texts that are hashed.

        Args:
            counting: Returns the frames of a stack trace that count, by its number.
            parameterized: Replaces ids, dates and numbers in a text.
        """
        for kind, traces in self.traces:
            found = [_NOTHING if each.number is None else counting(each.number) for each in traces]
            variant = 0 if any(app for app, _ in found) else 1
            if kind != "exception" and not any(each[variant] for each in found):
                continue
            for trace, each in zip(traces, found):
                yield kind
                yield trace.type
                yield from trace.counting(each[variant]) or (parameterized(trace.value),)
            if traces:
                return
        yield "message"
        yield parameterized(self.message)

    def with_texts(self, known: dict[tuple[str, ...], tuple[str, ...]]) -> Outline:
        """Return an outline that does not need the event. `known` has the texts of others."""

        def read(trace: TraceOutline) -> TraceOutline:
            texts = tuple(map(trace.texts.__getitem__, range(len(trace.texts))))
            return trace._replace(texts=known.setdefault(texts, texts))

        traces = tuple((kind, tuple(map(read, each))) for kind, each in self.traces)
        return self._replace(traces=traces)


class TraceOutline(NamedTuple):
    """A stack trace, or an exception without one."""

    type: str
    """The type of the exception."""
    value: str
    """Its value."""
    number: int | None
    """The number of the stack trace; None without frames."""
    texts: tuple[str, ...] | _Texts
    """A text for each frame."""

    def counting(self, frames: Sequence[int]) -> list[str]:
        """Return the texts of frames, without those that repeat the one before them."""
        found: list[str] = []
        for frame in frames:
            text = self.texts[frame]
            if not found or found[-1] != text:
                found.append(text)
        return found


class DefaultKey:
    """Computes the keys of events.

    Args:
        rules: The stack trace rules, which say what frames count.
    """

    __slots__ = ("_config", "_parameterizer")

    def __init__(self, rules: Enhancements) -> None:
        self._config = EnhancementsConfig.from_text("", {"rules": rules})
        self._parameterizer = TextParameterizer()

    def of(self, event: Mapping[str, Any]) -> bytes:
        """Return the key of an event that fingerprint rules take: 16 bytes.

        Raises:
            EventError: A frame cannot be read.
        """
        listed: list[tuple[list[Any], Mapping[str, Any]]] = []

        def numbered(kind: str, _index: int, owner: Mapping[str, Any]) -> int:
            # Events and threads can have a `type`, too. It is not that of an exception.
            listed.append((frames_of(owner), owner if kind == "exception" else {}))
            return len(listed) - 1

        outline = outline_of(event, numbered)
        platform = text_of(event.get("platform"))

        def counting(number: int) -> Counting:
            return self._counting(*listed[number], platform)

        return key_of(outline.parts(counting, self._parameterizer))

    def _counting(self, frames: list[Any], exception: Mapping[str, Any], platform: str) -> Counting:
        mechanism = exception.get("mechanism")
        data = {
            "type": exception.get("type"),
            "value": exception.get("value"),
            "mechanism": mechanism if isinstance(mechanism, Mapping) else None,
        }
        try:
            found, _ = self._config._process(frames, platform, data)
        except FrameTypeError as error:
            raise EventError(str(error)) from None
        app, system = (
            [
                number
                for number, each in enumerate(variant.frames)
                if variant.contributes and each[0]
            ]
            for variant in found
        )
        return app, system


class TextParameterizer:
    """Replaces ids, dates and numbers in values and messages by their kinds."""

    __slots__ = ("_parameterizer",)

    def __init__(self) -> None:
        self._parameterizer = Parameterizer()

    def __call__(self, text: str) -> str:
        """Return the text with kinds; unchanged if it is too long."""
        text = text.encode("utf-8", "replace").decode()
        try:
            return self._parameterizer.parameterize(text)
        except LimitError:
            return text


def outline_of(
    event: Mapping[str, Any],
    numbered: Callable[[str, int, Mapping[str, Any]], int | None],
) -> Outline:
    """Return the outline of an event. It reads texts of frames when they are needed.

    Args:
        event: The event, as fingerprint rules take it.
        numbered: Returns the number of a stack trace with frames: of the kind `exception`,
            `stacktrace` or `thread`, with its index among those of the kind that have a stack
            trace, and its owner.
    """
    platform = text_of(event.get("platform"))

    def outlines(
        kind: str, owners: list[Mapping[str, Any]], chosen: list[Mapping[str, Any]]
    ) -> Iterator[TraceOutline]:
        wanted = set(map(id, chosen))
        index = 0
        for owner in owners:
            if id(owner) in wanted:
                frames = frames_of(owner)
                exception: Mapping[str, Any] = owner if kind == "exception" else {}
                yield TraceOutline(
                    text_of(exception.get("type")),
                    text_of(exception.get("value")),
                    numbered(kind, index, owner) if frames else None,
                    _Texts(frames, platform),
                )
            index += owner.get("stacktrace") is not None

    exceptions = exceptions_of(event)
    if exceptions:
        # They decide, even if none of their frames counts.
        listed = tuple(outlines("exception", exceptions, exceptions))
        return Outline((("exception", listed),), "")
    threads = _values(event.get("threads"))
    return Outline(
        (
            ("stacktrace", tuple(outlines("stacktrace", [event], [event]))),
            ("thread", tuple(outlines("thread", threads, _crashed(threads)))),
        ),
        message_of(event),
    )


class _Texts:
    """The texts of frames, which are made when they are needed."""

    __slots__ = ("_frames", "_platform")

    def __init__(self, frames: list[Any], platform: str) -> None:
        self._frames = frames
        self._platform = platform

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self._frames)

    def __getitem__(self, number: int) -> str:
        """Return the text of a frame."""
        return _frame(self._frames[number], self._platform)


def frames_of(owner: Mapping[str, Any]) -> list[Any]:
    """Return the frames of an event, an exception or a thread."""
    stacktrace = owner.get("stacktrace")
    frames = stacktrace.get("frames") if isinstance(stacktrace, Mapping) else None
    frames = frames if isinstance(frames, (list, tuple)) else ()
    return [each for each in frames if isinstance(each, Mapping)]


def _frame(frame: Mapping[str, Any], platform: str) -> str:
    function = text_of(frame.get("function"))
    if function and not frame.get("raw_function"):
        own = text_of(frame.get("platform")) or platform
        function = trim_function_name(function.encode("utf-8", "replace").decode(), own)
    package = text_of(frame.get("package")).replace("\\", "/").rpartition("/")[2]
    where = text_of(frame.get("module")) or text_of(frame.get("filename")) or package
    return f"{where}\0{function or text_of(frame.get('context_line')).strip()}"


def exceptions_of(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the exceptions of an event, the outermost last."""
    return _values(event.get("exception"))


def message_of(event: Mapping[str, Any]) -> str:
    """Return the message of an event's log entry, with its parameters left out if it can be."""
    entry = event.get("logentry")
    if not isinstance(entry, Mapping):
        return ""
    return text_of(entry.get("message")) or text_of(entry.get("formatted"))


def _crashed(threads: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the only thread, else the only one that crashed, else the only current one."""
    for chosen in (
        threads,
        [each for each in threads if each.get("crashed")],
        [each for each in threads if each.get("current")],
    ):
        if len(chosen) == 1:
            return chosen
    return []


def _values(interface: object) -> list[Mapping[str, Any]]:
    if isinstance(interface, Mapping):
        interface = interface.get("values", [interface])
    listed = interface if isinstance(interface, list) else [interface]
    return [each for each in listed if isinstance(each, Mapping)]


def text_of(value: object) -> str:
    """Return a text or a number as a text, and anything else as none."""
    if isinstance(value, str):
        return value
    return str(value) if type(value) in {int, float} else ""


def key_of(parts: Iterable[str]) -> bytes:
    """Hash texts: other texts, or the same ones divided otherwise, have another key."""
    digest = blake2b(digest_size=KEY_BYTES)
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.digest()
