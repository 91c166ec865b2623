"""Records what programs that are compiled against libophio rely on: `make abi`.

    declarations.txt  functions and structs of ophio.h, one a line, without comments
    layout.txt        sizes, offsets and numbers, as tests/c/layout.c prints them

tests/test_abi.py compares both to the sources. An addition is recorded without a question.
A change or removal breaks programs, so it is recorded only together with a
higher ABI_VERSION (capi/src/version.rs), which is the soname.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LAYOUT = ROOT / "tests" / "c" / "layout.c"

BREAKS = """\
The C interface changed in a way that breaks programs compiled against it:

{lines}

If that is not meant, correct the code. If it is: raise ABI_VERSION in capi/src/version.rs (the
soname follows), say so in CHANGELOG.md, and record it with `make abi`."""

ADDED = """\
The C interface has grown:

{lines}

Programs do not mind. Record it with `make abi`, and name it in CHANGELOG.md."""


def abi_version() -> str:
    """Read the version of the C interface from its source."""
    text = (ROOT / "capi" / "src" / "version.rs").read_text("utf-8")
    (version,) = re.findall(r"^const ABI_VERSION: u32 = (\d+);$", text, re.MULTILINE)
    return str(version)


def code_of_header() -> str:
    """Read ophio.h without its comments."""
    text = (ROOT / "include" / "ophio.h").read_text("utf-8")
    return re.sub(r"/\*.*?\*/|//[^\n]*", "", text, flags=re.DOTALL)


def declarations() -> str:
    """Give the functions and structs of ophio.h, sorted, one a line.

    The structs as well as their layout: a field of another type may have the same size, and
    one that fills what was padding moves nothing, but is not set by programs from before.
    """
    code = code_of_header()
    found = re.findall(r"^OPHIO_API\s+([^;]+);", code, re.MULTILINE)
    found += re.findall(r"^typedef (struct \w+ \{.*?\}) \w+;", code, re.MULTILINE | re.DOTALL)
    lines = sorted((" ".join(each.split()) for each in found), key=name_of)
    return f"abi {abi_version()}\n" + "".join(f"{line}\n" for line in lines)


def layout(compiler: str) -> str:
    """Compile tests/c/layout.c and give what it prints."""
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "layout"
        subprocess.run(
            [
                *(compiler, "-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"),
                *(f"-I{ROOT / 'include'}", str(LAYOUT), "-o", str(program)),
            ],
            check=True,
        )
        printed = subprocess.run(
            [str(program)], stdout=subprocess.PIPE, encoding="utf-8", check=True
        ).stdout
    return f"abi {abi_version()}\n{printed}"


def name_of(line: str) -> str:
    """Give what a line is about."""
    return re.split(r" at | size | = |\(| \{", line)[0]


def keyed(text: str) -> dict[str, str]:
    """Give lines by what they are about: a field together with its struct."""
    lines: dict[str, str] = {}
    owner = ""
    for line in text.splitlines()[1:]:
        name = name_of(line)
        if line.startswith("  "):
            lines[f"{owner}.{name.strip()}"] = line.strip()
        else:
            owner = name
            lines[name] = line
    return lines


def difference(recorded: str, now: str) -> str | None:
    """Say what changed and what is to be done, or None where nothing is."""
    old, new = keyed(recorded), keyed(now)
    bumped = recorded.splitlines()[0] != now.splitlines()[0]
    broken = [
        f"  - {line}\n  + {new.get(key, '(gone)')}"
        for key, line in old.items()
        if new.get(key) != line
    ]
    if broken and not bumped:
        return BREAKS.format(lines="\n".join(broken))
    added = [f"  + {line}" for key, line in new.items() if key not in old]
    if broken or added or bumped:
        return ADDED.format(lines="\n".join(broken + added) or f"  {now.splitlines()[0]}")
    return None


def main() -> None:
    """Record, unless that would break programs without saying so."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise SystemExit("a C compiler is needed")
    for name, now in (("declarations", declarations()), ("layout", layout(compiler))):
        path = HERE / f"{name}.txt"
        if path.exists():
            told = difference(path.read_text("utf-8"), now)
            # FORCE=1: for what was never released.
            if told and told.startswith(BREAKS[:30]) and not os.environ.get("FORCE"):
                raise SystemExit(told)
        path.write_text(now, "utf-8")
        print(f"{path.relative_to(ROOT)}: {len(now.splitlines())} lines")


if __name__ == "__main__":
    main()
