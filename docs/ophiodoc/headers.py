"""Makes the reference of C and C++ from the headers: their comments are Markdown already.

ophio.h is made by a program, so its form is known: a comment, then a declaration. ophio.hpp
is written by hand; of it the declarations are taken, without the bodies. Both become
directives of Sphinx's domains for C and C++, which read the declarations and link the types
in them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# Subjects of ophio.h, each a page. A name belongs to the first whose pattern it matches.
SUBJECTS = [
    ("errors", "Errors", r"OphioStatus$|ophio_last_error"),
    ("texts", "Texts and values", r"OphioSlice$|OphioStr$|OphioTristate$|ophio_str_"),
    ("version", "Version", r"OPHIO_|ophio_version$|ophio_abi_version$"),
    ("limits", "Limits", r"OphioLimit$|ophio_limits_"),
    (
        "diagnostics",
        "Problems of rules",
        r"OphioEnhancements(Diagnostic|Severity)|ophio_enhancements_diagnostics_",
    ),
    ("arrow", "Stack traces in columns", r"Arrow(Array|Schema)$|ophio_\w+_arrow$"),
    (
        "preview",
        "What other rules would change",
        r"OphioEnhancementsPreview|ophio_enhancements_preview_",
    ),
    # Before the rules, whose pattern matches these names too.
    (
        "events",
        "Events",
        r"OphioEnhancementsConfig(Part)?$|ophio_events_"
        r"|ophio_enhancements_(config_|apply_event$)",
    ),
    (
        "enhancements",
        "Stack trace rules",
        r"OphioEnhancements|ophio_enhancements_",
    ),
    ("fingerprints", "Fingerprint rules", r"OphioFingerprints|ophio_fingerprints_"),
    ("functions", "Function names", r"ophio_functions_"),
    ("glob", "Globs", r"OphioGlob|ophio_glob_"),
    ("codeowners", "CODEOWNERS", r"OphioCodeowners|ophio_codeowners_"),
    (
        "parameterization",
        "Parameterized messages",
        r"OphioParameterization|ophio_parameterization_",
    ),
    ("proguard", "ProGuard", r"OphioProguard|ophio_proguard_"),
]


@dataclass
class Item:
    """Something that a header declares."""

    kind: str
    name: str
    declaration: str
    text: str = ""
    members: list[Item] = field(default_factory=list)


_NAME = re.compile(r"`[^`]*`|\b(ophio_\w+|OPHIO_\w+|Ophio[A-Z]\w+|ophio::\w+)\b")


def comment(raw: str) -> str:
    """Take the stars off a comment, and make code of names that are not yet."""
    lines = re.sub(r"^\s*/\*+|\*/\s*$", "", raw.strip()).split("\n")
    lines = [re.sub(r"^\s*\* ?", "", line) for line in lines]
    return "\n".join(
        line
        if line.startswith("    ")
        else _NAME.sub(lambda m: m[0] if m[1] is None else f"`{m[1]}`", line)
        for line in lines
    ).strip()


def squeezed(code: str) -> str:
    """Put a declaration in one line, with the tags left out that typedefs make needless."""
    return re.sub(r"\b(?:struct|enum) (?=Ophio)", "", " ".join(code.split()))


_DOC = r"/\*\*\n(?P<doc>(?:[^*]|\*(?!/))*)\*/\s*"
_C_ITEM = re.compile(
    rf"^{_DOC}(?:"
    r"typedef (?P<tag>struct|enum) (?P<type>\w+) \{\n(?P<body>.*?)^\} \w+;"
    r"|typedef struct (?P<opaque>\w+) \w+;"
    r"|OPHIO_API\s(?P<function>[^;]*?\b(?P<name>ophio_\w+)\([^;]*\));)",
    re.MULTILINE | re.DOTALL,
)
_C_MEMBER = re.compile(rf"^ +{_DOC}(?P<code>[^;,\n]+)[;,]$", re.MULTILINE)
_C_API = re.compile(r"(/\*(?:[^*]|\*(?!/))*\*/)\n#ifndef (OPHIO_API)$", re.MULTILINE)
_C_MACRO = re.compile(r"^#define (OPHIO_VERSION\w*) (\S+)$", re.MULTILINE)


def c_items(header: str) -> list[Item]:
    """Read ophio.h."""
    items = [
        Item("macro", name, name, f"`{value}` in this version.")
        for name, value in _C_MACRO.findall(header)
    ]
    items += [Item("macro", name, name, comment(text)) for text, name in _C_API.findall(header)]
    items += [
        Item("macro", name, name, "For programs to define, before the header: see `OPHIO_API`.")
        for name in dict.fromkeys(re.findall(r"defined\((OPHIO_\w+)\)", header))
    ]
    for found in _C_ITEM.finditer(header):
        text = comment(found["doc"])
        if found["function"]:
            items.append(Item("function", found["name"], squeezed(found["function"]), text))
        elif found["opaque"]:
            items.append(Item("struct", found["opaque"], found["opaque"], text))
        else:
            members = []
            for member in _C_MEMBER.finditer(found["body"]):
                code = squeezed(member["code"])
                kind = "member" if found["tag"] == "struct" else "enumerator"
                name = code.split(" = ")[0].split()[-1].strip("*")
                members.append(Item(kind, name, code, comment(member["doc"])))
            items.append(Item(found["tag"], found["type"], found["type"], text, members))
    return items


def directive(domain: str, item: Item) -> str:
    """Write an item as a directive, with its members within."""
    return _directive(domain, item)[0]


def _directive(domain: str, item: Item) -> tuple[str, int]:
    within = [_directive(domain, member) for member in item.members]
    # Fences around fences have more ticks.
    depth = max((ticks for _, ticks in within), default=2) + 1
    body = "\n".join(filter(None, [item.text, *(member for member, _ in within)]))
    ticks = "`" * depth
    return f"{ticks}{{{domain}:{item.kind}}} {item.declaration}\n{body}\n{ticks}\n", depth


def c_pages(header: str) -> dict[str, str]:
    """Make the pages about ophio.h."""
    opening = comment(header[: header.index("*/") + 2])
    conventions = opening.partition("Conventions, ")[2]
    pages = {
        "c-api": "# C API\n\n`#include <ophio.h>`; {doc}`c` describes how to install it.\n\n"
        f"Conventions, {conventions}\n\n## By subject\n"
    }
    by_subject: dict[str, list[Item]] = {name: [] for name, *_ in SUBJECTS}
    for item in c_items(header):
        subject = next(name for name, _, pattern in SUBJECTS if re.match(pattern, item.name))
        by_subject[subject].append(item)
    for name, title, _ in SUBJECTS:
        page = [f"# {title}\n"]
        for heading, kinds in (("Types", {"struct", "enum"}), ("Functions", {"function", "macro"})):
            parts = [directive("c", each) for each in by_subject[name] if each.kind in kinds]
            page += [f"## {heading}\n", *parts] if parts else []
        pages[f"c-api/{name}"] = "\n".join(page)
    return pages


# --- C++ ----------------------------------------------------------------------------

_TOKEN = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"])*\"|'(?:\\.|[^'])*'|.", re.DOTALL)
_SECTION = re.compile(r"/\* --- (.+?) -+ \*/")


def _declarations(code: str) -> list[tuple[str, str, str]]:
    """Cut code into comment, declaration and body, at this level of braces only."""
    found = []
    doc = head = body = ""
    depth = parens = 0
    for token in (match[0] for match in _TOKEN.finditer(code)):
        if depth:
            body += token
            depth += {"{": 1, "}": -1}.get(token, 0)
            if depth == 0 and not _needs_semicolon(head):
                found.append((doc, head, body[:-1]))
                doc = head = body = ""
        elif token.startswith("//"):
            pass
        elif token.startswith("/*"):
            if head.strip() == "":
                doc, head = token, ""
        elif token == "{" and parens == 0:
            depth = 1
        elif token == ";":
            found.append((doc, head, body[:-1]))
            doc = head = body = ""
        else:
            parens += {"(": 1, ")": -1}.get(token, 0)
            head += token
            if head.strip() in {"public:", "private:"}:
                found.append(("", head.strip(), ""))
                doc = head = ""
            elif token == "\n" and head.lstrip().startswith("#"):
                head = ""
            elif token == "\n" and head.strip() == "" and head.count("\n") > 1:
                doc = ""  # a comment with an empty line below is about no declaration
    return [(doc, " ".join(head.split()), body) for doc, head, body in found]


def _needs_semicolon(head: str) -> bool:
    """Return whether `;` ends it after the braces: a class, or a value in braces."""
    words = head.split()
    return bool(words) and (
        bool(re.search(r"\b(class|struct)\s+\w+", head) and "(" not in head)
        or (")" not in head and words[0] != "namespace")
    )


def _signature(head: str) -> str:
    """Give the declaration of a function, without what only its definition needs."""
    head = re.sub(r"^inline (?!constexpr)|\bfriend ", "", head)
    # The initialisers of a constructor.
    return re.sub(r"\)( noexcept)? ?: .*$", r")\1", head)


def cpp_items(header: str) -> list[tuple[str, list[Item]]]:
    """Read ophio.hpp: the title of each section, and what it declares."""
    parts = _SECTION.split(header)
    return [
        (title, _cpp_scope(re.sub(r"^} // namespace ophio$.*", "", body, flags=re.M | re.S)))
        for title, body in zip(parts[1::2], parts[2::2])
    ]


def _cpp_scope(code: str, class_: str = "", public: bool = True) -> list[Item]:
    items: list[Item] = []
    calls: dict[str, list[str]] = {}
    for doc, head, body in _declarations(code):
        if head in {"public:", "private:"}:
            public = head == "public:"
        elif head == "namespace detail":
            # Only the common base of all handles is public in this namespace.
            items += [each for each in _cpp_scope(body) if each.name == "handle"]
        elif public and (item := _cpp_item(comment(doc) if doc else "", head, body, class_)):
            used = list(dict.fromkeys(re.findall(r"\bophio_\w+(?=\()", body)))
            used = (
                used
                or calls.get(f"try_{item.name}")
                or [
                    each
                    for name in re.findall(r"\btry_\w+(?=\()", body)
                    for each in calls.get(name, [])
                ]
            )
            calls.setdefault(item.name, used)
            if item.kind == "function" and used:
                item.text += "\n\nIn C: " + ", ".join(f"`{each}`" for each in used) + "."
            items.append(item)
    return items


def _cpp_item(doc: str, head: str, body: str, class_: str) -> Item | None:
    """Make an item of a declaration; None for what the opening text has said."""
    bare = re.sub(r"^template <.*?>+ ", "", head)
    if found := re.search(r"\b(class|struct) (\w+)( :.*)?$", head):
        members = _cpp_scope(body, found[2], public=found[1] == "struct")
        declaration = re.sub(rf"\b{found[1]} (?={found[2]}( :|$))", "", head)
        item = Item(found[1], found[2], declaration, doc, members)
    elif found := re.match(r"using (\w+) = ", head):
        item = Item("type", found[1], head.removeprefix("using "), doc)
    elif not head or re.match(r"using |~", head) or "= delete" in head or f"{class_} &&" in head:
        return None
    elif found := re.search(r"(operator[^(]*(?:\(\))?|\b\w+) ?\(", bare):
        item = Item("function", found[1], _signature(head), doc)
    else:
        name = re.sub(r" = .*", "", head).split()[-1]
        item = Item("member" if class_ else "var", name, head.removeprefix("inline "), doc)
    return item


def cpp_page(header: str) -> str:
    """Make the page about ophio.hpp."""
    opening = comment(header[: header.index("*/") + 2]).partition("SPDX")[2].partition("\n")[2]
    opening = re.sub(r"((?:^ {4}.*\n|^\n)+)", _fenced, opening, flags=re.MULTILINE)
    page = ["# C++ API\n", opening, ""]
    for title, items in cpp_items(header):
        page.append(f"## {title[0].upper()}{title[1:]}\n")
        page.append("```{cpp:namespace} ophio\n```\n")
        for item in items:
            if item.name == "handle":
                item.declaration = item.declaration.replace("handle", "detail::handle")
            page.append(directive("cpp", item))
    return "\n".join(page)


def _fenced(match: re.Match[str]) -> str:
    code = re.sub(r"^ {4}", "", match[0], flags=re.MULTILINE).strip("\n")
    return f"\n```cpp\n{code}\n```\n\n" if code else match[0]
