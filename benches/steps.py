"""What the steps of a call take: for the rows that miss their figure.

A row of a table says how long a call takes. To say what limits it, its steps are measured one by
one: to pack the values, to call the library, to read the result. Some of them no code of this
package can shorten, such as a call through cffi.
"""

from __future__ import annotations

import os
from timeit import Timer
from typing import TYPE_CHECKING, Any

from beside import unit

if TYPE_CHECKING:
    from collections.abc import Iterable

ROUNDS = 300
"""Short rounds: a few of so many run without an interruption, also on a busy machine."""


def quickest(statement: str, names: dict[str, Any], number: int = 100) -> float:
    """Time a statement: the quickest of many short rounds, without the loop around it."""
    timer, loop = Timer(statement, globals=names), Timer("pass")
    best, least = (min(each.repeat(ROUNDS, number)) for each in (timer, loop))
    return (best - least) / number


def quickest_of_all(statement: str, names: dict[str, Any], values: Iterable[Any]) -> float:
    """Time a statement with each of the values, which it calls `each`, and add the times up."""
    return sum(quickest(statement, {**names, "each": each}, 5) for each in values)


def table(rows: dict[str, float]) -> str:
    """Write the steps as a table."""
    lines = ["| step | time |", "| --- | ---: |"]
    lines += [f"| {name} | {unit(seconds)} |" for name, seconds in rows.items()]
    lines += [
        "",
        f"Each is the quickest of {ROUNDS} rounds. On {os.cpu_count()} cores the load was ",
    ]
    return "\n".join(lines) + f"{os.getloadavg()[0]:.0f}.\n"
