"""The findings of the lab ``shattering``. Torch-free."""

from collections.abc import Iterator

from engine.events import Found
from engine.labs.job_curves import JobCurves
from engine.labs.shattering.plan import BN, LOOKS_LINEAR, PLAIN, RESIDUAL, SCALED
from engine.labs.spec import FindingRule

#: Mean cosine from which on all inputs look alike.
ALIKE = 0.9
#: Kind -> its words after ``by 0.27``.
_OTHERS = {SCALED: "with a scaled branch", LOOKS_LINEAR: "from a looks-linear start"}


def agreement(curves: JobCurves) -> Iterator[Found]:
    """Yield how far neighbouring inputs agree on the gradient in the deepest nets, without and with shortcuts."""
    found, layers = _last(curves, "depth", {BN, RESIDUAL})
    if found:
        yield Found(
            "agreement",
            f"After {layers:g} layers the gradients of neighbouring inputs agree by {_two(found[BN])} in plain nets "
            f"with BN, by {_two(found[RESIDUAL])} with shortcuts.",
        )


def collapse(curves: JobCurves) -> Iterator[Found]:
    """Yield whether the inputs of plain nets without batch norm come to look alike."""
    found, layers = _last(curves, "cosine", {PLAIN})
    if found:
        state = "look alike" if found[PLAIN] > ALIKE else "can be told apart"
        yield Found(
            "collapse",
            f"Without BN the inputs {state} after {layers:g} plain layers: their mean cosine is {_two(found[PLAIN])}.",
        )


def others(curves: JobCurves) -> Iterator[Found]:
    """Yield the agreement in the nets with a scaled branch and in the control without shortcuts."""
    for kind, words in _OTHERS.items():
        found, layers = _last(curves, "depth", {kind})
        if found:
            agree = f"After {layers:g} layers they agree by {_two(found[kind])} {words}"
            yield Found("others", f"{agree} (1 is full agreement).")


RULES = (
    FindingRule("agreement", ("depth",), agreement),
    FindingRule("collapse", ("cosine",), collapse),
    FindingRule("others", ("depth",), others),
)


def _last(curves: JobCurves, panel: str, kinds: set[str]) -> tuple[dict[str, float], float]:
    """Return the values of these kinds by kind after the last layer that all of them have, and that layer.

    No values before all have one: while a job runs, one kind is ahead of another.
    """
    points = {curve.kind: dict(curve.points) for curve in curves.of(panel) if curve.kind in kinds}
    shared = set.intersection(*map(set, points.values())) if points.keys() == kinds else set()
    if not shared:
        return {}, 0.0
    layer = max(shared)
    return {kind: values[layer] for kind, values in points.items()}, layer


def _two(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
