"""`sentry-ophio studio`: its answers, its server, and the page in a real browser."""

from __future__ import annotations

import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable
from urllib.parse import urlsplit

import pytest
from commands import COMMAND, run_command
from conftest import take_interrupts

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("jinja2")
pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

import sentry_ophio
from sentry_ophio._atomic import temporary_of
from sentry_ophio._default_key import DefaultKey
from sentry_ophio._stacktrace import with_repeats
from sentry_ophio.cli._rule_files import ENHANCEMENTS, FINGERPRINTS
from sentry_ophio.enhancers import Cache, Enhancements, Stacktrace, preview
from sentry_ophio.events import stacktraces_of
from sentry_ophio.exceptions import EventError
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.studio import _answers
from sentry_ophio.studio._answers import Answers, Texts
from sentry_ophio.studio._events import Events
from sentry_ophio.studio._files import ChangedError, RulesFile, RulesText, UnreadableError
from sentry_ophio.studio._views import event_view, problem_view

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
STATIC = Path(sentry_ophio.__file__).parent / "studio" / "static"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def event_of(function: str, number: int = 0, **more: Any) -> dict[str, Any]:
    frames = [
        {"function": "main", "module": "app", "in_app": True},
        {"function": function, "module": "lib", "in_app": True, "lineno": number},
    ]
    values = [{"type": "Error", "value": "x", "stacktrace": {"frames": frames}}]
    return {"platform": "python", "level": "error", "exception": {"values": values}, **more}


# --- files --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "text", "edited", "written"),
    [
        (b"a\nb\n", "a\nb\n", "a\nc\n", b"a\nc\n"),
        (b"a\r\nb\r\n", "a\nb\n", "a\nc\n", b"a\r\nc\r\n"),
        (b"a\r\nb\n", "a\r\nb\n", "a\r\nc\n", b"a\r\nc\n"),
        (b"\xef\xbb\xbfa", "a", "b", b"\xef\xbb\xbfb"),
        (b"", "", "é", "é".encode()),
    ],
)
def test_a_save_keeps_the_form_of_a_file(
    tmp_path: Path, data: bytes, text: str, edited: str, written: bytes
) -> None:
    path = tmp_path / "my.rules"
    path.write_bytes(data)
    file = RulesFile(str(path), ENHANCEMENTS)
    found = file.read()
    assert (found.text, found.version) == (text, file.version())
    version = file.save(edited, found.version)
    assert path.read_bytes() == written
    assert version == file.version() != found.version


def test_a_save_replaces_only_the_version_that_was_seen(tmp_path: Path) -> None:
    path = tmp_path / "my.rules"
    path.write_text("mine", "utf-8")
    file = RulesFile(str(path), ENHANCEMENTS)
    seen = file.read().version
    path.write_text("theirs", "utf-8")
    with pytest.raises(ChangedError):
        file.save("new", seen)
    assert path.read_text("utf-8") == "theirs"
    assert not temporary_of(path).exists()
    file.save("new", file.version())
    assert path.read_text("utf-8") == "new"
    path.unlink()
    assert file.version() == ""
    with pytest.raises(ChangedError):
        file.save("new", seen)
    file.save("again", "")
    assert path.read_text("utf-8") == "again"


def test_what_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin").write_bytes(b"a\xff")
    for name, reason in (("latin", "not UTF-8 (at byte 1)"), ("none", "no such file")):
        with pytest.raises(UnreadableError, match=re.escape(reason)):
            RulesFile(str(tmp_path / name), ENHANCEMENTS).read()
    with pytest.raises(UnreadableError, match="directory"):
        RulesFile(str(tmp_path), ENHANCEMENTS).read()
    path = tmp_path / "my.rules"
    path.write_text("a", "utf-8")
    file = RulesFile(str(path), ENHANCEMENTS)
    file.read()
    path.unlink()
    with pytest.raises(UnreadableError, match="the file was removed"):
        file.read()


HEREDOC = """\
resource "sentry_project" "shop" {
  name = "shop"
  grouping_enhancements = <<-EOT
    # ours
    function:a -app

      function:b +app
    EOT
}
"""
QUOTED = '{"name": "x", "groupingEnhancements": "function:a -app\\nfunction:\\u00e9 +app", "y": 1}'


