"""Builds and tests what is distributed: wheels and the source distribution.

    python tools/distribution.py wheel                 # of this machine
    python tools/distribution.py sdist
    python tools/distribution.py sdist-vendored        # with all crates in it
    python tools/distribution.py wheel-for TARGET      # as it is published; a target of setup.py
    python tools/distribution.py test-wheel [--wheel PATTERN] [--python PROGRAM]
    python tools/distribution.py test-sdist

Files are written to `dist/`, and whatever is on the way there to `build/`. The targets of the
Makefile call these commands; `wheel`, `sdist` and `test-sdist` run with the Python of `.venv`.
A build prints hundreds of lines: they go to `build/COMMAND.log`, and are shown if it fails.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import environment

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
DIST = ROOT / "dist"
CARGO = shlex.split(os.environ.get("CARGO", "cargo"))

# What makes the wheels that are published. Pinned: they decide what is in the library.
WHEEL_NEEDS = ["build", "ziglang==0.17.1", "cargo-zigbuild==0.24.1", "zopflipy"]
# The extras that the tests need where they run beside an installed wheel.
EXTRAS = "[studio,test]"
# The quick tests run in two processes, as those of `make check`. Among the slow tests are some of
# memory and of forks, which want the machine for themselves.
PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]
if os.environ.get("OPHIO_QUICK"):
    PYTEST += ["-n", "2", "--dist", "loadfile"]


def run(*command: str | Path, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> None:
    """Run a command and show it; end this program if it fails."""
    print(shlex.join(map(str, command)), flush=True)
    code = subprocess.call(command, cwd=cwd, env={**os.environ, **(env or {})})
    if code:
        raise SystemExit(code)


def run_quietly(name: str, *command: str | Path, env: Mapping[str, str] | None = None) -> None:
    """Run a command whose output is shown only if it fails."""
    BUILD.mkdir(exist_ok=True)
    log = BUILD / f"{name}.log"
    print(shlex.join(map(str, command)), flush=True)
    with log.open("wb") as output:
        code = subprocess.call(
            command,
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    if code:
        sys.stderr.write(log.read_text("utf-8", "replace"))
        raise SystemExit(code)


def empty(directory: Path) -> Path:
    """Make a directory that has nothing in it."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    return directory


def the_one(directory: Path, pattern: str) -> Path:
    """Return what alone in a directory has a name that fits."""
    found = sorted(directory.glob(pattern))
    if len(found) != 1:
        names = ", ".join(path.name for path in found) or "none"
        raise SystemExit(f"{directory} should have one {pattern}, but has: {names}")
    return found[0]


