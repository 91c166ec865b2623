"""Parses rules until Ctrl-C."""

from sentry_ophio.enhancers import Cache, Enhancements

try:
    print("ready", flush=True)
    while True:
        Enhancements.parse("function:a* -app\n" * 1000, Cache(0))
except KeyboardInterrupt:
    print("interrupted")
