"""tools/wording.py: which text it reads, and what it reports."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).resolve().parent.parent / "tools"
if not TOOLS.is_dir():
    pytest.skip(
        "the source tree is not here: `make lint` in a clone runs it", allow_module_level=True
    )
sys.path.insert(0, str(TOOLS))

from wording import EXCLUDED, findings, main, phrases  # noqa: E402

PAGE = """
# Style

| before | after |
| --- | --- |
| `kept` | outside of the section, so not read |

## Words that `make lint` reports

| write | instead of |
| --- | --- |
| untrusted input | `strangers` |
| C API | `C face` |
| the caller | `Who has` |

## Next

| other | `page` |
"""


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("a.md", "from strangers\n", [(1, "strangers")]),
        ("a.md", "Strangers may\n", [(1, "Strangers")]),
        ("a.md", "the C\nface\n", [(1, "C face")]),
        ("a.md", "kept, page, strangersx, a-strangers\n", []),
        ("a.md", "Who has it; a user who has it\n", [(1, "Who has")]),
        ("a.md", "`strangers` and [a](strangers.md)\n", []),
        ("a.md", "a\n```py\nstrangers\n```\nstrangers\n", [(5, "strangers")]),
        ("a.py", '"""Strangers."""\nx = "strangers"\n', [(1, "Strangers"), (2, "strangers")]),
        ("tests/a.py", '"""Strangers."""\nx = "strangers"\n', [(1, "Strangers")]),
        ("a.py", 'print(f"a {strangers} \\nstrangers")\n', [(1, "strangers")]),
        ("a.py", 'x = (\n    "the C "\n    f"face of {x}"\n)\n', [(2, "C face")]),
        ("a.py", 'x = ["the C", "face"]\n', []),
        ("a.py", 'x = "`strangers` and `" + y  # strangers`\n', [(1, "strangers")]),
        ("a.py", 'def f():\n    """A.\n\n    strangers\n    """\n', [(4, "strangers")]),
        ("a.py", '"""A.\n\n>>> strangers\n"""\n', []),
        ("a.py", "x = 1  # strangers\n", [(1, "strangers")]),
        ("a.rs", "/// strangers\nlet strangers = 1; // C\n// face\n", [(1, "strangers"), (2, "C face")]),
        ("a.rs", "let a = \"// strangers\";\n", [(1, "strangers")]),
        ("a.rs", "let a = r#\"/* \" C\nface */\"#;\n", [(1, "C face")]),
        ("a.rs", "let a = b'\"'; let strangers = \"{strangers}\";\n", []),
        ("a.rs", "f();\n#[cfg(test)]\nmod tests {\n    f(\"strangers\"); // C face\n}\n", [(4, "C face")]),
        ("core/benches/a.rs", "let a = \"// strangers\";\n", []),
        ("a.rs", "let a: &'static str; let c = '\"'; // strangers\n", [(1, "strangers")]),
        ("a.rs", "//! ```\n//! strangers\n//! ```\n//! strangers\n", [(4, "strangers")]),
        ("a.h", "/**\n * the C\n * face\n */\nint strangers(void);\n", [(2, "C face")]),
        ("a.cpp", "int strangers; /* strangers */\n", [(1, "strangers")]),
        ("a.hpp", "f(\"strangers\");\n", [(1, "strangers")]),
        ("a.html.j2", "<p class=\"strangers\">{{ strangers }}\nC\nface</p>{% if strangers %}\n", [(2, "C face")]),
        ("a.toml", "a = \"strangers\" # strangers\n# C\n# face\n", [(1, "strangers"), (2, "C face")]),
        ("Makefile", "strangers: ## strangers\n\t#strangers\n", [(1, "strangers"), (2, "strangers")]),
        ("a.json", "strangers\n", []),
    ],
)  # fmt: skip
def test_a_phrase_is_found_in_text_and_nowhere_else(
    name: str, source: str, expected: list[tuple[int, str]]
) -> None:
    found = findings(name, source, phrases(PAGE))
    assert [(each.line, each.found) for each in found] == expected


def test_a_finding_says_what_to_write() -> None:
    (found,) = findings("a.md", "the C face\n", phrases(PAGE))
    assert found.instead == "C API"


def test_the_page_has_phrases(source_tree: Path) -> None:
    wanted = phrases((source_tree / "docs" / "style.md").read_text("utf-8"))
    assert len(wanted) > 50
    assert {each.instead for each in wanted} >= {"untrusted input", "C API"}


def test_a_finding_fails_the_check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "a.md"
    page.write_text("fine\nfrom strangers\n", "utf-8")
    assert main([str(page)]) == 1
    assert capsys.readouterr().out.splitlines()[0] == f"{page}:2: `strangers`: untrusted input"
    page.write_text("fine\n", "utf-8")
    assert main([str(page)]) == 0


def test_excluded_paths_exist(source_tree: Path) -> None:
    assert [path for path in EXCLUDED if not (source_tree / path).exists()] == []
