"""A lock for imports at first use, in a process that may fork.

Modules that many services do not use are imported at first use, because an import takes as long as
thousands of calls. Python has a lock for each module that is being imported. If another thread
holds it at a fork, no thread of the child releases it, and the child waits permanently at the same
import. So these imports are made under one lock of ours, and a thread takes this lock before it
forks: then no thread is in such an import.

    with first_use:
        from msgpack import unpackb

`held_at_fork` makes such a lock for other purposes.
"""

from __future__ import annotations

import os
from _thread import RLock

__all__ = ["first_use", "held_at_fork"]


def held_at_fork() -> RLock:
    """Make a lock that the thread holds which forks, so that a child finds it free.

    No thread may wait for another such lock while it holds this one.
    """
    lock = RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lock.acquire,
            after_in_parent=lock.release,
            after_in_child=lock.release,
        )
    return lock


first_use = held_at_fork()
"""Held during an import at first use, and during a fork."""
