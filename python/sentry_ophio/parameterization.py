r"""Parameterized messages: replaces ids, dates and numbers by their kind.

    >>> from sentry_ophio.parameterization import Parameterizer, Pattern
    >>> defaults = Parameterizer()
    >>> defaults.parameterize("User 42 not found at 10.0.0.7 after 15ms")
    'User <int> not found at <ip> after <duration>'

Messages that differ only in such values are one issue. A list of patterns defines what is replaced.
A pattern is a name and a regex of Python's `re` in verbose form:

    >>> tickets = Parameterizer([Pattern("ticket", r"\b[A-Z]{2,5} - \d+")])
    >>> tickets.parameterize("fixes ABC-12")
    'fixes <ticket>'

A list has the same result as `re.sub` with its regexes joined by `|`: the leftmost match counts,
and of the patterns that match there, the first one in the list. Unlike `re`, it takes linear time
for any text. [Parameterized messages](https://libophio.readthedocs.io/parameterization) describes
the constructs that are supported, the differences from `re`, and what each default pattern matches.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, final

from msgpack import packb, unpackb

from sentry_ophio._arguments import (
    checked_items,
    checked_list,
    checked_positive,
    checked_str,
    encoded,
    type_error,
)
from sentry_ophio._ffi import Handle, check, decode, error_for, ffi, lib, new_string
from sentry_ophio._first_use import first_use
from sentry_ophio._pack import pack_texts, unpack
from sentry_ophio.exceptions import PatternError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["DEFAULT_PATTERNS", "Match", "Parameterizer", "Pattern"]

_MAX_SIZE: int = 2 ** (8 * ffi.sizeof("size_t")) - 1
_parameterize_text = lib.ophio_parameterization_parameterize_text
_TOO_SHORT = -lib.OPHIO_STATUS_OUT_OF_RANGE
# The size of a buffer for a new text. A longer text, or new text, needs an allocation.
_BUFFER = 4096
_LIMITS = (
    *("patterns", "regex_bytes", "operations", "state_bytes", "text_bytes"),
    *("steps", "steps_per_byte"),
)


@final
class Pattern(NamedTuple):
    """A kind of value to replace, such as `Pattern("ticket", "[A-Z]+-[0-9]+")`."""

    name: str
    """The name, an identifier, which replaces a match, in angle brackets."""
    regex: str
    """A regex of Python's `re`, in verbose form."""

    @property
    def is_linear(self) -> bool:
        """Whether the pattern takes time in proportion to the text.

        Only a pattern with an atomic group that can match in more than one way, or with an
        assertion in a look-behind, is not linear. It is matched by backtracking, and the limits
        `steps` and `steps_per_byte` bound its time.

        >>> Pattern("hex", r"(?<![0-9a-f]) (?=[a-f]*[0-9]) [0-9a-f]{8,}").is_linear
        True
        >>> Pattern("x", r"(?>a+b|a)b").is_linear
        False

        Raises:
            PatternError: The pattern is not valid.
        """
        pattern: Any = ffi.new("OphioParameterizationPattern *")
        with Parameterizer([self]) as alone:
            ptr = alone._ptr
            check(lib.ophio_parameterization_pattern(ptr, 0, pattern))
        return bool(pattern.is_linear)


@final
class Match(NamedTuple):
    """A match of a pattern in a text."""

    kind: str
    """The name of the pattern."""
    start: int
    """Where the match begins, in characters."""
    end: int
    """Where the match ends, in characters."""