@pytest.mark.parametrize(
    ("name", "content", "text", "first_line", "edited", "written"),
    [
        (
            "main.tf",
            HEREDOC,
            "# ours\nfunction:a -app\n\n  function:b +app\n",
            3,
            "# ours\nfunction:z -app\n\n  function:${b} +app",
            HEREDOC.replace(":a", ":z").replace(":b", ":$${b}"),
        ),
        (
            "main.tf",
            HEREDOC.replace("\n", "\r\n"),
            "# ours\nfunction:a -app\n\n  function:b +app\n",
            3,
            "function:z -app\n",
            re.sub(
                r"    # ours.*\+app\n", "    function:z -app\n", HEREDOC, flags=re.DOTALL
            ).replace("\n", "\r\n"),
        ),
        (
            "project.json",
            QUOTED,
            "function:a -app\nfunction:é +app",
            0,
            'function:"z" -app\nfunction:é +app\n',
            QUOTED.replace(":a", ':\\"z\\"'),
        ),
    ],
)
def test_the_rules_in_another_file_are_edited(  # noqa: PLR0913, PLR0917 (a row of the table)
    tmp_path: Path,
    name: str,
    content: str,
    text: str,
    first_line: int,
    edited: str,
    written: str,
) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xef\xbb\xbf" + content.encode())
    file = RulesFile(str(path), ENHANCEMENTS)
    found = file.read()
    assert (found.text, found.first_line, found.read_only) == (text, first_line, None)
    assert found.source.startswith(str(path))
    file.save(found.text, found.version)
    assert path.read_bytes() == b"\xef\xbb\xbf" + content.encode()
    file.save(edited, found.version)
    assert path.read_bytes() == b"\xef\xbb\xbf" + written.encode()
    path.unlink()
    with pytest.raises(UnreadableError, match="the file was removed, with all else in it"):
        file.save(edited, "")


def test_one_of_several_texts_is_edited(tmp_path: Path) -> None:
    path = tmp_path / "main.tf"
    path.write_text(HEREDOC + HEREDOC.replace(":a", ":c"), "utf-8")
    with pytest.raises(UnreadableError, match=r"2 texts of rules, in lines 4, 13"):
        RulesFile(str(path), ENHANCEMENTS).read()
    with pytest.raises(UnreadableError, match="there are no rules in line 1"):
        RulesFile(f"{path}:1", ENHANCEMENTS).read()
    file = RulesFile(f"{path}:13", ENHANCEMENTS)
    found = file.read()
    assert (found.text.split("\n")[1], found.first_line) == ("function:c -app", 12)
    # Another program makes the first text longer: it is the second one still.
    path.write_text(path.read_text("utf-8").replace("# ours", "# ours\n    # too", 1), "utf-8")
    found = file.read()
    assert (found.text.split("\n")[1], found.first_line) == ("function:c -app", 13)
    file.save(found.text.replace(":c", ":d"), found.version)
    assert path.read_text("utf-8").count("function:a -app") == 1
    assert path.read_text("utf-8").count("function:d -app") == 1
    path.write_text(HEREDOC, "utf-8")
    with pytest.raises(UnreadableError, match="it has 1 texts of rules now, and had 2"):
        file.read()


def test_rules_cannot_end_their_text(tmp_path: Path) -> None:
    path = tmp_path / "main.tf"
    path.write_text(HEREDOC, "utf-8")
    file = RulesFile(str(path), ENHANCEMENTS)
    version = file.read().version
    for text in ("function:z -app\nEOT\n", "EOT\n"):
        with pytest.raises(UnreadableError, match="not saved"):
            file.save(text, version)
    assert path.read_text("utf-8") == HEREDOC
    file.save("", version)
    assert RulesFile(str(path), ENHANCEMENTS).read().text == ""


def test_stored_rules_are_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "fp.json"
    path.write_text(FingerprintRules.parse("level:error -> all").to_json(), "utf-8")
    file = RulesFile(str(path), FINGERPRINTS._replace(has_stored_form=True))
    found = file.read()
    assert found.text == "level:error -> all\n"
    assert found.read_only is not None
    with pytest.raises(UnreadableError, match="can be tried, but not saved"):
        file.save("level:info -> all", found.version)
    path.write_text("{", "utf-8")
    with pytest.raises(UnreadableError, match="not JSON"):
        file.read()


# --- events -------------------------------------------------------------------------


def test_events_are_packed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentry_ophio.studio._events.BATCH", 2)
    events = Events()
    given = [event_of("f"), {"message": "two\nlines"}, event_of("g", event_id="é"), {}, {}]
    for number, event in enumerate(given):
        events.add(f"e{number}", event)
    wrong: list[Any] = [[], {"stacktrace": 1}, {"stacktrace": {"frames": [{"function": []}]}}]
    for bad in wrong:
        with pytest.raises(EventError):
            events.add("bad", bad)
    assert len(events) == 5
    assert [events.event(number) for number in range(5)] == given
    assert [block.count(b"\n") for block in events.blocks()] == [2, 2, 1]
    assert events.owners == [0, 2]
    assert len(events.stacktraces) == 2


# --- answers ------------------------------------------------------------------------


class Asked:
    """Answers about a few events."""

    def __init__(self, saved: Texts) -> None:
        events = Events()
        for number in range(6):
            events.add(f"e{number}", event_of(f"f{number % 3}", number))
        self.answers = Answers(events, Enhancements.empty())
        self.save(saved)

    def save(self, texts: Texts) -> None:
        names = {"rules": "my.rules", "fingerprints": "fp.rules"}
        found = {kind: RulesText(getattr(texts, kind), "", name) for kind, name in names.items()}
        self.answers.saved(found)

    def __call__(
        self, texts: Texts, chosen: int = 0, stopped: Callable[[], bool] = lambda: False
    ) -> dict[str, Any]:
        found = list(self.answers.to_edit("page", texts, chosen, stopped))
        self.order = [each["kind"] for each in found]
        return {each["kind"]: each for each in found}


