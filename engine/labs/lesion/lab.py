"""The lab ``lesion``: blocks of trained nets are deleted, swapped and scaled; gradients are split by paths.

The tasks are those of ``plan``, the nets under the knife are ``ablated_net``'s, what a lesion means is
``engine.probes.offline.ablation``'. The runs looked at are never changed: lesions are made in copies.
"""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from engine.events import CurveUpdated, MetricReported, Split
from engine.hardware.device import Device
from engine.labs.inspected_run import InspectedRun
from engine.labs.lesion import curves, plan
from engine.labs.lesion.ablated_net import AblatedNet, compare, path_gradients, update_sizes
from engine.labs.lesion.plan import Case, LesionTask
from engine.labs.lesion.spec import METRICS
from engine.labs.tasks import Finding, Measuring, Results, State, TaskLab


class LesionLab(TaskLab[LesionTask]):
    """One job of the lab; it makes lesions in copies of the inspected nets."""

    def __init__(
        self, settings: Mapping[str, Any], device: Device, state: State | None, inspected_runs: Sequence[InspectedRun]
    ) -> None:
        super().__init__(settings, device, state)
        self._inspected = tuple(inspected_runs)
        self._bn = plan.main_bn(self.settings)
        self._nets: dict[tuple[int, str], AblatedNet] = {}
        self._cases = [self._case(at) for at in range(len(self._inspected))]

    def plan(self) -> list[LesionTask]:
        """Return all tasks in the order in which they are done."""
        return plan.planned(self._cases, self.settings)

    def measure(self, task: LesionTask, done: Results) -> Measuring:
        """Do one task; what is yielded meanwhile is the bars of the deletions as they are, or the paths so far."""
        case, inspected = self._cases[task.case], self._inspected[task.case]
        if task.part == plan.SIZE:
            return update_sizes(inspected)
            yield
        if task.part == plan.PATHS:
            measuring = path_gradients(inspected, self.settings["paths"])
            while True:
                try:
                    so_far = next(measuring)
                except StopIteration as stop:
                    return stop.value
                yield from curves.paths(case, so_far)
        bars = curves.deleted(case, task.case, task.bn, done)
        if task.part == plan.STORED:
            score, same = yield from _showing(bars, compare(inspected))
            return [score.error, score.loss, math.nan if same is None else float(same)]
        net = self._net(task.case, task.bn)
        if task.part == plan.SCALE:
            intact, curve = done[plan.task_name(plan.INTACT, task.case, task.bn)], []
            for factor in plan.FACTORS:
                score = yield from _showing(bars, net.score(net.lesions.scaled(task.blocks[0], factor)))
                curve.append([factor, score.error])
            return sorted([*curve, [1.0, intact[0]]])
        lesion = None
        if task.part == plan.DELETE:
            lesion = net.lesions.deleted(task.blocks[0])
        elif task.part == plan.SWAP:
            lesion = net.lesions.swapped(*task.blocks)
        score = yield from _showing(bars, net.score(lesion))
        return [score.error, score.loss]

    def findings(self, task: LesionTask, done: Results) -> Iterator[Finding]:
        """Yield every curve and number that the task changed; numbers of the first net of its role alone."""
        if len(done) == 1:
            yield from (MetricReported(figure.name, math.nan) for figure in METRICS)
        case = self._cases[task.case]
        first = next(i for i, other in enumerate(self._cases) if other.role == case.role) == task.case
        for found in self._found(task, case, done):
            if first or isinstance(found, CurveUpdated) or found.name in ("intact_equals_stored", "images"):
                yield found

    def _found(self, task: LesionTask, net: Case, done: Results) -> Iterator[Finding]:
        at, bn = task.case, task.bn
        result = done[task.name]
        match task.part:
            case plan.INTACT:
                yield curves.deleted(net, at, bn, done)
                if bn == self._bn:
                    images = self._inspected[at].config.data.eval_images
                    yield MetricReported("images", float(min(self.settings["images"], images)))
                    yield MetricReported(f"{net.role}_blocks", float(len(net.stages)))
                    yield MetricReported(f"{net.role}_error_before", curves.clean(result[0]))
                    yield from curves.swapped(net, at, bn, done)
            case plan.DELETE:
                yield curves.deleted(net, at, bn, done)
                yield from curves.summary(net, at, bn, bn == self._bn, done)
            case plan.STORED:
                recorded = self._inspected[at].stored.get(Split.TEST_SUBSET)
                yield from curves.stored(net, result, recorded.error if recorded else math.nan)
                checked = [r[2] for i in range(len(self._cases)) if (r := done.get(plan.task_name(plan.STORED, i, bn)))]
                known = [same for same in checked if not math.isnan(same)]
                yield MetricReported("intact_equals_stored", min(known) if known else math.nan)
            case plan.SIZE:
                yield from curves.predicted(net, at, bn, done)
            case plan.PATHS:
                yield from curves.paths(net, result)
                if not net.plain:
                    yield from curves.path_metrics(net, result)
            case plan.SWAP:
                yield from curves.swapped(net, at, bn, done)
                yield from curves.swap_metrics(net, at, bn, done)
            case plan.SCALE:
                yield from curves.scaled(net, at, bn, done, task.blocks[0])

    def _case(self, at: int) -> Case:
        blocks = self._net(at, self._bn).lesions
        forks = sum(tap.shortcut is not None for tap in blocks.blocks)
        stages = tuple(tap.place.stage for tap in blocks.blocks)
        return Case(self._inspected[at].name, stages, tuple(blocks.pairs()), forks)

    def _net(self, at: int, bn: str) -> AblatedNet:
        if (at, bn) not in self._nets:
            self._nets[at, bn] = AblatedNet(self._inspected[at], self.settings["images"], bn == plan.RECALIBRATED)
        return self._nets[at, bn]


def _showing(bars: CurveUpdated, work: Generator[None, None, Any]) -> Generator[CurveUpdated, None, Any]:
    """Do ``work``, showing ``bars`` at each of its pauses; return what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value
        yield bars
