"""Measures sentry_ophio.proguard beside the package symbolic, over the same crate.

    make dev oracle                      # an optimised build, and symbolic
    .venv/bin/python benches/proguard.py

Each package has its own environment, so each is measured in a process of its own; the
processes take turns, so that both see the same machine. A number is the best of all
rounds. Prints a table, and writes it to benches/proguard-results.md.
"""

from __future__ import annotations

import importlib
import json
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from beside import ORACLE, ROOT, ROUNDS, best, require_oracle, run, version_there

SHOP = ROOT / "tests" / "fixtures" / "proguard" / "shop.mapping.txt"
CLASSES = 20_000
MANY = 1_000


def write_mapping(path: Path) -> None:
    """Write a mapping as large as one of a large app: 20,000 classes, 200,000 methods."""
    with path.open("w", encoding="utf-8") as file:
        for klass in range(CLASSES):
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


def unit(seconds: float) -> str:
    """Print a time in a unit that suits it."""
    for factor, name in ((1, "s"), (1e3, "ms"), (1e6, "µs")):
        if seconds * factor >= 0.1:
            return f"{seconds * factor:,.2f} {name}"
    return f"{seconds * 1e9:,.0f} ns"


def main() -> None:
    """Measure both and print the table."""
    require_oracle()
    with tempfile.TemporaryDirectory() as directory:
        large = Path(directory) / "mapping.txt"
        write_mapping(large)
        rounds = [
            (run(sys.executable, __file__, "ours", large), run(ORACLE, __file__, "symbolic", large))
            for _ in range(ROUNDS)
        ]
    lines = [
        "# sentry_ophio.proguard beside symbolic",
        "",
        f"sentry-ophio {version('sentry-ophio')} on Python {platform.python_version()}, "
        f"symbolic {version_there('symbolic')}, {platform.machine()} {platform.system()}.",
        f"The best of {ROUNDS} rounds; `benches/proguard.py` says how.",
        "",
        "| call | sentry_ophio | symbolic | times as fast |",
        "| --- | ---: | ---: | ---: |",
    ]
    for case in rounds[0][0]:
        ours, their = (min(filter(None, (times[case] for times in side))) for side in zip(*rounds))
        lines.append(f"| {case} | {unit(ours)} | {unit(their)} | {their / ours:.1f} |")
    text = "\n".join(lines) + "\n"
    sys.stdout.write(text)
    (ROOT / "benches" / "proguard-results.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        json.dump(measure(*sys.argv[1:]), sys.stdout)
    else:
        main()
