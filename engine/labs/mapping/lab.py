"""The lab ``mapping``: the maps that plain and residual stacks learn easily, and the role of the start.

A task is one arm at one depth on all its targets, at all learning rates and seeds. The heat map comes first, shallow
stacks before deep ones, then the sweeps.
"""

import math
from collections.abc import Generator, Iterator, Mapping
from statistics import fmean
from typing import Any

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.mapping import arms
from engine.labs.mapping.nets import condition
from engine.labs.mapping.plan import DECAY, HEAT, START, MappingTask, grid_of, plan, points, seeds_of
from engine.labs.mapping.scores import EXACT, Cell, cells, drawn
from engine.labs.mapping.spec import ERROR_METRICS
from engine.labs.mapping.training import Trained, train
from engine.labs.seed_curves import finite, geometric
from engine.labs.tasks import Finding, Measuring, Results, TaskLab


class MappingLab(TaskLab[MappingTask]):
    """One job of the lab; see ``TaskLab``."""

    def plan(self) -> list[MappingTask]:
        """Return the tasks of the settings."""
        return plan(self.settings)

    def measure(self, task: MappingTask, done: Results) -> Measuring:
        """Train the task's nets; yield the interim row or curves."""
        for trained in train(task, self.settings["batch"]):
            scored = cells(trained, self._seeds)
            yield from self._row(task, scored) if task.part == HEAT else self._sweep(task, scored)
        result: dict[str, Any] = {"steps": trained.steps, "errors": trained.errors}
        if task.part == START:
            result["conditions"] = yield from self._conditions(task)
        return result

    def findings(self, task: MappingTask, done: Results) -> Iterator[Finding]:
        """Yield the task's curves and the known metrics, with the last task all of them."""
        planned, scored = self.plan(), self._cells(task.name, done)
        if task.part == HEAT:
            yield from self._row(task, scored)
            yield from self._opened(task, scored)
        else:
            yield from self._sweep(task, scored)
        if task.part == START:
            yield from self._conditioned(task, done[task.name]["conditions"])
        heat = {
            (one.arm, one.blocks): dict(zip(grid_of(self.settings).targets, self._cells(one.name, done), strict=True))
            for one in planned
            if one.part == HEAT and one.name in done
        }
        for name, value in self._metrics(heat).items():
            if len(done) == len(planned) or not math.isnan(value):
                yield MetricReported(name, value)

    def _metrics(self, heat: Mapping[tuple[arms.Arm, int], Mapping[str, Cell]]) -> dict[str, float]:
        """Return every metric from the finished rows of the heat map; NaN without its cell."""
        depths = grid_of(self.settings).depths
        deep, shallow = max(depths), min(depths)

        def error(arm: arms.Arm, blocks: int, target: str) -> float:
            cell = heat.get((arm, blocks), {}).get(target)
            return math.nan if cell is None else finite(cell.error)

        edges = [cell.at_edge for row in heat.values() for cell in row.values()]
        deepest, least = (error(arms.PLAIN, blocks, arms.SMOOTH) for blocks in (deep, shallow))
        return {name: error(arm, deep, target) for name, arm, target in ERROR_METRICS} | {
            "smooth_plain_depth_factor": deepest / least if deep > shallow else math.nan,
            "edge_share": fmean(edges) if edges else math.nan,
            "seeds": float(self._seeds),
        }

    @property
    def _seeds(self) -> int:
        return len(seeds_of(self.settings))

    def _cells(self, name: str, done: Results) -> list[Cell]:
        return cells(Trained(done[name]["steps"], done[name]["errors"]), self._seeds)

    def _row(self, task: MappingTask, scored: list[Cell]) -> Iterator[CurveUpdated]:
        """Yield the task's row of both heat maps."""
        name = arms.row(task.arm, task.blocks)
        columns = [arms.TARGETS.index(target) for target in grid_of(self.settings).targets]
        yield CurveUpdated("heat", name, columns, drawn([max(cell.error, EXACT) for cell in scored]))
        yield CurveUpdated("best", name, columns, [cell.rate for cell in scored])

    def _opened(self, task: MappingTask, scored: list[Cell]) -> Iterator[CurveUpdated]:
        """Yield the loss and rate curves of the task's cells, their mean and every seed."""
        for target, cell in zip(grid_of(self.settings).targets, scored, strict=True):
            name = arms.row(task.arm, task.blocks)._replace(cell=target)
            for index, part in [(None, ""), *self._parts()]:
                text = name._replace(part=part)
                yield CurveUpdated("curves", text, cell.steps, cell.curve(index))
                yield CurveUpdated("rates", text, arms.RATES, cell.rates(index))

    def _parts(self) -> list[tuple[int, str]]:
        return [(index, f"seed {seed}") for index, seed in enumerate(seeds_of(self.settings))]

    def _sweep(self, task: MappingTask, scored: list[Cell]) -> Iterator[CurveUpdated]:
        """Yield the sweep's curves: the error at the best rate over the points, mean and every seed."""
        x = points(self.settings, task.part)
        if task.part == START:
            kinds = [("start", target) for target in arms.START_TARGETS]
        else:
            panels = arms.DECAY_TARGETS if task.part == DECAY else arms.TOWARD
            kinds = [(panel, task.arm.name) for panel in panels.values()]
        for number, (panel, kind) in enumerate(kinds):
            along = scored[number * len(x) : (number + 1) * len(x)]
            yield CurveUpdated(panel, CurveName(kind), x, drawn([cell.error for cell in along]))
            for index, part in self._parts():
                seed = [cell.rates(index)[cell.best] for cell in along]
                yield CurveUpdated(panel, CurveName(kind, part=part), x, seed)

    def _conditions(self, task: MappingTask) -> Generator[CurveUpdated, None, list[list[float]]]:
        """Return the condition numbers (seeds, points)."""
        rows: list[list[float]] = []
        for seed in seeds_of(self.settings):
            rows.append([condition(seed, task.blocks, point) for point in points(self.settings, START)])
            yield from self._conditioned(task, rows)
        return rows

    def _conditioned(self, task: MappingTask, rows: list[list[float]]) -> Iterator[CurveUpdated]:
        x, kind = points(self.settings, START), task.arm.name
        for (_, part), row in zip(self._parts(), rows, strict=False):
            yield CurveUpdated("condition", CurveName(kind, part=part), x, row)
        yield CurveUpdated("condition", CurveName(kind), x, [geometric(column) for column in zip(*rows, strict=True)])
