"""Adds the reports of several calls of `preview` up: `summed`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sentry_ophio.enhancers import Report, RuleReport

_MAX_EXAMPLES = 1_000


def summed(reports: list[Report], size: int) -> Report:
    """Add reports with the same rules up.

    Args:
        reports: The reports, at least one.
        size: The number of stack traces of each but the last. The examples are counted on.
    """
    first = reports[0]
    fields: dict[str, Any] = {}
    for name in first._fields:
        values = [getattr(each, name) for each in reports]
        if name == "examples":
            found = [start * size + each for start, part in enumerate(values) for each in part]
            fields[name] = tuple(found[:_MAX_EXAMPLES])
        elif isinstance(values[0], int):
            fields[name] = sum(values)
        else:
            fields[name] = tuple(map(_summed_rule, zip(*values)))
    return type(first)(**fields)


def _summed_rule(rules: tuple[RuleReport, ...]) -> RuleReport:
    return rules[0]._replace(
        matched=sum(each.matched for each in rules),
        responsible=sum(each.responsible for each in rules),
    )
