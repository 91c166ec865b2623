"""Makes python/sentry_ophio/_lowlevel.pyi, the types of the generated module, from the header.

    python tools/lowlevel_stub.py            writes the file
    python tools/lowlevel_stub.py --check    fails if it would change

The library is called through cffi, which has no type information. An enumerator becomes a constant,
and a function a method. A pointer is a `CData`, or `bytes` if C only reads bytes.
"""

from __future__ import annotations

import keyword
import re
import subprocess
import sys
from pathlib import Path

from generated import write

ROOT = Path(__file__).resolve().parent.parent
HEADER = ROOT / "include" / "ophio.h"
STUB = ROOT / "python" / "sentry_ophio" / "_lowlevel.pyi"

HEAD = '''"""The generated module: cffi's `ffi` and the functions of `include/ophio.h`.

milksnake generates the module when the package is built. `make header` writes this file, from
the header.
"""

from typing import Final, Protocol

from _cffi_backend import FFI
from _cffi_backend import _CDataBase as CData

class Text(Protocol):
    """An `OphioSlice` or an `OphioStr`. For annotations only: there is no such class."""

    data: CData
    len: int

ffi: FFI

class _Lib:
'''


def declarations(header: str) -> str:
    """Remove comments and directives from a header."""
    text = re.sub(r"/\*.*?\*/", " ", header, flags=re.DOTALL)
    return re.sub(r"^#(?:.*\\\n)*.*$", "", text, flags=re.MULTILINE)


def python_type(c_type: str) -> str:
    """Return the type in Python of a C type, such as `const uint8_t *`."""
    plain = c_type.replace("enum ", "").replace("struct ", "").strip()
    if plain in ("const uint8_t *", "const char *"):
        return "bytes | CData"
    if plain.endswith("*"):
        return "CData"
    return {"void": "None", "bool": "bool", "OphioSlice": "Text"}.get(plain, "int")


def stub(header: str) -> str:
    """Return the stub for a header."""
    text = declarations(header)
    lines = [HEAD]
    for body in re.findall(r"typedef enum \w+ \{(.*?)\}", text, re.DOTALL):
        lines += [f"    {name}: Final[int]\n" for name in re.findall(r"\bOPHIO_\w+", body)]
    for returned, name, arguments in re.findall(
        r"OPHIO_API\s+([^;()]*?)(\bophio_\w+)\(([^)]*)\);", text
    ):
        parameters = ["self"]
        for argument in arguments.split(","):
            found = re.fullmatch(r"\s*(.*?)(\w+)\s*", argument, re.DOTALL)
            if found and found[1]:
                c_type = " ".join(found[1].split())
                argument_name = found[2] + "_" * keyword.iskeyword(found[2])
                parameters.append(f"{argument_name}: {python_type(c_type)}")
        if len(parameters) > 1:
            parameters.append("/")
        result = python_type(" ".join(returned.split()))
        lines.append(f"    def {name}({', '.join(parameters)}) -> {result}: ...\n")
    lines.append("\nlib: _Lib\n")
    return "".join(lines)


def formatted(source: str) -> str:
    """Format a stub as `ruff format` does."""
    command = [sys.executable, "-m", "ruff", "format", "--stdin-filename", str(STUB), "-"]
    done = subprocess.run(command, input=source, capture_output=True, encoding="utf-8", check=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(write(STUB, formatted(stub(HEADER.read_text("utf-8")))))
