"""The same Arrow functions under other engines: the examples in examples/interop are run.

`make test-scale` runs these, with the engines in an environment of their own.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import scale

scale("duckdb", "polars", "ray")

import duckdb  # noqa: E402
import polars as pl  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from sentry_ophio import arrow  # noqa: E402
from sentry_ophio.enhancers import Cache, Enhancements  # noqa: E402

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
sys.path[:0] = [str(EXAMPLES / "interop"), str(EXAMPLES / "spark")]

import duckdb_relation  # noqa: E402
import polars_frame  # noqa: E402
import ray_data  # noqa: E402
import stacktraces  # noqa: E402

ROWS = 2_000
RULES = Enhancements.parse("family:native -app category=native\nfunction:*_1* -group", Cache(0))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("rows")
    stacktraces.write(found, ROWS, files=4)
    return found


@pytest.fixture(scope="module")
def table(folder: Path) -> Any:
    return pq.read_table(folder)


@pytest.fixture(scope="module")
def applied(table: Any) -> dict[str, list[Any]]:
    """Give what the examples add, as pyarrow has it."""
    told: dict[str, list[Any]] = table.to_pydict() | arrow.apply(RULES, table).to_pydict()
    assert sum(frames is None for frames in told["category"]) > 0
    return told


def test_polars(folder: Path, applied: dict[str, list[Any]]) -> None:
    frame = pl.read_parquet(folder / "*.parquet")
    answers = polars_frame.applied(frame, RULES)
    assert answers.to_dict(as_series=False) == applied
    # A part of it, and one without rows.
    part = polars_frame.applied(frame.slice(700, 5), RULES)
    assert part.to_dict(as_series=False) == {name: told[700:705] for name, told in applied.items()}
    assert polars_frame.applied(frame.clear(), RULES).columns == list(applied)


def test_duckdb(folder: Path, table: Any) -> None:
    found = duckdb.read_parquet(str(folder / "*.parquet"))
    answers = duckdb_relation.previewed(found, Enhancements.empty(), RULES)
    told = arrow.preview(Enhancements.empty(), RULES, table)
    expected = told.add_column(0, "id", table.column("id"))
    assert answers.sort_by("id").to_pydict() == expected.to_pydict()
    counted = duckdb.sql(
        "select count(*), sum(changed_frames) from answers where changed"
    ).fetchall()
    changed = [row for row in expected.to_pylist() if row["changed"]]
    assert counted == [(len(changed), sum(row["changed_frames"] for row in changed))]
    assert len(changed) > 100


# Ray's settings warn about each other.
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context")
def test_ray(table: Any, applied: dict[str, list[Any]]) -> None:
    parts = [table.slice(start, 500) for start in range(0, ROWS, 500)]
    with ray_data.started():
        answers = ray_data.applied(ray_data.of(parts), RULES)
        blocks = list(answers.iter_batches(batch_size=None, batch_format="pyarrow"))
    assert pa.concat_tables(blocks).sort_by("id").to_pydict() == applied
