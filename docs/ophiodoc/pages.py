"""Writes what Sphinx reads: build/docs-source.

    docs/**/*.md, benches/*.md, CONTRIBUTING.md, ...  copied, links turned     (`turned`)
    sentry_ophio.*                                    a page a public module   (`python_pages`)
    include/ophio.h, ophio.hpp                        pages by subject         (`headers`)

A line of a copy is the same line of its original, so that a warning names the right one.
"""

from __future__ import annotations

import os
import posixpath
import re
import shutil
from pathlib import Path

from ophiodoc import headers

REPOSITORY = "https://github.com/getsentry/ophio"
SOURCE = Path("build/docs-source")

# What of the repository's root is on the site, and as what.
ROOT_PAGES = {
    "CHANGELOG.md": "changes",
    "CONTRIBUTING.md": "contributing",
    "README.md": "index",
    "SECURITY.md": "security",
}

# What has pages of its own on the site.
MADE = {
    "python/sentry_ophio": "python",
    "include/ophio.h": "c-api",
    "include/ophio.hpp": "cpp-api",
}

# Code within a line first: what looks like a link there is none.
_LINK = re.compile(r"``.+?``|`[^`]+`|(!?\[(?:[^\[\]]|\[[^\]]*\])*\]\()([^)\s]+)(\))")
_FENCE = re.compile(r"^ *(```+|~~~+)")


class BrokenLinkError(Exception):
    """A link of a page leads nowhere."""


def names(root: Path) -> dict[str, str]:
    """Map the Markdown files of the repository that are pages to their names on the site."""
    found = {f"docs/{path.name}": path.stem for path in sorted((root / "docs").glob("*.md"))}
    for path in sorted((root / "docs" / "decisions").glob("*.md")):
        found[f"docs/decisions/{path.name}"] = f"decisions/{path.stem}"
    for path in sorted((root / "benches").glob("*.md")):
        found[f"benches/{path.name}"] = f"benches/{path.stem}"
    return {**ROOT_PAGES, **found}


def turned(root: Path, page: str, text: str) -> str:
    """Convert the links of a page from those of the repository to those of the site.

    A link to another page leads to that page, one to a picture to its copy, and one to any
    other file of the repository to where the repository is.

    Raises:
        BrokenLinkError: There is no such file.
    """
    known = {**names(root), **MADE}
    here = posixpath.dirname(known[page])

    def turn(match: re.Match[str]) -> str:
        before, target, after = match.groups()
        if before is None or re.match(r"[a-z]+:|#", target):
            return match[0]
        path, hash_, anchor = target.partition("#")
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), path))
        if path in known:
            new = posixpath.relpath(known[path], here or ".") + ".md"
        elif path.startswith("docs/images/") and (root / path).is_file():
            new = posixpath.relpath(path.removeprefix("docs/"), here or ".")
        elif (root / path).exists():
            kind = "tree" if (root / path).is_dir() else "blob"
            new = f"{REPOSITORY}/{kind}/main/{path}"
        else:
            line = text.count("\n", 0, text.find(match[0])) + 1
            raise BrokenLinkError(f"{page}:{line}: there is no {target}")
        return f"{before}{new}{hash_}{anchor}{after}"

    turned_parts = [part if code else _LINK.sub(turn, part) for code, part in parts(text)]
    # doctest needs the empty line at the end of a session, the reader does not.
    return re.sub(r"\n\n```\n", "\n```\n\n", "".join(turned_parts))


def parts(text: str) -> list[tuple[bool, str]]:
    """Cut a page into blocks of code (True) and what stands between them."""
    found: list[tuple[bool, str]] = [(False, "")]
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
            found.append((True, line))
            continue
        code, before = found[-1]
        found[-1] = (code, before + line)
        if fence and line.strip() == fence:
            fence = ""
            found.append((False, ""))
    return found


