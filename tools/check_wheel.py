"""Checks a wheel before it is published: name, size, contents, and the required glibc.

    python tools/check_wheel.py WHEEL [PLATFORM]

PLATFORM is a part of the expected tag, such as manylinux2014_x86_64. The program needs only the
standard library, and for a manylinux wheel `auditwheel` beside this Python.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

MOST_BYTES = 2_100_000
NEWEST_GLIBC = (2, 17)
SOURCES = Path(__file__).resolve().parent.parent / "python" / "sentry_ophio"
# Files that milksnake makes, in addition to those in SOURCES.
MADE = ("_lowlevel.py", "_lowlevel__ffi.py")
LIBRARIES = (".so", ".dylib", ".dll")


def newest_glibc(library: bytes) -> tuple[int, int]:
    """Return the newest version of glibc of which a library needs a symbol.

    The names of versions are texts in the library, so this finds all of them. If there is none, the
    file is not the library.
    """
    versions = re.findall(rb"\bGLIBC_(\d+)\.(\d+)", library)
    return max(((int(major), int(minor)) for major, minor in versions), default=(99, 99))


class Wheel:
    """A wheel that is checked. `faults` collects its problems."""

    def __init__(self, path: Path, platform: str | None) -> None:
        self.path = path
        self.platform = platform
        self.faults: list[str] = []
        self.archive = zipfile.ZipFile(path)
        self.names = self.archive.namelist()
        self.name, self.version = path.name.split("-")[:2]
        self.info = f"{self.name}-{self.version}.dist-info"

    def need(self, good: bool, fault: str) -> None:
        """Add a problem if a check fails."""
        if not good:
            self.faults.append(fault)

    def text(self, name: str) -> str:
        """Read a file of the wheel. If it is missing, add a problem and return an empty text."""
        self.need(name in self.names, f"{name} is missing")
        return self.archive.read(name).decode("utf-8") if name in self.names else ""

    def check_tag(self) -> None:
        """Check the tag: any Python 3, and the platform."""
        python, abi, platform = self.path.name[: -len(".whl")].split("-")[2:]
        self.need((python, abi) == ("py3", "none"), f"the tag is {python}-{abi}, not py3-none")
        self.need(
            self.platform is None or self.platform in platform.split("."),
            f"the platform is {platform}, not {self.platform}",
        )
        said = Parser().parsestr(self.text(f"{self.info}/WHEEL"))
        self.need(said["Root-Is-Purelib"] == "false", "Root-Is-Purelib is true, expected false")
        tags = {f"{python}-{abi}-{each}" for each in platform.split(".")}
        self.need(set(said.get_all("Tag") or ()) == tags, "the file WHEEL has other tags")

    def check_size(self) -> None:
        """Check the size. docs/size.md lists the parts."""
        size = self.path.stat().st_size
        self.need(size < MOST_BYTES, f"it has {size:,} bytes, expected at most {MOST_BYTES:,}")

    def check_contents(self) -> None:
        """Check the files: the package, licence, types and bill of materials, and no others."""
        package = {
            f"sentry_ophio/{path.relative_to(SOURCES).as_posix()}"
            for path in SOURCES.rglob("*")
            if path.is_file()
            and "__pycache__" not in path.parts
            and not path.name.startswith(("_lowlevel.py", "_lowlevel__"))
        }
        # The stub of the generated module is a source file.
        package |= {f"sentry_ophio/{name}" for name in (*MADE, "_lowlevel.pyi")}
        libraries = [name for name in self.names if PurePosixPath(name).suffix in LIBRARIES]
        self.need(len(libraries) == 1, f"expected one library, not {libraries}")
        inside = {name for name in self.names if not name.startswith(f"{self.info}/")}
        for name in sorted(package - inside):
            self.faults.append(f"{name} is missing")
        for name in sorted(inside - package - set(libraries)):
            self.faults.append(f"{name} is unexpected")
        self.need("sentry_ophio/py.typed" in inside, "sentry_ophio/py.typed is missing")
        self.need("Apache License" in self.text(f"{self.info}/licenses/LICENSE"), "no licence")

    def check_bill_of_materials(self) -> None:
        """Check the bill of materials (PEP 770): version, and licence of each package."""
        bill = json.loads(self.text(f"{self.info}/sboms/ophio.cdx.json") or "{}")
        self.need(bill.get("bomFormat") == "CycloneDX", "the bill of materials is not CycloneDX")
        package = bill.get("metadata", {}).get("component", {})
        self.need(package.get("version") == self.version, "the bill has another version")
        names = {each["name"] for each in bill.get("components", ()) if each["licenses"]}
        for name in ("ophio", "regex-automata", "rust-std", "@codemirror/view"):
            self.need(name in names, f"the bill of materials does not name {name}")

    def check_metadata(self) -> None:
        """Check the metadata, which indexes and installers use."""
        said = Parser().parsestr(self.text(f"{self.info}/METADATA"))
        self.need(said["Version"] == self.version, f"the metadata has version {said['Version']}")
        self.need(bool(said["Requires-Python"]), "no Requires-Python")
        self.need(said["License-Expression"] == "Apache-2.0", "no licence expression")
        self.need(bool(said.get_all("Project-URL")), "no URLs")
        extras = set(said.get_all("Provides-Extra") or ())
        for extra in sorted({"cli", "arrow", "spark", "studio"} - extras):
            self.faults.append(f"there is no extra {extra}")

    def check_glibc(self) -> None:
        """Check that no symbol needs a newer glibc than the tag, here and with auditwheel."""
        library = next(name for name in self.names if name.endswith(".so"))
        newest = newest_glibc(self.archive.read(library))
        self.need(newest <= NEWEST_GLIBC, f"the library needs glibc {newest[0]}.{newest[1]}")
        print(f"needs glibc {newest[0]}.{newest[1]}")
        shown = subprocess.run(
            [sys.executable, "-m", "auditwheel", "show", str(self.path)],
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
        said = " ".join(shown.stdout.split())
        found = re.search(r'consistent with the following platform tag: "([^"]+)"', said)
        self.need(found is not None, f"auditwheel reports no platform: {said}")
        if found is not None:
            print(f"auditwheel: {found[1]}")
            level = re.match(r"manylinux_(\d+)_(\d+)_", found[1])
            self.need(
                level is not None and (int(level[1]), int(level[2])) <= NEWEST_GLIBC,
                f"auditwheel reports {found[1]}",
            )


def check(path: Path, platform: str | None) -> list[str]:
    """Check a wheel, and return its problems."""
    wheel = Wheel(path, platform)
    wheel.check_tag()
    wheel.check_size()
    wheel.check_contents()
    wheel.check_bill_of_materials()
    wheel.check_metadata()
    if "manylinux" in path.name:
        wheel.check_glibc()
    return wheel.faults


def main(arguments: list[str]) -> None:
    """Check the wheel on the command line."""
    if len(arguments) not in (1, 2):
        raise SystemExit("usage: python tools/check_wheel.py WHEEL [PLATFORM]")
    path = Path(arguments[0])
    faults = check(path, arguments[1] if len(arguments) == 2 else None)
    print(f"{path.name}: {path.stat().st_size:,} bytes")
    if faults:
        raise SystemExit("\n".join(f"{path.name}: {fault}" for fault in faults))


if __name__ == "__main__":
    main(sys.argv[1:])
