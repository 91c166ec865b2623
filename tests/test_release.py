"""Versions: one place, and `make release`, which is run in a copy of the repository."""

from __future__ import annotations

import datetime
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from test_packaging import tracked

import sentry_ophio

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Installed


def version_of(source_tree: Path) -> str:
    """Read the version from Cargo.toml."""
    manifest = (source_tree / "Cargo.toml").read_text("utf-8")
    (version,) = re.findall(r'^version = "(.+)"$', manifest, re.MULTILINE)
    return str(version)


def everywhere(root: Path) -> dict[str, str]:
    """Read the version from every file that has it."""
    found: dict[str, str] = {}
    for lock in ("Cargo.lock", "fuzz/Cargo.lock"):
        text = (root / lock).read_text("utf-8")
        for crate in ("ophio", "ophio-capi"):
            (version,) = re.findall(rf'^name = "{crate}"\nversion = "(.+)"$', text, re.MULTILINE)
            found[f"{crate} in {lock}"] = version
    fuzz = (root / "fuzz" / "capi" / "Cargo.toml").read_text("utf-8")
    (found["fuzz/capi"],) = re.findall(r'^version = "([^"]+)"', fuzz, re.MULTILINE)
    header = (root / "include" / "ophio.h").read_text("utf-8")
    (found["header"],) = re.findall(r'^#define OPHIO_VERSION "(.+)"$', header, re.MULTILINE)
    return found


def test_one_version(source_tree: Path) -> None:
    version = version_of(source_tree)
    found = {**everywhere(source_tree), "Python": sentry_ophio.__version__}
    assert found == dict.fromkeys(found, version)


def test_pkg_config_and_cmake_tell_it(installed: Installed, source_tree: Path) -> None:
    version = version_of(source_tree)
    pc = (installed.lib / "pkgconfig" / "ophio.pc").read_text("utf-8")
    assert f"\nVersion: {version}\n" in pc
    cmake = installed.lib / "cmake" / "ophio" / "ophio-config-version.cmake"
    assert f'set(PACKAGE_VERSION "{version}")' in cmake.read_text("utf-8")


def test_the_changelog_keeps_its_format(source_tree: Path) -> None:
    """Unreleased changes first, then dated versions; each heading has an address at the end."""
    text = (source_tree / "CHANGELOG.md").read_text("utf-8")
    first, *others = re.findall(r"^## (.*)$", text, re.MULTILINE)
    assert first == "[Unreleased]"
    versions = []
    for heading in others:
        found = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d", heading)
        assert found, heading
        versions.append(found[1])
    addresses = re.findall(r"^\[([\w.]+)\]: https://\S+$", text, re.MULTILINE)
    assert addresses == ["Unreleased", *versions]
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


class Copy:
    """A repository with the sources as they are, committed."""

    def __init__(self, source_tree: Path, root: Path) -> None:
        self.root = root
        for name in tracked(source_tree):
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source_tree / name, target)
        # That of the tests of the header: what it needs is built there.
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
            "CARGO_TARGET_DIR": str(source_tree / "target" / "header-test" / "target"),
            **dict.fromkeys(("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"), "Ann"),
            **dict.fromkeys(("GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"), "ann@example.org"),
        }
        self.git("init", "--quiet", "--initial-branch=main")
        self.commit("Begin")

    def git(self, *arguments: str) -> str:
        """Run git."""
        return subprocess.run(
            ["git", *arguments],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
        ).stdout

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def make(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run make."""
        return subprocess.run(
            ["make", "-s", *arguments, f"PYTHON={sys.executable}"],
            cwd=self.root,
            env=self.environment,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def changelog(self, text: str) -> None:
        """Write another change log."""
        (self.root / "CHANGELOG.md").write_text(text, "utf-8")
        self.commit("Change the log")


@pytest.fixture
def copy(source_tree: Path, cargo: str, tmp_path: Path) -> Copy:
    if shutil.which("make") is None:
        pytest.skip("make is not installed: `apt install make`, then `make test`")
    return Copy(source_tree, tmp_path / "copy")


LOG = """\
# Changes

## [Unreleased]

### Added

- A *thing*.

## [2.0.0] - 2026-01-02

- All.

[Unreleased]: https://github.com/getsentry/ophio/compare/v2.0.0...main
[2.0.0]: https://github.com/getsentry/ophio/releases/tag/v2.0.0
"""


def test_a_release(copy: Copy) -> None:
    copy.changelog(LOG)
    done = copy.make("release", "VERSION=9.8.7")
    assert done.returncode == 0, done.stderr
    assert "git push --follow-tags" in done.stdout

    assert version_of(copy.root) == "9.8.7"
    found = everywhere(copy.root)
    assert found == dict.fromkeys(found, "9.8.7")
    today = datetime.datetime.now(datetime.timezone.utc).date()
    log = (copy.root / "CHANGELOG.md").read_text("utf-8")
    assert log == LOG.replace(
        "## [Unreleased]\n", f"## [Unreleased]\n\n## [9.8.7] - {today}\n"
    ).replace(
        "compare/v2.0.0...main\n",
        "compare/v9.8.7...main\n[9.8.7]: https://github.com/getsentry/ophio/releases/tag/v9.8.7\n",
    )

    assert copy.git("status", "--porcelain") == ""
    assert copy.git("log", "-1", "--format=%s") == "Release 9.8.7\n"
    assert copy.git("describe", "--exact-match") == "v9.8.7\n"
    assert "A *thing*." in copy.git("tag", "--list", "--format=%(contents)", "v9.8.7")
    changed = copy.git("show", "--format=", "--name-only", "HEAD").split()
    assert set(changed) == {
        *("CHANGELOG.md", "Cargo.lock", "Cargo.toml", "include/ophio.h"),
        *("fuzz/Cargo.lock", "fuzz/capi/Cargo.toml"),
    }

    notes = copy.make("release-notes", "VERSION=9.8.7")
    assert notes.stdout == "### Added\n\n- A *thing*.\n"
    assert copy.make("release-notes", "VERSION=2.0.0").stdout == "- All.\n"
    assert "no dated section for 3.0.0" in copy.make("release-notes", "VERSION=3.0.0").stderr

    # What is tagged cannot be released again, also with something new in the log.
    copy.changelog(LOG)
    assert "9.8.7 is not newer" in copy.make("release", "VERSION=9.8.7").stderr


def test_what_is_not_released(copy: Copy) -> None:
    def refused(version: str, told: str) -> None:
        done = copy.make("release", f"VERSION={version}")
        assert done.returncode != 0
        assert told in done.stderr
        assert "Traceback" not in done.stderr
        assert copy.git("tag") == ""
        assert copy.git("status", "--porcelain") == status

    status = ""
    copy.changelog(LOG)
    for version in ("", "2", "2.1", "2.1.0rc1", "v2.1.0", "02.1.0"):
        refused(version, "is not a version")
    refused("1.99.99", "is not newer")

    copy.changelog(LOG.replace("- A *thing*.\n", ""))
    refused("2.1.0", "has no change in its section [Unreleased]")
    copy.changelog(LOG.replace("## [Unreleased]\n\n### Added\n\n- A *thing*.\n\n", ""))
    refused("2.1.0", "does not begin with a section `## [Unreleased]`")

    copy.changelog(LOG)
    (copy.root / "README.md").write_text("changed\n", "utf-8")
    (copy.root / "new.txt").write_text("not known\n", "utf-8")
    status = " M README.md\n?? new.txt\n"
    refused("2.1.0", "not committed")
