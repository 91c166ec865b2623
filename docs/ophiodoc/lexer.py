"""Colours for stack trace rules in samples."""

from __future__ import annotations

from typing import Any, ClassVar

from pygments.lexer import RegexLexer, bygroups
from pygments.token import Comment, Keyword, Name, Operator, Punctuation, String, Text


class RulesLexer(RegexLexer):
    """Rules: `matcher:pattern action  # comment`; also the examples of docs/rules.md."""

    name = "Stack trace rules"
    aliases: ClassVar[list[str]] = ["rules"]
    tokens: ClassVar[dict[str, Any]] = {
        "root": [
            (r"^---.*\n", Comment.Preproc),
            (r"^\{.*\n", String),
            (r"^(frame \d+|stacktrace):.*\n", Text),
            (r"(^|(?<=\s))#.*", Comment),
            (
                r'(!?)([\w.]+)(:)("[^"\n]*"|[^\s\]]*)',
                bygroups(Operator, Name.Function, Punctuation, Text),
            ),
            (r"[\^v]?[+-](app|group|sentinel|prefix)\b", Keyword),
            (r"(category|(max|min)-frames|invert-stacktrace)(=)", Keyword),
            (r"[\[\]|]", Punctuation),
            (r"[!^=]", Operator),
            (r"[^\s\[\]|#!^=]+|\s+|.", Text),
        ]
    }
