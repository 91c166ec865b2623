"""Runs every fuzz target for a while: `make fuzz SECONDS=60`, or `make fuzz-long` for an hour each.

Prints a line when a target is done, and at the end a table. Ends with 1 if anything was
found; what was found lies in fuzz/artifacts, and becomes an ordinary test. Inputs that
reach new code are kept in fuzz/found, from where a later run goes on; `--minimise` puts
the smallest of them that reach the most into fuzz/corpus, which is committed. `--record` writes
the rows of these targets into the table of docs/reliability.md; `make fuzz-long` does that.

The targets `arrow` and `capi` run with AddressSanitizer. The others are safe Rust, which has no
such errors, and are twice as quick without it.

    python fuzz/run.py --seconds 60 [--minimise] [--record] [TARGET ...]
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import NamedTuple

FUZZ = Path(__file__).resolve().parent
ROOT = FUZZ.parent
PAGE = ROOT / "docs" / "reliability.md"
TRIPLE = "x86_64-unknown-linux-gnu"
# The targets that call unsafe code.
UNSAFE = {"arrow", "capi"}
# The committed corpus of a target: so many files, of at most so many bytes.
MOST_FILES, MOST_BYTES = 50, 2_048


class Result(NamedTuple):
    """What came of a target."""

    target: str
    executions: int
    seconds: float
    coverage: int
    found: int


def targets() -> list[str]:
    """Name the targets."""
    return sorted(path.stem for path in (FUZZ / "fuzz_targets").glob("*.rs"))


def build(sanitizer: str) -> Path:
    """Build all targets with a sanitizer; give the directory of the programs."""
    directory = ROOT / "build" / f"fuzz-{sanitizer}"
    tools = ROOT / "build" / "tools" / "bin"
    environment = {
        **os.environ,
        # cargo-fuzz needs flags that stable compilers hide.
        "RUSTC_BOOTSTRAP": "1",
        "RUSTFLAGS": "-Cunsafe-allow-abi-mismatch=sanitizer",
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}",
    }
    command = ["cargo", "fuzz", "build", "--sanitizer", sanitizer, "--target-dir", str(directory)]
    if subprocess.run(command, cwd=FUZZ, env=environment, check=False).returncode != 0:
        raise SystemExit("the targets cannot be built")
    return directory / TRIPLE / "release"


def run(program: Path, seconds: int) -> Result:
    """Run a target."""
    target = program.name
    places = {name: FUZZ / name / target for name in ("found", "corpus", "artifacts")}
    for place in places.values():
        place.mkdir(parents=True, exist_ok=True)
    before = set(places["artifacts"].iterdir())
    begun = time.monotonic()
    process = subprocess.run(
        [
            *(str(program), str(places["found"]), str(places["corpus"])),
            *(f"-max_total_time={seconds}", "-print_final_stats=1", "-max_len=4096"),
            *("-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={places['artifacts']}/"),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    text = process.stdout.decode(errors="replace")
    log = FUZZ / "artifacts" / f"{target}.log"
    log.write_text(text, "utf-8")
    executions = re.findall(r"number_of_executed_units: (\d+)", text)
    coverage = re.findall(r" cov: (\d+)", text)
    found = len(set(places["artifacts"].iterdir()) - before)
    if process.returncode != 0 and not found:
        print(text[-2000:], file=sys.stderr)
        raise SystemExit(f"{target} ended with {process.returncode}")
    return Result(
        target,
        int(executions[-1]) if executions else 0,
        time.monotonic() - begun,
        int(coverage[-1]) if coverage else 0,
        found,
    )


def minimise(program: Path) -> int:
    """Choose a new corpus for a target from the old one and the findings; return its size."""
    corpus, found = FUZZ / "corpus" / program.name, FUZZ / "found" / program.name
    merged = FUZZ / "artifacts" / f"{program.name}.merged"
    shutil.rmtree(merged, ignore_errors=True)
    merged.mkdir(parents=True)
    subprocess.run(
        [str(program), "-merge=1", str(merged), str(corpus), str(found)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    kept = [path for path in merged.iterdir() if path.stat().st_size <= MOST_BYTES]
    # Large inputs reach more. Every so many of them, so that small ones are there as well.
    kept.sort(key=lambda path: (path.stat().st_size, path.name))
    chosen = kept[:: max(1, -(-len(kept) // MOST_FILES))]
    shutil.rmtree(corpus)
    corpus.mkdir()
    for path in chosen:
        shutil.copyfile(path, corpus / path.name)
    shutil.rmtree(merged)
    return len(chosen)


HEAD = """\
| target | date | minutes | executions | a second | edges reached | crashes and hangs |
| --- | --- | ---: | ---: | ---: | ---: | ---: |
"""
ROW = re.compile(r"\| `(\w+)` \|.*\|")


def table(results: list[Result], before: str = "") -> str:
    """Make a table in Markdown, from results and from the rows of other targets before."""
    today = datetime.now(timezone.utc).date()
    # The rows of targets that there are no more are left out.
    kept = filter(None, map(ROW.match, before.split("\n")))
    rows = {row[1]: row[0] for row in kept if row[1] in targets()}
    rows |= {
        each.target: f"| `{each.target}` | {today} | {each.seconds / 60:.1f} "
        f"| {each.executions:,} | {each.executions / each.seconds:,.0f} "
        f"| {each.coverage:,} | {each.found} |"
        for each in results
    }
    return HEAD + "\n".join(rows[target] for target in sorted(rows))


def record(results: list[Result]) -> None:
    """Write results into the table of docs/reliability.md."""
    text = PAGE.read_text("utf-8")
    start = text.index(HEAD)
    end = text.index("\n\n", start)
    PAGE.write_text(text[:start] + table(results, text[start:end]) + text[end:], "utf-8")


def main() -> None:
    """Run what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60, help="for each target (%(default)s)")
    parser.add_argument("--minimise", action="store_true", help="choose fuzz/corpus anew")
    parser.add_argument(
        "--sanitizer",
        choices=["address", "none"],
        help="one for all targets: so there is one build",
    )
    parser.add_argument("--record", action="store_true", help="write docs/reliability.md")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all if none is named")
    given = parser.parse_args()
    chosen = given.targets or targets()
    if unknown := set(chosen) - set(targets()):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(targets())}")

    sanitizers = {
        target: given.sanitizer or ("address" if target in UNSAFE else "none") for target in chosen
    }
    programs = {name: build(name) for name in sorted(set(sanitizers.values()))}
    results = []
    for target in chosen:
        print(f"{target}: {given.seconds} s ...", flush=True)
        result = run(programs[sanitizers[target]] / target, given.seconds)
        results.append(result)
        print(f"{target}: {result.executions:,} executions, {result.found} found", flush=True)
        if given.minimise and not result.found:
            print(
                f"{target}: {minimise(programs[sanitizers[target]] / target)} files in its corpus"
            )
        if given.record:
            record([result])
    print(f"\n{table(results)}")
    if found := [each.target for each in results if each.found]:
        raise SystemExit(f"found something: see fuzz/artifacts of {', '.join(found)}")


if __name__ == "__main__":
    main()
