"""Where a host looks for the CODEOWNERS file of a repository.

A host reads the first of these files that exists, and ignores the others:

    GitHub   .github/CODEOWNERS   CODEOWNERS        docs/CODEOWNERS
    GitLab   CODEOWNERS           docs/CODEOWNERS   .gitlab/CODEOWNERS

Without a host, the other files of the repository decide which one it is.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

from sentry_ophio.exceptions import CodeownersError

if TYPE_CHECKING:
    from pathlib import Path

LOCATIONS = {
    "github": (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"),
    "gitlab": ("CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"),
}


def find(root: Path, dialect: str | None) -> tuple[Path, str]:
    """Return the file of a repository, and its dialect.

    Raises:
        FileNotFoundError: The repository has none.
    """
    dialect = dialect or host(root)
    for location in LOCATIONS[dialect]:
        path = root / location
        if path.is_file():
            return path, dialect
    tried = ", ".join(LOCATIONS[dialect])
    raise FileNotFoundError(errno.ENOENT, f"No CODEOWNERS file ({tried})", str(root))


def host(root: Path) -> str:
    """Return the host whose files a repository has, GitHub if there are none."""
    is_gitlab = (root / ".gitlab").is_dir() or (root / ".gitlab-ci.yml").is_file()
    return "gitlab" if is_gitlab and not (root / ".github").is_dir() else "github"


def read(path: Path, max_bytes: int) -> str:
    """Read a file of at most `max_bytes` bytes."""
    with path.open("rb") as file:
        # One byte more than allowed, because the size may change, and a file may be huge.
        data = file.read(max_bytes + 1)
        size = max(len(data), os.fstat(file.fileno()).st_size)
    if len(data) > max_bytes:
        raise CodeownersError(
            f"{path}: the file has {size} bytes, more than the limit of {max_bytes} (`max_bytes`)"
        )
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise CodeownersError(f"{path}: not UTF-8 (at byte {error.start})") from None
