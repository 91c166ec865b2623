"""`sentry-ophio fingerprint check`, `fmt` and `explain`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("click")
pytest.importorskip("rich")

from click.testing import CliRunner

from sentry_ophio import limits
from sentry_ophio.cli import cli
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.limits import Limit

if TYPE_CHECKING:
    from click.testing import Result

RULES = """\
type:A value:b  -> a
# a comment
message:*x*     -> {{ type }}, {{ sort }} title="T: {{ value }}"
level:error     -> {{ default }}, late
"""
EVENT = {
    "level": "error",
    "exception": {"values": [{"type": "A", "value": "x\x1b[31m"}]},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with rules and an event."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.rules").write_text(RULES, "utf-8")
    (tmp_path / "event.json").write_text(json.dumps(EVENT), "utf-8")
    (tmp_path / "good.rules").write_text("type:A -> a\n", "utf-8")
    (tmp_path / "bad.rules").write_text("typ:A -> a\ntype:A -> {{ typ }}\n", "utf-8")
    (tmp_path / "warn.rules").write_text("type:A -> {{ typ }}\n", "utf-8")
    (tmp_path / "ugly.rules").write_text('type:"A" -> "a"\nmessage:b -> b {{type}}\n', "utf-8")
    return tmp_path


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(cli, ["fingerprint", *arguments], input=stdin)


# --- check --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "shown"),
    [
        (["good.rules"], 0, "0 errors and 0 warnings in 1 file\n"),
        (["warn.rules"], 0, "warning[OPH304]: Unknown variable `typ`"),
        (["warn.rules", "--strict"], 1, "0 errors and 1 warning in 1 file"),
        (["bad.rules", "my.rules"], 1, " --> bad.rules:1:1\n"),
        (["bad.rules"], 1, "did you mean `type`?"),
        (["none.rules", "bad.rules"], 2, "Error: none.rules: No such file or directory\n"),
        (["my.rules", "--format=xml"], 2, "--format"),
        ([], 2, "RULES..."),
    ],
)
def test_check(arguments: list[str], code: int, shown: str) -> None:
    result = run("check", *arguments)
    assert result.exit_code == code
    assert shown in result.output


def test_check_standard_input() -> None:
    result = run("check", "-", stdin="type:A\n")
    assert result.exit_code == 1
    assert "--> standard input:1:7" in result.output


def test_check_writes_json() -> None:
    result = run("check", "--json", "good.rules", "bad.rules")
    assert result.exit_code == 1
    good, bad = json.loads(result.stdout)
    assert good == {"file": "good.rules", "diagnostics": []}
    assert [(each["code"], each["line"]) for each in bad["diagnostics"]] == [
        ("OPH202", 1),
        ("OPH304", 2),
    ]


def test_check_writes_annotations() -> None:
    (line, warning) = run("check", "--format=github", "bad.rules").stdout.splitlines()
    assert line == (
        "::error file=bad.rules,line=1,col=1,endColumn=4,title=OPH202::"
        "Unknown matcher `typ`; did you mean `type`?"
    )
    assert warning.startswith("::warning file=bad.rules,line=2,")


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("type: A -> a", "type:A -> a"),
        ("Type:A => a", "type:A -> a"),
        ("errorType:A\t-> a", "error.type:A -> a"),
        ("thread_id:1 \u00a0→ a", "thread.id:1  -> a"),
        ("[ type:a] | function:b -> c", "[ type:a ] | function:b -> c"),
        ('type:A -> {{ Type }} Title="x"', 'type:A -> {{ type }} title="x"'),
        ("family:Native -> a", "family:native -> a"),
        # These are guesses.
        ("typ:A -> a", "typ:A -> a"),
        ("type:A->a", "type:A->a"),
        ("type: value:b -> a", "type: value:b -> a"),
        ("os.name:iOS -> a", "os.name:iOS -> a"),
        ('type:A -> a name="x"', 'type:A -> a name="x"'),
        # Nothing else changes.
        ("# type: A\r\ntype: A -> a\r\n", "# type: A\r\ntype:A -> a\r\n"),
        ("type:A ->  a\n\n  level: b -> c", "type:A ->  a\n\n  level:b -> c"),
        # A line with more faults than rounds stays as it was.
        ("type:A ->" + "\ta" * 40 + "\ntype: B -> b", "type:A ->" + "\ta" * 40 + "\ntype:B -> b"),
    ],
)
def test_check_fixes_what_is_certain(folder: Path, text: str, fixed: str) -> None:
    path = folder / "draft.rules"
    path.write_bytes(text.encode())
    result = run("check", "--fix", "draft.rules")
    assert path.read_bytes().decode() == fixed
    assert ("draft.rules: fixed" in result.output) is (text != fixed)
    again = run("check", "--fix", "draft.rules")
    assert path.read_bytes().decode() == fixed
    assert again.exit_code == result.exit_code
    assert run("check", "--fix", "-").exit_code == 2


def test_check_fixes_rules_in_terraform(folder: Path) -> None:
    text = "x {\n  fingerprinting_rules = <<-EOT\n    type: A -> a\n  EOT\n}\n"
    (folder / "main.tf").write_text(text, "utf-8")
    assert run("check", "--fix", "main.tf").exit_code == 0
    assert (folder / "main.tf").read_text("utf-8") == text.replace("type: A", "type:A")


# --- base ---------------------------------------------------------------------------


def test_check_knows_the_rules_of_a_base(folder: Path) -> None:
    (folder / "base.rules").write_text("# first\ntype:A -> base\ntyp:x\n", "utf-8")
    result = run("check", "--base", "base.rules", "good.rules")
    assert "warning[OPH306]: line 2 of base.rules has the same matchers" in result.output
    assert "good.rules:1:1" in result.output
    assert "typ:x" not in result.output
    assert run("check", "--base", "none.rules", "good.rules").exit_code == 2


def test_explain_puts_a_base_in_front(folder: Path) -> None:
    (folder / "base.rules").write_text("# first\nlevel:error -> base\n", "utf-8")
    arguments = ("explain", "--base", "base.rules", "--rules", "my.rules", "event.json")
    result = run(*arguments, "--builtin", "good.rules")
    assert result.exit_code == 0
    assert "fingerprint of rule 0: base (custom)" in result.output
    for place in ("base.rules:2", "my.rules:1", "my.rules:4", "good.rules:1 (built-in)"):
        assert place in result.output
    assert result.output.count("(built-in)") == 1
    assert run(*arguments, "--rule", "my.rules:3").output.count(" -> ") == 1


# --- fmt ----------------------------------------------------------------------------


def test_fmt_writes_and_is_done_once(folder: Path) -> None:
    path = folder / "ugly.rules"
    text = path.read_text("utf-8")
    assert run("fmt", "--check", "ugly.rules").exit_code == 1
    assert path.read_text("utf-8") == text
    result = run("fmt", "ugly.rules")
    assert (result.exit_code, result.output) == (0, "ugly.rules: written\n")
    assert path.read_text("utf-8") == FingerprintRules.format(text)
    assert run("fmt", "--check", "ugly.rules").exit_code == 0


def test_fmt_standard_input() -> None:
    result = run("fmt", "-", stdin='type:"A" -> "a"')
    assert (result.exit_code, result.stdout) == (0, "type:A  -> a\n")
    assert run("fmt", "--json", "-").exit_code == 2


def test_fmt_writes_json() -> None:
    result = run("fmt", "--check", "--json", "ugly.rules")
    assert result.exit_code == 1
    # Before 8.2 click puts standard error in front of it.
    assert json.loads(result.stdout.splitlines()[-1]) == [{"file": "ugly.rules", "changed": True}]


def test_fmt_goes_on_after_a_file_that_is_not_valid(folder: Path) -> None:
    result = run("fmt", "bad.rules", "ugly.rules")
    assert result.exit_code == 2
    assert "error[OPH202]: Unknown matcher" in result.output
    assert "Error: bad.rules: 1 error in the rules" in result.output
    assert "ugly.rules: written" in result.output
    assert (folder / "bad.rules").read_text("utf-8").startswith("typ:A")


# --- explain ------------------------------------------------------------------------


def test_explain() -> None:
    result = run("explain", "--rules", "my.rules", "event.json")
    assert result.exit_code == 0
    assert (
        result.output
        == r"""event.json
  0 type:A value:b -> a  my.rules:1
      does not match
      exceptions: no entry of 1 satisfies all
          type:A holds on 1
          value:b fails on 'x\x1b[31m'
  1 message:*x* -> {{ type }}, {{ sort }} title="T: {{ value }}"  my.rules:3
      matches
      messages: entry 0 of 1 satisfies all
          message:*x* holds on 1
  2 level:error -> {{ default }}, late  my.rules:4
      matches, but an earlier rule wins
      log info: entry 0 of 1 satisfies all
          level:error holds on 1
