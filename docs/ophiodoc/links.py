"""Links names to where they are documented, in every page, without a mark in its text.

`Code` that is the name of something public becomes a link to it: `ophio_glob_new` of C,
`ophio::glob` of C++, `Enhancements.check` and `sentry_ophio.limits` of Python. On the page of
a Python module its own names come first. What is no name, or one of several, stays code.

In the other direction nothing may be left over: a name of C in the reference of C that does not
exist is a warning, and so is every type in a signature that Sphinx cannot find.
"""

from __future__ import annotations

import builtins
import collections.abc
import importlib
import re
import typing
from typing import TYPE_CHECKING, Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.nodes import make_refnode

if TYPE_CHECKING:
    from sphinx.application import Sphinx

# What signatures name and others document: no page of ours, and no host to ask when building.
OUTSIDE = [
    (r"c:identifier", r"u?int\d+_t|size_t"),
    (r"cpp:identifier", r"std(::.*)?|u?int\d+_t|size_t|SIZE_MAX|C|T|N|F|Free|Handle"),
    # Names within it are found; the name of the namespace itself leads nowhere.
    (r"cpp:identifier", r"detail"),
    # pyarrow and pyspark, by the names that our modules give them.
    (r"py:class", r"pa\..*|DataFrame|PathLike"),
    (r"py:exc", r"(pyarrow|pyspark)\..*"),
    # Names of types in signatures, which no page has: their docstrings say what they stand for.
    (r"py:class", r"Dialect|Kind|Rules|Stored|Unknown"),
]

logger = logging.getLogger(__name__)


class Names:
    """All that is documented, by the names that text may call it."""

    def __init__(self, env: Any) -> None:
        self.c: dict[str, tuple[str, str]] = {}
        self.python: dict[str, tuple[str, str]] = {}
        self.by_suffix: dict[str, set[str]] = {}
        for full, _, _, docname, anchor, _ in env.domains["c"].get_objects():
            self.c[full] = (docname, anchor)
        for full, _, kind, docname, anchor, _ in env.domains["cpp"].get_objects():
            if "param" not in kind.lower():
                self.c.setdefault(re.sub(r"\(.*", "", full), (docname, anchor))
        for full, _, _, docname, anchor, _ in env.domains["py"].get_objects():
            self.python[full] = (docname, anchor)
            parts = full.split(".")
            for start in range(2, len(parts)):
                self.by_suffix.setdefault(".".join(parts[start:]), set()).add(full)

    def find(self, text: str, module: str, within: str) -> tuple[str, str] | None:
        """Find what a piece of code names: page and anchor."""
        bare = re.sub(r"\(.*\)$", "", text, flags=re.DOTALL)
        if bare in self.c:
            return self.c[bare]
        if not re.fullmatch(r"[\w.]+", bare):
            return None
        for prefix in (f"{within}.", f"{module}.", ""):
            if prefix != "." and prefix + bare in self.python:
                return self.python[prefix + bare]
        # Elsewhere only what is not ambiguous: a class, or a member with its class.
        if bare[0].isupper() and len(self.by_suffix.get(bare, ())) == 1:
            return self.python[next(iter(self.by_suffix[bare]))]
        return None


class LinkNames(SphinxPostTransform):
    """Makes links of code that is a name."""

    default_priority = 400

    def run(self, **kwargs: Any) -> None:  # noqa: ARG002 - as the base has it
        """Go through a page."""
        known = getattr(self.app, "ophio_names", None)
        if known is None:
            known = self.app.ophio_names = Names(self.env)
        here = self.env.docname
        reference = here.startswith("c-api")
        for code in list(self.document.findall(nodes.literal)):
            if _inside(code, nodes.reference, addnodes.pending_xref, nodes.title):
                continue
            text = code.astext()
            module, within = _context(code, here)
            found = known.find(text, module, within)
            if found is None:
                if reference and re.fullmatch(r"(ophio_|OPHIO_|Ophio)\w+", text):
                    logger.warning("there is no %s", text, location=code)
                continue
            docname, anchor = found
            link = make_refnode(self.app.builder, here, docname, anchor, code.deepcopy(), text)
            code.replace_self(link)


def _inside(node: Any, *kinds: type) -> bool:
    parent = node.parent
    while parent is not None:
        if isinstance(parent, kinds):
            return True
        parent = parent.parent
    return False


def _context(node: Any, docname: str) -> tuple[str, str]:
    """Return the module and the class of Python that contain a node."""
    module = "sentry_ophio." + docname.partition("/")[2] if docname.startswith("python/") else ""
    parent = node.parent
    while parent is not None:
        if isinstance(parent, addnodes.desc) and parent["domain"] == "py":
            signature = parent[0]
            own, full = signature.get("module") or module, signature.get("fullname", "")
            class_ = (
                full if parent["objtype"] in {"class", "exception"} else full.rpartition(".")[0]
            )
            return own, f"{own}.{class_}"
        parent = parent.parent
    return module, ""


def _public_home(target: str) -> str | None:
    """Return where something is documented that the package defines in a private module.

    Returns:
        Its public name; the empty one if it is Python's, or a type for annotations only.
    """
    bare = target.rpartition(".")[2]
    if hasattr(builtins, target) or hasattr(typing, bare) or hasattr(collections.abc, bare):
        return ""
    head, _, tail = target.rpartition(".")
    if head and not head.startswith("sentry_ophio"):
        try:
            return "" if hasattr(importlib.import_module(head), tail) else None
        except ImportError:
            return None
    return None


def _missing(app: Sphinx, env: Any, node: Any, content: Any) -> Any:
    """Find types of annotations under their public names."""
    target = node["reftarget"]
    names = Names(env)
    if node.get("refdomain") == "cpp" and target in names.c:
        docname, anchor = names.c[target]
        return make_refnode(app.builder, node["refdoc"], docname, anchor, content, target)
    if node.get("refdomain") != "py":
        return None
    bare = target.rpartition(".")[2]
    for full in sorted(names.by_suffix.get(bare, ())):
        docname, anchor = names.python[full]
        return make_refnode(app.builder, node["refdoc"], docname, anchor, content, full)
    return content if _public_home(target) == "" else None


# Names in annotations that two modules have, by page: the one that is meant.
_MEANT = {("python/exceptions", "Diagnostic"): "sentry_ophio.enhancers.Diagnostic"}


def _settle(app: Sphinx, document: nodes.document) -> None:
    """Replace names that two modules have by the one that is meant."""
    for node in document.findall(addnodes.pending_xref):
        meant = _MEANT.get((app.env.docname, node.get("reftarget", "")))
        if meant:
            node["reftarget"] = meant


def setup(app: Any) -> None:
    """Take part in resolving references."""
    app.add_post_transform(LinkNames)
    app.connect("doctree-read", _settle)
    app.connect("missing-reference", _missing)
