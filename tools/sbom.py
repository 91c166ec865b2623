"""Writes the bill of materials of the wheel (CycloneDX 1.5, JSON).

    sentry-ophio --+-- libophio --- the crates that are linked into it, and the standard library
                   `-- codemirror.js --- the packages of npm that are bundled into it

setup.py puts it into the wheel, in `.dist-info/sboms` as PEP 770 defines; `make sbom` writes
build/ophio.cdx.json. It is made with the library, by the same cargo for the same target, so both
agree. It contains the standard library, which is the largest part, but not crates that are only
used to build (cbindgen, procedural macros). The first lines of `codemirror.js`, the editor of
studio, name what is in it; tools/studio/package-lock.json has the licences and the checksums.

The same sources produce the same text, because it has no time and no random serial number.

    python tools/sbom.py FILE

It needs cargo and only the standard library of Python.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EDITOR = "python/sentry_ophio/studio/static/codemirror.js"
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


def component(reference: str, name: str, version: str, licence: str) -> dict[str, Any]:
    """Describe a package, whose reference is its package URL."""
    return {
        "type": "library",
        "bom-ref": reference,
        "name": name,
        "version": version,
        "licenses": [{"expression": licence}],
        "purl": reference,
    }


def npm_url(name: str, version: str) -> str:
    """Return the package URL of a package of npm."""
    return f"pkg:npm/{name.replace('@', '%40')}@{version}"


def editor(components: dict[str, dict[str, Any]], edges: dict[str, set[str]], version: str) -> str:
    """Add the editor of studio and the packages in it, and return the reference of the editor."""
    code = (ROOT / EDITOR).read_bytes()
    bundled = dict(
        each.split(" ") for each in code.decode().split("\n")[1].removeprefix("// ").split(", ")
    )
    lock = json.loads((ROOT / "tools" / "studio" / "package-lock.json").read_text("utf-8"))
    locked = {path.rpartition("node_modules/")[2]: each for path, each in lock["packages"].items()}
    for name, number in bundled.items():
        each = locked[name]
        if each["version"] != number:
            raise SystemExit(f"{EDITOR} has {name} {number}, the lock file {each['version']}")
        reference = npm_url(name, number)
        algorithm, _, checksum = each["integrity"].partition("-")
        content = base64.b64decode(checksum).hex()
        components[reference] = component(reference, name, number, each["license"])
        components[reference]["hashes"] = [
            {"alg": algorithm.upper().replace("SHA", "SHA-"), "content": content}
        ]
        edges[reference] = {
            npm_url(other, bundled[other])
            for other in each.get("dependencies", ())
            if other in bundled
        }
    reference = f"pkg:generic/codemirror.js@{version}"
    components[reference] = component(reference, "codemirror.js", version, "MIT")
    components[reference] |= {
        "description": "the editor of sentry-ophio studio, bundled from packages of npm",
        "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(code).hexdigest()}],
    }
    edges[reference] = {npm_url(name, number) for name, number in bundled.items()}
    return reference


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
        components[reference] = component(reference, name, version, licence(found["licence"]))
        if (name, version) in sums:
            checksum = {"alg": "SHA-256", "content": sums[name, version]}
            components[reference]["hashes"] = [checksum]
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
    library = components[root]
    library["name"], library["description"] = "libophio", "the shared library of sentry-ophio"
    standard = f"pkg:generic/rust-std@{rustc}"
    components[standard] = component(standard, "rust-std", rustc, "MIT OR Apache-2.0")
    components[standard]["description"] = (
        "the standard library of Rust, with what is linked into it"
    )
    for parts in edges.values():
        parts.add(standard)
    edges[standard] = set()
    version = library["version"]
    package = f"pkg:pypi/sentry-ophio@{version}"
    edges[package] = {root, editor(components, edges, version)}
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": component(package, "sentry-ophio", version, "Apache-2.0")},
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
