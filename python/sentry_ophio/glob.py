r"""Globs: patterns with wildcards, for text and bytes.

    >>> from sentry_ophio.glob import is_glob_match
    >>> is_glob_match("src/main.py", "*.py")
    True
    >>> is_glob_match("src/main.py", "*.py", double_star=True)
    False

| syntax | matches |
| --- | --- |
| `?` | one byte |
| `*` | any number of bytes |
| `**` | as a whole segment (`**/`, `/**/`, `/**`) any number of directories; else as `*` |
| `[a-z]`, `[!a]` | one byte of those listed, or one not listed |
| `{a,b}` | one of several; cannot be nested |
| `\*` | the character itself; not with `path_normalize` |

A glob matches a value as a whole, byte by byte in UTF-8: `é` is two bytes, so `?` does not
match it. The options are the same everywhere:

- `double_star`: `*` and `?` stop at `/`, only `**` crosses it;
- `case_insensitive`: pattern and value are converted to lower case first, `str` by `str.lower`, and
  `bytes` for ASCII only;
- `path_normalize`: each backslash is a slash, in the pattern and in the value. So a backslash
  cannot escape: `\*` is a slash and a star;
- `allow_newline`: `?` and `*` match line feeds. With `double_star` they always do.

`Glob` matches one pattern and many values, and `GlobSet` many patterns. Both are immutable; threads
may share them, and a child may use them after a fork.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

from msgpack import Packer

from sentry_ophio._arguments import checked_list, encoded, type_error
from sentry_ophio._diagnostic import Diagnostic
from sentry_ophio._ffi import (
    Handle,
    check,
    decode,
    error_for,
    ffi,
    lib,
    new_string,
    owned,
    plain,
    string,
)
from sentry_ophio._shortcut import NEEDS, Shortcut, unpacked
from sentry_ophio.exceptions import ArgumentTypeError, GlobError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Union

    from _cffi_backend import _CDataBase as CData

    Text = Union[str, bytes]

__all__ = ["Glob", "GlobSet", "is_glob_match"]

_match_text = lib.ophio_glob_match_text
_OPTIONS = ("double_star", "case_insensitive", "path_normalize", "allow_newline")


def _bits(
    double_star: bool, case_insensitive: bool, path_normalize: bool, allow_newline: bool
) -> int:
    return (
        (lib.OPHIO_GLOB_OPTION_DOUBLE_STAR if double_star else 0)
        | (lib.OPHIO_GLOB_OPTION_CASE_INSENSITIVE if case_insensitive else 0)
        | (lib.OPHIO_GLOB_OPTION_PATH_NORMALIZE if path_normalize else 0)
        | (lib.OPHIO_GLOB_OPTION_ALLOW_NEWLINE if allow_newline else 0)
    )


def _encoded(text: object, name: str, fold: bool = False) -> bytes:
    """Return the bytes of a pattern or value. `fold` converts a `str` to lower case."""
    if isinstance(text, str):
        return str.encode(str.lower(text) if fold else text)
    if isinstance(text, bytes):
        return plain(text)
    raise type_error(name, "a str or bytes", text)


def _encoded_pattern(pattern: object, fold: bool, name: str = "pat") -> bytes:
    """Return the bytes of a pattern, which must be UTF-8."""
    data = _encoded(pattern, name, fold)
    if isinstance(pattern, bytes):
        data.decode()
    return data


def _diagnostic(pattern: Text, data: bytes, message: str, position: int) -> Diagnostic:
    """Make the diagnostic for a pattern.

    Args:
        pattern: The pattern of the caller.
        data: The bytes that the library read. A `str` may have been converted to lower case.
        message: What is wrong.
        position: The position, in bytes of `data`.
    """
    text = str.__str__(pattern) if issubclass(type(pattern), str) else data.decode()
    characters = len(data[:position].decode())
    if len(text) != len(data.decode()):
        # In lower case one character can become two.
        lower = 0
        for count, char in enumerate(text):
            if lower >= characters:
                characters = count
                break
            lower += len(char.lower())
    return Diagnostic(
        severity="error",
        message=message,
        line=1,
        column=characters + 1,
        end_column=min(characters + 1, len(text)) + 1,
        source=text,
    )


def _error(diagnostics: tuple[Diagnostic, ...], message: str) -> GlobError:
    error = GlobError(message)
    error.diagnostics = diagnostics
    return error


def _compile(pattern: Text, data: bytes, bits: int) -> CData | Diagnostic:
    position = ffi.new("size_t *")
    place = ffi.gc(ffi.new("OphioGlob **"), lib.ophio_glob_free)
    status = lib.ophio_glob_new(data, len(data), bits, position, place)
    if not status:
        return owned(place)
    error = error_for(status)
    if not isinstance(error, GlobError):
        raise error
    # The message of the library begins with the pattern after conversion: in lower case, with
    # slashes.
    reason = str(error).rpartition("': ")[2]
    return _diagnostic(pattern, data, reason, position[0])


# --- one call -----------------------------------------------------------------------

# A cache of patterns for each sum of options: results by value, and the shortcut. Bytes beyond
# ASCII are not converted to lower case like a str, so they have 16 separate caches.
_patterns: list[dict[str, tuple[dict[str, bool], Shortcut]]] = [{} for _ in range(32)]
_MAX_PATTERNS = 2_048
# A longer pattern is not cached: its compiled form can take a hundred times its length.
_MAX_PATTERN_LENGTH = 1_024

# Adding a result takes 120 ns, so the cache must be useful. When `_MAX_ANSWERS` were added, all are
# dropped. If none of them was used, none is added during the next `_PAUSE` calls.
_MAX_ANSWERS = 4_096
_PAUSE = 16_384
_MAX_ANSWER_LENGTH = 256
# The number of results that can be added. Below 0, the number of calls of the pause so far.
_room = _MAX_ANSWERS
# Whether a result was used since results were dropped.
_used = [False]


def _drop_answers() -> None:
    """Drop all results, and add new ones at once or after a pause."""
    global _room  # noqa: PLW0603
    if _used[0] or _room < 0:
        _room = _MAX_ANSWERS
    _used[0] = False
    for patterns in _patterns:
        for answers, _ in list(patterns.values()):
            answers.clear()


def _shortcut(pat: Text, bits: int) -> Shortcut:
    """Compile a pattern."""
    data = _encoded_pattern(pat, bool(bits & lib.OPHIO_GLOB_OPTION_CASE_INSENSITIVE))
    glob = _compile(pat, data, bits)
    if isinstance(glob, Diagnostic):
        return "", "", "", "", NEEDS, None  # matches nothing
    out = new_string()
    return unpacked(lib.ophio_glob_shortcut(glob, out), out, glob)


def _remember(pat: Text, bits: int) -> tuple[dict[str, bool], Shortcut]:
    """Compile a pattern and cache it."""
    pattern: tuple[dict[str, bool], Shortcut] = ({}, _shortcut(pat, bits))
    if len(pat) <= _MAX_PATTERN_LENGTH:
        if sum(map(len, _patterns)) >= _MAX_PATTERNS:
            for patterns in _patterns:
                patterns.clear()
        if isinstance(pat, str):
            _patterns[bits][pat] = pattern
        else:
            _patterns[bits + 16][pat.decode()] = pattern
    return pattern


def _decide(glob: CData | None, data: bytes) -> bool:
    """Match any bytes by a call into the library."""
    if not glob:
        return False
    matched = ffi.new("bool *")
    check(lib.ophio_glob_is_match(glob, data, len(data), matched))
    return bool(matched[0])


def _is_match_bytes(value: Text, pat: Text, bits: int) -> bool:
    """Match if value or pattern is bytes, or of a subclass."""
    pattern = None
    kept = pat
    # A subclass may compare equal to another pattern.
    if type(pat) is bytes:
        if pat.isascii():
            kept = pat.decode()
            pattern = _patterns[bits].get(kept)
        else:
            pattern = _patterns[bits + 16].get(pat.decode())
    elif type(pat) is str:
        pattern = _patterns[bits].get(pat)
    else:
        data = _encoded_value(value, bits)
        return _decide(_shortcut(pat, bits)[-1], data)
    data = _encoded_value(value, bits)
    if pattern is None:
        pattern = _remember(kept, bits)
    return _decide(pattern[1][-1], data)


def _encoded_value(value: object, bits: int) -> bytes:
    return _encoded(value, "value", bool(bits & lib.OPHIO_GLOB_OPTION_CASE_INSENSITIVE))


def is_glob_match(  # noqa: PLR0912, PLR0913, PLR0917
    value: Text,
    pat: Text,
    double_star: bool = False,
    case_insensitive: bool = False,
    path_normalize: bool = False,
    allow_newline: bool = False,
) -> bool:
    r"""Return whether a whole value matches a glob.

    >>> is_glob_match("Chrome Mobile", "chrome*", case_insensitive=True)
    True
    >>> is_glob_match(b"src\\main.c", "src/*.c", path_normalize=True)
    True

    Up to 2,048 compiled patterns and up to 4,096 results are cached. When there are more, all of
    them are dropped.

    Args:
        value: The value. Bytes need not be UTF-8.
        pat: The pattern. Bytes must be UTF-8.
        double_star: Only `**` crosses `/`.
        case_insensitive: Pattern and value are converted to lower case first.
        path_normalize: Each backslash is a slash, in pattern and value, and cannot escape.
        allow_newline: Wildcards match line feeds.

    Returns:
        Whether it matches. A pattern that is not valid matches nothing.

    Raises:
        LimitError: `pat` is longer than the limit `pattern_bytes`, or the match would take more
            steps than `glob_steps`.
        TypeError: `value` or `pat` is neither str nor bytes.
        UnicodeDecodeError: `pat` is bytes that are not UTF-8.
        UnicodeEncodeError: A str has a lone surrogate.
    """
    global _room  # noqa: PLW0603
    bits = 0
    if double_star:
        bits = 1 if double_star is True else _flag(double_star, "double_star")  # type: ignore[redundant-expr]
    if case_insensitive:
        bits += 2 if case_insensitive is True else _flag(case_insensitive, "case_insensitive")  # type: ignore[redundant-expr]
    if path_normalize:
        bits += 4 if path_normalize is True else _flag(path_normalize, "path_normalize")  # type: ignore[redundant-expr]
    if allow_newline:
        bits += 8 if allow_newline is True else _flag(allow_newline, "allow_newline")  # type: ignore[redundant-expr]
    if not (type(value) is type(pat) is str):
        if not (type(value) is type(pat) is bytes and value.isascii() and pat.isascii()):
            return _is_match_bytes(value, pat, bits)
        value, pat = value.decode(), pat.decode()
    try:
        answers, shortcut = _patterns[bits][pat]
        if answers and value in answers:
            _used[0] = True
            return answers[value]
    except KeyError:
        # The value is new, or another thread has dropped the result.
        answers, shortcut = _remember(pat, bits)
    before, after, first, second, test, glob = shortcut
    text = value.lower() if case_insensitive else value
    if path_normalize:
        text = text.replace("\\", "/")
    answer = None
    if test == NEEDS:
        # Without marks. The library reports what cannot be encoded.
        if first not in text and text.isascii():
            answer = False
    elif text.isascii() and "\n" not in text:
        marked = f"{before}{text}{after}"
        answer = first in marked and second in marked
    if answer is None:
        data = text.encode()
        if glob is None or "\0" in text:
            answer = _decide(glob, data)
        else:
            matched = _match_text(glob, data)
            if matched < 0:
                raise error_for(-matched)
            answer = matched == 1
    _room = room = _room - 1
    if room > 0:
        if len(value) <= _MAX_ANSWER_LENGTH:
            answers[value] = answer
    elif room == 0 or room < -_PAUSE:
        _drop_answers()
    return answer


def _flag(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return value
    raise type_error(name, "a bool", value)


# --- one pattern, many values -------------------------------------------------------


@final
class Glob(Handle):
    """A glob, compiled once.

        >>> glob = Glob("src/**/*.py", double_star=True)
        >>> glob
        Glob('src/**/*.py', double_star=True)
        >>> glob.match("src/a/b.py")
        True
        >>> glob.match_many(["src/a.py", b"src/a.c"])
        [True, False]

    Two globs are equal if pattern and options are. They can be pickled.

    Args:
        pattern: The pattern. Bytes must be UTF-8.
        double_star: Only `**` crosses `/`.
        case_insensitive: Pattern and value are converted to lower case first.
        path_normalize: Each backslash is a slash, in pattern and value, and cannot escape.
        allow_newline: Wildcards match line feeds.
        strict: Raise an error for a pattern that is not valid. Otherwise it matches nothing, as
            with `is_glob_match`.

    Raises:
        GlobError: With `strict`, the pattern is not valid.
        TypeError: `pattern` is neither str nor bytes, or an option is not a bool.
        UnicodeDecodeError: `pattern` is bytes that are not UTF-8.
        UnicodeEncodeError: `pattern` holds a lone surrogate.
    """

    __slots__ = ("_fold", "_options", "_pattern")

    def __init__(  # noqa: PLR0913
        self,
        pattern: Text,
        *,
        double_star: bool = False,
        case_insensitive: bool = False,
        path_normalize: bool = False,
        allow_newline: bool = False,
        strict: bool = False,
    ) -> None:
        options = (double_star, case_insensitive, path_normalize, allow_newline)
        for value, name in zip(options, _OPTIONS):
            _flag(value, name)
        data = _encoded_pattern(pattern, case_insensitive, "pattern")
        compiled = _compile(pattern, data, _bits(*options))
        if isinstance(compiled, Diagnostic):
            if strict:
                message = f"error parsing glob '{compiled.source}': {compiled.message}"
                raise _error((compiled,), message)
            compiled = ffi.NULL  # matches nothing
        self._pattern = pattern
        self._options = options
        self._fold = case_insensitive
        self._ptr = compiled

    @property
    def pattern(self) -> Text:
        """The pattern of the caller."""
        return self._pattern

    @property
    def is_valid(self) -> bool:
        """Whether the pattern is valid. If not, it matches nothing."""
        glob = self._ptr
        return bool(glob)

    def match(self, value: Text) -> bool:
        """Return whether a whole value matches.

        Args:
            value: Text or bytes, which need not be UTF-8.

        Raises:
            HandleClosedError: The glob is closed.
            LimitError: A match would take more steps than the limit `glob_steps`.
            TypeError: `value` is neither str nor bytes.
            UnicodeEncodeError: `value` holds a lone surrogate.
        """
        glob = self._ptr
        if type(value) is str and not self._fold:
            value = value.encode()
        elif type(value) is not bytes:
            value = _encoded(value, "value", self._fold)
        if b"\0" in value:
            return _decide(glob, value)
        matched = _match_text(glob, value)
        # The call fails for a glob that is NULL. A check before the call would take 40 ns.
        if matched < 0 and glob:
            raise error_for(-matched)
        return matched == 1

    def match_many(self, values: Iterable[Text]) -> list[bool]:
        """Return for each of many values whether it matches, in one call.

        Args:
            values: Texts and bytes.

        Raises:
            HandleClosedError: The glob is closed.
            LimitError: A match would take more steps than the limit `glob_steps`.
            TypeError: A value is neither str nor bytes.
            UnicodeEncodeError: A value holds a lone surrogate.
        """
        glob = self._ptr
        many = checked_list("values", "str or bytes", values)
        if self._fold:
            try:
                # The library converts ASCII to lower case itself.
                many = [value if value.isascii() else value.lower() for value in many]
            except AttributeError:
                _check_texts(many, "value")
                raise
        packed = _packed(many, "value")
        if not glob:
            return [False] * len(many)
        matched = bytearray(len(many))
        status = lib.ophio_glob_match_packed(
            glob, packed, len(packed), ffi.from_buffer(matched), len(matched)
        )
        if status:
            error = error_for(status)
            _check_texts(many, "value")
            raise error
        # The fastest conversion of bytes to a list of bool.
        answers: list[Any] = memoryview(matched).cast("?").tolist()
        return answers

    @staticmethod
    def escape(text: str) -> str:
        """Return a pattern that matches a text literally, with any options.

        >>> Glob.escape("f(*args)[0]")
        'f([*]args)[[]0]'

        Args:
            text: The text.

        Raises:
            TypeError: `text` is not a str.
            UnicodeEncodeError: The text holds a lone surrogate.
        """
        data = encoded("text", text)
        return string(lambda out: lib.ophio_glob_escape(data, len(data), out))

    @staticmethod
    def validate(
        pattern: Text,
        *,
        double_star: bool = False,
        case_insensitive: bool = False,
        path_normalize: bool = False,
        allow_newline: bool = False,
    ) -> Diagnostic | None:
        r"""Check a pattern.

        >>> Glob.validate("src/*.py") is None
        True
        >>> print(Glob.validate("src/[a-"))
        error: unclosed character class; missing ']'
         --> line 1, column 5
          |
        1 | src/[a-
          |     ^

        Args:
            pattern: The pattern. Bytes must be UTF-8.
            double_star: As for `Glob`.
            case_insensitive: As for `Glob`. `[a-Z]` is valid only with it.
            path_normalize: As for `Glob`. `a\\` is valid only with it.
            allow_newline: As for `Glob`.

        Returns:
            A diagnostic, or None if the pattern is valid.

        Raises:
            TypeError: `pattern` is neither str nor bytes.
            UnicodeDecodeError: `pattern` is bytes that are not UTF-8.
            UnicodeEncodeError: `pattern` holds a lone surrogate.
        """
        data = _encoded_pattern(pattern, case_insensitive, "pattern")
        bits = _bits(double_star, case_insensitive, path_normalize, allow_newline)
        compiled = _compile(pattern, data, bits)
        return compiled if isinstance(compiled, Diagnostic) else None

    def __repr__(self) -> str:
        """Return an expression that creates it."""
        return f"Glob({self._pattern!r}{_printed(self._options)})"

    def __eq__(self, other: object) -> bool:
        """Compare pattern and options."""
        if not isinstance(other, Glob):
            return NotImplemented
        mine, theirs = self._pattern, other._pattern
        return type(mine) is type(theirs) and (mine, self._options) == (theirs, other._options)

    def __hash__(self) -> int:
        """Return a hash that equal globs share."""
        return hash((self._pattern, self._options))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle pattern and options."""
        return _glob, (self._pattern, self._options)


def _glob(pattern: Text, options: tuple[bool, ...]) -> Glob:
    """Unpickle a glob."""
    return Glob(pattern, **dict(zip(_OPTIONS, options)))


def _printed(options: tuple[bool, ...]) -> str:
    return "".join(f", {name}=True" for name, set_ in zip(_OPTIONS, options) if set_)


def _packed(texts: list[Text], name: str) -> bytes:
    try:
        # Its default buffer of 256 KiB would take longer to allocate than everything else.
        packed: bytes = Packer(buf_size=64 * len(texts) + 64).pack(texts)
    except (TypeError, ValueError, OverflowError):
        _check_texts(texts, name)
        raise
    return packed


def _check_texts(texts: list[Any], name: str) -> None:
    """Find the invalid value, after packing or the library has failed."""
    for number, text in enumerate(texts):
        _encoded(text, f"{name} {number}")


# --- many patterns ------------------------------------------------------------------


@final
class GlobSet(Handle):
    """Many globs that are matched together.

        >>> globs = GlobSet(["*.py", "src/*", "docs/*.md"])
        >>> globs.matches("src/main.py")
        [0, 1]
        >>> globs.is_match("README")
        False

    An index selects the few globs to try by texts in the value: 10,000 globs take about twice the
    time of ten, if each requires four consecutive characters that few others require. Globs
    without such characters are tried one by one.

    Args:
        patterns: The patterns. Bytes must be UTF-8.
        double_star: Only `**` crosses `/`.
        case_insensitive: Pattern and value are converted to lower case first.
        path_normalize: Each backslash is a slash, in pattern and value, and cannot escape.
        allow_newline: Wildcards match line feeds.
        strict: Raise an error if a pattern is not valid. Otherwise it matches nothing, and
            `invalid` reports it.

    Raises:
        GlobError: With `strict`, a pattern is not valid.
        TypeError: A pattern is neither str nor bytes, or an option is not a bool.
        UnicodeDecodeError: A pattern is bytes that are not UTF-8.
        UnicodeEncodeError: A pattern holds a lone surrogate.
    """

    __slots__ = ("_fold", "_invalid", "_options", "_patterns", "_spare")
    _KIND = ffi.typeof("OphioGlobSet **")
    _FREE = lib.ophio_glob_set_free

    _INITIAL_ROOM = 32

    def __init__(  # noqa: PLR0913
        self,
        patterns: Iterable[Text],
        *,
        double_star: bool = False,
        case_insensitive: bool = False,
        path_normalize: bool = False,
        allow_newline: bool = False,
        strict: bool = False,
    ) -> None:
        options = (double_star, case_insensitive, path_normalize, allow_newline)
        for value, name in zip(options, _OPTIONS):
            _flag(value, name)
        if isinstance(patterns, (str, bytes)):
            raise ArgumentTypeError("patterns must be an iterable of patterns, not one pattern")
        given = tuple(checked_list("patterns", "str or bytes", patterns))
        data = [
            _encoded_pattern(pattern, case_insensitive, f"pattern {number}")
            for number, pattern in enumerate(given)
        ]
        packed = _packed(data, "pattern")  # type: ignore[arg-type]
        bits = _bits(*options)
        place = self._place()
        check(lib.ophio_glob_set_new(packed, len(packed), bits, place))
        invalid = _faults(place, given, data)
        if strict and invalid:
            number, first = next(iter(invalid.items()))
            message = f"pattern {number}, {given[number]!r}: {first.message}"
            raise _error(tuple(invalid.values()), message)
        self._patterns = given
        self._invalid = invalid
        self._options = options
        self._fold = case_insensitive
        # Buffers for numbers and their count: creating one takes as long as the call. `pop` and
        # `append` need no lock, and there are as many buffers as calls ran at once.
        self._spare: list[tuple[CData, CData]] = []
        self._adopt(place)

    @property
    def patterns(self) -> tuple[Text, ...]:
        """The patterns of the caller."""
        return self._patterns

    @property
    def invalid(self) -> dict[int, Diagnostic]:
        """The diagnostics of the patterns that are not valid, by their number.

        >>> GlobSet(["a", "[b"]).invalid[1].message
        "unclosed character class; missing ']'"
        """
        return dict(self._invalid)

    def matches(self, value: Text) -> list[int]:
        """Return which globs match a whole value.

        Args:
            value: Text or bytes, which need not be UTF-8.

        Returns:
            The numbers of the globs, counted from 0, in ascending order.

        Raises:
            HandleClosedError: The set is closed.
            LimitError: A match would take more steps than the limit `glob_steps`.
            TypeError: `value` is neither str nor bytes.
            UnicodeEncodeError: `value` holds a lone surrogate.
        """
        globs = self._ptr
        data = _encoded(value, "value", self._fold)
        room = self._INITIAL_ROOM
        try:
            numbers, count = self._spare.pop()
        except IndexError:
            numbers, count = ffi.new("uint32_t[]", room), ffi.new("size_t *")
        check(lib.ophio_glob_set_matches(globs, data, len(data), numbers, room, count))
        found = count[0]
        if found > room:
            large = ffi.new("uint32_t[]", found)
            check(lib.ophio_glob_set_matches(globs, data, len(data), large, found, count))
            answer: Any = ffi.unpack(large, found)
        else:
            answer = ffi.unpack(numbers, found) if found else []
        self._spare.append((numbers, count))
        return answer  # type: ignore[no-any-return]

    def is_match(self, value: Text) -> bool:
        """Return whether any of the globs matches a whole value.

        Args:
            value: Text or bytes, which need not be UTF-8.

        Raises:
            HandleClosedError: The set is closed.
            LimitError: A match would take more steps than the limit `glob_steps`.
            TypeError: `value` is neither str nor bytes.
            UnicodeEncodeError: `value` holds a lone surrogate.
        """
        globs = self._ptr
        data = _encoded(value, "value", self._fold)
        matched = ffi.new("bool *")
        check(lib.ophio_glob_set_is_match(globs, data, len(data), matched))
        return bool(matched[0])

    def __len__(self) -> int:
        """Return the number of patterns, including those that are not valid."""
        return len(self._patterns)

    def __repr__(self) -> str:
        """Return an expression that creates it."""
        return f"GlobSet({list(self._patterns)!r}{_printed(self._options)})"

    def __eq__(self, other: object) -> bool:
        """Compare patterns and options."""
        if not isinstance(other, GlobSet):
            return NotImplemented
        mine = [(type(each), each) for each in self._patterns]
        theirs = [(type(each), each) for each in other._patterns]
        return mine == theirs and self._options == other._options

    def __hash__(self) -> int:
        """Return a hash that equal sets share."""
        return hash((self._patterns, self._options))

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle patterns and options."""
        return _glob_set, (self._patterns, self._options)


def _faults(place: CData, patterns: tuple[Text, ...], data: list[bytes]) -> dict[int, Diagnostic]:
    """Read what is wrong with the patterns of the set in a place."""
    faults: dict[int, Diagnostic] = {}
    found: Any = ffi.new("OphioGlobDiagnostic *")
    at = 0
    while True:
        check(lib.ophio_glob_set_diagnostic(place[0], at, found))
        at = found.number
        if at == len(data):
            return faults
        faults[at] = _diagnostic(patterns[at], data[at], decode(found.message), found.position)
        at += 1


def _glob_set(patterns: tuple[Text, ...], options: tuple[bool, ...]) -> GlobSet:
    """Unpickle a set."""
    return GlobSet(patterns, **dict(zip(_OPTIONS, options)))
