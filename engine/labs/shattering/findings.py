"""The findings of the lab ``shattering``. Torch-free."""

from collections.abc import Iterator

from engine.events import Found
from engine.labs.job_curves import JobCurves
from engine.labs.shattering.plan import BN, KINDS, LOOKS_LINEAR, PLAIN, RESIDUAL, SCALED
from engine.labs.spec import FindingRule

#: Mean cosine from which on all inputs look alike.
ALIKE = 0.9
#: Kind -> its words after ``by 0.27``.
_OTHERS = {SCALED: "with a scaled branch", LOOKS_LINEAR: "from a looks-linear start"}


def agreement(curves: JobCurves) -> Iterator[Found]:
    """Yield how far neighbouring inputs agree on the gradient in the deepest nets, without and with shortcuts."""
    found, layers = _last(curves, "depth")
    if found.keys() >= {BN, RESIDUAL}:
        yield Found(
            "agreement",
            f"After {layers:g} layers the gradients of neighbouring inputs agree by {_two(found[BN])} in plain nets "
            f"with BN, by {_two(found[RESIDUAL])} with shortcuts.",
        )


def collapse(curves: JobCurves) -> Iterator[Found]:
    """Yield whether the inputs of plain nets without batch norm come to look alike."""
    found, layers = _last(curves, "cosine")
    if PLAIN in found:
        state = "look alike" if found[PLAIN] > ALIKE else "can be told apart"
        yield Found(
            "collapse",
            f"Without BN the inputs {state} after {layers:g} plain layers: their mean cosine is {_two(found[PLAIN])}.",
        )


def others(curves: JobCurves) -> Iterator[Found]:
    """Yield the agreement in the nets with a scaled branch and in the control without shortcuts."""
    found, _ = _last(curves, "depth")
    for kind, words in _OTHERS.items():
        if kind in found:
            yield Found("others", f"They agree by {_two(found[kind])} {words} (1 is full agreement).")


RULES = (
    FindingRule("agreement", ("depth",), agreement),
    FindingRule("collapse", ("cosine",), collapse),
    FindingRule("others", ("depth",), others),
)


def _last(curves: JobCurves, panel: str) -> tuple[dict[str, float], float]:
    """Return the values after the last layer by kind, and that layer."""
    ends = {curve.kind: curve.points[-1] for curve in curves.of(panel) if curve.kind in KINDS and curve.points}
    return {kind: value for kind, (_, value) in ends.items()}, max((layer for layer, _ in ends.values()), default=0.0)


def _two(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
