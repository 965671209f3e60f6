"""The lab ``lesion``: blocks of trained nets are deleted, swapped and scaled; gradients are split by paths.

The units are those of ``plan``, the nets under the knife are ``ablated_net``'s, what a lesion means is
``engine.probes.offline.ablation``'. The runs looked at are never changed: lesions are made in copies.
"""

import math
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from engine.events import CurveUpdated, MetricReported, Split
from engine.hardware.device import Device
from engine.labs.inspected_run import InspectedRun
from engine.labs.lesion import findings, plan
from engine.labs.lesion.ablated_net import AblatedNet, compare, path_gradients, update_sizes
from engine.labs.lesion.plan import Case, Operation
from engine.labs.lesion.spec import FIGURES
from engine.labs.tasks import UnitLab
from engine.training.evaluate import Score


class LesionLab(UnitLab):
    """One job of the lab; see ``UnitLab``. ``subjects`` are the trainings whose nets get the lesions."""

    def __init__(
        self, settings: Mapping[str, Any], device: Device, state: dict | None, subjects: Sequence[InspectedRun]
    ) -> None:
        super().__init__(settings, device, state)
        self._subjects = tuple(subjects)
        self._bn = plan.main_bn(self.settings)
        self._patients: dict[tuple[int, str], AblatedNet] = {}
        self._cases = [self._case(at) for at in range(len(self._subjects))]

    def plan(self) -> list[Operation]:
        """Return all units in the order in which they are done."""
        return plan.planned(self._cases, self.settings)

    def measure(self, unit: Operation, done: Mapping[str, Any]) -> Generator[CurveUpdated | MetricReported, None, Any]:
        """Do one unit; what is yielded meanwhile is the bars of the deletions as they are, or the paths so far."""
        case, subject = self._cases[unit.case], self._subjects[unit.case]
        if unit.part == plan.SIZE:
            return update_sizes(subject)
            yield
        if unit.part == plan.PATHS:
            measuring = path_gradients(subject, self.settings["paths"])
            while True:
                try:
                    so_far = next(measuring)
                except StopIteration as stop:
                    return stop.value
                yield from findings.paths(case, so_far)
        bars = findings.deleted(case, unit.case, unit.bn, done)
        if unit.part == plan.STORED:
            score, same = yield from _showing(bars, compare(subject))
            return [score.error, score.loss, math.nan if same is None else float(same)]
        patient = self._patient(unit.case, unit.bn)
        if unit.part == plan.SCALE:
            intact, curve = done[plan.operation(plan.INTACT, unit.case, unit.bn)], []
            for factor in plan.FACTORS:
                score = yield from _showing(bars, patient.score(patient.lesions.scaled(unit.blocks[0], factor)))
                curve.append([factor, score.error])
            return sorted([*curve, [1.0, intact[0]]])
        lesion = None
        if unit.part == plan.DELETE:
            lesion = patient.lesions.deleted(unit.blocks[0])
        elif unit.part == plan.SWAP:
            lesion = patient.lesions.swapped(*unit.blocks)
        score: Score = yield from _showing(bars, patient.score(lesion))
        return [score.error, score.loss]

    def findings(self, unit: Operation, done: Mapping[str, Any]) -> Iterator[CurveUpdated | MetricReported]:
        """Yield every curve and number that the unit changed; numbers of the first net of its role alone."""
        if len(done) == 1:
            yield from (MetricReported(figure.name, math.nan) for figure in FIGURES)
        case = self._cases[unit.case]
        first = next(i for i, other in enumerate(self._cases) if other.role == case.role) == unit.case
        for found in self._found(unit, case, done):
            if first or isinstance(found, CurveUpdated) or found.name in ("intact_equals_stored", "images"):
                yield found

    def _found(self, unit: Operation, net: Case, done: Mapping[str, Any]) -> Iterator[CurveUpdated | MetricReported]:
        at, bn = unit.case, unit.bn
        result = done[unit.name]
        match unit.part:
            case plan.INTACT:
                yield findings.deleted(net, at, bn, done)
                if bn == self._bn:
                    images = self._subjects[at].config.data.eval_images
                    yield MetricReported("images", float(min(self.settings["images"], images)))
                    yield MetricReported(f"{net.role}_blocks", float(len(net.stages)))
                    yield MetricReported(f"{net.role}_error_before", findings.clean(result[0]))
                    yield from findings.swapped(net, at, bn, done)
            case plan.DELETE:
                yield findings.deleted(net, at, bn, done)
                yield from findings.summary(net, at, bn, bn == self._bn, done)
            case plan.STORED:
                recorded = self._subjects[at].stored.get(Split.TEST_SUBSET)
                yield from findings.stored(net, result, recorded.error if recorded else math.nan)
                checked = [r[2] for i in range(len(self._cases)) if (r := done.get(plan.operation(plan.STORED, i, bn)))]
                known = [same for same in checked if not math.isnan(same)]
                yield MetricReported("intact_equals_stored", min(known) if known else math.nan)
            case plan.SIZE:
                yield from findings.predicted(net, at, bn, done)
            case plan.PATHS:
                yield from findings.paths(net, result)
                if not net.plain:
                    yield from findings.path_figures(net, result)
            case plan.SWAP:
                yield from findings.swapped(net, at, bn, done)
                yield from findings.swap_figures(net, at, bn, done)
            case plan.SCALE:
                yield from findings.scaled(net, at, bn, done, unit.blocks[0])

    def _case(self, at: int) -> Case:
        blocks = self._patient(at, self._bn).lesions
        forks = sum(tap.shortcut is not None for tap in blocks.blocks)
        stages = tuple(tap.place.stage for tap in blocks.blocks)
        return Case(self._subjects[at].name, stages, tuple(blocks.pairs()), forks)

    def _patient(self, at: int, bn: str) -> AblatedNet:
        if (at, bn) not in self._patients:
            self._patients[at, bn] = AblatedNet(self._subjects[at], self.settings["images"], bn == plan.RECALIBRATED)
        return self._patients[at, bn]


def _showing(bars: CurveUpdated, work: Generator[None, None, Any]) -> Generator[CurveUpdated, None, Any]:
    """Do ``work``, showing ``bars`` at each of its pauses; return what it returns."""
    while True:
        try:
            next(work)
        except StopIteration as stop:
            return stop.value
        yield bars
