"""The finding of a race in one or two short sentences, in words that anyone understands. Pure."""

from collections.abc import Sequence

from engine.analysis.comparison import MIN_STEP, ComparedRun, common_step, first_step, is_early, pairs, still_trains
from engine.analysis.evidence import few, joined
from engine.analysis.verdict import LEVEL, MARGIN, Finding, Verdict
from engine.events import ENDED
from engine.models.arm_names import by_blocks, is_off, is_plain, variant_name

_CURES = "With shortcuts"


def headline(runs: Sequence[ComparedRun], findings: Sequence[Finding]) -> str:
    """Return the finding about the first shortcut type, then those about the others."""
    if not (possible := pairs(runs)):
        several = len({(run.shortcut, run.depth) for run in runs}) > len({run.shortcut for run in runs})
        return (
            "No two depths are left to compare." if several else "Each shortcut type has one depth: nothing to compare."
        )
    if all(pair.planned < MIN_STEP for pair in possible):
        return f"Runs of fewer than {MIN_STEP} steps are not compared."
    if is_early(runs):
        return _before(runs, first_step(runs))
    if not findings:
        return "No figures to compare yet."
    return by_blocks(joined(_finding(runs, findings[0]), _others(*findings)))


def _before(runs: Sequence[ComparedRun], step: int) -> str:
    """Return what stands in place of a finding: a text without the runs' steps, which would flicker."""
    if not still_trains(runs):
        return f"The race ended early: a comparison takes {step:,} steps."
    if any(all(run.state in ENDED for run in pair) for pair in pairs(runs)):
        return f"Further runs have begun. The comparison goes on at step {step:,}."
    begun = "Training has begun" if any(run.step for run in runs) else "The race waits to start"
    return f"{begun}. The comparison starts at step {step:,}."


def _finding(runs: Sequence[ComparedRun], head: Finding) -> str:
    learns = _learns(head)
    match head.verdict:
        case Verdict.PROVISIONAL if still_trains(runs):
            return f"So far {learns}."
        case Verdict.PROVISIONAL | Verdict.TOO_FEW_STEPS:
            return f"After {common_step(runs):,} steps {learns}."
        case Verdict.DISAGREE if head.running is None:
            return f"{learns} when measured at the end. The running error was not recorded."
        case Verdict.DISAGREE if head.running:
            linked = "and" if head.gap * head.running.mean > 0 and abs(head.running.mean) >= LEVEL else "but"
            by_steps = f"{_apart(head.running.mean)} by the last training steps"
            return f"{learns} when measured at the end, {linked} {by_steps}."
        case Verdict.DEEPEST_LOST:
            return f"{learns}, but no run of {few(head.lost)} is left."
        case Verdict.OVERFITTING if head.test:
            return f"{learns}, but does {_apart(head.test.mean)} on test images."
        case Verdict.NO_DEGRADATION if head.gap >= LEVEL:
            return f"{learns}, less than the {MARGIN:g} point that counts."
        case Verdict.NOT_RESOLVED if abs(head.gap) < LEVEL:
            return f"{learns}, as far as {head.training.seeds} seeds show."
        case Verdict.NOT_RESOLVED:
            return f"{learns}, but {head.training.seeds} seeds are too few to be sure."
    return f"{learns}."


def _others(head: Finding, *others: Finding) -> str:
    """Return the differences of the other types: of shortcuts beside plain nets, then of other plain nets."""
    if not is_plain(head.deep.shortcut):
        return _besides("Others", head, others)
    plain = [other for other in others if is_plain(other.deep.shortcut)]
    cures = [other for other in others if other not in plain]
    said = _besides(_CURES, head, cures)
    if cures and all(is_off(other.deep.shortcut) for other in cures):
        said = said.replace(_CURES, f"{_CURES} of strength 0", 1)
    return joined(said, _besides("Other plain nets", head, plain))


def _besides(lead: str, head: Finding, others: Sequence[Finding]) -> str:
    if len(others) > 1:
        return f"{lead}: {few([_named(other, head, brief=lead == _CURES) for other in others])}."
    if not others:
        return ""
    other = others[0]
    if lead != _CURES or _depths(other) != _depths(head):
        return f"{f'{_CURES} ' if lead == _CURES else ''}{_learns(other, 'learns')}."
    if abs(other.gap) < LEVEL:
        return f"{_CURES} both depths learn equally well."
    if other.gap < 0 or head.gap < LEVEL:
        return f"{_CURES} the deeper net is {_apart(other.gap)}."
    return f"{_CURES} the difference {'grows to' if _is_larger(other, head) else 'is'} {other.gap:.1f}."


def _named(other: Finding, head: Finding, *, brief: bool) -> str:
    """Return a type and its difference: the number alone beside the one of plain nets."""
    same = _depths(other) == _depths(head)
    name = variant_name(other.deep.shortcut) if same else other.deep.arm
    if abs(other.gap) < LEVEL:
        return f"{name} level"
    if other.gap < 0 or head.gap < LEVEL or not brief:
        return f"{name} {abs(other.gap):.1f} {'worse' if other.gap > 0 else 'better'}"
    return f"{name} {other.gap:.1f}{' (larger)' if _is_larger(other, head) else ''}"


def _is_larger(other: Finding, head: Finding) -> bool:
    return other.gap >= head.gap + LEVEL


def _depths(finding: Finding) -> tuple[int, int]:
    return finding.deep.depth, finding.shallow.depth


def _learns(finding: Finding, learns: str = "learns its training images") -> str:
    level = abs(finding.gap) < LEVEL
    return f"{finding.deep.arm} {learns} {_apart(finding.gap)} {'as' if level else 'than'} {finding.shallow.arm}"


def _apart(gap: float) -> str:
    if abs(gap) < LEVEL:
        return "as well"
    return f"{abs(gap):.1f} points {'worse' if gap > 0 else 'better'}"
