"""What modules need of `typing` when they run, without importing it.

`typing` takes 3 ms to import, half of what `import sentry_ophio.enhancers` takes as a whole.
So the modules that this imports have `TYPE_CHECKING = False`, which type checkers know, and
get `final` from here, which does nothing when the program runs.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import final
else:

    def final(cls: type) -> type:
        """Return the class: the mark is for type checkers."""
        return cls


__all__ = ["final"]
