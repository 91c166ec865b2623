"""`sentry_ophio.codeowners`: which people own which files."""

from __future__ import annotations

import copy
import json
import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentry_ophio import codeowners as module
from sentry_ophio import limits
from sentry_ophio._ffi import ffi, lib
from sentry_ophio.codeowners import (
    Codeowners,
    Match,
    Owner,
    Section,
    is_codeowners_path_match,
)
from sentry_ophio.enhancers import Diagnostic
from sentry_ophio.exceptions import CodeownersError, HandleClosedError, OphioError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# As an argument that mypy knows as bytes.
NULL: Any = ffi.NULL

# --- one pattern --------------------------------------------------------------------

# path, pattern, whether it matches
TABLE: list[tuple[Any, Any, bool]] = [
    ("a/b.py", "*.py", True),
    ("b.py", "/*.py", True),
    ("a/b.py", "/*.py", False),
    ("a/b/c", "a", True),
    ("x/a/c", "a", True),
    ("a/b/c", "b", True),
    ("a/b/c", "/b", False),
    ("a/b/c", "a/b", True),
    ("x/a/b", "a/b", False),
    ("/a/b", "a/b", False),
    ("/a/b", "/a/b", True),
    ("a/b", "/a/b", True),
    ("a/b", "a/", True),
    ("a", "a/", False),
    ("a/b", "a/*", True),
    ("a/b/c", "a/*", False),
    ("a/b/c", "a/**", True),
    ("a/b/c", "a/**/c", True),
    ("a/c", "a/**/c", True),
    ("a/b", "a?b", False),
    ("A", "a", False),
    ("[a]", "[a]", True),
    ("a", "[a]", False),
    (b"a/b", "a", True),
    ("a/b", b"a", True),
    (b"\xff/a", "a", True),
]


@given(st.text(alphabet="*?/ab.é\\\n\0", max_size=7), st.text(alphabet="/ab.é\\\n\0", max_size=7))
def test_shortcuts_match_as_the_library_does(pattern: str, path: str) -> None:
    expected = module._decide(path.encode(), pattern.encode())
    assert is_codeowners_path_match(path, pattern) is expected
    assert is_codeowners_path_match(path.encode(), pattern.encode()) is expected


def test_the_cache_of_patterns_is_bounded() -> None:
    for number in range(module._MAX_PATTERNS + 10):
        assert is_codeowners_path_match(f"x{number}/a", f"x{number}")
    assert len(module._patterns) <= module._MAX_PATTERNS
    long = "a" * (module._MAX_PATTERN_LENGTH + 1)
    assert is_codeowners_path_match(long, long)
    assert long not in module._patterns


@pytest.mark.parametrize(("path", "pattern", "expected"), TABLE)
def test_one_pattern(path: Any, pattern: Any, expected: bool) -> None:
    assert is_codeowners_path_match(path, pattern) is expected
    assert is_codeowners_path_match(value=path, pattern=pattern) is expected


@pytest.mark.parametrize("wrong", [None, 1, bytearray(b"a"), ["a"]])
def test_other_types_are_refused(wrong: Any) -> None:
    file = Codeowners.parse("")
    calls: list[Callable[[], object]] = [
        lambda: is_codeowners_path_match(wrong, "a"),
        lambda: is_codeowners_path_match("a", wrong),
        lambda: Codeowners.parse(wrong),
        lambda: file.owners(wrong),
    ]
    if not isinstance(wrong, bytearray):  # which is packed as bytes are
        calls.append(lambda: file.owners_many(["a", wrong]))
    for call in calls:
        with pytest.raises(TypeError, match="must be a str or bytes"):
            call()


# --- the examples of GitHub's documentation -----------------------------------------

GITHUB = """\
# Lines that begin with a number sign are comments.
*       @global-owner1 @global-owner2

*.js    @js-owner #This is an inline comment.
*.go docs@example.com
*.txt @octo-org/octocats
/build/logs/ @doctocat
docs/* docs@example.com
apps/ @octocat
/docs/ @doctocat
/scripts/ @doctocat @octocat
**/logs @octocat
"""


