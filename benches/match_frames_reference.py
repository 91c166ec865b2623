"""Match frames in plain Python: the code of a service that has no reader of event frames.

`match_frames` makes the frames that rules match from the frames of an event, and
`trim_function_name` trims the names of functions. Benchmarks call it beside the published
package, which expects match frames. It works on characters and with regular expressions, as such
code in services does. docs/sentry.md and docs/functions.md describe the results.
"""

from __future__ import annotations

import re
from typing import Any, Callable

NATIVE = frozenset(["objc", "cocoa", "swift", "native", "c"])
JAVASCRIPT = frozenset(["javascript", "node"])

ANONYMOUS = "⟨anonymousnamespace⟩"
ARROW = "⟿"
# What would upset the pairing of brackets, and what stands for it meanwhile.
ASIDE = (
    ("operator<<", "operator⟨⟨"),
    ("operator<", "operator⟨"),
    ("operator()", "operator◯"),
    ("operator->", f"operator{ARROW}"),
    (" -> ", f" {ARROW} "),
    ("`anonymous namespace'", ANONYMOUS),
)
BACK = ((ANONYMOUS, "`anonymous namespace'"), ("⟨", "<"), ("◯", "()"), (ARROW, "->"))

QUALIFIERS = re.compile(r"\s*(\bconst|&)$")
LAMBDAS = re.compile(r"(\{lambda\(.*?\)#\d+\})|(\blambda_[a-f0-9]{32}\b)|(\$_\d+\b)")
ANONYMOUS_HASH = re.compile(r"\?A0x[a-f0-9]{8}::")
RUST_CAST = re.compile(r"^[A-Z] as ")
RUST_HASH = re.compile(r"::h[a-z0-9]{16}$")
GLIBC = re.compile(r"@@?GLIBC_[0-9.]+$")
WINDOWS = re.compile(r"^@?(.*?)@[0-9]+$")

Frame = dict[str, Any]


def match_frames(frames: list[Frame], platform: str | None) -> list[Frame]:
    """Make match frames from the frames of an event."""
    return [match_frame(frame, platform) for frame in frames]


def match_frame(frame: Frame, event_platform: str | None) -> Frame:
    """Make a match frame from a frame of an event."""
    data = frame.get("data") or {}
    platform = frame.get("platform") or event_platform
    function = frame.get("function")
    if not frame.get("raw_function"):
        function = trim_function_name(function, platform) if function else None
    match: Frame = {
        "category": data.get("category"),
        "family": family(platform),
        "function": function or "<unknown>",
        "in_app": frame.get("in_app"),
        "orig_in_app": data.get("orig_in_app"),
        "module": frame.get("module"),
        "package": slashed(frame.get("package")),
        "path": slashed(frame.get("abs_path") or frame.get("filename")),
    }
    return {key: encoded(value) for key, value in match.items()}


def match_exception(exception: Frame | None) -> Frame:
    """Make the exception data that rules match."""
    exception = exception or {}
    mechanism = exception.get("mechanism") or {}
    return {
        "ty": encoded(exception.get("type")),
        "value": encoded(exception.get("value")),
        "mechanism": encoded(mechanism.get("type")),
    }


def encoded(value: object) -> object:
    """Encode a text; other values stay."""
    return value.encode("utf-8", "replace") if isinstance(value, str) else value


def family(platform: str | None) -> str:
    """Return the family of a platform."""
    if platform in NATIVE:
        return "native"
    return "javascript" if platform in JAVASCRIPT else "other"


def slashed(path: str | None) -> bytes | None:
    """Put ASCII into lower case, and slashes for backslashes."""
    # `lower` of bytes changes ASCII only.
    return None if path is None else path.encode("utf-8", "replace").lower().replace(b"\\", b"/")


