"""Re-groups a million stack traces on a Spark cluster, one of whose executors is killed.

    make spark-demo
    .venv-scale/bin/python examples/spark/demo.py --rows 1000000

    stacktraces.py -> build/spark/stacktraces/*.parquet
                        |                   |
              sentry_ophio.spark     sentry_ophio.arrow       preview(old, new)
              two executors, one     this process alone
              of which is killed
              half way
                        |                   |
                        `---- compared -----'                 row for row

It ends with status 1 if a row is lost, doubled or different.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from cluster import Done, cluster, run
from stacktraces import write

from sentry_ophio import arrow, spark
from sentry_ophio.enhancers import Cache, Enhancements

ROOT = Path(__file__).resolve().parents[2]
# Long enough for a slow machine, and an end in any case.
SECONDS = 1_800

NEW = """
family:native function:std::*      -app -group
path:**/site-packages/**           -app category=framework
function:*_1*                      +app
[ category:framework ] | module:*  ^-group
"""


def rule_sets() -> tuple[Enhancements, Enhancements]:
    """Give the rules as they are, and as they would be: a few more."""
    new = Enhancements.default()
    new.extend_from(Enhancements.parse(NEW, Cache(0)))
    return Enhancements.default(), new


def alone(files: list[Path]) -> tuple[pa.Table, float]:
    """Process the files in this process, batch by batch. Return the results and the seconds."""
    old, new = rule_sets()
    start = time.perf_counter()
    answers = []
    for number, path in enumerate(files):
        for batch in pq.ParquetFile(path).iter_batches(10_000):
            answer = arrow.preview(old, new, batch)
            answers.append(answer.add_column(0, "id", batch.column("id")))
        show = f"\rone process    [{'#' * ((number + 1) * 30 // len(files)):30}]"
        print(show, end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return pa.Table.from_batches(answers), time.perf_counter() - start


def on_spark(files: list[Path], work: Path) -> tuple[pa.Table, Done]:
    """Process them on two executors, of which one is killed when half of the work is done."""
    out = work / "answers"
    with cluster(2, work, spark__sql__files__minPartitionNum="32") as session:
        df = session.read.parquet(str(files[0].parent))
        answers = spark.preview(*rule_sets(), df)
        done = run(session, answers, out, kill_at=0.5, show="two executors ")
    return pq.read_table(out), done


def compared(found: pa.Table, expected: pa.Table) -> list[str]:
    """Say how two tables differ, rows being known by their ids."""
    problems = []
    ids, known = found.column("id"), expected.column("id")
    if len(ids) != len(known):
        problems.append(f"{len(ids):,} rows instead of {len(known):,}")
    if len(ids.unique()) != len(ids):
        problems.append(f"{len(ids) - len(ids.unique()):,} rows are there twice")
    columns = expected.schema.names
    found, expected = found.select(columns).sort_by("id"), expected.sort_by("id")
    if not problems and not found.equals(expected):
        problems.append("rows differ")
    return problems


def main() -> None:
    """Make the stack traces, ask in both ways, compare, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "spark")
    asked = parser.parse_args()
    signal.alarm(SECONDS)
    print(f"making {asked.rows:,} stack traces ...", file=sys.stderr)
    files = write(asked.work / f"stacktraces-{asked.rows}", asked.rows)
    found, done = on_spark(files, asked.work)
    expected, seconds = alone(files)
    problems = compared(found, expected)
    changed = expected.column("changed").to_pylist().count(True)
    rows = asked.rows
    speed, speed_alone = rows / done.seconds, rows / seconds
    print(f"""
| {f"{rows:,} stack traces":30} |     time |    rows/s | executors lost |
| ------------------------------ | -------: | --------: | -------------: |
| Spark, two executors           | {done.seconds:6.1f} s | {speed:9,.0f} | {done.lost:14} |
| sentry_ophio.arrow, one thread | {seconds:6.1f} s | {speed_alone:9,.0f} |              - |

{changed:,} stack traces change. An executor was killed when {done.done_before} of {done.tasks} \
tasks were done; what was lost with it was done again, tasks: {done.failed_tasks}.""")
    if problems:
        sys.exit(f"NOT EQUAL: {'; '.join(problems)}")
    print(f"All {rows:,} rows are equal: none lost, none doubled.")


if __name__ == "__main__":
    main()
