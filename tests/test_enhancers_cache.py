"""`Cache`: what sizes it takes, and that it changes no result."""

from __future__ import annotations

from typing import Any

import pytest

from sentry_ophio.enhancers import Cache, Enhancements
from sentry_ophio.exceptions import OphioError


@pytest.mark.parametrize("size", [0, 1, True, 1_000, 2**40, 2**64 - 1])
def test_a_size(size: int) -> None:
    cache = Cache(size)
    assert repr(cache) == f"Cache({int(size)})"
    assert len(Enhancements.parse("path:a +app\npath:b +app\npath:a +app", cache)) == 3


@pytest.mark.parametrize(
    ("size", "error"),
    [
        (-1, OverflowError),
        (2**64, OverflowError),
        (1.0, TypeError),
        ("1", TypeError),
        (None, TypeError),
    ],
)
def test_no_size(size: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        Cache(size)


def test_a_negative_size_is_an_error_of_ours() -> None:
    with pytest.raises(OphioError, match="size must not be negative"):
        Cache(-1)


def test_no_argument() -> None:
    with pytest.raises(TypeError):
        Cache()  # type: ignore[call-arg]


def test_by_name() -> None:
    assert repr(Cache(size=3)) == "Cache(3)"


@pytest.mark.parametrize("size", [0, 1, 2, 100])
def test_a_repeat_gives_the_same_rules(size: int) -> None:
    cache = Cache(size)
    for _ in range(3):
        rules = Enhancements.parse("function:a +app\nfunction:b -app\nfunction:c -group", cache)
        assert len(rules) == 3
    with pytest.raises(RuntimeError):
        Enhancements.parse("function:a +app\nnonsense", cache)
    assert len(Enhancements.parse("function:a +app", cache)) == 1
