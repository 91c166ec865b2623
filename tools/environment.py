"""Makes a virtual environment, in place of one that is there.

    python tools/environment.py DIRECTORY

It has the Python that runs this program. `venv` makes it, or virtualenv where a distribution
has split venv off. An older Python than 3.9 gets an error, so this file has only syntax that
Python 3.6 knows.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

# Where a virtual environment has its programs.
PROGRAMS = "Scripts" if os.name == "nt" else "bin"


def make(directory: str, python: str = sys.executable) -> str:
    """Make an environment of a Python, and return the path of the environment's own."""
    old = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 9))"]
    if shutil.which(python) is None or subprocess.call(old):
        raise SystemExit("Python 3.9 or later is needed, as " + python)
    for module in (["venv"], ["virtualenv", "-q"]):
        shutil.rmtree(directory, ignore_errors=True)
        command = [python, "-m", *module, directory]
        if not subprocess.call(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
            return str(Path(directory, PROGRAMS, "python").absolute())
    shutil.rmtree(directory, ignore_errors=True)
    raise SystemExit(
        python + " cannot make a virtual environment: install python3-venv or virtualenv"
    )


if __name__ == "__main__":
    make(sys.argv[1])
