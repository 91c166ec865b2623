"""Finds words and phrases that docs/style.md replaces, in every text that a person reads.

    tools/wording.py            check all files that git knows
    tools/wording.py FILE ...   check these files

Text is a page without its code, a comment, or a docstring. Code, string literals and anything
between backticks are skipped, so an identifier or a quoted message never fails the check. The
phrases are the table "Words that `make lint` reports" of docs/style.md. A phrase matches whole
words in any case, also across a line break; one with a capital letter matches that case only.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
STYLE = "docs/style.md"
HEADING = "## Words that `make lint` reports"

# The page with the phrases, licences and recorded data.
EXCLUDED = {STYLE, "LICENSE", "Cargo.lock"}


class Finding(NamedTuple):
    """A phrase that is in a text."""

    line: int
    found: str
    instead: str


class Phrase(NamedTuple):
    """A phrase to look for, and what to write instead of it."""

    pattern: re.Pattern[str]
    instead: str


def phrase(text: str, instead: str) -> Phrase:
    """Compile a phrase: whole words, any white space between them."""
    words = r"\s+".join(re.escape(word) for word in text.split())
    flags = re.IGNORECASE if text.islower() else 0
    return Phrase(re.compile(rf"(?<![\w-]){words}(?![\w-])", flags), instead)


def phrases(page: str) -> list[Phrase]:
    """Read the table of docs/style.md: what to write, and the phrases that it replaces."""
    table = page.partition(HEADING)[2].partition("\n## ")[0]
    found = []
    for row in re.findall(r"^\| ([^|]+) \| (`[^|]+) \|$", table, re.MULTILINE):
        found += [phrase(text, row[0]) for text in re.findall(r"`([^`]+)`", row[1])]
    return found


# --- what of a file is text ---------------------------------------------------------

# Each of these returns a string as long as the source, with line breaks where they were and
# spaces for all that is not text: a position in it is a position in the file.


def blank(text: str) -> str:
    """Return spaces for all characters but line breaks."""
    return re.sub(r"[^\n]", " ", text)


def without_code(text: str) -> str:
    """Blank what is between backticks, and addresses."""
    return re.sub(
        r"```.*?```|`[^`]*`|https?://[^\s)>]+", lambda m: blank(m[0]), text, flags=re.DOTALL
    )


def of_markdown(source: str) -> str:
    """Keep a page without its blocks of code."""
    return re.sub(
        r"^(```+).*?^\1`*$|\]\([^)\s]*\)",
        lambda m: blank(m[0]),
        source,
        flags=re.DOTALL | re.MULTILINE,
    )


def of_python(source: str) -> str:
    """Keep comments and docstrings."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    kept: list[tuple[int, int]] = []
    tree = ast.parse(source)
    docstrings = {
        (node.body[0].value.lineno, node.body[0].value.end_lineno)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
        and isinstance(node.body[0].value, ast.Constant)
        and isinstance(node.body[0].value.value, str)
    }
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        begin = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        if token.type == tokenize.COMMENT:
            kept.append((begin + 1, end))
        elif token.type == tokenize.STRING and (token.start[0], token.end[0]) in docstrings:
            kept.append((begin + 3, end - 3))
    out, at = [], 0
    for begin, end in kept:
        text = source[begin:end]
        # A doctest is code.
        text = re.sub(r"^ *(>>>|\.\.\.) .*$", lambda m: blank(m[0]), text, flags=re.MULTILINE)
        out += [blank(source[at:begin]), text]
        at = end
    return "".join([*out, blank(source[at:])])


C_TOKEN = re.compile(
    r"""(?P<line>//[^\n]*)|(?P<block>/\*.*?\*/)
    |b?c?r(?P<hashes>\#*)".*?"(?P=hashes)|[bc]?"(?:\\.|[^"\\])*"|'(?:\\[^\n]{1,10}?|[^'\\\n])'|.""",
    re.DOTALL | re.VERBOSE,
)


def of_c(source: str) -> str:
    """Keep the comments of C, C++ and Rust, without the examples in them."""

    def keep(match: re.Match[str]) -> str:
        if match["line"] is not None:
            return re.sub(r"^//[/!]?", lambda m: blank(m[0]), match[0])
        if match["block"] is not None:
            return re.sub(
                r"^/\*+|\*/$|^ *\*(?= |$)", lambda m: blank(m[0]), match[0], flags=re.MULTILINE
            )
        return blank(match[0])

    return of_markdown(C_TOKEN.sub(keep, source))


def of_hash(source: str) -> str:
    """Keep the comments of files in which # begins one, and nothing else of them."""
    out, at = [], 0
    for match in re.finditer(r"(?:^|(?<=\s))\#(?!!)([^\n]*)", source):
        out += [blank(source[at : match.start(1)]), match[1]]
        at = match.end()
    return "".join([*out, blank(source[at:])])


READERS = {
    **dict.fromkeys([".md"], of_markdown),
    **dict.fromkeys([".py", ".pyi"], of_python),
    **dict.fromkeys([".rs", ".c", ".h", ".cpp", ".hpp"], of_c),
    **dict.fromkeys([".toml", ".yml", ".yaml", ".sh", ".rules", ".cmake"], of_hash),
}
BY_NAME = {"Makefile": of_hash, "run": of_hash, "CMakeLists.txt": of_hash}


def findings(name: str, source: str, wanted: Iterable[Phrase]) -> list[Finding]:
    """Find phrases in the text of a file.

    Args:
        name: The file's name, which says how to read it.
        source: What is in the file.
        wanted: The phrases to look for.

    Returns:
        A finding for each occurrence, in order. Empty for a file that has no text.
    """
    path = Path(name)
    reader = BY_NAME.get(path.name) or READERS.get(path.suffix)
    if reader is None:
        return []
    text = without_code(reader(source))
    found = [
        Finding(text.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), each.instead)
        for each in wanted
        for match in each.pattern.finditer(text)
    ]
    return sorted(found)


def files() -> Iterator[str]:
    """Yield the files of the tree that are to be checked, as git lists them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        skipped = name in EXCLUDED
        if not skipped and not name.startswith(("tests/fixtures/", "fuzz/corpus/")):
            yield name


def main(names: list[str]) -> int:
    """Check files, print what is found, and return the exit code."""
    wanted = phrases((ROOT / STYLE).read_text("utf-8"))
    problems = 0
    for name in names or files():
        path = ROOT / name
        if not path.is_file() or (path.suffix not in READERS and path.name not in BY_NAME):
            continue
        for each in findings(name, path.read_text("utf-8"), wanted):
            problems += 1
            print(f"{name}:{each.line}: `{each.found}`: {each.instead}")
    if problems:
        print(f"{problems} problems; {STYLE} explains the words")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
