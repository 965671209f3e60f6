"""The lab ``shattering``: the gradient over a line of inputs, how far it remembers its neighbours, and collapse.

Tasks: the noises, then one net each, every kind for the first seed, then for the next; on the full grid more branch
scales of the scaled residual net. What is drawn after a task is the mean over the seeds that are done.
"""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any, NamedTuple

from torch import Tensor

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.hardware.device import Device
from engine.labs.dense_stacks import LAG, autocorrelations
from engine.labs.seed_curves import means
from engine.labs.shattering import nets
from engine.labs.shattering.spec import BRANCHES, KINDS, LOOKS_LINEAR, NOISES, RESIDUAL, SCALED
from engine.labs.spec import metric_key
from engine.labs.tasks import Finding, Measuring, Result, Results, State, Task, TaskLab

_NOISE = "noise"
#: Every so many slopes are drawn.
_EVERY = 2
#: Kinds from the top of the picture of gradients: from noise to no noise, the controls at the ends.
ROWS = (NOISES[0], *KINDS, NOISES[1])
#: So many root mean squares of a slope are the distance of two rows.
_PER_ROW = 4.0
#: Layers between two looks at pause and stop.
_PACE = 10


class Net(NamedTuple):
    """One net: its kind, its seed and the scale of its branch, 1 for every kind but the scaled one."""

    kind: str
    seed: int
    branch: float

    @property
    def name(self) -> str:
        """The net's name in the state."""
        return f"{self.kind}, branch {self.branch!r}, seed {self.seed}"


class ShatteringLab(TaskLab[Task]):
    """One job of the lab; see ``engine.labs.tasks.TaskLab``."""

    def __init__(self, settings: Mapping[str, Any], device: Device, state: State | None = None) -> None:
        super().__init__(settings, device, state)
        own: float = self.settings["branch"]
        self._seeds = range(self.settings["nets"])
        more = [b for b in BRANCHES if b != own] if self.settings["grid"] == "full" else []
        planned = [Net(kind, seed, own if kind == SCALED else 1.0) for seed in self._seeds for kind in KINDS]
        planned += [Net(SCALED, seed, branch) for branch in more for seed in self._seeds]
        self._nets = {net.name: net for net in planned}

    def plan(self) -> list[Task]:
        """One net of each kind comes first: its gradient is the picture."""
        nets = (Task(name, f"{net.kind}, seed {net.seed}") for name, net in self._nets.items())
        return [Task(_NOISE, "noises to compare with"), *nets]

    def measure(self, task: Task, done: Results) -> Measuring:
        """Go through the layers of one net; what it keeps is what is drawn."""
        if task.name == _NOISE:
            return {
                kind: {
                    "slopes": _drawn(nets.noise(kind, 0)),
                    "lags": [autocorrelations(nets.noise(kind, seed)) for seed in self._seeds],
                }
                for kind in NOISES
            }
        net = self._nets[task.name]
        result: dict[str, Any] = {"lag": [], "cosine": []}
        for depth, layer in enumerate(nets.layers(net.kind, self.settings["layers"], net.branch, net.seed), start=1):
            lags = autocorrelations(layer.slopes)
            result["lag"].append(lags[LAG])
            result["cosine"].append(layer.cosine)
            if depth == self.settings["shown"]:
                result |= {"lags": lags, "slopes": _drawn(layer.slopes)}
            if depth % _PACE == 0 and self._own(net):
                yield _curve("depth", CurveName(net.kind, part=f"seed {net.seed}"), list(result["lag"]))
        return result | {"spread": (layer.slopes.max() - layer.slopes.min()).item()}

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """Yield the kind's curves over the seeds that are done, and with the last seed its figures."""
        if task.name == _NOISE:
            yield from self._noises(done[_NOISE])
            return
        net = self._nets[task.name]
        rows = [done[other.name] for other in self._alike(net) if other.name in done]
        if self._own(net):
            yield from self._curves(net, rows)
        if net.kind in (RESIDUAL, SCALED):
            yield from self._branches(done)
        if self._own(net) and len(rows) == len(self._seeds):
            yield from self._metrics(net.kind, rows)

    def _own(self, net: Net) -> bool:
        """Whether a net has the job's own branch scale, and so curves."""
        return net.kind != SCALED or net.branch == self.settings["branch"]

    def _alike(self, net: Net) -> list[Net]:
        """The nets of all seeds that differ in nothing else."""
        return [net._replace(seed=seed) for seed in self._seeds]

    def _noises(self, result: Result) -> Iterator[Finding]:
        for kind in NOISES:
            yield self._row(kind, result[kind]["slopes"])
            yield _curve("lags", CurveName(kind), means(result[kind]["lags"]), first=0)

    def _row(self, kind: str, slopes: list[float]) -> CurveUpdated:
        """Kinds stand above one another in the picture of gradients, the first at the top."""
        height = len(ROWS) - ROWS.index(kind)
        return CurveUpdated("gradient", CurveName(kind), _places(), [height + slope / _PER_ROW for slope in slopes])

    def _curves(self, net: Net, rows: list[dict[str, Any]]) -> Iterator[Finding]:
        if net.seed == 0:
            yield self._row(net.kind, rows[-1]["slopes"])
        for panel, what, first in (("lags", "lags", 0), ("depth", "lag", 1), ("cosine", "cosine", 1)):
            yield _curve(panel, CurveName(net.kind), means(row[what] for row in rows), first)
            yield _curve(panel, CurveName(net.kind, part=f"seed {net.seed}"), rows[-1][what], first)

    def _branches(self, done: Results) -> Iterator[Finding]:
        """The scaled net over its scales, the unscaled one at 1: where all seeds are done."""
        points: dict[float, float] = {}
        for first in (net for net in self._nets.values() if net.kind in (RESIDUAL, SCALED) and net.seed == 0):
            names = [net.name for net in self._alike(first)]
            if all(name in done for name in names):
                points[first.branch] = fmean(done[name]["lag"][-1] for name in names)
        if points:
            x = sorted(points)
            yield CurveUpdated("branches", CurveName(SCALED), x, [points[branch] for branch in x])

    def _metrics(self, kind: str, rows: list[dict[str, Any]]) -> Iterator[Finding]:
        key = metric_key(kind)
        yield MetricReported(f"{key}_autocorrelation", fmean(row["lag"][-1] for row in rows))
        yield MetricReported(f"{key}_cosine", fmean(row["cosine"][-1] for row in rows))
        if kind == LOOKS_LINEAR:
            yield MetricReported("looks_linear_gradient_spread", max(row["spread"] for row in rows))


def _drawn(slopes: Tensor) -> list[float]:
    """Return some of the slopes, divided by their root mean square, so that kinds of any scale fit into one picture."""
    size = slopes.square().mean().sqrt().clamp_min(1e-300)
    drawn: list[float] = (slopes / size)[::_EVERY].tolist()
    return drawn


def _places() -> list[float]:
    """Where the drawn slopes are: between two inputs."""
    places: list[float] = ((nets.LINE[1:] + nets.LINE[:-1]) / 2)[::_EVERY].tolist()
    return places


def _curve(panel: str, name: CurveName, values: list[float], first: int = 1) -> CurveUpdated:
    """Return ``values`` over layers from 1, or over what ``first`` counts from."""
    return CurveUpdated(panel, name, [float(place) for place in range(first, first + len(values))], values)