@pytest.mark.parametrize(
    ("path", "line", "owners"),
    [
        ("README", 2, "@global-owner1 @global-owner2"),
        ("a/b/c", 2, "@global-owner1 @global-owner2"),
        ("a/b.js", 4, "@js-owner"),
        ("main.go", 5, "docs@example.com"),
        ("a/b.txt", 6, "@octo-org/octocats"),
        ("build/logs/a", 12, "@octocat"),
        ("a/apps/b/c", 9, "@octocat"),
        ("docs/getting-started.md", 10, "@doctocat"),
        ("docs/build-app/troubleshooting.md", 10, "@doctocat"),
        ("a/docs/b.rst", 2, "@global-owner1 @global-owner2"),
        ("scripts/a", 11, "@doctocat @octocat"),
        ("scripts/logs/a", 12, "@octocat"),
        ("deeply/nested/logs/a", 12, "@octocat"),
        ("deeply/nested/logs", 12, "@octocat"),
    ],
)
def test_githubs_file(path: str, line: int, owners: str) -> None:
    file = Codeowners.parse(GITHUB)
    assert not file.diagnostics
    found = file.owners(path)
    assert (found.line, " ".join(found.owners)) == (line, owners)


@pytest.mark.parametrize(
    ("text", "path", "owners"),
    [
        # `/build/logs/`: only at the root, with all below
        ("/build/logs/ @a", "build/logs/x", "@a"),
        ("/build/logs/ @a", "build/logs/x/y", "@a"),
        ("/build/logs/ @a", "a/build/logs/x", None),
        # `docs/*`: not what is nested further
        ("docs/* @a", "docs/getting-started.md", "@a"),
        ("docs/* @a", "docs/build-app/troubleshooting.md", None),
        # `apps/`: anywhere
        ("apps/ @a", "apps/x", "@a"),
        ("apps/ @a", "x/apps/y/z", "@a"),
        # `**/logs`
        ("**/logs @a", "build/logs/x", "@a"),
        ("**/logs @a", "scripts/logs/x", "@a"),
        ("**/logs @a", "deeply/nested/logs/x", "@a"),
        ("**/logs @a", "logs/x", "@a"),
        # a line without owners leaves a part out
        ("/apps/ @a\n/apps/github", "apps/x", "@a"),
        ("/apps/ @a\n/apps/github", "apps/github/x", ""),
        ("/apps/ @a\n/apps/github", "apps/github", ""),
        # and another owner takes a part over
        ("/apps/ @a\n/apps/github @b", "apps/github/x", "@b"),
        # a file by name and a folder of its own
        ("CODEOWNERS @a", ".github/CODEOWNERS", "@a"),
        # case matters
        ("*.JS @a", "x.js", None),
        # spaces are quoted
        (r"a\ b/ @a", "a b/c", "@a"),
        (r"x\#y @a", "x#y", "@a"),
        ("/ @a", "x/y", "@a"),
        ("/* @a", "x", "@a"),
        ("/* @a", "x/y", None),
        ("a/** @a", "a/b/c", "@a"),
        ("a/** @a", "a", None),
        ("a/**/c @a", "a/b/b/c", "@a"),
        ("** @a", "a/b", "@a"),
        ("\ufeff* @a\r\n", "a", "@a"),
    ],
)
def test_githubs_patterns(text: str, path: str, owners: str | None) -> None:
    found = Codeowners.parse(text).owners(path)
    assert found.has_rule == (owners is not None)
    assert " ".join(found.owners) == (owners or "")
    assert found.is_cleared == (owners == "")


@pytest.mark.parametrize(
    ("line", "column", "end_column", "says"),
    [
        ("!*.js @a", 1, 2, "`!`"),
        (r"\#x @a", 1, 3, r"`\#`"),
        ("***/a @a", 1, 4, "more than two `*`"),
        ("*.js frontend", 6, 14, "not an owner"),
        ("é @a @b/c/d", 6, 12, "not an owner"),
        ("a @", 3, 4, "not an owner"),
        ("a me@", 3, 6, "not an owner"),
    ],
)
def test_github_skips_a_wrong_line(line: str, column: int, end_column: int, says: str) -> None:
    file = Codeowners.parse(f"* @all\n{line}\n*.c @c")
    (diagnostic,) = file.diagnostics
    place = diagnostic.line, diagnostic.column, diagnostic.end_column
    assert place == (2, column, end_column)
    assert diagnostic.source == line
    assert says in diagnostic.message
    assert "skipped" in diagnostic.message
    assert diagnostic.severity == "error"
    assert str(diagnostic).startswith(
        f"error[{diagnostic.code}]: {diagnostic.message}\n --> line 2, column {column}\n"
    )
    assert len(file) == 2
    assert file.owners("a.c").owners == ("@c",)
    assert file.owners("x.js").owners == ("@all",)


