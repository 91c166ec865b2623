"""Threads ask for the default patterns at once: they are compiled at first use, and once."""

import threading

import sentry_ophio.parameterization as module

assert not module._default and "DEFAULT_PATTERNS" not in vars(module)
seen = []
threads = [threading.Thread(target=lambda: seen.append(module.DEFAULT_PATTERNS)) for _ in "abcd"]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len({id(each) for each in seen}) == 1 and len(module._default) == 1
assert "DEFAULT_PATTERNS" in dir(module) and seen[0] is module.DEFAULT_PATTERNS
try:
    module.nothing
except AttributeError as error:
    assert "nothing" in str(error)
else:
    raise AssertionError("there is no `nothing`")
