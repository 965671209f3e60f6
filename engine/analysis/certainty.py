"""How sure the finding of a race is: a few words, and a sentence on why, or on what would settle it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from engine.analysis.comparison import (
    MIN_STEP,
    MIN_STEPS,
    ComparedRun,
    common_step,
    compared,
    first_step,
    is_early,
    pairs,
    still_trains,
)
from engine.analysis.evidence import BY_ONE_ERROR, at_rates, few, joined, more_seeds
from engine.analysis.numbers import ends
from engine.analysis.verdict import LEVEL, MARGIN, Finding, Judgement, Verdict
from engine.events import ENDED, RunState

#: The error that counts at the end. The chart marks it ○, at the name of each curve.
_AT_END = "Training error measured at the end (clean)"
#: Kinds of certainty: the race trains, one seed shows it, several seeds show it, nothing may be concluded.
TRAINING, DEMONSTRATION, RESOLVED, OPEN = "training", "demonstration", "resolved", "open"


@dataclass(frozen=True, slots=True)
class Certainty:
    """A few words that do without colour, their kind, and why."""

    label: str = ""
    kind: str = OPEN
    why: str = ""


def certainty(runs: Sequence[ComparedRun], judgement: Judgement) -> Certainty:
    """Return how sure the finding about the first shortcut type is."""
    if not judgement.findings or is_early(runs):
        return _without_figures(runs)
    head = judgement.findings[0]
    seeds, bounds, rates = head.training.seeds, _interval(head), at_rates(head)
    after = f"after {common_step(runs):,} steps"
    match head.verdict:
        case Verdict.PROVISIONAL if still_trains(runs):
            of = f"{common_step(runs):,} of {min(run.total_steps for run in compared(runs)):,}"
            why = f"Running training error at step {of}{bounds}. Conclusions come at the end."
            return Certainty(_going_on(runs), TRAINING, why)
        case Verdict.PROVISIONAL:
            why = f"Running training error{bounds}. The compared runs did not all finish the same steps."
            return Certainty("No conclusion: runs ended early", OPEN, why)
        case Verdict.TOO_FEW_STEPS:
            return Certainty("Too short to conclude", OPEN, f"{_AT_END}{bounds}. A conclusion takes {MIN_STEPS} steps.")
        case Verdict.ONE_SEED:
            others = "Other seeds may differ" if head.tuned else "Other seeds and rates may differ"
            return Certainty("One seed: a demonstration", DEMONSTRATION, f"{_AT_END}, {after}{rates}. {others}.")
        case Verdict.DISAGREE:
            return Certainty("No conclusion: the errors disagree", OPEN, joined(_by_both(head), _seeds(head)))
        case Verdict.DEEPEST_LOST:
            why = f"{_AT_END}, {after}{bounds}. What a deeper net would show is open."
            return Certainty("No conclusion: the deepest net was lost", OPEN, why)
        case Verdict.OVERFITTING:
            both = f"95 % intervals {_ends(head)} in training, {_test_ends(head)} on the full test set"
            return Certainty(f"{seeds} seeds: resolved", RESOLVED, f"Overfitting, not degradation{rates}: {both}.")
        case Verdict.NOT_RESOLVED:
            why = joined(_by_both(head) or _by_seeds(head), _seeds(head))
            return Certainty(f"{seeds} seeds: not resolved", OPEN, why)
    named = BY_ONE_ERROR[head.by_clean]
    drawn = f"{named.capitalize()}{rates}. {_AT_END}, {after}{bounds}."
    why = joined(drawn, _cure(judgement), _open(judgement))
    return Certainty(f"{seeds} seeds: resolved", RESOLVED, why)


def _without_figures(runs: Sequence[ComparedRun]) -> Certainty:
    """Return why a race has no finding yet, or none at all."""
    possible = pairs(runs)
    if not possible and (own := [run for run in runs if run.differs]):
        label = f"No conclusion: {'a run was' if len(own) == 1 else 'runs were'} changed"
        return Certainty(label, OPEN, "A changed run is an arm of its own, no seed of its arm.")
    if not possible:
        return Certainty(
            "No conclusion", OPEN, "A comparison takes two depths of one shortcut type, with the same seed."
        )
    if still_trains(runs) and any(pair.planned >= MIN_STEP for pair in possible):
        why = "Deeper nets start slower, so early differences mislead." if is_early(runs) else ""
        return Certainty(_going_on(runs), TRAINING, why)
    if is_early(runs):
        return Certainty("Too short to compare", OPEN, f"A comparison takes {first_step(runs):,} steps of every run.")
    return Certainty(
        "No conclusion: errors are missing", OPEN, "The compared runs have no errors at their last common step."
    )


def _going_on(runs: Sequence[ComparedRun]) -> str:
    states = {run.state for run in runs if run.state not in ENDED and not run.differs}
    if states == {RunState.PAUSED}:
        return "Paused"
    return "Still training" if any(run.step for run in runs) else "Waiting to start"


def _interval(finding: Finding) -> str:
    return f", 95 % interval {_ends(finding)} points" if finding.training.seeds > 1 else ""


def _ends(finding: Finding) -> str:
    return ends(finding.training.low, finding.training.high)


def _test_ends(finding: Finding) -> str:
    return ends(finding.test.low, finding.test.high) if finding.test else ""


def _by_both(finding: Finding) -> str:
    """Return what each training error would say alone, '' where they say the same."""
    if finding.by_running == finding.by_clean:
        return ""
    running = f" ({ends(finding.running.low, finding.running.high)})" if finding.running else ", not measured"
    clean = f"{BY_ONE_ERROR[finding.by_clean]} ({_ends(finding)})"
    return f"At the end: {clean}. In the last steps: {BY_ONE_ERROR[finding.by_running]}{running}."


def _by_seeds(finding: Finding) -> str:
    """Return why seeds that may all point one way are too few: their range, and what their interval holds."""
    values, gap = finding.training.values, finding.gap
    each = f"({ends(min(values), max(values))} points)"
    same = all(value * gap > 0 for value in values)
    seeds = f"{'Worse' if gap > 0 else 'Better'} in each seed {each}, but" if same else f"The seeds disagree {each}:"
    holds = "still holds 0"
    if finding.short_of_holm:
        holds = "is not enough after Holm's correction"
    elif abs(gap) < LEVEL:
        holds = f"reaches beyond {MARGIN:g} point"
    return f"{seeds} the 95 % interval, {_ends(finding)}, {holds}."


def _seeds(finding: Finding) -> str:
    """Return how many seeds would resolve a finding, '' where seeds are not what is missing."""
    words = more_seeds(finding)
    return f"{words[0].upper()}{words[1:]}." if Verdict.NOT_RESOLVED in (finding.by_clean, finding.by_running) else ""


def _cure(judgement: Judgement) -> str:
    """Return what shortcuts take away of the plain gap, '' for several types: the evidence has them."""
    if len(judgement.cures) != 1 or judgement.findings[0].gap < MARGIN:
        return ""
    (cure,) = judgement.cures
    if cure.difference.seeds < 2:
        return ""
    found, doubt = cure.difference, "" if cure.resolved else ", not resolved"
    if found.mean < 0:
        found = replace(found, mean=-found.mean, low=-(found.high or 0), high=-(found.low or 0))
        return f"Shortcuts add {found.mean:.1f} points ({ends(found.low, found.high)}){doubt}."
    return f"Shortcuts take away {found.mean:.1f} points ({ends(found.low, found.high)}){doubt}."


def _open(judgement: Judgement) -> str:
    """Say of which other types it is open whether the deeper net is worse."""
    resolved = {Verdict.DEGRADATION, Verdict.DEGRADATION_AT_RATE, Verdict.NO_DEGRADATION, Verdict.OVERFITTING}
    left = [each for each in judgement.findings if each.verdict not in resolved]
    pairs_left = [f"{each.deep.arm} is worse than {each.shallow.arm}" for each in left[:1]]
    pairs_left += [f"{each.deep.arm} than {each.shallow.arm}" for each in left[1:]]
    return f"Not resolved: whether {few(pairs_left)}." if left else ""
