"""Checks the site as it was built: `python docs/ophiodoc/check.py build/docs`.

Every link within it leads to a page that is there, with the anchor; and no page asks another
host for anything (a font, a script, a picture), so that it can be read offline and no
other host learns who reads it.
"""

from __future__ import annotations

import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What a browser fetches by itself: element and attribute.
FETCHED = {
    *(("img", "src"), ("img", "srcset"), ("script", "src"), ("iframe", "src"), ("source", "src")),
    *(("source", "srcset"), ("video", "src"), ("audio", "src"), ("object", "data")),
    *(("embed", "src"), ("input", "src"), ("image", "href"), ("use", "href")),
}
# Links in the head that a browser does not load.
TOLD = {"index", "search", "next", "prev", "canonical", "author", "license"}
_IN_CSS = re.compile(r"(?:url\(\s*['\"]?|@import\s+['\"])(?:https?:)?//([^)'\"\s]+)")
_IN_SCRIPT = re.compile(r"(?:\bfetch\(|\bimport\(|\.src\s*=|\.open\([^,]*,)\s*['\"`]https?://")


class Page(HTMLParser):
    """What a page has: anchors, links, and what it fetches."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self._within = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        values = {name: value or "" for name, value in attrs}
        self._within = tag
        self.anchors.update(values[name] for name in ("id", "name") if name in values)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        if tag == "link" and values.get("rel") not in TOLD:
            self.fetched.append(values.get("href", ""))
        self.fetched += [value for name, value in values.items() if (tag, name) in FETCHED]
        self.fetched += [f"//{host}" for host in _IN_CSS.findall(values.get("style", ""))]

    def handle_data(self, data: str) -> None:
        """Note what styles within the page fetch."""
        if self._within == "style":
            self.fetched += [f"//{host}" for host in _IN_CSS.findall(data)]
        if self._within == "script" and _IN_SCRIPT.search(data):
            self.fetched.append("//a script")

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - as the base has it
        """Leave an element."""
        self._within = ""


def problems(site: Path) -> list[str]:
    """Find all that is wrong."""
    pages = {path: Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        name = path.relative_to(site)
        for target in page.fetched:
            parts = urlsplit(target)
            if parts.netloc or parts.scheme in {"http", "https"}:
                found.append(f"{name}: fetches {target}")
            elif (
                parts.path
                and not parts.scheme
                and not (path.parent / unquote(parts.path)).is_file()
            ):
                found.append(f"{name}: {target} is missing")
        for target in page.links:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                continue
            other = (path.parent / unquote(parts.path)).resolve() if parts.path else path.resolve()
            if not other.is_file():
                found.append(f"{name}: there is no {target}")
            elif parts.fragment and other.suffix == ".html":
                anchors = pages[site / other.relative_to(site.resolve())].anchors
                if unquote(parts.fragment) not in anchors:
                    found.append(f"{name}: {target} has no such anchor")
    for sheet in sorted(site.rglob("*.css")):
        hosts = _IN_CSS.findall(sheet.read_text("utf-8"))
        found += [f"{sheet.relative_to(site)}: fetches {host}" for host in hosts]
    for script in sorted(site.rglob("*.js")):
        if _IN_SCRIPT.search(script.read_text("utf-8")):
            found.append(f"{script.relative_to(site)}: fetches from a host")
    return found


def main() -> int:
    """Print what is wrong."""
    site = Path(sys.argv[1])
    found = problems(site)
    print("\n".join(found) or f"{site}: all links lead somewhere, and nothing is fetched")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