@final
class Parameterizer(Handle):
    """A compiled list of patterns.

        >>> ids = Parameterizer(only=["uuid", "int"])
        >>> ids.parameterize("took 15ms, retried 3 times")
        'took 15ms, retried <int> times'

    It is immutable and can be pickled. Threads may share it, and a child may use it after a fork.
    Compiling the default patterns takes 2 ms, so keep the object.

    Args:
        patterns: The patterns, in their order. A pair of a name and a regex is a pattern, too.
        only: The names of the patterns that are used; without it, all are.
        max_patterns: The limit on patterns, 1,000 by default.
        max_regex_bytes: The limit on the bytes of a regex, 16 KiB by default.
        max_operations: The limit on the operations of all patterns after compilation, 50,000 by
            default: `a{100}` has 100.
        max_state_bytes: How many bytes of states a thread keeps, 32 MiB by default. Beyond that,
            it forgets them and begins again, which takes time.
        max_text_bytes: The limit on the bytes of a text; there is none by default.
        max_steps: The limit on the steps, in one text, of the patterns that are not linear,
            1,000,000 by default.
        max_steps_per_byte: How many steps each byte of a text adds to that, 50 by default.

    Raises:
        PatternError: A pattern is not valid, has the name of another one, or is beyond a limit,
            or `only` has a name that the list does not have. The error has the number of the
            pattern and the position in its regex.
        TypeError: An argument has the wrong type.
        ValueError: A limit is less than 1.
        UnicodeEncodeError: A text holds a lone surrogate.
    """

    __slots__ = ("_arguments", "_calls", "_names")
    _KIND = ffi.typeof("OphioParameterization **")
    _FREE = lib.ophio_parameterization_free

    def __init__(  # noqa: PLR0913
        self,
        patterns: Iterable[Pattern | tuple[str, str]] | None = None,
        only: Iterable[str] | None = None,
        *,
        max_patterns: int | None = None,
        max_regex_bytes: int | None = None,
        max_operations: int | None = None,
        max_state_bytes: int | None = None,
        max_text_bytes: int | None = None,
        max_steps: int | None = None,
        max_steps_per_byte: int | None = None,
    ) -> None:
        listed = None if patterns is None else _patterns(patterns)
        if listed == globals().get("DEFAULT_PATTERNS"):
            listed = None
        names = None if only is None else _names(only)
        values = (
            *(max_patterns, max_regex_bytes, max_operations, max_state_bytes, max_text_bytes),
            *(max_steps, max_steps_per_byte),
        )
        limits = ffi.new("OphioParameterizationLimits *")
        given = []
        for name, value in zip(_LIMITS, values):
            if value is not None:
                number = _limit(f"max_{name}", value)
                setattr(limits, name, number)
                given.append((f"max_{name}", number))
        self._open(listed, names, tuple(given), limits)

    def _open(
        self,
        patterns: tuple[Pattern, ...] | None,
        only: tuple[str, ...] | None,
        given: tuple[tuple[str, int], ...],
        limits: Any,
    ) -> None:
        # Without bytes, the library takes the default patterns.
        packed = b"" if patterns is None else _packed([tuple(pattern) for pattern in patterns])
        chosen = b"" if only is None else _packed(list(only))
        number, position = ffi.new("size_t *"), ffi.new("size_t *")
        place = self._place()
        status = lib.ophio_parameterization_new(
            *(packed, len(packed), chosen, len(chosen)),
            *(limits, ffi.sizeof("OphioParameterizationLimits")),
            *(number, position, place),
        )
        if status:
            error = error_for(status)
            if isinstance(error, PatternError):
                error.number = number[0]
                error.position = None if position[0] == _MAX_SIZE else position[0]
            raise error
        self._arguments = (patterns, only, given)
        # Creating one takes as long as a call. `pop` and `append` need no lock, and there are as
        # many as calls ran at once.
        self._calls: list[tuple[Any, Any, Any]] = []
        self._adopt(place)
        self._names = tuple(pattern.name for pattern in self.patterns)

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """The patterns that are used, in their order."""
        pattern: Any = ffi.new("OphioParameterizationPattern *")
        found = []
        ptr = self._ptr
        for number in range(lib.ophio_parameterization_len(ptr)):
            check(lib.ophio_parameterization_pattern(ptr, number, pattern))
            found.append(Pattern(decode(pattern.name), decode(pattern.regex)))
        return tuple(found)

    def parameterize(self, text: str) -> str:
        """Replace each match in a text by the name of its pattern in angle brackets.

        Args:
            text: The text.

        Raises:
            LimitError: The text is longer than `max_text_bytes`, or a pattern that is not linear
                took too many steps.
            TypeError: `text` is not a `str`.
            UnicodeEncodeError: The text holds a lone surrogate.
        """
        if type(text) is not str or "\0" in text:
            return self._parameterize(encoded("text", text))
        data = text.encode()
        calls = self._calls
        try:
            call = calls.pop()
        except IndexError:
            call = self._new_call()
        buffer, written, _ = call
        length = _parameterize_text(buffer, data)
        if length > 0:
            replaced: str = written[:length].decode()
        elif not length:
            # Without a match the result is the same text.
            replaced = text
        elif length == _TOO_SHORT:
            replaced = self._parameterize(data)
        else:
            raise error_for(-length)
        calls.append(call)
        return replaced

    def _new_call(self) -> tuple[Any, Any, Any]:
        """Make what a call of `parameterize` needs; `data` must live as long as `buffer`."""
        data = ffi.new("uint8_t[]", _BUFFER)
        ptr = self._ptr
        buffer = ffi.new("OphioParameterizationBuffer *", (ptr, data, _BUFFER))
        return buffer, ffi.buffer(data), ptr

    def _parameterize(self, data: bytes) -> str:
        """Replace the matches in a text of any length."""
        ptr = self._ptr
        out = new_string()
        check(lib.ophio_parameterization_parameterize(ptr, data, len(data), out))
        return decode(out[0])

    def close(self) -> None:
        """Free the list; it cannot be used after that.

        Calling it again does nothing. There is no need to call it: what is garbage is freed as
        well.
        """
        super().close()
        # A call that another thread is just making returns its list to what was here before.
        self._calls = []

    def parameterize_many(self, texts: Iterable[str]) -> list[str]:
        """Replace the matches in many texts, in one call.

        >>> Parameterizer().parameterize_many(["took 15ms", "id 0x1f"])
        ['took <duration>', 'id <hex>']

        Args:
            texts: The texts.

        Raises:
            LimitError: As for `parameterize`. The message has the number of the text.
            TypeError: A text is not a `str`.
            UnicodeEncodeError: A text holds a lone surrogate.
        """
        listed = _listed(texts)
        ptr = self._ptr
        out = new_string()

        def call(packed: bytes) -> int:
            return lib.ophio_parameterization_parameterize_packed(
                ptr, packed, len(packed), ffi.NULL, 0, out
            )

        _with_packed(listed, call)
        replaced: list[str] = unpack(memoryview(ffi.buffer(out[0].data, out[0].len)))
        return replaced

    def find(self, text: str) -> list[Match]:
        """Find the matches in a text, from left to right.

        >>> Parameterizer().find("took 15ms")
        [Match(kind='duration', start=5, end=9)]

        Args:
            text: The text.

        Raises:
            LimitError: As for `parameterize`.
            TypeError: `text` is not a `str`.
            UnicodeEncodeError: The text holds a lone surrogate.
        """
        data = encoded("text", text)
        ptr = self._ptr
        out = new_string()
        check(lib.ophio_parameterization_find(ptr, data, len(data), True, out))
        return self._matches(unpackb(ffi.buffer(out[0].data, out[0].len)))

    def find_many(self, texts: Iterable[str]) -> list[list[Match]]:
        """Find the matches in many texts, in one call.

        >>> Parameterizer().find_many(["took 15ms", "none"])
        [[Match(kind='duration', start=5, end=9)], []]

        Args:
            texts: The texts.

        Raises:
            LimitError: As for `parameterize`. The message has the number of the text.
            TypeError: A text is not a `str`.
            UnicodeEncodeError: A text holds a lone surrogate.
        """
        return list(map(self._matches, self._find_numbers(_listed(texts))))

    def _find_numbers(self, texts: list[str]) -> list[list[tuple[int, int, int]]]:
        """Find what `find_many` does: the number of each pattern, start and end. Internal."""
        ptr = self._ptr
        out = new_string()

        def call(packed: bytes) -> int:
            return lib.ophio_parameterization_find_packed(ptr, packed, len(packed), True, out)

        _with_packed(texts, call)
        found: list[list[tuple[int, int, int]]] = unpack(
            memoryview(ffi.buffer(out[0].data, out[0].len))
        )
        return found

    def _matches(self, found: list[tuple[int, int, int]]) -> list[Match]:
        names = self._names
        return [Match(names[number], start, end) for number, start, end in found]

    def counts(self, texts: str | Iterable[str]) -> dict[str, int]:
        """Count the matches of each pattern, in one text or in many.

        >>> Parameterizer().counts(["took 15ms, 3 times", "took 20ms"])
        {'duration': 2, 'int': 1}

        Args:
            texts: A text, or several.

        Returns:
            The number of matches of each pattern, by name, in the order of the list. Patterns
            without a match are omitted.

        Raises:
            LimitError: As for `parameterize`.
            TypeError: A text is not a `str`.
            UnicodeEncodeError: A text holds a lone surrogate.
        """
        listed = [texts] if isinstance(texts, str) else _listed(texts)
        ptr = self._ptr
        names = self._names
        counts = ffi.new("uint64_t[]", len(names))

        def call(packed: bytes) -> int:
            return lib.ophio_parameterization_counts(ptr, packed, len(packed), counts, len(names))

        _with_packed(listed, call)
        return {name: int(count) for name, count in zip(names, counts) if count}

    def __repr__(self) -> str:
        """Return the expression that makes it."""
        patterns, only, given = self._arguments
        shown = [] if patterns is None else [repr(list(patterns))]
        if only is not None:
            shown.append(f"only={list(only)!r}")
        shown += [f"{name}={value}" for name, value in given]
        return f"Parameterizer({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        """Compare patterns, `only` and limits."""
        if not isinstance(other, Parameterizer):
            return NotImplemented
        return self._arguments == other._arguments

    def __hash__(self) -> int:
        """Return a hash that equal objects share."""
        return hash(self._arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle patterns, `only` and limits."""
        return _parameterizer, self._arguments


