"""Converts Sentry events to stack traces for rules.

An event is the JSON that a Sentry SDK sends. It may have several stack traces:

    event
    |-- stacktrace
    |-- exception.values[n].stacktrace     (with the exception it belongs to)
    `-- threads.values[n].stacktrace

Each is converted to a list of frames as `sentry_ophio.enhancers` describes them. The form that
Sentry's web API returns (`entries`, `absPath`, ...) is read, too. Values that are missing or null
are skipped. A value of a wrong type is an error, which names its path.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sentry_ophio._arguments import checked_list, type_error
from sentry_ophio._event_frames import answer_about_event
from sentry_ophio._ffi import lib
from sentry_ophio._stacktrace import Stacktrace, packed_event, prepared
from sentry_ophio._web_events import in_sdk_form
from sentry_ophio.exceptions import EventError, FrameTypeError

if TYPE_CHECKING:
    from _cffi_backend import _CDataBase as CData

__all__ = ["EventStacktrace", "event_id_of", "from_json_lines", "match_frames", "stacktraces_of"]


# An object with other keys only is not an event. (`platform` and `level` would not tell: an issue
# of the web API has them, too.)
_KEYS = frozenset(
    (
        *("event_id", "eventID", "entries", "exception", "stacktrace", "threads", "logentry"),
        *(
            "message",
            "template",
            "csp",
            "hpkp",
            "expectct",
            "expectstaple",
            "breadcrumbs",
            "request",
        ),
        *("contexts", "fingerprint", "debug_meta", "sdk", "spans"),
    )
)


@dataclass(frozen=True)
class EventStacktrace:
    """A stack trace of an event, in the form that rules use.

    Attributes:
        place: Its path in the event, such as `exception.values[0]`.
        frames: The frames, oldest call first, as `sentry_ophio.enhancers` describes them.
        exception: The exception data; all values are None if the stack trace has no exception.
        sources: The frames of the event, one for each of `frames`. Those of the web API have the
            names of keys that an SDK has.
        repeats: For each frame whether it repeats the frame before it. Sentry does not count such
            a frame (recursion), unless a rule with `+group` brings it back.
    """

    place: str
    frames: list[dict[str, Any]]
    exception: dict[str, bytes | None]
    sources: list[Mapping[str, Any]]
    repeats: list[bool] = field(default_factory=list)

    @property
    def restored(self) -> list[int]:
        """The frames whose `in_app` was restored from `data.orig_in_app`, and was another one."""
        pairs = zip(self.sources, self.frames)
        return [
            number
            for number, (source, frame) in enumerate(pairs)
            if isinstance(source.get("data"), Mapping)
            and source["data"].get("orig_in_app") is not None
            and source.get("in_app") is not frame["in_app"]
        ]


def stacktraces_of(event: object, *, fresh: bool = False) -> list[EventStacktrace]:
    """Find all stack traces of an event.

    Sentry stores the `in_app` that a frame came with in `data.orig_in_app` (1 true, 0 false, -1
    null), and restores it before it runs rules again. So does this function.

    Args:
        event: The event as `json.load` returns it.
        fresh: No rules were applied to the frames: keep their `in_app`.

    Returns:
        Its stack traces, possibly none.

    Raises:
        EventError: It is not an event; the message says what is wrong, and where.

    Example:
        >>> event = {"platform": "native", "stacktrace": {"frames": [{"function": "main"}]}}
        >>> [trace] = stacktraces_of(event)
        >>> trace.place, trace.frames[0]["function"], trace.frames[0]["family"]
        ('stacktrace', b'main', b'native')
    """
    root = in_sdk_form(_mapping(event, "the event"))
    platform = _text(root, "platform", "") or ""
    if root and _KEYS.isdisjoint(root):
        raise EventError(
            "the object has none of the keys of an event, such as `event_id`, `exception` or "
            "`entries`"
        )
    return [
        _stacktrace(place, stacktrace, exception, platform, fresh=fresh)
        for place, stacktrace, exception in _found(root)
        if stacktrace is not None
    ]


def event_id_of(event: object) -> bytes | None:
    """Return the identifier of an event.

    Args:
        event: The event as `json.load` returns it.

    Returns:
        Its `event_id`; None if it has none.

    Raises:
        EventError: It is not an event, or its identifier is not a text.
    """
    return _bytes(in_sdk_form(_mapping(event, "the event")), "event_id", "")


def _found(event: Mapping[str, Any]) -> Iterator[tuple[str, Any, Mapping[str, Any]]]:
    """Yield the stack traces unchanged: path, stack trace, exception."""
    yield "stacktrace", event.get("stacktrace"), {}
    for name in ("exception", "threads"):
        for place, value in _values(event.get(name), name):
            yield place, value.get("stacktrace"), value if name == "exception" else {}


def _values(interface: object, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the values of an interface, which old events write as a list or as one value."""
    place = name
    if isinstance(interface, Mapping) and "values" in interface:
        interface, place = interface["values"], f"{name}.values"
    if isinstance(interface, Mapping):
        yield place, interface
        return
    for number, value in enumerate(_list(interface, place)):
        if value is not None:
            yield f"{place}[{number}]", _mapping(value, f"{place}[{number}]")


