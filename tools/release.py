"""Releases a version: `make release VERSION=2.1.0` calls this.

It writes the version into Cargo.toml and updates the files that depend on it: both Cargo.lock
files, fuzz/capi/Cargo.toml, and include/ophio.h. It gives the section [Unreleased] of CHANGELOG.md
the version and the date, and adds a new section above it. It commits and tags these changes, and
does not push. Check the commit, then run

    git push --follow-tags

The workflow `release` then builds, tests and publishes the tag.

    python tools/release.py VERSION
    python tools/release.py --notes VERSION     # prints its section of CHANGELOG.md

It needs cargo, git and only the standard library of Python.
"""

from __future__ import annotations

import datetime
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = ROOT / "Cargo.toml"
CHANGELOG = ROOT / "CHANGELOG.md"
# It is a separate workspace, so it cannot inherit the version.
FUZZ = ROOT / "fuzz" / "capi" / "Cargo.toml"
HEADER = ROOT / "include" / "ophio.h"

VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
REPOSITORY = "https://github.com/getsentry/ophio"
# The headings of Keep a Changelog: `## [2.1.0] - 2026-11-25`, and on top `## [Unreleased]`. The
# last section ends where the addresses of these names begin, `[2.1.0]: https://...`.
UNRELEASED = "Unreleased"
SECTION = re.compile(
    r"^## \[(Unreleased|[\d.]+)\](?: - (\d{4}-\d\d-\d\d))?\n(.*?)(?=^## |^\[[\w.]+\]: |\Z)",
    re.M | re.S,
)


def numbers(version: str) -> tuple[int, ...]:
    """Split a version, which must be three numbers, as Cargo and Python both read them."""
    found = VERSION.fullmatch(version)
    if found is None:
        raise SystemExit(f"{version!r} is not a version: three numbers, such as 2.1.0")
    return tuple(map(int, found.groups()))


def replace_once(path: Path, pattern: str, by: str) -> None:
    """Replace the one line that has a pattern."""
    text, count = re.subn(pattern, by, path.read_text("utf-8"), count=2, flags=re.MULTILINE)
    if count != 1:
        raise SystemExit(
            f"{path.relative_to(ROOT)}: {pattern} matches {count} times, expected once"
        )
    path.write_text(text, "utf-8")


def run(*command: str, **variables: str) -> str:
    """Run a program at the root, and return its output."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)} failed with exit code {done.returncode}")
    return done.stdout


def current_version() -> str:
    """Read the version from Cargo.toml."""
    found = re.findall(r'^version = "(.+)"$', MANIFEST.read_text("utf-8"), re.MULTILINE)
    if len(found) != 1:
        raise SystemExit("Cargo.toml should have one version")
    return str(found[0])


def sections() -> list[tuple[str, str, str]]:
    """Read the sections of the changelog: version, date, text; the newest first."""
    return [
        (version, date, text.strip())
        for version, date, text in SECTION.findall(CHANGELOG.read_text("utf-8"))
    ]


def notes(version: str) -> str:
    """Return the section of a released version in the changelog."""
    for name, date, text in sections():
        if name == version and date:
            return text
    raise SystemExit(f"CHANGELOG.md has no dated section for {version}")


def check_unreleased() -> None:
    """Check that the first section is the one for unreleased changes, and has a change."""
    name, _, text = next(iter(sections()), ("", "", ""))
    if name != UNRELEASED:
        raise SystemExit("CHANGELOG.md does not begin with a section `## [Unreleased]`")
    # A line that is not a heading.
    if not re.search(r"^[^#\s]", text, re.MULTILINE):
        raise SystemExit("CHANGELOG.md has no change in its section [Unreleased]")


def date_section(version: str) -> None:
    """Give the unreleased changes their version and date, and add a new section above."""
    today = datetime.datetime.now(datetime.timezone.utc).date().isoformat()
    heading = f"## [{UNRELEASED}]"
    replace_once(CHANGELOG, rf"^{re.escape(heading)}$", f"{heading}\n\n## [{version}] - {today}")
    replace_once(
        CHANGELOG,
        rf"^\[{UNRELEASED}\]: .*$",
        f"[{UNRELEASED}]: {REPOSITORY}/compare/v{version}...main\n"
        f"[{version}]: {REPOSITORY}/releases/tag/v{version}",
    )


def release(version: str) -> None:
    """Write, commit and tag a version."""
    wanted, now = numbers(version), numbers(current_version())
    tags = run("git", "tag", "--list", "v*").split()
    # The current version can be released if it has no tag yet.
    if wanted < now or f"v{version}" in tags:
        raise SystemExit(f"{version} is not newer than {current_version()}, or it is tagged")
    changed = run("git", "status", "--porcelain")
    if changed:
        raise SystemExit(f"there are changes that are not committed:\n{changed.rstrip()}")
    check_unreleased()

    replace_once(MANIFEST, r'^version = ".+"$', f'version = "{version}"')
    replace_once(FUZZ, r'^version = "[^"]+"', f'version = "{version}"')
    date_section(version)

    # By hand, because cargo would query the registry for everything else in the second file.
    for lock in (ROOT / "Cargo.lock", ROOT / "fuzz" / "Cargo.lock"):
        for crate in ("ophio", "ophio-capi"):
            replace_once(lock, rf'^(name = "{crate}"\nversion = )"[^"]+"', rf'\g<1>"{version}"')

    # build.rs writes the header; --locked shows that the lock is right.
    cargo = os.environ.get("CARGO", "cargo")
    run(cargo, "check", "--quiet", "--locked", "--package", "ophio-capi", OPHIO_HEADER="")
    if f'"{version}"' not in HEADER.read_text("utf-8"):
        raise SystemExit("include/ophio.h was not written")

    run("git", "commit", "--quiet", "--all", "--message", f"Release {version}")
    run("git", "tag", "--annotate", f"v{version}", "--message", notes(version))
    print(f"v{version} is committed and tagged: git push --follow-tags")


def main(arguments: list[str]) -> None:
    """Run the command line."""
    if len(arguments) == 2 and arguments[0] == "--notes":
        print(notes(arguments[1]))
    elif len(arguments) == 1 and not arguments[0].startswith("-"):
        release(arguments[0])
    else:
        raise SystemExit("usage: python tools/release.py [--notes] VERSION")


if __name__ == "__main__":
    main(sys.argv[1:])
