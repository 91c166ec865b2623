r"""Files with rules: plain ones, Terraform files, and the JSON of Sentry's API.

    my.rules       the rules themselves
    main.tf        grouping_enhancements = <<-EOT ... EOT, or = "...\n..."
    project.json   {"groupingEnhancements": "...\n..."}, at any depth

`rule_file` finds the texts. A text knows where each of its characters is in the file, so a problem
of a rule is reported at the line and column of the file, and a formatted text can replace the old
one without a change of anything else.

Terraform's language is not read as a whole: the scanner skips comments, texts and heredocs, and
looks for the attributes by name. Their values must be literal. A value that Terraform computes,
such as `file("my.rules")` or a text with `${...}`, is an error that names its line.
"""

from __future__ import annotations

import json
import re
import sys
from bisect import bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from os.path import commonprefix
from typing import TYPE_CHECKING, Callable, NamedTuple

from sentry_ophio._event_files import STANDARD_INPUT
from sentry_ophio.cli._error import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Kind(NamedTuple):
    """A kind of rules, and the names that Terraform's provider and Sentry's API have for it."""

    terraform: str
    api: tuple[str, ...]
    has_stored_form: bool = False
    """Whether JSON without these names is the form in which Sentry stores rules."""

    @property
    def names(self) -> frozenset[str]:
        """Return all names."""
        return frozenset((self.terraform, *self.api))


ENHANCEMENTS = Kind(
    "grouping_enhancements", ("groupingEnhancements", "sentry:grouping_enhancements")
)
FINGERPRINTS = Kind("fingerprinting_rules", ("fingerprintingRules", "sentry:fingerprinting_rules"))

# By these a file is known to be Terraform, even if it has no rules.
_TERRAFORM = (".tf", ".tofu", ".hcl", ".tfvars")


def _line_starts(text: str) -> list[int]:
    return [0, *accumulate(len(line) + 1 for line in text.split("\n"))]


@dataclass(frozen=True)
class RuleText:
    """A text of rules in a file."""

    text: str
    """The rules."""
    source: str
    """What names the rules in explanations: the file, and for a quoted text its member."""
    start: int
    """Where it begins in the file, with the quote of a quoted text."""
    end: int
    """Where it ends in the file."""
    first_line: int = 0
    """How many lines of the file are before it, if its lines are lines of the file."""
    member: str = ""
    """The name of a quoted text, which has lines of its own."""
    encode: Callable[[str], str] = field(default=str, repr=False)
    """Converts rules to the form that they have in the file."""
    # Pairs of an index in the text and one in the file, at which a run of equal characters begins.
    runs: Sequence[tuple[int, int]] = ((0, 0),)

    @property
    def padded(self) -> str:
        """Return the rules after so many line feeds that they have the lines of the file."""
        return "\n" * self.first_line + self.text

    @cached_property
    def _lines(self) -> list[int]:
        return _line_starts(self.text)

    def offset(self, line: int, column: int) -> int:
        """Return where a character of the rules is in the file."""
        index = min(self._lines[line - 1] + column - 1, len(self.text))
        begin, place = self.runs[bisect_right(self.runs, (index, sys.maxsize)) - 1]
        return place + index - begin


@dataclass(frozen=True)
class RuleFile:
    """A file, and the texts of rules in it."""

    name: str
    content: str
    texts: tuple[RuleText, ...]
    mark: bytes = b""
    """The mark of UTF-8 that the content had, which is not rules."""

    @cached_property
    def _lines(self) -> list[int]:
        return _line_starts(self.content)

    def line_of(self, offset: int) -> int:
        """Return the line of a character of the file, counted from 1."""
        return bisect_right(self._lines, offset)

    def place(self, text: RuleText, line: int, column: int) -> tuple[int, int]:
        """Convert line and column of a text, counted from 1, to those of the file."""
        offset = text.offset(line, column)
        number = self.line_of(offset)
        return number, offset - self._lines[number - 1] + 1

    def changed(self, form: Callable[[str], str]) -> str:
        """Return the content with rules that another form was given to."""
        parts = []
        done = 0
        for each in self.texts:
            formatted = form(each.text)
            if each.member and not each.text.endswith("\n"):
                formatted = formatted.removesuffix("\n")
            parts += [self.content[done : each.start], each.encode(formatted)]
            done = each.end
        return "".join([*parts, self.content[done:]])

    def only(self) -> RuleText:
        """Return the text. If there are several, they are of several projects: an error."""
        if len(self.texts) > 1:
            lines = [str(self.line_of(each.start)) for each in self.texts]
            raise InputError(
                self.name,
                f"{len(lines)} texts of rules, in lines {', '.join(lines)}: expected one; "
                f"give it as {self.name}:LINE",
            )
        return self.texts[0]

    def at(self, line: int) -> RuleFile:
        """Return the file with only the text that a line belongs to."""
        for each in self.texts:
            # The line above a heredoc names it.
            if self.line_of(each.start) - bool(each.first_line) <= line <= self.line_of(each.end):
                return replace(self, texts=(each,))
        raise InputError(self.name, f"there are no rules in line {line}")


