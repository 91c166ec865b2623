"""Damages valid Arrow data at random, and passes it in by every door.

    python damaged.py SEED ROUNDS

A round writes stack traces and texts of one layout as an IPC stream, writes a few random numbers
over its buffers, and reads it again without validation, as pyarrow does by default. Then each
function has to raise an ordinary error, or to return a result that is valid; a crash ends the
process. It prints how often each happened, by door.
"""

import collections
import faulthandler
import io
import json
import random
import struct
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402
from click.testing import CliRunner  # noqa: E402
from frame_fields import EXCEPTION_FIELDS, TEXT_FIELDS  # noqa: E402
from test_arrow import LAYOUTS, RULES, batch_of  # noqa: E402

from sentry_ophio import arrow, exceptions  # noqa: E402
from sentry_ophio.cli import cli  # noqa: E402
from sentry_ophio.fingerprints import FingerprintRules  # noqa: E402
from sentry_ophio.parameterization import Parameterizer  # noqa: E402

NUMBERS = Parameterizer(only=["int"])
FINGERPRINTS = 'function:a* -> a, {{ type }} title="{{ function }}"\nmessage:m* -> m, {{ message }}'
GROUPING = FingerprintRules.parse(FINGERPRINTS)
# More than 12 bytes, which a view does not hold itself.
TEXTS = [None, "", "a", "main 12", "a text that is longer, 1234", "a"]
EVENTS = [
    None,
    "{}",
    '{"logentry": {"formatted": "main 12"}}',
    '{"stacktrace": {"frames": [{"function": "a"}, {"function": "main"}]}}',
    '{"tags": [["a", "b"]], "exception": {"values": [{"type": "E", "value": "a"}]}}',
]


def rows(rng):
    def text():
        value = rng.choice(TEXTS)
        return value and value.encode()

    def frame():
        made = {name: text() for name in TEXT_FIELDS}
        return made | {"in_app": rng.choice([None, True]), "orig_in_app": rng.choice([None, 1])}

    def row():
        error = {name: text() for name in EXCEPTION_FIELDS}
        return {"frames": [frame() for _ in range(rng.randrange(4))], "exception": error}

    return [None if rng.random() < 0.1 else row() for _ in range(rng.randrange(1, 6))]


def others(count):
    """Make columns that no rule looks at, of every other type."""
    values = list(range(count))
    union = pa.UnionArray.from_dense(
        pa.array([0] * count, pa.int8()), pa.array(values, pa.int32()), [pa.array(values)]
    )
    return {
        "union": union,
        "ends": pa.RunEndEncodedArray.from_arrays([max(count, 1)], [1]).slice(0, count),
        "map": pa.array([[("k", 1)]] * count, pa.map_(pa.string(), pa.int32())),
        "fixed": pa.array([[1, 2]] * count, pa.list_(pa.int32(), 2)),
        "view": pa.array([[1, 2]] * count, pa.list_view(pa.int32())),
        "decimal": pa.array([None] * count, pa.decimal128(5)),
        "bytes": pa.array([b"abc"] * count, pa.binary(3)),
        "null": pa.nulls(count),
    }


def with_others(batch, rng):
    """Put such columns beside frames and exception, and beside their fields."""
    for name, column in others(len(batch)).items():
        if rng.random() < 0.3:
            batch = batch.append_column(name, column)
    if rng.random() < 0.5:
        column = batch.column("exception")
        fields = {each.name: column.field(n) for n, each in enumerate(column.type)}
        more = {name: made for name, made in others(len(batch)).items() if rng.random() < 0.3}
        made = pa.StructArray.from_arrays([*fields.values(), *more.values()], [*fields, *more])
        batch = batch.set_column(batch.schema.names.index("exception"), "exception", made)
    return batch


def column_of(values, layout, kind, rng):
    """Make a batch whose one column has some of these texts."""
    column = pa.array([rng.choice(values) for _ in range(5)], pa.string())
    return pa.record_batch({"a": column if "binary" in layout else column.cast(kind)})


def stream(batches):
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batches[0].schema) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue()


WILD = (0, 1, -1, 7, 255, 0x7FFFFFFF, 0x70000000, -(2**31), 1 << 20)


def damaged(data, start, rng):
    """Write a few numbers over bytes, from a place on."""
    data = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 5])):
        at = rng.randrange(start, len(data))
        if rng.random() < 0.4:
            data[at] = rng.randrange(256)
        else:
            at -= at % 4
            size = min(4, len(data) - at)
            data[at : at + size] = struct.pack("<i", rng.choice(WILD))[:size]
    return bytes(data)


def ask(door, given):
    """Return the calls for stack traces, or for a column of texts or of events."""

    def report():
        arrow.preview_report(RULES, RULES, given())
        return []

    if door.startswith("text"):
        return [lambda: [arrow.parameterize(given(), NUMBERS)]]
    if door.startswith("event"):
        return [lambda: [arrow.fingerprints(given(), GROUPING, threads=2)]]
    return [
        lambda: [arrow.apply(RULES, given())],
        lambda: [arrow.assemble(RULES, given(), threads=2)],
        lambda: [arrow.preview(RULES, RULES, given())],
        lambda: [arrow.fingerprints(given(), GROUPING)],
        report,
        lambda: [arrow.apply(RULES, each) for each in arrow.batches(given())],
    ]


