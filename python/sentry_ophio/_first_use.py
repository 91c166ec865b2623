"""Imports at first use, in a process that may fork.

What a service does not use is imported when it is used, since an import takes as long as
thousands of calls. Python has a lock for each module that is being imported. If another
thread holds it at a fork, no thread of the child ever releases it, and the child waits
permanently at the same import. So such an import is made under one lock of ours, which the thread
that forks holds while it forks: at that moment no thread is in an import.

    with first_use:
        from msgpack import unpackb
"""

from __future__ import annotations

import os
from _thread import RLock

__all__ = ["first_use"]

first_use = RLock()
"""Held during an import at first use, and during a fork."""

if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=first_use.acquire,
        after_in_parent=first_use.release,
        after_in_child=first_use.release,
    )
