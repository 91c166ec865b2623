"""Tables of frames, as wide as the terminal, in which no text is lost.

    # in-app   category  counts  function  location
    0 yes                yes     checkout  checkout.py:23
    1 - → no   std       no      loads     /usr/lib/python3.11/json/__init__.py:359
    2 - → no   std       no      decode    /usr/lib/python3.11/json/decoder.py:337
      └ marked out of app by stack trace rule (path:**/lib/python[0-9]*/** category=std -app)

A note, such as the last line, stands once below the rows that share it. A text that is too long for
its column goes on in the next line. The long texts of a row stand below it if they take many lines
otherwise, or if too few columns of the terminal are left for them. In a file or a pipe each row is
a line, however long, so that `grep` finds all of it.

The tables of rich cut what does not fit, and have no cell that is as wide as the table.
"""

from __future__ import annotations

from itertools import groupby, zip_longest
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, get_character_cell_size

from sentry_ophio.cli._output import text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.text import Text

_GAP = "  "
_MARK = "└ "
# A column for short texts is at most so wide, and each one for long texts is at least so wide.
_MOST_SHORT = 16
_LEAST_LONG = 20
# A row with longer texts is not aligned with the others: in a file or a pipe, and on a terminal.
_MOST_PADDED = 60
_MOST_LINES = 3
# A line of a name preferably ends with one of these. A pattern in a note stays together.
_BREAKS = " /,"


class Column(NamedTuple):
    """A column of a table."""

    title: str
    is_number: bool = False
    is_long: bool = False
    """Whether it receives the room that is left, with the other columns like it. These are the last
    columns."""


def print_table(
    out: Console, columns: Sequence[Column], rows: Sequence[Sequence[Text]], notes: Sequence[str]
) -> None:
    """Print rows, and below each run of rows with the same note this note.

    Args:
        out: Where to print. Its width counts if it is a terminal.
        columns: What the cells of a row are.
        rows: The cells of each row.
        notes: The note of each row. An empty one is not printed.
    """
    table = _Table(out, columns, rows)
    table.show([text((each.title, "bold")) for each in columns])
    for note, run in groupby(zip(notes, rows), lambda each: each[0]):
        for _, row in run:
            table.show(row)
        if note:
            table.show_note(note)


class _Table:
    """The widths of the columns of a table, for one terminal or file."""

    def __init__(
        self, out: Console, columns: Sequence[Column], rows: Sequence[Sequence[Text]]
    ) -> None:
        self._out = out
        self._columns = columns
        self._widths = [
            max([len(each.title), *(row[index].cell_len for row in rows)])
            for index, each in enumerate(columns)
        ]
        self._indent = self._widths[0] + len(_GAP)
        self._long = [index for index, each in enumerate(columns) if each.is_long]
        self._is_stacked = False
        if out.is_terminal:
            self._fit()
        else:
            self._widths = [min(width, _MOST_PADDED) for width in self._widths]

    def _fit(self) -> None:
        """Make the columns fit the terminal."""
        widths = self._widths
        for index, each in enumerate(self._columns):
            if not each.is_long:
                widths[index] = min(widths[index], _MOST_SHORT)
        room = self._out.width - len(_GAP) * (len(widths) - 1)
        room -= sum(widths) - sum(widths[index] for index in self._long)
        wanted = sum(widths[index] for index in self._long)
        if wanted > room:
            self._is_stacked = room < _LEAST_LONG * len(self._long)
        # Each gets its share, but no more than it needs, in the order of their needs.
        for done, index in enumerate(sorted(self._long, key=lambda each: widths[each])):
            widths[index] = min(widths[index], room // (len(self._long) - done))
            room -= widths[index]

    def show(self, row: Sequence[Text]) -> None:
        """Print a row."""
        if not self._out.is_terminal:
            self._show_lines([[cell] for cell in row])
            return
        split = len(self._long)
        short = [_wrapped(row[index], self._widths[index]) for index in range(len(row) - split)]
        if not self._is_stacked:
            long = [_wrapped(row[index], self._widths[index]) for index in self._long]
            if max(map(len, long)) <= _MOST_LINES:
                self._show_lines([*short, *long])
                return
        self._show_lines(short)
        self._show_below([row[index] for index in self._long])

    def _show_lines(self, cells: Sequence[Sequence[Text]]) -> None:
        """Print the lines of cells beside each other."""
        for line in zip_longest(*cells, fillvalue=text()):
            parts = []
            for cell, column, width in zip(line, self._columns, self._widths):
                space = " " * (width - cell.cell_len)
                parts.append(text(space, cell) if column.is_number else text(cell, space))
            self._print(text(_GAP).join(parts))

    def _show_below(self, cells: Sequence[Text]) -> None:
        """Print texts below a row: in one line if they fit."""
        room = self._out.width - self._indent
        together = text(_GAP).join(cells)
        for each in [together] if together.cell_len <= room else cells:
            for line in _wrapped(each, room):
                self._print(text(" " * self._indent, line))

    def show_note(self, note: str) -> None:
        """Print a note, with a mark before its first line."""
        lines = [text((note, "cyan"))]
        if self._out.is_terminal:
            room = self._out.width - self._indent - len(_MARK)
            lines = _wrapped(lines[0], room, " ")
        for number, line in enumerate(lines):
            mark = " " * len(_MARK) if number else _MARK
            self._print(text(" " * self._indent, (mark, "dim"), line))

    def _print(self, line: Text) -> None:
        line.rstrip()
        self._out.print(line, soft_wrap=True)


def _wrapped(cell: Text, width: int, breaks: str = _BREAKS) -> list[Text]:
    """Divide a text into lines, after one of `breaks` where that is possible."""
    if cell.cell_len <= width:
        return [cell]
    ends = []
    begin = used = good = 0
    for index, each in enumerate(cell.plain):
        size = get_character_cell_size(each)
        while used + size > width and index > begin and each != " ":
            begin = good if good > begin else index
            ends.append(begin)
            used = cell_len(cell.plain[begin:index])
        used += size
        if each in breaks:
            good = index + 1
    lines = list(cell.divide(ends))
    for line in lines:
        line.rstrip()
    return lines
