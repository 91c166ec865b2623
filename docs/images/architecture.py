"""Draws docs/images/architecture.svg: `python docs/images/architecture.py`.

The steps are in one column, so the drawing is readable on a phone. It has its own background,
light or dark as the reader's system asks for. tests/test_site.py checks that the files exist.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path

# The layer, what happens, where the code is, and the data that the next step receives.
STEPS = [
    ("python", "pack all frames in one call", "python/sentry_ophio/_pack.py", "bytes, MessagePack"),
    ("python", "call the library", "python/sentry_ophio/_rule_set.py", "pointers, lengths"),
    ("capi", "catch panics, check pointers", "capi/src/guard.rs", "&[u8]"),
    (
        "core",
        "read the buffer in place",
        "core/src/enhancements/stacktrace/mappings.rs",
        "bytes of a frame",
    ),
    ("core", "is the frame known?", "core/src/enhancements/engine/memo.rs", "no: its texts"),
    ("core", "find patterns that can match", "core/src/enhancements/engine/index.rs", "candidates"),
    ("core", "try these patterns", "core/src/glob/program.rs", "patterns that match"),
    ("core", "trigger rules", "core/src/enhancements/engine/program.rs", "triggered rules"),
    (
        "core",
        "run rules in order, on sets of frames",
        "core/src/enhancements/engine/masks.rs",
        "category, in_app",
    ),
    ("capi", "write a number for each frame", "capi/src/enhancements/packed.rs", "bytes"),
    ("python", "turn numbers into tuples", "python/sentry_ophio/_rule_set.py", ""),
]
GIVEN = '[{"function": b"main", "in_app": True, ...}, ...]'
RESULT = "[(None, True), ...]"
# A known frame skips the search: the memo has the conditions that it matches.
FROM, TO = 4, 7

WIDTH, BOX, GAP, LEFT, RIGHT = 510, 46, 24, 80, 446
STYLE = """
  .ground { fill: #ffffff } text { fill: #1f2328; font: 15px system-ui, sans-serif }
  .file { font: 12px ui-monospace, Menlo, Consolas, monospace; fill: #57606a }
  .data { font: 13px system-ui, sans-serif; fill: #57606a } .layer { font-weight: 600 }
  .python { fill: #dbeafe; stroke: #3b82f6 } .capi { fill: #ffedd5; stroke: #ea8a2f }
  .core { fill: #dcfce7; stroke: #2f9e57 } .end { fill: #f3f4f6; stroke: #8b949e }
  .arrow { stroke: #57606a; fill: none; stroke-width: 1.5 } marker path { fill: #57606a }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #16181d } text { fill: #e6edf3 }
    .file, .data { fill: #a8b3bf } .arrow { stroke: #a8b3bf } marker path { fill: #a8b3bf }
    .python { fill: #17294a } .capi { fill: #42290f } .core { fill: #12351f } .end { fill: #262a31 }
  }
"""


def box(top: float, kind: str, title: str, file: str = "") -> list[str]:
    """Draw a step."""
    middle = (LEFT + RIGHT) / 2
    height = BOX if file else 30
    lines = [
        f'<rect class="{kind}" x="{LEFT}" y="{top}" width="{RIGHT - LEFT}" height="{height}" '
        'rx="7"/>',
        f'<text x="{middle}" y="{top + 20}" text-anchor="middle">{escape(title)}</text>',
    ]
    if file:
        lines.append(
            f'<text class="file" x="{middle}" y="{top + 37}" text-anchor="middle">{file}</text>'
        )
    return lines


def arrow(top: float, data: str) -> list[str]:
    """Draw what goes on to the next step."""
    middle = (LEFT + RIGHT) / 2
    return [
        f'<path class="arrow" marker-end="url(#tip)" d="M{middle} {top}v{GAP - 5}"/>',
        f'<text class="data" x="{middle + 10}" y="{top + 16}">{escape(data)}</text>',
    ]


def drawing() -> str:
    """Draw all."""
    step = BOX + GAP
    first = 14 + 30 + GAP
    height = first + len(STEPS) * step + 30 + 14
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" role="img" aria-labelledby="title">',
        '<title id="title">From a list of dicts to the result, step by step</title>',
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="6" refY="4" markerWidth="8" '
        'markerHeight="8" orient="auto"><path d="M0 0L8 4L0 8z"/></marker></defs>',
        f'<rect class="ground" width="{WIDTH}" height="{height}" rx="10"/>',
        *box(14, "end", GIVEN),
        *arrow(44, "a list of frames"),
    ]
    for number, (kind, title, file, data) in enumerate(STEPS):
        top = first + number * step
        lines += box(top, kind, f"{number + 1}  {title}", file)
        lines += arrow(top + BOX, data)
        if number == 0 or STEPS[number - 1][0] != kind:
            lines.append(f'<text class="layer" x="12" y="{top + 28}">{kind}</text>')
    lines += box(first + len(STEPS) * step, "end", RESULT)
    start, end = first + FROM * step + BOX / 2, first + TO * step + BOX / 2
    lines.append(
        f'<path class="arrow" marker-end="url(#tip)" '
        f'd="M{RIGHT} {start}h22q8 0 8 8V{end - 8}q0 8 -8 8h-19"/>'
    )
    middle = (start + end) / 2
    lines.append(
        f'<text class="data" text-anchor="middle" transform="translate({RIGHT + 47} {middle}) '
        'rotate(90)">yes: its conditions</text>'
    )
    return "\n".join([*lines, "</svg>", ""])


if __name__ == "__main__":
    Path(sys.argv[0]).with_suffix(".svg").write_text(drawing(), "utf-8")
