"""The pages of `explain --html` and `preview --html`, also in a real browser.

Those of fingerprint rules are made of events that are hostile: markup, escape sequences, halves of
surrogate pairs, and texts that are long.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from commands import run_command

pytest.importorskip("click")
pytest.importorskip("rich")
pytest.importorskip("jinja2")

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = Path(__file__).resolve().parent.parent / "Cargo.toml"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

FRAMES = [
    {"function": "serve<script>alert(1)</script>", "filename": "lib/server.py", "in_app": True},
    {"function": "total", "filename": "shop/cart.py", "lineno": 7},
    {"function": "log_it", "filename": "shop/log.py", "in_app": True},
]
EVENT = {"platform": "python", "stacktrace": {"frames": FRAMES}}
OLD = "path:**/lib/** -app category=framework\npath:**/shop/** +app\n"
NEW = OLD + "function:log_* -group\n"


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    done = run_command(*arguments, folder=folder)
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


HOSTILE = "</td></script><script>alert(1)</script><img src=x onerror=alert(2)>\x1b[31m\0\ud800'\"&"
FINGERPRINT_OLD = "level:error -> errors\n"
FINGERPRINT_NEW = """\
level:error tags.big:*  -> {{ tags.big }}
level:error             -> errors, {{ type }} title="{{ value }}"
message:*timeout*       -> "<script>alert(3)</script>", timeout
"""


def hostile(number: int) -> dict[str, Any]:
    values = [{"type": f"T{number % 2}", "value": HOSTILE}]
    return {"event_id": f"{number}{HOSTILE}", "level": "error", "exception": {"values": values}}


FINGERPRINT_EVENTS = [
    *(hostile(number) for number in range(4)),
    hostile(5) | {"tags": [["big", "x" * 300]]},
    {"logentry": {"formatted": f"{HOSTILE} timeout"}},
    {"logentry": {"formatted": "db timeout"}},
]


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write both pages into a folder."""
    folder = tmp_path_factory.mktemp("pages")
    for number in range(3):
        event = EVENT if number == 1 else {"stacktrace": {"frames": FRAMES[:1]}}
        (folder / f"event{number}.json").write_text(json.dumps(event), "utf-8")
    (folder / "old.rules").write_text(OLD, "utf-8")
    (folder / "new.rules").write_text(NEW, "utf-8")
    (folder / "fp-old.rules").write_text(FINGERPRINT_OLD, "utf-8")
    (folder / "fp-new.rules").write_text(FINGERPRINT_NEW, "utf-8")
    lines = "".join(json.dumps(event) + "\n" for event in FINGERPRINT_EVENTS)
    (folder / "&lt;.ndjson").write_text(lines, "utf-8")
    (folder / "hostile.json").write_text(json.dumps(FINGERPRINT_EVENTS[0]), "utf-8")
    for line in (
        "fingerprint explain --rules fp-new.rules --html fp-explain.html hostile.json",
        "fingerprint preview --old fp-old.rules --new fp-new.rules --html fp-preview.html"
        " &lt;.ndjson",
        "explain --rules new.rules --html explain.html event1.json",
        "preview --old old.rules --new new.rules --html preview.html"
        " event0.json event1.json event2.json",
    ):
        result = run(*line.split(), folder=folder)
        assert result.returncode == 0, result.stderr
        assert "html: written" in result.stderr
    return folder


FINGERPRINT_PAGES = ["fp-explain.html", "fp-preview.html"]
ALL_PAGES = ["explain.html", "preview.html", *FINGERPRINT_PAGES]


@pytest.mark.parametrize("name", ALL_PAGES)
def test_a_page_needs_nothing_else(pages: Path, name: str) -> None:
    text = (pages / name).read_text("utf-8")
    tags = re.sub(r'"[^"]*"', '""', text)  # what is in quotes is text, whatever it says
    assert not re.findall(r"<[^>]*(?:src|href)\s*=", tags)
    assert not re.findall(r"url\(|@import|https?://", text)
    assert "<script>alert" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text
    assert "\x1b" not in text
    assert "\0" not in text


