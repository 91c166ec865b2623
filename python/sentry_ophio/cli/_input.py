"""The input and output of all commands: files of events and rules, and errors about them."""

from __future__ import annotations

import sys
from codecs import BOM_UTF8
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sentry_ophio._atomic import replaced
from sentry_ophio._event_files import STANDARD_INPUT, read_event
from sentry_ophio.cli._error import InputError
from sentry_ophio.cli._problems import InvalidRulesError
from sentry_ophio.cli._rule_files import ENHANCEMENTS, rule_file
from sentry_ophio.enhancers import Cache, Enhancements
from sentry_ophio.exceptions import EnhancementsError, EventError

if TYPE_CHECKING:
    from sentry_ophio.cli._rule_files import Kind, RuleFile, RuleText
    from sentry_ophio.events import EventStacktrace

__all__ = ["InputError", "read_bytes", "read_event_file", "read_rule_file", "read_rule_text"]
__all__ += [
    "base_text",
    "default_text",
    "path_and_line",
    "read_rules",
    "read_text",
    "replace_file",
    "with_orig_in_app",
]


def read_bytes(name: str) -> bytes:
    """Read a file, or standard input."""
    try:
        return sys.stdin.buffer.read() if name == STANDARD_INPUT else Path(name).read_bytes()
    except OSError as error:
        raise InputError(name, error.strerror or str(error)) from None


def read_text(name: str) -> str:
    """Read a text file, or standard input."""
    return _text(name, read_bytes(name))


def _text(name: str, data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(name, f"not UTF-8 (at byte {error.start})") from None


def read_event_file(name: str, *, fresh: bool = False) -> list[EventStacktrace]:
    try:
        return read_event(name, read_bytes(name), fresh=fresh)[1]
    except EventError as error:
        raise InputError.of(error) from None


def read_rule_file(name: str, kind: Kind) -> RuleFile:
    """Read a file with rules. FILE:LINE selects one of its texts, unless a file has that name."""
    path, line = path_and_line(name)
    found = _rule_file(path, kind)
    return found if line is None else found.at(line)


def path_and_line(name: str) -> tuple[str, int | None]:
    """Divide FILE:LINE, unless a file has that name."""
    path, _, line = name.rpartition(":")
    if line.isascii() and line.isdecimal() and not Path(name).exists() and Path(path).is_file():
        return path, int(line)
    return name, None


def _rule_file(name: str, kind: Kind) -> RuleFile:
    data = read_bytes(name)
    found = rule_file(name, _text(name, data), kind)
    # A file of rules loses the mark when it is formatted: it is no part of a rule.
    is_plain = found.texts[0].text is found.content
    return found if is_plain or not data.startswith(BOM_UTF8) else replace(found, mark=BOM_UTF8)


def read_rule_text(name: str, kind: Kind) -> RuleText:
    """Read a file with one text of rules."""
    return read_rule_file(name, kind).only()


# The name of the rules that come with the package. A file of this name is `./default`.
DEFAULT = "default"


def read_rules(names: tuple[str, ...], base: tuple[str, ...] = ()) -> Enhancements:
    """Read the files of a rule set: first those of `--base`; without any, the default rules."""
    rules = Enhancements.empty()
    for name in (*base, *names) or (DEFAULT,):
        rules.extend_from(Enhancements.default() if name == DEFAULT else _parsed(name))
    return rules


def base_text(name: str, kind: Kind = ENHANCEMENTS) -> str:
    """Return the rules of a file that is given as `--base`, with a line feed after each."""
    if name == DEFAULT and kind is ENHANCEMENTS:
        return default_text()
    text = read_rule_text(name, kind).padded
    return text if text.endswith("\n") else f"{text}\n"


def default_text() -> str:
    """Return the rules that come with the package, with their comments."""
    return (resources.files("sentry_ophio") / "data" / "default.rules").read_text("utf-8")


def _parsed(name: str) -> Enhancements:
    file = read_rule_file(name, ENHANCEMENTS)
    found = file.only()
    try:
        return Enhancements.parse(found.padded, Cache(0), source=found.source)
    except EnhancementsError:
        raise InvalidRulesError(file, Enhancements.check) from None


def with_orig_in_app(trace: EventStacktrace) -> list[dict[str, Any]]:
    """Return the initial `in_app` of each frame, as `orig_in_app`."""
    return [
        {**each, "orig_in_app": -1 if each["in_app"] is None else int(each["in_app"])}
        for each in trace.frames
    ]


def replace_file(path: Path, data: bytes) -> None:
    """Write a file atomically. A link is followed, and its target is replaced."""
    try:
        with replaced(path) as file:
            file.write(data)
    except OSError as error:
        raise InputError(str(path), error.strerror or str(error)) from None