def _parameterizer(
    patterns: tuple[Pattern, ...] | None,
    only: tuple[str, ...] | None,
    given: tuple[tuple[str, int], ...],
) -> Parameterizer:
    """Unpickle a list. The default patterns are those of this version."""
    limits: Any = dict(given)
    return Parameterizer(patterns, only, **limits)


def _patterns(patterns: Any) -> tuple[Pattern, ...]:
    if isinstance(patterns, (str, bytes)):
        raise type_error("patterns", "an iterable of patterns", patterns)
    checked = []
    for number, pattern in enumerate(checked_items("patterns", "Pattern objects", patterns)):
        if not isinstance(pattern, tuple) or len(pattern) != 2:
            raise type_error(f"pattern {number}", "a Pattern", pattern)
        name, regex = pattern
        checked.append(
            Pattern(
                str(checked_str(f"the name of pattern {number}", name)),
                str(checked_str(f"the regex of pattern {number}", regex)),
            )
        )
    return tuple(checked)


def _names(only: Any) -> tuple[str, ...]:
    if isinstance(only, (str, bytes)):
        raise type_error("only", "an iterable of names", only)
    names = checked_list("only", "names", only)
    return tuple(str(checked_str("a name in only", name)) for name in names)


def _limit(name: str, value: object) -> int:
    return min(checked_positive(name, value), _MAX_SIZE)


