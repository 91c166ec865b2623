"""Options that several commands have: files of stack trace rules, and how frames are read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from typing import Callable

    Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

__all__ = ["base_option", "fresh_option", "rules_base_option", "rules_option", "threads_option"]

base_option: Decorator = click.option(
    "--base",
    "base_files",
    multiple=True,
    metavar="FILE",
    help="Rules that are put in front of the others, or `default` for those that come with this "
    "package. Can be repeated.",
)

rules_base_option: Decorator = click.option(
    "--rules-base",
    "rules_base_files",
    multiple=True,
    metavar="FILE",
    help="Stack trace rules that are put in front of those of --rules, or `default` for those that "
    "come with this package. Can be repeated.",
)

fresh_option: Decorator = click.option(
    "--fresh",
    is_flag=True,
    help="No rules were applied to the frames: keep their in_app. Otherwise in_app becomes what "
    "data.orig_in_app says, as in Sentry.",
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


def threads_option(what: str) -> Decorator:
    """Make an option for a number of threads. `what` says of what."""
    return click.option(
        "--threads",
        type=click.IntRange(1),
        default=os.cpu_count() or 1,
        metavar="N",
        help=f"{what} number of threads; by default, the number of processors.",
    )
