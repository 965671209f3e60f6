"""The findings of the lab ``conditioning``. Torch-free."""

from collections.abc import Iterator
from math import inf

from engine.analysis.numbers import in_words
from engine.events import Found
from engine.labs.conditioning.arms import AROUND_TWO, FORM, TWIN
from engine.labs.job_curves import JobCurve, JobCurves
from engine.labs.spec import FindingRule

#: Condition numbers within this factor, from the shallowest to the deepest net, are about the same.
STEADY = 2.0


def condition(curves: JobCurves) -> Iterator[Found]:
    """Yield one sentence on the condition number by depth, for all nets without batch norm."""
    clauses = [_clause(curve) for curve in _over_depth(curves, "condition")]
    if clauses:
        opening = "Condition number of the kernel at the start, deepest against shallowest net:"
        yield Found("condition", f"{opening} {'; '.join(clauses)}.")


def expected_updates(curves: JobCurves) -> Iterator[Found]:
    """Yield one sentence on the updates until a tenth of the error is left, for all nets without batch norm."""
    clauses = [f"{curve.kind} {_ends(curve)}" for curve in _over_depth(curves, "expected_updates")]
    if clauses:
        opening = "Updates until a tenth of the expected error over random targets is left:"
        yield Found("expected_updates", f"{opening} {'; '.join(clauses)}.")


def equivalence(curves: JobCurves) -> Iterator[Found]:
    """Yield how far the two forms of a linear net part: a shortcut around one layer, and around two."""
    one = [y for curve in curves.of("equivalence_gap", FORM) for _, y in curve.points]
    residual, twin = (curves.of("equivalence_two", kind) for kind in (AROUND_TWO, TWIN))
    if one and residual and twin:
        two = max(abs(a - b) for a, b in zip(residual[0].y, twin[0].y, strict=True))
        yield Found(
            "equivalence",
            "A linear net and its plain twin begin as the same function. "
            f"With a shortcut around one layer their losses differ by at most {in_words(max(one), 2)}, "
            f"around two by {in_words(two, 2)}, from a loss of {in_words(residual[0].y[0], 2)} at the start.",
        )


RULES = (
    FindingRule("condition", ("condition",), condition),
    FindingRule("expected_updates", ("expected_updates",), expected_updates),
    FindingRule("equivalence", ("equivalence_gap", "equivalence_two"), equivalence),
)


def _over_depth(curves: JobCurves, panel: str) -> list[JobCurve]:
    """Return the curves of nets without batch norm that have a finite value above 0 at both ends."""
    return [
        curve
        for curve in curves.of(panel)
        if not curve.kind.endswith("BN") and len(curve.x) > 1 and 0 < curve.y[0] < inf and 0 < curve.y[-1] < inf
    ]


def _clause(curve: JobCurve) -> str:
    first, last = curve.y[0], curve.y[-1]
    change = "about the same"
    if last > STEADY * first:
        change = f"{in_words(last / first, 2)} times as large"
    elif first > STEADY * last:
        change = f"{in_words(first / last, 2)} times smaller"
    return f"{curve.kind} {change} ({_ends(curve)})"


def _ends(curve: JobCurve) -> str:
    return f"{in_words(curve.y[0], 2)} with {curve.x[0]:g} blocks, {in_words(curve.y[-1], 2)} with {curve.x[-1]:g}"
