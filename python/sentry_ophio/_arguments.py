"""Checks the arguments of a caller before they are passed to the library."""

from __future__ import annotations

from itertools import islice
from operator import index

from sentry_ophio.exceptions import ArgumentTypeError, InvalidArgumentError, OphioOverflowError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from typing import Any, TypeVar

    Item = TypeVar("Item")

__all__ = [
    "as_int",
    "checked_int",
    "checked_items",
    "checked_list",
    "checked_positive",
    "checked_str",
    "checked_threads",
    "checked_tuple",
    "encoded",
    "exact_str",
    "type_error",
]

# The maximum of a `size_t` of the library.
_MAX_SIZE = 2**64 - 1


def type_error(name: str, expected: str, value: object) -> ArgumentTypeError:
    """Make the error for an argument of the wrong type."""
    return ArgumentTypeError(f"{name} must be {expected}, not {type(value).__name__}")


def as_int(name: str, value: object) -> int:
    """Return an `int`. A `bool` is converted, so that it prints as a number.

    Raises:
        ArgumentTypeError: The value is not an `int`; a `TypeError`.
    """
    try:
        return int(index(value))  # type: ignore[arg-type]  # its TypeError is the check
    except TypeError:
        raise type_error(name, "an int", value) from None


def checked_int(name: str, value: object, maximum: int = _MAX_SIZE) -> int:
    """Return an `int` from 0 to `maximum`.

    Raises:
        ArgumentTypeError: The value is not an `int`; a `TypeError`.
        OphioOverflowError: It is negative or too large; an `OverflowError`.
    """
    number = as_int(name, value)
    if number < 0:
        raise OphioOverflowError(f"{name} must not be negative")
    if number > maximum:
        raise OphioOverflowError(f"{name} must be at most {maximum}")
    return number


def checked_threads(threads: object) -> int:
    """Return the number of threads, which is at least 1.

    Raises:
        ArgumentTypeError: It is not an `int`; a `TypeError`.
        InvalidArgumentError: It is less than 1; a `ValueError`.
        OphioOverflowError: It is too large; an `OverflowError`.
    """
    return checked_positive("threads", threads, _MAX_SIZE)


def checked_positive(name: str, value: object, maximum: int | None = None) -> int:
    """Return an `int` from 1 to `maximum`, or without a limit.

    Raises:
        ArgumentTypeError: It is not an `int`; a `TypeError`.
        InvalidArgumentError: It is less than 1; a `ValueError`.
        OphioOverflowError: It is too large; an `OverflowError`.
    """
    number = as_int(name, value)
    if number < 1:
        raise InvalidArgumentError(f"{name} must be 1 or more, not {number}")
    if maximum is not None and number > maximum:
        raise OphioOverflowError(f"{name} must be at most {maximum}")
    return number


def checked_items(name: str, items: str, value: Iterable[Item]) -> Iterator[Item]:
    """Return an iterator over an argument. What its own code raises passes unchanged.

    Args:
        name: The argument.
        items: What it should contain, in the plural.
        value: Its value.

    Raises:
        ArgumentTypeError: It cannot be iterated over; a `TypeError`.
    """
    try:
        return iter(value)
    except TypeError:
        _check_iterable(name, f"an iterable of {items}", value)
        raise


def checked_list(name: str, items: str, value: Iterable[Item]) -> list[Item]:
    """Return a list of the items of an argument, as `checked_items` does."""
    try:
        return list(value)
    except TypeError:
        _check_iterable(name, f"an iterable of {items}", value)
        raise


def _check_iterable(name: str, expected: str, value: object) -> None:
    """Say that an object is not iterable; do nothing if an error is that of its own code."""
    kind = type(value)
    if getattr(kind, "__iter__", getattr(kind, "__getitem__", None)) is None:
        raise type_error(name, expected, value) from None


def checked_tuple(name: str, expected: str, count: int, value: Any) -> tuple[Any, ...]:
    """Return a tuple of so many items.

    Args:
        name: The argument.
        expected: What it must be, with the items.
        count: The number of items.
        value: The tuple, or any iterable.

    Raises:
        ArgumentTypeError: It is not iterable; a `TypeError`.
        InvalidArgumentError: It has another number of items; a `ValueError`.
    """
    try:
        items = tuple(islice(value, count + 1))  # it may never end
    except TypeError:
        _check_iterable(name, expected, value)
        raise
    if len(items) != count:
        raise InvalidArgumentError(f"{name} must be {expected}: {count} items")
    return items


def checked_str(name: str, text: object) -> str:
    """Return a `str`.

    Raises:
        ArgumentTypeError: It is not a `str`; a `TypeError`.
    """
    if isinstance(text, str):
        return text
    raise type_error(name, "a str", text)


def exact_str(name: str, text: object) -> str:
    """Return a `str` that is of no subclass: one that is kept, and runs no code of the caller.

    Raises:
        ArgumentTypeError: It is not a `str`; a `TypeError`.
    """
    return str.__str__(checked_str(name, text))


def encoded(name: str, text: object) -> bytes:
    """Return the UTF-8 of a `str`.

    Raises:
        ArgumentTypeError: It is not a `str`; a `TypeError`.
        UnicodeEncodeError: It has a lone surrogate.
    """
    return str.encode(checked_str(name, text))
