"""Measures sentry_ophio.proguard beside the package symbolic, over the same crate.

    make dev oracle                      # an optimised build, and symbolic
    .venv/bin/python benches/proguard.py
    .venv/bin/python benches/proguard.py --texts      # only the table of texts

Each package has its own environment, so each is measured in a process of its own; the
processes take turns, so that both see the same machine. A number is the best of all
rounds. Prints a table, and writes it to benches/proguard-results.md.

The second table has texts, retraced with a mapping of 12 MB: a trace of 30 lines, whose first call
finds the classes in the file, and a log of 100,000 lines, of which 5 % are frames. symbolic has no
such function, and R8's own retrace is in no package index.
"""

from __future__ import annotations

import importlib
import itertools
import json
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from beside import ORACLE, ROOT, ROUNDS, best, require_oracle, run, version_there

RESULTS = ROOT / "benches" / "proguard-results.md"
TEXTS = "## Texts"
SHOP = ROOT / "tests" / "fixtures" / "proguard" / "shop.mapping.txt"
CLASSES = 20_000  # 12 MB
CLASSES_50 = 81_000  # 50 MB
MANY = 1_000
LINES = 100_000


def write_mapping(path: Path, classes: int) -> None:
    """Write a mapping of so many classes with ten methods each. A large app has 20,000 classes."""
    with path.open("w", encoding="utf-8") as file:
        for klass in range(classes):
            name = f"com.example.app.module{klass % 97}.SomeClass{klass}"
            file.write(f"{name} -> a.b{klass % 31}.c{klass}:\n")
            for method in range(10):
                first, original = method * 10 + 1, method * 20 + 1
                file.write(
                    f"    {first}:{first + 8}:void method{method}(int,java.lang.String)"
                    f":{original}:{original + 8} -> {'abcde'[method % 5]}\n"
                )


def frames_of_large() -> list[tuple[str, str, int]]:
    """Name frames all over the large mapping, each known."""
    numbers = [i * 7919 % CLASSES for i in range(MANY)]
    return [
        (f"a.b{klass % 31}.c{klass}", "abcde"[i % 5], i % 10 * 10 + 3)
        for i, klass in enumerate(numbers)
    ]


def trace_of_large() -> str:
    """Write a stack trace of 30 lines: an exception, and frames of the large mapping."""
    lines = ["java.lang.IllegalStateException: no\n"]
    for klass, method, line in frames_of_large()[:29]:
        lines.append(f"\tat {klass}.{method}(SourceFile:{line})\n")
    return "".join(lines)


def log_of_large() -> str:
    """Write a log of 100,000 lines, of which each twentieth is a frame of the large mapping."""
    frames = itertools.cycle(frames_of_large())
    lines = []
    for number in range(LINES):
        prefix = f"11-27 10:{number // 1800 % 60:02}:{number // 30 % 60:02}.123  4321  4321 "
        if number % 20:
            lines.append(f"{prefix}I Network: request {number} took {number % 97} ms\n")
        else:
            klass, method, line = next(frames)
            lines.append(f"{prefix}E AndroidRuntime: \tat {klass}.{method}(SourceFile:{line})\n")
    return "".join(lines)


def measure(package: str, large: str) -> dict[str, float]:
    """Measure one package in this process; seconds for one call of each case."""
    module = "sentry_ophio.proguard" if package == "ours" else "symbolic.proguard"
    Mapper: Any = importlib.import_module(module).ProguardMapper  # noqa: N806
    shop: Any = Mapper.open(str(SHOP))
    frames = frames_of_large()

    results = {
        "open, 4 KB": best(lambda: Mapper.open(str(SHOP)), 50),
        "remap_class": best(lambda: shop.remap_class("a.f"), 5_000),
        "remap_class, unknown": best(lambda: shop.remap_class("java.lang.String"), 5_000),
        "remap_method": best(lambda: shop.remap_method("a.f", "a"), 5_000),
        "remap_frame, 1 frame": best(lambda: shop.remap_frame("a.f", "a", 12), 5_000),
        "remap_frame, 4 frames": best(lambda: shop.remap_frame("a.d", "run", 3018), 5_000),
        "remap_frame, unknown": best(lambda: shop.remap_frame("java.lang.X", "a", 1), 5_000),
    }
    start = time.perf_counter()
    mapper: Any = Mapper.open(large)
    results["open, 12 MB"] = time.perf_counter() - start
    assert all(len(mapper.remap_frame(*frame)) == 1 for frame in frames)
    one_by_one = best(lambda: [mapper.remap_frame(*frame) for frame in frames], 3, MANY)
    results["remap_frame, in 12 MB"] = one_by_one
    # symbolic has no such function: its users write the loop.
    together = best(lambda: mapper.remap_frames(frames), 3, MANY) if package == "ours" else None
    results["remap_frames, a frame of 1,000"] = one_by_one if together is None else together
    return results


