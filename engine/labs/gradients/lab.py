"""The lab ``gradients``: norm, direction and collapse in untrained stacks with and without batch norm.

Tasks: the nets of each kind and seed at the chosen gain (norm and collapse), the direction nets, then, for the sweep,
the nets without and with batch norm at every other gain and seed. A curve is the mean over the tasks so far.
"""

import math
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.hardware.device import Device
from engine.labs import dense_stacks as stacks
from engine.labs.gradient_kinds import BN, GAINS, KINDS, PLAIN, RESIDUAL
from engine.labs.seed_curves import means
from engine.labs.tasks import Finding, Measuring, Results, State, TaskLab

#: Nets of each kind in the mean direction.
DIRECTION_NETS = 10
#: Kind -> prefix of its metrics.
_METRIC_PREFIX = {PLAIN: "plain", BN: "bn", RESIDUAL: "residual_bn"}
_STACK, _DIRECTION = "stack", "direction"


class GradientTask(NamedTuple):
    """One net: ``part`` of the lab, curve, gain and seed."""

    part: str
    curve: CurveName
    gain: float
    seed: int

    @property
    def name(self) -> str:
        """The task's name in the state."""
        return f"{self.part}, {self.curve.text}, seed {self.seed}"

    @property
    def words(self) -> str:
        """The page's text during the task."""
        what = "direction of the gradient" if self.part == _DIRECTION else "gradient norms"
        return f"{what}: {self.curve.text}, seed {self.seed}"


class GradientsLab(TaskLab[GradientTask]):
    """One job of the lab; see ``TaskLab``."""

    def __init__(self, settings: Mapping[str, Any], device: Device, state: State | None = None) -> None:
        super().__init__(settings, device, state)
        self._gain: float = self.settings["gain"]
        self._tasks = self._planned()

    def plan(self) -> list[GradientTask]:
        """Return the tasks; see the module."""
        return self._tasks

    def _planned(self) -> list[GradientTask]:
        nets = range(self.seeds.start, self.seeds.start + DIRECTION_NETS)
        tasks = [_task(_STACK, kind, self._gain, seed) for seed in self.seeds for kind in KINDS]
        tasks += [_task(_DIRECTION, kind, self._gain, net) for net in nets for kind in KINDS]
        if self.settings["sweep"]:
            gains = [gain for gain in GAINS if gain != self._gain]
            tasks += [_task(_STACK, kind, gain, seed) for gain in gains for kind in (PLAIN, BN) for seed in self.seeds]
        return tasks

    def measure(self, task: GradientTask, done: Results) -> Measuring:
        """Measure one net, in less than half a second, without interim findings."""
        net = stacks.Net(task.curve.kind, self.settings["layers"], task.gain, task.seed)
        if task.part == _DIRECTION:
            return {"direction": stacks.direction(net, self.device.torch_device)}
        return stacks.profile(net, self.settings["width"], self.settings["images"], self.device.torch_device)._asdict()
        yield  # makes this a generator

    def findings(self, task: GradientTask, done: Results) -> Iterator[Finding]:
        """Yield the curves of the task's kind and gain, and its metrics once every seed is done."""
        curve, layers = task.curve, list(range(1, self.settings["layers"] + 1))
        complete, name = self._complete(task, done), _METRIC_PREFIX[curve.kind]
        if task.part == _DIRECTION:
            direction = self._mean(task, "direction", done)
            yield CurveUpdated("direction", curve, layers, direction)
            if complete:
                yield MetricReported(f"{name}_direction_at_last_layer", direction[-1])
            return
        log_norms = self._mean(task, "log_norms", done)
        yield CurveUpdated("norm", curve, layers, [_exp(value) for value in log_norms])
        if task.gain == self._gain:
            cosines = self._mean(task, "cosines", done)
            yield CurveUpdated("collapse", curve, layers, cosines)
            if complete:
                yield MetricReported(f"{name}_gradient_growth_per_layer", _growth(log_norms))
                yield MetricReported(f"{name}_gradient_total", _exp(log_norms[0] - log_norms[-1]))
                yield MetricReported(f"{name}_activation_cosine_at_last_layer", cosines[-1])
        if complete:
            growths = self._growths(curve.kind, done)
            yield CurveUpdated("growth", CurveName(curve.kind), list(growths), list(growths.values()))
            if self.settings["sweep"] and len(growths) == len({*GAINS, self._gain}):
                yield MetricReported(f"{name}_growth_spread_over_gains", max(growths.values()) - min(growths.values()))

    def _growths(self, kind: str, done: Results) -> dict[float, float]:
        """Return the growth per layer by gain, ascending, for the gains with all seeds."""
        stacked = {task.gain: task for task in self._tasks if task.part == _STACK and task.curve.kind == kind}
        whole = [stacked[gain] for gain in sorted(stacked) if self._complete(stacked[gain], done)]
        return {task.gain: _growth(self._mean(task, "log_norms", done)) for task in whole}

    def _complete(self, task: GradientTask, done: Results) -> bool:
        return all(name in done for name in self._alike(task))

    def _mean(self, task: GradientTask, what: str, done: Results) -> list[float]:
        """Return the mean over the seeds so far, for each layer."""
        return means([done[name][what] for name in self._alike(task) if name in done])

    def _alike(self, task: GradientTask) -> list[str]:
        """Return the names of the curve's tasks, one for each seed."""
        return [other.name for other in self._tasks if (other.part, other.curve) == (task.part, task.curve)]


def _task(part: str, kind: str, gain: float, seed: int) -> GradientTask:
    return GradientTask(part, CurveName(kind, "gain", gain), gain, seed)


def _growth(log_norms: list[float]) -> float:
    """Return the factor per layer from the last layer to the first."""
    return _exp((log_norms[0] - log_norms[-1]) / (len(log_norms) - 1))


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
