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
    if not module.name.split(".")[1].startswith("_")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    if name == "sentry_ophio.spark":
        pytest.skip("its examples are about a data frame: tests/test_spark.py runs them")
    if name == "sentry_ophio.arrow":
        pytest.importorskip("pyarrow")
    if name == "sentry_ophio.cli":
        pytest.importorskip("click")
        pytest.importorskip("rich")
    assert doctest.testmod(importlib.import_module(name)).failed == 0
