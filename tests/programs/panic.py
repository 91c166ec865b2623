"""Calls a library that panics: the process goes on, and nothing is printed.

python panic.py LIBRARY
"""

import ctypes, os, signal, sys, threading
from sentry_ophio import _ffi
from sentry_ophio.exceptions import OphioPanicError


def caught():
    # What the system knows of handlers, also of those that were not set from Python.
    with open("/proc/self/status") as file:
        return [line for line in file if line.startswith(("SigBlk", "SigIgn", "SigCgt"))]


linux = sys.platform == "linux"
# With its first thread, whoever makes it, the C library takes a signal of its own.
threading.Thread(target=int).start()
handlers = [signal.getsignal(n) for n in (signal.SIGSEGV, signal.SIGABRT, signal.SIGINT)]
known = caught() if linux else []
before = dict(os.environ)
library = ctypes.CDLL(sys.argv[1])
# The package, with that library in the place of its own.
_ffi.lib = _ffi.ffi.dlopen(sys.argv[1])


class Slice(ctypes.Structure):
    _fields_ = [("data", ctypes.c_void_p), ("len", ctypes.c_size_t)]


library.ophio_last_error_message.restype = Slice
for on_a_thread in (False, True) * 3:
    assert library.test_panic(on_a_thread) == 1
    told = library.ophio_last_error_message()
    text = ctypes.string_at(told.data, told.len).decode()
    assert text.startswith("internal error (panic): on purpose"), text
    assert on_a_thread or "version.rs:" in text, text
    try:
        _ffi.check(library.test_panic(on_a_thread))
    except Exception as error:
        assert type(error) is OphioPanicError and str(error) == text, error
    else:
        raise AssertionError("no error")
assert not linux or known == caught(), (known, caught())
assert handlers == [signal.getsignal(n) for n in (signal.SIGSEGV, signal.SIGABRT, signal.SIGINT)]
libc = ctypes.CDLL(None)
libc.getenv.restype = ctypes.c_char_p
assert dict(os.environ) == before and libc.getenv(b"RUST_BACKTRACE") is None
print("alive")
