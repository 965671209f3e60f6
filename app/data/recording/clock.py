"""The clock of a stored run: when it had done so many steps, and what it had done by then. All start together."""

import numpy as np

from engine.store.rows import RunRow, Series

#: Of a step that is computed from a clock, as in the browser (``app/live/shared/replay/recording.js``).
_ROUNDING = 1e-6


class Clock:
    """Seconds and steps of a run. ``end``: the seconds after which it does nothing more."""

    def __init__(self, row: RunRow, training: Series, last_s: float):
        """``training`` is its curve, a few of its points; ``last_s`` the seconds of its last point of any split."""
        steps, seconds = training.columns["step"], training.columns["seconds"]
        if row.parent_step is None:
            steps, seconds = np.append(0.0, steps), np.append(0.0, seconds)
        self._first = row.parent_step or 0
        self._steps, self._seconds = steps, np.maximum.accumulate(seconds)
        self.end = max(row.seconds, last_s, *self._seconds[-1:].tolist())

    def seconds(self, step: int) -> float:
        """Return when the run had done so many steps; its last seconds, if it never had."""
        return float(np.interp(step, self._steps, self._seconds)) if len(self._steps) else 0.0

    def step(self, seconds: float) -> int:
        """Return the steps that the run had done by then."""
        if not len(self._steps) or seconds < self._seconds[0]:
            return self._first
        return int(np.interp(seconds, self._seconds, self._steps) + _ROUNDING)