@pytest.mark.parametrize(
    ("text", "path", "owners", "code"),
    [
        # folders of Next.js: no range
        ("/apps/[slug]/page.tsx @web", "apps/[slug]/page.tsx", "@web", "OPH501"),
        ("/apps/[slug]/page.tsx @web", "apps/s/page.tsx", None, "OPH501"),
        ("/apps/[[...path]]/ @web", "apps/[[...path]]/a/b", "@web", "OPH501"),
        ("[id].tsx @web", "a/[id].tsx", "@web", "OPH501"),
        ("/a/[*]/ @web", "a/[x]/b", "@web", "OPH501"),
        ("a[0-9] @web", "a[0-9]", "@web", "OPH501"),
        ("a[0-9] @web", "a1", None, "OPH501"),
        ("a] @web", "a]", "@web", "OPH501"),
        ("a[ @web", "x/a[/b", "@web", "OPH501"),
        # a quoted bracket needs no warning
        (r"/a/\[slug\]/ @web", "a/[slug]/x", "@web", None),
        # a comment without a space before it
        ("*.js @web#people @other", "a.js", "@web", "OPH504"),
    ],
)
def test_github_uses_a_line_whose_meaning_is_clear(
    text: str, path: str, owners: str | None, code: str | None
) -> None:
    file = Codeowners.parse(text)
    assert [each.code for each in file.diagnostics] == ([] if code is None else [code])
    assert {each.severity for each in file.diagnostics} <= {"warning"}
    found = file.owners(path)
    assert (" ".join(found.owners) if found.has_rule else None) == owners


# --- the examples of GitLab's documentation -----------------------------------------


@pytest.mark.parametrize(
    ("text", "path", "owners"),
    [
        # from the root
        ("/docs/README.md @a", "docs/README.md", "@a"),
        ("/docs/README.md @a", "x/docs/README.md", None),
        # relative: at any depth
        ("README.md @a", "README.md", "@a"),
        ("README.md @a", "internal/README.md", "@a"),
        ("README.md @a", "app/lib/README.md", "@a"),
        ("internal/README.md @a", "internal/README.md", "@a"),
        ("internal/README.md @a", "docs/internal/README.md", "@a"),
        ("internal/README.md @a", "docs/api/internal/README.md", "@a"),
        # directories
        ("/docs/ @a", "docs/x", "@a"),
        ("/docs/ @a", "docs/x/y", "@a"),
        ("/docs/ @a", "docs", None),
        ("docs/ @a", "x/docs/y/z", "@a"),
        ("/docs @a", "docs/x", None),
        # wildcards
        ("/docs/*.md @a", "docs/x.md", "@a"),
        ("/docs/*.md @a", "docs/x/y.md", None),
        ("/docs/**/*.md @a", "docs/x.md", "@a"),
        ("/docs/**/*.md @a", "docs/x/y/z.md", "@a"),
        ("/docs/**/index.md @a", "docs/api/index.md", "@a"),
        ("/docs/** @a", "docs/x", "@a"),
        ("/docs/** @a", "docs/x/y", None),
        ("* @a", "x/y/z", "@a"),
        ("*.rb @a", "x/.y.rb", "@a"),
        ("/[a-c]?.md @a", "bx.md", "@a"),
        ("/[!a-c].md @a", "b.md", None),
        ("/[!a-c].md @a", "x.md", "@a"),
        # the last one wins
        ("* @a\n*.md @b", "x.md", "@b"),
        ("*.md @b\n* @a", "x.md", "@a"),
        # quoting
        (r"path\ with\ spaces/ @a", "path with spaces/x", "@a"),
        (r"\#file_with_pound.rb @a", "#file_with_pound.rb", "@a"),
        # owners: users, groups, nested groups, roles, addresses; malformed ones are ignored
        ("x @u @g/n/s @@developer m@example.com", "x", "@u @g/n/s @@developer m@example.com"),
        ("/path/* @group user_without_at_symbol @user", "path/x", "@group @user"),
        # no owner
        ("x", "x", ""),
        ("* @a\n/x/", "x/y", ""),
        # exclusions
        ("* @a\n!package-lock.json", "package-lock.json", ""),
        ("!/config/**/*.rb\n* @a", "config/x/y.rb", ""),
        ("* @a\n!*.rb", "x.py", "@a"),
    ],
)
def test_gitlabs_patterns(text: str, path: str, owners: str | None) -> None:
    found = Codeowners.parse(text, "gitlab").owners(path)
    assert found.has_rule == (owners is not None)
    assert " ".join(found.owners) == (owners or "")
    assert found.is_cleared == (owners == "")