SAVED = Texts("function:f1 -app\n", "level:warning -> w\n")


def test_the_quick_answers_come_first() -> None:
    asked = Asked(SAVED)
    asked(SAVED)
    assert asked.order == ["problems", "event", "preview", "issues", "done"]


def test_no_edit_is_no_change() -> None:
    found = Asked(SAVED)(SAVED)
    assert found["problems"] == {"kind": "problems", "rules": [], "fingerprints": []}
    assert found["preview"]["changed"] == found["issues"]["moved"] == 0
    assert (found["issues"]["before"], found["issues"]["after"]) == (3, 3)


def test_an_edit_of_stack_trace_rules_changes_issues() -> None:
    found = Asked(SAVED)(SAVED._replace(rules="function:f* -app\n"), chosen=1)
    assert found["preview"]["changed"] == 4
    assert [each["name"] for each in found["preview"]["examples"]] == ["e0", "e2", "e3", "e5"]
    issues = found["issues"]
    assert (issues["before"], issues["after"], issues["moved"]) == (3, 1, 4)
    (merge,) = issues["changes"]
    assert merge["kind"] == "merge"
    assert all(part["rules"] == [] for part in merge["parts"])
    (trace,) = found["event"]["traces"]
    old, new = trace["frames"][1]["steps"]
    assert "my.rules: rule 0 (line 1): function:f1 -app" in old[0]["text"]
    assert "function:f* -app" in new[0]["text"]


def test_an_edit_of_fingerprint_rules_changes_issues() -> None:
    asked = Asked(SAVED)
    found = asked(SAVED._replace(fingerprints="function:f1 -> one\nlevel:error -> all\n"), chosen=1)
    assert found["preview"]["changed"] == 0
    issues = found["issues"]
    assert (issues["before"], issues["after"], issues["moved"]) == (3, 2, 6)
    assert {part["rules"][0] for change in issues["changes"] for part in change["parts"]} == {
        "by fp.rules:1  function:f1 -> one",
        "by fp.rules:2  level:error -> all",
    }
    before, after = found["event"]["fingerprints"]
    assert before == {"parts": ["{{ default }}"], "rule": None}
    assert after["parts"] == ["one"]
    # What was saved is what the next edit is compared with.
    asked.save(SAVED._replace(fingerprints="level:error -> all\n"))
    found = asked(SAVED._replace(fingerprints="level:error -> all, 2\n"))
    assert (found["issues"]["before"], found["issues"]["after"]) == (1, 1)
    assert found["issues"]["changes"][0]["kind"] == "move"


def test_a_text_with_errors_keeps_the_last_good_answers() -> None:
    asked = Asked(SAVED)
    good = SAVED._replace(rules="function:f* -app\n")
    asked(good)
    found = asked(good._replace(rules="function:f* -app\nfunktion:x +app\n"))
    assert [each["suggestion"] for each in found["problems"]["rules"]] == ["function"]
    assert found["preview"]["changed"] == 4
    for kind in ("event", "preview", "issues"):
        assert found[kind]["stale"] == ["rules"]
    # The other language goes on.
    found = asked(Texts("funktion:x +app\n", "level:error -> all\n"))
    assert found["issues"]["after"] == 1
    assert found["issues"]["saved_stale"] == []
    # Saved with errors: edits are compared with no rules, and the page says so.
    asked = Asked(Texts("function:f1 -app\nx", "y"))
    found = asked(Texts("function:f1 -app\nx", "y"))
    assert found["issues"]["stale"] == found["issues"]["saved_stale"] == list(_answers.KINDS)
    assert asked(Texts("function:f1 -app\n", "y"))["preview"]["changed"] == 2


def test_a_newer_edit_stops_an_older_one() -> None:
    asked = Asked(SAVED)
    calls = []

    def stopped() -> bool:
        calls.append(1)
        return len(calls) > 2

    asked(SAVED._replace(rules="function:f* -app\n"), stopped=stopped)
    assert asked.order == ["problems", "event", "preview", "stopped"]
    # What the older one has not computed is computed by the next.
    found = asked(SAVED._replace(rules="function:f* -app\n"))
    assert (found["issues"]["before"], found["issues"]["after"]) == (3, 1)


def test_a_page_that_is_gone_blocks_no_other() -> None:
    asked = Asked(SAVED)
    left = []
    for number in range(len(asked(SAVED))):
        # No request for the rest of these answers comes, as after a page was closed.
        answers = asked.answers.to_edit("gone", SAVED, 0, lambda: False)
        left.append((answers, [next(answers) for _ in range(number + 1)]))
        assert not asked.answers._lock.locked()
    assert [each[-1]["kind"] for _, each in left] == asked.order


