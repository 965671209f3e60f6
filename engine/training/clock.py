"""The clock of a run: seconds of work, pauses left out.

It measures for people and for the record; no decision of a training depends on it but when metrics are fetched.
"""

import time


class Clock:
    """A stopwatch that starts stopped.

    Args:
        seconds: those that earlier processes of the same run have counted.
    """

    def __init__(self, seconds: float = 0.0):
        self._before = seconds
        self._started: float | None = None

    def go(self) -> None:
        """Count from now on; no effect on a clock that counts."""
        if self._started is None:
            self._started = time.perf_counter()

    def stop(self) -> None:
        """Stop counting."""
        self._before = self.seconds()
        self._started = None

    def seconds(self) -> float:
        """Return the seconds counted so far."""
        return self._before + (time.perf_counter() - self._started if self._started is not None else 0.0)
