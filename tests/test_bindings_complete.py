"""No binding is left half done.

A binding goes through four places, each of which is easy to forget:

    core/src/x.rs   ->  capi/src/x.rs    ->  python/sentry_ophio/x.py  ->  tests
    public module       ophio_..._...        calls it                     call it

This reads the sources as text and follows each step; docs/adding-a-binding.md shows
them. What is missing is named, with the place where it belongs.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

TESTS = Path(__file__).resolve().parent
PACKAGE = "python/sentry_ophio"

# Python modules that have another name than the module of core.
PYTHON_NAMES = {
    "enhancements": "enhancers",  # what users have always imported
}

# Modules of Python that are no binding: what each is, and where it is tested.
NOT_BINDINGS = {
    "exceptions": "the classes that all raise, in test_plumbing.py",
    "cli": "the command line, no module to import, in test_cli.py",
}


def read(path: Path) -> str:
    return path.read_text("utf-8")


def without_comments(text: str, marker: str) -> str:
    """Take out line comments, so that a name in one is no use of it."""
    return re.sub(rf"{marker}.*$", "", text, flags=re.MULTILINE)


def c_code(text: str) -> str:
    return without_comments(re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL), "//")


def attributes_of_lib(text: str) -> set[str]:
    """Collect the functions that Python code takes from `lib`: a name in a text is none."""
    return {
        node.attr
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("lib", "_lib")
    }


def core_modules(root: Path) -> list[str]:
    found = re.findall(r"^pub mod (\w+);", read(root / "core/src/lib.rs"), re.MULTILINE)
    assert found
    return found


def exports(root: Path, module: str) -> set[str]:
    """Collect the C functions that a module of capi has."""
    source = root / "capi/src"
    files = [source / f"{module}.rs", *(source / module).rglob("*.rs")]
    texts = [read(file) for file in files if file.is_file()]
    pattern = r'#\[no_mangle\]\s+pub (?:unsafe )?extern "C" fn (\w+)'
    return {name for text in texts for name in re.findall(pattern, text)}


def with_imports(path: Path) -> str:
    """Read a module, and the private modules that it imports its names from."""
    text = read(path)
    private = re.findall(r"^from sentry_ophio\.(_\w+) import", text, re.MULTILINE)
    return "\n".join([text, *(read(path.with_name(f"{name}.py")) for name in private)])


def public_modules(root: Path) -> list[Path]:
    return [path for path in sorted((root / PACKAGE).glob("*.py")) if not path.stem.startswith("_")]


# --- core to C ----------------------------------------------------------------------


def test_every_module_of_core_has_c_functions(source_tree: Path) -> None:
    missing = [
        f"core has `pub mod {module}`: capi/src/{module}.rs exports no function"
        for module in core_modules(source_tree)
        if not exports(source_tree, module)
    ]
    assert not missing, "\n".join(missing)


def test_every_module_of_core_has_a_python_module(source_tree: Path) -> None:
    missing = []
    for module in core_modules(source_tree):
        path = source_tree / PACKAGE / f"{PYTHON_NAMES.get(module, module)}.py"
        if not path.is_file():
            missing.append(f"core has `pub mod {module}`: there is no {PACKAGE}/{path.name}")
        elif not attributes_of_lib(with_imports(path)) & exports(source_tree, module):
            missing.append(f"{PACKAGE}/{path.name} calls no function of capi/src/{module}")
    assert not missing, "\n".join(missing)


def test_every_python_module_is_listed_and_tested(source_tree: Path) -> None:
    """In the table of the package's docstring, and by a test named for it."""
    package = ast.get_docstring(ast.parse(read(source_tree / PACKAGE / "__init__.py"))) or ""
    missing = []
    for path in public_modules(source_tree):
        if path.stem in NOT_BINDINGS:
            continue
        if f"`sentry_ophio.{path.stem}`" not in package:
            missing.append(f"{PACKAGE}/__init__.py does not list `sentry_ophio.{path.stem}`")
        if not list(TESTS.glob(f"test_{path.stem}*.py")):
            missing.append(f"there is no tests/test_{path.stem}.py")
    assert not missing, "\n".join(missing)


# --- C to Python --------------------------------------------------------------------


