"""The findings of the lab ``predictability``. Torch-free."""

from collections.abc import Iterator
from math import isfinite, log10

from engine.analysis.numbers import in_words, listed
from engine.events import Found
from engine.labs.job_curves import JobCurve, JobCurves
from engine.labs.predictability.plan import MARK
from engine.labs.spec import FindingRule

#: A residual net that has forgotten so many digits has parted.
PARTED = 3


def parted(curves: JobCurves) -> Iterator[Found]:
    """Yield the digits that every net has forgotten after the updates of the figures."""
    found = [(curve, lost) for curve in curves.of("weights") if (lost := forgotten(curve, MARK)) is not None]
    if not found:
        return
    equal = round(-log10(found[0][0].y[0]))
    some = [f"{lost} by {_named(curve)} (distance {in_words(curve.y[MARK], 2)})" for curve, lost in found if lost]
    others = len(found) - len(some)
    rest = f"none by {f'the other {others}' if some else 'any net'}" if others else ""
    told = "; ".join(filter(None, (listed(some), rest)))
    yield Found("parted", f"Of {equal} equal digits, forgotten after {MARK} updates: {told}.")


def sensitivity(curves: JobCurves) -> Iterator[Found]:
    """Yield what the residual nets say about sensitivity as a proof of bad training."""
    ends = [
        (curve, len(curve.y) - 1, lost)
        for curve in curves.of("weights")
        if curve.kind.startswith("residual") and (lost := forgotten(curve, len(curve.y) - 1)) is not None
    ]
    if not ends:
        return
    curve, last, lost = max(ends, key=lambda end: end[2])
    if lost >= PARTED:
        seen = f"The copies of {_named(curve)} part too: {lost} digits after {last} updates."
        means = "Sensitivity alone is no proof of bad training: a race shows how they train."
    else:
        seen = f"After {last} updates no residual net has forgotten {PARTED} digits."
        means = "That is no proof that it trains better: a race shows that."
    yield Found("sensitivity", f"{seen} {means}")


RULES = (FindingRule("parted", ("weights",), parted), FindingRule("sensitivity", ("weights",), sensitivity))


def forgotten(curve: JobCurve, update: int) -> int | None:
    """Return the decimal digits lost between the start and ``update``; None without both distances."""
    if len(curve.y) <= update or update < 1:
        return None
    first, now = curve.y[0], curve.y[update]
    if not (isfinite(first) and isfinite(now) and first > 0 and now > 0):
        return None
    return max(0, round(log10(now / first)))


def _named(curve: JobCurve) -> str:
    return f"{curve.kind} at rate {curve.name.value:g}"
