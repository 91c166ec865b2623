"""Every function, constructor, method and property that users can call, by its name.

    >>> names = public_functions()
    >>> "glob.Glob.match" in names, "glob.Glob.__init__" in names
    (True, True)

A name begins with its module, without `sentry_ophio.`. Special methods are listed as well, such
as `__len__` and `__eq__`: the interpreter calls them for the user. A constructor is `__init__`,
also where the class has only `__new__`.
"""

from __future__ import annotations

import inspect
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Any

import sentry_ophio

# What Python itself adds to a class.
_PYTHON = {"__class__", "__getattr__", "__init_subclass__", "__subclasshook__", "__new__"}


def public_modules() -> list[str]:
    """Return the names of the modules that users import, without `sentry_ophio.`."""
    folder = Path(sentry_ophio.__file__).parent
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def _is_ours(member: Any) -> bool:
    """Tell whether it is a function in our files: others are generated, or Python's."""
    function = getattr(member, "fget", None) or getattr(member, "__func__", member)
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code is not None and Path(code.co_filename).parent.name == "sentry_ophio"


def _members(found: type) -> set[str]:
    """Collect the names of methods and properties that our own classes define."""
    return {
        name
        for each in found.__mro__
        if each.__module__.startswith("sentry_ophio")
        for name, member in vars(each).items()
        if name not in _PYTHON
        and (not name.startswith("_") or (name.startswith("__") and name.endswith("__")))
        and _is_ours(member)
    }


def public_functions() -> list[str]:
    """Return the names of all of them, sorted.

    Exceptions and enumerations are left out: they have no code but Python's.
    """
    names = set()
    for short in public_modules():
        module = import_module(f"sentry_ophio.{short}")
        for name in module.__all__:
            found = getattr(module, name)
            if not callable(found) or (
                inspect.isclass(found) and issubclass(found, (BaseException, Enum))
            ):
                continue
            if inspect.isclass(found):
                members = _members(found) | {"__init__"}
                names |= {f"{short}.{name}.{member}" for member in members}
            else:
                names.add(f"{short}.{name}")
    return sorted(names)