def test_every_c_function_is_used(source_tree: Path, declared_functions: set[str]) -> None:
    """By the package, or, where it is for C programs alone, by a program in tests/c.

    A test in Python that calls `lib` does not count: users could not reach the function.
    """
    used: set[str] = set()
    for path in (source_tree / PACKAGE).glob("*.py"):
        if not path.stem.startswith("_lowlevel"):
            used |= attributes_of_lib(read(path))
    for path in (TESTS / "c").iterdir():
        used |= set(re.findall(r"\bophio_\w+(?=\()", c_code(read(path))))
    missing = sorted(declared_functions - used)
    assert not missing, f"neither {PACKAGE} nor a program in tests/c calls: " + ", ".join(missing)


# What cannot fail, whatever it is given.
CANNOT_FAIL = {
    *("ophio_abi_version", "ophio_version"),
    *("ophio_enhancements_frame_fields", "ophio_enhancements_exception_fields"),
    "ophio_enhancements_config_forget_all",
    *("ophio_last_error_clear", "ophio_last_error_code", "ophio_last_error_message"),
}
REFUSALS = r"\b(?:REFUSED|REFUSED_STR|NO_HANDLE|NO_ANSWER|MINUS)\(\s*"


def test_every_c_function_gets_good_and_bad_arguments(
    header: str, declared_functions: set[str]
) -> None:
    """One that takes a text gets none, the empty one, and one that is too long as well."""
    code = c_code(read(TESTS / "c" / "test_arguments.c"))
    missing = []
    for name in sorted(declared_functions):
        bad = [
            *re.findall(rf"{REFUSALS}{name}\([^;]*;", code),
            *re.findall(rf"\b{name}\(NULL\)(?: == 0|;)[^;]*", code),
        ]
        if len(bad) == len(re.findall(rf"\b{name}\(", code)):
            missing.append(f"{name} with good arguments")
        if not bad and name not in CANNOT_FAIL:
            missing.append(f"{name} with bad arguments")
        (parameters,) = re.findall(rf"^OPHIO_API\s[^;]*?\b{name}\(([^;]*)\);", header, re.MULTILINE)
        if re.search(r"const uint8_t \*(\w+),\s+size_t \1_len", parameters):
            calls = " ".join(re.findall(rf"\b{name}(\([^;]*;)", code))
            missing += [
                f"{name} with {kind}"
                for kind in ("NONE", "EMPTY", "HUGE_TEXT")
                if kind not in calls
            ]
    assert not missing, "tests/c/test_arguments.c does not call:\n" + "\n".join(missing)


def test_every_c_function_is_in_the_cpp_header(
    source_tree: Path, declared_functions: set[str]
) -> None:
    """And every member of that header is called by a test, in each of its forms.

    With good and with bad arguments: at least as often as there are classes with such a
    member. Two of them cannot fail.
    """
    code = c_code(read(source_tree / "include" / "ophio.hpp"))
    missing = sorted(declared_functions - set(re.findall(r"\bophio_\w+", code)))
    assert not missing, f"include/ophio.hpp does not call: {', '.join(missing)}"
    called = c_code(read(TESTS / "cpp" / "test_arguments.cpp"))
    members = re.findall(r"\bstatus try_(\w+)\(", code)
    assert len(members) > 50
    wrong = []
    for name in sorted(set(members)):
        defined = members.count(name)
        for macro, wanted in (
            ("GOOD", defined),
            ("REFUSED", defined - (2 if name == "make" else 0)),
        ):
            found = re.findall(rf"\b{macro}\([^;]*?\btry_{name}\(", called)
            if len(found) < wanted:
                wrong.append(f"{macro}(try_{name}): {len(found)} of {wanted}")
        # The throwing form: a constructor is called by the name of its class.
        throwing = {"get": "at", "check": "check_text"}.get(name, name)
        if name not in ("make", "parse"):
            wrong += [
                f"{macro}({throwing})"
                for macro, pattern in (("RETURNS", "RETURNS|QUIETLY"), ("THROWN", "THROWN"))
                if not re.search(rf"\b(?:{pattern})\([^;]*?\b{throwing}\(", called)
            ]
    assert not wrong, "tests/cpp/test_arguments.cpp lacks:\n" + "\n".join(wrong)


