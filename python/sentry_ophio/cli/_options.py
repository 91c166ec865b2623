"""Options that several commands have: files of stack trace rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from typing import Callable

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

__all__ = ["base_option", "rules_option"]

base_option: Decorator = click.option(
    "--base",
    "base_files",
    multiple=True,
    metavar="FILE",
    help="Rules that are put in front of the others, or `default` for those that come with this "
    "package. Can be repeated.",
)


def rules_option(name: str, argument: str, what: str, *, required: bool = False) -> Decorator:
    """Make an option for a rule set of one file or more."""
    return click.option(
        name,
        argument,
        multiple=True,
        required=required,
        metavar="FILE",
        help=f"{what} Can be repeated: the files are joined in this order.",
    )
