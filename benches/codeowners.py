"""Measures sentry_ophio.codeowners beside the published package.

    make dev oracle                      # an optimised build, and the package
    .venv/bin/python benches/codeowners.py

The published package matches one pattern at a time. For files with many rules its time is
that of a loop over the patterns from the last one on, on a few paths. Prints a table, and
writes it to benches/codeowners-results.md.

A second table has our engine beside the gitignore matcher of the crate `ignore`, on the same rules
and paths, by core/benches/codeowners.rs. A third has the command `sentry-ophio owners` for 100,000
files and 5,000 rules, after its input is read.
"""

from __future__ import annotations

import io
import subprocess
import sys
import time
from contextlib import redirect_stdout

from beside import ROOT, Times, best, main, never_seen, unit
from steps import quickest, table

from sentry_ophio import codeowners as module
from sentry_ophio.codeowners import is_codeowners_path_match

PATHS = 100_000


def patterns(count: int) -> list[str]:
    """Make patterns as a large repository has them: folders, extensions, some deep."""
    made = ["*", "*.md", "docs/", "**/tests/**", "*.lock"]
    for number in range(count - len(made)):
        folder = f"/src/area{number % 97}/package{number}"
        made.append(
            [f"{folder}/", f"{folder}/**/*.py", f"{folder}/api.proto", f"lib{number}/"][number % 4]
        )
    return made


def paths(count: int, rules: int) -> list[str]:
    """Make paths, half of which have a rule of their own."""
    return [
        f"src/area{number % 97}/package{number * 31 % (2 * rules)}/sub/file{number}.py"
        for number in range(count)
    ]


def measure(ours: bool) -> Times:
    """Measure the package of this process."""
    results: Times = {
        "`is_codeowners_path_match`, hit": best(
            lambda: is_codeowners_path_match("src/sentry/api/base.py", "/src/sentry/api/"), 50_000
        ),
        "`is_codeowners_path_match`, miss": best(
            lambda: is_codeowners_path_match("src/sentry/api/base.py", "*.js"), 50_000
        ),
    }
    for name, pattern in [
        ("hit", "/src/sentry/api/"),
        ("miss", "*.js"),
        ("not decided by texts", "src/**/base*.py"),
    ]:

        def call(path: str, pattern: str = pattern) -> bool:
            return is_codeowners_path_match(path, pattern)

        results[f"paths never seen, {name}"] = never_seen(call, "src/sentry/api/base{}.py")
    for rules in (100, 1_000, 10_000):
        written = patterns(rules)
        name = f"a path, {rules:,} rules"
        if ours:
            text = "\n".join(f"{pattern} @team{at}" for at, pattern in enumerate(written))
            start = time.perf_counter()
            file = module.Codeowners.parse(text)
            parsed = time.perf_counter() - start
            many = paths(PATHS, rules)
            start = time.perf_counter()
            file.owners_many(many)
            results[name] = (time.perf_counter() - start) / PATHS
            results[f"to parse {rules:,} rules"] = parsed
        else:

            def loop(path: str, written: list[str] = written) -> None:
                for pattern in reversed(written):
                    if is_codeowners_path_match(path, pattern):
                        return

            few = paths(max(1, 20_000 // rules), rules)
            start = time.perf_counter()
            for path in few:
                loop(path)
            results[name] = (time.perf_counter() - start) / len(few)
            results[f"to parse {rules:,} rules"] = None
    return results


def beside_ignore() -> str:
    """Measure the crate, and return the table."""
    command = ["cargo", "bench", "-q", "-p", "ophio", "--bench", "codeowners"]
    output = subprocess.run(
        command, check=True, stdout=subprocess.PIPE, encoding="utf-8", cwd=ROOT
    ).stdout
    lines = [
        "",
        "## The engine beside the crate `ignore`",
        "",
        "A compiled gitignore matcher on the same rules and paths, by core/benches/codeowners.rs.",
        "",
        "| call | ours | ignore | times as fast |",
        "| --- | ---: | ---: | ---: |",
    ]
    for row in output.splitlines():
        rules, *times = row.split()
        our_parse, their_parse, our_find, their_find = (float(each) / 1e9 for each in times)
        for name, ours, theirs in (
            (f"a path, {int(rules):,} rules", our_find, their_find),
            (f"to parse {int(rules):,} rules", our_parse, their_parse),
        ):
            lines.append(f"| {name} | {unit(ours)} | {unit(theirs)} | {theirs / ours:.2f} |")
    return "\n".join(lines) + "\n"


def command() -> str:
    """Measure the command after its input is read, and return the table."""
    from sentry_ophio.cli import _owners as cli  # noqa: PLC0415 (the other package has none)

    rules = 5_000
    text = "\n".join(f"{pattern} @team{at}" for at, pattern in enumerate(patterns(rules)))
    names = [path.encode() for path in paths(PATHS, rules)]
    source = cli._Source("CODEOWNERS", text, "github")

    def run(form: str) -> float:
        times = []
        for _ in range(5):
            with redirect_stdout(io.StringIO()):
                start = time.process_time()
                found = module.Codeowners.parse(source.text, source.dialect).owners_many(names)
                cli._print(source, list(cli._rows(found)), form, only_names=False, required=False)
                times.append(time.process_time() - start)
        return min(times)

    def check() -> float:
        start = time.process_time()
        module.Codeowners.check(text, paths=names)
        return time.process_time() - start

    lines = [
        "",
        "## The command",
        "",
        f"`sentry-ophio owners`, {len(names):,} files and {rules:,} rules, after they are read:",
        "processor time, the best of 5.",
        "",
        "| command | time |",
        "| --- | ---: |",
        f"| `owners` | {unit(run('human'))} |",
        f"| `owners --json` | {unit(run('json'))} |",
        f"| `owners --check` | {unit(min(check() for _ in range(5)))} |",
    ]
    return "\n".join(lines) + "\n"


LIMITS = """
## What limits

0.75 was wanted for paths never seen. Most patterns are decided by texts, without a call, and are
faster than that. For `not decided by texts`, Python finds the text that a match needs, and then
calls the library. The call through cffi, below, takes as long as the published package, a C
extension, takes for everything. Many paths, or a whole file of rules, are one call: `Codeowners`.

Steps of a call that texts do not decide:

"""


def steps() -> str:
    """Measure the steps of a call, and return the section."""
    names = {
        "is_codeowners_path_match": is_codeowners_path_match,
        "pattern": "src/**/base*.py",
        "path": "src/sentry/api/base7.py",
        "call": module._match_text,
    }
    statements = {
        "to look for the text that a match needs": "'base' in path",
        "to encode the path": "path.encode()",
        "the call through cffi, of an empty path": "call(b'', b'')",
        "the call, of this path": "call(b'src/sentry/api/base7.py', b'src/**/base*.py')",
        "all of `is_codeowners_path_match`": "is_codeowners_path_match(path, pattern)",
    }
    return LIMITS + table({name: quickest(each, names) for name, each in statements.items()})


if __name__ == "__main__":
    main(
        __file__,
        "sentry_ophio.codeowners beside the published package",
        "sentry-ophio",
        measure,
        "codeowners-results.md",
        "" if len(sys.argv) > 1 else beside_ignore() + command() + steps(),
    )