def rule_file(name: str, content: str, kind: Kind) -> RuleFile:
    """Find the texts of rules in a file.

    Args:
        name: Its name, for errors and as the source of the rules.
        content: What is in it.
        kind: Which rules.

    Raises:
        InputError: It is Terraform or JSON, and has no such text, or one that is not literal.
    """
    shown = "standard input" if name == STANDARD_INPUT else name
    whole = (RuleText(content, name, 0, len(content)),)
    if _JSON.match(content) or name.endswith(".json"):
        texts = tuple(_in_json(name, content, kind))
        if not texts and kind.has_stored_form:
            texts = whole
        elif not texts:
            wanted = f"`{kind.api[0]}` or `{kind.terraform}`"
            raise InputError(shown, f"there is no {wanted} in this JSON")
    elif name.endswith(_TERRAFORM) or re.search(
        rf"^\s*{kind.terraform}\s*=\s*[<\"]", content, re.MULTILINE
    ):
        texts = tuple(_in_terraform(name, content, kind))
        if not texts:
            raise InputError(shown, f"there is no `{kind.terraform}` in this Terraform file")
    else:
        texts = whole
    return RuleFile(name, content, texts)


_SURROGATE = re.compile("[\ud800-\udfff]")


# --- JSON ---------------------------------------------------------------------------

# No rule begins so.
_JSON = re.compile(r"\s*(?:\[\s*)?\{")
_JSON_TEXT = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"')
_JSON_ESCAPES = re.compile(r"(\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.)", re.DOTALL)


def _in_json(name: str, content: str, kind: Kind) -> Iterator[RuleText]:
    try:
        json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(name, f"not JSON: {error}") from None
    # All quotes of valid JSON belong to texts.
    texts = list(_JSON_TEXT.finditer(content))
    for key, value in zip(texts, texts[1:]):
        between = content[key.end() : value.start()]
        if between.strip() != ":" or (member := json.loads(key[0])) not in kind.names:
            continue
        raw = value[1]
        text, runs = _decoded(raw, value.start(1), _JSON_ESCAPES, _json_character)
        if _SURROGATE.search(text):
            raise _at(name, content, value.start(), "half of a surrogate pair")
        yield RuleText(text, f"{name}#{member}", *value.span(), 0, member, _json_encoder(raw), runs)


def _json_character(escape: str) -> str:
    character: str = json.loads(f'"{escape}"')
    return character


def _json_encoder(raw: str) -> Callable[[str], str]:
    return lambda text: json.dumps(text, ensure_ascii=raw.isascii())


def _decoded(
    raw: str, start: int, escapes: re.Pattern[str], decode: Callable[[str], str]
) -> tuple[str, list[tuple[int, int]]]:
    """Decode the escapes of a text that begins at `start`, and return it with its runs."""
    parts: list[str] = []
    runs = [(0, start)]
    index = 0
    offset = start
    for number, part in enumerate(escapes.split(raw)):
        is_escape = number % 2 == 1
        shown = decode(part) if is_escape else part
        parts.append(shown)
        index += len(shown)
        offset += len(part)
        if is_escape:
            runs.append((index, offset))
    return "".join(parts), runs


# --- Terraform ----------------------------------------------------------------------

# What the scanner looks at, in this order; everything else is skipped by a character.
_TOKEN = re.compile(
    r"""
    (?P<comment> \#[^\n]* | //[^\n]* | /\*.*?(?:\*/|\Z) )
    | <<-?(?P<marker>[^\W\d][\w-]*)[ \t]*\r?\n
    | (?P<quote>")
    | (?P<name>[^\W\d][\w-]*)
    """,
    re.VERBOSE | re.DOTALL,
)
# Two functions change white space only, which rules do not see.
_EQUALS = re.compile(r"[ \t]*[=:](?!=)[ \t]*(?:(?:trimspace|chomp)\(\s*)?")
_HCL_ESCAPES = re.compile(r"(\\u[0-9a-fA-F]{4}|\\U[0-9a-fA-F]{8}|\\.|\$\$\{|%%\{)", re.DOTALL)
_HEREDOC_ESCAPES = re.compile(r"(\$\$\{|%%\{)")
_COMPUTED = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")


