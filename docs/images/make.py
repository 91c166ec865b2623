"""Makes the pictures of the documentation from the real programs: `make images`.

The command line runs on a pseudo terminal, so that it prints in colour, and rich draws what it
printed; the pages of `--html` are opened in Debian's chromium.
"""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "benches"))

import fingerprint_preview  # noqa: E402

EVENT = ROOT / "tests" / "fixtures" / "events" / "python-checkout.json"
ORDERS = EVENT.with_name("node-orders.json")
RULES = """\
funktion:log_*        -app
function:{load,save}* +ap
family:nativ          +app
path:src**.py         -app
function:get          +app
function:get          -app
"""
# `studio` has these rules, then one more, and then a mistake.
STUDIO_SAVED = """\
# our code
module:shop.*           +app
path:**/site-packages/** -app
"""
STUDIO_TYPED = "function:handle_1*      -app category=handler\n"
STUDIO_MISTAKE = "funktion:log_* -group"

# A stack trace with each case of what counts, and its rules.
SHOP = {
    "event_id": "1",
    "platform": "python",
    "stacktrace": {
        "frames": [
            {
                "function": "main",
                "filename": "shop/main.py",
                "in_app": False,
                "data": {"orig_in_app": 1},
            },
            {"function": "total", "filename": "shop/cart.py", "lineno": 9, "in_app": True},
            {"function": "total", "filename": "shop/cart.py", "lineno": 9, "in_app": True},
            {"function": "log_error", "filename": "shop/log.py", "in_app": True},
            {"function": "send", "filename": "vendor/http.py", "in_app": True},
        ]
    },
}
SHOP_RULES = """\
path:**/vendor/**  -app +group
function:log_*     -group
"""

# How many columns the terminal has.
WIDTH = 96


def printed(folder: Path, *arguments: str, width: int = WIDTH) -> str:
    """Run the command line on a terminal and give what it printed."""
    master, slave = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(width), "TERM": "xterm-256color"}
    process = subprocess.Popen(
        [sys.executable, "-m", "sentry_ophio", *arguments],
        stdout=slave,
        stderr=slave,
        cwd=folder,
        env=environment,
    )
    os.close(slave)
    output = b""
    while True:
        try:
            data = os.read(master, 65536)
        except OSError:  # Linux reports a closed terminal as an error
            break
        if not data:
            break
        output += data
    process.wait()
    os.close(master)
    return output.decode().replace("\r\n", "\n")


def draw(name: str, command: str, output: str, width: int = WIDTH) -> None:
    """Draw a terminal."""
    console = Console(record=True, width=width, file=StringIO(), force_terminal=True)
    console.print(Text(f"$ {command}", style="bold"))
    console.print(Text.from_ansi(output.rstrip()))
    path = HERE / name
    console.save_svg(str(path), title="sentry-ophio", unique_id=path.stem)


def prepare_issues(folder: Path) -> str:
    """Write rules and events for `fingerprint preview`, and return what it prints."""
    (folder / "now.rules").write_text(fingerprint_preview.OLD, "utf-8")
    (folder / "then.rules").write_text(fingerprint_preview.NEW, "utf-8")
    with (folder / "events.ndjson").open("w", encoding="utf-8") as file:
        for event in fingerprint_preview.made(2_000):
            file.write(json.dumps(event) + "\n")
    command = ["fingerprint", "preview", "--old", "now.rules", "--new", "then.rules"]
    output = printed(folder, *command, "--html", "issues.html", "--most", "2", "events.ndjson")
    # Without the progress, which rewrites its line.
    return output.rpartition("\x1b[2K")[2].partition("issues.html: written\n")[2]


@contextmanager
def served(folder: Path, *arguments: str) -> Iterator[str]:
    """Start `studio`, and give its address."""
    command = [sys.executable, "-m", "sentry_ophio", "studio", "--no-browser", *arguments]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.stdout.readline().strip()
        finally:
            process.send_signal(signal.SIGINT)


def draw_studio(browser: Browser, folder: Path) -> None:
    """Draw the page of `studio` while rules are edited."""
    (folder / "studio.rules").write_text(STUDIO_SAVED, "utf-8")
    files = ("--rules", "studio.rules", "--fingerprints", "now.rules", "events.ndjson")
    with served(folder, *files) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 1150})
        page.goto(address)
        page.locator("#issues p").wait_for()
        page.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(STUDIO_TYPED)
        page.locator("#preview .list .link").first.click()
        page.locator("tr.frame.changed .toggle").first.wait_for()
        page.locator(".cm-content").click()
        page.keyboard.press("Control+End")
        page.keyboard.type(STUDIO_MISTAKE)
        page.locator("#stale:visible").wait_for()
        page.locator("tr.frame.changed .toggle").first.click()
        page.locator("#right").evaluate("element => { element.scrollTop = 0; }")
        page.screenshot(path=str(HERE / "studio.png"))
        page.close()


def main() -> None:
    """Make all pictures."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("chromium is not installed (apt install chromium)")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        (folder / "my.rules").write_text(RULES, "utf-8")
        shutil.copy(EVENT, folder / "event.json")
        draw("check.svg", "sentry-ophio check my.rules", printed(folder, "check", "my.rules"))
        output = printed(folder, "explain", "event.json").split("\n\n", maxsplit=1)[0]
        draw("explain.svg", "sentry-ophio explain event.json", output)
        (folder / "shop.json").write_text(json.dumps(SHOP), "utf-8")
        (folder / "shop.rules").write_text(SHOP_RULES, "utf-8")
        command = ("explain", "--rules", "shop.rules", "shop.json")
        output = printed(folder, *command, width=120).rstrip()
        draw("variants.svg", f"sentry-ophio {' '.join(command)}", output, 120)
        shutil.copy(ORDERS, folder / "orders.json")
        for width in (80, 120, 160):
            output = printed(folder, "apply", "orders.json", width=width)
            first = output.split("\n\n", maxsplit=1)[0]
            draw(f"apply-{width}.svg", "sentry-ophio apply orders.json", first, width)
        printed(folder, "explain", "--html", "report.html", "event.json")
        command = "fingerprint preview --old now.rules --new then.rules --most 2 events.ndjson"
        draw("issues.svg", f"sentry-ophio {command}", prepare_issues(folder))
        explain = "fingerprint explain --rules then.rules --html rules.html event.json"
        printed(folder, *explain.split())
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            for name, button, picture, height in (
                ("report.html", "run", "report.png", 720),
                ("issues.html", "no-price, stage", "issues.png", 860),
                ("rules.html", "message:", "rules.png", 480),
            ):
                page.set_viewport_size({"width": 1100, "height": height})
                page.goto((folder / name).as_uri())
                page.get_by_role("button", name=button).first.click()
                page.screenshot(path=str(HERE / picture))
            page.set_viewport_size({"width": 480, "height": 800})
            page.goto((folder / "report.html").as_uri())
            page.get_by_role("checkbox").check()
            page.screenshot(path=str(HERE / "report-480.png"))
            draw_studio(browser, folder)
            browser.close()


if __name__ == "__main__":
    main()
