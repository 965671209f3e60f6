"""Loss and error of every step: gathered on the device, fetched in one copy, with running means.

A step writes two numbers into a buffer on the device without waiting for it. ``fetch`` waits.
"""

from collections import deque
from collections.abc import Mapping
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from engine.config import RUNNING_WINDOW
from engine.events import StepRow

#: Steps that fit between two fetches.
CAPACITY = 1024


class StepMetrics:
    """Loss and error of the steps that were not fetched yet, and of the last 50 that were."""

    def __init__(self, device: torch.device, batch_size: int):
        self._buffer = torch.zeros(CAPACITY, 2, device=device)
        self._batch_size = batch_size
        self._steps: list[tuple[int, float, float]] = []  # step, lr, seconds
        self._window: deque[tuple[float, float]] = deque(maxlen=RUNNING_WINDOW)  # loss, error

    @property
    def full(self) -> bool:
        """Whether ``fetch`` must be called before the next ``add``."""
        return len(self._steps) == CAPACITY

    @property
    def running_error(self) -> float | None:
        """Mean error in percent of the last 50 fetched steps; None before the first."""
        return fmean([error for _, error in self._window]) if self._window else None

    def add(self, step: int, loss: Tensor, wrong: Tensor, lr: float, seconds: float) -> None:
        """Keep a step's mean loss and number of wrong answers, both scalars on the device."""
        row = self._buffer[len(self._steps)]
        row[0] = loss
        row[1] = wrong
        self._steps.append((step, lr, seconds))

    def fetch(self) -> tuple[StepRow, ...]:
        """Copy the gathered metrics from the device and forget them there."""
        rows = []
        for (step, lr, seconds), (loss, wrong) in zip(self._steps, self._gathered(), strict=True):
            error = 100 * wrong / self._batch_size
            self._window.append((loss, error))
            losses, errors = zip(*self._window, strict=True)
            # fmean sums exactly, so the means do not depend on where flushes or pauses fell.
            rows.append(StepRow(step, loss, error, fmean(losses), fmean(errors), lr, seconds))
        self._steps.clear()
        return tuple(rows)

    def state(self) -> dict[str, Any]:
        """Return everything as plain values, metrics that were not fetched yet included."""
        gathered = [[*step, *values] for step, values in zip(self._steps, self._gathered(), strict=True)]
        return {"window": [list(pair) for pair in self._window], "gathered": gathered}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over a value that ``state`` returned."""
        self._window.extend(tuple(pair) for pair in state["window"])
        for index, (step, lr, seconds, *values) in enumerate(state["gathered"]):
            self._buffer[index] = torch.tensor(values)
            self._steps.append((step, lr, seconds))

    def _gathered(self) -> list[list[float]]:
        """Return (mean loss, number of wrong answers) of the steps not fetched yet; waits for the device."""
        return self._buffer[: len(self._steps)].tolist()
