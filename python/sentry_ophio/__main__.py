"""`python -m sentry_ophio`: the command line, if the packages of the extra `cli` are installed."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. If packages are missing, print how to install them."""
    try:
        from sentry_ophio.cli import cli  # noqa: PLC0415 (it imports what may be missing)
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"click", "jinja2", "rich"}:
            raise
        sys.stderr.write(f"The command line needs {missing}: pip install 'sentry-ophio[cli]'\n")
        sys.exit(2)
    cli(prog_name="sentry-ophio")


if __name__ == "__main__":
    main()
