"""What `check` says about rules, `parse(strict, lenient)`, and `format_rules`."""

from __future__ import annotations

import json
import pickle
import re
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sentry_ophio._ffi import ffi, lib
from sentry_ophio.codeowners import Codeowners
from sentry_ophio.enhancers import Cache, Diagnostic, Enhancements, fix_rules, format_rules
from sentry_ophio.exceptions import EnhancementsError
from sentry_ophio.fingerprints import FingerprintRules

PAGE = Path(__file__).resolve().parent.parent / "docs" / "diagnostics.md"
SHARED = PAGE.parents[2] / "shared" / "data"
NULL: Any = ffi.NULL

# --- the codes ----------------------------------------------------------------------


def sections() -> list[tuple[str, str, str]]:
    """Read the page: code, the example with the problem, the one without."""
    text = PAGE.read_text("utf-8") if PAGE.exists() else ""
    found = []
    for section in text.split("\n### ")[1:]:
        bad, good = re.findall(r"^```text\n(.*?)\n```$", section, re.MULTILINE | re.DOTALL)
        found.append((section[:6], bad, good))
    return found


@pytest.mark.parametrize(("code", "bad", "good"), sections())
def test_the_examples_of_the_page(code: str, bad: str, good: str) -> None:
    if code > "OPH400":
        host: Any = "gitlab" if code in {"OPH405", "OPH502", "OPH503"} else "github"
        paths = ["docs/index.md"] if code == "OPH505" else None
        check: Any = partial(Codeowners.check, dialect=host, paths=paths)
    else:
        check = Enhancements.check if code < "OPH200" else FingerprintRules.check
    if code == "OPH115":
        check = partial(Enhancements.check, profiling=True)
    assert {each.code for each in check(bad)} == {code}
    assert check(good) == []
    severity = "error" if code[:4] in {"OPH0", "OPH2", "OPH4"} else "warning"
    assert {each.severity for each in check(bad)} == {severity}


def test_every_code_is_on_the_page(source_tree: Path) -> None:
    codes = []
    for module in ("enhancements", "fingerprints", "codeowners"):
        table = source_tree / "core" / "src" / module / "codes.rs"
        codes += re.findall(r'= "(OPH\d+)"', table.read_text("utf-8"))
    assert len(codes) > 45
    assert [code for code, *_ in sections()] == codes


# --- a row a case -------------------------------------------------------------------

ROWS = Path(__file__).resolve().parent / "fixtures" / "diagnostics.jsonl"


@pytest.mark.parametrize(
    "row",
    [json.loads(line) for line in ROWS.read_text("utf-8").split("\n") if line],
    ids=lambda row: ascii(row["text"]),
)
def test_rows(row: dict[str, Any]) -> None:
    found = [
        {
            "span": f"{each.line}:{each.column}-{each.end_column}",
            "code": each.code,
            "message": each.message,
            "fix": each.fix and each.fix.replacement,
            "certain": each.fix is not None and each.fix.is_certain,
        }
        for each in Enhancements.check(row["text"], profiling=row.get("profiling", False))
    ]
    assert found == row["found"]
    assert fix_rules(row["text"]) == row.get("fixed", row["text"])
    if "fixed" in row and all(each["certain"] for each in row["found"]):
        assert not any(each.severity == "error" for each in Enhancements.check(row["fixed"]))


# --- random texts -------------------------------------------------------------------

PIECES = [
    *("function:", "path:", "family:", "app:", "type:", "funktion:", "stack.module:", "value:"),
    *("a", "**/b/**", "x*", "[", "]", "|", " ", " ", "\t", "é", "日", '"', "!", "#", "**.js", "\\"),
    *("native", "nativ", "yes", "max-frames=", "category=", "3", "0", "min-frames=x", "\r\n"),
    *("+app", "-app", "^-group", "v+app", "+prefix", "-sentinel", "\n", "\n", " +app", " -group\n"),
    *("function:a +app\n", "[ function:a ] | function:b -app\n", "# c\n", "\u3000", "\u2028", "\0"),
]
texts = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=14).map("".join),
    st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20),
)


