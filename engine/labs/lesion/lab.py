"""The lab ``lesion``: deletes, swaps and scales blocks of trained nets, and splits gradients by paths.

``engine.probes.offline.ablation`` defines the lesions. They are made in copies; the inspected runs never change.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.events import CurveUpdated, MetricReported, Split
from engine.hardware.device import Device
from engine.labs.inspected_run import InspectedRun
from engine.labs.lesion import plan
from engine.labs.lesion.ablated_net import AblatedNet, compare, path_gradients, update_sizes
from engine.labs.lesion.curves import Measured, path_metrics
from engine.labs.lesion.plan import Case, LesionTask
from engine.labs.lesion.spec import METRICS
from engine.labs.tasks import Finding, Measuring, Results, State, TaskLab, relayed


class LesionLab(TaskLab[LesionTask]):
    """One job of the lab; see ``TaskLab``."""

    #: 2: fixed subsets have classes in equal numbers.
    FORMAT = 2

    def __init__(
        self, settings: Mapping[str, Any], device: Device, state: State | None, inspected_runs: Sequence[InspectedRun]
    ) -> None:
        super().__init__(settings, device, state)
        self._inspected = tuple(inspected_runs)
        self._bn = plan.main_bn(self.settings)
        self._nets: dict[tuple[int, str], AblatedNet] = {}
        self._cases = [self._case(at) for at in range(len(self._inspected))]

    def plan(self) -> list[LesionTask]:
        """Return all tasks in their order."""
        return plan.planned(self._cases, self.settings)

    def measure(self, task: LesionTask, done: Results) -> Measuring:
        """Measure one task; yield the present bars of the deletions, or the paths so far."""
        net, inspected = self._measured(task, done), self._inspected[task.case]
        if task.part == plan.SIZE:
            return update_sizes(inspected)
        if task.part == plan.PATHS:
            return (yield from relayed(path_gradients(inspected, self.settings["paths"]), net.paths))
        bars = [net.deleted()]
        if task.part == plan.STORED:
            score, same = yield from relayed(compare(inspected), lambda _: bars)
            return [score.error, score.loss, math.nan if same is None else float(same)]
        ablated = self._net(task.case, task.bn)
        if task.part == plan.SCALE:
            curve = [[1.0, net.intact]]
            for factor in plan.FACTORS:
                lesion = ablated.lesions.scaled(task.blocks[0], factor)
                score = yield from relayed(ablated.score(lesion), lambda _: bars)
                curve.append([factor, score.error])
            return sorted(curve)
        if task.part == plan.DELETE:
            score = yield from relayed(ablated.score(ablated.lesions.deleted(task.blocks[0])), lambda _: bars)
        elif task.part == plan.SWAP:
            score = yield from relayed(ablated.score(ablated.lesions.swapped(*task.blocks)), lambda _: bars)
        else:
            score = yield from relayed(ablated.score(), lambda _: bars)
        return [score.error, score.loss]

    def findings(self, task: LesionTask, done: Results) -> Iterator[Finding]:
        """Yield every changed curve and metric, metrics of the first net of each role alone."""
        if len(done) == 1:
            yield from (MetricReported(metric.name, math.nan) for metric in METRICS)
        roles = [case.role for case in self._cases]
        first = roles.index(roles[task.case]) == task.case
        for finding in self._changed(task, self._measured(task, done)):
            if first or isinstance(finding, CurveUpdated) or finding.name in ("intact_equals_stored", "images"):
                yield finding

    def _measured(self, task: LesionTask, done: Results) -> Measured:
        return Measured(self._cases[task.case], task.case, task.bn, done)

    def _changed(self, task: LesionTask, net: Measured) -> Iterator[Finding]:
        result, main = net.done[task.name], task.bn == net.case.own_bn(self._bn)
        match task.part:
            case plan.INTACT:
                yield net.deleted()
                if main:
                    images = self._inspected[task.case].config.data.eval_images
                    yield MetricReported("images", float(min(self.settings["images"], images)))
                    yield net.metric("blocks", len(net.case.stages))
                    yield net.metric("error_before", net.intact)
                    yield from net.swapped()
            case plan.DELETE:
                yield net.deleted()
                yield from net.summary(main)
            case plan.STORED:
                recorded = self._inspected[task.case].stored.get(Split.TEST_SUBSET)
                yield net.metric("intact_error", result[0])
                yield net.metric("intact_loss", result[1])
                yield net.metric("stored_error", recorded.error if recorded else math.nan)
                nets = (Measured(case, at, case.own_bn(self._bn), net.done) for at, case in enumerate(self._cases))
                stored = (one.result(plan.STORED) for one in nets)
                checked = [score[2] for score in stored if score and not math.isnan(score[2])]
                yield MetricReported("intact_equals_stored", min(checked, default=math.nan))
            case plan.SIZE:
                yield from net.predicted()
            case plan.PATHS:
                yield from net.paths(result)
                if not net.case.plain:
                    yield from path_metrics(result)
            case plan.SWAP:
                yield from net.swapped()
            case plan.SCALE:
                yield from net.scaled(task.blocks[0])

    def _case(self, at: int) -> Case:
        net = self._net(at, self._bn)
        blocks = net.lesions
        forks = sum(part.shortcut is not None for block in blocks.blocks for part in block.sublayers)
        stages = tuple(tap.place.stage for tap in blocks.blocks)
        return Case(self._inspected[at].name, stages, tuple(blocks.pairs()), forks, net.batch_norm)

    def _net(self, at: int, bn: str) -> AblatedNet:
        if (at, bn) not in self._nets:
            self._nets[at, bn] = AblatedNet(self._inspected[at], self.settings["images"], bn == plan.RECALIBRATED)
        return self._nets[at, bn]
