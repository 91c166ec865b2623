r"""CODEOWNERS: finds the owners (people or teams) of the files of a repository.

`Codeowners` reads a whole file, as GitHub or GitLab does:

    >>> from sentry_ophio.codeowners import Codeowners
    >>> file = Codeowners.parse('''
    ... *.js        @frontend
    ... /docs/      @writers docs@example.org
    ... /docs/old/
    ... ''')
    >>> file.owners("docs/api/index.md").owners
    ('@writers', 'docs@example.org')
    >>> file.owners("docs/old/index.md")
    Ownership('docs/old/index.md', cleared in line 4)
    >>> file.owners("Makefile")
    Ownership('Makefile', no rule)

`Codeowners.of_repository` finds the file of a repository. An `Owner` is a str with its kind: user,
team, role or e-mail address.

`is_codeowners_path_match` matches one pattern, in the dialect of Sentry's ownership rules:

    >>> from sentry_ophio.codeowners import is_codeowners_path_match
    >>> is_codeowners_path_match("src/api/main.py", "*.py")
    True
    >>> is_codeowners_path_match("src/api/main.py", "src/*")
    False

A `Codeowners` is immutable. Threads may share it, and a child may use it after a fork.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, Union, final

from msgpack import Packer

from sentry_ophio import _repository
from sentry_ophio._arguments import as_int, checked_list, type_error
from sentry_ophio._counts import counted, word_for
from sentry_ophio._diagnostic import Diagnostic
from sentry_ophio._ffi import Handle, check, decode, error_for, ffi, lib, new_string, plain
from sentry_ophio._shortcut import ALL, NEEDS, Shortcut, unpacked
from sentry_ophio.exceptions import (
    CodeownersError,
    InvalidArgumentError,
    UnsupportedOperationError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Literal

    from _cffi_backend import _CDataBase as CData

    Dialect = Literal["github", "gitlab"]
    Kind = Literal["user", "team", "role", "email"]
    StrPath = Union[str, os.PathLike[str]]

Text = Union[str, bytes]

__all__ = [
    "Codeowners",
    "Match",
    "Owner",
    "Ownership",
    "Section",
    "is_codeowners_path_match",
]

_match_text = lib.ophio_codeowners_match_text

# A cache of patterns.
_patterns: dict[str, Shortcut] = {}
_MAX_PATTERNS = 2_048
_MAX_PATTERN_LENGTH = 1_024


def is_codeowners_path_match(value: Text, pattern: Text) -> bool:
    """Return whether a path matches a pattern of Sentry's ownership rules.

    A pattern with a slash that is not its last character begins at the root; others match
    at any depth. `*` and `?` stop at slashes, `**` between slashes is any number of
    directories. A pattern with a trailing slash matches everything inside a directory, and one with
    a trailing `/*` only the files directly inside. Other patterns match the path itself and
    everything below it.

        >>> is_codeowners_path_match("src/api/main.py", "/src/")
        True
        >>> is_codeowners_path_match("src/api/main.py", "src/**/main.py")
        True

    Args:
        value: The path. Bytes need not be UTF-8.
        pattern: The pattern. Bytes must be UTF-8.

    Returns:
        Whether it matches.

    Raises:
        TypeError: An argument is neither str nor bytes.
        UnicodeEncodeError: A str has a lone surrogate.
        UnicodeDecodeError: The bytes of the pattern are not UTF-8.
    """
    if not (type(value) is type(pattern) is str):
        if not (type(value) is type(pattern) is bytes and value.isascii() and pattern.isascii()):
            return _decide(_encoded(value, "value"), _encoded(pattern, "pattern"))
        value, pattern = value.decode(), pattern.decode()
    try:
        before, after, first, second, test, data = _patterns[pattern]
    except KeyError:
        before, after, first, second, test, data = _remember(pattern)
    if test == NEEDS:
        # Without marks. The library reports what cannot be encoded.
        if first not in value and value.isascii():
            return False
    elif value.isascii() and "\n" not in value:
        path = f"{before}{value}{after}"
        if test == ALL:
            return first in path and second in path
        return first in path or second in path
    encoded = value.encode()
    if "\0" in value or "\0" in pattern:
        return _decide(encoded, data)
    matched: int = _match_text(encoded, data)
    if matched < 0:
        raise error_for(-matched)
    return matched == 1


def _remember(pattern: str) -> Shortcut:
    """Make the shortcut of a pattern, and cache it."""
    data = pattern.encode()
    out = new_string()
    shortcut = unpacked(lib.ophio_codeowners_shortcut(data, len(data), out), out, data)
    if len(pattern) <= _MAX_PATTERN_LENGTH:
        if len(_patterns) >= _MAX_PATTERNS:
            _patterns.clear()
        _patterns[pattern] = shortcut
    return shortcut


def _decide(path: bytes, pattern: bytes) -> bool:
    """Match any bytes by a call into the library."""
    matched = ffi.new("bool *")
    status = lib.ophio_codeowners_is_path_match(path, len(path), pattern, len(pattern), matched)
    if status:
        error = error_for(status)
        pattern.decode()
        raise error
    return bool(matched[0])


def _encoded(text: object, name: str) -> bytes:
    if isinstance(text, bytes):
        return plain(text)
    if isinstance(text, str):
        return str.encode(text)
    raise type_error(name, "a str or bytes", text)


# --- a whole file -------------------------------------------------------------------


_KINDS: dict[int, Kind] = {
    lib.OPHIO_CODEOWNERS_OWNER_KIND_USER: "user",
    lib.OPHIO_CODEOWNERS_OWNER_KIND_TEAM: "team",
    lib.OPHIO_CODEOWNERS_OWNER_KIND_ROLE: "role",
    lib.OPHIO_CODEOWNERS_OWNER_KIND_EMAIL: "email",
}


@final
class Owner(str):
    """An owner of files: the text as it is written, with its kind.

    >>> file = Codeowners.parse("* @ann @shop/web/ui @@maintainer ann@example.org", "gitlab")
    >>> for owner in file.owners("a.py").owners:
    ...     print(owner, owner.kind, owner.name)
    @ann user ann
    @shop/web/ui team shop/web/ui
    @@maintainer role maintainer
    ann@example.org email ann@example.org

    It compares, sorts and hashes as its text does: `"@ann" in found.owners`.
    """

    __slots__ = ("_kind",)
    _kind: Kind

    def __new__(cls, text: str, kind: Kind) -> Owner:
        """Make an owner from its text and kind."""
        self = super().__new__(cls, text)
        self._kind = kind
        return self

    @property
    def kind(self) -> Kind:
        """The kind of the owner.

        - "user": `@name`. For GitLab perhaps a group without a parent: both look the same.
        - "team": `@organization/team`, or for GitLab a group in other groups, `@a/b/c`.
        - "role": `@@maintainer`, all members of a GitLab project who have this role.
        - "email": an e-mail address.
        """
        return self._kind

    @property
    def name(self) -> str:
        """The owner without the `@` before it."""
        return self.lstrip("@")

    def __reduce__(self) -> tuple[type[Owner], tuple[str, Kind]]:
        """Pickle and copy it with its kind."""
        return Owner, (str(self), self._kind)


# Named tuples: creating a hundred thousand results takes a quarter of the time of frozen
# dataclasses, and they can be pickled on every Python.


class Section(NamedTuple):
    """A section of a GitLab file. Lines before any heading are a section with an empty name."""

    name: str
    """The name in its first heading."""
    line: int
    """The line of that heading, counted from 1; 0 if there is none."""
    optional: bool
    """Whether approval is optional (`^[...]`)."""
    approvals: int
    """The number of required approvals."""


class Match(NamedTuple):
    """A line of the file that wins for a path."""

    line: int
    """The line, counted from 1."""
    pattern: str
    """The pattern, as it is written."""
    owners: tuple[Owner, ...]
    """The owners of matching files. If it is empty, matching files have no owner."""
    section: Section
    """The section of the line."""
    excludes: bool
    """Whether it is a line with `!` of a GitLab file, which excludes files from its section."""


class Ownership(NamedTuple):
    r"""The owners of a path.

    >>> file = Codeowners.parse("* @all\n/docs/")
    >>> found = file.owners("docs/a.md")
    >>> found.is_cleared, found.line, found.match.pattern
    (True, 2, '/docs/')
    """

    path: Text
    """The path."""
    matches: tuple[Match, ...]
    """The winning line of each section with a matching line, in the order of the sections."""

    @property
    def owners(self) -> tuple[Owner, ...]:
        """The owners of all matches, each once."""
        return tuple(dict.fromkeys(owner for match in self.matches for owner in match.owners))

    @property
    def has_rule(self) -> bool:
        """Whether any line matches."""
        return bool(self.matches)

    @property
    def is_cleared(self) -> bool:
        """Whether lines match, but the path has no owner."""
        return bool(self.matches) and not self.owners

    @property
    def match(self) -> Match | None:
        """The winning line, or the last one if several sections have one; None if none matches."""
        return self.matches[-1] if self.matches else None

    @property
    def line(self) -> int | None:
        """The number of that line, counted from 1."""
        return self.matches[-1].line if self.matches else None

    def __repr__(self) -> str:
        """Return path, owners and lines."""
        if not self.matches:
            return f"Ownership({self.path!r}, no rule)"
        lines = ", ".join(str(match.line) for match in self.matches)
        where = f"in {word_for(len(self.matches), 'line')} {lines}"
        return f"Ownership({self.path!r}, {' '.join(self.owners) or 'cleared'} {where})"


_NO_RULE = 2**32 - 1
# Numbers of winning lines that one call remembers.
_MAX_KNOWN = 100_000
_DIALECTS = {
    "github": lib.OPHIO_CODEOWNERS_DIALECT_GITHUB,
    "gitlab": lib.OPHIO_CODEOWNERS_DIALECT_GITLAB,
}


@final
class Codeowners(Handle):
    """A CODEOWNERS file, created by `parse` or `of_repository`.

    An index selects the few lines that can match a path, so a look-up with 10,000 lines takes
    little longer than with ten. `len()` is the number of lines with a pattern.
    """

    __slots__ = ("_diagnostics", "_dialect", "_path", "_rules", "_sections")
    _KIND = ffi.typeof("OphioCodeowners **")
    _FREE = lib.ophio_codeowners_free

    _diagnostics: tuple[Diagnostic, ...]
    _dialect: str
    _path: Path | None
    _rules: list[Match | None]
    _sections: tuple[Section, ...]

    def __init__(self) -> None:
        raise UnsupportedOperationError("cannot create a Codeowners: use Codeowners.parse()")

    @classmethod
    def parse(
        cls,
        text: Text,
        dialect: Dialect = "github",
        *,
        max_bytes: int = 3_000_000,
    ) -> Codeowners:
        r"""Read a file.

        `diagnostics` reports the lines that are not valid; the other lines are used.

            >>> file = Codeowners.parse('''
            ... [Docs] @writers
            ... docs/
            ... ''', "gitlab")
            >>> match = file.owners("a/docs/b.md").match
            >>> match.line, match.owners, match.section.name
            (3, ('@writers',), 'Docs')

        Args:
            text: The content. Bytes must be UTF-8.
            dialect: The host whose rules apply: "github" or "gitlab".
            max_bytes: The maximum size of the file, in bytes of UTF-8. GitHub ignores a file of
                more than 3 MB.

        Raises:
            CodeownersError: The file is larger than `max_bytes`, or has more lines than
                `Limit.RULES`.
            TypeError: `text` is neither str nor bytes.
            ValueError: `dialect` has another value, or `max_bytes` is negative.
            UnicodeDecodeError: `text` is bytes that are not UTF-8.
            UnicodeEncodeError: `text` has a lone surrogate.
        """
        _check_dialect(dialect)
        max_bytes = _as_limit(max_bytes)
        data = _encoded(text, "text")
        if isinstance(text, bytes):
            data.decode()
        self = cls.__new__(cls)
        place = cls._place()
        limit = min(max_bytes, 2**62)
        check(lib.ophio_codeowners_parse(data, len(data), _DIALECTS[dialect], limit, place))
        self._adopt(place)
        pointer = self._ptr
        self._dialect = dialect
        self._path = None
        counts: Any = ffi.new("OphioCodeownersCounts *")
        check(lib.ophio_codeowners_counts(pointer, counts))
        self._sections = _read_sections(pointer, counts.sections)
        self._diagnostics = _read_diagnostics(pointer, data, counts.diagnostics)
        self._rules = [None] * counts.rules
        return self

    @classmethod
    def of_repository(
        cls,
        path: StrPath,
        dialect: Dialect | None = None,
        *,
        max_bytes: int = 3_000_000,
    ) -> Codeowners:
        """Find and read the file of a repository.

        A host reads the first file that exists. GitHub looks for `.github/CODEOWNERS`,
        `CODEOWNERS` and `docs/CODEOWNERS`; GitLab looks for `CODEOWNERS`, `docs/CODEOWNERS` and
        `.gitlab/CODEOWNERS`. `Codeowners.path` is the file that was found.

        Args:
            path: The root folder of the repository.
            dialect: The host: "github" or "gitlab". By default it is GitLab if the repository has
                `.gitlab/` or `.gitlab-ci.yml` and not `.github/`, and otherwise GitHub.
            max_bytes: The maximum size of the file, in bytes of UTF-8.

        Raises:
            FileNotFoundError: The repository has no such file.
            OSError: The file cannot be read.
            CodeownersError: The file is too large, as for `parse`, or is not UTF-8.
            TypeError: `path` is not a path.
            ValueError: `dialect` has another value, or `max_bytes` is negative.
        """
        try:
            root = Path(os.fsdecode(path))
        except TypeError:
            raise type_error("path", "a str or path", path) from None
        if dialect is not None:
            _check_dialect(dialect)
        max_bytes = _as_limit(max_bytes)
        found, host = _repository.find(root, dialect)
        text = _repository.read(found, max_bytes)
        try:
            self = cls.parse(text, host, max_bytes=max_bytes)  # type: ignore[arg-type]
        except CodeownersError as error:
            raise CodeownersError(f"{found}: {error}") from None
        self._path = found
        return self

    @classmethod
    def check(
        cls,
        text: Text,
        dialect: Dialect = "github",
        *,
        paths: Iterable[Text] | None = None,
        max_bytes: int = 3_000_000,
    ) -> list[Diagnostic]:
        r"""Find all problems of a file, also patterns that match no file of the repository.

        With an error the host skips the line; with a warning the line is used.
        [Diagnostics](diagnostics.md#codeowners-files) explains each code.

            >>> for found in Codeowners.check("*.py @a\n*.pyx @b\n!*.c @c", paths=["a.py", "b.c"]):
            ...     print(found)
            warning[OPH505]: `*.pyx` matches no file
             --> line 2, column 1
              |
            2 | *.pyx @b
              | ^^^^^
            error[OPH401]: `!` is not supported by GitHub: the line is skipped
             --> line 3, column 1
              |
            3 | !*.c @c
              | ^

        Args:
            text: The content, as for `parse`.
            dialect: The host whose rules apply: "github" or "gitlab".
            paths: The files of the repository, from its root. Without them patterns are not
                compared with files.
            max_bytes: The maximum size of the file, in bytes of UTF-8.

        Returns:
            The problems, in the order of the file.

        Raises:
            CodeownersError: As for `parse`.
            TypeError: `text` or a path is neither str nor bytes.
            ValueError: As for `parse`.
        """
        data = _encoded(text, "text")
        many = None if paths is None else checked_list("paths", "str or bytes", paths)
        file = cls.parse(data, dialect, max_bytes=max_bytes)
        found = list(file.diagnostics)
        if many is not None:
            ptr = file._ptr
            matched = file._of_paths(lib.ophio_codeowners_matched_packed, many, "bool[]", len(file))
            lines = _lines(data)
            for number, each in enumerate(matched):
                if not each:
                    found.append(_no_file(ptr, number, lines))
            found.sort(key=lambda each: (each.line, each.column))
        return found

    def _rule(self, number: int) -> Match:
        match = self._rules[number]
        if match is None:
            ptr = self._ptr
            place: Any = ffi.new("OphioCodeownersRule *")
            check(lib.ophio_codeowners_rule(ptr, number, place))
            owner = ffi.new("OphioSlice *")
            kind = ffi.new("uint32_t *")
            owners = []
            for at in range(place.owners):
                check(lib.ophio_codeowners_owner(ptr, number, at, owner))
                check(lib.ophio_codeowners_owner_kind(ptr, number, at, kind))
                owners.append(Owner(decode(owner[0]), _KINDS[kind[0]]))
            section = self._sections[place.section]
            match = Match(place.line, decode(place.pattern), tuple(owners), section, place.excludes)
            self._rules[number] = match
        return match

    @property
    def dialect(self) -> str:
        """The host whose rules apply: "github" or "gitlab"."""
        return self._dialect

    @property
    def path(self) -> Path | None:
        """The file that `of_repository` found; None if the text was given."""
        return self._path

    @property
    def sections(self) -> tuple[Section, ...]:
        """The sections in the order of their first headings; the first has no name."""
        return self._sections

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        r"""The problems of the file, in its order.

        With an error the host skips the line; with a warning the line is used.
        [Diagnostics](diagnostics.md#codeowners-files) explains each code.

        >>> print(Codeowners.parse("*.js @frontend\n/app/[slug]/ @frontend").diagnostics[0])
        warning[OPH501]: GitHub has no character ranges: `[slug]` is matched literally
         --> line 2, column 6
          |
        2 | /app/[slug]/ @frontend
          |      ^^^^^^
        """
        return self._diagnostics

    def owners(self, path: Text) -> Ownership:
        """Find the owners of a file.

        Args:
            path: The file, from the root of the repository, with or without a first slash.

        Raises:
            HandleClosedError: The object is closed.
            TypeError: `path` is neither str nor bytes.
            UnicodeEncodeError: `path` has a lone surrogate.
        """
        _encoded(path, "path")
        return self.owners_many([path])[0]

    def owners_many(self, paths: Iterable[Text]) -> list[Ownership]:
        r"""Find the owners of many files in one call.

        >>> file = Codeowners.parse("*.py @python\n/docs/ @writers")
        >>> [found.line for found in file.owners_many(["a/b.py", "docs/b.py", "c"])]
        [1, 2, None]

        Args:
            paths: Files, from the root of the repository.

        Raises:
            HandleClosedError: The object is closed.
            TypeError: A path is neither str nor bytes.
            UnicodeEncodeError: A path has a lone surrogate.
        """
        many = checked_list("paths", "str or bytes", paths)
        winners = self._find(many)
        sections = len(self._sections)
        rule = self._rule
        if sections == 1:
            matches: dict[int, tuple[Match, ...]] = {_NO_RULE: ()}
            for number in set(winners) - {_NO_RULE}:
                matches[number] = (rule(number),)
            return [Ownership(path, matches[number]) for path, number in zip(many, winners)]
        found = []
        # Many paths have the same winners: they share a tuple.
        known: dict[tuple[int, ...], tuple[Match, ...]] = {}
        for at, path in enumerate(many):
            numbers = tuple(winners[at * sections : (at + 1) * sections])
            of_path = known.get(numbers)
            if of_path is None:
                of_path = tuple(rule(number) for number in numbers if number != _NO_RULE)
                if len(known) * sections < _MAX_KNOWN:
                    known[numbers] = of_path
            found.append(Ownership(path, of_path))
        return found

    def _find(self, paths: list[Text]) -> Sequence[int]:
        """Return the numbers of the winning lines: one for each path and section."""
        count = len(paths) * len(self._sections)
        find = lib.ophio_codeowners_find_packed
        numbers: Sequence[int] = self._of_paths(find, paths, "uint32_t[]", count)
        return numbers

    def _of_paths(
        self, function: Callable[..., int], paths: list[Text], array: str, count: int
    ) -> Any:
        """Call a function of the library with paths, and return the values of its array.

        The library does not say which path it rejects: the paths are checked after it has failed.
        """
        ptr = self._ptr
        packed = _packed(paths)
        values = ffi.new(array, count)
        status = function(ptr, packed, len(packed), values, count)
        if status:
            error = error_for(status)
            _check_paths(paths)
            raise error
        return ffi.unpack(values, count)

    def __reduce__(self) -> NoReturn:
        """Fail: an object cannot be pickled, because it does not keep the text."""
        raise UnsupportedOperationError("cannot pickle a Codeowners: pickle its text")

    def __len__(self) -> int:
        """Return the number of lines with a pattern."""
        return len(self._rules)

    def __repr__(self) -> str:
        """Show the dialect and the number of rules."""
        return f"<Codeowners {self._dialect}, {counted(len(self._rules), 'rule')}>"


def _read_sections(pointer: CData, count: int) -> tuple[Section, ...]:
    place: Any = ffi.new("OphioCodeownersSection *")
    sections = []
    for number in range(count):
        check(lib.ophio_codeowners_section(pointer, number, place))
        sections.append(Section(decode(place.name), place.line, place.optional, place.approvals))
    return tuple(sections)


def _read_diagnostics(pointer: CData, data: bytes, count: int) -> tuple[Diagnostic, ...]:
    lines = _lines(data) if count else []
    error = lib.OPHIO_ENHANCEMENTS_SEVERITY_ERROR
    found: Any = ffi.new("OphioCodeownersDiagnostic *")
    details: Any = ffi.new("OphioCodeownersDetails *")
    diagnostics = []
    for number in range(count):
        check(lib.ophio_codeowners_diagnostic(pointer, number, found))
        check(lib.ophio_codeowners_diagnostic_details(pointer, number, details))
        diagnostics.append(
            Diagnostic(
                severity="error" if details.severity == error else "warning",
                message=decode(found.message),
                line=found.line,
                column=found.column,
                end_column=found.end_column,
                source=lines[found.line - 1],
                code=decode(details.code),
                suggestion=decode(details.suggestion) if details.suggestion.data else None,
                title=decode(details.title),
            )
        )
    return tuple(diagnostics)


def _no_file(pointer: CData, number: int, lines: list[str]) -> Diagnostic:
    """Make the diagnostic for a rule that matches no file."""
    place: Any = ffi.new("OphioCodeownersRule *")
    check(lib.ophio_codeowners_rule(pointer, number, place))
    pattern = decode(place.pattern)
    line = lines[place.line - 1]
    column = line.index(pattern) + 1
    return Diagnostic(
        severity="warning",
        message=f"`{pattern}` matches no file",
        line=place.line,
        column=column,
        end_column=column + len(pattern),
        source=line,
        code="OPH505",
        title="no file matches",
    )


def _lines(data: bytes) -> list[str]:
    """Return the lines of a file, without a mark of the byte order, as the library counts them."""
    text = data.decode("utf-8-sig")
    return [line[:-1] if line.endswith("\r") else line for line in text.split("\n")]


def _check_dialect(dialect: object) -> None:
    if not isinstance(dialect, str) or dialect not in _DIALECTS:
        raise InvalidArgumentError(f'dialect must be "github" or "gitlab", not {dialect!r}')


def _as_limit(max_bytes: object) -> int:
    number = as_int("max_bytes", max_bytes)
    if number < 0:
        raise InvalidArgumentError(f"max_bytes must not be negative, got {number}")
    return number


def _packed(paths: list[Text]) -> bytes:
    try:
        packed: bytes = Packer(buf_size=64 * len(paths) + 64).pack(paths)
    except (TypeError, ValueError, OverflowError):
        _check_paths(paths)
        raise
    return packed


def _check_paths(paths: list[Any]) -> None:
    """Find the invalid path, after packing or the library has failed."""
    for number, path in enumerate(paths):
        _encoded(path, f"path {number}")
