"""Rust code for Sentry's Python backend.

The modules call the shared library that is part of the package:

- `sentry_ophio.arrow`: rules over Arrow data with one stack trace per row (needs pyarrow);
- `sentry_ophio.codeowners`: the owners of the files of a repository;
- `sentry_ophio.enhancers`: stack trace rules, which decide which frames count for grouping;
- `sentry_ophio.events`: the frames and exceptions of a Sentry event, in the form that rules use;
- `sentry_ophio.fingerprints`: fingerprint rules, which decide which events become one issue;
- `sentry_ophio.functions`: trimming of function names;
- `sentry_ophio.glob`: patterns with wildcards, one or many at once;
- `sentry_ophio.limits`: limits on untrusted input;
- `sentry_ophio.parameterization`: ids, dates and numbers in messages, replaced by their kind;
- `sentry_ophio.proguard`: original names from ProGuard and R8 mappings;
- `sentry_ophio.spark`: stack trace rules over Spark data frames;
- `sentry_ophio.exceptions`: the exceptions of all modules.

The package needs no compiler at run time. A wheel works with every Python 3 of its platform.
"""

from sentry_ophio._ffi import decode as _decode
from sentry_ophio._ffi import lib as _lib

__all__ = ["__version__"]

__version__: str = _decode(_lib.ophio_version())
