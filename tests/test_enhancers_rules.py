"""`Enhancements`: how rules are created, extended, counted, and distinguished from invalid ones."""

from __future__ import annotations

from typing import Any

import msgpack
import pytest

from sentry_ophio.enhancers import Cache, Enhancements
from sentry_ophio.exceptions import EnhancementsError

CACHE = Cache(0)


def binary(*rules: Any, version: int = 2) -> bytes:
    return bytes(msgpack.packb([version, [], list(rules)]))


def test_not_made_directly() -> None:
    with pytest.raises(TypeError, match=r"use Enhancements\.parse\(\)"):
        Enhancements()


def test_empty() -> None:
    rules = Enhancements.empty()
    assert len(rules) == 0
    assert rules, "truth is not the number of rules: it was always true"
    assert repr(rules) == "Enhancements(0 rules)"


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        ("\n  \n# nothing\n", 0),
        ("function:a +app", 1),
        ("function:a +app\r\nfunction:b -app\r\n", 2),
        ("  function:é +app  # why", 1),
    ],
)
def test_parse(text: str, count: int) -> None:
    assert len(Enhancements.parse(text, CACHE)) == count
    assert len(Enhancements.parse(input=text, cache=CACHE)) == count


def test_repr_counts_as_people_do() -> None:
    assert repr(Enhancements.parse("function:a +app", CACHE)) == "Enhancements(1 rule)"


@pytest.mark.parametrize(
    "text",
    ["nonsense", "function:a", "+app", "function:a +app\nfunction:b", "function:a max-frames=x"],
)
def test_a_line_that_is_no_rule(text: str) -> None:
    with pytest.raises(RuntimeError, match=r"^Invalid syntax at `") as caught:
        Enhancements.parse(text, CACHE)
    assert isinstance(caught.value, EnhancementsError)


@pytest.mark.parametrize(
    ("text", "error"),
    [(b"function:a +app", TypeError), (None, TypeError), ("\ud800", UnicodeEncodeError)],
)
def test_no_text(text: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Enhancements.parse(text, CACHE)


@pytest.mark.parametrize("cache", [None, 0, "cache"])
def test_no_cache(cache: Any) -> None:
    with pytest.raises(TypeError):
        Enhancements.parse("", cache)
    with pytest.raises(TypeError):
        Enhancements.from_config_structure(binary(), cache)


@pytest.mark.parametrize(
    ("data", "count"),
    [
        (binary(), 0),
        (binary([["fa"], [1]]), 1),
        (binary([["fa", "[!pb]|"], [["category", "x"], 0]], version=3), 1),
        (binary([["FO"], [1]]) + b"more", 1),
    ],
)
def test_binary_form(data: bytes, count: int) -> None:
    assert len(Enhancements.from_config_structure(data, CACHE)) == count
    assert len(Enhancements.from_config_structure(input=data, cache=CACHE)) == count


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xc1",
        binary(version=4),
        binary([["xa"], [1]]),
        binary([[""], [1]]),
        binary([["é"], [1]]),
        binary([["fa"], [9999]]),
        binary([["fa"], [["what", 1]]]),
        binary([["fa"], [1]])[:-1],
    ],
)
def test_no_binary_form(data: bytes) -> None:
    with pytest.raises(RuntimeError, match=r"^Invalid syntax "):
        Enhancements.from_config_structure(data, CACHE)


@pytest.mark.parametrize("data", ["text", None, 7])
def test_not_even_bytes(data: Any) -> None:
    with pytest.raises((TypeError, RuntimeError)):
        Enhancements.from_config_structure(data, CACHE)


def test_extend_from() -> None:
    rules = Enhancements.parse("function:a +app", CACHE)
    other = Enhancements.parse("function:b +app\nfunction:c +app", CACHE)
    rules.extend_from(other)
    assert (len(rules), len(other)) == (3, 2)
    rules.extend_from(rules)
    assert len(rules) == 6
    with pytest.raises(TypeError):
        rules.extend_from("function:d +app")  # type: ignore[arg-type]
    assert len(rules) == 6


def test_default_gives_each_caller_a_set_of_its_own() -> None:
    mine = Enhancements.default()
    count = len(mine)
    assert count >= 120
    mine.extend_from(Enhancements.parse("function:a +app", CACHE))
    assert len(mine) == count + 1
    assert len(Enhancements.default()) == count


def test_closed_rules_say_so() -> None:
    rules = Enhancements.empty()
    rules.close()
    assert repr(rules) == "Enhancements(closed)"
    with pytest.raises(ValueError, match="this Enhancements is closed"):
        len(rules)
