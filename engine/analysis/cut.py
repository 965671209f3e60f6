"""What cutting the shortcuts of a trained net does, in one line: before the cut, after it, without it. Pure."""

from dataclasses import dataclass

from engine.analysis.certainty import DEMONSTRATION, Certainty
from engine.config import RUNNING_WINDOW

#: How sure the finding of a cut is, where a race compares nothing else.
CUT_CERTAINTY = Certainty(
    "One net: a demonstration", DEMONSTRATION, "Another seed, or another moment of the cut, may differ."
)


@dataclass(frozen=True, slots=True)
class CutNet:
    """A net whose shortcuts were cut after step ``at``; now it is at ``step``. Training errors in percent.

    ``before`` is the running error at the cut, ``now`` the present one, ``uncut`` that of the uncut net at the same
    step. ``ended``: both are the clean ones, as at the names of the curves. ``broken``: the net diverged or failed.
    """

    arm: str
    at: int
    step: int
    before: float | None = None
    now: float | None = None
    uncut: float | None = None
    broken: bool = False
    ended: bool = False


def cut_in_words(net: CutNet) -> str:
    """Return the sentences about a cut net. Errors come once the running mean holds steps after the cut alone."""
    opening = f"Shortcuts of {net.arm} cut at step {net.at:,}"
    if net.broken:
        return f"{opening}: training broke off at step {net.step:,}."
    if net.ended:
        uncut = "" if net.uncut is None else f" Uncut it ends at {net.uncut:.1f} %."
        return (
            f"Without its shortcuts, cut at step {net.at:,}, {net.arm} ends at {net.now:.1f} % training error.{uncut}"
        )
    if net.step - net.at < RUNNING_WINDOW or net.now is None:
        return f"{opening}: it trains on without them."
    before = f"{net.before:.0f} % before, " if net.before is not None else ""
    words = f"{opening}: training error {before}{net.now:.0f} % at step {net.step:,}."
    return f"{words} Uncut: {net.uncut:.0f} %." if net.uncut is not None else words
