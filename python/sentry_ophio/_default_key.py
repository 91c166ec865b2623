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
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, NamedTuple

from sentry_ophio._config import EnhancementsConfig
from sentry_ophio.exceptions import EventError, FrameTypeError, LimitError
from sentry_ophio.functions import trim_function_name
from sentry_ophio.parameterization import Parameterizer

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from sentry_ophio._rule_set import Enhancements

KEY_BYTES = 16
"""How many bytes a key has. Among a billion keys, two are alike by chance once in 10^20 times."""


class _Trace(NamedTuple):
    """Frames that may count, and what else identifies them."""

    type: str
    value: str
    variants: tuple[list[str], list[str]]


class DefaultKey:
    """Computes the keys of events.

    Args:
        rules: The stack trace rules, which say what frames count.
    """

    __slots__ = ("_config", "_parameterizer")

    def __init__(self, rules: Enhancements) -> None:
        self._config = EnhancementsConfig.from_text("", {"rules": rules})
        self._parameterizer = Parameterizer()

    def of(self, event: Mapping[str, Any]) -> bytes:
        """Return the key of an event that fingerprint rules take: 16 bytes.

        Raises:
            EventError: A frame cannot be read.
        """
        return key_of(self._parts(event))

    def _parts(self, event: Mapping[str, Any]) -> Iterator[str]:
        platform = text_of(event.get("platform"))
        exceptions = exceptions_of(event)
        for kind, owners in (
            ("exception", exceptions),
            ("stacktrace", [event]),
            ("thread", _crashed(event)),
        ):
            # Events and threads can have a `type`, too. It is not that of an exception.
            none: Mapping[str, Any] = {}
            traces = [
                self._trace(each.get("stacktrace"), each if kind == "exception" else none, platform)
                for each in owners
            ]
            variant = 0 if any(trace.variants[0] for trace in traces) else 1
            if kind != "exception" and not any(trace.variants[variant] for trace in traces):
                continue
            for trace in traces:
                yield kind
                yield trace.type
                frames = trace.variants[variant]
                yield from frames or (self._parameterized(trace.value),)
            if traces:
                return
        yield "message"
        yield self._parameterized(message_of(event))

    def _trace(self, stacktrace: object, exception: Mapping[str, Any], platform: str) -> _Trace:
        frames = stacktrace.get("frames") if isinstance(stacktrace, Mapping) else None
        frames = frames if isinstance(frames, (list, tuple)) else ()
        listed: list[Any] = [each for each in frames if isinstance(each, Mapping)]
        variants: tuple[list[str], list[str]] = ([], [])
        if listed:
            mechanism = exception.get("mechanism")
            data = {
                "type": exception.get("type"),
                "value": exception.get("value"),
                "mechanism": mechanism if isinstance(mechanism, Mapping) else None,
            }
            try:
                found, _ = self._config._process(listed, platform, data)
            except FrameTypeError as error:
                raise EventError(str(error)) from None
            texts: dict[int, str] = {}
            for variant, into in zip(found, variants):
                counting = [n for n, each in enumerate(variant.frames) if each[0]]
                for number in counting if variant.contributes else ():
                    if number not in texts:
                        texts[number] = _frame(listed[number], platform)
                    if not into or into[-1] != texts[number]:
                        into.append(texts[number])
        return _Trace(text_of(exception.get("type")), text_of(exception.get("value")), variants)

    def _parameterized(self, text: str) -> str:
        text = text.encode("utf-8", "replace").decode()
        try:
            return self._parameterizer.parameterize(text)
        except LimitError:
            return text


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


def _crashed(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the only thread, else the only one that crashed, else the only current one."""
    threads = _values(event.get("threads"))
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
