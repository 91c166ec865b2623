"""How text that others wrote is shown: control characters are visible and do nothing.

A function name in an event, a rule or the name of a file can have escape sequences, which move the
cursor of a terminal or change its title, and characters that reverse the order of what follows.
`shown` replaces each of them by its escape, as `repr` does.
"""

from __future__ import annotations

__all__ = ["shown"]


def shown(text: str, keep: str = "") -> str:
    r"""Replace each character that is not printable by its escape.

        >>> print(shown("a\x1b[2J\tb\u202e é"))
        a\x1b[2J\tb\u202e é

    Args:
        text: Any text, also with lone surrogates.
        keep: Characters that stay as they are, such as a line feed.
    """
    if text.isprintable():
        return text
    return "".join(
        each if each.isprintable() or each in keep else repr(each)[1:-1] for each in text
    )
