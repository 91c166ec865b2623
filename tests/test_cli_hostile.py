"""Hostile text in everything that a command prints: no character that a terminal acts on, no
markup, no command of a GitHub workflow and no element of a page gets through."""

from __future__ import annotations

import ast
import base64
import gzip
import hashlib
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import run_on_terminal

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("jinja2")

import click
import click.testing

from sentry_ophio.cli import cli
from sentry_ophio.cli._output import json_of
from sentry_ophio.enhancers import Cache, Enhancements
from sentry_ophio.fingerprints import FingerprintRules

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="names of files cannot have control characters there"
)

# Goes back to the front of the line, sets the title of the window, clears the screen, blinks (no
# style of ours does), clears the screen by a character of C1, reverses the order, is markup of rich.
EVIL = "\r\x1b]0;owned\x07\x1b[2J\x1b[5;41m\x9b2J\u202eEVIL[red]x[/red]:smile:"
# In a name, in JSON and in the binary form a line feed is possible, too.
WORSE = f"{EVIL}\n::error file=a::owned<img src=x onerror=alert(1)>'\"></script>"
NAME = f"{EVIL}\n::error::owned<b>".replace("/", "")

FRAME = {
    "function": f"f{WORSE}",
    "filename": f"a{WORSE}",
    "abs_path": f"b{WORSE}",
    "module": f"m{WORSE}",
    "package": f"p{WORSE}",
    "lineno": 3,
    "in_app": True,
    "data": {"category": f"c{WORSE}"},
}
EVENT = {
    "event_id": f"id{WORSE}",
    "platform": "python",
    "message": f"message{WORSE}",
    "level": f"level{WORSE}",
    "tags": {f"key{WORSE}": f"tag{WORSE}"},
    "exception": {
        "values": [
            {
                "type": f"T{WORSE}",
                "value": f"v{WORSE}",
                "mechanism": {"type": f"m{WORSE}"},
                "stacktrace": {"frames": [FRAME, FRAME | {"function": "g"}]},
            }
        ]
    },
}
# No quotes and no white space: a pattern ends there.
LINE = EVIL.replace("\r", "")
PATTERN = "*" + LINE
RULES = f"function:*EVIL* -app\nfunction:g -group\nfunction:{PATTERN}* +app\n"
BAD_RULES = (
    f"{PATTERN}:x +app\nfunction:x +{PATTERN}\nfamily:{PATTERN} +app\nfunction:[{LINE} +app\n"
)
FINGERPRINTS = f'message:{PATTERN}* -> {LINE}, {{{{ type }}}} title="T{LINE} {{{{ value }}}}"\n'
BAD_FINGERPRINTS = f"{PATTERN}:x -> y\ntype:x -> {{{{ {LINE} }}}}\nnonsense{LINE}\n"
PATTERNS = f"[patterns]\nticket = '{EVIL[-8:]}'\n"

GOOD = f"good {NAME}.json"
MY = f"my {NAME}.rules"
BAD = f"bad {NAME}.rules"
PRINTS = f"prints {NAME}.rules"
MATCHES = f"matches {NAME}.rules"
BAD_PRINTS = f"bad prints {NAME}.rules"
STORED = f"stored {NAME}.json"
TERRAFORM = f"main {NAME}.tf"
PROJECT = f"project {NAME}.json"
COMPUTED = f"computed {NAME}.tf"
BINARY = f"binary {NAME}.bin"
OWNERS = f"owners {NAME}"
LOG = f"a log {NAME}.log"
NONE = f"none {NAME}"
DIGITS = f"digits {NAME}.toml"
SHRUNK = f"mapping {NAME}.txt"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a folder in which everything is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    texts = {
        GOOD: json.dumps(EVENT),
        f"array {NAME}.json": "[]",
        f"broken {NAME}.json": EVIL,
        f"wrong {NAME}.json": json.dumps({"stacktrace": {"frames": [{"function": {WORSE: 1}}]}}),
        f"empty {NAME}.json": json.dumps({"message": WORSE}),
        f"lines {NAME}.ndjson": f"{json.dumps(EVENT)}\n{EVIL}\n",
        MY: RULES,
        BAD: BAD_RULES,
        PRINTS: FINGERPRINTS,
        MATCHES: f'message:*EVIL* -> {LINE}, {{{{ type }}}} title="T{LINE} {{{{ value }}}}"\n',
        BAD_PRINTS: BAD_FINGERPRINTS,
        STORED: FingerprintRules.parse(FINGERPRINTS).to_json(),
        TERRAFORM: f"fingerprinting_rules = <<A\n{BAD_FINGERPRINTS}A\n"
        f"grouping_enhancements = <<-A\n{BAD_RULES}A\n",
        PROJECT: json.dumps(
            {"groupingEnhancements": BAD_RULES, "fingerprintingRules": BAD_FINGERPRINTS}
        ),
        COMPUTED: f"grouping_enhancements = {EVIL}",
        OWNERS: f"*.py @a\n*EVIL* ann{LINE}\n/[{LINE}]/ @b\n!{LINE} @c\n",
        LOG: f"a {EVIL} 10.0.0.1\n{WORSE}\nat a.b(X{LINE}:1)\n",
        DIGITS: f"{EVIL} = 1",
        SHRUNK: f"x{LINE} -> a:\n    void m{LINE}() -> b\n",
        f"other {SHRUNK}": "y -> b:\n",
    }
    for name, text in texts.items():
        (folder / name).write_bytes(text.encode())
    binary = Enhancements.parse(RULES, Cache(0)).to_config_structure()
    (folder / BINARY).write_bytes(binary)
    (folder / f"cut {NAME}.json.gz").write_bytes(gzip.compress(b"{}")[:9])
    (folder / f"latin {NAME}.log").write_bytes(b"\xff" + EVIL.encode() + b"\n\xfe\n")
    return folder


