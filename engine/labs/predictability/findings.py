"""The findings of the lab ``predictability``. Torch-free."""

import re
from collections.abc import Iterator
from math import isfinite, log10

from engine.analysis.numbers import in_words
from engine.events import Found
from engine.labs.job_curves import JobCurve, JobCurves, kind_name
from engine.labs.predictability.plan import MARK, NAMES
from engine.labs.spec import FindingRule

#: A residual net that has forgotten so many digits has parted.
PARTED = 3


def parted(curves: JobCurves) -> Iterator[Found]:
    """Yield in how many digits the copies of the deepest plain and of the deepest residual net still agree."""
    agree: list[str] = []
    later: dict[int, list[str]] = {}
    for family in ("plain", "residual"):
        nets = [(curve, lost) for curve, lost in _lost(curves) if re.fullmatch(rf"{family}-\d+", curve.kind)]
        if nets:  # the first of the deepest is at the job's own rate
            curve, lost = max(nets, key=lambda net: int(net[0].kind.partition("-")[2]))
            equal = round(-log10(curve.y[0]))
            same = max(0, equal - lost)
            agree.append(f"{curve.kind} in {same}" if agree else f"{curve.kind} agree in {same} of {equal} digits")
            end = len(curve.y) - 1
            if end > MARK and (lost_by_then := forgotten(curve, end)) is not None:
                later.setdefault(end, []).append(str(max(0, equal - lost_by_then)))
    if agree:
        # The end of the picture as well: what holds after a few updates need not last.
        ends = [f"; after {end} in {' and '.join(same)}" for end, same in later.items() if len(same) == len(agree)]
        yield Found("parted", f"After {MARK} updates two copies of {', those of '.join(agree)}{''.join(ends)}.")


def digits(curves: JobCurves) -> Iterator[Found]:
    """Yield the digits that every net has forgotten after the updates of the figures."""
    for curve, lost in _lost(curves):
        count = f"{lost or 'no'} digit{'s' * (lost != 1)}"
        yield Found("digits", f"{_named(curve)} has lost {count} (distance {in_words(curve.y[MARK], 2)}).")


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


RULES = (
    FindingRule("parted", ("weights",), parted),
    FindingRule("sensitivity", ("weights",), sensitivity),
    FindingRule("digits", ("weights",), digits),
)


def forgotten(curve: JobCurve, update: int) -> int | None:
    """Return the decimal digits lost between the start and ``update``; None without both distances."""
    if len(curve.y) <= update or update < 1:
        return None
    first, now = curve.y[0], curve.y[update]
    if not (isfinite(first) and isfinite(now) and first > 0 and now > 0):
        return None
    return max(0, round(log10(now / first)))


def _lost(curves: JobCurves) -> list[tuple[JobCurve, int]]:
    return [(curve, lost) for curve in curves.of("weights") if (lost := forgotten(curve, MARK)) is not None]


def _named(curve: JobCurve) -> str:
    return f"{kind_name(NAMES, curve.kind)} at rate {curve.name.value:g}"
