"""The findings of the lab ``mapping``. Torch-free."""

from collections.abc import Iterator
from math import isfinite

from engine.analysis.numbers import in_words, listed
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
    clauses = []
    for target, words in _WORDS.items():
        column = TARGETS.index(target)
        errors = {kind: row[column] for kind, row in stacks.items() if isfinite(row.get(column, float("nan")))}
        if len(errors) == len(stacks):
            clauses.append(f"on {words}: {_best(errors)}")
    if clauses:
        yield Found("deepest", f"Smallest error with {blocks:g} blocks, {'; '.join(clauses)}.")


RULES = (FindingRule("deepest", ("heat",), deepest),)


def _best(errors: dict[str, float]) -> str:
    ranked = sorted(errors, key=errors.__getitem__)
    best, worst = errors[ranked[0]], errors[ranked[-1]]
    alike = [kind for kind in ranked if errors[kind] <= CLEAR * best]
    arms = "all alike" if len(alike) == len(ranked) else listed(alike)
    return f"{arms} ({in_words(best, 2)}; worst {ranked[-1]}, {in_words(worst, 2)})"
