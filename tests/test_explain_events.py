"""What `explain`, `preview` and `apply` say about events: a row for each case of a rule writer."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from commands import run_command

pytest.importorskip("click")
pytest.importorskip("rich")

from sentry_ophio.enhancers import Cache, Enhancements, Stacktrace, preview
from sentry_ophio.events import from_json_lines, stacktraces_of
from sentry_ophio.exceptions import EventError

if TYPE_CHECKING:
    from pathlib import Path


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    result = run_command(*arguments, folder=folder)
    streams = (result.stdout.decode(), result.stderr.decode())
    return subprocess.CompletedProcess(arguments, result.returncode, *streams)


def event_of(*frames: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"event_id": "1", "stacktrace": {"frames": list(frames)}} | more


def said(
    folder: Path, command: str, event: object, *options: str, rules: str = "", code: int = 0
) -> str:
    """Return what a command prints for an event and rules."""
    (folder / "event.json").write_text(json.dumps(event), "utf-8")
    (folder / "my.rules").write_text(rules, "utf-8")
    told = "--new" if command == "preview" else "--rules"
    result = run(command, told, "my.rules", *options, "event.json", folder=folder)
    assert result.returncode == code, result.stderr
    printed: str = result.stdout + result.stderr
    return printed


def mine(function: str, **more: Any) -> dict[str, Any]:
    return {"function": function, "in_app": True} | more


def others(function: str, **more: Any) -> dict[str, Any]:
    return {"function": function, "in_app": False} | more


def original(value: object) -> dict[str, Any]:
    return {"data": {"orig_in_app": value}}


# --- restoring ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "fresh", "shown"),
    [
        (others("f", **original(1)), False, "in-app, counts: app yes, system yes"),
        (others("f", **original(1)), False, "in-app no -> yes  restored from data.orig_in_app"),
        (others("f", **original(1)), True, "not in-app, counts: app no, system yes"),
        (mine("f", **original(0)), False, "in-app yes -> no  restored from data.orig_in_app"),
        (mine("f", **original(-1)), False, "in-app yes -> unset  restored from data.orig_in_app"),
        (mine("f", **original(0)), True, "      in-app, counts"),
        (mine("f"), False, "      in-app, counts"),
    ],
)
def test_in_app_is_restored_before_rules_run(
    tmp_path: Path, frame: dict[str, Any], fresh: bool, shown: str
) -> None:
    options = ["--fresh"] if fresh else []
    printed = said(tmp_path, "explain", event_of(frame), *options)
    assert shown in printed
    assert not (fresh and "restored" in printed)


@pytest.mark.parametrize(("fresh", "before"), [(False, True), (True, False)])
def test_every_command_restores_in_app(tmp_path: Path, fresh: bool, before: bool) -> None:
    event = event_of(others("f", **original(1)))
    options = ["--fresh"] if fresh else []
    applied = json.loads(said(tmp_path, "apply", event, "--json", *options))["stacktraces"][0]
    assert applied["frames"][0]["in_app_before"] is before
    assert applied["restored"] == ([] if fresh else [0])
    table = said(tmp_path, "apply", event, *options)
    assert ("in-app of frame 0 was restored from data.orig_in_app" in table) is not fresh
    (tmp_path / "old.rules").write_text("", "utf-8")
    rules = "function:f -app"
    told = said(tmp_path, "preview", event, "--json", "--old", "old.rules", *options, rules=rules)
    assert json.loads(told)["in_app"] == before
    assert json.loads(told)["restored_frames"] == (not fresh)
    assert stacktraces_of(event, fresh=fresh)[0].frames[0]["in_app"] is before
    if not fresh:
        (stacktrace,) = from_json_lines(json.dumps(event).encode())
        (trace,) = stacktraces_of(event)
        assert stacktrace == Stacktrace(trace.frames, trace.exception)


@pytest.mark.parametrize(
    ("frames", "shown"),
    [
        ([mine("f")], ""),
        ([mine("f", **original(1))], ""),
        ([mine("f", **original(0))], "in-app of 1 frame in 1 stack trace was restored"),
        (
            [mine("f", **original(0)), mine("g"), others("h", **original(-1))],
            "in-app of 2 frames in 1 stack trace was restored from data.orig_in_app",
        ),
        # The library does not read such a number: the event is read by Python.
        (
            [mine("f", **original(0), vars={"x": float("nan")})],
            "in-app of 1 frame in 1 stack trace was restored from data.orig_in_app",
        ),
    ],
)
def test_preview_says_what_it_restored(
    tmp_path: Path, frames: list[dict[str, Any]], shown: str
) -> None:
    printed = said(tmp_path, "preview", event_of(*frames))
    assert shown in printed
    assert ("restored" in printed) is bool(shown)
    assert "restored" not in said(tmp_path, "preview", event_of(*frames), "--fresh")
    page = tmp_path / "page.html"
    said(tmp_path, "explain", event_of(*frames), "--html", "page.html")
    assert ("was restored from data.orig_in_app" in page.read_text("utf-8")) is bool(shown)


@pytest.mark.parametrize(
    ("events", "shown"),
    [
        ([event_of(mine("a"))], "1 of 1 stack trace changes, 1 of 1 frame\n"),
        ([event_of(mine("a"), mine("b"))], "1 of 1 stack trace changes, 1 of 2 frames\n"),
        ([event_of(mine("a"))] * 2, "2 of 2 stack traces change, 2 of 2 frames\n"),
        ([event_of(mine("a"))], "  in-app                  1 frame\n"),
        ([event_of(mine("a"))], "  category                0 frames\n"),
        ([event_of(mine("a"))], "  counts                  1 frame in the app variant, 0 in"),
        ([event_of(mine("b"))], "  grouping                0 stack traces (app"),
        ([event_of(mine("a"), mine("b"))], "  grouping                1 stack trace (app"),
        ([event_of(mine("a"))], "0 of 1 new rule matched nothing\n"),
    ],
)
def test_numbers_have_the_right_word(tmp_path: Path, events: list[Any], shown: str) -> None:
    (tmp_path / "events.ndjson").write_text("\n".join(map(json.dumps, events)), "utf-8")
    (tmp_path / "old.rules").write_text("", "utf-8")
    (tmp_path / "my.rules").write_text("function:a -app", "utf-8")
    arguments = ("preview", "--old", "old.rules", "--new", "my.rules", "events.ndjson")
    assert shown in run(*arguments, folder=tmp_path).stdout


# --- what counts --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "rules", "shown"),
    [
        (
            [mine("a"), others("b")],
            "",
            ["1 of 2 frames count in the app variant, 2 in the system variant"],
        ),
        ([mine("a"), others("b")], "", ["the app variant decides"]),
        # A frame that is not in-app never counts in the app variant.
        (
            [mine("a"), others("b")],
            "function:b +group",
            [
                "not in-app, counts: app no, system yes",
                "counts app stays no, system stays yes  my.rules:1",
                "(not in-app: never counts in the app variant)",
                "1 of 2 frames count in the app variant",
            ],
        ),
        # No frame is in-app, or none counts: the system variant decides.
        (
            [others("a")],
            "function:a +group",
            ["the app variant does not count, so the system variant decides"],
        ),
        (
            [mine("a"), others("b")],
            "function:a -group",
            [
                "in-app, counts: app no, system no",
                "the app variant does not count, so the system variant decides",
            ],
        ),
        (
            [mine("a")],
            "function:a -group",
            ["counts yes -> no  my.rules:1", "the stack trace does not count for grouping"],
        ),
        (
            [mine("a"), others("b")],
            "function:a min-frames=2",
            ["the app variant is discarded, so the system variant decides: discarded because"],
        ),
        # A rule with -app takes it out of the app variant only.
        (
            [mine("a"), mine("b")],
            "function:a -app",
            ["not in-app, counts: app no, system yes", "in-app yes -> no  my.rules:1"],
        ),
        # Recursion.
        (
            [mine("a", lineno=1), mine("a", lineno=1)],
            "",
            ["repeats frame 0 (recursion): counts only by +group", "1 of 2 frames count"],
        ),
        ([mine("a", lineno=1), mine("a", lineno=2)], "", ["2 of 2 frames count"]),
        (
            [mine("a"), mine("a")],
            "function:a +group",
            [
                "counts no -> yes  my.rules:1",
                "(brings back a repeated frame)",
                "2 of 2 frames count",
            ],
        ),
        # One line a rule for what is the same for many frames.
        ([mine(f"a{n}") for n in range(9)], "function:a* max-frames=6", ["max-frames 0 -> 6"]),
        # Unset is said.
        ([{"function": "a"}], "function:a +app", ["in-app unset -> yes  my.rules:1"]),
    ],
)
def test_explain_says_what_counts(
    tmp_path: Path, frames: list[dict[str, Any]], rules: str, shown: list[str]
) -> None:
    printed = said(tmp_path, "explain", event_of(*frames), rules=rules)
    for each in shown:
        assert each in printed
    assert printed.count("max-frames 0 -> 6") == ("max-frames" in rules)
    assert "max-frames stays" not in printed


@pytest.mark.parametrize(
    ("frames", "rules", "app", "system", "decides"),
    [
        ([mine("a"), others("b")], "", [True, False], [True, True], "app"),
        ([mine("a"), others("b")], "function:b +group", [True, False], [True, True], "app"),
        ([others("a"), others("b")], "function:b +group", [False] * 2, [True, True], "system"),
        ([mine("a"), mine("a")], "", [True, False], [True, False], "app"),
        ([mine("a"), mine("a")], "function:a +group", [True, True], [True, True], "app"),
        ([mine("a")], "function:a -group", [False], [False], None),
    ],
)
def test_apply_counts_as_explain_does(  # noqa: PLR0913, PLR0917 (a column each)
    tmp_path: Path,
    frames: list[dict[str, Any]],
    rules: str,
    app: list[bool],
    system: list[bool],
    decides: str | None,
) -> None:
    event = event_of(*frames)
    applied = json.loads(said(tmp_path, "apply", event, "--json", rules=rules))["stacktraces"][0]
    explained = json.loads(said(tmp_path, "explain", event, "--json", rules=rules))
    for found in (applied, explained):
        assert [frame["contributes"] for frame in found["frames"]] == app
        assert [frame["system"] for frame in found["frames"]] == system
        assert found["decides"] == decides
        assert found["contributes"] is any(app)
        assert found["system"] is any(system)


def test_explain_takes_as_many_repeats_as_frames() -> None:
    rules = Enhancements.parse("function:a -app", Cache(0))
    with pytest.raises(ValueError, match="expected 0, got 1"):
        rules.explain([], {"ty": None, "value": None, "mechanism": None}, repeats=[True])


# --- why not ------------------------------------------------------------------------

CATEGORY = "category:system -app\nfunction:main category=system"


@pytest.mark.parametrize(
    ("rules", "asked", "shown"),
    [
        (CATEGORY, "my.rules:1:0", "category is set only later, by line 2"),
        ("function:main category=x\ncategory:x -app", "my.rules:2:0", "holds  category:x"),
        (
            "category:x -app -group\nfunction:main category=x",
            "my.rules:1:0",
            "set only later, by line 2: in time for actions on grouping only",
        ),
        ("app:no category=x\nfunction:main -app", "0:0", "in-app is set only later, by line 2"),
        ("path:/other/** -app", "rule 0:0", "`/app/shop/main.py` does not match"),
        ("path:/other/** -app", "my.rules:1:0", r"the event has abs_path `C:\App\Main.py`"),
        ("package:other -app", "0:0", "the event has package `Shop.DLL`"),
        ("function:other -app", "0:0", "(`main` does not match)"),
        (r"function:Own\Lib\* +app", "0:0", r"`\L` in the pattern is an escape that matches `L`"),
        (r"function:Own\Lib\* +app", "0:0", r"write `\\\\` to match a backslash"),
    ],
)
def test_why_not_answers_for_the_pass_that_mattered(
    tmp_path: Path, rules: str, asked: str, shown: str
) -> None:
    frame = mine("main", abs_path="/App/Shop/Main.py", package="Shop.DLL")
    if "abs_path" in shown:
        frame["abs_path"] = r"C:\App\Main.py"
    printed = said(tmp_path, "explain", event_of(frame), "--why-not", asked, rules=rules)
    assert shown in printed


def test_why_not_takes_the_names_that_explain_prints(tmp_path: Path) -> None:
    event = event_of(mine("f", abs_path="/usr/lib/python3.11/json.py"), platform="python")
    (tmp_path / "event.json").write_text(json.dumps(event), "utf-8")
    printed = run("explain", "event.json", folder=tmp_path).stdout
    name = next(
        "default rules:" + line.split("default rules:")[1].split()[0]
        for line in printed.splitlines()
        if "default rules:" in line
    )
    asked = run("explain", "--why-not", f"{name}:0", "event.json", folder=tmp_path)
    assert (asked.returncode, asked.stderr) == (0, "")
    assert "holds" in asked.stdout
    assert "fails" not in asked.stdout
    wrong = run("explain", "--why-not", "other:1:0", "event.json", folder=tmp_path)
    assert wrong.returncode == 2
    assert "the names are: default rules" in wrong.stderr


# --- preview ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frames", "new", "expected"),
    [
        ([{"function": "a"}], "function:a -app", (0, 0, 0, 0)),
        ([others("a")], "function:a +group", (0, 0, 0, 0)),
        ([mine("a"), others("b")], "function:b -group", (0, 0, 1, 0)),
        ([mine("a"), others("b")], "function:b +app", (1, 1, 0, 1)),
        ([mine("a"), mine("a")], "function:a +group", (0, 1, 1, 1)),
        ([others("a")], "function:a +app", (1, 1, 0, 0)),
    ],
)
def test_preview_counts_sequences(
    tmp_path: Path, frames: list[dict[str, Any]], new: str, expected: tuple[int, ...]
) -> None:
    (tmp_path / "old.rules").write_text("", "utf-8")
    options = ("--json", "--old", "old.rules")
    found = json.loads(said(tmp_path, "preview", event_of(*frames), *options, rules=new))
    counted = tuple(
        found[name] for name in ("in_app", "grouping_app", "grouping_system", "grouping")
    )
    assert counted == expected
    stacktrace = Stacktrace.from_event_frames(frames, None)
    report = preview(Enhancements.empty(), Enhancements.parse(new, Cache(0)), [stacktrace])
    assert (
        *(report.in_app, report.grouping_app, report.grouping_system),
        report.grouping,
    ) == expected


def test_preview_names_the_rules_that_matched_nothing(tmp_path: Path) -> None:
    rules = "function:a -app\nfunction:typo_* -app"
    printed = said(tmp_path, "preview", event_of(mine("a")), rules=rules)
    assert "1 of 2 new rules matched nothing:\n  my.rules:2  function:typo_* -app\n" in printed
    rules += "".join(f"\nfunction:typo{n} -app" for n in range(30))
    printed = said(tmp_path, "preview", event_of(mine("a")), rules=rules)
    assert printed.endswith("my.rules:21  function:typo18 -app\n  and 11 more rules\n")


def test_preview_counts_rules_of_both_sets_and_lists_the_others(tmp_path: Path) -> None:
    event, rules = event_of(mine("a")), "function:typo_* -app"
    printed = said(tmp_path, "preview", event, "--base", "default", rules=rules)
    assert " new rules matched nothing:\n  my.rules:1  function:typo_* -app\n  and " in printed
    assert printed.endswith(" that the old rules have, too\n")
    # The default rules have no file.
    event = event_of({"function": "abort", "package": "/usr/lib/libc.so", "in_app": True})
    event["platform"] = "native"
    printed = said(tmp_path, "preview", event, rules="function:zz -app")
    assert "  default rules:" in printed
    assert "  line " not in printed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no event to compare"),
        ("\n\n", "there is no event to compare"),
        ('{"title": "an issue"}', "not an event"),
    ],
)
def test_preview_without_events_fails_and_writes_no_report(
    tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "events.ndjson").write_text(text, "utf-8")
    (tmp_path / "my.rules").write_text("function:a -app", "utf-8")
    arguments = ("preview", "--new", "my.rules", "--html", "page.html", "events.ndjson")
    result = run(*arguments, folder=tmp_path)
    assert (result.returncode, result.stdout) == (2, "")
    assert says in result.stderr
    assert not (tmp_path / "page.html").exists()


# --- events of the web API ----------------------------------------------------------

WEB_FRAME = {
    "function": "f",
    "rawFunction": "f(int)",
    "absPath": "/App/a.c",
    "filename": "a.c",
    "inApp": True,
    "lineNo": 7,
    "colNo": None,
    "package": None,
    "module": "m",
    "platform": None,
}
SDK_FRAME = {
    "function": "f",
    "raw_function": "f(int)",
    "abs_path": "/App/a.c",
    "filename": "a.c",
    "in_app": True,
    "lineno": 7,
    "module": "m",
}


def web_event(*entries: object) -> dict[str, Any]:
    return {"eventID": "7", "platform": "native", "entries": list(entries)}


def values(*traces: object, **more: object) -> dict[str, Any]:
    return {"values": [{"stacktrace": trace} | more for trace in traces]}


WEB = {"frames": [WEB_FRAME, WEB_FRAME]}
SDK = {"frames": [SDK_FRAME, SDK_FRAME]}


@pytest.mark.parametrize(
    ("web", "sdk"),
    [
        (
            web_event({"type": "exception", "data": values(WEB, type="E", value="v")}),
            {"exception": values(SDK, type="E", value="v")},
        ),
        (
            web_event(
                {"type": "breadcrumbs", "data": {"values": [1]}},
                {"type": "threads", "data": values(WEB, None)},
                {"type": "stacktrace", "data": WEB},
            ),
            {"threads": values(SDK, None), "stacktrace": SDK},
        ),
        (web_event({"type": "message", "data": {"formatted": "hi"}}, None, 7, {}), {}),
        (web_event(), {}),
    ],
)
def test_events_of_the_web_api_are_read(
    tmp_path: Path, web: dict[str, Any], sdk: dict[str, Any]
) -> None:
    plain = {"event_id": "7", "platform": "native", **sdk}
    found, expected = stacktraces_of(web), stacktraces_of(plain)
    for one, other in zip(found, expected):
        assert (one.place, one.frames, one.exception) == (
            other.place,
            other.frames,
            other.exception,
        )
        assert one.repeats == other.repeats == [False, True]
    assert len(found) == len(expected)
    lines = [json.dumps(each).encode() for each in (web, plain)]
    assert from_json_lines(lines[0]) == from_json_lines(lines[1])
    assert len(from_json_lines(lines[0])) == len(found)
    for command in ("explain", "apply"):
        assert said(tmp_path, command, web) == said(tmp_path, command, plain)


@pytest.mark.parametrize("event", [{"id": "1", "title": "an issue"}, {"platform": "c"}, [], 7])
def test_json_that_is_no_event_is_an_error(tmp_path: Path, event: object) -> None:
    for command in ("explain", "apply", "preview"):
        printed = said(tmp_path, command, event, code=2)
        assert "event.json: not an event: the " in printed
        assert "no stack trace" not in printed
    with pytest.raises(EventError):
        stacktraces_of(event)
    with pytest.raises(EventError, match="line 1: the "):
        from_json_lines(json.dumps(event).encode())
