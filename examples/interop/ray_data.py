"""Rules over a data set of Ray Data.

    .venv-scale/bin/python examples/interop/ray_data.py FILES.parquet

Rules pickle: they travel with the function, and a worker of Ray's unpickles that once.
"""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

# Before Ray is imported: nothing about its use is sent anywhere, and what starts here asks for a
# token that only this process knows, where Ray would keep one in the home directory.
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_AUTH_MODE", "token")
os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))

import pyarrow as pa
import ray
import ray.data

from sentry_ophio import arrow
from sentry_ophio.enhancers import Enhancements

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def started() -> Iterator[None]:
    """Start Ray, as small as it gets, on the loopback interface alone; stop it in the end."""
    ray.init(
        num_cpus=2,
        object_store_memory=100_000_000,
        include_dashboard=False,
        _node_ip_address="127.0.0.1",
        log_to_driver=False,
    )
    try:
        yield
    finally:
        ray.shutdown()


def of(tables: list[pa.Table]) -> ray.data.Dataset:
    """Make a data set of tables, each a part of it."""
    return ray.data.from_arrow(tables)


def applied(stacktraces: ray.data.Dataset, rules: Enhancements) -> ray.data.Dataset:
    """Add the columns `category` and `in_app`."""

    def answer(table: pa.Table) -> pa.Table:
        answers = arrow.apply(rules, table)
        return pa.table(
            [*table.columns, *answers.columns], [*table.column_names, *answers.column_names]
        )

    return stacktraces.map_batches(answer, batch_format="pyarrow")


if __name__ == "__main__":
    with started():
        print(applied(ray.data.read_parquet(sys.argv[1:]), Enhancements.default()).take(1))
