"""The examples in docstrings are run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import sentry_ophio

MODULES = [
    module.name
    for module in pkgutil.iter_modules(sentry_ophio.__path__, "sentry_ophio.")
    if "._lowlevel" not in module.name
]

# Packages that are not installed everywhere, by the module that imports them.
NEEDED = {
    "_arrow_events": ("pyarrow",),
    "_arrow_texts": ("pyarrow",),
    "_html": ("jinja2",),
    "_html_fingerprints": ("jinja2",),
    "_parquet": ("pyarrow",),
    "_parquet_events": ("pyarrow",),
    "_parquet_process": ("pyarrow",),
    "arrow": ("pyarrow",),
    "cli": ("click", "rich"),
}


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    if name == "sentry_ophio.spark":
        pytest.skip("its examples are about a data frame: tests/test_spark.py runs them")
    for module in NEEDED.get(name.rpartition(".")[2], ()):
        pytest.importorskip(module)
    assert doctest.testmod(importlib.import_module(name)).failed == 0