def test_the_preview_is_that_of_the_command(source_tree: Path) -> None:
    paths = sorted((source_tree / "tests" / "fixtures" / "events").glob("*.json"))
    assert paths
    events = Events()
    traces = []
    for path in paths * 2:
        event = json.loads(path.read_text("utf-8"))
        events.add(path.name, event)
        traces += [
            with_repeats(Stacktrace(each.frames, each.exception), each.repeats)
            for each in stacktraces_of(event)
        ]
    base = Enhancements.default()
    answers = Answers(events, base)
    for saved, edited in (
        ("", ""),
        ("family:native -app", "family:native +app"),
        ("", "function:* -group max-frames=3\ntype:*Error +app"),
        ("function:* -app", "function:* +app\npath:**/node_modules/** -group"),
    ):
        sets = []
        for text in (saved, edited):
            rules = Enhancements.default()
            rules.extend_from(Enhancements.parse(text, Cache(0), source="my.rules"))
            sets.append(rules)
        old, new = sets
        expected = preview(old, new, traces)
        answers.saved({"rules": RulesText(saved, "", "my.rules")})
        texts = Texts(edited, None)
        found = {each["kind"]: each for each in answers.to_edit("p", texts, 0, lambda: False)}
        assert found["preview"]["lines"] == str(expected).split("\n")
        owners = dict.fromkeys(events.owners[number] for number in expected.examples)
        assert [each["number"] for each in found["preview"]["examples"]] == list(owners)
        # The default keys are those of `fingerprint preview`.
        before, after = (DefaultKey(rules) for rules in sets)
        pairs = [
            (before.of(events.event(n)), after.of(events.event(n))) for n in range(len(events))
        ]
        assert found["issues"]["before"] == len({old for old, _ in pairs})
        assert found["issues"]["after"] == len({new for _, new in pairs})
        assert found["issues"]["moved"] == sum(old != new for old, new in pairs)


def test_only_some_stack_traces_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_answers, "_MAX_EXPLAINED", 1)
    found = Asked(SAVED)(SAVED._replace(rules="function:f* -app\n"))["preview"]
    assert found["changed"] == 4
    # In app, and counting in the app variant, of the frames in two stack traces that are the same.
    assert "responsible, in the first 2 that change:" in found["lines"]
    assert "             4  my.rules:1  function:f* -app" in found["lines"]


def test_columns_count_as_javascript_does() -> None:
    (found,) = Enhancements.check('function:"\U0001f600é" funktion:x -app')
    view = problem_view(found)
    line = found.source.encode("utf-16-le")
    assert line[2 * view["start"] : 2 * view["end"]].decode("utf-16-le").startswith("funktion")


HOSTILE = "</td></script><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\0\u202e'\"&"


def hostile_event(number: int) -> dict[str, Any]:
    frames = [
        {"function": f"f{HOSTILE}", "filename": f"p{HOSTILE}", "in_app": True},
        {"function": "x" * 100_000, "module": "y" * 100_000, "lineno": 10**30},
    ]
    values = [{"type": HOSTILE, "value": f"v\ud800{HOSTILE}", "stacktrace": {"frames": frames}}]
    return {"event_id": HOSTILE, "level": "error", "n": number, "exception": {"values": values}}


def test_huge_values_are_cut() -> None:
    rules = Enhancements.parse("function:* -app category=c", Cache(0))
    prints = FingerprintRules.parse("level:error -> {{ value }}")
    view = event_view("n" * 10_000, "t", hostile_event(0), (rules, rules), (prints, prints))
    text = json.dumps(view)
    assert len(text) < 10_000
    assert "\\u001b" not in text
    assert "\\u202e" not in text.replace("\\\\u202e", "")
    frames = {"stacktrace": {"frames": [{"function": "f"}] * 2_000}}
    (trace,) = event_view("n", "t", frames, (rules, rules), None)["traces"]
    assert (len(trace["frames"]), trace["more"]) == (500, 1_500)


# --- the server ---------------------------------------------------------------------


class Studio:
    """A running studio."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "studio", "--no-browser", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            preexec_fn=take_interrupts if os.name == "posix" else None,
        )
        assert self.process.stdout is not None
        self.said = self.process.stdout.readline()
        self.address = self.process.stdout.readline().strip()
        assert self.address.startswith("http://127.0.0.1:"), self.process.communicate()
        self.host = urlsplit(self.address).netloc
        self.path = urlsplit(self.address).path

    def ask(
        self, path: str = "", method: str = "GET", body: Any = None, **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        """Send a request, as the page sends it unless `headers` has others."""
        connection = http.client.HTTPConnection(self.host, timeout=60)
        given = {"Host": self.host}
        if method == "POST":
            given["Origin"] = f"http://{self.host}"
        given |= headers
        connection.putrequest(method, self.path + path, skip_host=True)
        data = b"" if body is None else json.dumps(body).encode()
        for name, value in (given | {"Content-Length": str(len(data))}).items():
            if value:
                connection.putheader(name, value)
        connection.endheaders(data)
        response = connection.getresponse()
        found = response.status, response.read(), dict(response.getheaders())
        connection.close()
        return found

    def end(self) -> tuple[int, str]:
        """End it as Ctrl-C does; return its exit code and what it wrote to standard error."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=60)
        return self.process.returncode, errors


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    """Give a function that starts a studio in `tmp_path`."""
    (tmp_path / "my.rules").write_text("function:f1 -app\n", "utf-8")
    (tmp_path / "fp.rules").write_text("level:warning -> w\n", "utf-8")
    lines = [json.dumps(event_of(f"f{number % 3}", number)) for number in range(6)]
    (tmp_path / "events.ndjson").write_text("\n".join(lines), "utf-8")
    running: list[Studio] = []

    def start(*arguments: str) -> Studio:
        running.append(Studio(tmp_path, *(arguments or ("--rules", "my.rules", "events.ndjson"))))
        return running[-1]

    yield start
    for each in running:
        if each.process.poll() is None:
            each.process.kill()
            each.process.communicate()