def _tree(caption: str, pages: list[str], options: str = ":hidden:\n") -> str:
    captioned = f":caption: {caption}\n" if caption else ""
    return f"\n```{{toctree}}\n{captioned}{options}\n" + "\n".join(pages) + "\n```\n"


def python_modules(root: Path) -> list[str]:
    """Return the names of the public modules; `cli` is a package."""
    package = root / "python" / "sentry_ophio"
    found = [*package.glob("*.py"), *(p.parent for p in package.glob("*/__init__.py"))]
    return sorted(p.stem for p in found if not p.stem.startswith("_"))


_MODULE = """\
# {title}

```{{eval-rst}}
.. automodule:: {name}
{options}```
"""
# Members inherited from classes of the library are listed with each class; Python's own are not.
_INHERITED = "   :inherited-members: tuple, Exception, BaseException, object\n"


def python_pages(root: Path) -> dict[str, str]:
    """Make a page for each public module, and one that lists them."""
    modules = python_modules(root)
    found = {}
    for name in modules:
        full = f"sentry_ophio.{name}"
        options = "   :show-inheritance:\n" if name == "exceptions" else _INHERITED
        if name == "cli":
            options = "   :no-members:\n"
        found[f"python/{name}"] = _MODULE.format(title=full, name=full, options=options)
    found["python/cli"] += command_line()
    first = _MODULE.format(title="Python API", name="sentry_ophio", options="")
    found["python"] = first + _tree("", [f"{name} <python/{name}>" for name in modules])
    return found


def command_line() -> str:
    """Return the help text of each command."""
    # The other pages, and the tests of them, need neither.
    import click  # noqa: PLC0415

    from sentry_ophio.cli import cli  # noqa: PLC0415

    parent = click.Context(cli, info_name="sentry-ophio", terminal_width=88)
    texts = [
        f"\n## {name}\n\n```text\n"
        + command.get_help(click.Context(command, parent, info_name=name, terminal_width=88))
        + "\n```\n"
        for name, command in sorted(cli.commands.items())
    ]
    return "".join(texts)


def made(root: Path) -> dict[str, str]:
    """Return the generated pages: name and Markdown."""
    c_pages = headers.c_pages((root / "include" / "ophio.h").read_text("utf-8"))
    results = sorted(name for name in names(root).values() if name.startswith("benches/"))
    return {
        **python_pages(root),
        **c_pages,
        "c-api": c_pages["c-api"]
        + _tree("", [name for name in c_pages if "/" in name], ":maxdepth: 3\n"),
        "cpp-api": headers.cpp_page((root / "include" / "ophio.hpp").read_text("utf-8")),
        "benches": "# Measured\n\nThe tables that `make bench` wrote, beside what each package "
        "of before does.\n" + _tree("", results, ":maxdepth: 1\n"),
    }


def sources(root: Path, navigation: dict[str, dict[str, str]]) -> dict[str, str]:
    """Give all that Sphinx reads: the names of pages and their Markdown."""
    found = made(root)
    for path, name in names(root).items():
        if path != "README.md":
            found[name] = turned(root, path, (root / path).read_text("utf-8"))
    for caption, entries in navigation.items():
        found["index"] += _tree(caption, [f"{title} <{page}>" for title, page in entries.items()])
    return found


def write(root: Path, navigation: dict[str, dict[str, str]]) -> None:
    """Write them, and leave alone what is the same, so that Sphinx does not read it again."""
    folder = root / SOURCE
    pages = sources(root, navigation)
    for old in folder.rglob("*.md"):
        if old.relative_to(folder).with_suffix("").as_posix() not in pages:
            old.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.md"
        if not path.is_file() or path.read_text("utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    for image in (root / "docs" / "images").iterdir():
        copy = folder / "images" / image.name
        if image.suffix in {".svg", ".png"} and (
            not copy.is_file() or copy.stat().st_mtime < image.stat().st_mtime
        ):
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(image, copy)
    os.utime(folder)
