"""Builds the shared library with cargo and lets milksnake put it into the wheel.

Everything that does not need code stands in pyproject.toml. Here is the rest:
the version, which has one place (Cargo.toml), and the call of cargo.

Environment:

- ``OPHIO_DEBUG=1``: build without optimisation, which is quicker to do;
- ``OPHIO_TARGET``: a key of ``PLATFORMS``: build for that, also from another machine,
  and tag the wheel for all systems that it runs on, not only for those like this one;
- ``OPHIO_VENDORED=1``: no network: take all crates from ``vendor/``, which the archive
  of ``make sdist-vendored`` carries;
- ``CARGO``: the cargo to call; cargo's own variables (``CARGO_TARGET_DIR``,
  ``CARGO_BUILD_TARGET``, ...) work as always, since cargo itself is asked where
  it has put its files.
"""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path

from setuptools import Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
PACKAGE = "sentry_ophio"
sys.path.insert(0, str(ROOT / "tools"))

# Targets of cargo, and the platforms that a wheel built for them runs on. The names with a
# version of glibc are cargo-zigbuild's: linked for that version, whatever this machine has.
PLATFORMS = {
    "x86_64-unknown-linux-gnu.2.17": "manylinux_2_17_x86_64.manylinux2014_x86_64",
    "aarch64-unknown-linux-gnu.2.17": "manylinux_2_17_aarch64.manylinux2014_aarch64",
    "x86_64-unknown-linux-musl": "musllinux_1_2_x86_64",
    "aarch64-unknown-linux-musl": "musllinux_1_2_aarch64",
    "x86_64-apple-darwin": "macosx_10_12_x86_64",
    "aarch64-apple-darwin": "macosx_11_0_arm64",
    "x86_64-pc-windows-msvc": "win_amd64",
    "aarch64-pc-windows-msvc": "win_arm64",
}


def version() -> str:
    """Return the version of the workspace.

    By a regular expression, because Python 3.9 has no reader of TOML.
    """
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    found = re.search(
        r'^\[workspace\.package\]\n(?:[^\[].*\n|\n)*?version = "([^"]+)"$', manifest, re.MULTILINE
    )
    if found is None:
        raise SystemExit("Cargo.toml has no version in [workspace.package]")
    return found.group(1)


def switched_on(variable: str) -> bool:
    """Tell whether an environment variable is set, and not to 0."""
    return os.environ.get(variable, "0") not in ("", "0")


def target() -> str | None:
    """Return the target that is asked for."""
    name = os.environ.get("OPHIO_TARGET") or None
    if name is not None and name not in PLATFORMS:
        raise SystemExit(f"OPHIO_TARGET={name} is none of: {', '.join(PLATFORMS)}")
    return name


def cargo() -> list[str]:
    """Return how cargo is called, with the options that stand before its command."""
    command = [os.environ.get("CARGO", "cargo")]
    if switched_on("OPHIO_VENDORED"):
        vendor = ROOT / "vendor"
        if not vendor.is_dir():
            raise SystemExit(
                "OPHIO_VENDORED is set, and there is no directory vendor/: "
                "the archive of `make sdist-vendored` has it"
            )
        # JSON's strings are TOML's as well.
        command += ["--config", 'source.crates-io.replace-with="vendored"']
        command += ["--config", f"source.vendored.directory={json.dumps(str(vendor))}"]
    return command


def cargo_options() -> list[str]:
    """Return the options that decide what goes into the library."""
    return ["--frozen"] if switched_on("OPHIO_VENDORED") else ["--locked"]


