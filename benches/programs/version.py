"""Prints the version of a distribution and of Python: `13.9.0 on Python 3.11.7`.

python version.py DISTRIBUTION
"""

import platform
import sys
from importlib.metadata import version

print(version(sys.argv[1]), "on Python", platform.python_version())
