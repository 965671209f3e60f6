"""The lab ``shattering``: the gradient over a line of inputs, its autocorrelation, and collapse.

Tasks: the noises, then one net each, every kind for the first seed, then for the next; on the full grid more branch
scales of the scaled residual net. Curves are means over the finished seeds.
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
from engine.labs.shattering.plan import BRANCHES, KINDS, LOOKS_LINEAR, NOISES, RESIDUAL, SCALED
from engine.labs.spec import metric_key
from engine.labs.tasks import Finding, Measuring, Result, Results, State, Task, TaskLab

_NOISE = "noise"
#: Distance of the drawn slopes.
_EVERY = 2
#: Places of the drawn slopes, between two inputs.
_PLACES: list[float] = ((nets.LINE[1:] + nets.LINE[:-1]) / 2)[::_EVERY].tolist()
#: Kinds from the top of the panel of gradients: from noise to no noise, the controls at the ends.
ROWS = (NOISES[0], *KINDS, NOISES[1])
#: Distance of two rows in root mean squares of a slope.
_PER_ROW = 4.0
#: Layers between two yields.
_PACE = 10


class Net(NamedTuple):
    """One net: kind, seed and branch scale, 1 for every kind except the scaled one."""

    kind: str
    seed: int
    branch: float

    @property
    def name(self) -> str:
        """The net's name in the state."""
        return f"{self.kind}, branch {self.branch!r}, seed {self.seed}"


class ShatteringLab(TaskLab[Task]):
    """One job of the lab; see ``TaskLab``."""

    def __init__(self, settings: Mapping[str, Any], device: Device, state: State | None = None) -> None:
        super().__init__(settings, device, state)
        own: float = self.settings["branch"]
        self._seeds = range(self.settings["nets"])
        more = [b for b in BRANCHES if b != own] if self.settings["grid"] == "full" else []
        planned = [Net(kind, seed, own if kind == SCALED else 1.0) for seed in self._seeds for kind in KINDS]
        planned += [Net(SCALED, seed, branch) for branch in more for seed in self._seeds]
        self._nets = {net.name: net for net in planned}

    def plan(self) -> list[Task]:
        """Return the tasks: one net of each kind comes first, for its gradient."""
        nets = (Task(name, f"{net.kind}, seed {net.seed}") for name, net in self._nets.items())
        return [Task(_NOISE, "noises to compare with"), *nets]

    def measure(self, task: Task, done: Results) -> Measuring:
        """Measure the layers of one net; the result holds the drawn values."""
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
        """Yield the kind's curves over the finished seeds, and with the last seed its metrics."""
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
        """Return whether a net has the job's own branch scale, and so curves."""
        return net.kind != SCALED or net.branch == self.settings["branch"]

    def _alike(self, net: Net) -> list[Net]:
        return [net._replace(seed=seed) for seed in self._seeds]

    def _noises(self, result: Result) -> Iterator[Finding]:
        for kind in NOISES:
            yield self._row(kind, result[kind]["slopes"])
            yield _curve("lags", CurveName(kind), means(result[kind]["lags"]), first=0)

    def _row(self, kind: str, slopes: list[float]) -> CurveUpdated:
        height = len(ROWS) - ROWS.index(kind)
        return CurveUpdated("gradient", CurveName(kind), _PLACES, [height + slope / _PER_ROW for slope in slopes])

    def _curves(self, net: Net, rows: list[dict[str, Any]]) -> Iterator[Finding]:
        if net.seed == 0:
            yield self._row(net.kind, rows[-1]["slopes"])
        for panel, what, first in (("lags", "lags", 0), ("depth", "lag", 1), ("cosine", "cosine", 1)):
            yield _curve(panel, CurveName(net.kind), means(row[what] for row in rows), first)
            yield _curve(panel, CurveName(net.kind, part=f"seed {net.seed}"), rows[-1][what], first)

    def _branches(self, done: Results) -> Iterator[Finding]:
        """Yield the scaled net over its scales with all seeds, the unscaled one at 1."""
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
    """Return every second slope by their root mean square, so that all kinds fit into one panel."""
    size = slopes.square().mean().sqrt().clamp_min(1e-300)
    return (slopes / size)[::_EVERY].tolist()


def _curve(panel: str, name: CurveName, values: list[float], first: int = 1) -> CurveUpdated:
    """Return ``values`` over layers or lags from ``first``."""
    return CurveUpdated(panel, name, [float(place) for place in range(first, first + len(values))], values)
