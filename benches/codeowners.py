"""Measures sentry_ophio.codeowners beside the published package.

    make dev oracle                      # an optimised build, and the package
    .venv/bin/python benches/codeowners.py

The published package matches one pattern at a time. For files with many rules its time is
that of a loop over the patterns from the last one on, on a few paths. Prints a table, and
writes it to benches/codeowners-results.md.
"""

from __future__ import annotations

import time

from beside import Times, best, main, never_seen

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


if __name__ == "__main__":
    main(
        __file__,
        "sentry_ophio.codeowners beside the published package",
        "sentry-ophio",
        measure,
        "codeowners-results.md",
    )