# What is printed for people, unless `--json` is in it; a page is written if `--html` is in it.
CASES: dict[str, list[str]] = {
    "apply": ["apply", "--rules", MY, GOOD],
    "apply, default rules": ["apply", GOOD],
    "apply, json": ["apply", "--json", "--rules", MY, GOOD],
    "apply, no stack trace": ["apply", f"empty {NAME}.json"],
    "apply, no file": ["apply", NONE],
    "apply, not JSON": ["apply", f"broken {NAME}.json"],
    "apply, no event": ["apply", f"array {NAME}.json", f"wrong {NAME}.json"],
    "apply, bad rules": ["apply", "--rules", BAD, GOOD],
    "apply, out": ["apply", "--out", f"o{NAME}.parquet", "--rules", MY, GOOD],
    "apply, bad out": ["apply", "--out", f"no{NAME}/o.parquet", GOOD],
    "events": ["events", "--out", f"e{NAME}.parquet", GOOD],
    "events, json": ["events", "--json", "--out", f"e{NAME}.parquet", GOOD],
    "events, skip": ["events", "--skip-bad", "--out", f"e{NAME}.parquet", f"lines {NAME}.ndjson"],
    "events, cut": ["events", "--out", f"e{NAME}.parquet", f"cut {NAME}.json.gz"],
    "explain": ["explain", "--rules", MY, GOOD],
    "explain, why not": ["explain", "--rules", MY, "--why-not", "2:0", GOOD],
    "explain, json": ["explain", "--json", "--rules", MY, "--why-not", "2:0", GOOD],
    "explain, html": ["explain", "--html", f"x{NAME}.html", "--rules", MY, GOOD],
    "explain, no rule": ["explain", "--rules", MY, "--why-not", f"{MY}:99:0", GOOD],
    "explain, no frame": ["explain", "--frame", "9", GOOD],
    "preview": ["preview", "--new", MY, GOOD],
    "preview, json": ["preview", "--json", "--new", MY, GOOD],
    "preview, html": ["preview", "--html", f"p{NAME}.html", "--new", MY, GOOD],
    "preview, bad events": ["preview", "--new", MY, f"lines {NAME}.ndjson", NONE],
    "check": ["check", BAD],
    "check, github": ["check", "--format=github", BAD],
    "check, json": ["check", "--json", BAD],
    "check, fix": ["check", "--fix", BAD],
    "check, profiling": ["check", "--profiling", MY, BAD],
    "check, no file": ["check", NONE],
    "check, base": ["check", "--base", BAD, BAD],
    "check, terraform": ["check", TERRAFORM, PROJECT],
    "check, terraform github": ["check", "--format=github", TERRAFORM, PROJECT],
    "check, terraform json": ["check", "--json", TERRAFORM, PROJECT],
    "check, computed": ["check", COMPUTED],
    "apply, base": ["apply", "--base", "default", "--base", MY, GOOD],
    "apply, terraform": ["apply", "--rules", TERRAFORM, GOOD],
    "fmt, terraform": ["fmt", "--check", TERRAFORM, PROJECT, f"{PROJECT}:7"],
    "rules": ["rules", EVIL],
    "fmt": ["fmt", "--check", MY, BAD],
    "fmt, lenient": ["fmt", "--check", "--lenient", MY, BAD],
    "fmt, json": ["fmt", "--check", "--json", MY],
    "encode": ["encode", BAD],
    "decode, json": ["decode", "--json", BINARY],
    "decode, no binary": ["decode", MY],
    "fingerprint check": ["fingerprint", "check", BAD_PRINTS],
    "fingerprint check, github": ["fingerprint", "check", "--format=github", BAD_PRINTS],
    "fingerprint check, json": ["fingerprint", "check", "--json", BAD_PRINTS],
    "fingerprint check, terraform": ["fingerprint", "check", TERRAFORM, PROJECT],
    "fingerprint fmt": ["fingerprint", "fmt", "--check", PRINTS, BAD_PRINTS],
    "fingerprint fmt, json": ["fingerprint", "fmt", "--check", "--json", PRINTS],
    "fingerprint explain": ["fingerprint", "explain", "--rules", PRINTS, GOOD],
    "fingerprint explain, stored": ["fingerprint", "explain", "--rules", STORED, GOOD],
    "fingerprint explain, json": ["fingerprint", "explain", "--json", "--rules", PRINTS, GOOD],
    "fingerprint explain, no rule": [
        *("fingerprint", "explain", "--rules", PRINTS, "--rule", f"{PRINTS}:99", GOOD)
    ],
    "fingerprint explain, html": [
        *("fingerprint", "explain", "--html", f"fx{NAME}.html", "--rules", PRINTS, GOOD)
    ],
    "fingerprint preview": ["fingerprint", "preview", "--new", MATCHES, GOOD],
    "fingerprint preview, all": [
        *("fingerprint", "preview", "--most", "0", "--old", PRINTS, "--new", MATCHES),
        *("--builtin", STORED, "--rules", MY, "--parameterize", GOOD, f"empty {NAME}.json"),
    ],
    "fingerprint preview, json": ["fingerprint", "preview", "--json", "--new", MATCHES, GOOD],
    "fingerprint preview, html": [
        *("fingerprint", "preview", "--html", f"fp{NAME}.html", "--new", MATCHES, GOOD)
    ],
    "fingerprint preview, bad events": [
        *("fingerprint", "preview", "--new", MATCHES, f"lines {NAME}.ndjson", NONE)
    ],
    "fingerprint preview, no event": ["fingerprint", "preview", "--new", PRINTS, NONE],
    "fingerprint preview, bad rules": ["fingerprint", "preview", "--new", BAD_PRINTS, GOOD],
    "owners": ["owners", "--file", OWNERS, f"a {NAME}.py", NAME],
    "owners, unowned": ["owners", "--file", OWNERS, "--unowned", f"a {NAME}.py", NAME],
    "owners, json": ["owners", "--file", OWNERS, "--json", f"a {NAME}.py", NAME],
    "owners, github": ["owners", "--file", OWNERS, "--format=github", f"a {NAME}.py", NAME],
    "owners, require": ["owners", "--file", OWNERS, "--require", NAME],
    "owners, check": ["owners", "--file", OWNERS, "--check", NAME],
    "owners check, github": ["owners", "--file", OWNERS, "--check", "--format=github", NAME],
    "owners check, json": ["owners", "--file", OWNERS, "--check", "--json", NAME],
    "owners, outside": ["owners", "--file", OWNERS, f"../{NAME}"],
    "owners, no file": ["owners", "--file", NONE, NAME],
    "owners, no repository": ["owners", "--repository", NONE],
    "owners, not for git": ["owners", "--file", OWNERS, "--repository", NONE],
    "parameterize, json": ["parameterize", "--json", LOG],
    "parameterize, counts": ["parameterize", "--counts", LOG],
    "parameterize, not UTF-8": ["parameterize", "--counts", f"latin {NAME}.log"],
    "parameterize, kinds": ["parameterize", "--only", EVIL, LOG],
    "parameterize, patterns": ["parameterize", "--patterns", DIGITS, LOG],
    "retrace, json": ["retrace", "--json", SHRUNK, LOG],
    "retrace, not UTF-8": ["retrace", "--json", SHRUNK, f"latin {NAME}.log"],
    "retrace, no file": ["retrace", SHRUNK, NONE],
    "retrace, no mapping": ["retrace", NONE, LOG],
    "retrace, no such identifier": ["retrace", "--uuid", EVIL, SHRUNK, LOG],
    "retrace, not a mapping": ["retrace", LOG, SHRUNK],
    "retrace, several mappings": ["retrace", "--json", ".", LOG],
    # Both end before there is a page.
    "studio, no file": ["studio", "--rules", NONE, GOOD],
    "studio, no event": ["studio", "--rules", MY, f"broken {NAME}.json", NONE],
    # Old versions of click take a name that begins with a sign for an option.
    "no such command": [f"x{EVIL}"],
    "no such option": ["check", f"--{EVIL}"],
    "no such value": ["check", f"--format={EVIL}", MY],
    "too many arguments": ["explain", EVIL, EVIL],
}


