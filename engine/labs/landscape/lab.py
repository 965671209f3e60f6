"""The lab ``landscape``: the loss around trained nets, on a plane of comparable directions and along sharp ones.

Coarse grids of all nets come first, for an early comparison; then the check of the centre, finer points, the Hessian,
slices. A task is a row of points or another measure of one net.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from engine.errors import ConfigError
from engine.events import CurveName, CurveUpdated, MetricReported, Split
from engine.hardware.device import Device
from engine.labs.inspected_run import InspectedRun
from engine.labs.landscape import grid
from engine.labs.landscape.metrics import SPLITS, bent, compared, metrics_of
from engine.labs.landscape.spec import AUTO, NAMES, SLOTS, TRAJECTORY
from engine.labs.landscape.surface import Surface
from engine.labs.tasks import Finding, Measuring, Result, Results, State, Task, TaskLab, relayed
from engine.probes.offline.hessian import sharpest
from engine.probes.offline.trajectory import main_plane, project

_PANELS = ("plane", "errors")
#: Reach of a trajectory's plane by the widest trajectory.
_ROOM = 1.25
#: Points of a slice on each side of the middle, at squared distances.
_SIDE = 5


class LandscapeLab(TaskLab[Task]):
    """One job of the lab, all runs on one scale. Raises ConfigError for a run with too few saved states."""

    #: 2: fixed subsets have classes in equal numbers.
    FORMAT = 2

    def __init__(
        self, settings: Mapping[str, Any], device: Device, state: State | None, inspected_runs: Sequence[InspectedRun]
    ) -> None:
        super().__init__(settings, device, state)
        self._inspected = tuple(inspected_runs)
        self._own_planes = self.settings["directions"] == TRAJECTORY
        for inspected in self._inspected:
            saved = len(inspected.trail) + 1
            if self._own_planes and saved < 3:
                raise ConfigError(
                    f"run {inspected.run} has {saved} saved state{'s' * (saved > 1)} up to step {inspected.step}; a "
                    "trajectory's plane needs 3; take a later step, or directions=random"
                )
        self._kinds = [inspected.name.replace(",", "") for inspected in self._inspected]
        self._surfaces: dict[int, Surface] = {}
        self._planes: dict[int, Tensor] = {}

    def plan(self) -> Sequence[Task]:
        """Return all tasks, the finest points last."""
        sizes = grid.SIZES[: self.settings["finer"] + 1]
        nets = range(len(self._inspected))
        trails = [_task(net, "trail", f"{self._kinds[net]}: its saved states") for net in nets]
        tasks = trails if self._own_planes else []
        tasks = tasks + self._grid_tasks(sizes[:1])
        tasks += [_task(net, "centre", f"{self._kinds[net]}: evaluating the state itself again") for net in nets]
        tasks += [] if self._own_planes else trails
        tasks += self._grid_tasks(sizes[1:2])
        tasks += [_task(net, "hessian", f"{self._kinds[net]}: its sharpest direction") for net in nets]
        tasks += [_task(net, "slices", f"{self._kinds[net]}: along three directions") for net in nets]
        return tasks + self._grid_tasks(sizes[2:])

    def _grid_tasks(self, sizes: Sequence[int]) -> list[Task]:
        return [
            _task(net, f"{row.size} {row.row}", f"{kind}: {row.size}x{row.size} points")
            for size in sizes
            for row in grid.rows(size)
            for net, kind in enumerate(self._kinds)
        ]

    def measure(self, task: Task, done: Results) -> Measuring:
        """Measure one task."""
        net, what = _parts(task.name)
        measures = {"trail": self._trail, "centre": self._centre, "hessian": self._hessian, "slices": self._slices}
        if what in measures:
            return (yield from measures[what](net, done))
        row, surface, plane = _row(what), self._surface(net), self._plane(net, done)
        at = self._scale(done)
        results: list[list[float]] = []
        for column in row.columns:
            step = at(column) * plane[0] + at(row.row) * plane[1]
            point = yield from relayed(surface.point(step), lambda _: [self._counted(done, len(results))])
            results.append(point)
        return results

    def _trail(self, net: int, done: Results) -> Measuring:
        surface = self._surface(net)
        offsets = yield from relayed(surface.offsets(), lambda _: [self._counted(done)])
        plane = torch.zeros(0)
        if self._own_planes:
            directions = main_plane(offsets)
            if directions is None:
                raise ConfigError(
                    f"the saved states of run {self._inspected[net].run} lie on a line; take directions=random"
                )
            plane = directions * surface.weights.norm()
        places, share = torch.zeros(0, 2), math.nan
        if len(offsets):
            places, share = project(offsets, plane if self._own_planes else self._plane(net, done))
        result = {"places": places.tolist(), "share": share}
        return result | {"plane": plane.cpu()} if self._own_planes else result

    def _centre(self, net: int, done: Results) -> Measuring:
        inspected = self._inspected[net]
        model = inspected.model()
        # Where a run ended, the recorded training error is that of more images.
        splits = [*SPLITS, *[Split.TEST] * (Split.TEST in inspected.stored)]
        work = inspected.scores(inspected.evaluator(model), model, splits)
        scores = yield from relayed(work, lambda _: [self._counted(done)])
        return {split.value: [scores[split].loss, scores[split].error, scores[split].images] for split in SPLITS}

    def _hessian(self, net: int, done: Results) -> Measuring:
        surface = self._surface(net)
        hessian = surface.hessian()
        name = f"{SLOTS[net]}_top_hessian_eigenvalue" if net < len(SLOTS) else "points"

        def estimated(top: float | None) -> list[MetricReported]:
            return [MetricReported(name, math.nan if top is None or name == "points" else top)]

        gradient = yield from relayed(hessian.gradient(), estimated)
        random = surface.directions(self.settings["seed"])[0]
        bent = yield from relayed(hessian.product(random), estimated)
        start = gradient if float(gradient.norm()) else random
        sharp = yield from relayed(sharpest(hessian.product, start, self.settings["products"]), estimated)
        return {
            "top": sharp.top, "residual": sharp.residual, "lowest": sharp.lowest,
            "along_gradient": sharp.along_start if float(gradient.norm()) else math.nan,
            "along_random": float(bent @ random / (random @ random)),
            "gradient_norm": float(gradient.norm()), "weight_norm": float(surface.weights.norm()),
            "gradient": gradient.cpu(), "direction": sharp.direction.cpu(),
        }  # fmt: skip

    def _slices(self, net: int, done: Results) -> Measuring:
        surface, measured = self._surface(net), done[_name(net, "hessian")]
        length = surface.weights.norm()
        slices: dict[str, list[float]] = {}
        for way in grid.DIRECTIONS:
            direction = self._way(net, way, measured)
            slices[way] = []
            for x in self._steps():
                step = x * length * direction
                loss, _ = yield from relayed(surface.fine_point(step), lambda _: [self._counted(done)])
                slices[way].append(loss)
                yield self._slice(net, way, slices[way])
        return slices

    def _way(self, net: int, way: str, measured: Mapping[str, Any]) -> Tensor:
        """Return the unit vector of a slice."""
        surface = self._surface(net)
        if way == grid.RANDOM:
            direction = surface.directions(self.settings["seed"])[0]
        else:
            kept: Tensor = measured["gradient" if way == grid.GRADIENT else "direction"]
            direction = kept.to(surface.weights)
        unit: Tensor = direction / direction.norm().clamp_min(torch.finfo(torch.float32).tiny)
        return unit

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """Yield the findings that ``task`` changed."""
        net, what = _parts(task.name)
        result = done[task.name]
        if len(done) == 1:
            empty = SLOTS[len(self._inspected) :]
            yield from (MetricReported(f"{slot}_{name}", math.nan) for slot in empty for name in NAMES)
        if what == "trail":
            x, y = zip(*result["places"], (0.0, 0.0), strict=True)
            yield CurveUpdated("path", CurveName(self._kinds[net]), x, y)
            yield from metrics_of(net, {"trajectory_share": result["share"]})
        elif what == "centre":
            yield from metrics_of(net, compared(result, self._inspected[net].stored))
        elif what == "hessian":
            yield from metrics_of(net, bent(result))
        elif what == "slices":
            yield from (self._slice(net, way, losses) for way, losses in result.items())
        else:
            yield from self._row_findings(net, _row(what), done)

    def _row_findings(self, net: int, row: grid.Row, done: Results) -> Iterator[Finding]:
        mine, at = self._rows(net, done), self._scale(done)
        for line in grid.shown(row, mine):
            points = grid.gathered(line, mine)
            name = CurveName(self._kinds[net], "b", at(line))
            x = [at(column) for column in points]
            for place, panel in enumerate(_PANELS):
                yield CurveUpdated(panel, name, x, [point[place] for point in points.values()])
        if grid.complete(row, mine):
            chance = math.log(self._inspected[net].config.model.classes)
            losses = [point[0] for results in mine.values() for point in results]
            yield from metrics_of(net, {"below_chance_share": sum(loss < chance for loss in losses) / len(losses)})
        yield self._counted(done)

    def _slice(self, net: int, way: str, losses: Sequence[float]) -> CurveUpdated:
        return CurveUpdated(
            "slices", CurveName(f"{self._kinds[net]} along {way}"), self._steps()[: len(losses)], list(losses)
        )

    def _steps(self) -> list[float]:
        reach = self.settings["reach"]
        return [math.copysign(reach * (k / _SIDE) ** 2, k) for k in range(-_SIDE, _SIDE + 1)]

    def _scale(self, done: Results) -> Callable[[int], float]:
        """Return the coordinate of a row or column, equal for all nets; it covers the widest trajectory."""
        span = self.settings["span"]
        if self._own_planes:
            trails = [done[_name(net, "trail")]["places"] for net in range(len(self._inspected))]
            span *= _ROOM * max(abs(place) for places in trails for pair in places for place in pair)
        return lambda place: float(f"{grid.position(place, span):.5g}")

    def _rows(self, net: int, done: Results) -> dict[grid.Row, Result]:
        parts = ((_parts(name), result) for name, result in done.items())
        return {_row(what): result for (one, what), result in parts if one == net and what[0].isdigit()}

    def _counted(self, done: Results, more: int = 0) -> MetricReported:
        """Return the number of measured points, also as an interim finding of other measures."""
        rows = sum(len(result) for name, result in done.items() if _parts(name)[1][0].isdigit())
        return MetricReported("points", float(rows + more))

    def _surface(self, net: int) -> Surface:
        if net not in self._surfaces:
            bn = self.settings["bn"]
            recalibrate = bn == "recalibrated" or (bn == AUTO and self._own_planes)
            self._surfaces[net] = Surface(self._inspected[net], self.settings["images"], recalibrate)
        return self._surfaces[net]

    def _plane(self, net: int, done: Results) -> Tensor:
        if net not in self._planes:
            surface = self._surface(net)
            if self._own_planes:
                self._planes[net] = done[_name(net, "trail")]["plane"].to(surface.weights)
            else:
                self._planes[net] = surface.directions(self.settings["seed"])
        return self._planes[net]


def _name(net: int, what: str) -> str:
    return f"{net} {what}"


def _task(net: int, what: str, words: str) -> Task:
    return Task(_name(net, what), words)


def _parts(name: str) -> tuple[int, str]:
    net, _, what = name.partition(" ")
    return int(net), what


def _row(what: str) -> grid.Row:
    size, line = map(int, what.split())
    return next(row for row in grid.rows(size) if row.row == line)
