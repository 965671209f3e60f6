"""The lab ``mapping``: which maps are easy to learn for plain and for residual stacks, and what the start has to do.

A unit is one arm at one depth on all its targets, at all learning rates and seeds. The heat map comes first, shallow
stacks before deep ones, then the sweeps.
"""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence

from engine.events import CurveUpdated, MetricReported
from engine.labs.curve import CurveName
from engine.labs.mapping import arms
from engine.labs.mapping.findings import figures
from engine.labs.mapping.kernel import condition
from engine.labs.mapping.plan import DECAY, HEAT, START, Work, grid_of, plan, points, seeds_of
from engine.labs.mapping.scores import EXACT, Cell, cells, drawn
from engine.labs.mapping.training import Trained, train
from engine.labs.tasks import Result, Unit, UnitLab


class MappingLab(UnitLab):
    """One job of the lab; see ``UnitLab``."""

    def plan(self) -> Sequence[Unit]:
        """Return the units of the settings."""
        return [Unit(name, work.words) for name, work in self._works().items()]

    def measure(self, unit: Unit, done: Mapping[str, Result]) -> Generator[CurveUpdated | MetricReported, None, Result]:
        """Train the unit's nets; meanwhile yields its row or curves as they stand. Errors are all it returns."""
        work, trained = self._works()[unit.name], None
        for trained in train(work.arm, work.blocks, work.problems, work.steps, self.settings["batch"]):
            found = cells(trained, self._seeds)
            yield from self._row(work, found) if work.part == HEAT else self._sweep(work, found)
        result = {"steps": trained.steps, "errors": trained.errors}
        if work.part == START:
            result["conditions"] = yield from self._conditions(work)
        return result

    def findings(self, unit: Unit, done: Mapping[str, Result]) -> Iterator[CurveUpdated | MetricReported]:
        """Yield the unit's curves, and the figures that are known; with the last unit all of them."""
        work = self._works()[unit.name]
        found = self._cells(unit.name, done)
        if work.part == HEAT:
            yield from self._row(work, found)
            yield from self._opened(work, found)
        else:
            yield from self._sweep(work, found)
        if work.part == START:
            yield from self._conditioned(work, done[unit.name]["conditions"])
        heat = {
            (work.arm, work.blocks): dict(zip(grid_of(self.settings).targets, self._cells(name, done), strict=True))
            for name, work in self._works().items()
            if work.part == HEAT and name in done
        }
        whole = len(done) == len(self._works())
        for name, value in figures(heat, grid_of(self.settings)).items():
            if whole or not math.isnan(value):
                yield MetricReported(name, value)

    @property
    def _seeds(self) -> int:
        return len(seeds_of(self.settings))

    def _works(self) -> dict[str, Work]:
        return {work.name: work for work in plan(self.settings)}

    def _cells(self, name: str, done: Mapping[str, Result]) -> list[Cell]:
        return cells(Trained(done[name]["steps"], done[name]["errors"]), self._seeds)

    def _row(self, work: Work, found: list[Cell]) -> Iterator[CurveUpdated]:
        """The unit's row of both heat maps."""
        name = arms.row(work.arm, work.blocks).text
        columns = [arms.TARGETS.index(target) for target in grid_of(self.settings).targets]
        yield CurveUpdated("heat", name, columns, drawn([max(cell.error, EXACT) for cell in found]))
        yield CurveUpdated("best", name, columns, [cell.rate for cell in found])

    def _opened(self, work: Work, found: list[Cell]) -> Iterator[CurveUpdated]:
        """What the unit's cells open: loss curves and rate curves, their mean and every seed."""
        for target, cell in zip(grid_of(self.settings).targets, found, strict=True):
            name = arms.row(work.arm, work.blocks)._replace(cell=target)
            for index, part in [(None, ""), *self._parts()]:
                text = name._replace(part=part).text
                yield CurveUpdated("curves", text, cell.steps, cell.curve(index))
                yield CurveUpdated("rates", text, arms.RATES, cell.rates(index))

    def _parts(self) -> list[tuple[int, str]]:
        return [(index, f"seed {seed}") for index, seed in enumerate(seeds_of(self.settings))]

    def _sweep(self, work: Work, found: list[Cell]) -> Iterator[CurveUpdated]:
        """The unit's curves of its sweep: the error at the best rate over the points, mean and every seed."""
        x = points(self.settings, work.part)
        if work.part == START:
            kinds = [("start", target) for target in arms.START_TARGETS]
        else:
            panels = arms.DECAY_TARGETS if work.part == DECAY else arms.TOWARD
            kinds = [(panel, work.arm.name) for panel in panels.values()]
        for number, (panel, kind) in enumerate(kinds):
            along = found[number * len(x) : (number + 1) * len(x)]
            yield CurveUpdated(panel, kind, x, drawn([cell.error for cell in along]))
            for index, part in self._parts():
                seed = [cell.rates(index)[cell.best] for cell in along]
                yield CurveUpdated(panel, CurveName(kind, part=part).text, x, seed)

    def _conditions(self, work: Work) -> Generator[CurveUpdated, None, list[list[float]]]:
        """Measure the condition number at every point for every seed, (seeds, points)."""
        rows: list[list[float]] = []
        for seed in seeds_of(self.settings):
            rows.append([condition(seed, work.blocks, point) for point in points(self.settings, START)])
            yield from self._conditioned(work, rows)
        return rows

    def _conditioned(self, work: Work, rows: list[list[float]]) -> Iterator[CurveUpdated]:
        x, kind = points(self.settings, START), work.arm.name
        for (_, part), row in zip(self._parts(), rows, strict=False):
            yield CurveUpdated("condition", CurveName(kind, part=part).text, x, row)
        means = [math.exp(sum(map(math.log, column)) / len(column)) for column in zip(*rows, strict=True)]
        yield CurveUpdated("condition", kind, x, means)
