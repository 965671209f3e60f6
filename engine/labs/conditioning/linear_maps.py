"""The third part of the conditioning lab: linear nets, two forms of one net, and every target from every start."""

import math
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.conditioning import arms
from engine.labs.conditioning import linear_nets as linear
from engine.labs.tasks import Experiment, Finding, Measuring, Results, Task

WIDTH, LAYERS = 16, 12
#: Steps for which the two forms are compared.
TOGETHER = 100
#: Losses below this are drawn as this: they are rounding.
FLOOR = 1e-30
_EQUIVALENCE = "linear, two forms"
#: Targets as places on the axis of the table, and the place of the target that no start at the identity reaches.
_COLUMNS, _NEGATED = [float(column) for column in range(len(arms.LINEAR_TARGETS))], arms.LINEAR_TARGETS.index("negated")
#: Steps between two looks at pause and stop.
_PACE = 20
#: A rate at the edge of the grid counts as the best one only if it is better than the others by this factor.
_BETTER = 0.95


class Maps(Experiment[Task]):
    """Tasks: the two forms, then one seed of the table each."""

    def plan(self) -> list[Task]:
        """The comparison first: it is done in a moment."""
        self._rates = arms.LINEAR_RATES[self.settings["grid"]]
        self._table = {f"linear, seed {seed}": seed for seed in self.seeds}
        forms = Task(_EQUIVALENCE, "linear nets: two forms of one net")
        return [forms, *(Task(name, f"linear nets: targets and starts, seed {s}") for name, s in self._table.items())]

    def measure(self, task: Task, done: Results) -> Measuring:
        """Descend; the result holds losses alone, at the steps that are drawn."""
        if task.name == _EQUIVALENCE:
            return (yield from self._measure_forms())
        seed, losses = self._table[task.name], []
        shape = len(arms.LINEAR_TARGETS), len(arms.LINEAR_STARTS), len(self._rates)
        nets = linear.table(WIDTH, LAYERS, seed, self._rates)
        for step, row in enumerate(linear.descend(nets, self.settings["linear_steps"])):
            losses.append(row.nan_to_num(math.inf, math.inf).view(shape))
            if step % _PACE == 0:
                yield from self._so_far(seed, losses)
        return torch.stack(losses)[self._shown()]

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """The comparison, or the whole table over the seeds that are done."""
        if task.name == _EQUIVALENCE:
            yield from self._forms(done[task.name])
            return
        courses = torch.stack([done[name] for name in self._table if name in done])
        rates = self._tuned(courses[:, -1])
        # Each cell at its own best rate, which is the same for all seeds: (seeds, steps, targets, starts).
        chosen = courses.gather(-1, rates.expand(*courses.shape[:-1])[..., None])[..., 0]
        for row, start in enumerate(arms.LINEAR_STARTS):
            yield CurveUpdated("linear", CurveName(start), _COLUMNS, _drawn(_median(chosen[:, -1, :, row])))
            best = [self._rates[rate] for rate in rates[:, row].tolist()]
            yield CurveUpdated("linear_rate", CurveName(start), _COLUMNS, best)
            for column, target in enumerate(arms.LINEAR_TARGETS):
                name = CurveName(start, cell=target)
                yield from self._losses(name, chosen[:, :, column, row])
                finals = _drawn(_median(courses[:, -1, column, row]))
                yield CurveUpdated("linear_rates", name, list(self._rates), finals)
        if len(courses) == len(self._table):
            yield from self._metrics(chosen[:, -1], rates)

    def _measure_forms(self) -> Measuring:
        shape = len(arms.LINEAR_TARGETS), len(arms.TWO_FORMS)
        losses = []
        for step, row in enumerate(linear.descend(linear.two_forms(WIDTH, LAYERS, 0), TOGETHER)):
            losses.append(row.view(shape))
            if step and step % _PACE == 0:
                yield from self._curves(torch.stack(losses))
        return torch.stack(losses)

    def _curves(self, losses: Tensor) -> Iterator[Finding]:
        chosen = losses[:, arms.LINEAR_TARGETS.index(self.settings["target"])]
        steps = [float(step) for step in range(0, len(chosen), 2)]
        for place, form in enumerate(arms.TWO_FORMS):
            yield CurveUpdated("equivalence", CurveName(form), steps, _drawn(chosen[::2, place], -math.inf))

    def _forms(self, losses: Tensor) -> Iterator[Finding]:
        yield from self._curves(losses)
        gaps = [(losses[:, :, 0] - losses[:, :, place]).abs().amax(0).nan_to_num(math.inf) for place in (1, 2)]
        for form, gap in zip(arms.TWO_FORMS[1:], gaps, strict=True):
            yield CurveUpdated("equivalence_gap", CurveName(form), _COLUMNS, _drawn(gap, -math.inf))
        yield MetricReported("linear_equivalence_max_difference", gaps[0].max().item())

    def _so_far(self, seed: int, losses: list[Tensor]) -> Iterator[Finding]:
        """The table of the first seed as it fills; of later ones a curve, so that the table does not jump."""
        best = torch.stack(losses).min(-1).values
        if seed == 0:
            for row, start in enumerate(arms.LINEAR_STARTS):
                yield CurveUpdated("linear", CurveName(start), _COLUMNS, _drawn(best[-1, :, row]))
        shown = [step for step in self._shown() if step < len(losses)]
        y = best[shown, _NEGATED, arms.LINEAR_STARTS.index(arms.ZERO)].tolist()
        name = CurveName(arms.ZERO, cell="negated", part=f"seed {seed}")
        yield CurveUpdated("linear_loss", name, [float(step) for step in shown], y)

    def _shown(self) -> list[int]:
        """Steps that are drawn: some 50, the last among them."""
        steps = self.settings["linear_steps"]
        every = max(1, steps // 50)
        return [*range(0, steps, every), steps]

    def _losses(self, name: CurveName, courses: Tensor) -> Iterator[Finding]:
        x = [float(step) for step in self._shown()]
        yield CurveUpdated("linear_loss", name, x, _drawn(_median(courses)))
        for seed, course in enumerate(courses):
            yield CurveUpdated("linear_loss", name._replace(part=f"seed {seed}"), x, _drawn(course))

    def _tuned(self, finals: Tensor) -> Tensor:
        """Places (targets, starts) of the rate with the smallest median over the seeds; inner ones win near ties."""
        medians = _median(finals).clamp_min(FLOOR)
        inner = medians[..., 1:-1].min(-1)
        best = medians.min(-1)
        return torch.where(best.values < _BETTER * inner.values, best.indices, inner.indices + 1)

    def _metrics(self, finals: Tensor, rates: Tensor) -> Iterator[Finding]:
        for name, start in (
            ("linear_residual_stall_on_negated", arms.ZERO),
            ("linear_residual_small_on_negated", arms.SMALL),
            ("linear_orthogonal_on_negated", arms.ORTHOGONAL),
        ):
            yield MetricReported(name, _median(finals[:, _NEGATED, arms.LINEAR_STARTS.index(start)]).item())
        edge = (rates == 0) | (rates == len(self._rates) - 1)
        yield MetricReported("linear_cells_at_grid_edge", float(edge.sum()))


def _median(values: Tensor) -> Tensor:
    """Over the seeds, the first dimension: where losses lie thirty decades apart a mean shows one of them alone."""
    return torch.from_numpy(np.asarray(np.median(values.numpy(), axis=0)))


def _drawn(values: Tensor, floor: float = FLOOR) -> list[float]:
    """Return ``values`` as they are drawn: none below ``floor``, a gap where a net diverged."""
    drawn: list[float] = values.clamp_min(floor).masked_fill(~values.isfinite(), math.nan).tolist()
    return drawn
