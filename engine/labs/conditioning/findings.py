"""The findings of the lab ``conditioning``. Torch-free."""

from collections.abc import Iterator
from math import inf

from engine.analysis.numbers import in_words, listed
from engine.events import Found
from engine.labs.conditioning.arms import AROUND_TWO, FORM, IDENTITY, NAMES, PLAIN, SCALED, TWIN
from engine.labs.job_curves import JobCurve, JobCurves, kind_name
from engine.labs.spec import FindingRule

#: Condition numbers within this factor, from the shallowest to the deepest net, are about the same.
STEADY = 2.0


def condition(curves: JobCurves) -> Iterator[Found]:
    """Yield how the condition number changes with depth: plain, from an identity start, and with a scaled branch."""
    nets = _over_depth(curves, "condition")
    if PLAIN in nets:
        plain = nets[PLAIN]
        others = {IDENTITY: "identity start", SCALED: "scaled branch"}
        factors = [
            f"{_factor(plain)} (plain)",
            *(f"{_factor(nets[k])} ({name})" for k, name in others.items() if k in nets),
        ]
        yield Found(
            "condition",
            f"From {plain.x[0]:g} to {plain.x[-1]:g} blocks the spread of learning speeds changes by a factor of "
            f"{listed(factors)}.",
        )


def start(curves: JobCurves) -> Iterator[Found]:
    """Yield what the start does without the form: most where it takes away half of the growth, in decades."""
    nets = _over_depth(curves, "condition")
    if PLAIN in nets and IDENTITY in nets:
        grown, left = (nets[kind].y[-1] / nets[kind].y[0] for kind in (PLAIN, IDENTITY))
        most = ": the start does most of it, not the form" if grown > STEADY and left <= grown**0.5 else ""
        grows = f"the spread of speeds {_change(nets[IDENTITY])}"
        yield Found("start", f"From an identity start, without a shortcut, {grows}{most}.")


def condition_of_nets(curves: JobCurves) -> Iterator[Found]:
    """Yield the condition number of the shallowest and the deepest net, for all nets without batch norm."""
    for curve in _over_depth(curves, "condition").values():
        yield Found("condition_of_nets", f"Spread of speeds, {_name(curve.kind)}: {_ends(curve)}.")


def expected_updates(curves: JobCurves) -> Iterator[Found]:
    """Yield the updates until a tenth of the error is left, of the deepest plain and scaled residual nets."""
    nets = _over_depth(curves, "expected_updates")
    if PLAIN in nets:
        plain = nets[PLAIN]
        text = (
            f"Until a tenth of the error on random targets is left, plain nets of {plain.x[-1]:g} blocks need "
            f"{in_words(plain.y[-1], 2)} updates"
        )
        if SCALED in nets:
            text += f"; with a scaled branch {in_words(nets[SCALED].y[-1], 2)}"
        yield Found("expected_updates", f"{text}.")


def updates_of_nets(curves: JobCurves) -> Iterator[Found]:
    """Yield these updates for the shallowest and the deepest net, for all nets without batch norm."""
    for curve in _over_depth(curves, "expected_updates").values():
        yield Found("updates_of_nets", f"Updates, {_name(curve.kind)}: {_ends(curve)}.")


def equivalence(curves: JobCurves) -> Iterator[Found]:
    """Yield how far the two forms of a linear net part: a shortcut around one layer, and around two."""
    one = [y for curve in curves.of("equivalence_gap", FORM) for _, y in curve.points]
    residual, twin = (curves.of("equivalence_two", kind) for kind in (AROUND_TWO, TWIN))
    if one and residual and twin:
        two = max(abs(a - b) for a, b in zip(residual[0].y, twin[0].y, strict=True))
        yield Found(
            "equivalence",
            "A linear net and its plain twin begin as the same function, at a loss of "
            f"{in_words(residual[0].y[0], 2)}. With a shortcut around one layer their losses differ by at most "
            f"{in_words(max(one), 2)}, around two by {in_words(two, 2)}.",
        )


RULES = (
    FindingRule("condition", ("condition",), condition),
    FindingRule("start", ("condition",), start),
    FindingRule("expected_updates", ("expected_updates",), expected_updates),
    FindingRule("equivalence", ("equivalence_gap", "equivalence_two"), equivalence),
    FindingRule("condition_of_nets", ("condition",), condition_of_nets),
    FindingRule("updates_of_nets", ("expected_updates",), updates_of_nets),
)


def _over_depth(curves: JobCurves, panel: str) -> dict[str, JobCurve]:
    """Return the curves of nets without batch norm that have a finite value above 0 at both ends, by kind."""
    return {
        curve.kind: curve
        for curve in curves.of(panel)
        if not curve.kind.endswith("BN") and len(curve.x) > 1 and 0 < curve.y[0] < inf and 0 < curve.y[-1] < inf
    }


def _factor(curve: JobCurve) -> str:
    return in_words(curve.y[-1] / curve.y[0], 2)


def _change(curve: JobCurve) -> str:
    first, last = curve.y[0], curve.y[-1]
    if last > STEADY * first:
        return f"grows {in_words(last / first, 2)}-fold"
    return f"falls {in_words(first / last, 2)}-fold" if first > STEADY * last else "stays about the same"


def _ends(curve: JobCurve) -> str:
    return f"{in_words(curve.y[0], 2)} with {curve.x[0]:g} blocks, {in_words(curve.y[-1], 2)} with {curve.x[-1]:g}"


def _name(kind: str) -> str:
    return kind_name(NAMES, kind)
