"""From what the lab ``lesion`` has measured so far to its curves and numbers. Torch-free.

``done`` maps a task's name to its result: [error, loss] of an evaluation, for ``stored`` with 1, 0 or NaN behind it
(whether it is what the run recorded) and the recorded error, for ``scale`` a list of [factor, error]; for ``size`` a
number per block; for ``paths`` what ``engine.labs.lesion.ablated_net.path_gradients`` returns.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, median
from typing import Any

from engine.events import CurveName, CurveUpdated, MetricReported
from engine.labs.lesion import plan
from engine.labs.lesion.plan import Case
from engine.labs.tasks import Finding, Results

#: The share of the gradient that "most" means.
MOST = 0.9


def kind(case: Case, bn: str) -> str:
    """Return what the curves of a net are called."""
    return f"{case.name} recalibrated" if bn == plan.RECALIBRATED else case.name


def deletions(case: Case, at: int, bn: str, done: Results) -> list[tuple[int, float]]:
    """Return (block from 1, error without it) of the blocks that were deleted, front to back."""
    found = [(b + 1, done.get(plan.task_name(plan.DELETE, at, bn, [b]))) for b in range(len(case.stages))]
    return [(block, result[0]) for block, result in found if result is not None]


def deleted(case: Case, at: int, bn: str, done: Results) -> CurveUpdated:
    """The bars of the deletions; 0 is the net as it is, NaN as long as it is not measured."""
    intact = done.get(plan.task_name(plan.INTACT, at, bn), [math.nan])[0]
    points = [(0, intact), *deletions(case, at, bn, done)]
    return CurveUpdated(
        "deleted", CurveName(kind(case, bn)), [float(x) for x, _ in points], [clean(y) for _, y in points]
    )


def swapped(case: Case, at: int, bn: str, done: Results) -> Iterator[CurveUpdated]:
    """Errors after swapping neighbours, by the first of the two, and by how far apart the swapped blocks are."""
    errors = {pair: result[0] for pair in case.pairs if (result := done.get(plan.task_name(plan.SWAP, at, bn, pair)))}
    near = [(a + 1, error) for (a, b), error in errors.items() if b - a == 1]
    intact = done[plan.task_name(plan.INTACT, at, bn)][0]
    points = [(0, intact), *near]
    yield CurveUpdated(
        "swapped", CurveName(kind(case, bn)), [float(x) for x, _ in points], [clean(y) for _, y in points]
    )
    apart = sorted({b - a for a, b in errors})
    means = [fmean([error for (a, b), error in errors.items() if b - a == distance]) for distance in apart]
    yield CurveUpdated(
        "apart", CurveName(kind(case, bn)), [0.0, *map(float, apart)], [clean(intact), *map(clean, means)]
    )


def scaled(case: Case, at: int, bn: str, done: Results, block: int) -> Iterator[CurveUpdated]:
    """Error against the factor on the branch of ``block``, and the mean over the measured blocks of its stage."""
    stage = case.stages[block]
    inside = [b for b, of in enumerate(case.stages) if of == stage]
    curves = {b: done[name] for b in inside if (name := plan.task_name(plan.SCALE, at, bn, [b])) in done}
    of_stage = f"{kind(case, bn)} stage {stage}"
    factors = [factor for factor, _ in curves[block]]
    means = [
        fmean(values) for values in zip(*([error for _, error in curve] for curve in curves.values()), strict=True)
    ]
    yield CurveUpdated("scaled", CurveName(of_stage), factors, [clean(mean) for mean in means])
    part = CurveName(of_stage, part=f"block {block + 1}")
    yield CurveUpdated("scaled", part, factors, [clean(error) for _, error in curves[block]])


def predicted(case: Case, at: int, bn: str, done: Results) -> Iterator[Finding]:
    """The size of each block's update against how much the error rises without it; how well their ranks agree."""
    sizes = done.get(plan.task_name(plan.SIZE, at, bn))
    if sizes is None:
        return
    intact = done[plan.task_name(plan.INTACT, at, bn)][0]
    points = [(b, sizes[b - 1], error - intact) for b, error in deletions(case, at, bn, done)]
    for block, size, rise in points:
        name = CurveName(kind(case, bn), part=f"block {block}")
        yield CurveUpdated("predicts", name, [clean(size)], [clean(rise)])
    agreement = rank_correlation([size for _, size, _ in points], [rise for *_, rise in points])
    yield MetricReported(f"{case.role}_size_predicts_loss", agreement)


def paths(case: Case, found: Mapping[str, Any]) -> Iterator[CurveUpdated]:
    """Shares of the paths and of the gradient by length, and the gradient of one path beside that of the net."""
    lengths, means, whole = [float(k) for k in found["lengths"]], found["means"], found["whole"]
    relative = [clean(mean / whole) if whole > 0 else math.nan for mean in means]
    yield CurveUpdated("path_gradient", CurveName(case.name), lengths, relative)
    yield CurveUpdated("paths", CurveName(case.name), lengths, gradient_shares(found["forks"], found["lengths"], means))
    if not case.plain:
        ones = [1.0] * len(lengths)
        number = CurveName(case.name, part="number of paths")
        yield CurveUpdated("paths", number, lengths, gradient_shares(found["forks"], found["lengths"], ones))


