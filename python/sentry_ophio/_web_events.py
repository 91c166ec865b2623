"""Events in the form of Sentry's web API, converted to the form that an SDK sends.

    {"eventID": "...", "entries": [                    {"event_id": "...",
        {"type": "exception", "data": {"values": [      "exception": {"values": [
            {"stacktrace": {"frames": [            ->       {"stacktrace": {"frames": [
                {"absPath": "/a.c", "inApp": true}              {"abs_path": "/a.c", "in_app": true}
            ]}}]}}]}                                        ]}}]}}

That is the JSON that the page of an event links to, and that the endpoints for events return. The
library converts lines of JSON in the same way (core/src/enhancements/stacktrace/json.rs).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["in_sdk_form", "lines_in_sdk_form"]

# The entries that are read, and their names in an event.
_ENTRIES = {
    "exception": "exception",
    "threads": "threads",
    "stacktrace": "stacktrace",
    "message": "logentry",
}

# What the web API has as tags only.
_IN_TAGS = {"environment", "level", "logger", "release"}

_FRAME_KEYS = {
    "absPath": "abs_path",
    "rawFunction": "raw_function",
    "inApp": "in_app",
    "lineNo": "lineno",
    "colNo": "colno",
    "origInApp": "orig_in_app",
    "clientInApp": "client_in_app",
}


def in_sdk_form(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return an event in the form that an SDK sends; the same object if it has that form."""
    entries = event.get("entries")
    if not isinstance(entries, list):
        return event
    found = {key: value for key, value in event.items() if key != "entries"}
    if "eventID" in found:
        found.setdefault("event_id", found.pop("eventID"))
    for entry in entries:
        if isinstance(entry, Mapping) and isinstance(entry.get("type"), str):
            name = _ENTRIES.get(entry["type"])
            if name is not None:
                found[name] = _entry(name, entry.get("data"))
    _read_tags(found)
    return found


def _read_tags(event: dict[str, Any]) -> None:
    """Convert the tags, and set what an SDK sends beside them and the web API only has as tags."""
    tags = event.get("tags")
    if isinstance(tags, list) and all(isinstance(each, Mapping) for each in tags):
        pairs = [[each.get("key"), each.get("value")] for each in tags]
        event["tags"] = pairs
        for key, value in pairs:
            if isinstance(key, str) and key in _IN_TAGS and event.get(key) is None:
                event[key] = value
    release = event.get("release")
    if isinstance(release, Mapping):
        event["release"] = release.get("version")


def _entry(name: str, data: Any) -> Any:
    if not isinstance(data, Mapping):
        return data
    if name == "stacktrace":
        return _stacktrace(data)
    values = data.get("values")
    if not isinstance(values, list):
        return data
    return {**data, "values": [_value(each) for each in values]}


def _value(value: Any) -> Any:
    if not isinstance(value, Mapping) or "stacktrace" not in value:
        return value
    return {**value, "stacktrace": _stacktrace(value["stacktrace"])}


def _stacktrace(stacktrace: Any) -> Any:
    frames = stacktrace.get("frames") if isinstance(stacktrace, Mapping) else None
    if not isinstance(frames, list):
        return stacktrace
    return {**stacktrace, "frames": [_renamed(each) for each in frames]}


def _renamed(frame: Any) -> Any:
    if not isinstance(frame, Mapping):
        return frame
    found = {_FRAME_KEYS.get(key, key): value for key, value in frame.items()}
    data = found.get("data")
    if isinstance(data, Mapping):
        found["data"] = {_FRAME_KEYS.get(key, key): value for key, value in data.items()}
    return found


# Every event of the web API has this key. The names of keys are never escaped.
_MARK = b'"entries"'


def lines_in_sdk_form(lines: bytes) -> bytes:
    """Convert the events among lines of JSON; the same object if none has the form of the web API.

    Other lines stay as they are, also those that are not events.
    """
    if _MARK not in lines:
        return lines
    return b"\n".join(_line(each) if _MARK in each else each for each in lines.split(b"\n"))


def _line(line: bytes) -> bytes:
    try:
        event = json.loads(line)
        converted = in_sdk_form(event) if isinstance(event, dict) else event
        return line if converted is event else json.dumps(converted).encode()
    except (ValueError, RecursionError):
        return line
