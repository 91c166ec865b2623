"""What is shipped: the checks of wheels, the source distribution, the bill of materials, CI.

The wheel itself is tested by `make wheel-manylinux` and `make test-wheel`, and that the
source distribution builds offline by `make test-sdist`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING, Any, Callable

import pytest

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

# Files of the repository that its source distribution has no use for.
# rust-toolchain.toml would decide for a user who builds with another Rust.
NOT_SHIPPED = re.compile(
    r"\.(ci|github)/|\.(editorconfig|envrc|gitignore|pre-commit-config\.yaml)$|rust-toolchain\.toml$"
)


def load(source_tree: Path, name: str) -> ModuleType:
    """Import a script of tools/."""
    spec = importlib.util.spec_from_file_location(name, source_tree / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tracked(source_tree: Path) -> list[str]:
    """Name the files of the repository."""
    if not (source_tree / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no repository")
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=source_tree,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    ).stdout.split("\n")
    return [name for name in listed if name and (source_tree / name).is_file()]


# --- the wheel ----------------------------------------------------------------------

BILL = {
    "bomFormat": "CycloneDX",
    "metadata": {"component": {"version": "2.0.0"}},
    "components": [
        {"name": name, "licenses": ["MIT"]}
        for name in ("ophio", "regex-automata", "rust-std", "@codemirror/view")
    ],
}
METADATA = """Metadata-Version: 2.4
Name: sentry-ophio
Version: 2.0.0
License-Expression: Apache-2.0
Requires-Python: >=3.9
Project-URL: Homepage, https://sentry.io
Provides-Extra: cli
Provides-Extra: arrow
Provides-Extra: spark
Provides-Extra: studio
"""
WHEEL = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-linux_x86_64\n"
INFO = "sentry_ophio-2.0.0.dist-info"
NAME = "sentry_ophio-2.0.0-py3-none-linux_x86_64.whl"
LIBRARY = "sentry_ophio/_lowlevel__lib.so"


def contents(source_tree: Path) -> dict[str, bytes]:
    """Make up the contents of a good wheel."""
    package = source_tree / "python" / "sentry_ophio"
    files = {
        f"sentry_ophio/{path.relative_to(package).as_posix()}": path.read_bytes()
        for path in package.rglob("*")
        if path.is_file() and path.suffix not in (".pyc", ".so", ".dylib", ".dll")
    }
    files |= dict.fromkeys((f"sentry_ophio/_lowlevel{end}.py" for end in ("", "__ffi")), b"")
    return {
        **files,
        LIBRARY: b"\x7fELF",
        f"{INFO}/WHEEL": WHEEL.encode(),
        f"{INFO}/METADATA": METADATA.encode(),
        f"{INFO}/licenses/LICENSE": b"Apache License",
        f"{INFO}/sboms/ophio.cdx.json": json.dumps(BILL).encode(),
    }


def faults(source_tree: Path, files: dict[str, bytes], path: Path) -> list[str]:
    """Write a wheel, and give what is wrong with it."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    found: list[str] = load(source_tree, "check_wheel").check(path, None)
    return found


def test_a_good_wheel_passes(source_tree: Path, tmp_path: Path) -> None:
    assert faults(source_tree, contents(source_tree), tmp_path / NAME) == []


