"""Makes Parquet files of stack traces: those of tests/fixtures/events, varied.

    python examples/spark/stacktraces.py FOLDER --rows 1000000

A row has an `id`, and the columns of `sentry_ophio.arrow.SCHEMA`. No two rows are equal: there
are 5,000 different lists of 10 to 30 frames, 20 on average, and the value of the exception has
the id. One row in two hundred has no stack trace. The same arguments make the same rows.
"""

from __future__ import annotations

import argparse
import json
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sentry_ophio import arrow
from sentry_ophio.events import stacktraces_of

EVENTS = Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "events"
VARIANTS = 5_000
# Small enough that half a dozen of them lie in memory, in every process of a cluster.
GROUP = 10_000


def variants(chance: random.Random) -> pa.RecordBatch:
    """Make stack traces by joining those of the events, with a few names of their own."""
    known: list[dict[str, Any]] = [
        {"frames": trace.frames, "exception": trace.exception}
        for path in sorted(EVENTS.glob("*.json"))
        for trace in stacktraces_of(json.loads(path.read_text("utf-8")))
    ]
    rows: list[dict[str, Any]] = [{"frames": None, "exception": None}] * (VARIANTS // 200)
    while len(rows) < VARIANTS:
        last = chance.choice(known)
        frames, wanted = list(last["frames"]), chance.randint(10, 30)
        while len(frames) < wanted:
            frames = chance.choice(known)["frames"] + frames
        frames = [varied(frame, chance) for frame in frames[-wanted:]]
        rows.append({"frames": frames, "exception": last["exception"]})
    return arrow.batch(rows)


def varied(frame: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Give one frame in four another function and another folder."""
    if chance.random() < 0.75:
        return frame
    number = b"%d" % chance.randrange(200)
    return {
        **frame,
        "function": (frame["function"] or b"f") + b"_" + number,
        "path": frame["path"] and b"/srv/" + number + frame["path"],
    }


def write(folder: Path, rows: int, files: int = 16) -> list[Path]:
    """Write the rows into so many files.

    Args:
        folder: Where; it is made.
        rows: How many in all.
        files: How many files, each with about as many rows.

    Returns:
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chance = random.Random(7)
    pool = variants(chance)
    paths = []
    for number in range(files):
        ids = range(rows * number // files, rows * (number + 1) // files)
        paths.append(folder / f"part-{number:03}.parquet")
        with pq.ParquetWriter(paths[-1], schema(), compression="zstd") as writer:
            for start in range(ids.start, ids.stop, GROUP):
                some = range(start, min(start + GROUP, ids.stop))
                writer.write_batch(batch(pool, some, chance))
    return paths


def schema() -> pa.Schema:
    """Give the columns of the files."""
    return pa.schema([("id", pa.int64()), *arrow.SCHEMA])


def batch(pool: pa.RecordBatch, ids: range, chance: random.Random) -> pa.RecordBatch:
    """Draw a stack trace of the pool for each id."""
    drawn = pool.take(pa.array([chance.randrange(len(pool)) for _ in ids], pa.int32()))
    ids_column = pa.array(ids, pa.int64())
    exception = drawn.column("exception")
    value = pc.fill_null(exception.field("value"), "")
    value = pc.binary_join_element_wise(value, ids_column.cast(pa.string()), " #")
    told = [exception.field("ty"), value, exception.field("mechanism")]
    exception = pa.StructArray.from_arrays(told, fields=list(exception.type))
    return pa.RecordBatch.from_arrays(
        [ids_column, drawn.column("frames"), exception], schema=schema()
    )


def main() -> None:
    """Write the files that the arguments ask for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=16)
    asked = parser.parse_args()
    paths = write(asked.folder, asked.rows, asked.files)
    size = sum(path.stat().st_size for path in paths)
    print(f"{asked.rows:,} rows in {len(paths)} files of {asked.folder}: {size / 1e6:,.0f} MB")


if __name__ == "__main__":
    main()
