"""The first part of the conditioning lab: kernels and Jacobians of untrained nets, by kind and depth."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from statistics import fmean
from typing import Any

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.block_stacks import INPUTS, OUTPUTS, WIDTH
from engine.labs.conditioning.arms import ARMS, Arm, depths
from engine.labs.conditioning.kernel import inputs, jacobian_values, net_kernel
from engine.labs.conditioning.nets import draw
from engine.labs.seed_curves import geometric, seeded
from engine.labs.spec import metric_key
from engine.labs.tasks import Experiment, Finding, Measuring, Results, Task

#: Drawn eigenvalues by their place from the largest: every third, and the last.
_PLACES = [*range(0, INPUTS * OUTPUTS - 1, 3), INPUTS * OUTPUTS - 1]


class Spectra(Experiment[Task]):
    """Tasks: one net each, seed by seed; all kinds at every depth, the deepest first."""

    def plan(self) -> list[Task]:
        """Return the tasks, all kinds and depths of a seed before the next seed."""
        self._depths = depths(self.settings["grid"], self.settings["blocks"])
        self._nets = {
            _name(arm, blocks, seed): (arm, blocks, seed)
            for seed in self.seeds for blocks in reversed(self._depths) for arm in ARMS
        }  # fmt: skip
        return [Task(name, f"kernel: {name.partition(' ')[2]}") for name in self._nets]

    def measure(self, task: Task, done: Results) -> Measuring:
        """Draw the net; measure its kernel and its Jacobians."""
        arm, blocks, seed = self._nets[task.name]
        stack, x = draw(arm, blocks, [seed]), inputs(seed)
        kernel = net_kernel(arm, stack, x)
        if blocks == self._depths[-1]:
            yield CurveUpdated("spectrum", CurveName(arm.name, part=f"seed {seed}"), *_drawn(kernel.values))
        return kernel._asdict() | {"jacobian": [] if arm.norm else jacobian_values(arm, stack, x)}

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """Yield the curves of the kind over the finished seeds and depths."""
        arm, blocks, seed = self._nets[task.name]
        if blocks == self._depths[-1]:
            names = {s: _name(arm, blocks, s) for s in self.seeds}
            shares = {s: _drawn(done[name]["values"])[1] for s, name in names.items() if name in done}
            yield from seeded("spectrum", CurveName(arm.name), [float(place + 1) for place in _PLACES], shares)
        for what in ("condition", "participation"):
            x, y = self._over_depth(arm, self.seeds, done, itemgetter(what))
            yield CurveUpdated(what, CurveName(arm.name), x, y)
            x, y = self._over_depth(arm, [seed], done, itemgetter(what))
            yield CurveUpdated(what, CurveName(arm.name, part=f"seed {seed}"), x, y)
        if not arm.norm:
            for part, place in (("low", WIDTH - 1), ("", WIDTH // 2), ("high", 0)):
                x, y = self._over_depth(arm, self.seeds, done, partial(_singular_value, place))
                yield CurveUpdated("jacobian", CurveName(arm.name, part=part), x, y)
        if seed == self.seeds[-1] and blocks == self._depths[0]:
            yield from self._metrics(arm, done)

    def _over_depth(
        self, arm: Arm, seeds: Sequence[int], done: Results, read: Callable[[Any], float]
    ) -> tuple[list[float], list[float]]:
        """Return the depths with finished nets of ``seeds``, and the geometric means over the seeds."""
        rows = {blocks: self._rows(arm, blocks, seeds, done) for blocks in self._depths}
        known = {float(blocks): geometric(map(read, row)) for blocks, row in rows.items() if row}
        return [*known], [*known.values()]

    def _rows(self, arm: Arm, blocks: int, seeds: Sequence[int], done: Results) -> list[dict[str, Any]]:
        names = [_name(arm, blocks, seed) for seed in seeds]
        return [done[name] for name in names if name in done]

    def _metrics(self, arm: Arm, done: Results) -> Iterator[Finding]:
        shallow, deep = (self._rows(arm, blocks, self.seeds, done) for blocks in (self._depths[0], self._depths[-1]))
        key = metric_key(arm.name)
        first, last = (fmean(math.log10(row["condition"]) for row in rows) for rows in (shallow, deep))
        yield MetricReported(f"{key}_log10_condition", last)
        yield MetricReported(f"{key}_log10_condition_growth", last - first)
        if not arm.norm and (arm.scaled or not arm.identity):
            place = 0 if arm.skip and not arm.scaled else WIDTH // 2
            what = "largest" if place == 0 else "median"
            yield MetricReported(f"{key}_jacobian_{what}", geometric(row["jacobian"][place] for row in deep))


def _drawn(values: list[float]) -> tuple[list[float], list[float]]:
    """Return places from 1 and eigenvalues as shares of the largest."""
    return [float(place + 1) for place in _PLACES], [values[place] / values[0] for place in _PLACES]


def _singular_value(place: int, result: dict[str, Any]) -> Any:
    return result["jacobian"][place]


def _name(arm: Arm, blocks: int, seed: int) -> str:
    return f"kernel {arm.name}, blocks {blocks}, seed {seed}"
