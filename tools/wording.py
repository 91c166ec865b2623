"""Finds words and phrases that docs/style.md replaces, in every text that a person reads.

    tools/wording.py            check all files that git knows
    tools/wording.py FILE ...   check these files

Text is a page without its code, a comment, a docstring, or a literal: error messages, `--help` and
the output of commands are literals. Code, and anything between backticks or braces in a literal,
are skipped, so an identifier or a placeholder never fails the check. Literals of tests are their
data, and are skipped too. The phrases are the table "Words that `make lint` reports" of
docs/style.md. A phrase matches whole words in any case, also across a line break or the end of a
literal that the next one continues; one with a capital letter matches that case only.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import TYPE_CHECKING, Callable, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parent.parent
STYLE = "docs/style.md"
HEADING = "## Words that `make lint` reports"

# The page with the phrases, licences and recorded data.
EXCLUDED = {STYLE, "LICENSE", "Cargo.lock"}

# Files whose literals are data of tests.
TEST_DATA = re.compile(
    r"(^|/)(tests|fuzz)/|^core/benches/|/(\w+_)?(tests|testing|examples|shapes)\.rs$"
)
# The tests at the end of a file of Rust.
RUST_TESTS = re.compile(r"^#\[cfg\(test\)\]\s*mod \w+ \{", re.MULTILINE)


class Finding(NamedTuple):
    """A phrase that is in a text."""

    line: int
    found: str
    instead: str


class Phrase(NamedTuple):
    """A phrase to look for, and what to write instead of it."""

    pattern: re.Pattern[str]
    instead: str
    # In lower case. Most texts do not have it, which a search for the word shows faster.
    first_word: str


def phrase(text: str, instead: str) -> Phrase:
    """Compile a phrase: whole words, any white space between them."""
    words = r"\s+".join(re.escape(word) for word in text.split())
    flags = re.IGNORECASE if text.islower() else 0
    pattern = re.compile(rf"(?<![\w-]){words}(?![\w-])", flags)
    return Phrase(pattern, instead, text.split(maxsplit=1)[0].lower())


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
    """Return spaces for all characters but line breaks and commas.

    A comma between two literals says that the one does not continue the other.
    """
    return re.sub(r"[^\n,]", " ", text)


def without_code(text: str) -> str:
    """Blank what is between backticks, and addresses."""
    return re.sub(
        r"```.*?```|`[^`]*`|https?://[^\s)>]+", lambda m: blank(m[0]), text, flags=re.DOTALL
    )


def of_literal(literal: str) -> str:
    """Keep a literal without prefix, quotes, escapes, placeholders, and what it quotes."""
    text = re.sub(r'^\w*#*("""|\'\'\'|"|\')|("""|\'\'\'|"|\')#*$', lambda m: blank(m[0]), literal)
    text = re.sub(r"\\.|\{[^{}\n]*\}", lambda m: blank(m[0]), text)
    # A backtick that is left begins no code: what ends it is in another literal.
    return without_code(text).replace("`", " ")


def of_markdown(source: str) -> str:
    """Keep a page without its blocks of code."""
    return re.sub(
        r"^(```+).*?^\1`*$|\]\([^)\s]*\)",
        lambda m: blank(m[0]),
        source,
        flags=re.DOTALL | re.MULTILINE,
    )


