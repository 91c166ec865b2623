"""The pages of `explain --html` and `preview --html`, also in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

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
    return subprocess.run(
        [sys.executable, "-m", "sentry_ophio", *arguments],
        capture_output=True,
        check=False,
        encoding="utf-8",
        cwd=folder,
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write both pages into a folder."""
    folder = tmp_path_factory.mktemp("pages")
    for number in range(3):
        event = EVENT if number == 1 else {"stacktrace": {"frames": FRAMES[:1]}}
        (folder / f"event{number}.json").write_text(json.dumps(event), "utf-8")
    (folder / "old.rules").write_text(OLD, "utf-8")
    (folder / "new.rules").write_text(NEW, "utf-8")
    for line in (
        "explain --rules new.rules --html explain.html event1.json",
        "preview --old old.rules --new new.rules --html preview.html"
        " event0.json event1.json event2.json",
    ):
        result = run(*line.split(), folder=folder)
        assert result.returncode == 0, result.stderr
        assert "html: written" in result.stderr
    return folder


@pytest.mark.parametrize("name", ["explain.html", "preview.html"])
def test_a_page_needs_nothing_else(pages: Path, name: str) -> None:
    text = (pages / name).read_text("utf-8")
    assert not re.findall(r"""(?:src|href)\s*=|url\(|@import|https?://""", text)
    assert "<script>alert" not in text
    assert "&lt;script&gt;" in text


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
    assert "not from standard input" in result.stderr


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
