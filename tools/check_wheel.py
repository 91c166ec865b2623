"""Checks a wheel before anybody gets it: name, size, contents, and what it needs of Linux.

    python tools/check_wheel.py WHEEL [PLATFORM]

PLATFORM is a part of the tag that is asked for, such as manylinux2014_x86_64. Needs the
standard library only, and `auditwheel` beside this Python for a manylinux wheel.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path, PurePosixPath

MOST_BYTES = 1_600_000
NEWEST_GLIBC = (2, 17)
SOURCES = Path(__file__).resolve().parent.parent / "python" / "sentry_ophio"
# Beside what lies in SOURCES: what milksnake has made.
MADE = ("_lowlevel.py", "_lowlevel__ffi.py")
LIBRARIES = (".so", ".dylib", ".dll")


def newest_glibc(library: bytes) -> tuple[int, int]:
    """Tell the newest version of glibc that a library needs a symbol of.

    The names of versions are text in it, so this finds every one of them. To find none means
    that it was looked for in the wrong place.
    """
    versions = re.findall(rb"\bGLIBC_(\d+)\.(\d+)", library)
    return max(((int(major), int(minor)) for major, minor in versions), default=(99, 99))


class Wheel:
    """A wheel that is looked at; what is wrong with it is gathered in `faults`."""

    def __init__(self, path: Path, platform: str | None) -> None:
        self.path = path
        self.platform = platform
        self.faults: list[str] = []
        self.archive = zipfile.ZipFile(path)
        self.names = self.archive.namelist()
        self.name, self.version = path.name.split("-")[:2]
        self.info = f"{self.name}-{self.version}.dist-info"

    def need(self, good: bool, fault: str) -> None:
        """Note a fault where something is not good."""
        if not good:
            self.faults.append(fault)

    def text(self, name: str) -> str:
        """Read a file of the wheel; the empty text if it is missing, which is a fault."""
        self.need(name in self.names, f"{name} is missing")
        return self.archive.read(name).decode("utf-8") if name in self.names else ""

    def check_tag(self) -> None:
        """One wheel for every Python 3, of a platform."""
        python, abi, platform = self.path.name[: -len(".whl")].split("-")[2:]
        self.need((python, abi) == ("py3", "none"), f"the tag is {python}-{abi}, not py3-none")
        self.need(
            self.platform is None or self.platform in platform.split("."),
            f"the platform is {platform}, not {self.platform}",
        )
        said = Parser().parsestr(self.text(f"{self.info}/WHEEL"))
        self.need(said["Root-Is-Purelib"] == "false", "it says that nothing native is in it")
        tags = {f"{python}-{abi}-{each}" for each in platform.split(".")}
        self.need(set(said.get_all("Tag") or ()) == tags, "the file WHEEL tells other tags")

    def check_size(self) -> None:
        """Check the size; docs/size.md lists what it consists of."""
        size = self.path.stat().st_size
        self.need(size < MOST_BYTES, f"it has {size:,} bytes, more than {MOST_BYTES:,}")

    def check_contents(self) -> None:
        """All of the package and nothing else; licence, types, bill of materials."""
        package = {
            f"sentry_ophio/{path.relative_to(SOURCES).as_posix()}"
            for path in SOURCES.rglob("*")
            if path.is_file()
            and "__pycache__" not in path.parts
            and not path.name.startswith(("_lowlevel.py", "_lowlevel__"))
        }
        # The stub describes what is made, and is not made.
        package |= {f"sentry_ophio/{name}" for name in (*MADE, "_lowlevel.pyi")}
        libraries = [name for name in self.names if PurePosixPath(name).suffix in LIBRARIES]
        self.need(len(libraries) == 1, f"there should be one library, not {libraries}")
        inside = {name for name in self.names if not name.startswith(f"{self.info}/")}
        for name in sorted(package - inside):
            self.faults.append(f"{name} is missing")
        for name in sorted(inside - package - set(libraries)):
            self.faults.append(f"{name} should not be in it")
        self.need("sentry_ophio/py.typed" in inside, "sentry_ophio/py.typed is missing")
        self.need("Apache License" in self.text(f"{self.info}/licenses/LICENSE"), "no licence")

    def check_bill_of_materials(self) -> None:
        """PEP 770: it names the library, its version, and each crate with a licence."""
        bill = json.loads(self.text(f"{self.info}/sboms/ophio.cdx.json") or "{}")
        self.need(bill.get("bomFormat") == "CycloneDX", "the bill of materials is not CycloneDX")
        library = bill.get("metadata", {}).get("component", {})
        self.need(library.get("version") == self.version, "the bill has another version")
        names = {each["name"] for each in bill.get("components", ()) if each["licenses"]}
        for name in ("ophio", "regex-automata", "rust-std"):
            self.need(name in names, f"the bill of materials does not name {name}")

    def check_metadata(self) -> None:
        """What an index shows and an installer asks."""
        said = Parser().parsestr(self.text(f"{self.info}/METADATA"))
        self.need(said["Version"] == self.version, f"the metadata has version {said['Version']}")
        self.need(bool(said["Requires-Python"]), "no Requires-Python")
        self.need(said["License-Expression"] == "Apache-2.0", "no licence expression")
        self.need(bool(said.get_all("Project-URL")), "no URLs")
        extras = set(said.get_all("Provides-Extra") or ())
        for extra in sorted({"cli", "arrow", "spark"} - extras):
            self.faults.append(f"there is no extra {extra}")

    def check_glibc(self) -> None:
        """No symbol of a newer glibc than the tag promises, by our look and by auditwheel's."""
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
        self.need(found is not None, f"auditwheel cannot tell the platform: {said}")
        if found is not None:
            print(f"auditwheel: {found[1]}")
            level = re.match(r"manylinux_(\d+)_(\d+)_", found[1])
            self.need(
                level is not None and (int(level[1]), int(level[2])) <= NEWEST_GLIBC,
                f"auditwheel says {found[1]}",
            )


def check(path: Path, platform: str | None) -> list[str]:
    """Check a wheel; give what is wrong with it."""
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
    """Check the wheel that the command line names."""
    if len(arguments) not in (1, 2):
        raise SystemExit("usage: python tools/check_wheel.py WHEEL [PLATFORM]")
    path = Path(arguments[0])
    faults = check(path, arguments[1] if len(arguments) == 2 else None)
    print(f"{path.name}: {path.stat().st_size:,} bytes")
    if faults:
        raise SystemExit("\n".join(f"{path.name}: {fault}" for fault in faults))


if __name__ == "__main__":
    main(sys.argv[1:])