def doors(data, texts, events):
    """Yield each door, with a function that makes what goes in by it."""

    def reader():
        return pa.ipc.open_stream(data)

    def table():
        return reader().read_all()

    yield "reader", reader
    yield "table", table
    yield "batch", lambda: next(iter(reader()))
    yield "slice", lambda: table().slice(1)
    yield "struct array", lambda: next(iter(reader())).to_struct_array()
    yield "chunked structs", lambda: table().to_struct_array()
    yield "reader of table", lambda: table().to_reader()
    yield "text array", lambda: next(iter(pa.ipc.open_stream(texts))).column(0)
    yield "text chunks", lambda: pa.ipc.open_stream(texts).read_all().column(0)
    yield "event array", lambda: next(iter(pa.ipc.open_stream(events))).column(0)
    yield "event chunks", lambda: pa.ipc.open_stream(events).read_all().column(0)


def damaged_file(path, batch, rng):
    """Write a Parquet file that is damaged, half of the files in their index; return its name.

    pyarrow itself ends the process for some damage of the index, such as a histogram of the wrong
    size.
    """
    pq.write_table(pa.Table.from_batches([batch]), path, compression="none")
    data = path.read_bytes()
    # Its length is in the last eight bytes.
    index = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    path.write_bytes(damaged(data, rng.choice([4, index]), rng))
    return str(path)


def parquet(rng, batch, events, counts):
    """Damage Parquet files, and run each command on them."""
    with tempfile.TemporaryDirectory() as folder:
        path = damaged_file(Path(folder, "a.parquet"), batch, rng)
        json_path = damaged_file(Path(folder, "events.parquet"), events, rng)
        rules, grouping, page = (
            str(Path(folder, name)) for name in ("a.rules", "f.rules", "a.html")
        )
        Path(rules).write_text("function:a* +app", "utf-8")
        Path(grouping).write_text(FINGERPRINTS, "utf-8")
        both = ["--old", rules, "--new", rules]
        issues = ["--rules", rules, "--new", grouping]
        for name, arguments in (
            ("apply", ["--rules", rules, "--out", f"{path}.parquet", path]),
            ("preview", [*both, "--json", path]),
            ("preview", [*both, "--html", page, path]),
            # It reads JSON alone, and says so.
            ("explain", ["--rules", rules, path]),
            ("fingerprint preview", [*issues, "--json", path]),
            ("fingerprint preview", [*issues, "--html", page, json_path]),
        ):
            done = CliRunner().invoke(cli, [*name.split(), *arguments])
            assert "panic" not in done.output.lower(), done.output
            if not isinstance(done.exception, (SystemExit, type(None))):
                raise done.exception
            counts[f"parquet, {name}: exit code {done.exit_code}"] += 1


def main():
    seed, rounds = map(int, sys.argv[1:3])
    counts = collections.Counter()
    faulthandler.enable()
    for number in range(seed, seed + rounds):
        rng = random.Random(number)
        name = rng.choice(sorted(LAYOUTS))
        text, list_of = LAYOUTS[name](), rng.choice([pa.list_, pa.large_list])
        batch = batch_of(rows(rng), text, list_of)
        batches = [with_others(batch, rng)]
        data = stream(batches * rng.choice([1, 2]))
        # Behind most of the schema: what is wrong there, pyarrow reports.
        start = len(data) // 3
        texts, events = (
            damaged(stream([column_of(values, name, text, rng)] * 2), 300, rng)
            for values in (TEXTS, EVENTS)
        )
        if rng.random() < 0.05:
            found = [row for _ in range(20) for row in rows(rng)]
            found = batch_of(found, rng.choice([pa.string, pa.binary])())
            some = pa.array(rng.choices(EVENTS[1:], k=50), pa.string())
            parquet(rng, found, pa.record_batch({"event": some}), counts)
        data = damaged(data, start, rng)
        for door, given in doors(data, texts, events):
            if "-v" in sys.argv:
                print(number, name, door, flush=True)
            faulthandler.dump_traceback_later(60, exit=True)
            try:
                given()
            except (pa.ArrowException, OSError, StopIteration):
                counts[f"{door}: pyarrow cannot read it"] += 1
                continue
            try:
                # In any order: the first one that refuses ends the round.
                questions = ask(door, given)
                rng.shuffle(questions)
                for question in questions:
                    for answer in question():
                        answer.validate(full=True)
            except exceptions.OphioError as error:
                assert not isinstance(error, exceptions.OphioPanicError), (
                    number,
                    name,
                    door,
                    error,
                )
                assert (
                    isinstance(error, exceptions.InvalidUtf8Error)
                    or "column" in str(error)
                    or "row" in str(error)
                ), error
                counts[f"{door}: {type(error).__name__}"] += 1
            except (pa.ArrowException, OSError):
                counts[f"{door}: pyarrow cannot read it"] += 1
            else:
                counts[f"{door}: done"] += 1
    sys.stdout.write(json.dumps(counts))


main()
