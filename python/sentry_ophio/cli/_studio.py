"""`sentry-ophio studio`: a page on which rules are edited, with their effects on events."""

from __future__ import annotations

import socket
import sys
import threading
import webbrowser

import click

from sentry_ophio.cli._input import InputError, base_text, read_rules
from sentry_ophio.cli._options import base_option
from sentry_ophio.cli._output import echo
from sentry_ophio.cli._rule_files import ENHANCEMENTS, FINGERPRINTS
from sentry_ophio.cli._whole_events import each_event
from sentry_ophio.enhancers import Enhancements

_HOST = "127.0.0.1"


@click.command()
@click.argument("events", nargs=-1, required=True, metavar="EVENTS...")
@click.option("--rules", "rule_file", metavar="FILE", help="The stack trace rules to edit.")
@click.option(
    "--fingerprints", "fingerprint_file", metavar="FILE", help="The fingerprint rules to edit."
)
@base_option
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="N",
    help="The port; by default a free one.",
)
@click.option("--no-browser", is_flag=True, help="Print the address only.")
def studio(  # noqa: PLR0913, PLR0917 (an argument each is how click has it)
    events: tuple[str, ...],
    rule_file: str | None,
    fingerprint_file: str | None,
    base_files: tuple[str, ...],
    port: int,
    no_browser: bool,
) -> None:
    """Edit rules on a page in the browser, and see at once what they change.

    EVENTS are files with the JSON of an event, files with one event per line (.ndjson, .jsonl),
    both also with gzip (.gz), Parquet files, folders of all these, or - for one event per line on
    standard input. They are read once. Rules are in the text form, in a Terraform file, or in JSON
    of Sentry's API; FILE:LINE is one of several texts in a file. The page shows the problems of the
    rules, the frames of an event with each step, what changes in all events, and which issues
    change.

    \b
    Examples:
      sentry-ophio studio --rules my.rules events/
      sentry-ophio studio --base default --rules main.tf:12 events/
      sentry-ophio studio --rules my.rules --fingerprints fp.rules events.ndjson.gz

    The page is on this machine only, at an address with a random token. A file is written when you
    save. Ctrl-C ends the program.
    """  # noqa: D301 (click wants the control character)
    if rule_file is None and fingerprint_file is None:
        raise click.UsageError("there is nothing to edit: give --rules, --fingerprints or both")
    try:
        from sentry_ophio.studio._app import Server  # noqa: PLC0415 (in an extra)
        from sentry_ophio.studio._serve import serve  # noqa: PLC0415 (in an extra)
    except ImportError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"anyio", "h11", "starlette", "uvicorn"}:
            raise
        raise InputError(f"studio needs {missing}", "pip install 'sentry-ophio[studio]'") from None
    from sentry_ophio.studio._answers import Answers  # noqa: PLC0415 (loads when used)
    from sentry_ophio.studio._events import Events  # noqa: PLC0415
    from sentry_ophio.studio._files import RulesFile, UnreadableError  # noqa: PLC0415

    named = {
        "rules": (rule_file, ENHANCEMENTS),
        "fingerprints": (fingerprint_file, FINGERPRINTS._replace(has_stored_form=True)),
    }
    files = {key: RulesFile(name, kind) for key, (name, kind) in named.items() if name is not None}
    try:
        texts = {kind: file.read() for kind, file in files.items()}
    except UnreadableError as error:
        raise InputError(str(error)) from None
    base = read_rules((), base_files) if base_files else Enhancements.empty()
    base_texts = [(name, base_text(name)) for name in base_files]
    # Before the events are read, which may take a while.
    listening = _listening(port)
    found = Events()
    left_out = each_event(events, lambda each: found.add(each.name, each.event))
    if not len(found):
        listening.close()
        raise InputError("no event can be used", "there is nothing to show")
    answers = Answers(found, base, base_texts)
    answers.saved(texts)
    title = ", ".join(file.name for file in files.values())
    server = Server(found, files, answers, title)
    said = f"{len(found):,} events{f', {left_out:,} left out' if left_out else ''}"

    def started(address: str) -> None:
        echo(f"{said}. The page, until Ctrl-C:")
        echo(address)
        if not no_browser:
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()

    serve(server, listening, started)


def _listening(port: int) -> socket.socket:
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if sys.platform != "win32":
        # A port of a program that has just ended can be used again.
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((_HOST, port))
        found.listen(64)
    except OSError as error:
        found.close()
        raise InputError(
            f"port {port}", f"{error.strerror}: give another --port, or none for a free one"
        ) from None
    return found
