"""Rules over a data frame of polars.

    .venv-scale/bin/python examples/interop/polars_frame.py FILES.parquet

The library reads the memory of polars in place, and returns columns to put beside the others.
"""

from __future__ import annotations

import sys

import polars as pl

from sentry_ophio import arrow
from sentry_ophio.enhancers import Enhancements


def applied(frame: pl.DataFrame, rules: Enhancements) -> pl.DataFrame:
    """Add the columns `category` and `in_app`."""
    return pl.concat([frame, pl.DataFrame(arrow.apply(rules, frame))], how="horizontal")


if __name__ == "__main__":
    print(applied(pl.read_parquet(sys.argv[1:]), Enhancements.default()))
