"""Calls of functions in another environment, beside the same calls here.

As a program, in the environment of the published package, it answers pickled batches of
`(module, function, arguments, keywords)` on standard input. `Published` starts it and asks.
Uses the standard library only: the other environment has no more.
"""

from __future__ import annotations

import importlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

Call = tuple[str, str, tuple[Any, ...], dict[str, Any]]
# ("ok", result) or ("error", name of the exception's class)
Outcome = tuple[str, Any]

HERE = Path(__file__).resolve()
PYTHON = Path(
    os.environ.get("OPHIO_ORACLE", HERE.parent.parent / ".venv-oracle" / "bin" / "python")
)


def applied(binary: bytes, frames: list[Any], error: Any) -> list[Any]:
    """Apply rules in the binary form."""
    enhancers: Any = importlib.import_module("sentry_ophio.enhancers")
    rules = enhancers.Enhancements.from_config_structure(binary, enhancers.Cache(0))
    answer: list[Any] = rules.apply_modifications_to_frames(frames, error)
    return answer


def asked(rules: str, frames: list[Any], error: Any, contributes: list[Any]) -> tuple[Any, ...]:
    """Apply rules in the text form to a stack trace with all functions."""
    enhancers: Any = importlib.import_module("sentry_ophio.enhancers")
    parsed = enhancers.Enhancements.parse(rules, enhancers.Cache(0))
    components = [enhancers.Component(each) for each in contributes]
    applied = parsed.apply_modifications_to_frames(frames, error)
    result = parsed.assemble_stacktrace_component(frames, error, components)
    return (
        applied,
        (result.contributes, result.hint, result.invert_stacktrace),
        [(each.contributes, each.hint) for each in components],
    )


def outcome(call: Call) -> Outcome:
    """Make a call and tell what came of it."""
    module, name, arguments, keywords = call
    function = getattr(importlib.import_module(module), name)
    try:
        return ("ok", function(*arguments, **keywords))
    except Exception as err:
        # PyO3's panics are no Exception and end the worker: none is expected here.
        # As users catch it: ours are subclasses of the built-in one that the published raise.
        caught = next(cls for cls in type(err).__mro__ if cls.__module__ == "builtins")
        return ("error", caught.__name__)


class Published:
    """The process with the published package."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [str(PYTHON), str(HERE)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def ask(self, calls: list[Call]) -> list[Outcome]:
        """Make calls there."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        pickle.dump(calls, self.process.stdin)
        self.process.stdin.flush()
        answer: list[Outcome] = pickle.load(self.process.stdout)
        return answer

    def stop(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()


def main() -> None:
    """Answer until the input ends."""
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            calls = pickle.load(stdin)
        except EOFError:
            return
        pickle.dump([outcome(call) for call in calls], stdout)
        stdout.flush()


if __name__ == "__main__":
    main()
