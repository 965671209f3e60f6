"""The lab ``gradients``: norm, direction and collapse in untrained stacks with and without batch norm.

Units, in order: the net of each kind and seed at the chosen gain (norm and collapse), the direction nets, then, for the
sweep, plain nets at every gain and seed. What is drawn after a unit is the mean over what is done, so each curve is a
function of the settings and of the units done, and a lab that was interrupted goes on without a difference.
"""

import math
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from engine.errors import CheckpointError
from engine.events import Concluded, CurveUpdated, LabEvent, MetricReported, Progressed
from engine.hardware.device import Device
from engine.labs import dense_stacks as stacks
from engine.labs.gradient_kinds import BN, GAINS, KINDS, PLAIN, RESIDUAL, Curve

#: Raised by one when the state's document changes.
FORMAT = 1
#: Nets of each kind over which the direction is averaged.
DIRECTION_NETS = 10

#: How the names of a kind's figures begin.
_FIGURE = {PLAIN: "plain", BN: "bn", RESIDUAL: "residual_bn"}
_STACK, _DIRECTION = "stack", "direction"


class Unit(NamedTuple):
    """One piece of work: the ``part`` of the lab, its curve and its seed."""

    part: str
    curve: Curve
    seed: int

    @property
    def name(self) -> str:
        """The unit's name in the state."""
        return f"{self.part}, {self.curve.name}, seed {self.seed}"


class GradientsLab:
    """One job of the lab.

    ``settings`` are those of the row, checked. ``state`` is what ``state()`` gave, to go on from there; raises
    CheckpointError when it belongs to other settings.
    """

    def __init__(self, settings: dict[str, Any], device: Device, state: dict | None = None) -> None:
        if state is not None and (state.get("format") != FORMAT or state.get("settings") != settings):
            raise CheckpointError("the checkpoint is of another gradients lab; start the lab anew")
        self._settings = dict(settings)
        self._device = device.torch_device
        self._gain: float = settings["gain"]
        self._units = self._plan()
        self._results: dict[str, dict[str, list[float]]] = dict(state["results"]) if state else {}
        self._seconds: float = state["seconds"] if state else 0.0

    def state(self) -> dict:
        """Return everything needed to go on, as plain values; valid between two events."""
        return {
            "format": FORMAT,
            "settings": dict(self._settings),
            "results": dict(self._results),
            "seconds": self._seconds,
        }

    def events(self) -> Iterator[LabEvent]:
        """Do the units that are not done yet. A unit counts as done once its curves and figures are out."""
        yield self._progressed(len(self._results))
        for position, unit in enumerate(self._units[len(self._results) :], start=len(self._results) + 1):
            started = time.perf_counter()
            result = self._measure(unit)
            done = self._results | {unit.name: result}
            findings = list(self._findings(unit, done))
            self._seconds += time.perf_counter() - started
            yield from findings
            self._results = done
            yield self._progressed(position)
        yield Concluded(self._seconds)

    def _plan(self) -> list[Unit]:
        seeds = range(self._settings["first_seed"], self._settings["first_seed"] + self._settings["seeds"])
        nets = range(self._settings["first_seed"], self._settings["first_seed"] + DIRECTION_NETS)
        chosen = [Curve(kind, self._gain) for kind in KINDS]
        swept = [Curve(kind, gain) for gain in GAINS if gain != self._gain for kind in (PLAIN, BN)]
        units = [Unit(_STACK, curve, seed) for seed in seeds for curve in chosen]
        units += [Unit(_DIRECTION, curve, net) for net in nets for curve in chosen]
        if self._settings["sweep"]:
            units += [Unit(_STACK, curve, seed) for curve in swept for seed in seeds]
        return units

    def _progressed(self, done: int) -> Progressed:
        total = len(self._units)
        return Progressed(done, total, _words(self._units[done]) if done < total else "all measured")

    def _measure(self, unit: Unit) -> dict[str, list[float]]:
        kind, gain = unit.curve
        layers = self._settings["layers"]
        if unit.part == _DIRECTION:
            return {"direction": stacks.direction(kind, layers, gain, unit.seed, self._device)}
        sizes = layers, self._settings["width"], self._settings["images"]
        return stacks.profile(kind, *sizes, gain, unit.seed, self._device)._asdict()

    def _findings(self, unit: Unit, done: dict) -> Iterator[CurveUpdated | MetricReported]:
        """Everything that this unit changed, from the results ``done`` so far."""
        curve, layers = unit.curve, list(range(1, self._settings["layers"] + 1))
        chosen, complete = curve.gain == self._gain, not self._missing(unit.part, curve, done)
        name = _FIGURE[curve.kind]
        if unit.part == _DIRECTION:
            direction = self._mean(_DIRECTION, curve, "direction", done)
            yield CurveUpdated("direction", curve.name, layers, direction)
            if complete:
                yield MetricReported(f"{name}_direction_at_last_layer", direction[-1])
            return
        log_norms = self._mean(_STACK, curve, "log_norms", done)
        yield CurveUpdated("norm", curve.name, layers, [_exp(value) for value in log_norms])
        if chosen:
            cosines = self._mean(_STACK, curve, "cosines", done)
            yield CurveUpdated("collapse", curve.name, layers, cosines)
            if complete:
                yield MetricReported(f"{name}_gradient_growth_per_layer", _growth(log_norms))
                yield MetricReported(f"{name}_gradient_total", _exp(log_norms[0] - log_norms[-1]))
                yield MetricReported(f"{name}_activation_cosine_at_last_layer", cosines[-1])
        if complete:
            growths = self._growths(curve.kind, done)
            yield CurveUpdated("growth", curve.kind, list(growths), list(growths.values()))
            if self._settings["sweep"] and len(growths) == len({*GAINS, self._gain}):
                yield MetricReported(f"{name}_growth_spread_over_gains", max(growths.values()) - min(growths.values()))

    def _growths(self, kind: str, done: dict) -> dict[float, float]:
        """Growth per layer by gain, for the planned gains of which every seed is done."""
        planned = sorted({unit.curve for unit in self._units if unit.part == _STACK and unit.curve.kind == kind})
        whole = [curve for curve in planned if not self._missing(_STACK, curve, done)]
        return {curve.gain: _growth(self._mean(_STACK, curve, "log_norms", done)) for curve in whole}

    def _missing(self, part: str, curve: Curve, done: dict) -> bool:
        return any(unit.name not in done for unit in self._units if unit[:2] == (part, curve))

    def _mean(self, part: str, curve: Curve, what: str, done: dict) -> list[float]:
        """Mean over the seeds that are done, for each layer."""
        names = [unit.name for unit in self._units if unit[:2] == (part, curve)]
        rows = [done[name][what] for name in names if name in done]
        return [sum(values) / len(rows) for values in zip(*rows, strict=True)]


def _words(unit: Unit) -> str:
    what = "direction of the gradient" if unit.part == _DIRECTION else "gradient norms"
    return f"{what}: {unit.curve.name}, seed {unit.seed}"


def _growth(log_norms: list[float]) -> float:
    """Factor per layer on the way from the last layer to the first."""
    return _exp((log_norms[0] - log_norms[-1]) / (len(log_norms) - 1))


def _exp(value: float) -> float:
    """As ``math.exp``, infinite where that overflows."""
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf
