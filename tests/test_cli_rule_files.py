"""Rules in Terraform files and in the JSON of Sentry's API, and rules put in front by `--base`."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from commands import run_command
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("click")
pytest.importorskip("rich")

from sentry_ophio.cli._error import InputError
from sentry_ophio.cli._rule_files import ENHANCEMENTS, FINGERPRINTS, RuleFile, rule_file
from sentry_ophio.enhancers import Cache, Enhancements

if TYPE_CHECKING:
    from pathlib import Path

TERRAFORM = """\
# grouping_enhancements = <<EOT in a comment
/* grouping_enhancements = "function:a +app" */
variable "grouping_enhancements" { default = null }
resource "sentry_project" "one" {
  name                  = "grouping_enhancements = \\"${join(",", ["}"])}\\""
  fingerprinting_rules  = <<-EOT
    # ours
    type:Down       -> down
    massage:*x* -> {{ default }}, $${{ x }}
  EOT
  grouping_enhancements = <<-RULES
    # ours
    stack.function:panic_handler ^-group
    funktion:my_* +app

    function:a -app   # EOT
  RULES
}
resource "sentry_project" "two" {
  grouping_enhancements = "function:\\"b c\\" -app\\nfunction:a\\t+ap\\n"
}
module "three" {
  grouping_enhancements = var.grouping_enhancements
}
"""
PROJECT = """\
[{"slug": "one", "platform": null,
  "groupingEnhancements": "# \\u00e9\\nfunction:\\u00e9\\"x +ap",
  "fingerprintingRules": "massage:a -> b"}]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "main.tf").write_text(TERRAFORM, "utf-8")
    (tmp_path / "project.json").write_text(PROJECT, "utf-8")
    frames = [{"function": "a", "filename": "a.py", "in_app": True}]
    event = {"platform": "python", "stacktrace": {"frames": frames}}
    (tmp_path / "event.json").write_text(json.dumps(event), "utf-8")
    return tmp_path


def run(line: str, folder: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    done = run_command(*line.split(), folder=folder, stdin=stdin)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def where(folder: Path, command: str) -> list[str]:
    """Return where problems are, and what is there in the file."""
    result = run(f"{command} --json", folder)
    assert result.stderr == ""
    found = []
    for file in json.loads(result.stdout):
        lines = (folder / file["file"].partition(":")[0]).read_text("utf-8").split("\n")
        for each in file["diagnostics"]:
            line = lines[each["line"] - 1]
            span = line[each["column"] - 1 : each["end_column"] - 1]
            found.append(f"{each['line']}:{each['column']} {span}")
    return found


@pytest.mark.parametrize(
    ("command", "problems"),
    [
        ("check main.tf", ["14:5 funktion", "20:64 ap"]),
        ("check main.tf:12", ["14:5 funktion"]),
        ("check main.tf:20", ["20:64 ap"]),
        ("check project.json", ["2:58 ap"]),
        ("fingerprint check main.tf", ["9:5 massage"]),
        ("fingerprint check project.json", ["3:27 massage"]),
    ],
)
def test_check_reports_the_line_and_column_of_the_file(
    folder: Path, command: str, problems: list[str]
) -> None:
    assert where(folder, command) == problems


def test_check_draws_the_rule(folder: Path) -> None:
    result = run("check main.tf project.json", folder)
    assert result.returncode == 1
    assert (
        "  --> main.tf:14:5\n   |\n14 |     funktion:my_* +app\n   |     ^^^^^^^^" in result.stdout
    )
    assert " --> main.tf:20:64, line 2 of grouping_enhancements\n" in result.stdout
    assert (
        ' --> project.json:2:58, line 2 of groupingEnhancements\n  |\n2 | function:é"x +ap\n'
        in (result.stdout)
    )
    result = run("check --format=github main.tf:12", folder)
    assert result.stdout.startswith("::error file=main.tf,line=14,col=5,endColumn=13,")


def test_standard_input_may_be_both(folder: Path) -> None:
    for stdin in (TERRAFORM, PROJECT):
        result = run("check --json -", folder, stdin.encode())
        assert result.returncode == 1
        assert "OPH009" in result.stdout


def test_fmt_changes_the_rules_only(folder: Path) -> None:
    path = folder / "main.tf"
    good = TERRAFORM.replace("funktion", "function").replace("+ap\\n", "+app\\n")
    path.write_bytes(b"\xef\xbb\xbf" + good.encode())
    path.chmod(0o640)
    assert run("fmt --check main.tf", folder).returncode == 1
    result = run("fmt main.tf", folder)
    assert (result.returncode, result.stderr) == (0, "main.tf: written\n")
    expected = good.replace("stack.function:panic_handler ^", "function:panic_handler  ^")
    expected = expected.replace("function:my_* +app", "function:my_*           +app")
    expected = expected.replace("function:a -app   # EOT", "function:a  -app  # EOT")
    expected = expected.replace("a\\t+app", "a      +app").replace('c\\" -app', 'c\\"  -app')
    assert path.read_bytes().decode() == "\ufeff" + expected
    assert path.stat().st_mode & 0o777 == 0o640
    assert run("fmt --check main.tf", folder).returncode == 0

    path.write_text(TERRAFORM.replace("massage", "message"), "utf-8")
    assert run("fingerprint fmt main.tf", folder).returncode == 0
    lines = path.read_text("utf-8").split("\n")
    assert lines[7:9] == [
        "    type:Down    -> down",
        '    message:*x*  -> {{ default }}, "$", {{ x }}',
    ]
    assert lines[:7] + lines[9:] == TERRAFORM.split("\n")[:7] + TERRAFORM.split("\n")[9:]


def test_fmt_changes_one_of_several_texts(folder: Path) -> None:
    (folder / "main.tf").write_text(TERRAFORM.replace("+ap\\n", "+app"), "utf-8")
    result = run("fmt main.tf:20", folder)
    assert (result.returncode, result.stderr) == (0, "main.tf:20: written\n")
    changed = (folder / "main.tf").read_text("utf-8").split("\n")
    assert changed[19].endswith('= "function:\\"b c\\"  -app\\nfunction:a      +app"')
    assert changed[:19] == TERRAFORM.split("\n")[:19]


def test_fmt_of_json(folder: Path) -> None:
    (folder / "project.json").write_text(PROJECT.replace("+ap", "  +app"), "utf-8")
    assert run("fmt project.json", folder).returncode == 0
    expected = PROJECT.replace("+ap", " +app")
    assert (folder / "project.json").read_text("utf-8") == expected
    result = run("fmt -", folder, PROJECT.replace("+ap", "  +app").encode())
    assert result.stdout == expected


def test_fmt_leaves_a_file_with_an_error(folder: Path) -> None:
    result = run("fmt main.tf", folder)
    assert result.returncode == 2
    assert (folder / "main.tf").read_text("utf-8") == TERRAFORM


def test_explanations_name_lines_of_the_file(folder: Path) -> None:
    (folder / "main.tf").write_text(TERRAFORM.replace("funktion", "function"), "utf-8")
    result = run("explain --rules main.tf:16 event.json", folder)
    assert (result.returncode, result.stderr) == (0, "")
    assert "main.tf:16  function:a -app" in result.stdout
    (folder / "project.json").write_text(json.dumps({"groupingEnhancements": "\nfunction:a -app"}))
    result = run("explain --rules project.json event.json", folder)
    assert "project.json#groupingEnhancements:2  function:a -app" in result.stdout
    for command in ("apply --json --rules", "preview --json --new"):
        result = run(f"{command} main.tf:16 event.json", folder)
        assert (result.returncode, result.stderr.strip()) == (0, "")
        assert "function:a -app" in result.stdout
    result = run("encode main.tf:16 -o x", folder)
    assert run("decode x", folder).stdout.endswith("function:a -app\n")
    result = run("fingerprint explain --rules main.tf --json event.json", folder)
    assert result.returncode == 2
    good = TERRAFORM.replace("massage", "message")
    (folder / "main.tf").write_text(good, "utf-8")
    result = run("fingerprint explain --rules main.tf event.json", folder)
    assert "main.tf:9" in result.stdout
    result = run("fingerprint preview --new main.tf --json event.json", folder)
    assert json.loads(result.stdout)["new_rules"][0]["line"] == 8


@pytest.mark.parametrize(
    ("name", "content", "error"),
    [
        ("a.tf", "", "there is no `grouping_enhancements` in this Terraform file"),
        ("a.tf", "x = y\n", "there is no `grouping_enhancements` in this Terraform file"),
        ("a.tf", "\n grouping_enhancements = file(x)", "a.tf:2:26: Terraform computes"),
        ("a.tf", "x.grouping_enhancements = <<EOT\nEOT\n", "there is no"),
        ("a.tf", "grouping_enhancements == \"a\"", "there is no"),
        ("a.tf", "grouping_enhancements = null", "there is no"),
        ("a.tf", "grouping_enhancements = <<EOT\nx\n", "a.tf:1:25: the heredoc EOT has no end"),
        ("a.tf", "grouping_enhancements = \"x\n", "a.tf:1:25: the text has no end"),
        ("a.tf", "grouping_enhancements = \"", "a.tf:1:25: the text has no end"),
        ("a.tf", "grouping_enhancements = \"\\ud800\"", "a.tf:1:25: half of a surrogate pair"),
        ("a.tf", "grouping_enhancements = \"a${b}\"", "a.tf:1:27: Terraform computes a part"),
        ("a", "grouping_enhancements = <<A\n%{if x}\nA", "a:2:1: Terraform computes a part"),
        ("a.json", "{", "a.json: not JSON"),
        ("a.json", "[" * 100_000, "a.json: not JSON"),
        ("a.json", "{}", "there is no `groupingEnhancements` or `grouping_enhancements`"),
        ("a", '{"x": "groupingEnhancements"}', "there is no"),
        ("a", '{"groupingEnhancements": null, "x": "y"}', "there is no"),
        ("a", '{"groupingEnhancements": "\\ud800"}', "a:1:26: half of a surrogate pair"),
    ],
)  # fmt: skip
def test_a_file_without_rules(name: str, content: str, error: str) -> None:
    with pytest.raises(InputError) as raised:
        rule_file(name, content, ENHANCEMENTS)
    assert error in raised.value.message


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("grouping_enhancements = <<EOT\na\nEOT\n", "a\n"),
        ("grouping_enhancements=<<-EOT\n  a\n   b\n  EOT\n", "  a\n   b\n"),
        ("grouping_enhancements = <<EOT\r\na\r\nEOT\r\n", "a\r\n"),
        ("grouping_enhancements = <<EOT\nEOT", ""),
        ("grouping_enhancements = <<E-1\nE\n E-1", "E\n"),
        ("grouping_enhancements = trimspace(<<EOT\na\nEOT\n)", "a\n"),
        ('{ "grouping_enhancements" : "a" }', "a"),
        ('x = { "grouping_enhancements" = "a" }', "a"),
        ('grouping_enhancements : "a\\u00e9\\U0001F600\\q$${%%{"', "aé\U0001f600q${%{"),
        ('a = <<X\ngrouping_enhancements = "b"\nX\ngrouping_enhancements = "a"', "a"),
        ('a = "\\"" \ngrouping_enhancements = "a" # x', "a"),
        ('a = "${b("x")}" \ngrouping_enhancements = "a"', "a"),
        ('a = "${b(\n"x")}" \ngrouping_enhancements = "a"', "a"),
        ('a = "$${" \ngrouping_enhancements = "a"', "a"),
        ('grouping_enhancements = x\ngrouping_enhancements = "a"', "a"),
        ('// grouping_enhancements = x\n# "\n/* " */ grouping_enhancements = "a"', "a"),
        ('my_grouping_enhancements = "b"\ngrouping_enhancements = "a"', "a"),
    ],
)  # fmt: skip
def test_texts_in_terraform(content: str, text: str) -> None:
    found = rule_file("a.tf", content, ENHANCEMENTS)
    assert [each.text for each in found.texts] == [text]


RULES = st.text(st.sampled_from('ab #:-\n\t"\\${%é\U0001f600'), max_size=40)


def check_places(file: RuleFile, text: str) -> None:
    """Fail if a character that needs no escape is elsewhere in the file."""
    (found,) = file.texts
    assert found.text == text
    lines = file.content.split("\n")
    for line, each in enumerate(text.split("\n"), 1):
        for column, character in enumerate(each, 1):
            if character in "ab #:-é":
                row, place = file.place(found, line, column)
                assert lines[row - 1][place - 1] == character
    assert file.changed(lambda old: old) == file.content


@given(RULES)
def test_each_character_has_its_place(text: str) -> None:
    document = json.dumps({"a": 'b"', "fingerprintingRules": text}, indent=1)
    file = rule_file("x", document, FINGERPRINTS)
    # Without a line feed at the end the rules stay so.
    assert json.loads(file.changed(lambda old: old + "\n" * (not old.endswith("\n")))) == (
        json.loads(document)
    )
    if text.isascii():
        check_places(file, text)
    check_places(
        rule_file("x", json.dumps({"fingerprintingRules": text}, ensure_ascii=False), FINGERPRINTS),
        text,
    )
    escaped = text.replace("${", "$${").replace("%{", "%%{")
    if "$$${" not in escaped and "%%%{" not in escaped:
        quoted = escaped.replace("\\", "\\\\").replace('"', '\\"')
        quoted = quoted.replace("\n", "\\n").replace("\t", "\\t")
        content = f'# é\nfingerprinting_rules = "{quoted}" # x'
        check_places(rule_file("x.tf", content, FINGERPRINTS), text)
        body = "".join(line.strip(" \t") + "\n" for line in escaped.split("\n"))
        content = f"fingerprinting_rules = <<X\n{body}X\n"
        plain = "".join(line.strip(" \t") + "\n" for line in text.split("\n"))
        check_places(rule_file("x.tf", content, FINGERPRINTS), plain)


@given(st.text(st.sampled_from('"\\${}%<-EOT\n/*#= g')))
def test_any_text_is_read_or_an_error(text: str) -> None:
    content = text.replace("g", "grouping_enhancements")
    for name in ("a.tf", "a.json", "a"):
        try:
            file = rule_file(name, content, ENHANCEMENTS)
        except InputError:
            continue
        assert file.texts
        for each in file.texts:
            assert 0 <= each.start <= each.end <= len(content)


def test_a_long_file_takes_linear_time() -> None:
    for content in (
        '"' * 200_000,
        "/*" * 100_000,
        "${" * 100_000,
        "<<A\n" * 50_000,
        '"${' * 70_000,
    ):
        with pytest.raises(InputError):
            rule_file("a.tf", content, ENHANCEMENTS)


# --- --base, and the default rules --------------------------------------------------


@pytest.fixture
def sets(folder: Path) -> Path:
    (folder / "a.rules").write_text("funktion:x\n", "utf-8")
    (folder / "b.rules").write_text("function:a category=b\n# b\nfunction:b -app", "utf-8")
    (folder / "c.rules").write_text("category:b -app\n", "utf-8")
    (folder / "d.rules").write_text("category:b +app\n", "utf-8")
    return folder


def in_app(result: subprocess.CompletedProcess[str]) -> bool:
    assert (result.returncode, result.stderr) == (0, "")
    (frame,) = json.loads(result.stdout.split("\n")[0])["stacktraces"][0]["frames"]
    found: bool = frame["in_app"]
    return found


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("--rules c.rules", True),
        ("--base b.rules --rules c.rules", False),
        ("--rules c.rules --base b.rules", False),
        ("--base c.rules --rules b.rules", True),
        ("--base b.rules --base c.rules", False),
        ("--base b.rules --base c.rules --rules d.rules", True),
        ("--base b.rules --rules d.rules --rules c.rules", False),
        ("--base default", True),
    ],
)
def test_base_is_in_front(sets: Path, options: str, expected: bool) -> None:
    assert in_app(run(f"apply --json {options} event.json", sets)) is expected


def test_base_in_other_commands(sets: Path) -> None:
    result = run("explain --base b.rules --rules c.rules event.json", sets)
    places = re.findall(r"\w\.rules:\d", result.stdout)
    assert places == ["b.rules:1", "c.rules:1"]
    result = run("preview --json --base b.rules --new c.rules event.json", sets)
    report = json.loads(result.stdout)
    assert [each["source"] for each in report["old_rules"]] == ["b.rules"] * 2
    assert [each["source"] for each in report["new_rules"]] == ["b.rules"] * 2 + ["c.rules"]
    assert run("encode --base b.rules c.rules -o x", sets).returncode == 0
    assert run("decode x", sets).stdout.split("\n") == [
        *("function:a category=b", "function:b -app", "category:b -app", "")
    ]
    result = run(
        "fingerprint preview --new f --rules-base b.rules --rules c.rules --json event.json", sets
    )
    assert result.stderr.startswith("Error: f: ")
    result = run("apply --base none --rules c.rules event.json", sets)
    assert (result.returncode, result.stderr) == (2, "Error: none: No such file or directory\n")


def test_check_knows_the_rules_of_base(sets: Path) -> None:
    (sets / "e.rules").write_text("function:c +app\nfunction:b -app\nfunction:c +app\n", "utf-8")
    result = run("check --json --base c.rules --base b.rules e.rules", sets)
    found = [
        (each["line"], each["message"])
        for each in json.loads(result.stdout)[0]["diagnostics"]
        if each["message"].endswith("has the same rule")
    ]
    assert found == [
        (2, "line 3 of b.rules has the same rule"),
        (3, "line 1 has the same rule"),
    ]
    # Their own problems are not reported.
    result = run("check --base a.rules d.rules", sets)
    assert "funktion" not in result.stdout


def test_the_default_rules_are_printed(sets: Path) -> None:
    result = run("rules", sets)
    assert (result.returncode, result.stderr) == (0, "")
    rules = Enhancements.parse(result.stdout, Cache(0))
    assert [each.canonical for each in rules.rules] == [
        each.canonical for each in Enhancements.default().rules
    ]
    # A line of an explanation is one of what is printed.
    (sets / "lib.json").write_text(
        json.dumps(
            {
                "platform": "python",
                "stacktrace": {"frames": [{"filename": "/usr/lib/python3.9/x.py"}]},
            }
        ),
        "utf-8",
    )
    explained = run("explain --base default --rules c.rules lib.json", sets).stdout
    line = re.search(r"default rules:(\d+)  (.*)", explained)
    assert line is not None
    assert result.stdout.split("\n")[int(line[1]) - 1] == line[2]


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("apply", ["--rules", "--base"]),
        ("explain", ["--rules", "--base"]),
        ("preview", ["--old", "--new", "--base"]),
        ("check", ["--base"]),
        ("encode", ["--base"]),
        ("fingerprint preview", ["--rules", "--base"]),
    ],
)
def test_help_says_what_can_be_repeated(folder: Path, command: str, options: list[str]) -> None:
    text = " ".join(run(f"{command} --help", folder).stdout.split())
    for option in options:
        described = re.search(rf" {option} FILE (.*?)(?= -\w| --\w|$)", text)
        assert described is not None
        assert "Can be repeated" in described[1]
