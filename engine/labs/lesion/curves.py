"""The curves and metrics of the lab ``lesion`` from the results so far.

``done`` maps a task's name to its result: ``scale`` a list of [factor, error], ``size`` a number per block, ``paths``
the result of ``engine.labs.lesion.ablated_net.path_gradients``, other tasks [error, loss]. ``stored`` adds 1 if the run
recorded the same, 0 if not, NaN without a record.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations_with_replacement
from statistics import fmean, median
from typing import Any, NamedTuple

import torch
from torch import Tensor

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.lesion import plan
from engine.labs.lesion.plan import Case
from engine.labs.tasks import Finding, Result, Results

#: "Most" of the gradient: this share.
MOST = 0.9


class Measured(NamedTuple):
    """The results so far of the net ``case``, number ``at`` of the job, with one kind of BN statistics."""

    case: Case
    at: int
    bn: str
    done: Results

    def result(self, part: str, blocks: Iterable[int] = ()) -> Result | None:
        """Return the result of a task of this net, None before its measure."""
        return self.done.get(plan.task_name(part, self.at, self.bn, blocks))

    @property
    def intact(self) -> float:
        """The error of the intact net, NaN before its measure."""
        error: float = (self.result(plan.INTACT) or [math.nan])[0]
        return error

    @property
    def deletions(self) -> list[tuple[int, float]]:
        """Deleted blocks, numbered from 1, with the error without each, front to back."""
        results = ((block + 1, self.result(plan.DELETE, [block])) for block in range(len(self.case.stages)))
        return [(block, result[0]) for block, result in results if result is not None]

    def curve(self, panel: str, points: Iterable[tuple[float, float]], stage: str = "", part: str = "") -> CurveUpdated:
        """Return a curve of this net, or of a stage of it."""
        x, y = zip(*points, strict=True)
        recalibrated = " recalibrated" if self.bn == plan.RECALIBRATED else ""
        return CurveUpdated(
            panel, CurveName(f"{self.case.name}{recalibrated}{stage}", part=part), list(map(float, x)), _cleaned(y)
        )

    def metric(self, name: str, value: float) -> MetricReported:
        """Return a metric of the nets of this role."""
        return MetricReported(f"{self.case.role}_{name}", *_cleaned([value]))

    def deleted(self) -> CurveUpdated:
        """Return the bars of the deletions; 0 is the intact net."""
        return self.curve("deleted", [(0, self.intact), *self.deletions])

    def swapped(self) -> Iterator[Finding]:
        """Yield errors after a swap of neighbours by the first of the two, and after any swap by distance."""
        errors = {pair: result[0] for pair in self.case.pairs if (result := self.result(plan.SWAP, pair))}
        near = [(a + 1, error) for (a, b), error in errors.items() if b - a == 1]
        yield self.curve("swapped", [(0, self.intact), *near])
        apart = sorted({b - a for a, b in errors})
        means = [(far, fmean(error for (a, b), error in errors.items() if b - a == far)) for far in apart]
        yield self.curve("apart", [(0, self.intact), *means])
        if near:
            yield self.metric("median_error_after_swap", median(error for _, error in near))

    def scaled(self, block: int) -> Iterator[CurveUpdated]:
        """Yield error against the factor on the branch of ``block``, after the mean over its stage."""
        number = self.case.stages[block]
        inside = [place for place, stage in enumerate(self.case.stages) if stage == number]
        curves = [curve for place in inside if (curve := self.result(plan.SCALE, [place]))]
        means = [(points[0][0], fmean(error for _, error in points)) for points in zip(*curves, strict=True)]
        yield self.curve("scaled", means, f" stage {number}")
        yield self.curve("scaled", self.result(plan.SCALE, [block]) or [], f" stage {number}", f"block {block + 1}")

    def predicted(self) -> Iterator[Finding]:
        """Yield each block's update size against the rise of the error without it, and their rank correlation."""
        sizes = self.result(plan.SIZE)
        if sizes is None:
            return
        points = {block: (sizes[block - 1], error - self.intact) for block, error in self.deletions}
        for block, point in points.items():
            yield self.curve("predicts", [point], part=f"block {block}")
        yield self.metric("size_predicts_loss", rank_correlation([*points.values()]))

    def summary(self, main: bool) -> Iterator[MetricReported]:
        """Yield median and extremes of the errors; ``main``: with the BN statistics of the other lesions."""
        errors = [error for _, error in self.deletions]
        if self.bn == plan.RECALIBRATED:
            yield self.metric("median_error_recalibrated", median(errors))
            yield self.metric("least_error_recalibrated", min(errors))
        if main:
            yield self.metric("median_error_after_deletion", median(errors))
            yield self.metric("worst_error_after_deletion", max(errors))
            yield self.metric("least_error_after_deletion", min(errors))

    def paths(self, gradients: Mapping[str, Any]) -> Iterator[CurveUpdated]:
        """Yield shares of gradient and paths by length, and the gradient of one path by that of the net."""
        net = self._replace(bn=plan.RUNNING)
        lengths, means, whole = gradients["lengths"], gradients["means"], gradients["whole"]
        relative = [mean / whole if whole > 0 else math.nan for mean in means]
        yield net.curve("path_gradient", zip(lengths, relative, strict=True))
        yield net.curve("paths", zip(lengths, gradient_shares(gradients["forks"], lengths, means), strict=True))
        if not self.case.plain:
            shares = gradient_shares(gradients["forks"], lengths, [1.0] * len(lengths))
            yield net.curve("paths", zip(lengths, shares, strict=True), part="number of paths")


