"""The keys of frames and of exception data, as the package takes them from the library.

The tests make their frames of them, so that a new field is a field of these too.
`test_enhancers_frames.py` has the one list that is written out.
"""

from __future__ import annotations

from typing import Any

from sentry_ophio._pack import EXCEPTION_FIELDS, FRAME_FIELDS

__all__ = ["EXCEPTION_FIELDS", "FRAME_FIELDS", "NO_EXCEPTION", "TEXT_FIELDS", "frame"]

# A boolean or None, and a small number or None: all others are texts or None.
TEXT_FIELDS = tuple(name for name in FRAME_FIELDS if name not in ("in_app", "orig_in_app"))

NO_EXCEPTION: dict[str, Any] = dict.fromkeys(EXCEPTION_FIELDS)


def frame(**values: Any) -> dict[str, Any]:
    """Make a frame that has these values, and None in every other field."""
    return dict.fromkeys(FRAME_FIELDS) | values
