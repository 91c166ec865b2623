"""Lists the functions of ophio.h: what they return and write, and how they fail.

    python tools/c_functions.py            writes docs/c-functions.md
    python tools/c_functions.py --check    fails if that would change

The page shows the convention of the C API for each function. tests/test_header.py checks that the
functions follow it, and that tests/c/test_arguments.c provokes each status.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from generated import write

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "include" / "ophio.h"
PAGE = ROOT / "docs" / "c-functions.md"

HEAD = """# The functions of `ophio.h`

`make header` writes this page, from the header.

A function that can fail returns a status, and writes its results only if that is
`OPHIO_STATUS_OK`. A function that cannot fail returns a value or nothing. A handle that a function
changes is not `const`.

Four functions are exceptions, for speed in bindings: they can fail, but return an `int32_t`, which
is the negative of the status on failure. `ophio_codeowners_match_text` and `ophio_glob_match_text`
return 1 for a match and 0 for none. `ophio_functions_trim_text` and
`ophio_parameterization_parameterize_text` return a length.

| Function | Returns | Writes | Changes | Fails with |
| --- | --- | --- | --- | --- |
"""


@dataclass
class Function:
    """A function of the header.

    Attributes:
        name: Its name.
        returned: The type that it returns.
        parameters: Type and name of each parameter.
        comment: The text of the comment before it.
        statuses: The statuses in its comment, without `OPHIO_STATUS_`.
    """

    name: str
    returned: str
    parameters: list[tuple[str, str]]
    comment: str
    statuses: list[str] = field(default_factory=list)

    @property
    def changes(self) -> list[str]:
        """The handles that it changes: parameters that are not const."""
        return [
            name
            for c_type, name in self.parameters
            if not c_type.startswith("const") and is_handle(c_type) and not self.frees
        ]

    @property
    def frees(self) -> bool:
        """Whether it frees its argument."""
        return self.name.endswith("_free")

    @property
    def writes(self) -> list[str]:
        """The out parameters: pointers that are neither const nor handles."""
        return [
            name
            for c_type, name in self.parameters
            if c_type.endswith("*")
            and not c_type.startswith("const")
            and not is_handle(c_type)
            and not self.frees
        ]


def is_handle(c_type: str) -> bool:
    """Return whether a type is a pointer to an object of the library."""
    found = re.fullmatch(r"(?:const )?(Ophio\w+) \*", c_type)
    return found is not None and found[1] in opaque()


def opaque() -> set[str]:
    """Return the names of the opaque types."""
    header = HEADER.read_text("utf-8")
    return set(re.findall(r"^typedef struct (Ophio\w+) \1;", header, re.MULTILINE))


def functions(header: str) -> dict[str, Function]:
    """Return the functions of a header by their names, in its order."""
    found = {}
    for comment, returned, name, arguments in re.findall(
        r"/\*\*((?:(?!\*/).)*)\*/\s*OPHIO_API\s+([^;()]*?)(\bophio_\w+)\(([^)]*)\);",
        header,
        re.DOTALL,
    ):
        parameters = []
        for argument in arguments.split(","):
            plain = " ".join(argument.replace("struct ", "").replace("enum ", "").split())
            parts = re.fullmatch(r"(.*?)(\w+)", plain)
            if parts and parts[1]:
                parameters.append((parts[1].strip(), parts[2]))
        text = " ".join(line.strip(" *") for line in comment.splitlines())
        plain = " ".join(returned.replace("struct ", "").replace("enum ", "").split())
        found[name] = Function(name, plain, parameters, text)
    for function in found.values():
        function.statuses = statuses(function, found)
    return found


def statuses(function: Function, known: dict[str, Function]) -> list[str]:
    """Return the statuses in a comment, with those of the functions that it refers to."""
    listed = re.findall(r"`OPHIO_STATUS_(\w+)`", function.comment)
    for other in re.findall(r"ails as `(ophio_\w+)` does", function.comment):
        listed += statuses(known[other], known)
    return sorted({status for status in listed if status != "OK"})


def page(header: str) -> str:
    """Return the page about a header."""
    rows = [HEAD]
    for function in functions(header).values():
        cells = (
            [f"`{function.name}`", f"`{function.returned}`"],
            [f"`{name}`" for name in function.writes],
            [f"`{name}`" for name in function.changes],
            [f"`{status}`" for status in function.statuses],
        )
        (name, returned), *lists = cells
        row = [name, returned, *(", ".join(each) for each in lists)]
        rows.append("| " + " | ".join(row) + " |\n")
    return "".join(rows)


if __name__ == "__main__":
    sys.exit(write(PAGE, page(HEADER.read_text("utf-8"))))