def _packed(value: object) -> bytes:
    packed: bytes = packb(value)
    return packed


def _listed(texts: Any) -> list[Any]:
    if isinstance(texts, (str, bytes)):
        raise type_error("texts", "an iterable of texts", texts)
    return texts if type(texts) is list else checked_list("texts", "texts", texts)


def _with_packed(texts: list[Any], call: Callable[[bytes], int]) -> None:
    """Make a call with packed texts. They are checked one by one only if that fails."""
    try:
        status = call(pack_texts(texts))
    except (TypeError, ValueError, OverflowError):
        status = lib.OPHIO_STATUS_INVALID_ARGUMENT
    if status == lib.OPHIO_STATUS_INVALID_ARGUMENT:
        checked = [str(checked_str(f"text {number}", text)) for number, text in enumerate(texts)]
        status = call(_packed(checked))
    check(status)


def default_parameterizer() -> Parameterizer:
    """Return the default patterns as the whole process shares them, compiled at first use."""
    with first_use:
        if not _default:
            _default.append(Parameterizer())
    return _default[0]


_default: list[Parameterizer] = []

if TYPE_CHECKING:
    DEFAULT_PATTERNS: tuple[Pattern, ...]
    """The patterns that come with the package, in their order."""


def __getattr__(name: str) -> object:
    """Read the default patterns from the library at first use: that compiles them."""
    if name != "DEFAULT_PATTERNS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, default_parameterizer().patterns)


def __dir__() -> list[str]:
    """Return the public names, also those that are not read yet."""
    return sorted({*globals(), *__all__})
