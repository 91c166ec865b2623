"""The pages of `fingerprint explain --html` and `fingerprint preview --html` (extra `cli`).

The first has a row for each rule, the second a table for each merge, split and move, with a row for
each part. A click on a row shows what the matchers find, or which rules are responsible.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sentry_ophio._counts import counted
from sentry_ophio._html import render
from sentry_ophio._issue_report import left_out_line
from sentry_ophio._rules import place_of
from sentry_ophio._shown import shown
from sentry_ophio.fingerprints import fingerprint_type

if TYPE_CHECKING:
    from collections.abc import Callable

    from sentry_ophio.fingerprints import (
        FingerprintExplanation,
        FingerprintMatch,
        FingerprintRule,
        Issue,
        IssueChange,
        IssuePart,
        IssueReport,
        ResponsibleRule,
        RuleExplanation,
    )

__all__ = ["fingerprint_page", "issues_page"]

# So many changes are on a page, and so many parts of each.
_CHANGES = 200
_PARTS = 50


def issues_page(report: IssueReport, left_out: int) -> str:
    """Make the page of `fingerprint preview`.

    Args:
        report: The report.
        left_out: How many events, rows and files were left out.
    """
    changes = list(map(_change, report.changes[:_CHANGES]))
    counts = f"The {len(changes):,} largest of {counted(len(report.changes), 'change')}."
    lines = list(report.lines(10))
    summary = lines[: lines.index("")] if "" in lines else lines
    if left_out:
        summary.append(left_out_line(left_out))
    return render(
        "issues.html.j2",
        title="Which issues other fingerprint rules change",
        subtitle=f"{counts} Marked events move to another issue. A click on a row shows the rules.",
        summary="\n".join(summary),
        filter="Filter by fingerprint, title, rule or event",
        only="Only parts that move",
        counted="parts of issues",
        changes=changes,
    )


def _change(change: IssueChange) -> dict[str, Any]:
    is_merge = change.kind == "merge"
    what = str(change).partition(": ")[2]
    issue = change.issue
    more = len(change.parts) - _PARTS
    return {
        "kind": change.kind,
        "fingerprint": _fingerprint(issue),
        "facts": f"{what[0].upper()}{what[1:]}. "
        f"{'After' if is_merge else 'Before'}: issue {issue.key[:8]}, {issue.title}",
        "other": "before" if is_merge else "after",
        "parts": [
            _part(part, part.old if is_merge else part.new) for part in change.parts[:_PARTS]
        ],
        "more": f"and {counted(more, 'smaller part')}" if more > 0 else "",
    }


def _part(part: IssuePart, issue: Issue) -> dict[str, Any]:
    fingerprint, title = _fingerprint(issue), issue.title
    rules = list(map(_rule, part.rules))
    examples = [{"name": str(each), "id": each.event_id or ""} for each in part.examples]
    words = [
        *(fingerprint, title, issue.key),
        *(f"{rule['place']} {rule['text']}" for rule in rules),
        *(f"{each['name']} {each['id']}" for each in examples),
    ]
    return {
        "fingerprint": fingerprint,
        "title": title,
        "key": issue.key,
        "events": f"{part.events:,}",
        "moves": part.moves,
        "rules": rules,
        "heading": "events" if part.events == len(examples) else "the first events",
        "examples": examples,
        "searched": " ".join(words).lower(),
    }


def _fingerprint(issue: Issue) -> str:
    return ", ".join(issue.fingerprint)


def _rule(each: ResponsibleRule) -> dict[str, Any]:
    return {
        "events": f"{each.events:,}",
        "word": "by" if each.is_new else "no longer by",
        "place": place_of(each.index, each.rule.line, each.rule.source),
        "text": each.rule.text,
    }


def fingerprint_page(
    name: str,
    explained: FingerprintExplanation,
    listed: list[tuple[int, RuleExplanation]],
    found: FingerprintMatch | None,
    place: Callable[[FingerprintRule], str],
) -> str:
    """Make the page of `fingerprint explain`.

    Args:
        name: The name of the event.
        explained: The explanation.
        listed: The rules of it that are on the page, with their indices.
        found: What the rules find for the event.
        place: Returns where a rule is.
    """
    summary = ["no rule matches"]
    if found is not None:
        kind, parts = fingerprint_type(found.fingerprint), shown(", ".join(found.resolved))
        summary = [f"fingerprint of rule {found.index}: {parts} ({kind})"]
        if found.title is not None:
            summary.append(f"title: {shown(found.title)}")
    return render(
        "fingerprint.html.j2",
        title=f"Why fingerprint rules match {name}",
        subtitle="The marked rule wins. A click on a rule shows what its matchers find.",
        summary="\n".join(summary),
        filter="Filter rules by text, place or value",
        only="Only rules that match",
        counted="rules",
        rules=[
            _explained(index, each, place(each.rule), wins=index == explained.matched)
            for index, each in listed
        ],
    )


def _explained(index: int, each: RuleExplanation, place: str, *, wins: bool) -> dict[str, Any]:
    rule = each.rule
    scopes = [
        {
            "head": str(scope._replace(matchers=())),
            "matchers": [
                {
                    "text": str(one.matcher),
                    "facts": str(one).removeprefix(str(one.matcher)),
                }
                for one in scope.matchers
            ],
        }
        for scope in each.scopes
    ]
    words = [rule.text, place, *(str(scope) for scope in each.scopes)]
    return {
        "index": index,
        "text": rule.text,
        "place": place,
        "matches": each.matches,
        "wins": wins,
        "note": "and wins" if wins else "but an earlier rule wins" if each.matches else "",
        "scopes": scopes,
        "searched": " ".join(words).lower(),
    }
