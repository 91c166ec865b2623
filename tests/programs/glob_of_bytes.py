"""Matches the same patterns as str and as bytes; under `python -bb` comparing them is an error."""

from sentry_ophio.glob import Glob, GlobSet, is_glob_match

for pattern in ("a*", b"a*", "a*"):
    assert is_glob_match("ab", pattern)
    assert is_glob_match(b"ab", pattern, case_insensitive=True)
assert Glob("a") != Glob(b"a")
assert GlobSet(["a"]) != GlobSet([b"a"])
