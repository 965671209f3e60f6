"""What the parts of the conditioning lab have in common: their units, and means over the seeds that are done."""

import math
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.events import CurveUpdated, MetricReported
from engine.labs.curve import CurveName
from engine.labs.tasks import Result, Unit

Found = CurveUpdated | MetricReported
Done = Mapping[str, Result]


class Part(ABC):
    """One experiment of the lab: its units, as those of ``engine.labs.tasks.UnitLab``."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = settings
        self.seeds = range(settings["seeds"])

    @abstractmethod
    def plan(self) -> Sequence[Unit]:
        """Return the part's units in their order; their names are those of no other part."""

    @abstractmethod
    def measure(self, unit: Unit, done: Done) -> Generator[Found, None, Result]:
        """Do one unit; see ``UnitLab.measure``."""

    @abstractmethod
    def findings(self, unit: Unit, done: Done) -> Iterator[Found]:
        """Yield what a unit changed; see ``UnitLab.findings``."""


def geometric(values: Iterable[float]) -> float:
    """Return the geometric mean; 0 with a zero among them, not finite with one that is not."""
    values = list(values)
    if any(not math.isfinite(value) for value in values):
        return math.nan
    if min(values) <= 0:
        return 0.0
    return math.exp(sum(math.log(value) for value in values) / len(values))


def seeded(
    panel: str, name: CurveName, x: Sequence[float], rows: Mapping[int, Sequence[float]]
) -> Iterator[CurveUpdated]:
    """Yield the geometric mean over the seeds of ``rows`` and the curve of each as its part; all points count."""
    yield CurveUpdated(panel, name.text, list(x), [geometric(column) for column in zip(*rows.values(), strict=True)])
    for seed, row in rows.items():
        yield CurveUpdated(panel, name._replace(part=f"seed {seed}").text, list(x), [finite(value) for value in row])


def finite(value: float) -> float:
    """Return the value, NaN where it is not finite: a gap in the curve."""
    return float(value) if math.isfinite(value) else math.nan