# These print no text of others.
SAY_NOTHING = {"parameterize, counts"}


def invoke(
    files: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], *, color: bool
) -> click.testing.Result:
    monkeypatch.chdir(files)
    if color:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm-256color")
    result = click.testing.CliRunner().invoke(cli, arguments, color=color)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def check_shown(output: str) -> None:
    """Fail if a terminal would act on anything but styles of ours."""
    assert "\x1b[5;41m" not in output
    plain = re.sub(r"\x1b\[[0-9;]*m", "", output)
    assert all(each.isprintable() or each == "\n" for each in plain), ascii(plain)


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_nothing_that_a_terminal_acts_on(
    files: Path, monkeypatch: pytest.MonkeyPatch, case: str, color: bool
) -> None:
    if "--out" in CASES[case]:
        pytest.importorskip("pyarrow")
    if CASES[case][0] == "studio":
        pytest.importorskip("uvicorn")
    result = invoke(files, monkeypatch, CASES[case], color=color)
    check_shown(result.output)
    # What was hostile is there, and can be read; a table folds it.
    folded = re.sub(r"\x1b\[[0-9;]*m|\s", "", result.output)
    assert "EVIL[red]x" in folded or case in SAY_NOTHING, result.output
    lines = result.output.split("\n")
    expected = "github" in case
    assert expected or not any(line.lstrip().startswith("::") for line in lines)


