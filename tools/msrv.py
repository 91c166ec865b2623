"""Checks that no locked crate needs a newer Rust than `rust-version` in Cargo.toml.

clippy checks that our own code does not use newer features (`incompatible_msrv`).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def numbers(version: str) -> tuple[int, ...]:
    """Split a version of Rust, of which the last part may be missing."""
    found = tuple(map(int, version.split(".")))
    return found + (0,) * (3 - len(found))


def main() -> None:
    """Compare the version of each crate."""
    found = re.search(r'^rust-version = "(.+)"$', (ROOT / "Cargo.toml").read_text("utf-8"), re.M)
    if found is None:
        raise SystemExit("Cargo.toml has no rust-version")
    command = [os.environ.get("CARGO", "cargo"), "metadata", "--locked", "--format-version", "1"]
    run = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    packages = json.loads(run.stdout)["packages"]
    newer = [
        f"{each['name']} {each['version']} needs Rust {each['rust_version']}"
        for each in packages
        if numbers(each["rust_version"] or "1") > numbers(found[1])
    ]
    if newer:
        raise SystemExit(f"Cargo.toml has rust-version {found[1]}, but\n" + "\n".join(newer))
    print(f"{len(packages)} crates support Rust {found[1]}")


if __name__ == "__main__":
    main()