def test_only_the_page_is_answered(started: Callable[..., Studio]) -> None:
    studio = started()
    token = studio.path.strip("/")
    assert len(token) > 40
    status, page, headers = studio.ask()
    assert status == 200
    assert b"studio.js" in page
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy.replace("style-src-attr 'unsafe-inline'", "")
    assert headers["referrer-policy"] == "no-referrer"
    own = f"http://{studio.host}"
    edit = {"page": "p", "number": 1, "event": 0, "rules": ""}
    cases: list[tuple[str, str, dict[str, str]]] = [
        ("GET", "", {"Host": "evil.example"}),
        ("GET", "", {"Host": studio.host.replace("127.0.0.1", "localhost")}),
        ("GET", "", {"Host": "127.0.0.1"}),
        ("GET", "", {"Host": ""}),
        ("GET", "state", {"Origin": "http://evil.example"}),
        ("GET", "state", {"Origin": "null"}),
        ("GET", "state", {"Origin": own.replace("http", "https")}),
        ("POST", "edit", {"Origin": "http://evil.example"}),
        ("POST", "edit", {"Origin": ""}),
        ("POST", "save", {"Origin": "null"}),
        ("OPTIONS", "edit", {"Origin": "http://evil.example"}),
    ]
    for method, path, wrong in cases:
        status, text, headers = studio.ask(path, method, edit, **wrong)
        expected = {403} if wrong.get("Host") != "" else {400, 403}
        assert status in expected, (method, path, wrong)
        assert token.encode() not in text
        assert not any("access-control" in name.lower() for name in headers)
    for path in ("/", f"/{token[:-1]}x/", f"/{token}", f"//{token}/", "/studio.js", "/x/state"):
        studio.path = path
        assert studio.ask()[0] == 403, path
    studio.path = f"/{token}/"
    assert studio.ask("edit", "POST", edit)[0] == 200
    for path in ("..%2fx", "%2e%2e/state", "_app.py", "../../__init__.py", "index.html/"):
        assert studio.ask(path)[0] in {403, 404}, path
    assert studio.end() == (0, "")


def test_bad_requests_are_answered(started: Callable[..., Studio]) -> None:
    studio = started()
    edit = {"page": "p", "number": 1, "event": 0, "rules": ""}
    for path, body, reason in (
        ("edit", [], "not a JSON object"),
        ("edit", edit | {"rules": 1}, "rules must be a text"),
        ("edit", edit | {"number": True}, "number must be a whole number"),
        ("edit", edit | {"rules": "\ud800"}, "half of a surrogate pair"),
        ("save", {"kind": "fingerprints", "text": "", "version": ""}, "no such file"),
    ):
        status, text, _ = studio.ask(path, "POST", body)
        assert (status, reason in json.loads(text)["error"]) == (400, True), reason
    # There is no such event: the rest is answered.
    _, text, _ = studio.ask("edit", "POST", edit | {"event": 99})
    kinds = [json.loads(line)["kind"] for line in text.splitlines()]
    assert kinds == ["problems", "preview", "issues", "done"]
    assert studio.end() == (0, "")


def test_an_edit_that_exceeds_a_limit_has_an_error(
    started: Callable[..., Studio], tmp_path: Path
) -> None:
    """It ended the connection, and the server printed a traceback."""
    long = "".join(random.Random(7).choices("ab", k=8_000))
    (tmp_path / "events.ndjson").write_text(json.dumps(event_of(long)), "utf-8")
    studio = started()
    # More choices than 32, so that an automaton matches them.
    glob = "{" + ",".join(map(str, range(33))) + ",*a" + "?" * 20_000 + "b}!"
    edit = {"page": "p", "number": 7, "event": None, "rules": f"function:{glob} -app"}
    for event in (0, 99):
        status, text, _ = studio.ask("edit", "POST", edit | {"event": event})
        *_, last = map(json.loads, text.splitlines())
        assert (status, last["kind"], last["number_of_edit"]) == (200, "failed", 7)
        assert last["error"].endswith("the limit `glob_steps` is 100000000")
    assert studio.end() == (0, "")


