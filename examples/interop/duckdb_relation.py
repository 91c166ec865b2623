"""Rules over a query of DuckDB, and a query over the answers.

    .venv-scale/bin/python examples/interop/duckdb_relation.py FILES.parquet

The rows of the query come batch by batch, and only the answers to them stay in memory.
"""

from __future__ import annotations

import sys

import duckdb
import pyarrow as pa

from sentry_ophio import arrow
from sentry_ophio.enhancers import Cache, Enhancements


def previewed(
    stacktraces: duckdb.DuckDBPyRelation, old: Enhancements, new: Enhancements
) -> pa.Table:
    """Give the `id` of each row of a query, and what `preview` says of it."""
    return pa.Table.from_batches(
        arrow.preview(old, new, batch).add_column(0, "id", batch.column("id"))
        for batch in arrow.batches(stacktraces)
    )


if __name__ == "__main__":
    found = duckdb.read_parquet(sys.argv[1:]).filter("frames is not null")
    rules = Enhancements.parse("family:native -app", Cache(0))
    answers = previewed(found, Enhancements.empty(), rules)
    print(duckdb.sql("select changed, count(*), sum(changed_frames) from answers group by changed"))