def _stacktrace(
    place: str, stacktrace: object, exception: Mapping[str, Any], platform: str, *, fresh: bool
) -> EventStacktrace:
    path = place if place == "stacktrace" else f"{place}.stacktrace"
    frames = _list(_mapping(stacktrace, path).get("frames"), f"{path}.frames")
    sources = [
        _mapping(frame, f"{path}.frames[{number}]")
        for number, frame in enumerate(frames)
        if frame is not None
    ]
    mechanism = exception.get("mechanism")
    data = {
        "ty": _bytes(exception, "type", place),
        "value": _bytes(exception, "value", place),
        "mechanism": _bytes(mechanism, "type", place) if isinstance(mechanism, Mapping) else None,
    }
    try:
        matched, repeats = answer_about_event(
            _fresh_frames if fresh else _frames,
            None,
            packed_event(sources, platform, None),
            lists=True,
        )
    except FrameTypeError as error:
        raise EventError(_wrong_field(frames, path) or f"{path}: {error}") from None
    return EventStacktrace(place, matched, data, sources, repeats)


def _frames(data: bytes, size: int, out: CData) -> int:
    return lib.ophio_events_frames(data, size, False, out)


def _fresh_frames(data: bytes, size: int, out: CData) -> int:
    return lib.ophio_events_frames(data, size, True, out)


def match_frames(frames: Iterable[Mapping[str, Any]], platform: str | None) -> list[dict[str, Any]]:
    r"""Convert the frames of an event to match frames, the frames that rules match.

    The result is the same as in Sentry: functions are trimmed (`sentry_ophio.functions`), the
    platform decides the family, and package and path get ASCII in lower case and forward
    slashes.

    Args:
        frames: The frames of the event, oldest call first. The library reads `function`,
            `raw_function`, `module`, `package`, `abs_path` (or `filename` if that is empty),
            `platform`, `in_app`, and `category` and `orig_in_app` of `data`.
        platform: The event's platform, for frames without their own platform.

    Returns:
        A match frame for each frame, as `sentry_ophio.enhancers` describes them.

    Raises:
        FrameTypeError: A value has the wrong type; a `TypeError`. The message names frame and
            field.

    Example:
        >>> [frame] = match_frames([{"function": "f(int)", "filename": "C:\\A.c"}], "native")
        >>> frame["function"], frame["path"], frame["family"]
        (b'f', b'c:/a.c', b'native')
    """
    data = packed_event(checked_list("frames", "frames", frames), platform, None)
    found: list[dict[str, Any]] = answer_about_event(
        lib.ophio_events_match_frames, None, data, lists=True
    )
    return found


def from_json_lines(data: bytes) -> list[Stacktrace]:
    r"""Prepare the stack traces of many events, one event per line of JSON, in one call.

    The library reads the JSON, so Python creates no object for an event.

    Args:
        data: The lines. Empty ones are skipped.

    Returns:
        The stack traces, in order, as `Stacktrace.from_event_frames` prepares them. They are those
        that `stacktraces_of` finds.

    Raises:
        EventError: A line is not an event; the message has the line and the path in it.
        TypeError: `data` is not `bytes`.

    Example:
        >>> lines = b'{"stacktrace": {"frames": [{"function": "f"}]}}\n{}\n'
        >>> from_json_lines(lines)
        [Stacktrace(1 frame)]
    """
    if not isinstance(data, bytes):
        raise type_error("data", "bytes", data)
    plain = bytes(data)
    try:
        found = answer_about_event(lib.ophio_events_pack_json_lines, None, plain)
    except FrameTypeError as error:
        raise EventError(str(error)) from None
    return [prepared(packed, frames) for _, _, packed, frames in found]


def _wrong_field(frames: list[Any], path: str) -> str | None:
    """Describe the first field that has the wrong type."""
    texts = ("function", "raw_function", "module", "package", "abs_path", "filename", "platform")
    for number, frame in enumerate(frames):
        if frame is None:
            continue
        place = f"{path}.frames[{number}]"
        data = frame.get("data")
        data = data if isinstance(data, Mapping) else {}
        try:
            for key in texts:
                _text(frame, key, place)
            _text(data, "category", f"{place}.data")
        except EventError as error:
            return str(error)
        for owner, key, where in (
            (frame, "in_app", place),
            (data, "client_in_app", f"{place}.data"),
        ):
            value = owner.get(key)
            if value is not None and not isinstance(value, bool):
                return f"{where}.{key} must be a boolean, not {_kind(value)}"
        value = data.get("orig_in_app")
        if value is not None and not (isinstance(value, int) and -128 <= value < 128):
            return f"{place}.data.orig_in_app must be a whole number from -128 to 127"
    return None


def _bytes(source: Mapping[str, Any], key: str, place: str) -> bytes | None:
    text = _text(source, key, place)
    return None if text is None else _encoded(text)


def _encoded(text: str) -> bytes:
    # JSON can hold half of a surrogate pair, UTF-8 cannot.
    return text.encode("utf-8", "replace")


def _text(source: Mapping[str, Any], key: str, place: str) -> str | None:
    value = source.get(key)
    if value is None or isinstance(value, str):
        return value
    where = f"{place}.{key}" if place else key
    if isinstance(value, (int, float)):  # some SDKs send numbers as values of exceptions
        try:
            return str(value)
        except ValueError:  # Python limits how many digits it prints
            raise EventError(f"{where} must be a text, not a number of so many digits") from None
    raise EventError(f"{where} must be a text, not {_kind(value)}")


def _mapping(value: object, place: str) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    raise EventError(f"{place} must be an object, not {_kind(value)}")


def _list(value: object, place: str) -> list[Any]:
    if value is None:
        return []
    if isinstance(value, list):
        return value
    raise EventError(f"{place} must be a list, not {_kind(value)}")


def _kind(value: object) -> str:
    """Return the JSON name of the type of a value."""
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a boolean"}
    return "null" if value is None else kinds.get(type(value), "a number")
