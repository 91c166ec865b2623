"""Writes the bill of materials of the library: all linked crates (CycloneDX 1.5, JSON).

setup.py puts it into the wheel, in `.dist-info/sboms` as PEP 770 defines; `make sbom` writes
build/ophio.cdx.json. It is made with the library, by the same cargo for the same target, so both
agree. It contains the standard library, which is the largest part, but not crates that are only
used to build (cbindgen, procedural macros).

The same sources produce the same text, because it has no time and no random serial number.

    python tools/sbom.py FILE

It needs cargo and only the standard library of Python.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(
    r"(?P<depth>\d+)(?P<name>[\w-]+) v(?P<version>[^ |]+)(?: \(.*?\))?\|(?P<licence>[^|]*)\|.*"
)


def checksums() -> dict[tuple[str, str], str]:
    """Read the SHA-256 of each crate from Cargo.lock. Our own crates have none."""
    found = {}
    for block in (ROOT / "Cargo.lock").read_text("utf-8").split("[[package]]"):
        values = dict(re.findall(r'^(\w+) = "(.+)"$', block, re.MULTILINE))
        if "checksum" in values:
            found[values["name"], values["version"]] = values["checksum"]
    return found


def licence(expression: str) -> str:
    """Convert the form of older crates, `MIT/Apache-2.0`, to an SPDX expression."""
    return " OR ".join(expression.split("/"))


def bill_of_materials(cargo: list[str], options: list[str], target: str | None = None) -> str:
    """Make the document from the output of `cargo tree`.

    Args:
        cargo: the command of cargo, with options that come before its subcommand.
        options: options of the build: features, offline.
        target: the target triple, if it is not that of this machine.
    """
    command = [*cargo, "tree", "--package", "ophio-capi", "--edges", "normal,no-proc-macro"]
    command += ["--prefix", "depth", "--format", "{p}|{l}|", *options]
    if target is not None:
        command += ["--target", target]
    tree = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, encoding="utf-8", check=True)

    sums = checksums()
    components: dict[str, dict[str, Any]] = {}
    edges: dict[str, set[str]] = {}
    above: list[str] = []
    for line in tree.stdout.splitlines():
        found = LINE.fullmatch(line)
        if found is None:
            raise SystemExit(f"cannot parse a line of cargo tree: {line}")
        name, version = found["name"], found["version"]
        reference = f"pkg:cargo/{name}@{version}"
        component: dict[str, Any] = {
            "type": "library",
            "bom-ref": reference,
            "name": name,
            "version": version,
            "licenses": [{"expression": licence(found["licence"])}],
            "purl": reference,
        }
        if (name, version) in sums:
            component["hashes"] = [{"alg": "SHA-256", "content": sums[name, version]}]
        components[reference] = component
        edges.setdefault(reference, set())
        del above[int(found["depth"]) :]
        if above:
            edges[above[-1]].add(reference)
        above.append(reference)

    rustc = subprocess.run(
        [os.environ.get("RUSTC", "rustc"), "--version"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout.split()[1]
    root = next(iter(components))
    library = components.pop(root)
    library["name"], library["description"] = "libophio", "the shared library of sentry-ophio"
    standard = f"pkg:generic/rust-std@{rustc}"
    components[standard] = {
        "type": "library",
        "bom-ref": standard,
        "name": "rust-std",
        "version": rustc,
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
        "purl": standard,
        "description": "the standard library of Rust, with what is linked into it",
    }
    for parts in edges.values():
        parts.add(standard)
    edges[standard] = set()
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": library},
        "components": [components[reference] for reference in sorted(components)],
        "dependencies": [
            {"ref": reference, "dependsOn": sorted(edges[reference])} for reference in sorted(edges)
        ],
    }
    content = json.dumps(document, sort_keys=True)
    document["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, content).urn
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python tools/sbom.py FILE")
    text = bill_of_materials([os.environ.get("CARGO", "cargo")], ["--locked"])
    Path(sys.argv[1]).parent.mkdir(parents=True, exist_ok=True)
    Path(sys.argv[1]).write_text(text, "utf-8")
