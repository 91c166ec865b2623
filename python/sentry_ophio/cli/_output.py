r"""What the commands write. Only this module writes to standard output and standard error.

Texts of events and rules and names of files are untrusted, and a terminal acts on some characters.
So every text passes `shown` on its way, and only styles that are made here have escape sequences:

    echo("rule ", styled(rule.text, bold=True))      a line, of texts and styled texts
    echo_lines(lines)                                many lines
    echo_json(document)                              a line of JSON
    write(data)                                      a result for a file or a pipe, such as rules
    text(("title", "bold"), rule.text)               a cell of a table of rich

A test looks for other ways out of a command.
"""

from __future__ import annotations

import json
import sys
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from rich.console import Console
from rich.text import Text

from sentry_ophio._shown import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Styled", "annotation", "console", "echo", "echo_json", "echo_json_list"]
__all__ += ["echo_json_texts", "echo_lines", "json_of", "printable_json", "styled", "text", "write"]


# The number of lines or items that are written at a time.
_BLOCK = 1_000


class Styled(NamedTuple):
    """A text that was shown and has styles."""

    ansi: str


def styled(text: str, **styles: Any) -> Styled:
    """Add the styles of `click.style` to a text."""
    return Styled(click.style(shown(text), **styles))


def echo(*parts: str | Styled, err: bool = False) -> None:
    """Print a line. Where there is no terminal, click removes the styles."""
    line = "".join(each.ansi if isinstance(each, Styled) else shown(each) for each in parts)
    click.echo(line, err=err)


def echo_lines(lines: Iterable[str]) -> None:
    """Print many lines. A call for each takes five times as long."""
    rest = iter(lines)
    while some := list(islice(rest, _BLOCK)):
        click.echo("\n".join(map(shown, some)))


def json_of(document: Any, indent: int | None = None) -> str:
    """Return JSON in which all characters are printable, and that means the same."""
    return printable_json(json.dumps(document, ensure_ascii=False, indent=indent))


def printable_json(written: str) -> str:
    """Escape the characters in JSON that are not printable. It means the same."""
    if written.isprintable():
        return written
    # Only strings can have such characters, but for the line feeds of `indent`.
    return "".join(
        each if each.isprintable() or each == "\n" else json.dumps(each)[1:-1] for each in written
    )


def echo_json(document: Any, indent: int | None = None) -> None:
    """Print a JSON document."""
    click.echo(json_of(document, indent))


def echo_json_list(document: dict[str, Any], name: str, items: Iterable[Any]) -> None:
    """Print a JSON object with one more member, a list. Only a few items are in memory as text."""
    echo_json_texts(document, name, map(json_of, items))


def echo_json_texts(document: dict[str, Any], name: str, items: Iterable[str]) -> None:
    """Do the same with items that are JSON already; `printable_json` escapes their characters."""
    click.echo(f"{json_of(document).removesuffix('}')}, {json_of(name)}: [", nl=False)
    rest = iter(items)
    before = ""
    while some := list(islice(rest, _BLOCK)):
        click.echo(before + ", ".join(map(printable_json, some)), nl=False)
        before = ", "
    click.echo("]}")


def annotation(kind: str, message: str, **properties: object) -> None:
    """Print a command of GitHub's workflows, which shows a message beside a line of a file."""

    def escaped(value: object, special: str = "") -> str:
        special += "%\r\n"
        kept = shown(str(value), keep="\r\n")
        return "".join(f"%{ord(each):02X}" if each in special else each for each in kept)

    pairs = ",".join(f"{key}={escaped(each, ':,')}" for key, each in properties.items())
    click.echo(f"::{kind} {pairs}::{escaped(message)}")


def write(data: bytes) -> None:
    """Write a result as it is; on a terminal show it, since nothing else can read it there."""
    if sys.stdout.isatty():
        click.echo(shown(data.decode("utf-8", "backslashreplace"), keep="\n\t"), nl=False)
    else:
        sys.stdout.buffer.write(data)
    sys.stdout.flush()


def text(*parts: str | Text | tuple[str, str]) -> Text:
    """Return a text for a table or a line of `console`: of texts, and texts with a style."""
    shown_parts: list[str | Text | tuple[str, str]] = []
    for each in parts:
        if isinstance(each, tuple):
            shown_parts.append((shown(each[0]), each[1]))
        else:
            shown_parts.append(each if isinstance(each, Text) else shown(each))
    return Text.assemble(*shown_parts)


def console(*, stderr: bool = False) -> Console:
    """Return a console that interprets nothing in a text. Print what `text` returns."""
    return Console(stderr=stderr, highlight=False, markup=False, emoji=False)
