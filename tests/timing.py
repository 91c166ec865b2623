"""Compares what two sets of calls cost, on a machine that does other work as well.

    slowdown([f(10 n)], [f(n), ... ten of them])

is 1 if `f` is linear and 10 if it is quadratic, whatever the machine does:

- Both sets have inputs and results of the same size in total. So both need the same memory and the
  same part of the processor's caches. One call for a large input against one for a small input was
  12 in place of 10 when another program used the caches.
- Each set has the shortest time of many rounds, and the sets alternate. More work of the machine
  makes a round longer, and never shorter.
- The time is that of the thread, not of the clock.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING, Any, Callable

from sentry_ophio.exceptions import OphioError

if TYPE_CHECKING:
    from collections.abc import Sequence

    Calls = Sequence[Callable[[], Any]]

# A round can be disturbed. Fewer than this many say nothing; more are made only if the result is
# above the limit.
FEWEST, MOST = 5, 40


def slowdown(measured: Calls, reference: Calls, limit: float) -> float:
    """Divide the times of two sets of calls, each the shortest of many rounds.

    Without Python's collector, which looks at everything that pytest has in memory.

    Args:
        measured: The calls of which the time is measured.
        reference: The calls with which it is compared.
        limit: No more rounds are made when the result is below this.
    """
    best = [float("inf")] * 2
    gc.collect()
    gc.disable()
    try:
        for number in range(MOST):
            for which, calls in enumerate((reference, measured)):
                begun = time.thread_time()
                results = [call() for call in calls]
                best[which] = min(best[which], time.thread_time() - begun)
                del results
            if number + 1 >= FEWEST and best[1] < limit * best[0]:
                break
    except OphioError as error:
        raise AssertionError(error) from error
    finally:
        gc.enable()
    return best[1] / best[0]
