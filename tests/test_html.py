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
