"""Threads that others wait for: the end of one is told, in one line with its cause. Torch-free.

A thread of Python's own that meets an exception ends without a word to those that wait for its work.
"""

import logging
import threading
from collections.abc import Callable

from engine.errors import in_one_line

_log = logging.getLogger(__name__)


class GuardedThread(threading.Thread):
    """A daemon thread; whatever ends its work reaches the log and ``on_failure``.

    Args:
        work: What the thread does. Its return is an end in good order.
        on_failure: Called in the thread with one line that names the thread and the cause.
    """

    def __init__(self, name: str, work: Callable[[], object], on_failure: Callable[[str], object]):
        super().__init__(name=name, daemon=True)
        self._work, self._on_failure = work, on_failure

    def start_if_possible(self) -> bool:
        """Start; return False, with a line in the log, where the system has no further thread for this process."""
        try:
            self.start()
        except RuntimeError as error:
            _log.warning("thread %s does not start (%s)", self.name, error)
            return False
        return True

    def run(self) -> None:
        """Do the work; report the exception that ended it."""
        try:
            self._work()
        except BaseException as error:
            # First those that wait: with no memory left the log may fail as well.
            self._on_failure(f"thread {self.name} ended ({in_one_line(error)})")
            _log.exception("thread %s ended", self.name)
