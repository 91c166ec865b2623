"""Prints which modules import which, and the circles among them.

    python tools/import_graph.py               the circles of core and of the Python package
    python tools/import_graph.py --modules     the imports of each module, too

In Rust, an import is a `use` of an item of this crate outside of tests, or a path to one in the
code. An item that a module only re-exports (`pub use`) counts as imported from the module that
defines it. In Python, all imports count, also those in functions, but not those for type checkers
alone.

A circle is a set of modules of which each one imports, over some others, each other one.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
CORE = ROOT / "core" / "src"
PACKAGE = ROOT / "python" / "sentry_ophio"

Graph = dict[str, set[str]]

# `use` declarations, without those of tests and comments.
_USE = re.compile(r"(?m)^(pub(?:\([a-z]+\))? )?use ([^;]+);")
_PATH = re.compile(r"(?<!in )(?<![\w:$])(?:crate|super)::[\w:]+")
_COMMENT = re.compile(r"(?m)//.*$")
_TEST = re.compile(
    r"(?ms)^#\[cfg\(test\)\]\n(?:pub(?:\([a-z]+\))? )?(?:use [^;]+;|mod \w+;|mod .*\Z)"
)


def rust_graph(root: Path = CORE) -> Graph:
    """Read the imports of a crate.

    Args:
        root: The folder with `lib.rs`.

    Returns:
        For each module the modules that it imports. `enhancements::cache` is the name of
        enhancements/cache.rs, and `crate` that of lib.rs.
    """
    files = {_rust_name(path.relative_to(root)): path for path in sorted(root.rglob("*.rs"))}
    uses = {
        name: list(_imports(_TEST.sub("", _COMMENT.sub("", path.read_text("utf-8")))))
        for name, path in files.items()
    }
    doors = {
        name: {_last(path): path for public, path in listed if public}
        for name, listed in uses.items()
    }

    def defining(module: str, path: str, depth: int = 0) -> str | None:
        """Return the module that defines what a path leads to from a module."""
        at, rest = _start(module, path.split(" as ", maxsplit=1)[0].split("::"), files)
        if at is None:
            return None
        while rest and _joined(at, rest[0]) in files:
            at, rest = _joined(at, rest[0]), rest[1:]
        door = doors[at].get(rest[0]) if rest else None
        if door is not None and depth < len(files) and at != module:
            return defining(at, door, depth + 1)
        return at

    graph: Graph = {}
    for name, listed in uses.items():
        # What a module only passes on is no import of its own.
        found = {defining(name, path) for public, path in listed if not public}
        graph[name] = {each for each in found if each is not None and each != name}
    return graph


def _imports(code: str) -> Iterator[tuple[bool, str]]:
    """Yield whether an item is re-exported, and its path."""
    for public, tree in _USE.findall(code):
        for path in _paths(tree):
            yield bool(public), path
    for path in _PATH.findall(_USE.sub("", code)):
        yield False, path


def _rust_name(path: Path) -> str:
    parts = list(path.with_suffix("").parts)
    if parts[-1] in {"mod", "lib"}:
        parts.pop()
    return "::".join(parts) or "crate"


def _joined(module: str, name: str) -> str:
    return name if module == "crate" else f"{module}::{name}"


def _parent(module: str) -> str:
    return module.rpartition("::")[0] or "crate"


def _last(path: str) -> str:
    return re.split(r"::| as ", path)[-1]


def _start(module: str, parts: list[str], files: dict[str, Path]) -> tuple[str | None, list[str]]:
    """Return the module in which a path begins, and the rest of the path."""
    at = module
    if parts[0] == "crate":
        return "crate", parts[1:]
    if parts[0] == "self":
        return at, parts[1:]
    if parts[0] == "super":
        while parts and parts[0] == "super":
            at, parts = _parent(at), parts[1:]
        return at, parts
    if _joined(module, parts[0]) in files:
        return at, parts
    return None, parts


def _paths(tree: str) -> list[str]:
    """Return the paths of a `use`: `a::{b, c::d}` has `a::b` and `a::c::d`."""
    tree = " ".join(tree.split())
    before, brace, rest = tree.partition("{")
    if not brace:
        return [tree.strip()]
    inside = rest.rpartition("}")[0]
    parts, depth, begin = [], 0, 0
    for at, char in enumerate(inside):
        depth += (char == "{") - (char == "}")
        if char == "," and depth == 0:
            parts.append(inside[begin:at])
            begin = at + 1
    parts.append(inside[begin:])
    found = [before + path for part in parts if part.strip() for path in _paths(part.strip())]
    return [path.removesuffix("::self") for path in found]


def python_graph(root: Path = PACKAGE) -> Graph:
    """Read the imports of a package.

    Args:
        root: The folder of the package.

    Returns:
        For each module the modules of this package that it imports: `cli._check`.
    """
    files = {_python_name(path.relative_to(root)): path for path in sorted(root.rglob("*.py"))}
    prefix = root.name
    graph: Graph = {}
    for name, path in files.items():
        graph[name] = set()
        for node in _run(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                module = node.module or ""
                listed = [f"{module}.{each.name}" for each in node.names] + [module]
            else:
                listed = [each.name for each in node.names]
            for each in listed:
                inside = each.partition(".")[2] if each.partition(".")[0] == prefix else ""
                if inside in files and inside != name:
                    graph[name].add(inside)
    return graph


def _python_name(path: Path) -> str:
    parts = list(path.with_suffix("").parts)
    if parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts) or "__init__"


def _run(node: ast.AST) -> list[ast.Import | ast.ImportFrom]:
    """Collect the imports that run."""
    found: list[ast.Import | ast.ImportFrom] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.Import, ast.ImportFrom)):
            found.append(child)
        elif not (isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING"):
            found += _run(child)
    return found


def circles(graph: Graph) -> list[list[str]]:
    """Return the circles, each as the sorted names of its modules."""
    reached = {name: _reached(graph, name) for name in graph}
    found = {
        tuple(sorted(each for each in reached[name] if name in reached[each]))
        for name in graph
        if name in reached[name]
    }
    return sorted(map(list, found))


def _reached(graph: Graph, start: str) -> set[str]:
    """Return the modules that a module imports, also over others."""
    found: set[str] = set()
    left = [start]
    while left:
        new = graph.get(left.pop(), set()) - found
        found |= new
        left += new
    return found


def main() -> None:
    """Print the graphs and their circles."""
    for title, graph in (("core/src", rust_graph()), ("python/sentry_ophio", python_graph())):
        found = circles(graph)
        count = sum(map(len, graph.values()))
        print(f"{title}: {len(graph)} modules, {count} imports, {len(found)} circles")
        if "--modules" in sys.argv[1:]:
            for name, imported in graph.items():
                print(f"  {name}: {', '.join(sorted(imported)) or '-'}")
        for circle in found:
            print(f"  circle: {', '.join(circle)}")


if __name__ == "__main__":
    main()
