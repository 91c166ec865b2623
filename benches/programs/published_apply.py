"""One published call a stack trace, in the environment of the published package.

python published_apply.py RULES STACKTRACES

Prints the seconds that a frame takes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

# Behind all others: benches/ has modules with names of the standard library.
sys.path.append(str(Path(__file__).resolve().parents[1]))

from side import best, encoded

from sentry_ophio.enhancers import Cache, Enhancements

rules = Enhancements.parse(Path(sys.argv[1]).read_text("utf-8"), Cache(0))
raw = [json.loads(line) for line in Path(sys.argv[2]).read_text("utf-8").splitlines()]
traces = [([encoded(f) for f in t["frames"]], encoded(t["exception"])) for t in raw]


def apply() -> None:
    for frames, exception in traces:
        rules.apply_modifications_to_frames(frames, exception)


print(best(apply) / sum(len(frames) for frames, _ in traces))
