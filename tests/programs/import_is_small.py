"""Imports what a service imports: none of these modules, which take longer to import than it."""

import sys

HEAVY = {
    *("collections", "dataclasses", "enum", "importlib.resources", "inspect", "json", "typing"),
}
before = set(sys.modules)
import sentry_ophio.enhancers

found = HEAVY & (set(sys.modules) - before)
assert not found, found
assert sentry_ophio.enhancers.Rule.__name__ == "Rule"
assert set(sentry_ophio.enhancers.__all__) <= set(dir(sentry_ophio.enhancers))
