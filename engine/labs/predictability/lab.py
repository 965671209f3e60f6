"""The lab ``predictability``: two copies of a net that differ by almost nothing, after every update.

Tasks: every cell with the first seed, then with the next where it has one. Curves are geometric means over the finished
seeds.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.hardware.device import Device
from engine.labs.predictability.pair import Pair
from engine.labs.predictability.plan import BEST_RATE, DEPTH, MARK, Cell, cells, dirac_kind, seeds_of
from engine.labs.seed_curves import finite, geometric, seeded
from engine.labs.small_images import embedded_images
from engine.labs.tasks import Finding, Measuring, Result, Results, State, Task, TaskLab

_PANELS = ("weights", "loss")


class PredictabilityLab(TaskLab[Task]):
    """One job of the lab; see ``TaskLab``. A task results in a list of distances for each panel."""

    def __init__(self, settings: Mapping[str, Any], device: Device, state: State | None = None) -> None:
        super().__init__(settings, device, state)
        self._cells = cells(self.settings)
        pairs = [(cell, seed) for seed in self.seeds for cell in self._cells if seed in seeds_of(cell, self.settings)]
        self._tasks = {_name(cell, seed): (cell, seed) for cell, seed in pairs}
        self._images = embedded_images()

    def plan(self) -> list[Task]:
        """Return the tasks; see the module."""
        return [Task(name, f"{cell.text}, seed {seed}") for name, (cell, seed) in self._tasks.items()]

    def measure(self, task: Task, done: Results) -> Measuring:
        """Train one pair; yield the seed's curves after every update."""
        cell, seed = self._tasks[task.name]
        pair = Pair(cell, self._images, seed, 10.0 ** -self.settings["digits"], self.device)
        apart: dict[str, list[float]] = {"weights": [pair.start], "loss": []}
        for weights, loss in pair.steps(self.settings["updates"]):
            apart["weights"].append(weights)
            apart["loss"].append(loss)
            for panel in _PANELS:
                y = [finite(value) for value in apart[panel]]
                yield CurveUpdated(panel, _curve(cell)._replace(part=f"seed {seed}"), _updates(y), y)
        return apart

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """Yield the cell's curves over the finished seeds, and the metrics that they decide."""
        cell, _ = self._tasks[task.name]
        rows = self._rows(cell, done)
        for panel in _PANELS:
            lists = {seed: row[panel] for seed, row in rows.items()}
            yield from seeded(panel, _curve(cell), _updates(next(iter(lists.values()))), lists)
        if len(rows) == len(seeds_of(cell, self.settings)):
            yield from self._metrics(cell, geometric(row["weights"][MARK] for row in rows.values()))

    def _rows(self, cell: Cell, done: Results) -> dict[int, Result]:
        return {seed: done[name] for seed in self.seeds if (name := _name(cell, seed)) in done}

    def _metrics(self, cell: Cell, parted: float) -> Iterator[MetricReported]:
        """Yield the metrics of a cell; NaN where the job's nets are not those that the names say."""
        own, depth = self.settings["rate"], self.settings["depth"]
        names = {
            (f"plain-{depth}", own): "parted_plain_56",
            (f"residual-{depth}", own): "parted_A_56",
            (dirac_kind(depth), own): "parted_dirac_56",
        }
        value = parted if depth == DEPTH else math.nan
        if name := names.get((cell.kind, cell.rate)):
            yield MetricReported(name, value)
        if (cell.kind, cell.rate) == (f"plain-{depth}", BEST_RATE):
            yield MetricReported("parted_plain_56_best_rate", value)


def _name(cell: Cell, seed: int) -> str:
    return f"{cell.kind}, rate {cell.rate!r}, seed {seed}"


def _curve(cell: Cell) -> CurveName:
    return CurveName(cell.kind, "rate", cell.rate)


def _updates(values: list[float]) -> list[float]:
    """Return the updates done before each value; the loss of an update is that before it."""
    return [float(count) for count in range(len(values))]
