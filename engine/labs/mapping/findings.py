"""The findings of the lab ``mapping``. Torch-free."""

from collections.abc import Iterator, Mapping
from math import isfinite

from engine.analysis.numbers import in_words, listed
from engine.events import Found
from engine.labs.job_curves import JobCurves, kind_name
from engine.labs.mapping.arms import CONSTANT, IDENTITY, NAMES, NEGATED, ROTATION, SMOOTH, TARGETS, TOWARD
from engine.labs.spec import FindingRule

#: Target -> its words, in the order of the sentences.
_WORDS = {
    IDENTITY: "x", ROTATION: "a rotation", NEGATED: "-x", CONSTANT: "a constant", SMOOTH: "a random smooth map",
}  # fmt: skip
#: Arms are alike within this factor of the smallest error.
CLEAR = 2.0
#: A target counts as learned below this error; at 1 a stack knows nothing of it.
LEARNED = 0.5


def deepest(curves: JobCurves) -> Iterator[Found]:
    """Yield how many targets the deepest stacks learn: the best two arms and the worst one."""
    blocks, errors = _deepest(curves)
    learned: dict[str, int] = {}
    for by_kind in errors.values():
        for kind, error in by_kind.items():
            learned[kind] = learned.get(kind, 0) + (error < LEARNED)
    if learned:
        (first, *_), *others = ranked = sorted(learned.items(), key=lambda each: -each[1])
        shown = others if len(others) < 3 else [others[0], ranked[-1]]
        rest = "".join(f", {_name(kind)} {count}" for kind, count in shown)
        yield Found(
            "deepest",
            f"With {blocks:g} blocks {_name(first)} learns {learned[first]} of {len(errors)} targets{rest} "
            f"(error below {LEARNED:g}).",
        )


def targets(curves: JobCurves) -> Iterator[Found]:
    """Yield the arms with the smallest error on each target, of the deepest stacks."""
    for target, errors in _deepest(curves)[1].items():
        best, worst = _best(errors), max(errors, key=errors.__getitem__)
        smallest = in_words(min(errors.values()), 2)
        if len(best) == len(errors):
            text = f"On {_WORDS[target]}: all alike, {smallest} to {in_words(errors[worst], 2)}."
        else:
            arms = listed([_name(kind) for kind in best])
            text = f"Best on {_WORDS[target]}: {arms}, {smallest}; worst: {_name(worst)}, {in_words(errors[worst], 2)}."
        yield Found("targets", text)


def constant(curves: JobCurves) -> Iterator[Found]:
    """Yield the errors on a constant, the end of the sweep from x."""
    yield from _end(curves, CONSTANT)


def negated(curves: JobCurves) -> Iterator[Found]:
    """Yield the errors on the reversal, the end of the sweep from x."""
    yield from _end(curves, NEGATED)


RULES = (
    FindingRule("deepest", ("heat",), deepest),
    FindingRule("targets", ("heat",), targets),
    FindingRule("constant", (TOWARD[CONSTANT],), constant),
    FindingRule("negated", (TOWARD[NEGATED],), negated),
)


def _deepest(curves: JobCurves) -> tuple[float, dict[str, dict[str, float]]]:
    """Return the blocks of the deepest stacks, and their errors by target and kind, of targets with all errors."""
    rows = curves.of("heat")
    blocks = max((curve.name.value or 0 for curve in rows), default=0)
    stacks = {curve.kind: dict(curve.points) for curve in rows if curve.name.value == blocks}
    errors = {
        target: {kind: row.get(TARGETS.index(target), float("nan")) for kind, row in stacks.items()}
        for target in _WORDS
    }
    whole = {target: found for target, found in errors.items() if all(map(isfinite, found.values()))}
    return blocks, whole if len(stacks) > 1 else {}


def _end(curves: JobCurves, target: str) -> Iterator[Found]:
    ends = {curve.kind: curve.y[-1] for curve in curves.of(TOWARD[target]) if isfinite(curve.y[-1])}
    if len(ends) > 1:
        errors = listed([f"{in_words(error, 2)} ({_name(kind)})" for kind, error in ends.items()])
        name = "constant" if target == CONSTANT else "negated"
        yield Found(name, f"Error left on {_WORDS[target]}: {errors}.")


def _best(errors: Mapping[str, float]) -> list[str]:
    return [kind for kind in errors if errors[kind] <= CLEAR * min(errors.values())]


def _name(kind: str) -> str:
    return kind_name(NAMES, kind)
