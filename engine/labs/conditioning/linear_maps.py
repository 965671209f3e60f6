"""The third part of the conditioning lab: two forms of one linear net, and every target from every start."""

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
#: Steps of the comparison of the two forms, and between two that are drawn.
TOGETHER, _EVERY = 400, 8
#: Lower limit of drawn losses; below is rounding.
FLOOR = 1e-30
_EQUIVALENCE = "linear, two forms"
#: Panel and form of each column of the comparison's losses; the first form of a panel is the residual one.
_FORMS = [
    *(("equivalence", form) for form in arms.TWO_FORMS),
    *(("equivalence_two", form) for form in arms.TWO_LAYER_FORMS),
]
#: The targets on the axis of the table, and the one that no start at the identity reaches.
_COLUMNS, _NEGATED = [float(column) for column in range(len(arms.LINEAR_TARGETS))], arms.LINEAR_TARGETS.index("negated")
#: Steps between two yields.
_PACE = 20
#: An edge of the grid is the best rate only if its loss is below this share of the others.
_BETTER = 0.95


class Maps(Experiment[Task]):
    """Tasks: the two forms, then the table, a seed each."""

    def plan(self) -> list[Task]:
        """Return the tasks, first the fast comparison."""
        self._rates = arms.LINEAR_RATES[self.settings["grid"]]
        self._target = arms.LINEAR_TARGETS.index(self.settings["target"])
        self._table = {f"linear, seed {seed}": seed for seed in self.seeds}
        forms = Task(_EQUIVALENCE, "linear nets: two forms of one net")
        return [forms, *(Task(name, f"linear nets: targets and starts, seed {s}") for name, s in self._table.items())]

    def measure(self, task: Task, done: Results) -> Measuring:
        """Descend; the result holds the losses at the drawn steps."""
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
        """Yield the comparison, or the whole table over the finished seeds."""
        if task.name == _EQUIVALENCE:
            yield from self._forms(done[task.name])
            return
        courses = torch.stack([done[name] for name in self._table if name in done])
        rates = self._tuned(courses[:, -1])
        # Each cell at its best rate, the same for all seeds: (seeds, steps, targets, starts).
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
        nets = linear.two_forms(WIDTH, LAYERS, 0), linear.two_layer_forms(WIDTH, LAYERS, 0)
        losses = []
        for step, rows in enumerate(zip(*(linear.descend(begin, TOGETHER) for begin in nets), strict=True)):
            losses.append(torch.cat([row.view(len(arms.LINEAR_TARGETS), -1) for row in rows], 1))
            if step and step % _PACE == 0:
                yield from self._curves(torch.stack(losses))
        return torch.stack(losses)

    def _curves(self, losses: Tensor) -> Iterator[Finding]:
        chosen = losses[::_EVERY, self._target]
        steps = [float(_EVERY * place) for place in range(len(chosen))]
        for column, (panel, form) in enumerate(_FORMS):
            yield CurveUpdated(panel, CurveName(form), steps, _drawn(chosen[:, column], -math.inf))

    def _forms(self, losses: Tensor) -> Iterator[Finding]:
        yield from self._curves(losses)
        course = dict(zip((form for _, form in _FORMS), losses.unbind(-1), strict=True))
        gaps = {
            form: (course[residual] - course[form]).abs().amax(0).nan_to_num(math.inf)
            for residual, form in ((arms.SHIFTED, arms.FORM), (arms.SHIFTED, arms.OTHER), (arms.AROUND_TWO, arms.TWIN))
        }
        for form, gap in gaps.items():
            yield CurveUpdated("equivalence_gap", CurveName(form), _COLUMNS, _drawn(gap, -math.inf))
        yield MetricReported("linear_equivalence_max_difference", gaps[arms.FORM].max().item())
        yield MetricReported("linear_two_layer_difference", gaps[arms.TWIN][self._target].item())

    def _so_far(self, seed: int, losses: list[Tensor]) -> Iterator[Finding]:
        # Later seeds yield a curve alone, so that the table does not jump.
        best = torch.stack(losses).min(-1).values
        if seed == 0:
            for row, start in enumerate(arms.LINEAR_STARTS):
                yield CurveUpdated("linear", CurveName(start), _COLUMNS, _drawn(best[-1, :, row]))
        shown = [step for step in self._shown() if step < len(losses)]
        y = best[shown, _NEGATED, arms.LINEAR_STARTS.index(arms.ZERO)].tolist()
        name = CurveName(arms.ZERO, cell="negated", part=f"seed {seed}")
        yield CurveUpdated("linear_loss", name, [float(step) for step in shown], y)

    def _shown(self) -> list[int]:
        """Return about 50 drawn steps, the last included."""
        steps = self.settings["linear_steps"]
        every = max(1, steps // 50)
        return [*range(0, steps, every), steps]

    def _losses(self, name: CurveName, courses: Tensor) -> Iterator[Finding]:
        x = [float(step) for step in self._shown()]
        yield CurveUpdated("linear_loss", name, x, _drawn(_median(courses)))
        for seed, course in enumerate(courses):
            yield CurveUpdated("linear_loss", name._replace(part=f"seed {seed}"), x, _drawn(course))

    def _tuned(self, finals: Tensor) -> Tensor:
        """Return the indices (targets, starts) of the best rates by median; inner rates win near ties."""
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
    """Return the median over the first dimension; a mean over thirty decades would show one seed alone."""
    return torch.from_numpy(np.asarray(np.median(values.numpy(), axis=0)))


def _drawn(values: Tensor, floor: float = FLOOR) -> list[float]:
    """Return the drawn ``values``: none below ``floor``, a gap for a diverged net."""
    return values.clamp_min(floor).masked_fill(~values.isfinite(), math.nan).tolist()
