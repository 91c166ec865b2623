"""docs/rules.md: every example on the page is run, and what it shows is what happens.

An example looks like this (there may be several exceptions and results):

    ```rules-example
    function:main  +app
    ---
    {"function": "main"}
    {"exception": {"ty": "Error"}}
    --- apply
    frame 0: in_app=true category=null
    ```
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from frame_fields import EXCEPTION_FIELDS, FRAME_FIELDS

from sentry_ophio.enhancers import Cache, Component, Enhancements
from sentry_ophio.exceptions import EnhancementsError

PAGE = Path(__file__).resolve().parent.parent / "docs" / "rules.md"


def examples() -> list[Any]:
    if not PAGE.is_file():  # as next to a wheel
        return []
    text = PAGE.read_text("utf-8")
    fences = re.finditer(r"^```rules-example\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [
        pytest.param(match[1], id=f"line-{text.count(chr(10), 0, match.start()) + 1}")
        for match in fences
    ]


EXAMPLES = examples()


def full(given: dict[str, Any], keys: tuple[str, ...]) -> dict[str, Any]:
    """Make a frame or an exception as the API wants it."""
    assert given.keys() <= set(keys), "a key that means nothing"
    values = {key: given.get(key) for key in keys}
    return {k: v.encode() if isinstance(v, str) else v for k, v in values.items()}


def printed(**values: object) -> str:
    return " ".join(f"{name}={json.dumps(value)}" for name, value in values.items())


def apply(rules: Enhancements, frames: list[dict[str, Any]], exception: dict[str, Any]) -> str:
    return "".join(
        f"frame {number}: {printed(in_app=in_app, category=category)}\n"
        for number, (category, in_app) in enumerate(
            rules.apply_modifications_to_frames(frames, exception)
        )
    )


def assemble(rules: Enhancements, frames: list[dict[str, Any]], exception: dict[str, Any]) -> str:
    components = [Component() for _ in frames]
    result = rules.assemble_stacktrace_component(frames, exception, components)
    lines = [
        f"frame {number}: {printed(contributes=component.contributes, hint=component.hint)}\n"
        for number, component in enumerate(components)
    ]
    values = printed(
        contributes=result.contributes, hint=result.hint, invert=result.invert_stacktrace
    )
    return "".join([*lines, f"stacktrace: {values}\n"])


def test_the_page_has_examples(source_tree: Path) -> None:
    assert len(EXAMPLES) > 50


@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example: str) -> None:
    text, *parts = re.split(r"^---(.*)\n", example, flags=re.MULTILINE)
    sections = dict(zip((name.strip() for name in parts[::2]), parts[1::2]))
    expected_error = sections.pop("error", None)
    if expected_error is not None:
        assert not sections
        with pytest.raises(EnhancementsError) as caught:
            Enhancements.parse(text, Cache(0))
        assert str(caught.value).strip() == expected_error.strip()
        return

    rules = Enhancements.parse(text, Cache(0))
    given = [json.loads(line) for line in sections.pop("").splitlines()]
    frames = [full(line, FRAME_FIELDS) for line in given if "exception" not in line]
    exceptions = [line["exception"] for line in given if "exception" in line] or [{}]
    (exception,) = (full(each, EXCEPTION_FIELDS) for each in exceptions)
    assert sections, "an example without a result"
    for name, expected in sections.items():
        run = {"apply": apply, "assemble": assemble}[name]
        assert run(rules, frames, exception) == expected
