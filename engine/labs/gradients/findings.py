"""The findings of the lab ``gradients``, for each kind of net at each weight gain. Torch-free."""

from collections.abc import Iterator
from math import inf, isclose, log

from engine.analysis.numbers import in_words
from engine.events import Found
from engine.labs.gradient_kinds import BN, PLAIN, RESIDUAL
from engine.labs.job_curves import JobCurve, JobCurves
from engine.labs.spec import FindingRule

#: The norm is steady if its factor per layer is this near to 1.
STEADY = 0.02
#: Total factors below which a gradient vanishes and above which it explodes.
VANISHED, EXPLODED = 1e-3, 1e3
#: Factors per layer within this range over the gains do not depend on the gain.
INDIFFERENT = 0.02
#: Autocorrelations of neighbouring gradients: noise below the first, kept from the second on.
NOISE, KEPT = 0.15, 0.6
#: Mean cosines of different inputs: rather alike above the first, alike above the second.
RATHER_ALIKE, ALIKE = 0.6, 0.9

_SUBJECTS = {PLAIN: "Without BN", BN: "With BN", RESIDUAL: "With BN and shortcuts"}


def norm(curves: JobCurves) -> Iterator[Found]:
    """Yield the change of the gradient's norm from the last layer to the first."""
    for curve in curves.of("norm"):
        change = _change(curve)
        yield _found("norm", curve, _lost(curve) if change is None else _norm(curves, curve, change))


def direction(curves: JobCurves) -> Iterator[Found]:
    """Yield the direction of the gradient and the collapse of the inputs, which the norm does not show."""
    for curve in curves.of("norm"):
        yield _found("direction", curve, _direction(curves, curve))


RULES = (
    FindingRule("norm", ("norm",), norm),
    FindingRule("direction", ("norm", "direction", "collapse"), direction),
)


def _found(name: str, curve: JobCurve, text: str) -> Found:
    return Found(name, text, curve.kind, curve.name.setting, curve.name.value)


def _subject(kind: str) -> str:
    return _SUBJECTS.get(kind, kind)  # an older job may have a kind that is no longer there


def _gain(curve: JobCurve) -> float:
    return curve.name.value or 0.0


def _change(curve: JobCurve) -> tuple[float, float] | None:
    """Return the factors of the gradient in total and per layer; None without two finite ends above 0."""
    early, late = curve.y[0], curve.y[-1]
    if not (0 < early < inf and 0 < late < inf) or len(curve.x) < 2:
        return None
    return early / late, (early / late) ** (1 / (curve.x[-1] - curve.x[0]))


def _lost(curve: JobCurve) -> str:
    lost = "the gradient is not finite at the first or the last layer"
    if curve.y[0] == 0:
        lost = "nothing of the gradient arrives at the first layer: it is below the smallest number"
    return f"{_subject(curve.kind)} at gain {in_words(_gain(curve))} {lost}."


def _norm(curves: JobCurves, curve: JobCurve, change: tuple[float, float]) -> str:
    total, per_layer = change
    changes = {_gain(other): factors[1] for other in curves.of("norm", curve.kind) if (factors := _change(other))}
    subject, whatever = f"{_subject(curve.kind)} at gain {in_words(_gain(curve))}", ""
    if len(changes) > 2 and max(changes.values()) - min(changes.values()) < INDIFFERENT:
        subject = _subject(curve.kind)
        whatever = f", whatever the gain ({in_words(min(changes))} to {in_words(max(changes))})"
    # With shortcuts the factor falls from layer to layer, like that of a power of the depth.
    rate = f"{in_words(per_layer)} per layer{' on average' if curve.kind == RESIDUAL else ''}{whatever}"
    over, times = f"over {curve.x[-1]:g} layers", in_words(total)
    if abs(per_layer - 1) <= STEADY:
        return f"{subject} the gradient nearly keeps its norm: a factor of {rate}, {times} {over}."
    verb, fate = "shrinks", f"it vanishes, {times} is left" if total < VANISHED else f"{times} of it is left"
    if per_layer > 1:
        verb, fate = "grows", f"it explodes, {times}-fold" if total > EXPLODED else f"it grows {times}-fold"
    return f"{subject} the gradient {verb} by a factor of {rate}: {over} {fate}."


def _direction(curves: JobCurves, curve: JobCurve) -> str:
    parts: list[str] = []
    elsewhere = ""
    for panel, say in (("collapse", _collapse), ("direction", _agreement)):
        nearest = _nearest(curves.of(panel, curve.kind), curve)
        if nearest is not None and nearest.points:
            parts.insert(0, say(nearest.points[-1][1]))
            gain = nearest.name.value
            if gain is not None and not isclose(gain, _gain(curve), rel_tol=1e-6):
                elsewhere = f", at gain {in_words(gain)}"
    if not parts:
        return "Norms do not decide; direction and collapse are not measured yet."
    where = elsewhere if len(parts) > 1 else ""
    return f"Norms do not decide: {', and '.join(parts)}{where}."


def _nearest(others: list[JobCurve], curve: JobCurve) -> JobCurve | None:
    """Return the curve at the gain nearest to that of ``curve``."""

    def distance(other: JobCurve) -> float:
        return abs(log(_gain(other) / _gain(curve))) if _gain(other) > 0 and _gain(curve) > 0 else 0.0

    return min(others, key=distance, default=None)


def _agreement(correlation: float) -> str:
    state = "is noise" if correlation < NOISE else "is partly kept" if correlation < KEPT else "is kept"
    return f"its direction {state} (correlation of neighbours {_two_digits(correlation)})"


def _collapse(cosine: float) -> str:
    state = "inputs can be told apart"
    if cosine > RATHER_ALIKE:
        state = "inputs look alike" if cosine > ALIKE else "inputs look rather alike"
    return f"{state} (mean cosine {_two_digits(cosine)})"


def _two_digits(value: float) -> str:
    return f"{round(value, 2) + 0.0:.2f}".replace("-", "−")