def version() -> str:
    """Return the version of the package."""
    found = re.search(r'^version = "(.*)"', (ROOT / "Cargo.toml").read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise SystemExit("Cargo.toml has no version")
    return found[1]


def unpack(archive: Path, directory: Path) -> Path:
    """Unpack a source distribution, and return its one directory."""
    with tarfile.open(archive) as opened:
        if hasattr(tarfile, "data_filter"):  # the patch releases of 2023 and later
            opened.extractall(directory, filter="data")
        else:
            opened.extractall(directory)
    return the_one(directory, "*")


def wheel() -> None:
    """Build a wheel for this machine."""
    shutil.rmtree(BUILD / "lib", ignore_errors=True)  # setuptools would keep modules that are gone
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", "dist", ".")


def sdist() -> Path:
    """Build the source distribution."""
    run_quietly("sdist", sys.executable, "-m", "build", "--sdist", "-o", "dist", ".")
    return DIST / f"sentry_ophio-{version()}.tar.gz"


def sdist_vendored() -> Path:
    """Build the source distribution with all crates in it: OPHIO_VENDORED=1 needs no network."""
    tree = unpack(sdist(), empty(BUILD / "vendored"))
    vendor = [*CARGO, "vendor", "-q", "--locked", "--versioned-dirs", "vendor"]
    subprocess.run(vendor, cwd=tree, stdout=subprocess.DEVNULL, check=True)
    archive = DIST / f"{tree.name}-vendored.tar.gz"
    # The same files make the same bytes.
    tar = ["tar", "-c", "--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@0"]
    tar += ["-C", str(tree.parent), tree.name]
    with subprocess.Popen(tar, stdout=subprocess.PIPE) as packing, archive.open("wb") as output:
        subprocess.run(["gzip", "-9n"], stdin=packing.stdout, stdout=output, check=True)
    if packing.returncode:
        raise SystemExit(packing.returncode)
    return archive


def wheel_tools() -> Path:
    """Make the environment that builds published wheels, unless it is there."""
    needs = WHEEL_NEEDS + (["auditwheel"] if sys.platform == "linux" else [])
    directory = BUILD / "wheel-tools"
    programs = directory / environment.PROGRAMS
    made = directory / ".made"
    if not made.is_file() or made.read_text("utf-8") != "\n".join(needs):
        BUILD.mkdir(exist_ok=True)
        environment.make(str(directory))
        run(programs / "python", "-m", "pip", "install", "-q", *needs)
        made.write_text("\n".join(needs), "utf-8")
    return programs


def wheel_for(target: str) -> None:
    """Build the wheel that is published for a target, smaller and checked.

    From the source distribution, so that this shows that nothing is missing in it.
    """
    programs = wheel_tools()
    python = programs / "python"
    place = empty(BUILD / "wheel-for")
    variables = {
        "OPHIO_TARGET": target,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "CARGO_ZIGBUILD_PYTHON_PATH": str(python),
    }
    run_quietly("wheel-for", python, "-m", "build", "-o", place, ".", env=variables)
    built = the_one(place, "*.whl")
    run(python, "tools/compress_wheel.py", built)
    run(python, "tools/check_wheel.py", built)
    DIST.mkdir(exist_ok=True)
    built.replace(DIST / built.name)


def test_wheel(wheel: str | None, python: str) -> None:
    """Run the tests beside an installed wheel, away from the sources."""
    directory = BUILD / "wheel-test"
    BUILD.mkdir(exist_ok=True)
    python = environment.make(str(directory), python)
    if wheel is None:
        run(python, "-m", "pip", "install", "-q", "build")
        run_quietly("test-wheel", python, "-m", "build", "-o", directory / "dist", ".")
        wheel = str(directory / "dist" / "*-py3-none-*.whl")
    pattern = ROOT / wheel
    found = the_one(pattern.parent, pattern.name)
    run(python, "-m", "pip", "install", "-q", f"{found}{EXTRAS}")
    shutil.copytree(ROOT / "tests", directory / "tests")
    run(python, *PYTEST, "-W", "error", "tests", cwd=directory)


def test_sdist() -> None:
    """Build the unpacked source distribution offline, and run its tests there.

    cargo has an empty home and, where the system lets us, no network at all. The tests that call
    cargo are left out here, by a PATH without it: `make test` runs those.
    """
    directory = empty(BUILD / "sdist-test")
    tree = unpack(sdist_vendored(), directory / "tree")
    cut_off = [shutil.which("unshare") or "false", "-rn"]
    if subprocess.call([*cut_off, "true"], stderr=subprocess.DEVNULL):
        cut_off = []
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    offline = {"OPHIO_VENDORED": "1", "CARGO_HOME": str(directory / "cargo")}
    run(*cut_off, *build, "-w", directory, ".", cwd=tree, env=offline)
    python = environment.make(str(directory / "venv"))
    run(python, "-m", "pip", "install", "-q", f"{the_one(directory, '*.whl')}{EXTRAS}")
    run(python, *PYTEST, cwd=tree, env={"CI": "", "PATH": "/usr/bin:/bin"})


def main() -> None:
    """Run one of the commands."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("wheel", "sdist", "sdist-vendored", "test-sdist"):
        commands.add_parser(name)
    commands.add_parser("wheel-for").add_argument("target")
    tested = commands.add_parser("test-wheel")
    tested.add_argument("--wheel")
    tested.add_argument("--python", default=sys.executable)
    options = vars(parser.parse_args())
    # The function has the name of the command, and its arguments the names of the options.
    globals()[options.pop("command").replace("-", "_")](**options)


if __name__ == "__main__":
    main()
