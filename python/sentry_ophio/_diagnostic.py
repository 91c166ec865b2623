"""One problem of a text, and how it is printed: `Diagnostic`.

error[OPH002]: Unknown matcher `funktion`
 --> my.rules:3:1
  |
3 | funktion:log_* -app
  | ^^^^^^^^ did you mean `function`?
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Optional
from unicodedata import combining, east_asian_width

# The maximum width of a printed line, in columns of a terminal.
_WIDEST = 100


@dataclass(frozen=True)
class Fix:
    """An edit of one line that solves a problem.

    >>> from sentry_ophio.enhancers import Enhancements
    >>> (found,) = Enhancements.check("function:a +in_app")
    >>> found.fix
    Fix(column=13, end_column=19, replacement='app', is_certain=True)
    """

    column: int
    """The first column that is replaced, counted from 1 in characters."""
    end_column: int
    """The column after the last one that is replaced. It may equal `column`: an insertion."""
    replacement: str
    """The new text, without a line break. It may be empty."""
    is_certain: bool
    """Whether this is what the author meant, beyond doubt. `fix_rules` applies these."""


@dataclass(frozen=True)
class Diagnostic:
    """A problem in the text of rules, in a glob, or in a CODEOWNERS file.

        >>> from sentry_ophio.enhancers import Enhancements
        >>> (found,) = Enhancements.check("funktion:log_* -app")
        >>> found.code, found.line, found.column, found.end_column, found.suggestion
        ('OPH002', 1, 1, 9, 'function')
        >>> print(found)
        error[OPH002]: Unknown matcher `funktion`
         --> line 1, column 1
          |
        1 | funktion:log_* -app
          | ^^^^^^^^ did you mean `function`?

    `str()` returns the line with carets under the problem.
    """

    severity: Literal["error", "warning"]
    """With an error `parse` fails; in a CODEOWNERS file the host skips the line. A warning is about
    input that is accepted."""
    message: str
    """What is wrong."""
    line: int
    """The line, counted from 1."""
    column: int
    """The first column, counted from 1 in characters."""
    end_column: int
    """The column after the last one: at most the length of the line + 1."""
    source: str
    """The line of the text, without its line break."""
    # Optional and not `| None`: some tools evaluate these at run time, on 3.9.
    code: Optional[str] = None  # noqa: UP045
    """The code of the problem, such as `OPH002`: docs/diagnostics.md explains each code. A code
    never changes its meaning. None for globs."""
    suggestion: Optional[str] = None  # noqa: UP045
    """A suggested replacement."""
    title: str = ""
    """The meaning of the code, in a few words."""
    details: str = ""
    """For an error of rules, the message with which `parse` fails for the line; otherwise empty."""
    fix: Optional[Fix] = None  # noqa: UP045
    """An edit of the line that solves the problem."""

    def __str__(self) -> str:
        """Return the line with carets under the span."""
        return self.drawn()

    def drawn(self, name: str | None = None) -> str:
        """Return the line with carets under the span.

        Args:
            name: The name of the file.

        Returns:
            Five lines or more, without a line break at the end.
        """
        before, marked, after = self._shown()
        place = (
            f"line {self.line}, column {self.column}"
            if name is None
            else f"{name}:{self.line}:{self.column}"
        )
        code = "" if self.code is None else f"[{self.code}]"
        number = str(self.line)
        gutter = " " * len(number)
        caret = " " * _width(before) + "^" * max(1, _width(marked))
        return "\n".join(
            [
                f"{self.severity}{code}: {self.message}",
                f"{gutter}--> {place}",
                f"{gutter} |",
                f"{number} | {before}{marked}{after}",
                f"{gutter} | {caret}{self._hint()}",
            ]
        )

    def _hint(self) -> str:
        """Return what to write instead, as the end of the line with the carets."""
        if self.suggestion is not None:
            if self.suggestion.isspace():
                return " write a space"
            return f" did you mean `{_visible(self.suggestion)}`?"
        if self.fix is not None and not self.fix.replacement:
            return " remove this"
        return ""

    def _shown(self) -> tuple[str, str, str]:
        """Split the line into the text before the span, the span, and the text after it."""
        before = _visible(self.source[: self.column - 1])
        marked = _visible(self.source[self.column - 1 : self.end_column - 1])
        after = _visible(self.source[self.end_column - 1 :]).rstrip()
        if len(before) + len(marked) + len(after) > _WIDEST:
            room = max(0, _WIDEST - len(marked))
            if len(before) > room // 2:
                before = "…" + before[len(before) - room // 2 :]
            if len(marked) > _WIDEST:
                marked = marked[:_WIDEST] + "…"
            if len(after) > room // 2:
                after = after[: room // 2] + "…"
        return before, marked, after


def _visible(text: str) -> str:
    """Replace each tab and control character by a space, so that carets are aligned."""
    return "".join(each if each.isprintable() else " " for each in text)


def _width(text: str) -> int:
    """Return the number of columns of a text on a terminal."""
    return sum(
        0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text
    )
