"""Runs a command; prints its peak memory, in KiB, and its time of the processor, in seconds.

python peak.py COMMAND...

The command is a child of this small process: a process begins with the peak of the one that
forked it.
"""

import resource, subprocess, sys

subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_maxrss, used.ru_utime + used.ru_stime)
