"""The findings of the lab ``mapping``. Torch-free."""

from collections.abc import Iterator
from math import isfinite

from engine.analysis.numbers import listed
from engine.events import Found
from engine.labs.job_curves import JobCurves
from engine.labs.mapping.arms import CONSTANT, IDENTITY, NEGATED, ROTATION, SMOOTH, TARGETS
from engine.labs.spec import FindingRule

#: Target -> its words, in the order of the sentence.
_WORDS = {
    IDENTITY: "x", ROTATION: "a rotation", NEGATED: "-x", CONSTANT: "a constant", SMOOTH: "a random smooth map",
}  # fmt: skip
#: Arms are alike within this factor of the smallest error.
CLEAR = 2.0


def deepest(curves: JobCurves) -> Iterator[Found]:
    """Yield the arms with the smallest error on each target, of the deepest stacks."""
    rows = curves.of("heat")
    blocks = max((curve.name.value or 0 for curve in rows), default=0)
    stacks = {curve.kind: dict(curve.points) for curve in rows if curve.name.value == blocks}
    if len(stacks) < 2:
        return
    won: dict[str, list[str]] = {}
    for target, words in _WORDS.items():
        column = TARGETS.index(target)
        errors = {kind: row[column] for kind, row in stacks.items() if isfinite(row.get(column, float("nan")))}
        if len(errors) == len(stacks):
            won.setdefault(_best(errors), []).append(words)
    if won:
        clauses = [f"{arms} on {listed(targets)}" for arms, targets in won.items()]
        yield Found("deepest", f"Smallest error with {blocks:g} blocks: {'; '.join(clauses)}.")


RULES = (FindingRule("deepest", ("heat",), deepest),)


def _best(errors: dict[str, float]) -> str:
    alike = [kind for kind in errors if errors[kind] <= CLEAR * min(errors.values())]
    return "all alike" if len(alike) == len(errors) else listed(alike)