def trim_function_name(function: str, platform: str | None) -> str:
    """Trim the name of a function of C# and of native platforms."""
    if platform == "csharp":
        return function.partition(" (")[0]
    if platform not in NATIVE or function in {"<redacted>", "<unknown>"}:
        return function
    text = function.strip()
    if text.startswith(("[", "+[", "-[")):
        return text
    text = replace_enclosed(text, "[", "]", clone).rstrip()
    while match := QUALIFIERS.search(text):
        text = text[: match.start()].rstrip()
    for name, mark in ASIDE:
        text = text.replace(name, mark)
    text = LAMBDAS.sub("lambda", text)
    text = ANONYMOUS_HASH.sub(ANONYMOUS + "::", text)
    text = replace_enclosed(text, "(", ")", parentheses)
    text = replace_enclosed(text, "<", ">", generics)
    tokens = split_tokens(text)
    token = function_token(text, tokens)
    if token is None:
        return function
    if token.startswith("@") and platform in {"cocoa", "swift"}:
        token = "thunk for closure" if "thunk for " in text else "closure"
    elif "closure" in tokens and token != "closure":
        token = f"closure in {token}"
    for mark, name in BACK:
        token = token.replace(mark, name)
    token = RUST_HASH.sub("", token)
    token = GLIBC.sub("", token)
    return WINDOWS.sub(r"\1", token)


def replace_enclosed(
    text: str, opening: str, closing: str, replace: Callable[[str, int], str]
) -> str:
    """Replace the pairs of brackets that are in no other pair, brackets included."""
    if opening not in text:
        return text
    depth = 0
    result: list[str] = []
    inside: list[str] = []
    start = 0
    for index, char in enumerate(text):
        if char == opening:
            if depth == 0:
                start = index
                inside = []
            else:
                inside.append(char)
            depth += 1
        elif char == closing:
            depth -= 1
            if depth == 0:
                result.append(replace("".join(inside), start))
            else:
                inside.append(char)
        elif depth == 0:
            result.append(char)
        else:
            inside.append(char)
    return "".join(result)


def clone(inside: str, _: int) -> str:
    """Remove what compilers add to copies of functions."""
    return "" if inside.startswith("clone .") else f"[{inside}]"


def parentheses(inside: str, _: int) -> str:
    """Remove arguments."""
    inside = inside.strip()
    return f"({inside})" if inside in {"anonymous namespace", "operator"} else ""


def generics(inside: str, start: int) -> str:
    """Remove arguments of templates."""
    if inside == "lambda" or LAMBDAS.match(inside):
        return f"<{inside}>"
    if start > 0:
        return "<T>"
    inside = RUST_CAST.sub("", inside)
    return replace_enclosed(inside, "<", ">", generics).partition(" as ")[0]


def split_tokens(text: str) -> list[str]:
    """Split at white space outside of brackets."""
    pairs = {"(": ")", "{": "}", "[": "]", "<": ">"}
    tokens: list[str] = []
    token: list[str] = []
    inside: list[str] = []
    stack: list[str] = []
    for char in text:
        if char in pairs:
            stack.append(pairs[char])
            inside.append(char)
        elif stack:
            inside.append(char)
            if char == stack[-1]:
                stack.pop()
                if not stack:
                    token += inside
                    inside = []
        elif not char.isspace():
            token.append(char)
        elif token:
            tokens.append("".join(token))
            token = []
    # What follows a bracket that is not closed is dropped.
    if token:
        tokens.append("".join(token))
    if len(tokens) > 1 and tokens[-1] == "<T>":
        tokens[-2:] = [f"{tokens[-2]} <T>"]
    return tokens


def function_token(text: str, tokens: list[str]) -> str | None:
    """Choose the token that names the function."""
    if "initialization expression of" in text and "of" in tokens:
        after = tokens[last_index(tokens, "of") + 1 :]
        if after[:1] == ["static"]:
            del after[0]
        return "initializer expression of " + after[0].removeprefix(":") if after else None
    if ARROW in tokens:
        # Before the first token comes the last one.
        at = last_index(tokens, ARROW) - 1
        return tokens[at - 1] if tokens[at] == "throws" else tokens[at]
    return tokens[-1] if tokens else None


def last_index(tokens: list[str], token: str) -> int:
    """Return the last index of a token that is there."""
    return len(tokens) - 1 - tokens[::-1].index(token)
