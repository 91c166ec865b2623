"""Compresses a wheel again with zopfli: the same format, 3 % smaller, for 10 seconds of work.

    python tools/compress_wheel.py WHEEL

Every entry keeps its name, order, mode and time; RECORD holds hashes of the uncompressed
files and stays right. It is for published wheels only, so other builds do not need the package
`zopflipy`.
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from zopfli import ZOPFLI_FORMAT_DEFLATE, ZopfliCompressor


def compress(wheel: Path) -> tuple[int, int]:
    """Replace a wheel by a smaller one; return its sizes before and after."""
    new = wheel.with_name(f".{wheel.name}.new")
    # zipfile does not accept another compressor. It has created its compressor by this function
    # since Python 3.3.
    zipfile._get_compressor = lambda *_: ZopfliCompressor(ZOPFLI_FORMAT_DEFLATE)  # type: ignore[attr-defined]
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(new, "w") as smaller:
        for entry in old.infolist():
            smaller.writestr(entry, old.read(entry), zipfile.ZIP_DEFLATED)
    with zipfile.ZipFile(wheel) as old, zipfile.ZipFile(new) as smaller:
        assert [(each.filename, each.CRC) for each in old.infolist()] == [
            (each.filename, each.CRC) for each in smaller.infolist()
        ]
        assert smaller.testzip() is None
    sizes = wheel.stat().st_size, new.stat().st_size
    new.replace(wheel)
    return sizes


if __name__ == "__main__":
    before, after = compress(Path(sys.argv[1]))
    print(f"{sys.argv[1]}: {before:,} bytes, now {after:,}")
