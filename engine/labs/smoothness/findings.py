"""The findings of the lab ``smoothness``. Torch-free."""

from collections.abc import Iterator
from math import isfinite

from engine.analysis.numbers import in_words
from engine.events import Found
from engine.labs.job_curves import JobCurve, JobCurves
from engine.labs.spec import FindingRule


def loss(curves: JobCurves) -> Iterator[Found]:
    """Yield rate, first and last loss, and the change of the gradient after one step, for each kind."""
    for curve in curves.of("loss"):
        if len(curve.x) > 1 and isfinite(curve.y[0]) and isfinite(curve.y[-1]):
            rate, change = _rate(curves, curve.kind), _change(curves, curve.kind)
            yield Found("loss", f"{curve.kind}{rate}: {_fall(curve)}{change}.", curve.kind)


RULES = (FindingRule("loss", ("loss", "rates", "gradient"), loss),)


def _fall(curve: JobCurve) -> str:
    first, last = in_words(curve.y[0]), in_words(curve.y[-1])
    return f"loss {first} at update {curve.x[0]:g}, {last} at {curve.x[-1]:g}"


def _rate(curves: JobCurves, kind: str) -> str:
    trials = [point for curve in curves.of("rates", kind) for point in curve.points]
    return f" at rate {in_words(min(trials, key=lambda trial: trial[1])[0])}" if trials else ""


def _change(curves: JobCurves, kind: str) -> str:
    changes = [curve.y[-1] for curve in curves.of("gradient", kind) if isfinite(curve.y[-1])]
    if not changes:
        return ""
    return f"; one step on, the gradient has changed by {in_words(100 * changes[0], 2)} % of its length"