@pytest.mark.parametrize("name", ALL_PAGES)
def test_a_page_allows_its_own_style_and_script_only(pages: Path, name: str) -> None:
    text = (pages / name).read_text("utf-8")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)
    rules = dict(each.split(" ", 1) for each in html.unescape(policy).split("; "))
    for what in ("default-src", "base-uri", "form-action"):
        assert rules.pop(what) == "'none'"
    for tag in ("style", "script"):
        (code,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
        assert rules.pop(f"{tag}-src") == f"'sha256-{digest}'"
    assert not rules


def test_preview_shows_what_changes_only(pages: Path) -> None:
    text = (pages / "preview.html").read_text("utf-8")
    assert text.count("<section>") == 1
    assert "event1.json" in text
    assert "event0.json" not in text
    assert "1 of 3 stack traces change" in text


def test_standard_input_is_read_once(tmp_path: Path) -> None:
    (tmp_path / "new.rules").write_text(NEW, "utf-8")
    result = run("preview", "--new", "new.rules", "--html", "x.html", "-", folder=tmp_path)
    assert result.returncode == 2
    assert "cannot read standard input" in result.stderr


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start Debian's chromium. It may be missing, but not where CI tests the sources."""
    if not (os.environ.get("CI") and SOURCES.is_file()):
        pytest.importorskip("playwright")
        if CHROMIUM is None:
            pytest.skip("chromium is not installed (apt install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


CHANGED = {
    "explain.html": ["serve<script>alert(1)</script>", "total", "log_it"],
    "preview.html": ["log_it"],
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["explain.html", "preview.html"])
def test_in_a_browser(pages: Path, browser: Any, name: str, scheme: str) -> None:
    page = browser.new_page(color_scheme=scheme)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: problems.append(request.url))
    page.goto((pages / name).as_uri())
    assert page.locator("tr.frame:visible").count() == 3
    assert page.locator("#count").inner_text() == "3 of 3 frames"

    # A click shows the steps, and another one hides them.
    button = page.get_by_role("button", name="log_it")
    steps = page.locator("tr.steps:visible")
    assert steps.count() == 0
    button.click()
    assert button.get_attribute("aria-expanded") == "true"
    assert "new.rules:3: function:log_* -group" in steps.inner_text()
    button.click()
    assert steps.count() == 0

    # The same by keyboard.
    button.focus()
    page.keyboard.press("Enter")
    assert steps.count() == 1

    # A slash goes to the filter, and the next key to what changes only.
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "filter"
    assert page.get_by_role("searchbox").input_value() == ""
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    changed = page.locator("tr.frame:visible")
    # A rule decided that `log_it` does not count, and changed nothing else of it.
    assert [each.split()[1] for each in changed.all_inner_texts()] == CHANGED[name]
    assert changed.count() == page.locator("tr.changed").count()
    assert page.locator("#count").inner_text() == f"{changed.count()} of 3 frames"
    page.get_by_role("checkbox", name="Only frames that change").uncheck()
    assert steps.count() == 1

    # The filter looks at functions, places, categories and rules.
    page.get_by_role("searchbox").fill("FRAMEWORK")
    assert page.locator("tr.frame:visible").count() == 1
    assert page.locator("#count").inner_text() == "1 of 3 frames"
    assert steps.count() == 0
    page.get_by_role("searchbox").fill("log_* -group")
    assert page.locator("tr.frame:visible").inner_text().startswith("2")
    page.get_by_role("searchbox").fill("nothing like it")
    assert page.locator("section:visible").count() == 0
    page.get_by_role("searchbox").fill("")
    assert page.locator("tr.frame:visible").count() == 3

    # Text can be read on its ground, in light and in dark.
    colors = page.evaluate(
        "() => [getComputedStyle(document.body).color,"
        " getComputedStyle(document.body).backgroundColor]"
    )
    text, ground = (sum(map(int, re.findall(r"\d+", color)[:3])) for color in colors)
    assert (text < ground) == (scheme == "light")
    assert abs(text - ground) > 400
    assert problems == [(pages / name).as_uri()]
    page.close()


def opened(browser: Any, path: Path, **options: Any) -> tuple[Any, list[str]]:
    """Open a page, and return it with a list of what goes wrong on it."""
    page = browser.new_page(**options)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    page.on("request", lambda request: problems.append(request.url))
    page.goto(path.as_uri())
    problems.remove(path.as_uri())
    return page, problems


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_changes_of_issues_in_a_browser(pages: Path, browser: Any, scheme: str) -> None:
    page, problems = opened(browser, pages / "fp-preview.html", color_scheme=scheme)
    assert "7 events: 3 issues before, 4 after" in page.locator("pre").inner_text()
    assert page.locator("h2").all_inner_texts() == [
        "split errors",
        "merge <script>alert(3)</script>, timeout",
    ]
    entries = page.locator("tr.entry:visible")
    assert entries.count() == 5
    assert page.locator("#count").inner_text() == "5 of 5 parts of issues"

    # A key shows the rules and the events, and another one hides them.
    details = page.locator("tr.details:visible")
    assert details.count() == 0
    button = page.get_by_role("button", name="errors, T0")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "true"
    shown = details.inner_text()
    assert "2 by fp-new.rules:2: level:error -> errors, {{ type }}" in shown
    assert "&lt;.ndjson:1 (0</td></script><script>alert(1)</script><img src=x" in shown
    page.keyboard.press("Space")
    assert details.count() == 0

    # A click on the row does the same.
    entries.nth(0).locator("td").nth(2).click()
    assert details.count() == 1

    # The filter looks at fingerprints, titles, rules and events.
    for wanted, count in (
        ("ERRORS, T", 2),
        ("fp-new.rules:3", 2),
        ("&LT;.ndjson:7", 1),
        ("db timeout", 1),
        ("onerror", 4),
        ("nothing like it", 0),
        ("", 5),
    ):
        page.get_by_role("searchbox").fill(wanted)
        assert entries.count() == count, wanted
        assert page.locator("#count").inner_text().startswith(f"{count} of 5")
    assert problems == []
    page.close()


def test_why_rules_match_in_a_browser(pages: Path, browser: Any) -> None:
    page, problems = opened(browser, pages / "fp-explain.html")
    assert page.locator("pre").inner_text().startswith("fingerprint of rule 1: errors, T0 (custom)")
    rows = [" ".join(text.split()) for text in page.locator("tr.entry").all_inner_texts()]
    assert [row.rsplit("fp-new.rules:")[-1] for row in rows] == ["1 no", "2 yes and wins", "3 no"]
    assert page.locator("tr.changed").count() == 1
    page.get_by_role("button", name="message:*timeout*").click()
    details = page.locator("tr.details:visible").inner_text()
    assert "messages: no entry of 1 satisfies all" in details
    assert "message:*timeout* fails on '</td></script><script>alert(1)" in details
    page.get_by_role("searchbox").fill("tags.big")
    assert page.locator("tr.entry:visible").count() == 1
    assert problems == []
    page.close()


@pytest.mark.parametrize("name", ALL_PAGES)
def test_a_page_fits_a_narrow_screen(pages: Path, browser: Any, name: str) -> None:
    page, problems = opened(browser, pages / name, viewport={"width": 480, "height": 800})
    for button in page.get_by_role("button").all():
        button.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= 480
    assert problems == []
    page.close()


MANY = [
    {"function": f"f{number}", "filename": "lib/a.py" * (number == 11) or "shop/b.py"}
    for number in range(12)
]


@pytest.fixture(scope="module")
def many(pages: Path) -> Path:
    """Write a page with an exception and more than ten frames, of which rules change one."""
    values = [{"type": "T", "value": "v" * 90, "stacktrace": {"frames": MANY}}]
    event = {"platform": "python", "exception": {"values": values}}
    (pages / "many.json").write_text(json.dumps(event), "utf-8")
    (pages / "one.rules").write_text("path:**/lib/** -app\nfunction:f3 -group", "utf-8")
    for command in (
        "explain --rules one.rules --html many.html many.json",
        "preview --old old.rules --new one.rules --html many-preview.html many.json",
    ):
        assert run(*command.split(), folder=pages).returncode == 0
    return pages


def test_what_a_page_says_about_the_event(many: Path, browser: Any) -> None:
    page, problems = opened(browser, many / "many.html")
    section = page.locator("section")
    assert section.locator("h2").inner_text() == "exception.values[0]"
    assert section.locator("p.error").inner_text() == f"T: {'v' * 90}"
    assert "Rules change 2 of 12 frames; " in section.locator("p.dim").inner_text()
    heads = page.locator("thead tr").first.locator("th").all_inner_texts()
    assert heads == ["#", "function", "place", "event", "rules"]
    # A rule changed `in_app` of one frame, and whether another one counts.
    differs = page.locator("td.differs")
    found = [each.locator("..").locator("td").first.inner_text() for each in differs.all()]
    assert sorted(set(found)) == ["11", "3"]
    assert page.locator("tr.changed").count() == 2
    assert problems == []
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [480, 900, 1400])
@pytest.mark.parametrize("name", ["many.html", "many-preview.html"])
def test_a_page_at_a_width(many: Path, browser: Any, name: str, width: int, scheme: str) -> None:
    viewport = {"width": width, "height": 800}
    page, problems = opened(browser, many / name, viewport=viewport, color_scheme=scheme)
    page.get_by_role("button", name="f3").click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # No number wraps: it is as high as one line.
    numbers = page.locator("tr.frame td.number")
    assert numbers.all_inner_texts() == [str(number) for number in range(12)]
    lines = numbers.evaluate_all(
        """all => all.map((each) => {
            const range = document.createRange();
            range.selectNodeContents(each);
            return range.getClientRects().length;
        })"""
    )
    assert set(lines) == {1}
    # On a narrow screen each value has its label, and a name has all of the width.
    value = page.locator("tr.frame td.word").first
    label = value.evaluate("each => getComputedStyle(each, '::before').content")
    assert ("in-app" in label) == (width == 480)
    function = page.locator("tr.frame td.function").first.bounding_box()
    assert function["width"] > (400 if width == 480 else 100)
    assert problems == []
    page.close()


