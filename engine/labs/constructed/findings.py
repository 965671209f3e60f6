"""The findings of the lab ``constructed``. Torch-free."""

from collections.abc import Iterator
from math import isfinite

from engine.analysis.numbers import in_words
from engine.events import Found
from engine.labs.constructed.plan import GROWN, IDENTITY_START, RESIDUAL_GROWN, RESIDUAL_SCRATCH, SCRATCH, TRAINED_ON
from engine.labs.job_curves import JobCurves
from engine.labs.spec import FindingRule


def plain(curves: JobCurves) -> Iterator[Found]:
    """Yield the clean training errors of the deep plain net, grown and from scratch."""
    ended, updates = _ends(curves)
    if ended.keys() >= {GROWN, SCRATCH}:
        yield Found(
            "plain",
            f"After the same {updates:g} updates the deep plain net ends at {ended[GROWN]} % training error when grown "
            f"from the shallow one, at {ended[SCRATCH]} % from scratch.",
        )


def others(curves: JobCurves) -> Iterator[Found]:
    """Yield the clean training errors of the two controls without shortcuts."""
    ended, _ = _ends(curves)
    if IDENTITY_START in ended:
        yield Found("others", f"The deep plain net that starts as the identity ends at {ended[IDENTITY_START]} %.")
    if TRAINED_ON in ended:
        yield Found("others", f"The shallow plain net, simply trained on, ends at {ended[TRAINED_ON]} %.")


def residual(curves: JobCurves) -> Iterator[Found]:
    """Yield the clean training errors of the deep net with shortcuts, from scratch and grown."""
    ended, _ = _ends(curves)
    if ended.keys() >= {RESIDUAL_GROWN, RESIDUAL_SCRATCH}:
        yield Found(
            "residual",
            f"With shortcuts the deep net ends at {ended[RESIDUAL_SCRATCH]} % from scratch, at "
            f"{ended[RESIDUAL_GROWN]} % when grown.",
        )


RULES = (
    FindingRule("plain", ("clean",), plain),
    FindingRule("residual", ("clean",), residual),
    FindingRule("others", ("clean",), others),
)


def _ends(curves: JobCurves) -> tuple[dict[str, str], float]:
    """Return the last errors, in words, of the nets that came to the end, by kind; and the updates until then."""
    clean = {curve.kind: curve for curve in curves.of("clean")}
    last = max((curve.x[-1] for curve in clean.values()), default=0.0)
    ended = {kind: curve.y[-1] for kind, curve in clean.items() if curve.x[-1] == last and isfinite(curve.y[-1])}
    return {kind: in_words(error) for kind, error in ended.items()}, last
