"""A lock for imports at first use, in a process that may fork.

Modules that many services do not use are imported at first use, because an import takes as long as
thousands of calls. Python has a lock for each module that is being imported. If another thread
holds it at a fork, no thread of the child releases it, and the child waits permanently at the same
import. So these imports are made under one lock of ours, and a thread takes this lock before it
forks: then no thread is in such an import.

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