SECTIONS = """\
* @default-owner

[Documentation][2] @docs-team
docs/
README.md

^[Database] @database-team
model/db/
config/db/database-setup.md @docs-team

[Two Words]
ee/

[DOCUMENTATION] @late
*.rst
!docs/vendor/

[none][0]
LICENSE @legal
"""


@pytest.mark.parametrize(
    ("path", "lines", "owners"),
    [
        ("x", [1], "@default-owner"),
        ("docs/x", [1, 4], "@default-owner @docs-team"),
        ("README.md", [1, 5], "@default-owner @docs-team"),
        ("model/db/x", [1, 8], "@default-owner @database-team"),
        ("config/db/database-setup.md", [1, 9], "@default-owner @docs-team"),
        ("a.rst", [1, 15], "@default-owner @late"),
        ("docs/vendor/x", [1, 16], "@default-owner"),
        ("ee/x", [1, 12], "@default-owner"),
        ("LICENSE", [1, 19], "@default-owner @legal"),
    ],
)
def test_gitlabs_sections(path: str, lines: list[int], owners: str) -> None:
    file = Codeowners.parse(SECTIONS, "gitlab")
    assert not file.diagnostics
    found = file.owners(path)
    assert [match.line for match in found.matches] == lines
    assert " ".join(found.owners) == owners
    assert found.match == found.matches[-1]


def test_sections_are_told() -> None:
    file = Codeowners.parse(SECTIONS, "gitlab")
    assert file.sections == (
        Section("", 0, False, 1),
        Section("Documentation", 3, False, 2),
        Section("Database", 7, True, 1),
        Section("Two Words", 11, False, 1),
        Section("none", 18, False, 1),
    )
    found = file.owners("docs/vendor/x").matches[-1]
    assert found == Match(16, "!docs/vendor/", (), file.sections[1], True)


def test_a_heading_that_is_none_is_a_pattern() -> None:
    file = Codeowners.parse("* @group\n\n[Section name\ndocs/ @docs_group", "gitlab")
    assert [each.code for each in file.diagnostics] == ["OPH503", "OPH405"]
    assert file.owners("docs/x").owners == ("@docs_group",)
    assert len(file.sections) == 1


def test_gitlab_ignores_wrong_owners() -> None:
    file = Codeowners.parse("x me @a # @b\n[S] nobody\ny[\n", "gitlab")
    assert file.owners("x").owners == ("@a",)
    assert [(each.line, each.column, each.end_column) for each in file.diagnostics] == [
        (1, 3, 5),
        (2, 5, 11),
        (3, 2, 3),
    ]


# --- owners -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "dialect", "kind", "name"),
    [
        ("@ann", "github", "user", "ann"),
        ("@ann", "gitlab", "user", "ann"),
        ("@shop/web", "github", "team", "shop/web"),
        ("@shop/web", "gitlab", "team", "shop/web"),
        ("@shop/web/ui/design", "gitlab", "team", "shop/web/ui/design"),
        ("@@maintainer", "gitlab", "role", "maintainer"),
        ("@@developers", "gitlab", "role", "developers"),
        ("@@Owner", "gitlab", "role", "Owner"),
        ("ann+code@example.org", "github", "email", "ann+code@example.org"),
        ("ann@example.org", "gitlab", "email", "ann@example.org"),
    ],
)
def test_an_owner_has_a_kind(text: str, dialect: Any, kind: str, name: str) -> None:
    (owner,) = Codeowners.parse(f"* {text}", dialect).owners("a").owners
    assert isinstance(owner, Owner)
    assert (owner, owner.kind, owner.name) == (text, kind, name)
    assert (hash(owner), str(owner), repr(owner)) == (hash(text), text, repr(text))
    assert type(str(owner)) is str
    assert json.dumps(owner) == json.dumps(text)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        again = pickle.loads(pickle.dumps(owner, protocol))
        assert (type(again), again, again.kind) == (Owner, text, kind)
    for again in (copy.copy(owner), copy.deepcopy(owner)):
        assert (type(again), again, again.kind) == (Owner, text, kind)
    with pytest.raises(AttributeError):
        owner.kind = "user"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        owner.other = 1  # type: ignore[attr-defined]


