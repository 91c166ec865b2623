"""Runs the command line where no file can have more than so many bytes, as on a full disk.

python with_small_files.py BYTES ARGUMENTS...
"""

import resource
import sys

size = int(sys.argv.pop(1))
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

from sentry_ophio.__main__ import main

main()
