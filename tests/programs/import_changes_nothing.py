"""Imports the package: environment, signals, threads, exception hook and folder stay."""

import os
import signal
import sys
import threading
import warnings


def state():
    handlers = [signal.getsignal(number) for number in signal.valid_signals()]
    return dict(os.environ), handlers, threading.active_count(), sys.excepthook, os.getcwd()


before = state()
import sentry_ophio.codeowners
import sentry_ophio.enhancers
import sentry_ophio.glob
import sentry_ophio.limits
import sentry_ophio.proguard

assert state() == before