# --- the file of a repository -------------------------------------------------------

GITHUBS = [".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"]
GITLABS = ["CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"]


@pytest.mark.parametrize(
    ("files", "dialect", "found", "host"),
    [
        # each host has an order
        (GITHUBS, None, ".github/CODEOWNERS", "github"),
        (GITHUBS[1:], None, "CODEOWNERS", "github"),
        (GITHUBS[2:], None, "docs/CODEOWNERS", "github"),
        (GITLABS, None, "CODEOWNERS", "gitlab"),
        (GITLABS[1:], None, "docs/CODEOWNERS", "gitlab"),
        (GITLABS[2:], None, ".gitlab/CODEOWNERS", "gitlab"),
        # the caller decides
        ([*GITHUBS, *GITLABS], None, ".github/CODEOWNERS", "github"),
        ([*GITHUBS, *GITLABS], "github", ".github/CODEOWNERS", "github"),
        ([*GITHUBS, *GITLABS], "gitlab", "CODEOWNERS", "gitlab"),
        (["docs/CODEOWNERS"], "gitlab", "docs/CODEOWNERS", "gitlab"),
        # other files of a host
        ([".gitlab-ci.yml", "CODEOWNERS"], None, "CODEOWNERS", "gitlab"),
        ([".gitlab-ci.yml", ".github/x", "CODEOWNERS"], None, "CODEOWNERS", "github"),
        ([".gitlab/x", "docs/CODEOWNERS"], None, "docs/CODEOWNERS", "gitlab"),
        # a folder of that name is not the file
        ([".github/CODEOWNERS/x", "docs/CODEOWNERS"], None, "docs/CODEOWNERS", "github"),
        # none
        ([], None, None, "github"),
        (["src/CODEOWNERS"], None, None, "github"),
        ([".gitlab/CODEOWNERS"], "github", None, "github"),
        ([".github/CODEOWNERS"], "gitlab", None, "gitlab"),
    ],
)
def test_the_file_of_a_repository(
    files: list[str], dialect: Any, found: str | None, host: str, tmp_path: Path
) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"* @{name.replace('/', '-')}", "utf-8")
    if found is None:
        with pytest.raises(FileNotFoundError, match="No CODEOWNERS file") as caught:
            Codeowners.of_repository(tmp_path, dialect)
        assert caught.value.filename == str(tmp_path)
        assert all(name in str(caught.value) for name in (GITHUBS, GITLABS)[host == "gitlab"])
        return
    for root in (tmp_path, str(tmp_path), os.fsencode(tmp_path)):
        file = Codeowners.of_repository(root, dialect)  # type: ignore[arg-type]
        assert file.path == tmp_path / found
        assert file.dialect == host
        assert file.owners("a").owners == ("@" + found.replace("/", "-"),)
    assert Codeowners.parse("* @a").path is None


def test_a_file_of_a_repository_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "CODEOWNERS"
    path.write_bytes(b"\xef\xbb\xbf* @a\r\n")
    assert Codeowners.of_repository(tmp_path, max_bytes=9).owners("a").owners == ("@a",)
    with pytest.raises(CodeownersError, match=r"CODEOWNERS: the file has 9 bytes, more than .* 8"):
        Codeowners.of_repository(tmp_path, max_bytes=8)
    path.write_bytes(b"* @a\n\xff")
    with pytest.raises(CodeownersError, match=r"CODEOWNERS: not UTF-8 \(at byte 5\)"):
        Codeowners.of_repository(tmp_path)
    before = limits.get(limits.Limit.RULES)
    path.write_text("a @a\nb @b")
    limits.set(limits.Limit.RULES, 1)
    try:
        with pytest.raises(OphioError, match="CODEOWNERS"):
            Codeowners.of_repository(tmp_path)
    finally:
        limits.set(limits.Limit.RULES, before)
    with pytest.raises(TypeError, match="path must be a str or path, not int"):
        Codeowners.of_repository(1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="dialect must be"):
        Codeowners.of_repository(tmp_path, "svn")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        Codeowners.of_repository(tmp_path, max_bytes=-1)


