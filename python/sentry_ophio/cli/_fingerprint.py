"""`sentry-ophio fingerprint`: checks, formats and explains fingerprint rules."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sentry_ophio._event_files import parse_event
from sentry_ophio._html_fingerprints import fingerprint_page
from sentry_ophio.cli._check import (
    check_fix,
    fix_option,
    format_option,
    is_fixed,
    json_option,
    report,
)
from sentry_ophio.cli._fixes import fixed_text
from sentry_ophio.cli._fmt import fmt_options, write
from sentry_ophio.cli._input import (
    InputError,
    base_text,
    read_bytes,
    read_rule_file,
    replace_file,
)
from sentry_ophio.cli._output import echo, echo_json, styled
from sentry_ophio.cli._problems import InvalidRulesError, find_in
from sentry_ophio.cli._rule_files import FINGERPRINTS
from sentry_ophio.exceptions import EventError, FingerprintsError, LimitError
from sentry_ophio.fingerprints import FingerprintRules, _restored, fingerprint_type
from sentry_ophio.parameterization import default_parameterizer

if TYPE_CHECKING:
    from sentry_ophio.cli._problems import Found
    from sentry_ophio.fingerprints import (
        FingerprintExplanation,
        FingerprintMatch,
        FingerprintRule,
        RuleExplanation,
    )


base_option = click.option(
    "--base",
    "base_files",
    multiple=True,
    metavar="FILE",
    help="Fingerprint rules that are put in front of the others. Can be repeated.",
)


@click.group()
def fingerprint() -> None:
    """Fingerprint rules: they decide which events become one issue."""


@fingerprint.command()
@click.argument("rules", nargs=-1, required=True, metavar="RULES...")
@click.option("--strict", is_flag=True, help="Fail on warnings as well.")
@fix_option
@base_option
@format_option
@json_option
def check(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    rules: tuple[str, ...],
    strict: bool,
    fix: bool,
    base_files: tuple[str, ...],
    form: str,
    as_json: bool,
) -> None:
    """Find all problems of fingerprint rules in the text form.

    RULES is a file with rules, a Terraform file with fingerprinting_rules, JSON of Sentry's API
    with fingerprintingRules, or - for standard input. An error is a line that is not a rule. A
    warning is a rule that probably does not do what was intended. Each problem has a code, which
    docs/diagnostics.md explains. Problems of the rules of --base are not reported.

    With --fix, each file is replaced atomically if it changes, and then the rest of the problems is
    reported. Fixing a fixed file changes nothing.

    \b
    Examples:
      sentry-ophio fingerprint check my.rules
      sentry-ophio fingerprint check --fix my.rules
      sentry-ophio fingerprint check --strict --format=github rules/*.txt
      git show HEAD:my.rules | sentry-ophio fingerprint check --json -

    The exit code is 0 without errors, 1 with errors (with --strict also with warnings), and 2 if a
    file cannot be read.
    """  # noqa: D301 (click wants the control character)
    check_fix(rules, fix)
    base = [(name, base_text(name, FINGERPRINTS)) for name in base_files]

    def problems(name: str) -> list[Found]:
        file = read_rule_file(name, FINGERPRINTS)
        try:
            if fix and is_fixed(file, _fixed):
                file = read_rule_file(name, FINGERPRINTS)
            return find_in(file, FingerprintRules.check, base)
        except LimitError as error:
            raise InputError(name, str(error)) from None

    report(rules, problems, "json" if as_json else form, strict=strict)


def _fixed(text: str) -> str:
    return fixed_text(text, FingerprintRules.check)


@fingerprint.command()
@fmt_options
def fmt(rules: tuple[str, ...], only_check: bool, as_json: bool) -> None:
    """Format fingerprint rules: align them in columns, without changing their meaning.

    RULES is a file, which is replaced atomically, or - for standard input, which is formatted to
    standard output. Comments and empty lines are kept. In a Terraform file the text of
    fingerprinting_rules is formatted, in JSON of Sentry's API that of fingerprintingRules; nothing
    else changes.

    \b
    Examples:
      sentry-ophio fingerprint fmt my.rules
      sentry-ophio fingerprint fmt --check rules/*.txt
      sentry-ophio fingerprint fmt - < old.rules > new.rules

    The exit code is 1 if --check finds a file that would change, and 2 if a file cannot be
    read or written, or is not valid: sentry-ophio fingerprint check reports why.
    """  # noqa: D301 (click wants the control character)
    check = FingerprintRules.check
    form = FingerprintRules.format
    write(rules, FINGERPRINTS, form, check, only_check=only_check, as_json=as_json)


builtin_option = click.option(
    "--builtin",
    "builtin_files",
    multiple=True,
    metavar="FILE",
    help="Built-in rules, which come after the others.",
)
unknown_option = click.option(
    "--unknown",
    type=click.Choice(["keep", "mark"]),
    default="keep",
    help="What happens to an unknown variable: it stays, or is marked as newer versions of "
    "Sentry do.",
)
parameterize_option = click.option(
    "--parameterize",
    "parameterized",
    is_flag=True,
    help="Replace ids, dates and numbers in the variable message, as `sentry-ophio parameterize` "
    "does.",
)


@fingerprint.command()
@click.argument("event", metavar="EVENT")
@click.option(
    "--rules",
    "rule_file",
    required=True,
    metavar="FILE",
    help="Rules in the text form, or as the JSON that Sentry stores.",
)
@base_option
@builtin_option
@click.option(
    "--rule",
    "only",
    metavar="RULE",
    help="Only this rule: the index that is printed, counted from 0, or FILE:LINE.",
)
@unknown_option
@parameterize_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON document.")
@click.option("--html", "html_file", metavar="FILE", help="Write an HTML page instead.")
def explain(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    event: str,
    rule_file: str,
    base_files: tuple[str, ...],
    builtin_files: tuple[str, ...],
    only: str | None,
    unknown: Any,
    parameterized: bool,
    as_json: bool,
    html_file: str | None,
) -> None:
    """Explain why fingerprint rules match an event, or do not.

    EVENT is a file with the JSON of an event, or - for standard input. The output lists for each
    rule the results of its matchers, and at the end the fingerprint of the first rule that matches.

    \b
    Examples:
      sentry-ophio fingerprint explain --rules my.rules event.json
      sentry-ophio fingerprint explain --rules my.rules --rule my.rules:12 event.json
      sentry-ophio fingerprint explain --rules my.rules --html report.html event.json

    The exit code is 2 if the event or the rules cannot be used, or if there is no such rule.
    """  # noqa: D301 (click wants the control character)
    rules = read_fingerprint_rules(rule_file, builtin_files, base_files)
    selected = None if only is None else _find_rule(rules, only)
    try:
        document = parse_event(event, read_bytes(event))
    except EventError as error:
        raise InputError.of(error) from None
    try:
        explained = rules.explain(document)
        ids = default_parameterizer() if parameterized else None
        found = rules.match(document, unknown=unknown, parameterizer=ids)
    except (EventError, LimitError) as error:
        raise InputError(event, str(error)) from None
    shown = [
        (index, each) for index, each in enumerate(explained.rules) if selected in {None, index}
    ]
    if html_file is not None:
        page = fingerprint_page(event, explained, shown, found, _place)
        replace_file(Path(html_file), page.encode("utf-8", "replace"))
        echo(f"{html_file}: written", err=True)
        return
    if as_json:
        echo_json(_document(explained, shown, found))
        return
    echo(styled(event, bold=True))
    for index, each in shown:
        _show_rule(index, each, wins=index == explained.matched)
    _show_match(found)


def read_fingerprint_rules(
    name: str, builtin: tuple[str, ...] = (), base: tuple[str, ...] = ()
) -> FingerprintRules:
    """Read a file of rules, with the rules of `base` before and those of `builtin` after them."""
    bases = [read_fingerprint_rules(each) for each in builtin]
    return in_front(base, _read(name, bases))


def in_front(base: tuple[str, ...], rules: FingerprintRules) -> FingerprintRules:
    """Put the rules of files in front of others."""
    if not base:
        return rules
    sets = [*map(read_fingerprint_rules, base), rules]
    stored = [each for rules in sets for each in json.loads(rules.to_json())["rules"]]
    origins = [(rule.line, rule.source) for rules in sets for rule in rules]
    return _restored(json.dumps({"version": 1, "rules": stored}), tuple(origins), ())


def _read(name: str, bases: list[FingerprintRules]) -> FingerprintRules:
    file = read_rule_file(name, FINGERPRINTS._replace(has_stored_form=True))
    found = file.only()
    # A rule cannot begin with a brace.
    is_stored = found.text.lstrip()[:1] == "{"
    read = FingerprintRules.from_json if is_stored else FingerprintRules.parse
    try:
        return read(found.padded, source=found.source, bases=bases)
    except (FingerprintsError, LimitError) as error:
        if isinstance(error, FingerprintsError) and not is_stored:
            raise InvalidRulesError(file, FingerprintRules.check) from None
        raise InputError(name, " ".join(str(error).split("\n"))) from None


def _find_rule(rules: FingerprintRules, only: str) -> int:
    """Read the value of `--rule`."""
    file, _, line = only.rpartition(":")
    if not (line.isascii() and line.isdecimal()):
        raise click.BadParameter("RULE or FILE:LINE", param_hint="--rule")
    for index, rule in enumerate(rules):
        if (rule.source, rule.line) == (file, int(line)) if file else index == int(line):
            return index
    if file:
        raise InputError(file, f"there is no rule in line {line}")
    raise click.BadParameter(
        f"there is no rule {line}: there are {len(rules)}", param_hint="--rule"
    )


def _show_rule(index: int, each: RuleExplanation, *, wins: bool) -> None:
    rule = each.rule
    place = _place(rule)
    parts = ("  ", styled(place, fg="cyan")) if place else ()
    echo(f"{index:3} ", styled(rule.text, bold=wins), *parts)
    word = "matches" if each.matches else "does not match"
    if each.matches and not wins:
        word += ", but an earlier rule wins"
    echo("      ", styled(word, fg="green" if each.matches else "red"))
    for scope in each.scopes:
        for line in str(scope._replace(matchers=())).split("\n"):
            echo(f"      {line}")
        for matcher in scope.matchers:
            echo(f"          {matcher}")


def _place(rule: FingerprintRule) -> str:
    place = rule.source or ""
    if rule.line is not None:
        place += f":{rule.line}"
    return place + (" (built-in)" if rule.is_builtin else "")


def _show_match(found: FingerprintMatch | None) -> None:
    if found is None:
        echo("no rule matches")
        return
    parts = styled(", ".join(found.resolved), bold=True)
    kind = fingerprint_type(found.fingerprint)
    echo(f"fingerprint of rule {found.index}: ", parts, f" ({kind})")
    if found.title is not None:
        echo(f"title: {found.title}")


def _document(
    explained: FingerprintExplanation,
    shown: list[tuple[int, RuleExplanation]],
    found: FingerprintMatch | None,
) -> dict[str, Any]:
    def scopes(each: RuleExplanation) -> list[dict[str, Any]]:
        return [
            scope._asdict()
            | {
                "matchers": [
                    matcher._asdict() | {"matcher": matcher.matcher._asdict()}
                    for matcher in scope.matchers
                ]
            }
            for scope in each.scopes
        ]

    return {
        "matched": explained.matched,
        "fingerprint": found and found.resolved,
        "type": found and fingerprint_type(found.fingerprint),
        "title": found and found.title,
        "rules": [
            {
                "index": index,
                "text": each.rule.text,
                "source": each.rule.source,
                "line": each.rule.line,
                "is_builtin": each.rule.is_builtin,
                "matches": each.matches,
                "scopes": scopes(each),
            }
            for index, each in shown
        ],
    }
