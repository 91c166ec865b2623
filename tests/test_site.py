"""What makes the site of the documentation, without Sphinx: pages, links, headers, drawing.

`make docs` builds it; here is what it is built of.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import sentry_ophio

DOCS = Path(__file__).resolve().parent.parent / "docs"
if not (DOCS / "ophiodoc").is_dir():
    pytest.skip(
        "the source tree is not here: `make test` in a clone runs it", allow_module_level=True
    )
sys.path[:0] = [str(DOCS), str(DOCS / "images")]

from architecture import STEPS, drawing  # noqa: E402
from ophiodoc import headers, pages  # noqa: E402
from ophiodoc.check import problems  # noqa: E402

# --- pages and links ----------------------------------------------------------------


def navigation(source_tree: Path) -> str:
    return (source_tree / "docs" / "conf.py").read_text("utf-8").partition("NAVIGATION = {")[2]


def test_every_page_is_in_the_navigation(source_tree: Path) -> None:
    text = navigation(source_tree)
    for path, name in pages.names(source_tree).items():
        if name != "index" and not path.startswith("benches/"):
            assert f': "{name}",' in text, f"docs/conf.py does not list {path}"


def test_the_results_of_benchmarks_are_pages(source_tree: Path) -> None:
    listed = pages.made(source_tree)["benches"]
    for path in source_tree.glob("benches/*results.md"):
        assert f"\nbenches/{path.stem}\n" in listed


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        ("docs/c.md", "[a](rules.md#patterns)", "[a](rules.md#patterns)"),
        ("docs/c.md", "[a](../CONTRIBUTING.md)", "[a](contributing.md)"),
        ("docs/c.md", "[a](../README.md)", "[a](index.md)"),
        ("docs/c.md", "[a](../benches/results.md)", "[a](benches/results.md)"),
        ("docs/c.md", "[a\nb](../include/ophio.h)", "[a\nb](c-api.md)"),
        (
            "docs/c.md",
            "[`x[0]`](../examples/c/frames.c)",
            "[`x[0]`](R/blob/main/examples/c/frames.c)",
        ),
        ("docs/c.md", "[a](../examples)", "[a](R/tree/main/examples)"),
        ("docs/c.md", "![a](images/check.svg)", "![a](images/check.svg)"),
        ("benches/results.md", "[a](../docs/c.md)", "[a](../c.md)"),
        ("CONTRIBUTING.md", "[a](docs/c.md) [b](Makefile)", "[a](c.md) [b](R/blob/main/Makefile)"),
        (
            "docs/c.md",
            "[a](https://example.com/x) [b](#here)",
            "[a](https://example.com/x) [b](#here)",
        ),
        ("docs/c.md", "```text\n[a](nothing.md)\n```\n", "```text\n[a](nothing.md)\n```\n"),
        ("docs/c.md", "`[a](b.md)` [a](../LICENSE)", "`[a](b.md)` [a](R/blob/main/LICENSE)"),
        ("docs/c.md", "[`a`](../LICENSE) `x`", "[`a`](R/blob/main/LICENSE) `x`"),
        ("docs/c.md", "```pycon\n>>> 1\n1\n\n```\nx\n", "```pycon\n>>> 1\n1\n```\n\nx\n"),
    ],
)
def test_links(source_tree: Path, page: str, text: str, expected: str) -> None:
    turned = pages.turned(source_tree, page, text)
    assert turned == expected.replace("(R/", f"({pages.REPOSITORY}/")
    assert turned.count("\n") == text.count("\n")


@pytest.mark.parametrize("target", ["nothing.md", "../README", "images/none.svg", "../docs/x/c.md"])
def test_a_broken_link_is_an_error(source_tree: Path, target: str) -> None:
    with pytest.raises(pages.BrokenLinkError, match=r"docs/c\.md:3: there is no "):
        pages.turned(source_tree, "docs/c.md", f"a\n\n[b]({target})\n")


def test_no_page_has_a_broken_link(source_tree: Path) -> None:
    """On GitHub, so README.md, which is not on the site, is checked too."""
    for path in pages.names(source_tree):
        pages.turned(source_tree, path, (source_tree / path).read_text("utf-8"))


# --- Python -------------------------------------------------------------------------


def test_every_public_module_has_a_page(source_tree: Path) -> None:
    pytest.importorskip("click")
    assert sentry_ophio.__doc__
    listed = set(re.findall(r"`sentry_ophio\.(\w+)`", sentry_ophio.__doc__))
    made = pages.python_pages(source_tree)
    assert {f"python/{name}" for name in listed} <= made.keys()
    assert "## explain\n" in made["python/cli"]


# --- C and C++ ----------------------------------------------------------------------


def test_all_of_the_c_header_is_there(header: str, declared_functions: set[str]) -> None:
    text = "\n".join(headers.c_pages(header).values())
    found = re.findall(r"^`+\{c:(\w+)\} (.*)$", text, re.MULTILINE)
    functions = [
        re.sub(r"\(.*", "", code).split()[-1].strip("*") for k, code in found if k == "function"
    ]
    assert sorted(functions) == sorted(declared_functions)
    types = sorted(code for kind, code in found if kind in {"struct", "enum"})
    names = re.findall(r"^\} (\w+);|^typedef struct (\w+) \2;", header, re.MULTILINE)
    assert types == sorted(first or second for first, second in names)
    enumerators = [code for kind, code in found if kind == "enumerator"]
    assert sorted(enumerators) == sorted(re.findall(r"^    (OPHIO_\w+ = \d+),$", header, re.M))
    members = sum(kind == "member" for kind, _ in found)
    structs = re.findall(r"^typedef struct \w+ \{\n(.*?)^\}", header, re.MULTILINE | re.DOTALL)
    assert members == sum(len(re.findall(r"^    [^ /].*;$", body, re.M)) for body in structs)


def test_what_the_c_header_says_is_there(header: str) -> None:
    text = "\n".join(headers.c_pages(header).values())
    for words in (
        "or a pointer to NULL, does nothing",
        "Define `OPHIO_STATIC` on Windows",
        "`rules` is NULL or was made by this library",
        "Success: the results are written",
    ):
        assert words in text
    assert "# Safety" not in header


def test_all_of_the_cpp_header_is_there(source_tree: Path) -> None:
    text = (source_tree / "include" / "ophio.hpp").read_text("utf-8")
    items = [each for _, part in headers.cpp_items(text) for each in part]
    classes = {each.name: each for each in items if each.kind in {"class", "struct"}}
    assert classes.keys() == set(
        re.findall(r"^(?:class|struct|template .* class) (\w+)", text, re.M)
    )
    found = [each.name for each in items] + [m.name for c in classes.values() for m in c.members]
    # What is named like a function of C is what can fail, so none of it may be lost.
    declared = re.findall(r"\bstatus (try_\w+)\(", text)
    assert sorted(name for name in found if name.startswith("try_")) == sorted(declared)
    assert {"text", "missing", "version", "get_limit", "error", "glob_set"} <= set(found)


def test_what_the_cpp_header_says_is_there(source_tree: Path) -> None:
    text = (source_tree / "include" / "ophio.hpp").read_text("utf-8")
    page = headers.cpp_page(text)
    # Of each public declaration; those of `detail` and the heads of sections are not shown.
    public = re.sub(r"^namespace detail \{.*?^\} // namespace detail", "", text, flags=re.M | re.S)
    said = re.findall(r"^ *(/\* (?!---)[^/]*?\*/)\n *(?!#)\S", public.partition("#ifndef")[2], re.M)
    assert len(said) > 40
    assert [each for each in said if headers.comment(each) not in page] == []


def test_a_member_of_cpp_tells_the_function_of_c(source_tree: Path) -> None:
    page = headers.cpp_page((source_tree / "include" / "ophio.hpp").read_text("utf-8"))
    for name in ("parse_lenient", "escape", "remap_class"):
        member = re.search(rf"^`+\{{cpp:function\}}.* {name}\(.*?^`+$", page, re.M | re.S)
        assert member
        assert re.search(rf"In C: `ophio_\w+_{name}`", member[0])


# --- the drawing --------------------------------------------------------------------


def named(text: str) -> set[str]:
    return set(re.findall(r"(?<![\w/.])(?:core|capi|python|include|docs)/[\w/.-]*\w", text))


def test_the_files_of_the_drawing_exist(source_tree: Path) -> None:
    page = (source_tree / "docs" / "architecture.md").read_text("utf-8")
    picture = (source_tree / "docs" / "images" / "architecture.svg").read_text("utf-8")
    made = {"python/sentry_ophio/_lowlevel.py"}
    assert len(named(picture)) > 8
    for name in named(page) | named(picture) - made:
        assert name in made or (source_tree / name).exists(), f"there is no {name}"
    assert named(picture) <= named(page)


def test_the_drawing_is_what_its_script_draws(source_tree: Path) -> None:
    committed = (source_tree / "docs" / "images" / "architecture.svg").read_text("utf-8")
    assert committed == drawing(), "run `python docs/images/architecture.py`"
    page = (source_tree / "docs" / "architecture.md").read_text("utf-8")
    for number, (_, _, file, _) in enumerate(STEPS, 1):
        (row,) = re.findall(rf"^\| {number} \|.*$", page, re.MULTILINE)
        assert f"`{file}`" in row


# --- what is built ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<a href="b.html#there">', []),
        ('<a href="#here">', []),
        ('<a href="https://example.com/">', []),
        ('<a href="#nowhere">', ["a.html: #nowhere has no such anchor"]),
        ('<a href="b.html#here">', ["a.html: b.html#here has no such anchor"]),
        ('<a href="c.html">', ["a.html: there is no c.html"]),
        ('<img src="x.png">', ["a.html: x.png is missing"]),
        ('<img src="https://example.com/x.png">', ["a.html: fetches https://example.com/x.png"]),
        ('<script src="//example.com/x.js"></script>', ["a.html: fetches //example.com/x.js"]),
        ('<link rel="stylesheet" href="https://a.b/c">', ["a.html: fetches https://a.b/c"]),
        ("<style>@import 'https://a.b/c';</style>", ["a.html: fetches //a.b/c"]),
        ('<p style="background: url(//a.b/c)">', ["a.html: fetches //a.b/c"]),
        ("<script>fetch('https://a.b/c')</script>", ["a.html: fetches //a script"]),
    ],
)
def test_what_the_built_site_is_checked_for(tmp_path: Path, body: str, expected: list[str]) -> None:
    (tmp_path / "a.html").write_text(f'<p id="here"></p>{body}', "utf-8")
    (tmp_path / "b.html").write_text('<p id="there"></p>', "utf-8")
    assert problems(tmp_path) == expected


def test_styles_and_scripts_are_checked_as_well(tmp_path: Path) -> None:
    (tmp_path / "a.css").write_text("a { background: url('https://a.b/c') }", "utf-8")
    (tmp_path / "a.js").write_text("import('https://a.b/c')", "utf-8")
    assert problems(tmp_path) == ["a.css: fetches a.b/c", "a.js: fetches from a host"]
