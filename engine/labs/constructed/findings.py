"""The findings of the lab ``constructed``. Torch-free."""

from collections.abc import Iterator, Mapping
from math import isfinite

from engine.analysis.numbers import in_words
from engine.events import Found
from engine.labs.constructed.plan import GROWN, IDENTITY_START, RESIDUAL_GROWN, RESIDUAL_SCRATCH, SCRATCH, TRAINED_ON
from engine.labs.job_curves import JobCurves
from engine.labs.spec import FindingRule

#: Kind of curve -> its words, in the order of the sentence.
_PLAIN = {
    GROWN: "grown by identity blocks", SCRATCH: "from scratch", TRAINED_ON: "the shallow one trained on",
    IDENTITY_START: "with an identity start and no shortcut",
}  # fmt: skip
_RESIDUAL = {RESIDUAL_GROWN: "grown", RESIDUAL_SCRATCH: "from scratch"}


def plain(curves: JobCurves) -> Iterator[Found]:
    """Yield the clean training errors of the plain nets with a finished training."""
    yield from _ends(curves, "plain", "Plain nets", _PLAIN)


def residual(curves: JobCurves) -> Iterator[Found]:
    """Yield the clean training errors of the nets with shortcuts and a finished training."""
    yield from _ends(curves, "residual", "With shortcuts", _RESIDUAL)


RULES = (FindingRule("plain", ("clean",), plain), FindingRule("residual", ("clean",), residual))


def _ends(curves: JobCurves, name: str, opening: str, kinds: Mapping[str, str]) -> Iterator[Found]:
    clean = {curve.kind: curve for curve in curves.of("clean")}
    last = max((curve.x[-1] for curve in clean.values()), default=0)
    ended = {kind: curve.y[-1] for kind, curve in clean.items() if curve.x[-1] == last and isfinite(curve.y[-1])}
    errors = [f"{in_words(ended[kind])} % {words}" for kind, words in kinds.items() if kind in ended]
    if len(errors) > 1:
        yield Found(name, f"{opening} after {last:g} updates, clean training error: {', '.join(errors)}.")
