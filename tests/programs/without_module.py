"""Runs the command line where a module is not installed.

python without_module.py MODULE ARGUMENTS...
"""

import sys

sys.modules[sys.argv.pop(1)] = None

from sentry_ophio.__main__ import main

main()