def test_a_save_by_http(started: Callable[..., Studio], tmp_path: Path) -> None:
    studio = started()
    state = json.loads(studio.ask("state")[1])
    (version,) = [each["version"] for each in state["files"].values()]
    body = {"kind": "rules", "text": "function:f2 -app\n", "version": version}
    (tmp_path / "my.rules").write_text("# theirs\n", "utf-8")
    status, text, _ = studio.ask("save", "POST", body)
    assert status == 409
    assert (tmp_path / "my.rules").read_text("utf-8") == "# theirs\n"
    theirs = json.loads(text)["version"]
    assert json.loads(studio.ask("versions")[1]) == {"rules": theirs}
    status, _, _ = studio.ask("save", "POST", body | {"version": theirs})
    assert status == 200
    assert (tmp_path / "my.rules").read_text("utf-8") == "function:f2 -app\n"
    assert studio.end() == (0, "")


def test_a_port_in_use_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "my.rules").write_text("", "utf-8")
    (tmp_path / "event.json").write_text("{}", "utf-8")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        line = f"studio --no-browser --rules my.rules --port {port} event.json"
        result = run_command(*line.split(), folder=tmp_path)
    assert result.returncode == 2
    assert result.stderr.decode().startswith(f"Error: port {port}: Address already in use")


def test_the_port_that_is_asked_for(started: Callable[..., Studio]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    studio = started("--port", str(port), "--rules", "my.rules", "events.ndjson")
    assert studio.host == f"127.0.0.1:{port}"
    assert studio.said.startswith("6 events")
    assert studio.end() == (0, "")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("studio event.json", "there is nothing to edit"),
        ("studio --rules none.rules event.json", "none.rules: no such file"),
        ("studio --rules my.rules none.json", "no event can be used"),
        ("studio --rules my.rules --port 65536 event.json", "65536"),
    ],
)
def test_wrong_arguments(tmp_path: Path, line: str, reason: str) -> None:
    (tmp_path / "my.rules").write_text("", "utf-8")
    (tmp_path / "event.json").write_text("{}", "utf-8")
    result = run_command(*line.split(), folder=tmp_path)
    assert result.returncode == 2
    assert reason in result.stderr.decode()


def test_a_missing_package_is_named(tmp_path: Path) -> None:
    (tmp_path / "uvicorn.py").write_text("raise ModuleNotFoundError('no', name='uvicorn')", "utf-8")
    (tmp_path / "my.rules").write_text("", "utf-8")
    result = run_command(
        *("studio", "--rules", "my.rules", "my.rules"), folder=tmp_path, PYTHONPATH=str(tmp_path)
    )
    assert result.returncode == 2
    expected = "Error: studio needs uvicorn: pip install 'sentry-ophio[studio]'\n"
    assert result.stderr.decode() == expected


# --- what is vendored ---------------------------------------------------------------


def test_the_bundle_is_of_the_lock_file(source_tree: Path) -> None:
    lock = json.loads((source_tree / "tools" / "studio" / "package-lock.json").read_text("utf-8"))
    locked = {
        path.rpartition("node_modules/")[2]: each["version"]
        for path, each in lock["packages"].items()
        if path and not each.get("dev")
    }
    head = (STATIC / "codemirror.js").read_text("utf-8").split("\n")[1]
    bundled = dict(each.split(" ") for each in head.removeprefix("// ").split(", "))
    licences = (STATIC / "codemirror.LICENSE.txt").read_text("utf-8")
    # What is locked and not used is left out by the bundler.
    assert bundled.items() <= locked.items()
    assert {"@codemirror/view", "@codemirror/state", "style-mod"} <= set(bundled)
    listed = re.findall(r"^(\S+) (\S+) \(MIT\)$", licences, re.MULTILINE)
    assert dict(listed) == bundled
    assert licences.count("Permission is hereby granted, free of charge") == len(bundled)


@pytest.mark.parametrize("name", ["index.html", "studio.css", "studio.js", "rules.js"])
def test_the_page_loads_nothing_from_elsewhere(name: str) -> None:
    text = (STATIC / name).read_text("utf-8")
    assert not re.findall(r"https?://|//[a-z]+\.[a-z]+/", text)
    assert "innerHTML" not in text


# --- in a browser -------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Debian's chromium. It may be missing, but not where CI tests the sources."""
    if not (os.environ.get("CI") and (ROOT / "Cargo.toml").is_file()):
        pytest.importorskip("playwright")
        if CHROMIUM is None:
            pytest.skip("chromium is not installed (apt install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


def opened(browser: Any, studio: Studio, **options: Any) -> tuple[Any, list[str]]:
    """Open the page, and return it with a list of what goes wrong on it."""
    page = browser.new_page(**options)
    page.set_default_timeout(60_000)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))

    def check(request: Any) -> None:
        if not request.url.startswith((studio.address, "data:")):
            problems.append(request.url)

    page.on("request", check)
    page.goto(studio.address)
    page.locator("#issues p").wait_for()
    return page, problems


def typed(page: Any, text: str) -> None:
    """Replace the text in the editor."""
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def wait_for(page: Any, selector: str, text: str) -> None:
    """Wait until an element has a text."""
    page.locator(selector).filter(has_text=text).first.wait_for()