# --- problems -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "dialect", "paths", "expected"),
    [
        ("* @a", "github", None, []),
        ("* @a", "github", [], [("OPH505", 1, 1, 2)]),
        ("* @a", "github", ["x"], []),
        # a pattern that matches counts, also where another line wins
        ("*.py @a\n* @b", "github", ["x.py"], []),
        ("  /old/  @a\n*.py @b", "github", ["x.py"], [("OPH505", 1, 3, 8)]),
        ("é/ @a\r\n*.py @b\r\n", "github", [b"x.py"], [("OPH505", 1, 1, 3)]),
        ("/a/[b]/ @a", "github", ["a/b/c"], [("OPH501", 1, 4, 7), ("OPH505", 1, 1, 8)]),
        ("!x @a\ny @b", "github", ["x"], [("OPH401", 1, 1, 2), ("OPH505", 2, 1, 2)]),
        ("[S] @a\nx\n!y\nz", "gitlab", ["x", "q/y"], [("OPH505", 4, 1, 2)]),
    ],
)
def test_check(
    text: str, dialect: Any, paths: list[Any] | None, expected: list[tuple[str, int, int, int]]
) -> None:
    for each_text in (text, text.encode(), "\ufeff" + text):
        found = Codeowners.check(each_text, dialect, paths=paths)
        places = [(each.code, each.line, each.column, each.end_column) for each in found]
        assert sorted(places) == sorted(expected)
        assert [each.line for each in found] == sorted(each.line for each in found)
        for each in found:
            assert each.source == text.split("\n")[each.line - 1].rstrip("\r")
            assert each.title


def test_check_refuses_what_parse_refuses() -> None:
    for paths in ([1], ["a", None]):
        with pytest.raises(TypeError, match=r"path .* must be a str or bytes"):
            Codeowners.check("* @a", paths=paths)  # type: ignore[arg-type]
    with pytest.raises(UnicodeEncodeError):
        Codeowners.check("* @a", paths=["\ud800"])
    with pytest.raises(CodeownersError):
        Codeowners.check("* @a", max_bytes=1)
    with pytest.raises(TypeError):
        Codeowners.check(None)  # type: ignore[arg-type]


# --- the object ---------------------------------------------------------------------


def test_large_files_are_refused() -> None:
    with pytest.raises(
        CodeownersError, match=r"12 bytes, more than the limit of 11 .*max_bytes"
    ) as caught:
        Codeowners.parse("*.é owners@", max_bytes=11)
    assert isinstance(caught.value, (ValueError, OphioError))
    assert len(Codeowners.parse("*.é owners@", max_bytes=12).diagnostics) == 1
    with pytest.raises(CodeownersError, match="3000000"):
        Codeowners.parse("#" * 3_000_001)
    assert len(Codeowners.parse("#" * 3_000_001, max_bytes=2**80)) == 0


def test_bad_arguments_are_refused() -> None:
    with pytest.raises(ValueError, match='must be "github" or "gitlab", not \'svn\''):
        Codeowners.parse("", "svn")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="must not be negative"):
        Codeowners.parse("", max_bytes=-1)
    with pytest.raises(UnicodeDecodeError):
        Codeowners.parse(b"\xff")
    with pytest.raises(UnicodeEncodeError):
        Codeowners.parse("\ud800")
    with pytest.raises(TypeError, match=r"Codeowners\.parse"):
        Codeowners()
    file = Codeowners.parse("* @a")
    with pytest.raises(TypeError, match="path 1 must be a str or bytes, not int"):
        file.owners_many(["a", 1])  # type: ignore[list-item]
    with pytest.raises(UnicodeEncodeError):
        file.owners("\ud800")


