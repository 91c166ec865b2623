"""Measures `sentry_ophio.arrow` together with the other ways to process many stack traces.

    make dev oracle
    .venv/bin/python benches/arrow.py

Prints frames a second on one core, and peak memory, and writes them to
benches/arrow-results.md. Everything is included: handing arrays over, asking, and taking the
answer. The stack traces are the real ones where they are there, else those of tests/fixtures,
again and again; beside them are ones in which every frame is new, for which nothing can be
remembered.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable

import pyarrow as pa
import pyarrow.parquet as pq
from beside import PROGRAMS, peak
from rich.console import Console
from rich.markdown import Markdown
from run import ORACLE, cpu, inputs, say
from side import best, encoded

from sentry_ophio import arrow
from sentry_ophio.enhancers import Cache, Enhancements, Stacktrace

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
ROWS = 50_000


def changed(rules: Enhancements) -> Enhancements:
    """Give the rules with one more, which changes little."""
    new = Enhancements.parse("function:main category=entry", Cache(0))
    copy = Enhancements.empty()
    copy.extend_from(rules)
    copy.extend_from(new)
    return copy


def renamed(raw: list[dict[str, Any]], number: int) -> dict[str, Any]:
    """Give a stack trace with functions that no other has."""
    trace = raw[number % len(raw)]
    frames = [
        {**frame, "function": f"{frame['function'] or ''}_{number}_{at}"}
        for at, frame in enumerate(trace["frames"])
    ]
    return {"frames": frames, "exception": trace["exception"]}


def in_batches(table: pa.Table) -> Iterator[pa.RecordBatch]:
    yield from table.to_batches(max_chunksize=4_096)


def main() -> None:
    """Measure, print and write the tables."""
    rules_file, traces_file, what = inputs()
    text = rules_file.read_text("utf-8")
    raw = [json.loads(line) for line in traces_file.read_text("utf-8").splitlines()]
    rules = Enhancements.parse(text, Cache(0))
    new = changed(rules)

    say("1 of 4: making the data")
    some = pa.Table.from_batches([arrow.batch(raw)])
    rows = pa.concat_tables([some] * (ROWS // len(raw))).combine_chunks()
    fresh = pa.Table.from_batches([arrow.batch([renamed(raw, n) for n in range(10_000)])])
    frames = sum(len(trace["frames"]) for trace in raw) * (ROWS // len(raw))
    fresh_frames = sum(len(raw[n % len(raw)]["frames"]) for n in range(10_000))

    def ask(question: Callable[[pa.RecordBatch], object], table: pa.Table = rows) -> float:
        def all_of_it() -> None:
            for batch in in_batches(table):
                question(batch)

        return best(all_of_it, 3.0, 3)

    say("2 of 4: through Arrow")
    measured: list[tuple[str, float]] = [
        ("apply", frames / ask(lambda batch: arrow.apply(rules, batch))),
        ("assemble", frames / ask(lambda batch: arrow.assemble(rules, batch))),
        (
            "preview: both questions, two rule sets",
            frames / ask(lambda batch: arrow.preview(rules, new, batch)),
        ),
        (
            "apply, every frame new",
            fresh_frames / ask(lambda batch: arrow.apply(rules, batch), fresh),
        ),
    ]
    dictionaries = rows.cast(dictionary_schema())
    measured.append(
        (
            "apply, texts in dictionaries",
            frames / ask(lambda batch: arrow.apply(rules, batch), dictionaries),
        )
    )

    say("3 of 4: the other ways")
    traces = [([encoded(f) for f in t["frames"]], encoded(t["exception"])) for t in raw]
    count = sum(len(frames) for frames, _ in traces)

    def batch_call() -> None:
        prepared = [Stacktrace(*trace) for trace in traces]
        rules.apply_modifications_to_stacktraces(prepared)

    batch_rate = count / best(batch_call)
    command = [ORACLE, PROGRAMS / "published_apply.py", rules_file, traces_file]
    run = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    published_rate = 1 / float(run.stdout)

    say("4 of 4: Parquet, and memory")
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small.parquet", Path(folder) / "large.parquet"
        pq.write_table(rows, small)
        with pq.ParquetWriter(large, rows.schema) as writer:
            for _ in range(10):
                writer.write_table(rows)

        def from_parquet() -> None:
            for batch in pq.ParquetFile(small).iter_batches(batch_size=4_096, use_threads=False):
                arrow.apply(rules, batch)

        parquet_rate = frames / best(from_parquet, 3.0, 3)
        size = small.stat().st_size / frames
        stream = [sys.executable, str(PROGRAMS / "stream.py")]
        memory = [peak([*stream, str(path)])[0] / 1024 for path in (small, large)]
    alone = peak(stream)[0] / 1024

    apply_rate = measured[0][1]
    million = 1e6
    lines = [
        "# Stack traces in columns, measured",
        "",
        f"With {what}, {ROWS:,} rows of {frames / (ROWS // len(raw) * len(raw)):.0f} frames on",
        f"average. {cpu()}, one thread, Python {platform.python_version()}, pyarrow",
        f"{pa.__version__}. Made by `benches/arrow.py`, a part of `make bench`.",
        "",
        "| through Arrow, all included | frames a second | ns a frame |",
        "| --- | ---: | ---: |",
        *(
            f"| {name} | {rate / million:.1f} million | {1e9 / rate:.0f} |"
            for name, rate in measured
        ),
        f"| reading a Parquet file and apply | {parquet_rate / million:.1f} million |"
        f" {1e9 / parquet_rate:.0f} |",
        "",
        "At least 5 million were wanted.",
        "",
        "| apply, another way | frames a second | Arrow is |",
        "| --- | ---: | ---: |",
        "| `apply_modifications_to_stacktraces`, made of dicts |"
        f" {batch_rate / million:.2f} million"
        f" | {apply_rate / batch_rate:.1f} times as fast |",
        f"| the published package, a call a stack trace | {published_rate / million:.3f} million"
        f" | {apply_rate / published_rate:.0f} times as fast |",
        "",
        f"A frame takes {size:.1f} bytes in that Parquet file, in which stack traces come again",
        "and again. Peak memory while it is streamed in batches of 4,096 rows:",
        f"{memory[0]:.0f} MB, and {memory[1]:.0f} MB for ten times the rows; the imports alone",
        f"take {alone:.0f} MB.",
        "",
    ]
    page = "\n".join(lines)
    (HERE / "arrow-results.md").write_text(page, "utf-8")
    Console().print(Markdown(page))


def dictionary_schema() -> pa.Schema:
    """Give the schema with the texts of frames in dictionaries, as Parquet files have them."""
    text = pa.dictionary(pa.int32(), pa.string())
    frame = pa.struct(
        [
            (field.name, text if field.type == pa.string() else field.type)
            for field in arrow.SCHEMA.field("frames").type.value_type
        ]
    )
    return pa.schema([("frames", pa.list_(frame)), arrow.SCHEMA.field("exception")])


if __name__ == "__main__":
    if not ORACLE.exists():
        sys.exit("The published package is needed to compare with: make oracle")
    main()