def test_edit_see_fix_and_save(
    started: Callable[..., Studio], browser: Any, tmp_path: Path
) -> None:
    studio = started("--rules", "my.rules", "--fingerprints", "fp.rules", "events.ndjson")
    page, problems = opened(browser, studio)
    assert page.locator(".cm-line").first.inner_text() == "function:f1 -app"
    wait_for(page, "#preview", "No change in 6 stack traces")
    wait_for(page, "#issues", "3 issues before, 3 after")

    # A mistake: it is shown in the text and below it, and the effects stay.
    typed(page, "funktion:f* -app")
    wait_for(page, "#problems", "Unknown matcher `funktion`")
    page.locator(".cm-lintRange-error").wait_for()
    wait_for(page, "#stale", "my.rules has errors: this is for the last text without errors.")
    wait_for(page, "#preview", "No change in 6 stack traces")

    # Fixed: the effects follow.
    typed(page, "function:f* -app")
    wait_for(page, "#preview", "4 of 6 stack traces change, in 4 events")
    wait_for(page, "#summary", "4 stack traces change in 4 events. 4 events move to another issue.")
    wait_for(page, "#issues", "3 issues before, 1 after; 4 of 6 events move")
    assert page.locator("#problems li").count() == 0
    assert page.locator("#stale").is_hidden()
    assert page.locator("tr.frame.changed").count() == 1
    assert (tmp_path / "my.rules").read_text("utf-8") == "function:f1 -app\n"

    # The steps of a frame.
    page.locator("tr.frame .toggle").filter(has_text="f0").click()
    wait_for(page, "tr.steps:visible", "my.rules: rule 0 (line 1): function:f* -app")

    # Another event, by a click and by the search.
    page.get_by_role("button", name="The next event").click()
    wait_for(page, "#event h3", "2 of 6: events.ndjson:2")
    page.get_by_role("searchbox").fill("NDJSON:5")
    page.locator("#found .link").click()
    wait_for(page, "#event h3", "5 of 6: events.ndjson:5")

    # Ctrl-S saves, and edits are compared with what is saved.
    page.locator(".cm-content").click()
    page.keyboard.press("Control+s")
    wait_for(page, "#preview", "No change in 6 stack traces")
    wait_for(page, "#issues", "1 issue before, 1 after")
    assert (tmp_path / "my.rules").read_text("utf-8") == "function:f* -app"
    assert page.get_by_role("button", name="Save").is_disabled()

    # The other file.
    page.get_by_role("tab", name="fp.rules").click()
    typed(page, "level:error -> all")
    wait_for(page, "#issues", "move")
    wait_for(page, "table.fingerprint", "fp.rules:1  level:error -> all")
    page.get_by_role("button", name="Save").click()
    wait_for(page, "#issues", "0 of 6 events move")
    assert (tmp_path / "fp.rules").read_text("utf-8") == "level:error -> all"
    assert problems == []
    page.close()
    assert studio.end() == (0, "")


def test_a_suggestion_is_applied(started: Callable[..., Studio], browser: Any) -> None:
    page, problems = opened(browser, started())
    typed(page, "funktion:f* -app")
    page.locator(".cm-lintRange-error").hover()
    page.get_by_role("button", name="Replace by function").click()
    wait_for(page, "#preview", "4 of 6 stack traces change")
    assert page.locator(".cm-line").first.inner_text() == "function:f* -app"
    assert problems == []
    page.close()


def test_another_program_writes_the_file(
    started: Callable[..., Studio], browser: Any, tmp_path: Path
) -> None:
    path = tmp_path / "my.rules"
    page, problems = opened(browser, started())
    # Nothing was edited: the page takes the new text.
    path.write_text("function:f2 -app", "utf-8")
    wait_for(page, ".cm-line", "function:f2 -app")
    # Something was: the user chooses, and until then nothing is written.
    typed(page, "function:f0 -app")
    path.write_text("# theirs", "utf-8")
    wait_for(page, "#notice", "my.rules was changed by another program, and you have edited it.")
    page.keyboard.press("Control+s")
    wait_for(page, "#status", "choose first")
    assert path.read_text("utf-8") == "# theirs"
    page.get_by_role("button", name="Keep mine").click()
    assert page.locator("#notice").is_hidden()
    page.get_by_role("button", name="Save").click()
    wait_for(page, "#status", "saved")
    assert path.read_text("utf-8") == "function:f0 -app"
    # The other choice.
    typed(page, "function:f1 -app")
    path.write_text("# theirs again", "utf-8")
    page.get_by_role("button", name="Take its text").click()
    wait_for(page, ".cm-line", "# theirs again")
    assert (
        problems
        == ["Failed to load resource: the server responded with a status of 409"] * len(problems)
        or problems == []
    )
    page.close()


