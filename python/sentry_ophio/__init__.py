"""Rust code for Sentry's Python backend.

The modules, over the shared library that comes with the package:

- `sentry_ophio.arrow`: rules over Arrow data, a stack trace a row (needs pyarrow);
- `sentry_ophio.codeowners`: which people own which files of a repository;
- `sentry_ophio.enhancers`: stack trace rules, which frames count for grouping;
- `sentry_ophio.events`: the frames and exceptions of a Sentry event, as rules take them;
- `sentry_ophio.fingerprints`: fingerprint rules, which events become one issue;
- `sentry_ophio.functions`: names of functions, trimmed to what people call them;
- `sentry_ophio.glob`: patterns with wildcards, one or many at once;
- `sentry_ophio.limits`: limits on untrusted input;
- `sentry_ophio.parameterization`: ids, dates and numbers in messages, replaced by their kind;
- `sentry_ophio.proguard`: original names from ProGuard and R8 mappings;
- `sentry_ophio.spark`: stack trace rules over Spark data frames;
- `sentry_ophio.exceptions`: what all of them raise.

The package needs no compiler at run time, and the same wheel serves every
Python 3 of its platform.
"""

from sentry_ophio._ffi import decode as _decode
from sentry_ophio._ffi import lib as _lib

__all__ = ["__version__"]

__version__: str = _decode(_lib.ophio_version())
