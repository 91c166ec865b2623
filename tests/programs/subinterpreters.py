"""Uses the package in interpreters inside this process, and in the main one."""

try:
    import _interpreters as interpreters  # CPython 3.13 and later
except ImportError:
    import _xxsubinterpreters as interpreters

CODE = """
try:
    from sentry_ophio.enhancers import Cache, Enhancements
except ImportError:
    print("refused", flush=True)
else:
    print(len(Enhancements.parse("app:no -app", Cache(0))), flush=True)
"""


def use():
    made = interpreters.create()
    interpreters.run_string(made, CODE)
    interpreters.destroy(made)


use()  # before the main one
exec(CODE)
use()
exec(CODE)
