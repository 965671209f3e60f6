"""The first part of the conditioning lab: kernels and Jacobians of untrained nets of every kind and depth."""

import math
from collections.abc import Iterator
from typing import Any

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.conditioning.arms import ARMS, Arm, depths, metric_key
from engine.labs.conditioning.kernel import INPUTS, OUTPUTS, inputs, jacobian_values, net_kernel
from engine.labs.conditioning.nets import WIDTH, draw
from engine.labs.part import Part, geometric, seeded
from engine.labs.tasks import Finding, Measuring, Results, Task

#: Eigenvalues that are drawn, by their place from the largest: every third, and the last.
_PLACES = [*range(0, INPUTS * OUTPUTS - 1, 3), INPUTS * OUTPUTS - 1]


class Spectra(Part):
    """Tasks: one net each, all kinds at every depth, the deepest first, for the first seed, then for the next."""

    def plan(self) -> list[Task]:
        """All kinds and depths of one seed before the next seed."""
        self._depths = depths(self.settings["grid"], self.settings["blocks"])
        self._nets = {
            _name(arm, blocks, seed): (arm, blocks, seed)
            for seed in self.seeds for blocks in reversed(self._depths) for arm in ARMS
        }  # fmt: skip
        return [Task(name, f"kernel: {name.partition(' ')[2]}") for name in self._nets]

    def measure(self, task: Task, done: Results) -> Measuring:
        """Draw the net, take its kernel and its Jacobians."""
        arm, blocks, seed = self._nets[task.name]
        stack, x = draw(arm, blocks, [seed]), inputs(seed)
        kernel = net_kernel(arm, stack, x)
        if blocks == self._depths[-1]:
            yield CurveUpdated("spectrum", CurveName(arm.name, part=f"seed {seed}"), *_drawn(kernel.values))
        return {
            "values": kernel.values, "condition": kernel.condition, "participation": kernel.participation,
            "jacobian": [] if arm.norm else jacobian_values(arm, stack, x),
        }  # fmt: skip

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """The curves of this kind, over the seeds and depths that are done."""
        arm, blocks, seed = self._nets[task.name]
        if blocks == self._depths[-1]:
            names = {s: _name(arm, blocks, s) for s in self.seeds}
            shares = {s: _drawn(done[name]["values"])[1] for s, name in names.items() if name in done}
            yield from seeded("spectrum", CurveName(arm.name), [float(place + 1) for place in _PLACES], shares)
        for what in ("condition", "participation"):
            yield from self._over_depth(what, arm, seed, done)
        if not arm.norm:
            yield from self._bands(arm, done)
        if seed == self.seeds[-1] and blocks == self._depths[0]:
            yield from self._metrics(arm, done)

    def _whole(self, arm: Arm, seed: int, done: Results) -> list[int]:
        """Depths of which this seed and all before it are done."""
        return [blocks for blocks in self._depths if _name(arm, blocks, seed) in done]

    def _over_depth(self, what: str, arm: Arm, seed: int, done: Results) -> Iterator[Finding]:
        x = self._whole(arm, 0, done)
        means = [geometric(row[what] for row in self._rows(arm, blocks, done)) for blocks in x]
        yield CurveUpdated(what, CurveName(arm.name), [float(blocks) for blocks in x], means)
        own = self._whole(arm, seed, done)
        y = [done[_name(arm, blocks, seed)][what] for blocks in own]
        yield CurveUpdated(what, CurveName(arm.name, part=f"seed {seed}"), [float(blocks) for blocks in own], y)

    def _bands(self, arm: Arm, done: Results) -> Iterator[Finding]:
        x = self._whole(arm, 0, done)
        for part, place in (("low", WIDTH - 1), ("", WIDTH // 2), ("high", 0)):
            y = [geometric(row["jacobian"][place] for row in self._rows(arm, blocks, done)) for blocks in x]
            yield CurveUpdated("jacobian", CurveName(arm.name, part=part), [float(blocks) for blocks in x], y)

    def _rows(self, arm: Arm, blocks: int, done: Results) -> list[dict[str, Any]]:
        names = [_name(arm, blocks, seed) for seed in self.seeds]
        return [done[name] for name in names if name in done]

    def _metrics(self, arm: Arm, done: Results) -> Iterator[Finding]:
        shallow, deep = (self._rows(arm, blocks, done) for blocks in (self._depths[0], self._depths[-1]))
        key = metric_key(arm.name)
        first, last = (sum(math.log10(row["condition"]) for row in rows) / len(rows) for rows in (shallow, deep))
        yield MetricReported(f"{key}_log10_condition", last)
        yield MetricReported(f"{key}_log10_condition_growth", last - first)
        if not arm.norm and (arm.scaled or not arm.identity):
            place = 0 if arm.skip and not arm.scaled else WIDTH // 2
            what = "largest" if place == 0 else "median"
            yield MetricReported(f"{key}_jacobian_{what}", geometric(row["jacobian"][place] for row in deep))


def _drawn(values: list[float]) -> tuple[list[float], list[float]]:
    """Return places from 1 and eigenvalues as shares of the largest."""
    return [float(place + 1) for place in _PLACES], [values[place] / values[0] for place in _PLACES]


def _name(arm: Arm, blocks: int, seed: int) -> str:
    return f"kernel {arm.name}, blocks {blocks}, seed {seed}"
