"""The findings of the lab ``conditioning``. Torch-free."""

from collections.abc import Iterator
from math import inf

from engine.analysis.numbers import in_words
from engine.events import Found
from engine.labs.job_curves import JobCurve, JobCurves
from engine.labs.spec import FindingRule

#: Condition numbers within this factor, from the shallowest to the deepest net, are about the same.
STEADY = 2.0


def condition(curves: JobCurves) -> Iterator[Found]:
    """Yield one sentence on the condition number by depth, for all nets without batch norm."""
    clauses = [
        _clause(curve)
        for curve in curves.of("condition")
        if not curve.kind.endswith("BN") and len(curve.x) > 1 and 0 < curve.y[0] < inf and 0 < curve.y[-1] < inf
    ]
    if clauses:
        opening = "Condition number of the kernel at the start, deepest against shallowest net:"
        yield Found("condition", f"{opening} {'; '.join(clauses)}.")


RULES = (FindingRule("condition", ("condition",), condition),)


def _clause(curve: JobCurve) -> str:
    first, last = curve.y[0], curve.y[-1]
    change = "about the same"
    if last > STEADY * first:
        change = f"{in_words(last / first, 2)} times as large"
    elif first > STEADY * last:
        change = f"{in_words(first / last, 2)} times smaller"
    nets = f"{in_words(first, 2)} with {curve.x[0]:g} blocks, {in_words(last, 2)} with {curve.x[-1]:g}"
    return f"{curve.kind} {change} ({nets})"
