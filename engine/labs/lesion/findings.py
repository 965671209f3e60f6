"""The findings of the lab ``lesion``. Torch-free."""

from collections.abc import Iterator
from statistics import median

from engine.analysis.numbers import in_words
from engine.events import Found
from engine.labs.job_curves import JobCurve, JobCurves
from engine.labs.lesion.plan import RECALIBRATED
from engine.labs.spec import FindingRule

#: Points of the error: a block is dispensable if the error rises by less.
LITTLE = 2.0


def one_block(curves: JobCurves) -> Iterator[Found]:
    """Yield the median error without one block, of the first plain and of the first residual net."""
    rises: dict[bool, str] = {}
    falls = False
    for curve in curves.of("deleted"):
        errors = dict(curve.points)
        intact = errors.pop(0.0, None)
        if intact is not None and errors and not curve.kind.endswith(RECALIBRATED):
            typical = median(errors.values())
            words = f"of {curve.kind} from {in_words(intact)} to {in_words(typical)} %"
            rises.setdefault(curve.kind.startswith("plain"), words)
            falls = falls or typical < intact
    if rises:
        verb = "changes" if falls else "raises"
        both = ", ".join(rises[plain] for plain in sorted(rises))
        yield Found("one_block", f"Taking out one block {verb} the test error {both} (medians over the blocks).")


def deleted(curves: JobCurves) -> Iterator[Found]:
    """Yield the cost of deletions, for each net and kind of batch-norm statistics."""
    for curve in curves.of("deleted"):
        errors = dict(curve.points)
        intact = errors.pop(0.0, None)
        if intact is not None and errors:
            yield Found("deleted", _deleted(curve.kind, intact, errors), curve.kind)


def paths(curves: JobCurves) -> Iterator[Found]:
    """Yield the number of branches on the paths of each net."""
    for curve in curves.of("paths"):
        if curve.points:
            yield Found("paths", _paths(curve), curve.kind)


RULES = (
    FindingRule("one_block", ("deleted",), one_block),
    FindingRule("deleted", ("deleted",), deleted),
    FindingRule("paths", ("paths",), paths),
)


def _deleted(kind: str, intact: float, errors: dict[float, float]) -> str:
    net = kind.removesuffix(f" {RECALIBRATED}")
    statistics = "" if net == kind else " with re-estimated batch norm"
    worst = max(errors, key=errors.__getitem__)
    cheap = sum(error - intact < LITTLE for error in errors.values())
    return (
        f"{net}{statistics}: {in_words(intact)} % as it is, {in_words(median(errors.values()))} % without one block"
        f" (median of {len(errors)}), {in_words(errors[worst])} % without block {worst:g}. {_cost(cheap, len(errors))}"
    )


def _cost(cheap: int, blocks: int) -> str:
    if not cheap:
        return f"Removing any single block costs at least {LITTLE:g} points."
    return f"Removing {cheap} of {blocks} costs less than {LITTLE:g} points each."


def _paths(curve: JobCurve) -> str:
    if len(curve.x) == 1:
        return f"{curve.kind} has one path, through all of its {curve.x[0]:g} branches; the whole gradient takes it."
    mean, branches = sum(length * share for length, share in curve.points), curve.x[-1]
    return (
        f"Averaged by gradient, paths in {curve.kind} pass through {in_words(mean, 2)} of {branches:g} branches;"
        f" averaged by count, through {in_words(branches / 2)}."
    )
