"""Prints the time of the processor that `import sentry_ophio.enhancers` takes, in seconds."""

import time

start = time.process_time()
import sentry_ophio.enhancers  # noqa: E402, F401

print(time.process_time() - start)
