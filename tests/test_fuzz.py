"""The committed inputs of the fuzz targets, once each: the short form of `make fuzz`.

Built as ordinary programs, which needs no fuzzer and no special compiler: a target that is
given files runs each of them once.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parent.parent / "fuzz"
TARGETS = sorted(path.stem for path in (FUZZ / "fuzz_targets").glob("*.rs"))


@pytest.fixture(scope="module")
def programs(source_tree: Path, cargo: str) -> Path:
    """Build all targets (which takes a minute)."""
    target = source_tree / "target" / "fuzz-check"
    done = subprocess.run(
        [
            *(cargo, "build", "-q", "--locked", "--bins"),
            *("--manifest-path", str(FUZZ / "Cargo.toml"), "--target-dir", str(target)),
        ],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return target / "debug"


def test_there_are_targets(source_tree: Path) -> None:
    assert len(TARGETS) >= 8


@pytest.mark.parametrize("target", TARGETS)
def test_committed_inputs(programs: Path, target: str) -> None:
    inputs = sorted(map(str, (FUZZ / "corpus" / target).iterdir()))
    assert len(inputs) >= 10, "make fuzz, and fuzz/run.py --minimise"
    done = subprocess.run(
        [str(programs / target), *inputs], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stderr.count("Executed ") == len(inputs)