def of_python(source: str, literals: bool = False) -> str:
    """Keep comments, docstrings and, if asked, literals."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
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
    out, at = [], 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        begin = starts[token.start[0] - 1] + token.start[1]
        end = starts[token.end[0] - 1] + token.end[1]
        text = source[begin:end]
        if token.type == tokenize.COMMENT:
            kept = " " + text[1:]
        elif token.type == tokenize.STRING and (token.start[0], token.end[0]) in docstrings:
            # A doctest is code.
            kept = re.sub(r"^ *(>>>|\.\.\.) .*$", lambda m: blank(m[0]), text, flags=re.MULTILINE)
        elif literals and token.type in LITERALS:
            kept = of_literal(text)
        else:
            continue
        out += [blank(source[at:begin]), kept]
        at = end
    return "".join([*out, blank(source[at:])])


# From Python 3.12 on, an f-string is several tokens.
LITERALS = {tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}

C_TOKEN = re.compile(
    r"""(?P<line>//[^\n]*)|(?P<block>/\*.*?\*/)
    |(?P<literal>b?c?r(?P<hashes>\#*)".*?"(?P=hashes)|[bc]?"(?:\\.|[^"\\])*")
    |'(?:\\[^\n]{1,10}?|[^'\\\n])'|[^/"'bcr]+|.""",
    re.DOTALL | re.VERBOSE,
)


def of_c(source: str, literals: bool = False) -> str:
    """Keep the comments of C, C++ and Rust without the examples in them, and, if asked, literals.

    The literals of tests at the end of a file are not kept.
    """
    tests = RUST_TESTS.search(source)
    end = tests.start() if tests else len(source)

    def keep(match: re.Match[str]) -> str:
        if match["line"] is not None:
            return re.sub(r"^//[/!]?", lambda m: blank(m[0]), match[0])
        if match["block"] is not None:
            return re.sub(
                r"^/\*+|\*/$|^ *\*(?= |$)", lambda m: blank(m[0]), match[0], flags=re.MULTILINE
            )
        if literals and match["literal"] is not None and match.start() < end:
            return of_literal(match[0])
        return blank(match[0])

    return of_markdown(C_TOKEN.sub(keep, source))


def of_hash(source: str) -> str:
    """Keep the comments of files in which # begins one, and nothing else of them."""
    out, at = [], 0
    for match in re.finditer(r"(?:^|(?<=\s))\#(?!!)([^\n]*)", source):
        out += [blank(source[at : match.start(1)]), match[1]]
        at = match.end()
    return "".join([*out, blank(source[at:])])


def of_html(source: str) -> str:
    """Keep the text of a page or a template, without tags, statements and variables."""
    code = r"<style.*?</style>|<script.*?</script>|\{%.*?%\}|\{\{.*?\}\}|<[^>]*>"
    return re.sub(code, lambda m: blank(m[0]), source, flags=re.DOTALL)


READERS: dict[str, Callable[[str], str]] = {
    **dict.fromkeys([".md"], of_markdown),
    **dict.fromkeys([".html", ".j2"], of_html),
    **dict.fromkeys([".toml", ".yml", ".yaml", ".sh", ".rules", ".cmake"], of_hash),
}
# They read literals, too.
SOURCES: dict[str, Callable[[str, bool], str]] = {
    **dict.fromkeys([".py", ".pyi"], of_python),
    **dict.fromkeys([".rs", ".c", ".h", ".cpp", ".hpp"], of_c),
}
BY_NAME = {"Makefile": of_hash, "run": of_hash, "CMakeLists.txt": of_hash}


def text_of(path: Path, source: str) -> str | None:
    """Return the text of a file; None if this program does not know such files."""
    read_source = SOURCES.get(path.suffix)
    if read_source is not None:
        return read_source(source, not TEST_DATA.search(path.as_posix()))
    reader = BY_NAME.get(path.name) or READERS.get(path.suffix)
    return None if reader is None else reader(source)


def findings(name: str, source: str, wanted: Iterable[Phrase]) -> list[Finding]:
    """Find phrases in the text of a file.

    Args:
        name: The file's name, which says how to read it.
        source: What is in the file.
        wanted: The phrases to look for.

    Returns:
        A finding for each occurrence, in order. Empty for a file that has no text.
    """
    text = text_of(Path(name), source)
    if text is None:
        return []
    text = without_code(text)
    lower = text.lower()
    found = [
        Finding(text.count("\n", 0, match.start()) + 1, " ".join(match[0].split()), each.instead)
        for each in wanted
        if each.first_word in lower
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
        known = path.name in BY_NAME or path.suffix in {*READERS, *SOURCES}
        if not path.is_file() or not known:
            continue
        for each in findings(name, path.read_text("utf-8"), wanted):
            problems += 1
            print(f"{name}:{each.line}: `{each.found}`: {each.instead}")
    if problems:
        print(f"{problems} problems; {STYLE} explains the words")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
