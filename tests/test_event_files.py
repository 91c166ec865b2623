"""Events from files, through every door: the same frames, and errors that name the place."""

from __future__ import annotations

import gzip
import importlib
import io
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
from frame_fields import TEXT_FIELDS
from hypothesis import example, given
from hypothesis import strategies as st

from sentry_ophio import _event_files, limits
from sentry_ophio._event_files import compare, stacktraces_in
from sentry_ophio._preview import Comparison
from sentry_ophio.enhancers import Cache, Enhancements, Stacktrace, preview
from sentry_ophio.events import from_json_lines, match_frames, stacktraces_of
from sentry_ophio.exceptions import EventError
from sentry_ophio.glob import Glob

testing = pytest.importorskip("click.testing")

from sentry_ophio.cli import cli  # noqa: E402

FOLDER = Path(__file__).resolve().parent / "fixtures" / "events"
EVENTS = sorted(FOLDER.glob("*.json"))
OLD = Enhancements.parse("function:f* +app", Cache(0))
NEW = Enhancements.parse("function:*a* -app\npath:**.py category=p\nfamily:native -group", Cache(0))


def columns(path: Path) -> Any:
    """Read events into a table; skip the test where pyarrow is missing."""
    pytest.importorskip("pyarrow", reason="needs pyarrow: pip install 'sentry-ophio[arrow]'")
    return importlib.import_module("sentry_ophio.arrow").events_to_arrow(path).read_all()


def run(*arguments: str) -> Any:
    return testing.CliRunner().invoke(cli, arguments, catch_exceptions=False)


# --- values -----------------------------------------------------------------------------

