"""The first part of the conditioning lab: kernels and Jacobians of untrained nets, by kind and depth."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from statistics import fmean, median
from typing import Any

import numpy as np

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.block_stacks import INPUTS, OUTPUTS, WIDTH
from engine.labs.conditioning import expectation
from engine.labs.conditioning.arms import ARMS, EXPECTED_BLOCKS, SINGLE_TARGETS, Arm, depths
from engine.labs.conditioning.kernel import inputs, jacobian_values, net_kernel
from engine.labs.conditioning.nets import draw
from engine.labs.seed_curves import geometric, seeded
from engine.labs.spec import metric_key
from engine.labs.tasks import Experiment, Finding, Measuring, Results, Task

#: Drawn eigenvalues by their place from the largest: every third, and the last.
_PLACES = [*range(0, INPUTS * OUTPUTS - 1, 3), INPUTS * OUTPUTS - 1]
#: Numbers of updates at which expected errors are drawn: few, because single targets are many.
_UPDATES = [1.0, *(mantissa * 10.0**power for power in range(5) for mantissa in (2, 3, 5, 10))]
#: Lower limit of drawn errors.
_FLOOR = 1e-3


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
        updates = expectation.updates_needed(kernel.values)
        jacobian = [] if arm.norm else jacobian_values(arm, stack, x)
        return kernel._asdict() | {"expected_updates": updates, "jacobian": jacobian}

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """Yield the curves of the kind over the finished seeds and depths."""
        arm, blocks, seed = self._nets[task.name]
        if blocks == self._depths[-1]:
            names = {s: _name(arm, blocks, s) for s in self.seeds}
            shares = {s: _drawn(done[name]["values"])[1] for s, name in names.items() if name in done}
            yield from seeded("spectrum", CurveName(arm.name), [float(place + 1) for place in _PLACES], shares)
            if seed == self.seeds[0]:
                yield from _expected_errors(arm.name, done[task.name]["values"], seed)
        for what, average in (("condition", geometric), ("participation", geometric), ("expected_updates", median)):
            x, y = self._over_depth(arm, self.seeds, done, itemgetter(what), average)
            yield CurveUpdated(what, CurveName(arm.name), x, y)
            x, y = self._over_depth(arm, [seed], done, itemgetter(what), average)
            yield CurveUpdated(what, CurveName(arm.name, part=f"seed {seed}"), x, y)
        if not arm.norm:
            for part, place in (("low", WIDTH - 1), ("", WIDTH // 2), ("high", 0)):
                x, y = self._over_depth(arm, self.seeds, done, partial(_singular_value, place))
                yield CurveUpdated("jacobian", CurveName(arm.name, part=part), x, y)
        if seed == self.seeds[-1] and blocks == self._depths[0]:
            yield from self._metrics(arm, done)

    def _over_depth(
        self,
        arm: Arm,
        seeds: Sequence[int],
        done: Results,
        read: Callable[[Any], float],
        average: Callable[[Iterable[float]], float] = geometric,
    ) -> tuple[list[float], list[float]]:
        """Return the depths with finished nets of ``seeds``, and the ``average`` over the seeds."""
        rows = {blocks: self._rows(arm, blocks, seeds, done) for blocks in self._depths}
        known = {float(blocks): average(map(read, row)) for blocks, row in rows.items() if row}
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
        updates = dict(
            zip(*self._over_depth(arm, self.seeds, done, itemgetter("expected_updates"), median), strict=True)
        )
        for blocks in EXPECTED_BLOCKS:
            yield MetricReported(f"expected_updates_{key}_{blocks}", updates.get(blocks, math.nan))
        if not arm.norm and (arm.scaled or not arm.identity):
            place = 0 if arm.skip and not arm.scaled else WIDTH // 2
            what = "largest" if place == 0 else "median"
            yield MetricReported(f"{key}_jacobian_{what}", geometric(row["jacobian"][place] for row in deep))


def _drawn(values: list[float]) -> tuple[list[float], list[float]]:
    """Return places from 1 and eigenvalues as shares of the largest."""
    return [float(place + 1) for place in _PLACES], [values[place] / values[0] for place in _PLACES]


def _expected_errors(kind: str, values: list[float], seed: int) -> Iterator[CurveUpdated]:
    """Yield the expected error of one net, and for some kinds the single targets: one curve with a gap after each."""
    expected = np.maximum(expectation.expected(values, _UPDATES), _FLOOR)
    yield CurveUpdated("expected_error", CurveName(kind), _UPDATES, expected.tolist())
    if kind in SINGLE_TARGETS:
        lines = np.maximum(expectation.drawn(values, _UPDATES, seed), _FLOOR)
        x = [*_UPDATES, _UPDATES[-1]] * len(lines)
        y = np.pad(lines, ((0, 0), (0, 1)), constant_values=math.nan).ravel().tolist()
        yield CurveUpdated("expected_error", CurveName(kind, part=f"{len(lines)} targets"), x, y)


def _singular_value(place: int, result: dict[str, Any]) -> Any:
    return result["jacobian"][place]


def _name(arm: Arm, blocks: int, seed: int) -> str:
    return f"kernel {arm.name}, blocks {blocks}, seed {seed}"