def test_only_what_changes_of_fingerprints(pages: Path, browser: Any) -> None:
    for name, label, shown in (
        ("fp-preview.html", "Only parts that move", "tr.changed"),
        ("fp-explain.html", "Only rules that match", "tr.entry:has(.yes)"),
    ):
        page, problems = opened(browser, pages / name)
        count = page.locator(shown).count()
        assert 0 < count <= page.locator("tr.entry").count()
        page.get_by_role("checkbox", name=label).check()
        assert page.locator("tr.entry:visible").count() == count
        assert problems == []
        page.close()


@pytest.mark.parametrize("name", FINGERPRINT_PAGES)
def test_a_script_of_an_event_cannot_run(pages: Path, browser: Any, name: str) -> None:
    """Even if a text was not escaped: the policy does not allow it."""
    path = pages / f"broken-{name}"
    text = (pages / name).read_text("utf-8")
    path.write_text(text.replace("<h1>", "<h1><script>alert(4)</script>", 1), "utf-8")
    page, problems = opened(browser, path)
    assert page.locator("tr.entry").count() > 0
    assert page.locator("#count").inner_text() != ""
    (problem,) = problems
    assert "Content Security Policy" in problem
    page.close()


def test_explain_of_fingerprints_writes_a_page_instead(pages: Path) -> None:
    line = "fingerprint explain --rules fp-new.rules --rule 1 --html one.html hostile.json"
    result = run(*line.split(), folder=pages)
    assert (result.returncode, result.stdout) == (0, "")
    assert result.stderr == "one.html: written\n"
    assert (pages / "one.html").read_text("utf-8").count('<tr class="entry') == 1