def test_rules_of_terraform_in_a_browser(
    started: Callable[..., Studio], browser: Any, tmp_path: Path
) -> None:
    path = tmp_path / "main.tf"
    path.write_text(HEREDOC, "utf-8")
    stored = FingerprintRules.parse("level:error -> all").to_json()
    (tmp_path / "fp.json").write_text(stored, "utf-8")
    (tmp_path / "base.rules").write_text("function:f1 category=one\n", "utf-8")
    files = ("--base", "base.rules", "--rules", "main.tf", "--fingerprints", "fp.json")
    studio = started(*files, "events.ndjson")
    page, problems = opened(browser, studio)
    # The lines are those of the file, and the rules of the base are known.
    wait_for(page, ".cm-lineNumbers", "4567")
    typed(page, "category:one -app\nfunktion:x -app")
    wait_for(page, "#problems li", "error 5: Unknown matcher `funktion`")
    assert page.locator("#problems li").count() == 1
    typed(page, "category:one -app")
    wait_for(page, "#preview", "2 of 6 stack traces change")
    wait_for(page, "#preview pre", "main.tf:4  category:one -app")
    # Something else in the file was written: no question.
    path.write_text(HEREDOC.replace('"shop"\n', '"shop"\n\n'), "utf-8")
    wait_for(page, ".cm-lineNumbers", "5")
    assert page.locator("#notice").is_hidden()
    page.keyboard.press("Control+s")
    wait_for(page, "#status", "main.tf: saved")
    text = path.read_text("utf-8")
    assert "<<-EOT\n    category:one -app\n    EOT\n}" in text
    assert '"shop"\n\n' in text
    # The stored form can be tried, not saved.
    page.get_by_role("tab", name="fp.json").click()
    wait_for(page, "#note", "edits can be tried, but not saved")
    typed(page, "level:error -> none")
    wait_for(page, "#issues", "6 of 6 events move")
    page.keyboard.press("Control+s")
    assert page.get_by_role("button", name="Save").is_disabled()
    assert (tmp_path / "fp.json").read_text("utf-8") == stored
    assert problems == []
    page.close()


def test_the_server_ends_while_the_page_is_open(
    started: Callable[..., Studio], browser: Any
) -> None:
    studio = started()
    page, _ = opened(browser, studio)
    assert page.locator("#lost").is_hidden()
    assert studio.end() == (0, "")
    typed(page, "function:f0 -app")
    wait_for(page, "#lost", "What you have typed is on this page only.")
    assert page.locator(".cm-line").first.inner_text() == "function:f0 -app"
    page.close()


def test_hostile_events_are_text(
    started: Callable[..., Studio], browser: Any, tmp_path: Path
) -> None:
    name = "<img src=x onerror=alert(3)>.ndjson"
    lines = [json.dumps(hostile_event(number)) for number in range(3)]
    (tmp_path / name).write_text("\n".join(lines), "utf-8")
    (tmp_path / "<b>.rules").write_text("function:<script>alert(4)</script> -app\n", "utf-8")
    studio = started("--rules", "<b>.rules", "--fingerprints", "fp.rules", name)
    page, problems = opened(browser, studio)
    typed(page, "function:f* -app category=c")
    wait_for(page, "#preview", "3 of 3 stack traces change")
    page.locator("tr.frame .toggle").first.click()
    assert "onerror=alert(2)>\\x1b[31m\\x00\\u202e" in page.locator("tr.frame").first.inner_text()
    page.get_by_role("tab", name="fp.rules").click()
    typed(page, "level:error -> {{ value }}")
    wait_for(page, "#issues", "onerror=alert(2)")
    page.get_by_role("searchbox").fill("onerror")
    page.locator("#found .link").first.wait_for()
    assert page.locator("img, b, iframe, #right script").count() == 0
    assert page.evaluate("document.body.innerText.length") < 50_000
    assert problems == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_can_be_read(started: Callable[..., Studio], browser: Any, scheme: str) -> None:
    page, problems = opened(
        browser, started(), color_scheme=scheme, viewport={"width": 480, "height": 800}
    )
    page.locator("tr.frame").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 480
    for selector in ("body", ".cm-editor"):
        colors = page.evaluate(
            "(name) => { const style = getComputedStyle(document.querySelector(name));"
            " return [style.color, style.backgroundColor]; }",
            selector,
        )
        text, ground = (sum(map(int, re.findall(r"\d+", color)[:3])) for color in colors)
        assert (text < ground) == (scheme == "light")
        assert abs(text - ground) > 400
    assert problems == []
    page.close()


def test_another_page_cannot_reach_it(
    started: Callable[..., Studio], browser: Any, tmp_path: Path
) -> None:
    studio = started()
    (tmp_path / "evil.html").write_text("<p>evil</p>", "utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "evil.html").as_uri())
    script = """async ([address, method]) => {
        try { const found = await fetch(address, {method, body: method === "POST" ? "{}" : undefined});
              return found.status; } catch { return "blocked"; } }"""
    for method, path in (("GET", "state"), ("POST", "save"), ("POST", "edit")):
        assert page.evaluate(script, [studio.address + path, method]) == "blocked"
    # Nor can it be shown in a frame.
    page.set_content(f'<iframe src="{studio.address}"></iframe>')
    time.sleep(1)
    assert not any(frame.url.startswith(studio.address) for frame in page.frames)
    page.close()
