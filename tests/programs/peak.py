"""Runs a command and prints its peak memory, in KiB.

python peak.py COMMAND...
"""

import resource, subprocess, sys

subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