def lines_of(text: str) -> list[str]:
    """Cut a text into lines as Rust does: a `\\r` belongs to a `\\n` that follows it."""
    *lines, last = text.split("\n")
    return [*(line[:-1] if line.endswith("\r") else line for line in lines), last]


def failure(text: str, **options: Any) -> EnhancementsError | None:
    try:
        Enhancements.parse(text, Cache(0), **options)
    except EnhancementsError as error:
        return error
    return None


@given(texts, st.booleans())
@example("function:a +app \u2028function:b", False)
@example("0\r", False)
def test_check_tells_what_parse_fails_with(text: str, lenient: bool) -> None:
    found = Enhancements.check(text, lenient=lenient)
    errors = [each for each in found if each.severity == "error"]
    failed = failure(text, lenient=lenient)
    assert bool(errors) == (failed is not None)
    if failed is not None:
        assert str(failed) == errors[0].details
    lines = lines_of(text)
    for each in found:
        assert each.source == lines[each.line - 1]
        assert 1 <= each.column <= each.end_column <= len(each.source) + 1
        assert len(str(each).split("\n")) >= 5
    places = [(each.line, each.column) for each in found]
    assert places == sorted(places)


ODD = [
    "\u00a0",
    "\u200b",
    "\u2013",
    "\u201ca b\u201d",
    "//",
    "'a b'",
    "`",
    ",",
    ";",
    "+in_app",
    "^ -app",
]
ODD += ["Function:a ", "level:x ", "in_app=true", "max_frames=3", " -> ", "function: a", "group "]
odd_texts = st.lists(st.sampled_from(PIECES + ODD), max_size=14).map("".join)


@given(odd_texts)
@example("function:a +sentinel -app")
@example("function:\u201ca\u201d \u201cb\u201d")
def test_lints_and_fixes_never_change_what_parses(text: str) -> None:
    failed = failure(text)
    found = Enhancements.check(text, profiling=True)
    assert any(each.severity == "error" for each in found) == (failed is not None)
    fixed = fix_rules(text)
    assert fix_rules(fixed) == fixed
    assert len(lines_of(fixed)) == len(lines_of(text))
    if failed is None:
        assert failure(fixed) is None
    # A fix is an edit of its line.
    for each in found:
        if each.fix is not None:
            assert 1 <= each.fix.column <= each.fix.end_column <= len(each.source) + 1
            assert "\n" not in each.fix.replacement
    # A line without a certain fix stays as it is.
    certain = {each.line for each in found if each.fix is not None and each.fix.is_certain}
    for number, (before, after) in enumerate(zip(lines_of(text), lines_of(fixed)), 1):
        assert number in certain or before == after


@given(texts)
def test_strict_fails_with_all_errors(text: str) -> None:
    plain, strict = failure(text), failure(text, strict=True)
    assert (plain is None) == (strict is None)
    if strict is not None:
        assert isinstance(strict, RuntimeError)
        assert list(strict.diagnostics) == Enhancements.check(text)
        for each in strict.diagnostics:
            assert (str(each) in str(strict)) == (each.severity == "error")


@given(texts)
def test_formatting_keeps_the_rules_and_is_done_once(text: str) -> None:
    if failure(text) is not None:
        with pytest.raises(EnhancementsError):
            format_rules(text)
        return
    formatted = format_rules(text)
    assert format_rules(formatted) == formatted
    before, after = (Enhancements.parse(each, Cache(0)) for each in (text, formatted))
    assert repr(after) == repr(before)
    assert len(after) == len(before)


# The rules of the package, and the large rule set if it is beside the project.
RULE_FILES = [
    Path(str(resources.files("sentry_ophio") / "data" / "default.rules")),
    *SHARED.glob("newstyle@2023-01-11.txt"),
]


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_formatting_keeps_real_rules(path: Path) -> None:
    text = path.read_text("utf-8")
    formatted = format_rules(text)
    assert format_rules(formatted) == formatted
    assert not [each for each in Enhancements.check(text) if each.severity == "error"]
    assert len(Enhancements.parse(formatted, Cache(0))) == len(Enhancements.parse(text, Cache(0)))


