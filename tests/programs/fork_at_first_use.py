"""Forks while another thread makes something on first use; the child makes its own.

Each round has twice the work of the one before, until the fork falls in the middle of it.
"""

import os
import signal
import sys
import threading
import time

from sentry_ophio.proguard import ProguardMapper


def fork_in_the_middle(methods: int) -> bool:
    lines = ["org.example.C -> a.c:"]
    lines += [f"    {m}:{m}:void m{m}(int):{m}:{m} -> x{m}" for m in range(methods)]
    mapper = ProguardMapper.from_bytes("\n".join(lines).encode())
    busy = threading.Event()

    def use() -> None:
        busy.set()
        mapper.remap_frame("a.c", "x1", 0, "int")

    thread = threading.Thread(target=use)
    thread.start()
    busy.wait()
    time.sleep(0.02)
    child = os.fork()
    if child == 0:
        signal.alarm(60)  # ends a child that waits
        found = mapper.remap_frame("a.c", "x1", 0, "int")
        os._exit(0 if len(found) == 1 else 3)
    in_the_middle = thread.is_alive()
    status = os.waitpid(child, 0)[1]
    thread.join()
    if status:
        sys.exit(f"the child ended with {status}")
    return in_the_middle


for doubling in range(6):
    if fork_in_the_middle(80_000 << doubling):
        print("in the middle")
        break
