"""The second part of the conditioning lab: the kernel along training."""

import math
from collections.abc import Iterator, Sequence
from statistics import fmean

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.conditioning import training
from engine.labs.conditioning.arms import ARMS, NET_RATES
from engine.labs.conditioning.kernel import inputs, net_kernel
from engine.labs.conditioning.training import Training
from engine.labs.seed_curves import finite, geometric, seeded
from engine.labs.spec import metric_key
from engine.labs.tasks import Experiment, Finding, Measuring, Results, Task

#: Steps between two yields, times blocks and seeds: a fifth of a second on a common core.
_PACE = 120


class Course(Experiment[Task]):
    """Tasks: one kind of net each, at all rates and seeds."""

    def plan(self) -> list[Task]:
        """Return one task for each kind of net."""
        settings = self.settings
        self._trainings = {
            f"training {arm.name}": Training(
                arm, settings["trained_blocks"], self.seeds, settings["goal"], NET_RATES, settings["steps"]
            )
            for arm in ARMS
        }
        return [Task(name, f"kernel along training: {nets.arm.name}") for name, nets in self._trainings.items()]

    def measure(self, task: Task, done: Results) -> Measuring:
        """Train, then take the kernel at each stop, at the best rate."""
        planned = self._trainings[task.name]
        pace, curve = max(1, _PACE // (planned.blocks * len(self.seeds))), CurveName(planned.arm.name)
        halts: list[training.Stop] = []
        for step, stop in enumerate(training.train(planned)):
            if stop is not None:
                halts.append(stop)
            if stop is not None or step % pace == 0:
                best = training.best_rate(halts[-1])
                losses = [geometric(halt.losses[best].tolist()) for halt in halts]
                yield CurveUpdated("training_loss", curve, _axis([halt.step for halt in halts]), losses)
        best = training.best_rate(halts[-1])
        steps = [halt.step for halt in halts]
        conditions: list[list[float]] = []
        for halt in halts:
            nets = [training.single(halt.stack, best * len(self.seeds) + seed) for seed in self.seeds]
            conditions.append([net_kernel(planned.arm, net, inputs(seed)).condition for seed, net in enumerate(nets)])
            yield CurveUpdated("along", curve, _axis(steps[: len(conditions)]), [geometric(row) for row in conditions])
        return {
            "best": best,
            "steps": steps,
            "losses": [halt.losses[best].tolist() for halt in halts],
            "rates": halts[-1].losses.tolist(),
            "conditions": conditions,
        }

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """Yield the kind's curves and metrics."""
        arm, result = self._trainings[task.name].arm, done[task.name]
        x, name = _axis(result["steps"]), CurveName(arm.name)
        yield from seeded("along", name, x, self._by_seed(result["conditions"]))
        yield from seeded("training_loss", name, x, self._by_seed(result["losses"]))
        yield from seeded("training_rates", name, NET_RATES, self._by_seed(result["rates"]))
        key = metric_key(arm.name)
        final = [math.log10(value) for value in result["conditions"][-1]]
        yield MetricReported(f"{key}_log10_condition_trained", finite(fmean(final)))
        if done.keys() >= self._trainings.keys():
            best = [done[name]["best"] for name in self._trainings]
            yield MetricReported("trained_arms_at_grid_edge", float(sum(b in (0, len(NET_RATES) - 1) for b in best)))

    def _by_seed(self, rows: Sequence[Sequence[float]]) -> dict[int, list[float]]:
        return {seed: [row[seed] for row in rows] for seed in self.seeds}


def _axis(steps: Sequence[int]) -> list[float]:
    # A log axis has no 0.
    return [float(step + 1) for step in steps]
