"""The findings of the lab ``landscape``. Torch-free."""

from collections.abc import Iterator
from math import isfinite

from engine.analysis.numbers import in_words
from engine.events import Found
from engine.labs.job_curves import JobCurve, JobCurves
from engine.labs.landscape.grid import RANDOM, SHARPEST
from engine.labs.spec import FindingRule

#: The step of the sentences, counted from the middle of a slice.
STEP = 2


def sharpest(curves: JobCurves) -> Iterator[Found]:
    """Yield by how much one step along the sharpest direction multiplies the loss, of a plain and a residual net."""
    step, factors = _along(curves, SHARPEST)
    if factors:
        told = ", ".join(f"of {net} by {in_words(factor, 2)}" for net, factor in factors.items())
        yield Found(
            "sharpest",
            f"One step along the sharpest direction ({step} % of the weights' length) multiplies the loss {told}.",
        )


def random(curves: JobCurves) -> Iterator[Found]:
    """Yield by how much the same step along the random direction multiplies the loss."""
    _, factors = _along(curves, RANDOM)
    if factors:
        told = ", ".join(f"of {net} by {factor:.2f}" for net, factor in factors.items())
        yield Found("random", f"Along a random direction the same step multiplies the loss {told}.")


RULES = (FindingRule("sharpest", ("slices",), sharpest), FindingRule("random", ("slices",), random))


def _along(curves: JobCurves, direction: str) -> tuple[str, dict[str, float]]:
    """Return the step in percent, and the factors of the loss of the first plain and of the first residual net."""
    nets: dict[bool, tuple[str, float]] = {}
    step = ""
    for curve in curves.of("slices"):
        net = curve.kind.removesuffix(f" along {direction}")
        if net != curve.kind and (factor := _factor(curve)) is not None:
            step = in_words(100 * curve.x[len(curve.x) // 2 + STEP], 2)
            nets.setdefault(not net.startswith("plain"), (net, factor))
    return step, dict(nets[residual] for residual in sorted(nets))


def _factor(curve: JobCurve) -> float | None:
    """Return the larger factor of the loss, a step to either side of the middle; None for an unfinished slice."""
    middle = len(curve.x) // 2
    if middle <= STEP or not all(map(isfinite, curve.y)) or curve.x[middle] != 0 or curve.y[middle] <= 0:
        return None
    return max(curve.y[middle - STEP], curve.y[middle + STEP]) / curve.y[middle]