# --- one by one ---------------------------------------------------------------------


def test_the_default_rules_have_no_problem() -> None:
    text = (resources.files("sentry_ophio") / "data" / "default.rules").read_text("utf-8")
    assert [str(each) for each in Enhancements.check(text)] == []


def test_carets_stand_below_their_place() -> None:
    (found,) = Enhancements.check("\tfunction:日本é x=1")
    lines = str(found).split("\n")
    assert lines[3] == "1 |  function:日本é x=1"
    # Wide characters take two columns.
    assert lines[4] == "  | " + " " * 16 + "^"
    (found,) = Enhancements.check("function:" + "a" * 300 + " +ap")
    assert max(map(len, str(found).split("\n"))) < 140
    assert str(found).split("\n")[3].endswith("a +ap")
    drawn = Enhancements.check("\n\nx")[0].drawn("my.rules").split("\n")
    assert drawn[1] == " --> my.rules:3:1"


def test_diagnostics_are_values() -> None:
    (found,) = Enhancements.check("function:a +ap")
    assert found == Enhancements.check("function:a +ap")[0]
    assert pickle.loads(pickle.dumps(found)) == found
    assert len({found, *Enhancements.check("function:a +ap")}) == 1
    assert isinstance(found, Diagnostic)
    with pytest.raises(AttributeError):
        found.line = 2  # type: ignore[misc]


def test_without_strict_the_message_is_what_it_was() -> None:
    error = failure("function:a +app\nfunktion:b +app\nx")
    assert error is not None
    assert str(error) == (
        "Invalid syntax at `funktion:b +app`: failed to parse matchers:\n"
        "at `funktion:b +app`: failed to parse matcher\n"
        "Unknown matcher `funktion`"
    )
    assert error.diagnostics == ()


def test_lenient_keeps_the_other_actions() -> None:
    text = "function:a +prefix -group\nfunction:b v-sentinel\nfunction:c +app"
    rules = Enhancements.parse(text, Cache(10), lenient=True)
    assert len(rules) == 2
    assert [(each.line, each.code, each.severity) for each in rules.left_out] == [
        (1, "OPH014", "warning"),
        (2, "OPH014", "warning"),
    ]
    assert Enhancements.parse("function:c +app", Cache(0), lenient=True).left_out == ()
    with pytest.raises(EnhancementsError):
        Enhancements.parse(text, Cache(0))
    with pytest.raises(EnhancementsError):
        Enhancements.parse("x +prefix", Cache(0), lenient=True)


@pytest.mark.parametrize("wrong", [None, b"function:a +app", 1])
def test_other_types_are_refused(wrong: Any) -> None:
    for call in (Enhancements.check, format_rules):
        with pytest.raises(TypeError, match="must be a str"):
            call(wrong)
    with pytest.raises(UnicodeEncodeError):
        Enhancements.check("\ud800")


def test_many_rules_take_no_square_of_the_time() -> None:
    """With a loop in a loop these 40,000 rules would not end within this test."""
    text = "\n".join(f"function:f{number} +app" for number in range(40_000))
    assert Enhancements.check(text) == []
    text = "\n".join("function:f category:x +app" for _ in range(40_000))
    assert len(Enhancements.check(text)) >= 39_999


def test_the_c_functions_refuse_what_they_must() -> None:
    out = ffi.new("OphioEnhancementsDiagnostics **")
    assert lib.ophio_enhancements_check(b"\xff", 1, False, out) == lib.OPHIO_STATUS_INVALID_UTF8
    assert out[0] == ffi.NULL
    assert lib.ophio_enhancements_check(NULL, 1, False, out) == lib.OPHIO_STATUS_NULL_POINTER
    string: Any = ffi.new("OphioStr *")
    assert lib.ophio_enhancements_format(b"x", 1, string) == lib.OPHIO_STATUS_SYNTAX
    assert string.data == ffi.NULL
