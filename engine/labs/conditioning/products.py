"""The fourth part of the conditioning lab: products of k numbers."""

import math
from collections.abc import Iterator
from statistics import fmean

import numpy as np

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.conditioning import scalar_products as scalar
from engine.labs.conditioning.arms import NEAR_ONE, NORMAL, SCALAR_DRAWS, SCALAR_RATES, factors
from engine.labs.seed_curves import finite
from engine.labs.tasks import Experiment, Finding, Measuring, Results, Task

#: Starts of each kind, enough for the share of solved ones.
SEEDS = 200


class Products(Experiment[Task]):
    """Tasks: one number of factors each, ascending."""

    def plan(self) -> list[Task]:
        """Return one task for each number of factors."""
        counts = factors(self.settings["grid"], self.settings["factors"])
        self._counts = {f"product of {count}": count for count in counts}
        return [Task(name, f"scalar product: {count} factors") for name, count in self._counts.items()]

    def measure(self, task: Task, done: Results) -> Measuring:
        """Let all starts descend at all rates; keep the best rate."""
        count = self._counts[task.name]
        for steps in scalar.descend(scalar.draw(count, SEEDS), SCALAR_RATES, self.settings["cap"]):
            for how, rows in zip(SCALAR_DRAWS, steps, strict=True):
                yield self._race(how, count, scalar.best(rows, SCALAR_RATES))
        return {how: scalar.best(rows, SCALAR_RATES)._asdict() for how, rows in zip(SCALAR_DRAWS, steps, strict=True)}

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """Yield the curves over the finished numbers of factors."""
        counts = {name: count for name, count in self._counts.items() if name in done}
        x = [float(count) for count in counts.values()]
        for how in SCALAR_DRAWS:
            trials = [scalar.Trials(**done[name][how]) for name in counts]
            # A log axis has no 0: a start that is solved already stands at 1.
            yield CurveUpdated("scalar_steps", CurveName(how), x, [finite(max(one.median, 1.0)) for one in trials])
            yield CurveUpdated("scalar_share", CurveName(how), x, [one.solved for one in trials])
            yield self._race(how, self._counts[task.name], scalar.Trials(**done[task.name][how]))
        if len(counts) == len(self._counts):
            for key, how in (("normal", NORMAL), ("near_one", NEAR_ONE)):
                last = scalar.Trials(**done[task.name][how])
                yield MetricReported(f"scalar_{key}_median_steps", last.median)
                yield MetricReported(f"scalar_{key}_solved", last.solved)

    def _race(self, how: str, count: int, trials: scalar.Trials) -> CurveUpdated:
        """Return the share of solved starts by step."""
        x = _log_steps(self.settings["cap"])
        y = [fmean(value <= step for value in trials.steps) for step in x]
        return CurveUpdated("scalar_race", CurveName(how, "factors", count), x, y)


def _log_steps(cap: int) -> list[float]:
    """Return the steps from 1 to the cap, eight in a decade."""
    count = max(1, math.floor(8 * math.log10(cap)))
    return sorted({float(round(step)) for step in np.geomspace(1, cap, count + 1)})