def test_every_form_without_exceptions_is_noexcept(source_tree: Path) -> None:
    code = c_code(read(source_tree / "include" / "ophio.hpp"))
    forms = re.findall(r"\bstatus (try_\w+)\([^;]*?\)((?: const)?(?: noexcept)?)\s*\{\n", code)
    assert len(forms) == len(re.findall(r"\bstatus try_\w+\(", code))
    assert not [name for name, qualifiers in forms if not qualifiers.endswith("noexcept")]
    # Each of them has the other form beside it, and there is no other way to throw.
    throwing = re.findall(r"\bcheck\(try_(\w+)\(", code)
    assert set(throwing) == {name[len("try_") :] for name, _ in forms}


def test_nothing_is_used_that_the_header_does_not_declare(
    source_tree: Path, declared_functions: set[str]
) -> None:
    wrong = {
        f"{path.name}: {name}"
        for path in (source_tree / PACKAGE).glob("*.py")
        if not path.stem.startswith("_lowlevel")
        for name in attributes_of_lib(read(path))
        if name.startswith("ophio_") and name not in declared_functions
    }
    assert not wrong, f"not in include/ophio.h: {sorted(wrong)}"


# --- Python names -------------------------------------------------------------------


def public_names(module: ast.Module) -> set[str]:
    """Read `__all__`, which has to be there."""
    for node in module.body:
        if isinstance(node, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == "__all__" for target in node.targets
        ):
            return set(ast.literal_eval(node.value))
    raise AssertionError("there is no __all__")


Definition = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def is_variant(node: ast.AST) -> bool:
    """Tell whether it is a setter or an overload: help() shows the docstring of another."""
    decorators = map(ast.unparse, getattr(node, "decorator_list", []))
    return any(re.search(r"\.(setter|deleter)$|^overload$", each) for each in decorators)


def undocumented(module: ast.Module) -> Iterator[str]:
    """Name what is public, by `__all__` and by having no underscore, and has no docstring."""
    if not ast.get_docstring(module):
        yield "the module"
    names = public_names(module)
    defined = {node.name: node for node in module.body if isinstance(node, Definition)}
    for name in sorted(names & set(defined)):
        node = defined[name]
        if not ast.get_docstring(node):
            yield name
        if isinstance(node, ast.ClassDef):
            for member in node.body:
                if (
                    isinstance(member, Definition)
                    and not member.name.startswith("_")
                    and not is_variant(member)
                    and not ast.get_docstring(member)
                ):
                    yield f"{name}.{member.name}"


def test_every_public_name_of_python_has_a_docstring(source_tree: Path) -> None:
    missing = [
        f"{PACKAGE}/{path.name}: {name} has no docstring"
        for path in [source_tree / PACKAGE / "__init__.py", *public_modules(source_tree)]
        for name in undocumented(ast.parse(read(path)))
    ]
    assert not missing, "\n".join(missing)


# --- the checks themselves ----------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ('"""M."""\n__all__ = ["f"]\ndef f(): ...\n', ["f"]),
        ('"""M."""\n__all__ = ["C"]\nclass C:\n    """C."""\n    def m(self): ...\n', ["C.m"]),
        ('"""M."""\n__all__ = []\ndef f(): ...\n', []),
        ("__all__ = []\n", ["the module"]),
        (
            '"""M."""\n__all__ = ["C"]\nclass C:\n    """C."""\n    @property\n    def p(self): ...\n'
            "    @p.setter\n    def p(self, value): ...\n",
            ["C.p"],
        ),
    ],
)
def test_a_missing_docstring_is_found(code: str, expected: list[str]) -> None:
    assert list(undocumented(ast.parse(code))) == expected


def test_a_name_in_a_text_or_comment_is_no_use() -> None:
    assert attributes_of_lib('lib.ophio_a()\n# lib.ophio_b()\n"lib.ophio_c()"') == {"ophio_a"}
    code = c_code("ophio_a(); /* ophio_b( */ // ophio_c(\n")
    assert re.findall(r"ophio_\w+(?=\()", code) == ["ophio_a"]
