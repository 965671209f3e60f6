"""A part of a lab: one of several experiments that a lab does one after the other, and means over the seeds so far."""

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.events import CurveName, CurveUpdated
from engine.labs.tasks import Finding, Measuring, Results, Task


class Part(ABC):
    """One experiment of the lab, with the methods of ``engine.labs.tasks.TaskLab``."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.seeds = range(settings["seeds"])

    @abstractmethod
    def plan(self) -> Sequence[Task]:
        """Return the part's tasks in their order; no other part has tasks of these names."""

    @abstractmethod
    def measure(self, task: Task, done: Results) -> Measuring:
        """Measure one task; see ``TaskLab.measure``."""

    @abstractmethod
    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """Yield what a task changed; see ``TaskLab.findings``."""


def geometric(values: Iterable[float]) -> float:
    """Return the geometric mean: 0 when one value is 0 or less, NaN when one value is not finite."""
    values = list(values)
    if any(not math.isfinite(value) for value in values):
        return math.nan
    if min(values) <= 0:
        return 0.0
    return math.exp(sum(math.log(value) for value in values) / len(values))


def seeded(
    panel: str, name: CurveName, x: Sequence[float], rows: Mapping[int, Sequence[float]]
) -> Iterator[CurveUpdated]:
    """Yield the geometric mean over the seeds of ``rows``, then the curve of each seed as a part of it."""
    yield CurveUpdated(panel, name, list(x), [geometric(column) for column in zip(*rows.values(), strict=True)])
    for seed, row in rows.items():
        yield CurveUpdated(panel, name._replace(part=f"seed {seed}"), list(x), [finite(value) for value in row])


def finite(value: float) -> float:
    """Return the value, NaN where it is not finite: a gap in the curve."""
    return float(value) if math.isfinite(value) else math.nan
