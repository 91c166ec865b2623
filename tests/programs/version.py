"""Prints the version of the package."""

import sentry_ophio

print(sentry_ophio.__version__)
