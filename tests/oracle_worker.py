"""Runs cases with the published package; started by test_oracle.py in its environment.

Takes a pickled list of `Case` from standard input at a time, and gives a pickled
list of what came out of each.
"""

from __future__ import annotations

import pickle
import sys

import oracle_case

from sentry_ophio import enhancers

stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
while True:
    try:
        cases = pickle.load(stdin)
    except EOFError:
        break
    pickle.dump([oracle_case.run(enhancers, case) for case in cases], stdout)
    stdout.flush()
