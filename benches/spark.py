"""Measures `sentry_ophio.spark` with one executor and with two, and where the time goes.

    make bench-spark

Prints the tables, and writes them to benches/spark-results.md. The stack traces are those of
`make spark-demo`. Three jobs tell where the time goes, each doing what the one before does:

    read      Parquet files to rows in the JVM
    transfer  and those to a Python worker, as Arrow batches, which sends back the ids
    preview   and the preview of them by the library

Each job runs once before it is measured, so that processes are there, and code is compiled.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parent.parent
# Replaces this directory, whose glob.py would hide Python's own module from pyspark.
sys.path[0] = str(ROOT / "examples" / "spark")

import pyspark  # noqa: E402
from cluster import Done, cluster, run  # noqa: E402
from demo import rule_sets  # noqa: E402
from stacktraces import write  # noqa: E402

from sentry_ophio import arrow, spark  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame


def transferred(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        yield batch.select(["id"])


def jobs(df: DataFrame) -> dict[str, DataFrame]:
    return {
        "read": df,
        "transfer": df.mapInArrow(transferred, "id long"),
        "preview": spark.preview(*rule_sets(), df),
    }


def on_spark(folder: Path, work: Path, executors: int, rounds: int) -> dict[str, Done]:
    """Run each job; give the best of all rounds."""
    best: dict[str, Done] = {}
    with cluster(executors, work, spark__sql__files__minPartitionNum="32") as session:
        for number in range(rounds + 1):
            for name, df in jobs(session.read.parquet(str(folder))).items():
                show = f"{executors} executors, {name:8}, round {number} of {rounds}"
                done = run(session, df, None, show=show)
                if number == 1 or (number and done.seconds < best[name].seconds):
                    best[name] = done
    return best


def alone(files: list[Path], ask: bool) -> tuple[float, int]:
    """Do it in this process; give seconds of a core, and frames."""
    old, new = rule_sets()
    frames = 0
    start = time.process_time()
    for path in files:
        for batch in pq.ParquetFile(path).iter_batches(10_000, use_threads=False):
            frames += len(batch.column("frames").flatten())
            if ask:
                arrow.preview(old, new, batch)
    return time.process_time() - start, frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    rows, rounds = asked.rows, asked.rounds
    work = ROOT / "build" / "spark"
    files = write(work / f"stacktraces-{rows}", rows)
    size = sum(path.stat().st_size for path in files)
    found = {executors: on_spark(files[0].parent, work, executors, rounds) for executors in (1, 2)}
    single = {
        name: min(alone(files, name == "preview") for _ in range(rounds))
        for name in ("read", "preview")
    }
    frames = single["read"][1]
    lines = [
        "# Spark",
        "",
        f"{rows:,} stack traces of {frames / rows:.1f} frames, {size / 1e6:.0f} MB of Parquet, "
        f"{len(rule_sets()[0])} and {len(rule_sets()[1])} rules; Spark {pyspark.__version__}, "
        f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} "
        f"{platform.machine()}. The best of {rounds} rounds. `benches/spark.py` says how.",
        "",
        "| job | executors | time | rows/s | core time, JVM + Python | rows a core-second "
        "| peak of a JVM | of a Python worker |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for executors, results in found.items():
        for name, done in results.items():
            jvm, python = (f"{number / 2**20:,.0f} MB" for number in done.memory)
            lines.append(
                f"| {name} | {executors} | {done.seconds:.1f} s | {rows / done.seconds:,.0f} "
                f"| {done.cpu[0]:.1f} + {done.cpu[1]:.1f} s | {rows / sum(done.cpu):,.0f} "
                f"| {jvm} | {python if name != 'read' else '-'} |"
            )
    for name, (seconds, _) in single.items():
        lines.append(
            f"| {name}, one process without Spark | - | - | - | {seconds:.1f} s "
            f"| {rows / seconds:,.0f} | - | - |"
        )
    gained = found[1]["preview"].seconds / found[2]["preview"].seconds
    spent = [sum(found[executors]["preview"].cpu) for executors in (1, 2)]
    lines += [
        "",
        f"Two executors are {gained:.2f} times as fast as one, for {spent[1]:.1f} s of core time "
        f"against {spent[0]:.1f} s. The machine had a load of {os.getloadavg()[2]:.1f}: "
        f"where that is above {os.cpu_count()}, others were at work, and core time says more.",
    ]
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    (ROOT / "benches" / "spark-results.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