TEXTS = st.none() | st.sampled_from(["f", "f(a)", "A\\b.py", "", "\ud800", "\0", "é", "native"])
NUMBERS = st.sampled_from([0, -1, 300, 2**70, 1e20, -0.0, 1.5, math.nan, math.inf])
VALUES = st.recursive(
    st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def objects(**keys: Any) -> Any:
    """Objects with some of these keys, most of the values as they should be."""
    return st.fixed_dictionaries({}, optional={key: keys[key] for key in keys})


DATA = objects(category=TEXTS, orig_in_app=st.integers(-129, 128), client_in_app=st.booleans())
FRAMES = objects(
    function=TEXTS | VALUES,
    raw_function=TEXTS,
    module=TEXTS,
    package=TEXTS,
    abs_path=TEXTS,
    filename=TEXTS,
    platform=TEXTS,
    in_app=st.none() | st.booleans(),
    data=DATA | VALUES,
    vars=VALUES,
)
STACKTRACES = objects(frames=st.lists(FRAMES | st.none(), max_size=3) | VALUES) | VALUES
EXCEPTIONS = objects(
    type=TEXTS, value=TEXTS | VALUES, mechanism=objects(type=TEXTS) | VALUES, stacktrace=STACKTRACES
)
INTERFACES = (
    objects(values=st.lists(EXCEPTIONS, max_size=2) | VALUES)
    | st.lists(EXCEPTIONS, max_size=2)
    | EXCEPTIONS
    | VALUES
)
ANY_EVENT = (
    objects(
        event_id=TEXTS | VALUES,
        platform=TEXTS | VALUES,
        stacktrace=STACKTRACES,
        exception=INTERFACES,
        threads=INTERFACES,
        contexts=VALUES,
    )
    | VALUES
)
ODD_LINES = st.sampled_from(
    [
        b"",
        b" \t",
        b"\x0b",
        b"\x0c{}",
        b"{",
        b"{}\x0b",
        b"\xef\xbb\xbf{}",
        b'{"a": "\xff"}',
        b'{"stacktrace": {"frames": [{"function": "f", "function": "a"}]}}',
        b'{"a": ' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"a": ' + b"9" * 5_000 + b"}",
        b"{}\r",
        b'{"stacktrace": {"frames": ["a\rb"]}}',
    ]
)
LINES = st.lists(ANY_EVENT.map(lambda event: json.dumps(event).encode()) | ODD_LINES, max_size=12)


# --- two readers ------------------------------------------------------------------------


def by_objects(*names: str, stdin: bytes = b"") -> tuple[Any, list[str]]:
    """The report and the errors, by way of Python's objects."""
    errors: list[str] = []
    found = stacktraces_in(names, lambda error: errors.append(str(error)), stdin=io.BytesIO(stdin))
    made = (Stacktrace(each.trace.frames, each.trace.exception) for each in found)
    return preview(OLD, NEW, made), errors


def by_lines(*names: str, stdin: bytes = b"", threads: int = 2) -> tuple[Any, list[str]]:
    """The same, by way of JSON."""
    errors: list[str] = []
    with Comparison(OLD, NEW) as comparing:
        found = compare(
            comparing,
            names,
            threads,
            lambda error: errors.append(str(error)),
            stdin=io.BytesIO(stdin),
        )
        count = sum(found)
        report = comparing.report()
    assert report.stacktraces == count
    return report, errors


@given(LINES)
@example([b"{}", b"[]"] * 40)
@example([b'{"stacktrace": {"frames": [{"function": NaN, "vars": NaN}]}}'] * 40)
def test_both_readers_say_the_same(lines: list[bytes]) -> None:
    data = b"\n".join(lines)
    assert by_lines("-", stdin=data) == by_objects("-", stdin=data)


@given(LINES)
def test_both_readers_say_the_same_of_files(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("events")
    for number, line in enumerate(lines):
        (folder / f"{number:02}.json").write_bytes(line.replace(b", ", b",\n "))
    names = (str(folder), str(folder / "missing.json"), str(folder))
    assert by_lines(*names) == by_objects(*names)


def test_a_file_that_is_cut_off_is_read_up_to_there(tmp_path: Path) -> None:
    event = json.dumps({"stacktrace": {"frames": [{"function": "f"}]}, "x": "y" * 100}).encode()
    lines = b"".join(event[:-1] + b', "n": %d}\n' % number for number in range(5_000))
    cut = tmp_path / "cut.ndjson.gz"
    cut.write_bytes(gzip.compress(lines)[:-2_000])
    good = tmp_path / "good.ndjson"
    good.write_bytes(b"[]\n" + lines)
    found = by_lines(str(cut), str(good))
    assert found == by_objects(str(cut), str(good))
    report, errors = found
    assert 5_000 < report.stacktraces < 10_000
    assert [error.split(": ")[1] for error in errors] == ["not gzip, or truncated", "not an event"]


def test_more_frames_than_the_limit(tmp_path: Path) -> None:
    path = tmp_path / "many.json"
    path.write_text(json.dumps({"stacktrace": {"frames": [None, {}, {}, {}]}}), "utf-8")
    before = limits.get(limits.Limit.FRAMES)
    try:
        for most, count in ((3, 0), (2, 1)):
            limits.set(limits.Limit.FRAMES, most)
            report, errors = by_lines(str(path))
            assert (report, errors) == by_objects(str(path))
            assert len(errors) == count
    finally:
        limits.set(limits.Limit.FRAMES, before)


def test_events_are_compared_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_event_files, "_BLOCK_BYTES", 1_000)
    data = b'{"stacktrace": {"frames": [{"function": "fa"}]}}\n' * 100
    with Comparison(OLD, NEW) as comparing:
        counts = list(compare(comparing, ["-"], 1, print, stdin=io.BytesIO(data)))
    assert sum(counts) == 100
    assert max(counts) == math.ceil(1_000 / 48)


# --- every door -------------------------------------------------------------------------


@pytest.mark.parametrize("path", EVENTS, ids=lambda path: path.stem)
def test_an_event_has_the_same_frames_through_each_door(path: Path, tmp_path: Path) -> None:
    event = json.loads(path.read_text("utf-8"))
    found = stacktraces_of(event)
    assert sum(len(each.frames) for each in found) > 0

    for each in found:
        assert match_frames(each.sources, event.get("platform")) == each.frames

    prepared = [Stacktrace(each.frames, each.exception) for each in found]
    assert from_json_lines(json.dumps(event).encode()) == prepared

    def encoded(values: dict[str, Any]) -> dict[str, Any]:
        return {k: v.encode() if isinstance(v, str) else v for k, v in values.items()}

    for row, each in zip(columns(path).to_pylist(), found):
        assert [frame.pop("repeats") for frame in row["frames"]] == list(each.repeats)
        assert [encoded(frame) for frame in row["frames"]] == each.frames
        assert encoded(row["exception"]) == each.exception

    # The command line does not print these frames. A rule for each frame has all of its fields.
    frames = {tuple(frame.items()) for each in found for frame in each.frames}
    texts = set(TEXT_FIELDS) - {"category", "family"}
    rules = [
        " ".join(
            f'{key}:"{Glob.escape(value.decode())}"'
            for key, value in frame
            if key in texts and value and b'"' not in value
        )
        + f" family:{dict(frame)['family'].decode()} category=n{number}"
        for number, frame in enumerate(sorted(frames, key=str))
    ]
    file = tmp_path / "exact.rules"
    file.write_text("\n".join(rules), "utf-8")
    lines = tmp_path / "event.ndjson"
    lines.write_text(json.dumps(event) + "\n", "utf-8")
    exact = Enhancements.parse("\n".join(rules), Cache(0))
    categories = [[category for category, _ in each.apply(exact)] for each in prepared]
    assert all(None not in each for each in categories)
    shown = run("apply", "--json", "--rules", str(file), str(path))
    assert [
        [frame["category"] for frame in each["frames"]]
        for each in json.loads(shown.stdout)["stacktraces"]
    ] == categories
    explained = run("explain", "--json", "--rules", str(file), str(path))
    assert [
        [frame["category"] for frame in json.loads(line)["frames"]]
        for line in explained.stdout.splitlines()
    ] == categories
    for name in (path, lines):
        compared = run("preview", "--json", "--new", str(file), str(name))
        matched = [rule["matched"] for rule in json.loads(compared.stdout)["new_rules"]]
        assert all(matched)
        assert len(matched) == len(rules)


PLACES = re.compile(
    r"not an event: (the event must|the object has none|(stacktrace|exception|threads|platform|event_id)\b)"
    r"|not (UTF-8|JSON)|not an event: it (is nested|has a number)"
)


@given(ANY_EVENT)
@example({"stacktrace": {"frames": [{"data": {"category": ""}}]}})  # was a FrameTypeError of apply
def test_any_json_through_every_door_is_an_answer_or_an_error_with_the_place(
    tmp_path_factory: pytest.TempPathFactory, event: Any
) -> None:
    path = tmp_path_factory.mktemp("any") / "event.json"
    path.write_text(json.dumps(event), "utf-8")
    lines = path.with_suffix(".ndjson")
    lines.write_text(f"\n{json.dumps(event)}\n", "utf-8")
    errors = {}
    for name in (path, lines):
        try:
            columns(name)
        except EventError as error:
            errors[name] = str(error)
    assert len(errors) in (0, 2)
    for name, place in ((path, str(path)), (lines, f"{lines}:2")):
        message = errors.get(name, f"{place}: not JSON")
        assert message.startswith(f"{place}: ")
        assert PLACES.match(message[len(place) + 2 :]), message
    for command, name in (
        (("apply", "--json"), path),
        (("explain", "--json"), path),
        (("preview", "--json", "--new", str(path.with_suffix(".rules"))), path),
        (("preview", "--json", "--new", str(path.with_suffix(".rules"))), lines),
    ):
        path.with_suffix(".rules").write_text("function:f -app\n", "utf-8")
        result = run(*command, str(name))
        if errors:
            assert (result.exit_code, result.stderr) == (2, f"Error: {errors[name]}\n")
        else:
            assert result.exit_code == 0, result.output


def test_half_of_a_surrogate_pair_is_printed(tmp_path: Path) -> None:
    """`explain --json` ended in a `UnicodeEncodeError`."""
    text = "\ud800"
    path = tmp_path / "event.json"
    frame = {"function": text, "filename": text, "in_app": True}
    value = {"type": text, "value": text, "stacktrace": {"frames": [frame]}}
    path.write_text(json.dumps({"exception": [value]}), "utf-8")
    rules = tmp_path / "new.rules"
    rules.write_text("function:? -app", "utf-8")
    page = str(tmp_path / "page.html")
    for command in ("apply", "explain", "preview"):
        options = ["--new", str(rules)] if command == "preview" else []
        for more in (["--json"], [], *([] if command == "apply" else [["--html", page]])):
            result = run(command, *options, *more, str(path))
            assert result.exit_code == 0, result.output
            if more == ["--json"] and command == "explain":
                document = json.loads(result.stdout)
                assert document["frames"][0]["function"] == text
