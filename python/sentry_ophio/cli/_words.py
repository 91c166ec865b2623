"""Formats values for the output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


DEFAULT_RULES = "default rules"
"""The name of the rules that come with this package, in places such as `default rules:338`."""


def location(source: Mapping[str, Any]) -> str:
    """Return the file, module or package of a frame, with its line if it is known."""
    place = source.get("filename") or source.get("abs_path") or source.get("module")
    place = str(place or source.get("package") or "")
    line = source.get("lineno")
    return f"{place}:{line}" if place and isinstance(line, int) else place


def word_of(value: bool | None) -> str:
    return {True: "yes", False: "no", None: "-"}[value]


def decoded(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