def path_metrics(gradients: Mapping[str, Any]) -> Iterator[MetricReported]:
    """Yield the lengths with most of the gradient, their share of the paths, and the sum of all paths' norms."""
    lengths, forks = gradients["lengths"], gradients["forks"]
    first = last = share = math.nan
    if (span := holding(gradient_shares(forks, lengths, gradients["means"]), MOST)) is not None:
        low, high = span
        first, last = float(lengths[low]), float(lengths[high])
        share = 100 * sum(gradient_shares(forks, lengths, [1.0] * len(lengths))[low : high + 1])
    yield MetricReported("most_gradient_from_path_length", first)
    yield MetricReported("most_gradient_to_path_length", last)
    yield MetricReported("path_norms_over_gradient", path_norms(gradients))
    yield MetricReported("share_of_paths_with_most_gradient", share)


def gradient_shares(forks: int, lengths: Sequence[int], means: Sequence[float]) -> list[float]:
    """Return C(forks, k) x mean of every length k by their sum; NaN without a finite one. Without forks: one path."""
    return _log_gradients(forks, lengths, means).softmax(0).tolist()


def path_norms(gradients: Mapping[str, Any]) -> float:
    """Return the sum of C(n, k) x mean over all lengths by the norm of the net's gradient; inf on overflow.

    Lengths without a measure count as their neighbours.
    """
    lengths, whole = gradients["lengths"], gradients["whole"]
    step = lengths[1] - lengths[0] if len(lengths) > 1 else 1
    total = step * _log_gradients(gradients["forks"], lengths, gradients["means"]).logsumexp(0).exp().item()
    return total / whole if total > 0 and whole > 0 else math.nan


def holding(shares: Sequence[float], share: float) -> tuple[int, int] | None:
    """Return the first and last index of the shortest range with at least ``share`` of the sum."""
    ranges = combinations_with_replacement(range(len(shares)), 2)
    holds = [(first, last) for first, last in ranges if sum(shares[first : last + 1]) >= share]
    return min(holds, key=lambda span: span[1] - span[0], default=None)


def rank_correlation(points: Sequence[tuple[float, float]]) -> float:
    """Return Spearman's correlation, ties at their mean rank; NaN for fewer than 3 points or equal values."""
    if len(points) < 3 or not all(math.isfinite(value) for point in points for value in point):
        return math.nan
    # The import takes half a second; only the worker needs it.
    from scipy.stats import spearmanr

    x, y = zip(*points, strict=True)
    return math.nan if len({*x}) == 1 or len({*y}) == 1 else float(spearmanr(x, y).statistic)


def _log_gradients(forks: int, lengths: Sequence[int], means: Sequence[float]) -> Tensor:
    """Return log(C(forks, k) x mean) for every length k: C(600, 300) would overflow."""
    counts = [math.log(math.comb(forks, length)) if forks else 0.0 for length in lengths]
    of_one = torch.tensor(means, dtype=torch.float64).nan_to_num(0.0, math.inf)
    return torch.tensor(counts, dtype=torch.float64) + of_one.log()


def _cleaned(values: Iterable[float]) -> list[float]:
    """Return the values, every NaN as the same object, so that equal findings compare equal."""
    return [math.nan if math.isnan(value) else float(value) for value in values]
