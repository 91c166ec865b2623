"""One problem of a rule text, and how it is drawn: `Diagnostic`. Data only.

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

# So much of a long line is shown, in columns of a terminal.
_WIDEST = 100


@dataclass(frozen=True)
class Diagnostic:
    """A problem in a rule text.

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

    Lines and columns count from 1, columns in characters. docs/diagnostics.md has a
    paragraph on every code.
    """

    severity: Literal["error", "warning"]
    """An error is what `parse` fails with; a warning is about a rule that is understood."""
    code: str
    """What kind of problem it is, such as `OPH002`. A code keeps its meaning for ever."""
    line: int
    """The line."""
    column: int
    """The first column of the place."""
    end_column: int
    """The column after its last one: at most the length of the line + 1."""
    message: str
    """What is wrong."""
    # Optional and not `| None`: some tools evaluate this at run time, on 3.9.
    suggestion: Optional[str]  # noqa: UP045
    """A text that would rather stand in this place."""
    title: str
    """What the code means, in a few words."""
    source: str
    """The line of the text, without its line break."""
    details: str
    """For an error the message of `parse`, for a warning nothing."""

    def __str__(self) -> str:
        """Draw the line with a caret under the place."""
        return self.drawn()

    def drawn(self, name: str | None = None) -> str:
        """Draw the line with a caret under the place.

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
        number = str(self.line)
        gutter = " " * len(number)
        caret = " " * _width(before) + "^" * max(1, _width(marked))
        hint = "" if self.suggestion is None else f" did you mean `{self.suggestion}`?"
        return "\n".join(
            [
                f"{self.severity}[{self.code}]: {self.message}",
                f"{gutter}--> {place}",
                f"{gutter} |",
                f"{number} | {before}{marked}{after}",
                f"{gutter} | {caret}{hint}",
            ]
        )

    def _shown(self) -> tuple[str, str, str]:
        """Cut the line into what is before the place, the place, and what is after."""
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
    """Make each tab and control character one space, so that places stay below each other."""
    return "".join(each if each.isprintable() else " " for each in text)


def _width(text: str) -> int:
    """Count the columns that a text takes on a terminal."""
    return sum(
        0 if combining(each) else 2 if east_asian_width(each) in "WF" else 1 for each in text
    )