def test_answers_are_values() -> None:
    file = Codeowners.parse("a @a\nb x")
    for thing in (file.owners("a"), file.owners("q"), file.diagnostics[0], file.sections[0]):
        assert pickle.loads(pickle.dumps(thing)) == thing
        assert hash(thing) == hash(pickle.loads(pickle.dumps(thing)))
    assert file.owners("a") == file.owners("a")
    assert repr(file) == "<Codeowners github, 1 rule>"
    assert repr(file.owners(b"a/b")) == "Ownership(b'a/b', @a in line 1)"
    assert isinstance(file.diagnostics[0], Diagnostic)
    with pytest.raises(AttributeError):
        file.owners("a").path = "b"  # type: ignore[misc]
    with pytest.raises(TypeError):
        pickle.dumps(file)


def test_closed() -> None:
    file = Codeowners.parse("a @a")
    file.close()
    with pytest.raises(HandleClosedError):
        file.owners("a")
    with Codeowners.parse("a @a") as file:
        assert file.owners("a").owners == ("@a",)


def test_threads_share_a_file() -> None:
    text = "\n".join(f"/src/module{number}/ @team{number}" for number in range(500))
    file = Codeowners.parse(text)
    paths = [f"src/module{number}/x" for number in range(600)]
    expected = Codeowners.parse(text).owners_many(paths)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(file.owners, paths * 4))
    assert found == expected * 4


lines = st.text(alphabet="ab/*?[]!\\# @.^\t\n-x1", max_size=30)


@given(st.lists(lines, max_size=8).map("\n".join), st.lists(lines, max_size=4))
def test_any_text_is_read(text: str, paths: list[str]) -> None:
    """Places lie in their lines, one path is answered as many are, and only rules match."""
    for dialect in ("github", "gitlab"):
        file = Codeowners.parse(text, dialect)
        content = text.split("\n")
        for each in file.diagnostics:
            assert 1 <= each.column < each.end_column <= len(content[each.line - 1]) + 1
        found = file.owners_many(paths)
        assert found == [file.owners(path) for path in paths]
        for answer in found:
            for match in answer.matches:
                assert match.pattern in content[match.line - 1]


def test_the_c_functions_refuse_what_they_must() -> None:
    matched = ffi.new("bool *")
    status = lib.ophio_codeowners_is_path_match(NULL, 1, b"a", 1, matched)
    assert status == lib.OPHIO_STATUS_NULL_POINTER
    made = ffi.gc(ffi.new("OphioCodeowners **"), lib.ophio_codeowners_free)
    assert lib.ophio_codeowners_parse(b"", 0, 2, 10, made) == lib.OPHIO_STATUS_INVALID_ARGUMENT
    assert lib.ophio_codeowners_parse(b"\xff", 1, 0, 10, made) == lib.OPHIO_STATUS_INVALID_UTF8
    assert made[0] == ffi.NULL
    assert lib.ophio_codeowners_parse(b"* @a", 4, 0, 10, made) == lib.OPHIO_STATUS_OK
    file = made[0]
    owner = ffi.new("OphioSlice *")
    assert lib.ophio_codeowners_owner(file, 0, 1, owner) == lib.OPHIO_STATUS_OUT_OF_RANGE
    assert lib.ophio_codeowners_owner(file, 1, 0, owner) == lib.OPHIO_STATUS_OUT_OF_RANGE
    rule = ffi.new("OphioCodeownersRule *")
    assert lib.ophio_codeowners_rule(file, 2**64 - 1, rule) == lib.OPHIO_STATUS_OUT_OF_RANGE
    section = ffi.new("OphioCodeownersSection *")
    assert lib.ophio_codeowners_section(file, 1, section) == lib.OPHIO_STATUS_OUT_OF_RANGE
    diagnostic = ffi.new("OphioCodeownersDiagnostic *")
    assert lib.ophio_codeowners_diagnostic(file, 0, diagnostic) == lib.OPHIO_STATUS_OUT_OF_RANGE
    winners = ffi.new("uint32_t[2]", [7, 7])
    for packed in (b"\x91\x01", b"\x91\xa1a", b"", b"\xc1"):
        status = lib.ophio_codeowners_find_packed(file, packed, len(packed), winners, 2)
        assert status == lib.OPHIO_STATUS_INVALID_ARGUMENT
        assert list(winners) == [7, 7]
    assert lib.ophio_codeowners_counts(file, ffi.NULL) == lib.OPHIO_STATUS_NULL_POINTER
    lib.ophio_codeowners_free(ffi.NULL)