@pytest.mark.parametrize("case", [name for name in CASES if "json" in name])
def test_json_means_the_same(files: Path, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    if "--out" in CASES[case]:
        pytest.importorskip("pyarrow")
    result = invoke(files, monkeypatch, CASES[case], color=False)
    # Old versions of click have standard error in `stdout` as well, before or behind the JSON.
    lines = [result.stdout] if "check" in case else result.stdout.splitlines()
    lines = [line for line in lines if line[:1] in {"{", "["}]
    texts = "".join(str(json.loads(line)) for line in lines)
    assert "\\u202eEVIL[red]x" in texts


def test_json_of_any_text() -> None:
    for text in (WORSE, "\ud800", "\U0010ffff\U0001f600", "a\\b\"c'\u2028\t", "é日"):
        assert json.loads(json_of([text])) == [text]
        assert json_of([text]).isprintable()
    assert json.loads(json_of({WORSE: [1, None]}, indent=2)) == {WORSE: [1, None]}


@pytest.mark.parametrize(
    "case",
    [
        "check, github",
        "check, terraform github",
        "fingerprint check, github",
        "owners check, github",
    ],
)
def test_annotations_are_what_they_say(
    files: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    result = invoke(files, monkeypatch, CASES[case], color=False)
    for line in result.stdout.splitlines():
        match = re.fullmatch(
            r"::(error|warning) file=([^,:]*),line=\d+,col=\d+,endColumn=\d+,title=\w+::(.*)", line
        )
        assert match is not None, line
        unescaped = match[2].replace("%0A", "\n").replace("%0D", "\r").replace("%3A", ":")
        assert "%" not in unescaped.replace("%2C", "")
        assert "\n::error::owned" in unescaped
        # A percent sign in a message begins an escape of ours.
        assert re.fullmatch(r"([^%]|%25|%0A|%0D)*", match[3])


class Page(HTMLParser):
    """Reads a page, and keeps its elements and what scripts and styles contain."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.policies: list[str] = []
        self.contents: dict[str, list[str]] = {"script": [], "style": []}
        self.texts: list[str] = []
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, Any]]) -> None:
        self.elements.add(tag)
        self._inside = tag
        self.attributes |= {name for name, _ in attrs}
        self.texts += [value or "" for _, value in attrs]
        given = dict(attrs)
        if given.get("http-equiv") == "Content-Security-Policy":
            self.policies.append(given["content"])

    def handle_endtag(self, tag: str) -> None:
        del tag
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in self.contents:
            self.contents[self._inside].append(data)
        else:
            self.texts.append(data)


PACKAGE = Path(cli.callback.__code__.co_filename).parents[1]  # type: ignore[union-attr]
TEMPLATES = {
    "explain, html": "report.html.j2",
    "preview, html": "report.html.j2",
    "fingerprint explain, html": "fingerprint.html.j2",
    "fingerprint preview, html": "issues.html.j2",
}


def template_of(case: str) -> Page:
    """Return the elements and attributes of the templates of a page."""
    names = ("page.html.j2", TEMPLATES[case])
    text = "".join((PACKAGE / "data" / name).read_text("utf-8") for name in names)
    return Page(re.sub(r"\{[{%].*?[%}]\}", "", text))


@pytest.mark.parametrize("case", TEMPLATES)
def test_a_page_has_what_its_template_has(
    files: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    invoke(files, monkeypatch, CASES[case], color=False)
    arguments = CASES[case]
    page = Page((files / arguments[arguments.index("--html") + 1]).read_text("utf-8"))
    template = template_of(case)
    assert page.elements <= template.elements
    assert page.attributes <= template.attributes
    shown = "".join(page.texts)
    assert "onerror=alert(1)" in shown
    assert "\\x1b[2J" in shown
    assert all(each.isprintable() or each == "\n" for each in shown)
    # The policy is the only one, and allows the script and the style by their contents.
    (policy,) = page.policies
    expected = "default-src 'none'"
    for name in ("style", "script"):
        (content,) = page.contents[name]
        digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
        expected += f"; {name}-src 'sha256-{digest}'"
    assert policy == f"{expected}; base-uri 'none'; form-action 'none'"


SHOP = Path(__file__).resolve().parent / "fixtures" / "proguard" / "shop.mapping.txt"

# What a command returns for other programs is not changed on its way.
DATA: dict[str, tuple[list[str], bytes]] = {
    "fmt": (["fmt", "-"], RULES.encode()),
    "fingerprint fmt": (["fingerprint", "fmt", "-"], FINGERPRINTS.encode()),
    "retrace": (["retrace", str(SHOP), "-"], f"a\t{WORSE}\n".encode()),
    "parameterize": (["parameterize", "-"], f"a\t{WORSE}\n".encode()),
    "decode": (["decode", "-"], Enhancements.parse(RULES, Cache(0)).to_config_structure()),
    "encode": (["encode", "-"], RULES.encode()),
}


@pytest.mark.parametrize("case", DATA)
def test_results_are_whole_in_a_pipe_and_shown_on_a_terminal(case: str) -> None:
    arguments, data = DATA[case]
    result = click.testing.CliRunner().invoke(cli, arguments, input=data)
    assert result.exit_code == 0, result.output
    assert "\u202eEVIL".encode() in result.stdout_bytes

    command = [sys.executable, "-m", "sentry_ophio", *arguments]
    printed = run_on_terminal(command, stdin=data, PYTHONIOENCODING="utf-8")
    check_shown(printed.replace("\t", ""))
    assert "\\u202eEVIL" in printed


def commands(group: click.Group, prefix: str = "") -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{prefix}{name} ")
        else:
            yield prefix + name


def test_every_command_has_its_cases() -> None:
    for command in commands(cli):
        assert command in {name.partition(",")[0] for name in [*CASES, *DATA]}
        formats = {name.partition(", ")[2] for name in CASES if name.startswith(f"{command},")}
        options = {
            option for each in _command(command).params for option in each.opts if option[0] == "-"
        }
        assert "--json" not in options or "json" in formats, command
        assert "--html" not in options or "html" in formats, command
        assert "--format" not in options or "github" in formats, command


def _command(name: str) -> click.Command:
    found: click.Command = cli
    for each in name.split():
        found = found.commands[each]  # type: ignore[attr-defined]
    return found


# Ways to print, and the only module that may use them.
WAYS_OUT = {"print", "click.echo", "click.secho", "click.style", "sys.stdout", "sys.stderr"}
WAYS_OUT |= {"rich.console", "rich.text", "rich.print"}


def test_only_one_module_prints() -> None:
    folder = PACKAGE / "cli"
    found = set()
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute):
                used = ast.unparse(node)
            elif isinstance(node, ast.ImportFrom):
                used = node.module or ""
            elif isinstance(node, ast.Call):
                used = ast.unparse(node.func)
            else:
                continue
            if used in WAYS_OUT:
                found.add((path.name, used))
    allowed = {
        # These set how streams encode, and check if there is a terminal for a progress bar.
        ("__init__.py", "sys.stdout"),
        ("__init__.py", "sys.stderr"),
        ("_rows.py", "sys.stderr"),
        # For types only.
        ("_apply.py", "rich.console"),
        ("_apply.py", "rich.text"),
        ("_table.py", "rich.console"),
        ("_table.py", "rich.text"),
    }
    assert {each for each in found if each[0] != "_output.py"} == allowed
