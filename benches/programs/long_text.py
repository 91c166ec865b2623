r"""Counts what a long text contains, and prints the peak memory before and after, in KiB.

python long_text.py MEGABYTES END

END comes after each message; "\n" is a line feed.
"""

import sys
from pathlib import Path

from sentry_ophio.parameterization import Parameterizer


def peak() -> int:
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0])


text = "GET /api/7/ from 10.0.0.7 took 15ms" + sys.argv[2].replace(r"\n", "\n")
text *= int(sys.argv[1]) * 1_000_000 // len(text)
before = peak()
Parameterizer().counts(text)
print(before, peak())