def _in_terraform(name: str, content: str, kind: Kind) -> Iterator[RuleText]:
    """Yield the texts of an attribute. It is an error if it has values, but no literal one."""
    at = 0
    computed: int | None = None
    value_at = -1
    found = False
    while token := _TOKEN.search(content, at):
        begin, at = token.span()
        if token["comment"] is not None:
            continue
        text = None
        is_name = token["name"] == kind.terraform and content[begin - 1 : begin] != "."
        if token["marker"] is not None:
            end, at = _heredoc_end(name, content, token)
            text = (token.end(), end)
        elif token["quote"] is not None:
            at = _quoted_end(content, at)
            text = (begin, at)
            is_name = content[begin + 1 : at - 1] == kind.terraform
        if text is not None and begin == value_at:
            found = True
            yield (_quoted if token["quote"] else _heredoc)(name, content, *text, kind)
        elif is_name and (equals := _EQUALS.match(content, at)):
            value_at = at = equals.end()
            if not content.startswith(("<<", '"', "null"), at):
                computed = at
    if computed is not None and not found:
        message = f"Terraform computes `{kind.terraform}`: expected a text or a heredoc"
        raise _at(name, content, computed, message)


def _heredoc_end(name: str, content: str, token: re.Match[str]) -> tuple[int, int]:
    """Return where the body of a heredoc ends, and where the line with its marker does."""
    marker = re.compile(rf"^[ \t]*{re.escape(token['marker'])}[ \t]*\r?$", re.MULTILINE)
    end = marker.search(content, token.end())
    if end is None:
        raise _at(name, content, token.start(), f"the heredoc {token['marker']} has no end")
    return end.span()


def _heredoc(name: str, content: str, start: int, end: int, _kind: Kind) -> RuleText:
    raw = content[start:end]
    _check_literal(name, content, start, end)
    text, runs = _decoded(raw, start, _HEREDOC_ESCAPES, lambda each: each[1:])
    lines = content.count("\n", 0, start)
    return RuleText(text, name, start, end, lines, "", _heredoc_encoder(raw), runs)


def _heredoc_encoder(raw: str) -> Callable[[str], str]:
    """Return what indents lines as those of a heredoc are."""
    lines = [line for line in raw.split("\n") if line.strip()]
    indent = _indent(lines)
    newline = "\r\n" if "\r\n" in raw else "\n"

    def encode(text: str) -> str:
        escaped = text.replace("${", "$${").replace("%{", "%%{")
        shown = [indent + line if line else "" for line in escaped.split("\n")]
        return newline.join(shown)

    return encode


def _indent(lines: list[str]) -> str:
    """Return the white space that all lines begin with, as `dedent` removes it."""
    blank = [line[: len(line) - len(line.lstrip())] for line in lines]
    return commonprefix(blank)  # noqa: RUF071 (not paths: characters are meant)


def _quoted_end(content: str, at: int) -> int:
    """Return where a quoted text ends that begins before `at`. Templates in it may have quotes."""
    depth = 0
    for token in re.compile(r'\\.|[$%]{2}\{|[$%]\{|[{}"\n]', re.DOTALL).finditer(content, at):
        each = token[0]
        if each in {"${", "%{"} or (each == "{" and depth):
            depth += 1
        elif each == "}":
            depth = max(depth - 1, 0)
        elif each == "\n" or (each == '"' and not depth):
            return token.end()
    return len(content)


def _quoted(name: str, content: str, begin: int, end: int, kind: Kind) -> RuleText:
    _check_literal(name, content, begin, end)
    if content[end - 1 : end] != '"' or end - begin < 2:
        raise _at(name, content, begin, "the text has no end")
    raw = content[begin + 1 : end - 1]
    text, runs = _decoded(raw, begin + 1, _HCL_ESCAPES, _hcl_character)
    if _SURROGATE.search(text):
        raise _at(name, content, begin, "half of a surrogate pair")
    member = kind.terraform
    return RuleText(text, f"{name}#{member}", begin, end, 0, member, _hcl_text, runs)


_HCL_CHARACTERS = {"\\n": "\n", "\\r": "\r", "\\t": "\t"}


def _hcl_character(escape: str) -> str:
    if escape[:2] in {"\\u", "\\U"} and len(escape) > 2:
        number = int(escape[2:], 16)
        return chr(number) if number <= 0x10FFFF else "�"
    return _HCL_CHARACTERS.get(escape, escape[1:])


def _hcl_text(text: str) -> str:
    for plain, escape in (
        ("\\", "\\\\"),
        ('"', '\\"'),
        ("\n", "\\n"),
        ("\r", "\\r"),
        ("\t", "\\t"),
    ):
        text = text.replace(plain, escape)
    return '"' + text.replace("${", "$${").replace("%{", "%%{") + '"'


def _check_literal(name: str, content: str, start: int, end: int) -> None:
    found = _COMPUTED.search(content, start, end)
    if found is not None:
        raise _at(
            name, content, found.start(), "Terraform computes a part of the rules: expected no `${`"
        )


def _at(name: str, content: str, offset: int, message: str) -> InputError:
    line = content.count("\n", 0, offset) + 1
    column = offset - content.rfind("\n", 0, offset)
    return InputError(f"{name}:{line}:{column}", message)
