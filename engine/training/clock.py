"""The run's clock: seconds of work, pauses left out."""

import time


class Clock:
    """A stopwatch that starts stopped; ``seconds`` of an earlier process may be carried over."""

    def __init__(self, seconds: float = 0.0):
        self._before = seconds
        self._started: float | None = None

    def go(self) -> None:
        """Count from now on."""
        if self._started is None:
            self._started = time.perf_counter()

    def stop(self) -> None:
        """Stop counting."""
        self._before = self.seconds()
        self._started = None

    def seconds(self) -> float:
        """Return the seconds counted so far."""
        return self._before + (time.perf_counter() - self._started if self._started is not None else 0.0)