fingerprint of rule 1: A, {{ sort }} (custom)
title: T: x\x1b[31m
"""
    )


@pytest.mark.parametrize(
    "rule",
    [
        "tags.environment:prod",
        "level:error",
        "release:1.2",
        "message:hi*",
        "stack.abs_path:**/app.py",
        "app:yes",
    ],
)
def test_events_of_the_web_api_are_read(folder: Path, rule: str) -> None:
    frames = [{"function": "f", "absPath": "/srv/app.py", "inApp": True}]
    web = {
        "eventID": "7",
        "release": {"version": "1.2"},
        "tags": [{"key": "environment", "value": "prod"}, {"key": "level", "value": "error"}],
        "entries": [
            {"type": "message", "data": {"formatted": "hi there"}},
            {"type": "exception", "data": {"values": [{"stacktrace": {"frames": frames}}]}},
        ],
    }
    (folder / "web.json").write_text(json.dumps(web), "utf-8")
    (folder / "web.rules").write_text(f"{rule} -> web\n", "utf-8")
    result = run("explain", "--rules", "web.rules", "web.json")
    assert result.exit_code == 0, result.output
    assert result.output.endswith("fingerprint of rule 0: web (custom)\n")
    result = run("preview", "--old", "good.rules", "--new", "web.rules", "web.json")
    assert "by web.rules:1" in result.output


def test_explain_can_parameterize_the_message() -> None:
    Path("message.rules").write_text("message:* -> {{ message }}", encoding="utf-8")
    event = {"logentry": {"formatted": "took 15ms"}}
    Path("message.json").write_text(json.dumps(event), encoding="utf-8")
    for options, expected in (((), "took 15ms"), (("--parameterize",), "took <duration>")):
        result = run("explain", "--rules", "message.rules", *options, "message.json")
        assert result.output.endswith(f"fingerprint of rule 0: {expected} (custom)\n")


def test_explain_writes_json() -> None:
    result = run("explain", "--rules", "my.rules", "--json", "--unknown=mark", "event.json")
    found: dict[str, Any] = json.loads(result.stdout)
    assert found["matched"] == 1
    assert found["fingerprint"] == ["A", "<unrecognized-variable-sort>"]
    assert (found["type"], found["title"]) == ("custom", "T: x\x1b[31m")
    assert [each["matches"] for each in found["rules"]] == [False, True, True]
    (scope,) = found["rules"][0]["scopes"]
    assert (scope["scope"], scope["entries"], scope["entry"]) == ("exceptions", 1, None)
    assert scope["matchers"][1]["matcher"]["pattern"] == "b"


@pytest.mark.parametrize("only", ["2", "my.rules:4"])
def test_explain_one_rule(only: str) -> None:
    result = run("explain", "--rules", "my.rules", "--rule", only, "--json", "event.json")
    assert [each["index"] for each in json.loads(result.stdout)["rules"]] == [2]


def test_explain_with_the_stored_form_and_built_in_rules(folder: Path) -> None:
    (folder / "rules.json").write_text(FingerprintRules.parse("type:B -> b").to_json(), "utf-8")
    result = run("explain", "--rules", "rules.json", "--builtin", "my.rules", "event.json")
    assert "my.rules:3 (built-in)" in result.output
    assert "fingerprint of rule 2: " in result.output


def test_explain_an_event_from_standard_input() -> None:
    result = run("explain", "--rules", "my.rules", "-", stdin="{}")
    assert result.exit_code == 0
    assert result.output.endswith("no rule matches\n")


def test_explain_an_event_with_a_byte_order_mark(folder: Path) -> None:
    path = folder / "event.json"
    plain = run("explain", "--rules", "my.rules", "event.json")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    marked = run("explain", "--rules", "my.rules", "event.json")
    assert (marked.exit_code, marked.output) == (0, plain.output)


@pytest.mark.parametrize(
    ("arguments", "stdin", "shown"),
    [
        (["event.json"], "", "--rules"),
        (["--rules", "my.rules", "none.json"], "", "none.json: No such file or directory"),
        (["--rules", "none.rules", "event.json"], "", "none.rules: No such file or directory"),
        (["--rules", "bad.rules", "event.json"], "", "bad.rules: 1 error in the rules"),
        (["--rules", "my.rules", "-"], "{", "-: not JSON: "),
        (["--rules", "my.rules", "-"], "{", "(line 1, column 2)"),
        (["--rules", "my.rules", "-"], "[" * 100_000, "-: not an event: it is nested too deeply"),
        (["--rules", "my.rules", "-"], "[]", "-: an event must be an object, not list"),
        (["--rules", "my.rules", "--rule", "3", "-"], "{}", "there is no rule 3: there are 3"),
        (["--rules", "my.rules", "--rule", "x", "-"], "{}", "RULE or FILE:LINE"),
        (["--rules", "my.rules", "--rule", "my.rules:2", "-"], "{}", "no rule in line 2"),
    ],
)
def test_explain_says_what_it_cannot_use(arguments: list[str], stdin: str, shown: str) -> None:
    result = run("explain", *arguments, stdin=stdin)
    assert result.exit_code == 2
    assert shown in result.output


def test_a_limit_is_reported_with_the_file() -> None:
    before = limits.get(Limit.RULE_BYTES)
    limits.set(Limit.RULE_BYTES, 4)
    try:
        for command in (["check"], ["fmt"], ["explain", "event.json", "--rules"]):
            result = run(*command, "good.rules")
            assert result.exit_code == 2
            assert result.output.startswith("Error: good.rules: ")
    finally:
        limits.set(Limit.RULE_BYTES, before)
