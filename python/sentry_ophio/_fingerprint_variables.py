"""Variables and types of fingerprints, and how events cross to the library.

`sentry_ophio.fingerprints` has the rules and exports what is public here. What groups events into
issues needs the functions, and that module needs what groups events.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgpack import Packer

from sentry_ophio._arguments import encoded, type_error
from sentry_ophio._ffi import check, ffi, lib, string
from sentry_ophio._first_use import first_use
from sentry_ophio.exceptions import EventError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Callable, Literal

    from sentry_ophio.parameterization import Parameterizer

    Unknown = Literal["keep", "mark"]
    """What happens to a variable that is not known."""

__all__ = [
    "as_json",
    "expand_title",
    "fingerprint_type",
    "pack_event",
    "parameterizer_pointer",
    "plain",
    "resolve",
    "unknown_number",
]

_UNKNOWN = {
    "keep": lib.OPHIO_FINGERPRINTS_UNKNOWN_KEEP,
    "mark": lib.OPHIO_FINGERPRINTS_UNKNOWN_MARK,
}
_TYPES: dict[int, Literal["default", "hybrid", "custom"] | None] = {
    lib.OPHIO_FINGERPRINTS_TYPE_EMPTY: None,
    lib.OPHIO_FINGERPRINTS_TYPE_DEFAULT: "default",
    lib.OPHIO_FINGERPRINTS_TYPE_HYBRID: "hybrid",
    lib.OPHIO_FINGERPRINTS_TYPE_CUSTOM: "custom",
}


def _packer() -> Callable[[Any], bytes]:
    try:
        import ormsgpack  # noqa: PLC0415 (PyPy has none)

        # What has code of its own, such as the time zone of a `datetime`, becomes an error here:
        # ormsgpack is in the middle of the event then, and that code may change the event.
        options = (
            ormsgpack.OPT_PASSTHROUGH_DATACLASS
            | ormsgpack.OPT_PASSTHROUGH_DATETIME
            | ormsgpack.OPT_PASSTHROUGH_ENUM
            | ormsgpack.OPT_PASSTHROUGH_UUID
        )
    except (ImportError, AttributeError):
        return as_json
    packb = ormsgpack.packb
    return lambda event: packb(event, None, options)


def parameterizer_pointer(parameterizer: object) -> Any:
    """Return the library's object, or NULL for None."""
    if parameterizer is None:
        return ffi.NULL
    with first_use:
        from sentry_ophio.parameterization import Parameterizer  # noqa: PLC0415 (loads when used)

    return Parameterizer._pointer("parameterizer", parameterizer, "a Parameterizer")


def pack_event(event: object) -> bytes:
    """Write an event for the library: as MessagePack, which takes a tenth of the time of JSON.

    What only JSON can hold is written as JSON: half of a surrogate pair, numbers of more than 64
    bits, keys that are not texts.
    """
    if type(event) is dict:
        try:
            return _packb(event)
        except TypeError:
            pass
    elif not isinstance(event, Mapping):
        raise EventError(f"an event must be an object, not {type(event).__name__}")
    return as_json(event)


def as_json(event: Any) -> bytes:
    try:
        # Keys that JSON has no form for are none that a rule looks at.
        return json.dumps(event, default=plain, skipkeys=True).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise EventError(f"the event cannot be written as JSON: {error}") from None


def plain(value: object) -> object:
    """Replace what JSON has no form for; no rule can look at it, except at mappings."""
    return dict(value) if isinstance(value, Mapping) else {}


_packb = _packer()


def unknown_number(unknown: object) -> int:
    """Return the number that the library has for a value of `unknown`."""
    try:
        return _UNKNOWN[unknown]  # type: ignore[index]  # its errors are the check
    except (KeyError, TypeError):
        message = f'unknown must be "keep" or "mark", not {unknown!r}'
        raise InvalidArgumentError(message) from None


def _parts(fingerprint: object) -> bytes:
    """Write a fingerprint for the library."""
    if isinstance(fingerprint, (str, bytes)) or not hasattr(fingerprint, "__iter__"):
        raise type_error("fingerprint", "a sequence of str", fingerprint)
    parts = [encoded("a part of the fingerprint", part) for part in fingerprint]
    packed: bytes = Packer().pack(parts)
    return packed


def resolve(
    fingerprint: Sequence[str],
    event: Mapping[str, Any],
    *,
    unknown: Unknown = "keep",
    parameterizer: Parameterizer | None = None,
) -> list[str]:
    """Fill in the variables of a fingerprint.

        >>> resolve(["{{ level }}", "{{ default }}", "{{ logger }}", "a"], {"level": "info"})
        ['info', '{{ default }}', '<no-logger>', 'a']

    Args:
        fingerprint: The parts. A part that is a variable as a whole becomes its value.
        event: The event, as `FingerprintRules.match` takes it.
        unknown: As for `FingerprintRules.match`.
        parameterizer: As for `FingerprintRules.match`.

    Returns:
        The parts, filled in.

    Raises:
        EventError: It is not an event; the message says what is wrong, and where.
        UnicodeEncodeError: A part has a lone surrogate.
        TypeError: `fingerprint` is not a sequence of `str`, or `parameterizer` is not a
            `Parameterizer`.
        ValueError: `unknown` has another value.
    """
    number = unknown_number(unknown)
    ids = parameterizer_pointer(parameterizer)
    parts = _parts(fingerprint)
    packed = pack_event(event)
    resolved: list[str] = json.loads(
        string(
            lambda out: lib.ophio_fingerprints_resolve(
                parts, len(parts), packed, len(packed), number, ids, out
            )
        )
    )
    return resolved


def expand_title(
    title: str,
    event: Mapping[str, Any],
    *,
    unknown: Unknown = "keep",
    parameterizer: Parameterizer | None = None,
) -> str:
    """Fill in the variables of a title.

        >>> expand_title("{{ level }} in {{ transaction }}", {"level": "fatal"})
        'fatal in <no-transaction>'

    Args:
        title: The title. Each variable in it becomes its value.
        event: The event, as `FingerprintRules.match` takes it.
        unknown: As for `FingerprintRules.match`.
        parameterizer: As for `FingerprintRules.match`.

    Raises:
        EventError: It is not an event; the message says what is wrong, and where.
        UnicodeEncodeError: The title has a lone surrogate.
        TypeError: `title` is not a `str`, or `parameterizer` is not a `Parameterizer`.
        ValueError: `unknown` has another value.
    """
    number = unknown_number(unknown)
    ids = parameterizer_pointer(parameterizer)
    data = encoded("title", title)
    packed = pack_event(event)
    return string(
        lambda out: lib.ophio_fingerprints_expand_title(
            data, len(data), packed, len(packed), number, ids, out
        )
    )


def fingerprint_type(
    fingerprint: Sequence[str],
) -> Literal["default", "hybrid", "custom"] | None:
    """Return what a fingerprint is made of.

        >>> fingerprint_type(["{{ default }}"]), fingerprint_type(["{{default}}", "a"])
        ('default', 'hybrid')
        >>> fingerprint_type(["a"])
        'custom'

    Args:
        fingerprint: The parts.

    Returns:
        "default" if it has `{{ default }}` only, "hybrid" if it has that among others,
        "custom" if it has only others, and None if it is empty.

    Raises:
        UnicodeEncodeError: A part has a lone surrogate.
        TypeError: `fingerprint` is not a sequence of `str`.
    """
    parts = _parts(fingerprint)
    kind = ffi.new("uint32_t *")
    check(lib.ophio_fingerprints_type(parts, len(parts), kind))
    return _TYPES[kind[0]]
