"""The findings of the lab ``smoothness``. Torch-free."""

from collections.abc import Iterator
from math import isfinite

from engine.analysis.numbers import in_words
from engine.events import Found
from engine.labs.job_curves import JobCurve, JobCurves
from engine.labs.smoothness.plan import PLAIN, PLAIN_BN
from engine.labs.spec import FindingRule


def steps(curves: JobCurves) -> Iterator[Found]:
    """Yield the best rates of plain nets with and without batch norm, and the losses there: those of the picture."""
    whole = [curve for curve in _whole(curves) if curve.kind in (PLAIN_BN, PLAIN)]
    last = {curve.kind: in_words(curve.y[-1]) for curve in whole}
    goes = "falls to" if all(curve.y[-1] < curve.y[0] for curve in whole) else "ends at"
    (with_bn, low), (without, high) = _best(curves, PLAIN_BN), _best(curves, PLAIN)
    if last.keys() >= {PLAIN_BN, PLAIN} and with_bn and without and with_bn != without:
        yield Found(
            "steps",
            f"With BN the plain net trains best at rate {with_bn} instead of {without}, and reaches a loss of {low} "
            f"instead of {high}.",
        )
    elif last.keys() >= {PLAIN_BN, PLAIN}:
        at = f"At rate {with_bn}, best for both" if with_bn else "At one rate for all"
        ends = f"{last[PLAIN_BN]} with BN and {goes.split()[1]} {last[PLAIN]} without"
        yield Found("steps", f"{at}, the loss of the plain net {goes} {ends}.")


def loss(curves: JobCurves) -> Iterator[Found]:
    """Yield rate, first and last loss, and the change of the gradient after one step, for each kind."""
    for curve in _whole(curves):
        rate = _rate(curves, curve.kind)
        at_rate, change = f" at rate {rate}" if rate else "", _change(curves, curve.kind)
        yield Found("loss", f"{curve.kind}{at_rate}: {_fall(curve)}.{change}", curve.kind)


RULES = (
    FindingRule("steps", ("rates", "loss"), steps),
    FindingRule("loss", ("loss", "rates", "gradient"), loss),
)


def _whole(curves: JobCurves) -> list[JobCurve]:
    return [curve for curve in curves.of("loss") if len(curve.x) > 1 and isfinite(curve.y[0]) and isfinite(curve.y[-1])]


def _fall(curve: JobCurve) -> str:
    first, last = in_words(curve.y[0]), in_words(curve.y[-1])
    return f"loss {first} at update {curve.x[0]:g}, {last} at {curve.x[-1]:g}"


def _rate(curves: JobCurves, kind: str) -> str:
    return _best(curves, kind)[0]


def _best(curves: JobCurves, kind: str) -> tuple[str, str]:
    """Return the best rate of a kind and the loss that it reaches, '' without any."""
    trials = [point for curve in curves.of("rates", kind) for point in curve.points]
    if not trials:
        return "", ""
    rate, loss = min(trials, key=lambda trial: trial[1])
    return in_words(rate), in_words(loss)


def _change(curves: JobCurves, kind: str) -> str:
    changes = [curve.y[-1] for curve in curves.of("gradient", kind) if isfinite(curve.y[-1])]
    if not changes:
        return ""
    return f" One step on, the gradient has changed by {in_words(100 * changes[0], 2)} % of its length."
