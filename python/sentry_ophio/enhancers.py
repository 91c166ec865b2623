"""Stack trace rules: they decide which frames are in-app, and which count for grouping.

A rule set is parsed once and applied to many stack traces:

    >>> from sentry_ophio.enhancers import Cache, Component, Enhancements
    >>> rules = Enhancements.parse("family:native function:std::* -app", Cache(1_000))
    >>> rules
    Enhancements(1 rule)
    >>> frame = dict.fromkeys(
    ...     ["category", "function", "module", "package", "path", "orig_in_app"]
    ... ) | {"family": b"native", "function": b"std::panicking::begin_panic", "in_app": True}
    >>> exception = {"ty": b"panic", "value": None, "mechanism": None}
    >>> rules.apply_modifications_to_frames([frame], exception)
    [(None, False)]

Frames and exception data
-------------------------

A *frame* is a mapping with all of these keys; others are ignored:

| key | value |
| --- | --- |
| `category`, `family`, `function`, `module`, `package`, `path` | `bytes` of UTF-8, or None |
| `in_app` | `bool` or None |
| `orig_in_app` | `int` from -128 to 127, or None |

*Exception data* is a mapping with the keys `ty`, `value` and `mechanism`, each `bytes` of
UTF-8 or None. `bytearray` and `memoryview` are accepted as bytes, and any object with `[]` as a
mapping.

Threads may share objects of this module, and a child may use them after a fork.
"""

from __future__ import annotations

from sentry_ophio._component import AssembleResult, Component
from sentry_ophio._first_use import first_use
from sentry_ophio._rule_set import Cache, Enhancements
from sentry_ophio._stacktrace import Stacktrace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sentry_ophio._config import EnhancementsConfig, ProcessedStacktrace, VariantResult
    from sentry_ophio._diagnostic import Diagnostic, Fix
    from sentry_ophio._diagnostics import fix_rules, format_rules
    from sentry_ophio._explain import Explanation, FrameExplanation, Step, TriedMatcher
    from sentry_ophio._preview import Report, RuleReport, preview
    from sentry_ophio._rules import FlagAction, Matcher, Rule, VarAction

__all__ = [
    "AssembleResult",
    "Cache",
    "Component",
    "Diagnostic",
    "Enhancements",
    "EnhancementsConfig",
    "Explanation",
    "Fix",
    "FlagAction",
    "FrameExplanation",
    "Matcher",
    "ProcessedStacktrace",
    "Report",
    "Rule",
    "RuleReport",
    "Stacktrace",
    "Step",
    "TriedMatcher",
    "VarAction",
    "VariantResult",
    "fix_rules",
    "format_rules",
    "preview",
]

# These objects are documented and pickled under the name of this module, not of their files.
for _each in (AssembleResult, Cache, Component, Enhancements, Stacktrace):
    _each.__module__ = __name__

# Names that a service for grouping does not use are imported on first use: their modules import
# `dataclasses` and `json`, which take three times as long as everything else.
_MODULES = {
    "Diagnostic": "_diagnostic",
    "EnhancementsConfig": "_config",
    "Explanation": "_explain",
    "Fix": "_diagnostic",
    "FlagAction": "_rules",
    "FrameExplanation": "_explain",
    "Matcher": "_rules",
    "ProcessedStacktrace": "_config",
    "Report": "_preview",
    "Rule": "_rules",
    "RuleReport": "_preview",
    "Step": "_explain",
    "TriedMatcher": "_explain",
    "VarAction": "_rules",
    "VariantResult": "_config",
    "fix_rules": "_diagnostics",
    "format_rules": "_diagnostics",
    "preview": "_preview",
}


def __getattr__(name: str) -> object:
    """Import a name of `_MODULES`, and keep it as a global."""
    module = _MODULES.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with first_use:
        from importlib import import_module  # noqa: PLC0415 (loads when used)

        imported = import_module(f"sentry_ophio.{module}")
    found = globals()[name] = getattr(imported, name)
    return found


def __dir__() -> list[str]:
    """Return the public names, also those that are not imported yet."""
    return sorted({*globals(), *__all__})