def measure_texts(large: str) -> dict[str, float]:
    """Measure how long texts take, in this process."""
    from sentry_ophio.proguard import ProguardMapper  # noqa: PLC0415 (symbolic's Python has none)

    mapper = ProguardMapper.open(large)
    trace, log = trace_of_large(), log_of_large()
    results = {}
    start = time.perf_counter()
    retraced = mapper.remap_stacktrace(trace)
    results["the first"] = time.perf_counter() - start
    assert retraced.count("at com.example.app.module") == 29
    results["30 lines"] = best(lambda: mapper.remap_stacktrace(trace), 200)
    assert mapper.remap_stacktrace(log).count("at com.example.app.module") == LINES // 20
    results["100,000 lines"] = best(lambda: mapper.remap_stacktrace(log), 1)
    return results


def measure_cache(directory: str) -> dict[str, float]:
    """Measure how long opening a mapping and its cache takes, in this process."""
    from sentry_ophio.proguard import ProguardMapper  # noqa: PLC0415 (symbolic's Python has none)

    mapping, cache = Path(directory, "mapping-50.txt"), Path(directory, "mapping-50.cache")
    write_mapping(mapping, CLASSES_50)
    ProguardMapper.open(mapping).write_cache(cache)
    frame = frames_of_large()[1]
    return {
        OPEN: best(lambda: ProguardMapper.open(mapping), 2),
        OPEN_CACHE: best(lambda: ProguardMapper.open_cache(cache), 20),
        f"{OPEN_CACHE}, and the first frame": best(
            lambda: ProguardMapper.open_cache(cache).remap_frame(*frame), 20
        ),
    }


OPEN, OPEN_CACHE = "`open`", "`open_cache`"


def unit(seconds: float) -> str:
    """Print a time in a unit that suits it."""
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 0.1:
            return f"{seconds * factor:,.2f} {name}"
    return f"{seconds * 1e9:,.0f} ns"


def table_of_texts(large: Path) -> str:
    """Measure texts and return their table."""
    rounds = [run(sys.executable, __file__, "texts", large) for _ in range(ROUNDS)]
    lines = [
        "",
        TEXTS,
        "",
        f"sentry-ophio {version('sentry-ophio')} on Python {platform.python_version()}. The best "
        f"of {ROUNDS} rounds. On {os.cpu_count()} cores the load was {os.getloadavg()[0]:.0f}.",
        "",
        "| call | sentry_ophio | a line |",
        "| --- | ---: | ---: |",
    ]
    for case, count in (("the first", None), ("30 lines", 30), ("100,000 lines", LINES)):
        seconds = min(filter(None, (each[case] for each in rounds)))
        a_line = "" if count is None else unit(seconds / count)
        lines.append(f"| remap_stacktrace, {case} | {unit(seconds)} | {a_line} |")
    return "\n".join(lines) + "\n"


def table_of_cache(directory: str) -> str:
    """Measure the cache of a mapping and return its table."""
    rounds = [run(sys.executable, __file__, "cache", directory) for _ in range(ROUNDS)]
    times = {case: min(filter(None, (each[case] for each in rounds))) for case in rounds[0]}
    lines = [
        "",
        "## Cache",
        "",
        f"A mapping of 50 MB, and its cache. The best of {ROUNDS} rounds, with a load of "
        f"{os.getloadavg()[0]:.0f}. The cache opens {times[OPEN] / times[OPEN_CACHE]:.0f} times as "
        "fast. symbolic has none.",
        "",
        "| call | time |",
        "| --- | ---: |",
        *(f"| {case} | {unit(seconds)} |" for case, seconds in times.items()),
    ]
    return "\n".join(lines) + "\n"


def main(*, only_texts: bool) -> None:
    """Measure, print the tables and write them."""
    with tempfile.TemporaryDirectory() as directory:
        large = Path(directory) / "mapping.txt"
        write_mapping(large, CLASSES)
        calls = RESULTS.read_text("utf-8").split(f"\n{TEXTS}")[0] if only_texts else table(large)
        text = calls + table_of_texts(large) + table_of_cache(directory)
    sys.stdout.write(text)
    RESULTS.write_text(text, encoding="utf-8")


def table(large: Path) -> str:
    """Measure both packages and return the table."""
    require_oracle()
    rounds = [
        (run(sys.executable, __file__, "ours", large), run(ORACLE, __file__, "symbolic", large))
        for _ in range(ROUNDS)
    ]
    lines = [
        "# sentry_ophio.proguard beside symbolic",
        "",
        f"sentry-ophio {version('sentry-ophio')} on Python {platform.python_version()}, "
        f"symbolic {version_there('symbolic')}, {platform.machine()} {platform.system()}.",
        f"The best of {ROUNDS} rounds; `benches/proguard.py` says how. "
        f"On {os.cpu_count()} cores the load was {os.getloadavg()[0]:.0f}.",
        "",
        "| call | sentry_ophio | symbolic | times as fast |",
        "| --- | ---: | ---: | ---: |",
    ]
    for case in rounds[0][0]:
        ours, their = (min(filter(None, (times[case] for times in side))) for side in zip(*rounds))
        lines.append(f"| {case} | {unit(ours)} | {unit(their)} | {their / ours:.1f} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    if len(sys.argv) == 3:
        package, path = sys.argv[1:]
        special = {"texts": measure_texts, "cache": measure_cache}.get(package)
        json.dump(special(path) if special else measure(package, path), sys.stdout)
    else:
        main(only_texts="--texts" in sys.argv)