@functools.lru_cache(maxsize=None)
def cargo_build() -> tuple[str, str]:
    """Build the library; return the paths of the library and of cffi's header.

    cargo prints the files that it has built, as one JSON message a line, also when it had
    nothing to do. So the target directory need not be guessed.
    """
    wanted = target()
    # zig links for another system, or for an older version of this one.
    zig = wanted is not None and "linux" in wanted
    command = [*cargo(), "zigbuild" if zig else "build", *cargo_options()]
    command += ["--package", "ophio-capi"]
    environment = dict(os.environ)
    if not switched_on("OPHIO_DEBUG"):
        command.append("--release")
    if wanted is not None:
        command += ["--target", wanted]
        if wanted.endswith("musl"):
            # A shared library takes musl from the system that loads it.
            environment.setdefault("RUSTFLAGS", "-Ctarget-feature=-crt-static")
        elif wanted.endswith("darwin"):
            oldest = ".".join(PLATFORMS[wanted].split("_")[1:3])
            environment.setdefault("MACOSX_DEPLOYMENT_TARGET", oldest)
    command.append("--message-format=json-render-diagnostics")
    print(*command, flush=True)
    try:
        run = subprocess.run(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, encoding="utf-8"
        )
    except FileNotFoundError:
        raise SystemExit(
            f"{command[0]} not found: building {PACKAGE} needs Rust, see https://rustup.rs"
        ) from None
    if run.returncode != 0:
        raise SystemExit(f"cargo failed with exit code {run.returncode}")

    library = header = None
    for line in run.stdout.splitlines():
        if not line.startswith("{"):
            continue
        message = json.loads(line)
        if "ophio-capi" not in message.get("package_id", ""):
            continue
        if message["reason"] == "build-script-executed":
            header = os.path.join(message["out_dir"], "ophio.cffi.h")
        elif "cdylib" in message.get("target", {}).get("crate_types", ()):
            library = next(
                name for name in message["filenames"] if name.endswith((".so", ".dylib", ".dll"))
            )
    if library is None or header is None:
        raise SystemExit("cargo did not tell where it has put the library")
    return library, header


class NativeDistribution(Distribution):
    """Says that there is something native, so that the wheel is of a platform.

    milksnake says it by a stand-in: an empty extension module, compiled in the
    library's place. Current setuptools no longer finds where milksnake puts it, and
    it would overwrite the library of an editable install. So it is taken out.
    """

    def has_ext_modules(self) -> bool:
        """Return True, though there is no extension module."""
        return True

    def prepare_build(self) -> None:
        """Take out the stand-in; as a build step of milksnake, after the one that adds it."""
        self.ext_modules = []


class BuildPy(build_py):
    """Makes the directory that milksnake copies into: an editable build does not."""

    def run(self) -> None:
        """Copy the modules."""
        super().run()
        os.makedirs(os.path.join(self.build_lib, PACKAGE), exist_ok=True)


class BuildExt(build_ext):
    """Removes the old library before milksnake copies the new one over it.

    Writing into a library that a running program has mapped would crash that
    program; a removed file stays with it until it ends.
    """

    def run(self) -> None:
        """Build no extension; milksnake's part comes after this."""
        if self.inplace:
            for old in ROOT.glob(f"python/{PACKAGE}/_lowlevel__lib*"):
                old.unlink()
        super().run()


class BdistWheel(bdist_wheel):
    """Tags the wheel for any Python 3 of its platform, and adds the bill of materials.

    The library does not use Python's own C interface, cffi's at run time does.
    """

    def get_tag(self) -> tuple[str, str, str]:
        """Return the parts of the tag."""
        wanted = target()
        platform = super().get_tag()[2] if wanted is None else PLATFORMS[wanted]
        return "py3", "none", platform

    def write_wheelfile(self, wheelfile_base: str, *args: str) -> None:
        """Write the bill of materials beside it: PEP 770."""
        from sbom import bill_of_materials

        super().write_wheelfile(wheelfile_base, *args)
        triple = (target() or "").removesuffix(".2.17") or None
        text = bill_of_materials(cargo(), cargo_options(), triple)
        sboms = Path(wheelfile_base) / "sboms"
        sboms.mkdir(exist_ok=True)
        (sboms / "ophio.cdx.json").write_text(text, encoding="utf-8")


def build_native(spec) -> None:
    """Tell milksnake what to put into the package as ``_lowlevel``."""
    step = spec.add_cffi_module(
        module_path=f"{PACKAGE}._lowlevel",
        dylib=lambda: cargo_build()[0],
        header_filename=lambda: cargo_build()[1],
        rtld_flags=["NOW", "LOCAL"],
    )
    if sys.platform == "win32":
        # milksnake reads a suffix that Python on Windows no longer defines.
        step.lib_filename = "_lowlevel__lib.dll"
    spec.add_build_step(spec.dist)


# milksnake 0.1.6, of 2019, asks the package `wheel` for a class that it then does not need.
warnings.filterwarnings("ignore", "The 'wheel' package is no longer", FutureWarning)

setup(
    version=version(),
    distclass=NativeDistribution,
    cmdclass={"build_py": BuildPy, "build_ext": BuildExt, "bdist_wheel": BdistWheel},
    milksnake_tasks=[build_native],
    # Its "py2.py3" would promise a Python 2 that the sources do not run on.
    milksnake_universal=False,
)
