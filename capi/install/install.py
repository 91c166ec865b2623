"""Builds libophio and installs it for C and C++: `make install` calls this.

    PREFIX/include/ophio.h, ophio.hpp
    PREFIX/lib/libophio.so -> libophio.so.1      (libophio.dylib -> libophio.1.dylib on macOS)
    PREFIX/lib/libophio.a
    PREFIX/lib/pkgconfig/ophio.pc
    PREFIX/lib/cmake/ophio/ophio-config.cmake, ophio-config-version.cmake

The number in the name of the shared library, its soname, is the version of the C
interface, which `ophio_abi_version()` returns: see capi/src/version.rs.

Only an installed library has a soname. The one in the Python package has none: else a
program that finds it loaded would take it for the system's.

cargo-c does a part of this (no CMake package). It takes minutes to build and wants to
write the header itself, so it is not used; the names and places are those it would choose.

Needs the standard library of Python only.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path, PurePosixPath

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def cargo_value(name: str) -> str:
    """Read a value of the workspace from Cargo.toml."""
    text = (ROOT / "Cargo.toml").read_text("utf-8")
    found = re.search(rf'^{name} = "(.+)"$', text, re.MULTILINE)
    if found is None:
        raise SystemExit(f"Cargo.toml has no {name}")
    return found[1]


def abi_version() -> str:
    """Read the version of the C interface."""
    text = (ROOT / "capi" / "src" / "version.rs").read_text("utf-8")
    found = re.search(r"^const ABI_VERSION: u32 = (\d+);$", text, re.MULTILINE)
    if found is None:
        raise SystemExit("capi/src/version.rs has no ABI_VERSION")
    return found[1]


class Names:
    """What the files are called on this system."""

    def __init__(self, abi: str) -> None:
        if sys.platform == "darwin":
            self.link = "libophio.dylib"
            self.shared = f"libophio.{abi}.dylib"
            self.flag = f"-Wl,-install_name,@rpath/{self.shared}"
        elif os.name == "posix":
            self.link = "libophio.so"
            self.shared = f"libophio.so.{abi}"
            self.flag = f"-Wl,-soname,{self.shared}"
        else:
            raise SystemExit("`make install` is for Linux, macOS and other Unix systems")


def target_directory(cargo: str) -> Path:
    """Ask cargo where it builds, which depends on the environment and its configuration."""
    command = [cargo, "metadata", "--no-deps", "--format-version=1"]
    try:
        run = subprocess.run(
            command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=False
        )
    except FileNotFoundError:
        raise SystemExit(f"{cargo} not found: see https://rustup.rs") from None
    if run.returncode != 0:
        raise SystemExit(f"cargo failed with exit code {run.returncode}")
    return Path(json.loads(run.stdout)["target_directory"])


def build(names: Names) -> tuple[list[Path], list[str]]:
    """Build both libraries; give their paths, and the flags a static one needs."""
    cargo = os.environ.get("CARGO", "cargo")
    command = [cargo, "rustc", "--locked", "--package", "ophio-capi"]
    if os.environ.get("OPHIO_DEBUG", "0") in ("", "0"):
        command.append("--release")
    command += ["--message-format=json-render-diagnostics", "--"]
    # Into a file: cargo prints it on the terminal only, and not each time. The file is beside
    # what was built then, so that it is there whenever that is.
    told = target_directory(cargo) / "native-static-libs"
    told.parent.mkdir(parents=True, exist_ok=True)
    command += ["-C", f"link-arg={names.flag}", "--print", f"native-static-libs={told}"]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=False)
    if run.returncode != 0:
        raise SystemExit(f"cargo failed with exit code {run.returncode}")
    files: list[Path] = []
    for message in map(json.loads, run.stdout.splitlines()):
        if "ophio-capi" in message.get("package_id", "") and "filenames" in message:
            files = [Path(name) for name in message["filenames"] if "libophio." in name] or files
    return files, list(dict.fromkeys(told.read_text("utf-8").split()))


def fill(template: str, values: dict[str, str]) -> str:
    """Put values into the place of their names, each of which must be known."""
    text = (HERE / template).read_text("utf-8")
    return re.sub(r"@([A-Z_]+)@", lambda found: values[found[1]], text)


def below_prefix(path: PurePosixPath, prefix: PurePosixPath) -> str:
    """Name a directory by the variable of pkg-config, which its users may set."""
    try:
        return str("${prefix}" / path.relative_to(prefix))
    except ValueError:
        return str(path)


def main() -> None:
    """Install, or remove what was installed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--prefix", default="/usr/local", help="where it will be (%(default)s)")
    parser.add_argument("--libdir", help="libraries (PREFIX/lib)")
    parser.add_argument("--includedir", help="headers (PREFIX/include)")
    parser.add_argument("--destdir", default="", help="put before every path, to make packages")
    parser.add_argument("--uninstall", action="store_true", help="remove the files again")
    given = parser.parse_args()
    prefix = PurePosixPath(given.prefix)
    libdir = PurePosixPath(given.libdir or prefix / "lib")
    includedir = PurePosixPath(given.includedir or prefix / "include")
    for path in (prefix, libdir, includedir):
        if not path.is_absolute():
            parser.error(f"{path} is not absolute: the files name it")

    names = Names(abi_version())
    cmake = libdir / "cmake" / "ophio"
    places = {
        "ophio.h": includedir,
        "ophio.hpp": includedir,
        "libophio.a": libdir,
        names.shared: libdir,
        names.link: libdir,
        "ophio.pc": libdir / "pkgconfig",
        "ophio-config.cmake": cmake,
        "ophio-config-version.cmake": cmake,
    }
    real = {name: Path(given.destdir + str(directory)) / name for name, directory in places.items()}

    if given.uninstall:
        for path in real.values():
            if path.is_symlink() or path.exists():
                path.unlink()
                print(f"removed {path}")
        ours = real["ophio-config.cmake"].parent
        if ours.is_dir() and not any(ours.iterdir()):
            ours.rmdir()
        return

    built, flags = build(names)
    version = cargo_value("version")
    values = {
        "PREFIX": str(prefix),
        "LIBDIR_OF_PREFIX": below_prefix(libdir, prefix),
        "INCLUDEDIR_OF_PREFIX": below_prefix(includedir, prefix),
        "INCLUDE_FROM_LIB": os.path.relpath(includedir, libdir),
        "DESCRIPTION": cargo_value("description"),
        "VERSION": version,
        "MAJOR": version.split(".")[0],
        "SHARED": names.shared,
        "SONAME_PROPERTY": "" if sys.platform == "darwin" else f'IMPORTED_SONAME "{names.shared}"',
        "PRIVATE": " ".join(flags),
        "PRIVATE_LIST": ";".join(flags),
        "POINTER_SIZE": str(struct.calcsize("P")),
    }
    texts = {
        name: fill(f"{name}.in", values)
        for name in ("ophio.pc", "ophio-config.cmake", "ophio-config-version.cmake")
    }
    sources = {
        "ophio.h": ROOT / "include" / "ophio.h",
        "ophio.hpp": ROOT / "include" / "ophio.hpp",
        "libophio.a": next(path for path in built if path.suffix == ".a"),
        names.shared: next(path for path in built if path.suffix in (".so", ".dylib")),
    }
    for name, path in real.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Another file with its name, not another content: a program may have it mapped.
        new = path.with_name(f".{name}.new")
        if name in texts:
            new.write_text(texts[name], "utf-8")
        elif name in sources:
            shutil.copyfile(sources[name], new)
            new.chmod(0o755 if name == names.shared else 0o644)
        else:
            new.unlink(missing_ok=True)
            new.symlink_to(names.shared)
        new.replace(path)
        print(path)


if __name__ == "__main__":
    main()
