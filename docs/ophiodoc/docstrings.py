"""Converts our docstrings, Markdown with Google's sections, to what Sphinx reads.

autodoc takes reStructuredText, and napoleon converts the sections (`Args:`) to it; the rest is
done here: code, tables, headings, and references such as ``[`Glob`][sentry_ophio.glob.Glob]``.
"""

from __future__ import annotations

import re
from typing import Any

from sphinx.ext.napoleon import Config, GoogleDocstring

_REFERENCE = re.compile(r"\[`([^`\]]+)`\]\[([\w.]*)\]")


def inline(text: str) -> str:
    """Convert the code and the references in a text."""
    parts = []
    end = 0
    for found in re.finditer(rf"{_REFERENCE.pattern}|(?<![`:>])`([^`]+)`(?!`)(\w?)", text):
        parts.append(text[end : found.start()])
        end = found.end()
        label, target, code, next_ = found.groups()
        if label is not None:
            parts.append(f":py:obj:`{label} <{target or label}>`")
        else:
            parts.append(f"``{code}``" + (f"\\ {next_}" if next_ else ""))
    return "".join([*parts, text[end:]])


def table(rows: list[str]) -> list[str]:
    """Convert a table, of which the second row is the rule below the heads."""
    cut = re.compile(r"(?<!\\)\|(?=(?:[^`]*`[^`]*`)*[^`]*$)")
    lines = [".. list-table::", "   :header-rows: 1", ""]
    for row in (rows[0], *rows[2:]):
        mark = "   * -"
        for cell in cut.split(row.strip().strip("|")):
            lines.append(f"{mark} {inline(cell.strip())}".rstrip())
            mark = "     -"
    return [*lines, ""]


_SECTION = re.compile(r"(Args|Attributes|Example|Raises|Returns|Yields|Note):$")


def converted(lines: list[str]) -> list[str]:
    """Convert a docstring."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line)
        elif blocks[-1]:
            blocks.append([])
    result: list[str] = []
    in_section = False
    for block in filter(None, blocks):
        if not block[0].startswith(" "):
            in_section = bool(_SECTION.match(block[0]))
        indented = all(line.startswith("    ") for line in block)
        if any(line.lstrip().startswith(">>>") for line in block):
            shift = 4 if indented and not in_section else 0
            result += [line[shift:] for line in block]
        elif indented and not in_section:
            # Further blocks of the same text: `::` again does no harm.
            result += ["::", "", *block]
        elif block[0].lstrip().startswith("|"):
            result += table(block)
        elif len(block) == 2 and re.fullmatch(r"-{3,}", block[1]):
            result += [f".. rubric:: {block[0]}"]
        else:
            # A piece of code may go on in the next line.
            result += inline("\n".join(block)).split("\n")
        result.append("")
    return result


def _process(*given: Any) -> None:
    """Convert a docstring: the last that autodoc gives is its lines, to be changed."""
    lines: list[str] = given[-1]
    # Not as the extension that it is: that takes, in the text of an attribute, what stands
    # before a colon for its type.
    config = Config(napoleon_use_rtype=False)
    lines[:] = GoogleDocstring(converted(lines), config).lines()


# Names for types that the package does not export: what they stand for.
ALIASES = {
    "AppliedFrame": "tuple[str | None, bool | None]",
    "Frame": "Mapping",
    "SupportsGetItem": "Mapping",
    "Text": "str | bytes",
    "Value": "bool | str | int | None",
    "StrPath": "str | os.PathLike[str]",
    "Query": "tuple[str, str, int] | tuple[str, str, int, str | None]",
    "CData": "Any",
}
_ALIAS = re.compile(rf"(?:[\w.]+\.)?\b({'|'.join(ALIASES)})\b(?!=)")


def _spell_out(*given: Any) -> tuple[str | None, str | None]:
    """Change a signature: the last that autodoc gives is arguments and result, as texts."""

    def spelled(text: str | None) -> str | None:
        return text and _ALIAS.sub(lambda found: ALIASES[found[1]], text)

    return spelled(given[-2]), spelled(given[-1])


def setup(app: Any) -> None:
    """Take part in what autodoc does."""
    app.connect("autodoc-process-docstring", _process)
    app.connect("autodoc-process-signature", _spell_out)
