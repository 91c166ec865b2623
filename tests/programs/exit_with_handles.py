"""Ends with handles in globals, in a cycle, in a thread, and in a function that runs at exit.

python exit_with_handles.py [reversed]
"""

import atexit
import sys
import threading

from sentry_ophio.codeowners import Codeowners
from sentry_ophio.enhancers import Cache, Enhancements
from sentry_ophio.fingerprints import FingerprintRules
from sentry_ophio.glob import Glob, GlobSet
from sentry_ophio.proguard import ProguardMapper

cache = Cache(5)
kept = [
    Enhancements.parse("app:no -group", cache),
    cache,
    Glob("*"),
    GlobSet(["a"]),
    Codeowners.parse("* @a"),
    ProguardMapper.from_bytes(b"a -> b:"),
    FingerprintRules.parse("type:A -> a"),
]
if sys.argv[1:] == ["reversed"]:
    kept.reverse()
kept.append(kept)
atexit.register(lambda: Enhancements.parse("app:yes -group", cache))


class Late:
    def __init__(self):
        self.rules = Enhancements.parse("app:no -group", cache)

    def __del__(self):
        len(self.rules)


late = Late()
threading.Thread(target=lambda: Enhancements.parse("app:no -app", cache)).start()
