"""A fork server on a machine that starts no further process while the file ``STARVED`` says ``no process``."""

import errno
import os
from pathlib import Path

from engine.runs.launchers.fork_server import Report

_fork = os.fork


def _starved_fork():
    fault = Path(os.environ["STARVED"])
    if fault.exists() and fault.read_text() == "no process":
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return _fork()


os.fork = _starved_fork
report = Report()
report.tell_end()
report.ready()
