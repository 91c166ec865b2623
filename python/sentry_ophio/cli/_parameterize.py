"""`sentry-ophio parameterize`: replaces ids, dates and numbers in lines."""

from __future__ import annotations

import sys
from collections import Counter
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

import click

from sentry_ophio.cli._input import InputError, read_text
from sentry_ophio.cli._lines import blocks, for_each_file
from sentry_ophio.cli._output import echo, echo_json, json_of, printable_json, write
from sentry_ophio.exceptions import LimitError, PatternError
from sentry_ophio.parameterization import Parameterizer, Pattern, default_parameterizer

if TYPE_CHECKING:
    from typing import BinaryIO


@click.command()
@click.argument("files", nargs=-1, metavar="[FILES...]")
@click.option("--only", metavar="KINDS", help="Replace these kinds only, such as uuid,ip.")
@click.option("--patterns", "patterns_file", metavar="FILE", help="Use the patterns in this file.")
@click.option("--counts", "only_counts", is_flag=True, help="Print how often each kind occurs.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print a JSON document for each line, with its matches; with --counts, one for all.",
)
def parameterize(
    files: tuple[str, ...],
    only: str | None,
    patterns_file: str | None,
    only_counts: bool,
    as_json: bool,
) -> None:
    """Replace ids, dates and numbers in each line by their kind, such as <ip>.

    FILES are texts in UTF-8, or - for standard input, which is the default. Each line is searched
    separately and written to standard output.

    \b
    Examples:
      sentry-ophio parameterize server.log | sort | uniq -c | sort -rn
      tail -f server.log | sentry-ophio parameterize --only uuid,ip
      sentry-ophio parameterize --counts --patterns my.toml *.log

    A file of patterns is TOML. Its table [patterns] has a regex for each name. With
    defaults = true the default patterns follow them:

    \b
      defaults = true
      [patterns]
      ticket = '[A-Z]{2,5}-[0-9]+'

    A line that is not UTF-8 is reported and written unchanged. The exit code is 2 then, as for a
    file that cannot be read.
    """  # noqa: D301 (click wants the control character)
    work = _Work(_parameterizer(patterns_file, only), only_counts, as_json)
    for_each_file(files, work)
    if only_counts:
        counts = sorted(work.counts.items(), key=lambda item: -item[1])
        if as_json:
            echo_json(dict(counts))
        else:
            for kind, count in counts:
                echo(f"{count:>9} {kind}")
    if work.failed:
        sys.exit(InputError.exit_code)


class _Work:
    """Processes the lines of all files."""

    def __init__(self, parameterizer: Parameterizer, only_counts: bool, as_json: bool) -> None:
        self._parameterizer = parameterizer
        self._kinds = [pattern.name for pattern in parameterizer.patterns]
        self._only_counts = only_counts
        self._as_json = as_json
        self.counts: Counter[str] = Counter()
        self.failed = False

    def run(self, name: str, file: BinaryIO) -> None:
        """Process the lines of a file, block by block."""
        number = 1
        bad = 0
        for block in blocks(name, file):
            ended = block.endswith(b"\n")
            whole = block[:-1] if ended else block
            lines = whole.count(b"\n") + 1
            try:
                answers = self._answers(whole.decode().split("\n"))
            except (UnicodeDecodeError, LimitError):
                answers = []
                for place, line in enumerate(whole.split(b"\n"), number):
                    try:
                        answers += self._answers([line.decode()])
                    except (UnicodeDecodeError, LimitError) as error:
                        message = _message(error)
                        answers += self._rejected(line, message)
                        if not bad:
                            InputError(name, f"line {place}", message).show()
                        bad += 1
            number += lines
            if answers:
                self._write(answers, ended or self._as_json)
        if bad:
            self.failed = True
        if bad > 1:
            InputError(name, f"{bad - 1} more lines cannot be searched").show()

    def _answers(self, texts: list[str]) -> list[bytes]:
        """Return the output, without the last line feed."""
        if self._only_counts:
            self.counts.update(self._parameterizer.counts(texts))
            return []
        if self._as_json:
            found = self._parameterizer._find_numbers(texts)
            return [_with_matches(*line, self._kinds) for line in zip(texts, found)]
        return ["\n".join(self._parameterizer.parameterize_many(texts)).encode()]

    def _rejected(self, line: bytes, message: str) -> list[bytes]:
        if self._only_counts:
            return []
        if self._as_json:
            return [_json({"text": line.decode(errors="replace"), "error": message})]
        return [line]

    @staticmethod
    def _write(lines: list[bytes], ended: bool) -> None:
        write(b"\n".join(lines) + (b"\n" if ended else b""))


def _with_matches(text: str, matches: list[tuple[int, int, int]], kinds: list[str]) -> bytes:
    """Write the document of a line. `json.dumps` takes three times as long for it."""
    pieces: list[str] = []
    listed = []
    end = 0
    for number, start, stop in matches:
        kind = kinds[number]
        pieces += (text[end:start], "<", kind, ">")
        listed.append(f'{{"kind": "{kind}", "start": {start}, "end": {stop}}}')
        end = stop
    pieces.append(text[end:])
    replaced = printable_json(encode_basestring("".join(pieces)))
    return f'{{"text": {replaced}, "matches": [{", ".join(listed)}]}}'.encode()


def _json(document: dict[str, Any]) -> bytes:
    return json_of(document).encode()


def _message(error: UnicodeDecodeError | LimitError) -> str:
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8 (at byte {error.start})"
    return str(error).partition("text 0: ")[2] or str(error)


def _parameterizer(patterns_file: str | None, only: str | None) -> Parameterizer:
    if patterns_file is not None:
        patterns = _patterns(patterns_file)
    elif only is not None:
        patterns = default_parameterizer().patterns
    else:
        return default_parameterizer()
    names = None if only is None else [name.strip() for name in only.split(",") if name.strip()]
    kinds = [pattern.name for pattern in patterns]
    for name in names or ():
        if name not in kinds:
            raise click.BadParameter(
                f"no pattern has the name {name}, expected one of {', '.join(kinds)}",
                param_hint="'--only'",
            )
    try:
        return Parameterizer(patterns, names)
    except PatternError as error:
        raise InputError(patterns_file or "--only", str(error)) from None


def _patterns(name: str) -> tuple[Pattern, ...]:
    """Read a file of patterns."""
    document = _toml(name)
    table = document.pop("patterns", {})
    defaults = document.pop("defaults", False)
    if document:
        raise InputError(name, f"unknown key {next(iter(document))!r}")
    if not isinstance(defaults, bool):
        raise InputError(name, f"defaults must be true or false, not {defaults!r}")
    if not isinstance(table, dict):
        raise InputError(name, "patterns must be a table with a regex for each name")
    for key, regex in table.items():
        if not isinstance(regex, str):
            raise InputError(name, f"the regex of {key!r} must be a string, not {regex!r}")
    own = tuple(Pattern(key, regex) for key, regex in table.items())
    return own + default_parameterizer().patterns if defaults else own


def _toml(name: str) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib  # noqa: PLC0415 (only a file of patterns needs it)
    else:
        try:
            import tomli as tomllib  # noqa: PLC0415
        except ImportError:
            raise InputError(
                name, "TOML needs Python 3.11, or tomli: pip install 'sentry-ophio[cli]'"
            ) from None
    try:
        return tomllib.loads(read_text(name))
    except tomllib.TOMLDecodeError as error:
        raise InputError(name, str(error)) from None