def path_metrics(case: Case, found: Mapping[str, Any]) -> Iterator[MetricReported]:
    """The lengths that hold most of the gradient, how many of all paths are that long, how much of all that cancels."""
    lengths, forks = found["lengths"], found["forks"]
    first = last = share = math.nan
    if (span := holding(gradient_shares(forks, lengths, found["means"]), MOST)) is not None:
        low, high = span
        first, last = float(lengths[low]), float(lengths[high])
        share = 100 * sum(gradient_shares(forks, lengths, [1.0] * len(lengths))[low : high + 1])
    yield MetricReported("most_gradient_from_path_length", first)
    yield MetricReported("most_gradient_to_path_length", last)
    yield MetricReported("path_norms_over_gradient", path_norms(found))
    yield MetricReported("share_of_paths_with_most_gradient", share)


def gradient_shares(forks: int, lengths: Sequence[int], means: Sequence[float]) -> list[float]:
    """Return C(forks, k) x mean of every length k, divided by their sum; a plain net (no forks) has one path.

    In logarithms: C(600, 300) is beyond every float. NaN where nothing is finite.
    """
    logs = [
        (_log_binomial(forks, k) if forks else 0.0) + math.log(mean) if mean > 0 else -math.inf
        for k, mean in zip(lengths, means, strict=True)
    ]
    top = max(logs)
    if not math.isfinite(top):
        return [math.nan] * len(logs)
    weights = [math.exp(value - top) for value in logs]
    return [weight / sum(weights) for weight in weights]


def path_norms(found: Mapping[str, Any]) -> float:
    """Return the sum of C(n, k) x mean over all lengths, over the norm of the net's gradient; inf beyond every float.

    Where not every length was measured, those between count as their neighbours.
    """
    lengths, forks, whole = found["lengths"], found["forks"], found["whole"]
    step = lengths[1] - lengths[0] if len(lengths) > 1 else 1
    logs = [_log_binomial(forks, k) + math.log(m) for k, m in zip(lengths, found["means"], strict=True) if m > 0]
    if not logs or not whole > 0:
        return math.nan
    top = max(logs)
    total = top + math.log(step * sum(math.exp(value - top) for value in logs) / whole)
    return math.exp(total) if total < 700 else math.inf


def holding(shares: Sequence[float], wanted: float) -> tuple[int, int] | None:
    """Return the first and the last place of the shortest range that holds at least ``wanted`` of the sum."""
    best: tuple[int, int] | None = None
    start, inside = 0, 0.0
    for end, share in enumerate(shares):
        inside += share
        while inside - shares[start] >= wanted:
            inside -= shares[start]
            start += 1
        if inside >= wanted and (best is None or end - start < best[1] - best[0]):
            best = start, end
    return best


def rank_correlation(xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return Spearman's correlation, ties with their mean rank; NaN for fewer than 3 points or equal values."""
    if len(xs) < 3 or not all(map(math.isfinite, (*xs, *ys))):
        return math.nan
    a, b = _ranks(xs), _ranks(ys)
    middle = (len(xs) - 1) / 2
    over = sum((p - middle) * (q - middle) for p, q in zip(a, b, strict=True))
    under = math.sqrt(sum((p - middle) ** 2 for p in a) * sum((q - middle) ** 2 for q in b))
    return over / under if under else math.nan


def summary(case: Case, at: int, bn: str, main: bool, done: Results) -> Iterator[MetricReported]:
    """Median, largest and smallest error after a deletion; ``main``: with the BN statistics of all other lesions."""
    errors = [clean(error) for _, error in deletions(case, at, bn, done)]
    if bn == plan.RECALIBRATED:
        yield MetricReported(f"{case.role}_median_error_recalibrated", median(errors))
        yield MetricReported(f"{case.role}_least_error_recalibrated", min(errors))
    if main:
        yield MetricReported(f"{case.role}_median_error_after_deletion", median(errors))
        yield MetricReported(f"{case.role}_worst_error_after_deletion", max(errors))
        yield MetricReported(f"{case.role}_least_error_after_deletion", min(errors))


def swap_metrics(case: Case, at: int, bn: str, done: Results) -> Iterator[MetricReported]:
    """The median error after two neighbours were swapped."""
    names = [plan.task_name(plan.SWAP, at, bn, pair) for pair in case.pairs if pair[1] - pair[0] == 1]
    errors = [clean(done[name][0]) for name in names if name in done]
    if errors:
        yield MetricReported(f"{case.role}_median_error_after_swap", median(errors))


def stored(case: Case, result: Sequence[float], error: float) -> Iterator[MetricReported]:
    """Error and loss of the net as it is, measured again as its run did, and the ``error`` that the run recorded."""
    yield MetricReported(f"{case.role}_intact_error", clean(result[0]))
    yield MetricReported(f"{case.role}_intact_loss", clean(result[1]))
    yield MetricReported(f"{case.role}_stored_error", clean(error))


def clean(value: float) -> float:
    """Return the value, every NaN as the same object, so that equal findings compare equal."""
    return math.nan if math.isnan(value) else float(value)


def _log_binomial(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) - 1) / 2 for value in values]
