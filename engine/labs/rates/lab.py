"""The lab ``rates``: the training error of shallow and deep nets at every rate of a grid.

Each task trains one net. A cell of the picture is the mean over its finished seeds.
"""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.hardware.device import Device
from engine.labs.rates.findings import gap_at_best, gap_at_usual, usable
from engine.labs.rates.plan import COLUMNS, PLAIN, PRE, RATES, Cell, cells
from engine.labs.rates.training import Point, train
from engine.labs.seed_curves import finite
from engine.labs.tasks import Finding, Measuring, Results, State, TaskLab


class RatesLab(TaskLab[Cell]):
    """One job of the lab; see ``TaskLab``. A task results in its points: lists of steps and errors."""

    def __init__(self, settings: Mapping[str, Any], device: Device, state: State | None = None) -> None:
        super().__init__(settings, device, state)
        self._cells = cells(self.settings)

    def plan(self) -> list[Cell]:
        """Return the cells in their order."""
        return self._cells

    def measure(self, task: Cell, done: Results) -> Measuring:
        """Train one net; yield its curve as it grows."""
        points: list[Point] = []
        for more in train(task, self.settings, self.device):
            points += more
            if points:
                yield _training(task, points, f"seed {task.seed}")
        return [list(column) for column in zip(*points, strict=True)]

    def findings(self, task: Cell, done: Results) -> Iterator[Finding]:
        """Yield the row of the task's net, the task's training, and after the last task the metrics."""
        row, errors = CurveName(task.kind, "blocks", float(task.blocks)), self._errors(task.kind, task.blocks, done)
        columns = [RATES.index(rate) for rate in errors]
        means = [finite(fmean(by_seed.values())) for by_seed in errors.values()]
        yield CurveUpdated("grid", row, [float(column) for column in columns], means)
        yield CurveUpdated("error", row, list(errors), means)
        of_seed = {rate: by_seed[task.seed] for rate, by_seed in errors.items() if task.seed in by_seed}
        yield CurveUpdated("error", row._replace(part=f"seed {task.seed}"), list(of_seed), list(of_seed.values()))
        steps, _ = done[task.name]
        curves = [done[name][1] for seed in self.seeds if (name := task._replace(seed=seed).name) in done]
        whole = [curve for curve in curves if len(curve) == len(steps)]
        points = [Point(step, fmean(column)) for step, column in zip(steps, zip(*whole, strict=True), strict=True)]
        yield _training(task, points)
        if task == self._cells[-1]:
            yield from self._metrics(done)

    def _errors(self, kind: str, blocks: int, done: Results) -> dict[float, dict[int, float]]:
        """Return the last errors of the finished trainings of a net, by rate and seed."""
        found: dict[float, dict[int, float]] = {}
        for cell in self._cells:
            if (cell.kind, cell.blocks) == (kind, blocks) and cell.name in done:
                found.setdefault(cell.rate, {})[cell.seed] = done[cell.name][1][-1]
        return {rate: found[rate] for rate in RATES if rate in found}

    def _metrics(self, done: Results) -> Iterator[MetricReported]:
        shallow, deep = self.settings["shallow"], self.settings["blocks"]
        for kind, prefix in ((PLAIN, "plain"), (PRE, "pre")):
            few, many = (
                {rate: fmean(by_seed.values()) for rate, by_seed in self._errors(kind, blocks, done).items()}
                for blocks in (shallow, deep)
            )
            yield MetricReported(f"{prefix}_usable_shallow", float(len(usable(few))))
            yield MetricReported(f"{prefix}_usable_deep", float(len(usable(many))))
            yield MetricReported(f"{prefix}_gap", gap_at_usual(few, many))
            yield MetricReported(f"{prefix}_gap_best", gap_at_best(few, many))


def _training(cell: Cell, points: list[Point], part: str = "") -> CurveUpdated:
    column = COLUMNS[RATES.index(cell.rate)]
    name = CurveName(cell.kind, "blocks", float(cell.blocks), column, part)
    return CurveUpdated("training", name, [float(step) for step, _ in points], [error for _, error in points])