SPOILED = {
    "no types": ("sentry_ophio/py.typed", None, "py.typed is missing"),
    "no stub": ("sentry_ophio/_lowlevel.pyi", None, "_lowlevel.pyi is missing"),
    "no rules": ("sentry_ophio/data/default.rules", None, "default.rules is missing"),
    "no library": (LIBRARY, None, "expected one library"),
    "no licence": (f"{INFO}/licenses/LICENSE", None, "LICENSE is missing"),
    "no bill of materials": (f"{INFO}/sboms/ophio.cdx.json", None, "ophio.cdx.json is missing"),
    "an empty bill": (f"{INFO}/sboms/ophio.cdx.json", b"{}", "is not CycloneDX"),
    "too much": ("tests/test_me.py", b"", "tests/test_me.py is unexpected"),
    "a module that is gone": ("sentry_ophio/gone.py", b"", "gone.py is unexpected"),
    "too large": (LIBRARY, bytes(2_100_000), "bytes, expected at most 2,100,000"),
    "pure": (f"{INFO}/WHEEL", WHEEL.replace("false", "true").encode(), "Root-Is-Purelib is true"),
    "another tag": (f"{INFO}/WHEEL", WHEEL.replace("linux", "any").encode(), "other tags"),
    "another version": (f"{INFO}/METADATA", METADATA.replace("2.0", "2.1").encode(), "2.1.0"),
    "an extra": (f"{INFO}/METADATA", METADATA.replace("spark", "sparc").encode(), "extra spark"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_what_is_wrong_with_a_wheel_is_told(source_tree: Path, name: str, tmp_path: Path) -> None:
    place, content, told = SPOILED[name]
    files = contents(source_tree)
    files.pop(place, None)
    if content is not None:
        files[place] = content
    assert told in "\n".join(faults(source_tree, files, tmp_path / NAME))


def test_a_wheel_for_one_python_is_told(source_tree: Path, tmp_path: Path) -> None:
    path = tmp_path / NAME.replace("py3-none", "cp311-cp311")
    assert "the tag is cp311-cp311" in "\n".join(faults(source_tree, contents(source_tree), path))


@pytest.mark.parametrize(
    ("library", "newest"),
    [
        (b"\0GLIBC_2.2.5\0GLIBC_2.17\0", (2, 17)),
        (b"\0GLIBC_2.34\0GLIBC_2.9\0", (2, 34)),
        (b"nothing", (99, 99)),
    ],
)
def test_newest_glibc(source_tree: Path, library: bytes, newest: tuple[int, int]) -> None:
    assert load(source_tree, "check_wheel").newest_glibc(library) == newest


# --- setup.py -----------------------------------------------------------------------


@pytest.fixture
def setup_py(source_tree: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Give a function that runs setup.py with every warning shown."""
    pytest.importorskip("milksnake")

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "default", "setup.py", "-q", *arguments],
            cwd=source_tree,
            env={**os.environ, **variables},
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    return run


def test_milksnake_warns_nobody(setup_py: Callable[..., subprocess.CompletedProcess[str]]) -> None:
    done = setup_py("--version")
    assert done.returncode == 0
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("variables", "told"),
    [
        ({"OPHIO_TARGET": "pdp11"}, "OPHIO_TARGET=pdp11 is none of: x86_64-unknown-linux-gnu.2.17"),
        ({"OPHIO_VENDORED": "1"}, "there is no directory vendor/"),
        ({"CARGO": "/no/cargo"}, "building sentry_ophio needs Rust"),
    ],
)
def test_what_cannot_be_built_is_told(
    setup_py: Callable[..., subprocess.CompletedProcess[str]],
    source_tree: Path,
    tmp_path: Path,
    variables: dict[str, str],
    told: str,
) -> None:
    if (source_tree / "vendor").exists():
        pytest.skip("these sources have the crates with them")
    done = setup_py("build_py", "--build-lib", str(tmp_path), **variables)
    assert done.returncode != 0
    assert told in done.stderr
    assert "Traceback" not in done.stderr


# --- the bill of materials ----------------------------------------------------------


def test_the_bill_of_materials(source_tree: Path, cargo: str) -> None:
    sbom = load(source_tree, "sbom")
    text = sbom.bill_of_materials([cargo], ["--locked"])
    assert sbom.bill_of_materials([cargo], ["--locked"]) == text, "nothing in it is by chance"
    bill: dict[str, Any] = json.loads(text)
    assert bill["metadata"]["component"]["name"] == "sentry-ophio"
    parts = {each["name"]: each for each in bill["components"]}
    assert {"libophio", "ophio", "globset", "proguard", "rust-std"} <= set(parts)
    # What only builds or tests it.
    assert not {"cbindgen", "thiserror-impl", "criterion", "fastrand"} & set(parts)
    locked = (source_tree / "Cargo.lock").read_text("utf-8")
    for each in bill["components"]:
        assert "/" not in each["licenses"][0]["expression"]
        if each["purl"].startswith("pkg:cargo/") and each["name"] not in ("ophio", "libophio"):
            checksum = each["hashes"][0]["content"]
            assert f'name = "{each["name"]}"\nversion = "{each["version"]}"' in locked
            assert checksum in locked
    known = {each["bom-ref"] for each in bill["components"]}
    edges = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    assert set().union(*edges.values()) == known
    editor = parts["codemirror.js"]["bom-ref"]
    assert edges[bill["metadata"]["component"]["bom-ref"]] == [parts["libophio"]["bom-ref"], editor]


def test_the_bill_of_materials_has_the_packages_of_the_editor(
    source_tree: Path, cargo: str
) -> None:
    bill: dict[str, Any] = json.loads(
        load(source_tree, "sbom").bill_of_materials([cargo], ["--locked"])
    )
    parts = {each["bom-ref"]: each for each in bill["components"]}
    edges = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
    static = source_tree / "python" / "sentry_ophio" / "studio" / "static"
    licences = (static / "codemirror.LICENSE.txt").read_text("utf-8")
    bundled = dict(re.findall(r"^(\S+) (\S+) \(MIT\)$", licences, re.MULTILINE))
    assert len(bundled) > 10
    (editor,) = (ref for ref, each in parts.items() if each["name"] == "codemirror.js")
    code = (static / "codemirror.js").read_bytes()
    assert parts[editor]["hashes"][0]["content"] == hashlib.sha256(code).hexdigest()
    assert {parts[each]["name"]: parts[each]["version"] for each in edges[editor]} == bundled
    for reference in edges[editor]:
        each = parts[reference]
        assert each["licenses"] == [{"expression": "MIT"}]
        assert re.fullmatch(r"pkg:npm/(%40[\w-]+/)?[\w-]+@[\d.]+", reference)
        assert each["hashes"][0]["alg"] == "SHA-512"
        assert len(each["hashes"][0]["content"]) == 128
    view = f"pkg:npm/%40codemirror/view@{bundled['@codemirror/view']}"
    assert f"pkg:npm/style-mod@{bundled['style-mod']}" in edges[view]
    # What only bundles it.
    assert not any("esbuild" in reference for reference in parts)


# --- the source distribution --------------------------------------------------------


def test_the_source_distribution_has_every_file(source_tree: Path, tmp_path: Path) -> None:
    pytest.importorskip("milksnake")
    pytest.importorskip("build")
    # From a copy, because setuptools keeps in mind what it has shipped before.
    copied = tracked(source_tree)
    for name in copied:
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source_tree / name, tmp_path / "tree" / name)
    wanted = {name for name in copied if not NOT_SHIPPED.match(name)}
    # What building leaves there.
    for name in ("_lowlevel.py", "_lowlevel__ffi.py", "_lowlevel__lib.so"):
        (tmp_path / "tree" / "python" / "sentry_ophio" / name).touch()
    subprocess.run(
        [sys.executable, "-m", "build", "-s", "--no-isolation", "-o", str(tmp_path), "."],
        cwd=tmp_path / "tree",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        shipped = {
            member.name.split("/", 1)[1] for member in opened.getmembers() if member.isfile()
        }
    made = {"PKG-INFO", "setup.cfg"}
    shipped = {name for name in shipped if ".egg-info/" not in name} - made
    assert wanted - shipped == set(), "MANIFEST.in does not name them"
    assert shipped - wanted == set(), "built or private files are in it"


# --- continuous integration ---------------------------------------------------------


def workflows(source_tree: Path) -> dict[str, str]:
    """Read the workflows."""
    directory = source_tree / ".github" / "workflows"
    if not directory.is_dir():
        pytest.skip("the source distribution has no workflows; `make test` runs this in a clone")
    return {path.name: path.read_text("utf-8") for path in directory.glob("*.yml")}


def with_actions(source_tree: Path) -> dict[str, str]:
    """Read the workflows, and the actions of this repository that they use."""
    actions = (source_tree / ".github" / "actions").glob("*/action.yml")
    found = {path.parent.name: path.read_text("utf-8") for path in actions}
    return {**workflows(source_tree), **found}


def test_there_are_workflows(source_tree: Path) -> None:
    assert set(workflows(source_tree)) >= {"ci.yml", "build.yml", "release.yml", "weekly.yml"}


def test_workflows_have_no_permissions_but_those_of_their_jobs(source_tree: Path) -> None:
    for name, text in workflows(source_tree).items():
        assert re.search(r"^permissions: \{\}$", text, re.MULTILINE), name
        jobs = re.findall(r"^  \w[\w-]*:$", text.split("\njobs:\n")[1], re.MULTILINE)
        assert text.count("    permissions:\n") == len(jobs), name


def test_actions_are_named_by_their_commit(source_tree: Path) -> None:
    for name, text in with_actions(source_tree).items():
        for line in re.findall(r"uses: *(.*)$", text, re.MULTILINE):
            if line.startswith("./.github/actions/"):
                assert (source_tree / line / "action.yml").is_file(), f"{name}: {line}"
                continue
            assert re.fullmatch(
                r"\./\.github/workflows/\w+\.yml|[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line
            ), f"{name}: {line}"


def test_steps_use_inputs_that_the_action_has(source_tree: Path) -> None:
    """The runner ignores other names, with a warning that is easily missed."""
    action = with_actions(source_tree)["setup"].partition("\nruns:")[0]
    inputs = set(re.findall(r"^  ([\w-]+):$", action, re.MULTILINE))
    used = [
        name
        for text in workflows(source_tree).values()
        for block in re.findall(
            r"uses: \./\.github/actions/setup\n        with:\n((?: {10}.*\n)+)", text
        )
        for name in re.findall(r"^ {10}([\w-]+):", block, re.MULTILINE)
    ]
    assert len(used) > 3
    assert set(used) <= inputs


def test_the_weekly_job_has_time_for_each_fuzz_target(source_tree: Path) -> None:
    job = workflows(source_tree)["weekly.yml"].partition("\n  fuzz:\n")[2]
    limit, seconds = (
        int(re.findall(pattern, job)[0])
        for pattern in (r"timeout-minutes: (\d+)\n", r"run: make fuzz SECONDS=(\d+) ")
    )
    targets = list((source_tree / "fuzz" / "fuzz_targets").glob("*.rs"))
    # They are built twice: with AddressSanitizer and without.
    builds = 30
    assert len(targets) * seconds / 60 + builds <= limit


def test_every_step_is_a_target_of_the_makefile(source_tree: Path) -> None:
    makefile = (source_tree / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    commands = [
        line
        for text in with_actions(source_tree).values()
        for line in re.findall(r"run: *(.*)$", text, re.MULTILINE)
    ]
    assert len(commands) > 15
    # In build.yml: `test-wheel`, or `test-wheel-musl`.
    commands = [line.replace("${{ matrix.test }}", "test-wheel") for line in commands]
    for command in commands:
        program, *words = command.split()
        assert program in ("make", ".ci/run"), command
        called = {word for word in words if "=" not in word and "}}" not in word}
        assert called <= targets | {"matrix.target"} | {"matrix.python"}, command


def test_every_target_is_listed_and_phony(source_tree: Path) -> None:
    makefile = (source_tree / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    (phony,) = re.findall(r"^\.PHONY:((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    assert set(phony.replace("\\", " ").split()) == targets


# --- the recipes --------------------------------------------------------------------


def test_the_makefile_calls_every_command_of_the_recipes(source_tree: Path) -> None:
    """And has no recipe of its own: each target of this part is one line."""
    makefile = (source_tree / "Makefile").read_text("utf-8")
    part = makefile.partition("# --- distributions ---")[2].partition("\n# --- ")[0]
    called = set(re.findall(r"\$\(DISTRIBUTION\) ([a-z-]+)", part))
    program = (source_tree / "tools" / "distribution.py").read_text("utf-8")
    assert called == set(re.findall(r"^    python tools/distribution\.py (\S+)", program, re.M))
    for target, recipe in re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", part, re.M):
        lines = recipe.replace("\\\n", "").count("\n")
        assert lines == 1, target


@pytest.mark.skipif(sys.platform == "win32", reason="the programs are of a shell")
def test_an_environment_has_the_python_that_is_asked_for(source_tree: Path, tmp_path: Path) -> None:
    environment = load(source_tree, "environment")
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    for python in (str(old), str(tmp_path / "none")):
        with pytest.raises(SystemExit, match=f"Python 3.9 or later is needed, as {python}"):
            environment.make(str(tmp_path / "new"), python)
    # It runs whatever it is asked for, until that has no module that makes environments.
    no_venv = tmp_path / "no_venv"
    no_venv.write_text(f'#!/bin/sh\n[ "$1" = -m ] && exit 1\nexec {sys.executable} "$@"\n')
    no_venv.chmod(0o755)
    with pytest.raises(SystemExit, match="cannot make a virtual environment: install"):
        environment.make(str(tmp_path / "new"), str(no_venv))
    assert not (tmp_path / "new").exists()


def test_a_pattern_for_a_wheel_must_fit_one_file(
    source_tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(source_tree / "tools"))
    the_one = load(source_tree, "distribution").the_one
    with pytest.raises(SystemExit, match=r"should have one \*\.whl, but has: none"):
        the_one(tmp_path, "*.whl")
    (tmp_path / "a.whl").touch()
    assert the_one(tmp_path, "*.whl") == tmp_path / "a.whl"
    (tmp_path / "b.whl").touch()
    with pytest.raises(SystemExit, match=r"but has: a\.whl, b\.whl"):
        the_one(tmp_path, "*.whl")


# --- direnv -------------------------------------------------------------------------


def test_envrc_puts_the_environment_on_the_path(source_tree: Path) -> None:
    bash = shutil.which("bash")
    if bash is None or not (source_tree / ".envrc").exists():
        pytest.skip("there is no bash, or no .envrc")
    # What direnv defines of it, and no `make` that would build for minutes.
    functions = "watch_file() { :; }; PATH_add() { PATH=$PWD/$1:$PATH; }; make() { echo $*; };"
    done = subprocess.run(
        [bash, "-euc", f"{functions} source .envrc; echo $VIRTUAL_ENV; echo $PATH"],
        cwd=source_tree,
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    environment, path = done.stdout.splitlines()[-2:]
    assert environment == str(source_tree / ".venv")
    assert path.startswith(f"{source_tree}/.venv/bin:")
