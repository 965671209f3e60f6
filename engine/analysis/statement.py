"""The sentences on top of the race page: first what may be concluded, then the evidence, never more than the data say.

The degradation gap (assets/docs/glossary.md) is that of ``engine.analysis.verdict``. The first sentence ends at the
first full stop that a space follows, and stands by itself: plain nets first, the other shortcut types after it. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

from engine.analysis.comparison import (
    MIN_STEPS,
    ComparedRun,
    by,
    common_step,
    compared,
    pairs,
    still_trains,
    taking_part,
)
from engine.analysis.evidence import edges, evidence, joined, notes, several_seeds, too_early
from engine.analysis.interval import MAX_SEEDS, Interval
from engine.analysis.numbers import signed
from engine.analysis.verdict import (
    LEVEL,
    MARGIN,
    CureFinding,
    Finding,
    Judgement,
    RaceErrors,
    Verdict,
    judge,
    seeds_that_would_do,
)

#: These hold for a whole race, whatever the gap of a type is: they are not said again for its other types.
_OF_THE_RACE = {Verdict.PROVISIONAL, Verdict.TOO_FEW_STEPS, Verdict.ONE_SEED}
#: What one training error alone would say.
_BY_ONE_ERROR = {
    Verdict.DEGRADATION: "degradation",
    Verdict.NO_DEGRADATION: f"no degradation beyond {MARGIN:g} point",
    Verdict.NOT_RESOLVED: "not resolved",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The mean gap of one shortcut type in points, and the ends of its 95 % interval, None with one seed."""

    shortcut: str
    deep: int
    shallow: int
    seeds: int
    gap: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Cure:
    """What shortcuts take away of the plain gap: the mean per-seed difference of both gaps in points.

    ``low`` and ``high`` end its 95 % interval, None with one seed.
    """

    gap: float
    low: float | None
    high: float | None
    seeds: int


@dataclass(frozen=True, slots=True)
class GapFacts:
    """What the chart of gaps says beside its curves.

    The gaps are those of ``comparisons`` at ``step``, in clean training error where ``at_end``, else in the running
    one. ``cure`` names every cure, '' where there is none.
    """

    step: int
    at_end: bool
    cure: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What may be said of a race: the verdict on its first shortcut type, the sentences, the figures behind them.

    ``provisional``: a run of the race has not ended, those aside that were changed while they trained. ``needed_seeds``
    would probably resolve an open verdict; None where it is not open, or where more would not do.
    """

    kind: Verdict
    text: str
    provisional: bool = False
    comparisons: tuple[Comparison, ...] = ()
    cure: Cure | None = None
    facts: GapFacts | None = None
    needed_seeds: int | None = None


def statement(runs: Sequence[ComparedRun], errors: RaceErrors) -> str:
    """Return a few true sentences, the first of them the conclusion.

    ``errors``: those of the compared runs at ``common_step(runs)``. A run without an error takes no part.
    """
    return conclude(runs, errors).text


def conclude(runs: Sequence[ComparedRun], errors: RaceErrors) -> Conclusion:
    """Return what may be said of a race, with the same ``errors`` as ``statement``."""
    if not runs:
        return Conclusion(Verdict.NOTHING_TO_COMPARE, "")
    provisional = still_trains(runs)
    judgement = judge(runs, errors)
    if not judgement.findings:
        kind, words = _nothing(runs)
        return Conclusion(kind, joined(words, notes(runs)), provisional)
    head, *others = judgement.findings
    text = joined(
        _headline(runs, judgement),
        _others(head, others),
        evidence(runs, judgement, errors),
        edges(judgement.findings),
        notes(runs),
    )
    comparisons = tuple(
        Comparison(
            one.deep.shortcut, one.deep.depth, one.shallow.depth, one.training.seeds, one.gap, one.training.low,
            one.training.high,
        )
        for one in judgement.findings
    )  # fmt: skip
    cure = next((Cure(d.mean, d.low, d.high, d.seeds) for d in (each.difference for each in judgement.cures)), None)
    facts = GapFacts(common_step(runs), errors.at_end, _cure_text(judgement), comparisons)
    needed = seeds_that_would_do(head) if head.verdict in (Verdict.NOT_RESOLVED, Verdict.DISAGREE) else None
    return Conclusion(head.verdict, text, provisional, comparisons, cure, facts, needed)


def _cure_text(judgement: Judgement) -> str:
    named = len(judgement.cures) > 1
    parts = []
    for cure in judgement.cures:
        found = cure.difference
        doubt = ", one seed" if found.seeds == 1 else "" if cure.resolved else ", not resolved"
        parts.append(f"{f'{cure.shortcut} ' if named else ''}{signed(found.mean)} points{_ends(found)}{doubt}")
    return f"cure {'; '.join(parts)}" if parts else ""


def _nothing(runs: Sequence[ComparedRun]) -> tuple[Verdict, str]:
    """Return why a race without a finding has none."""
    if all(len({run.depth for run in of_type}) < 2 for of_type in by(runs, attrgetter("shortcut")).values()):
        words = "One depth per shortcut type: there is no degradation gap to state."
        return Verdict.NOTHING_TO_COMPARE, words
    if not (possible := pairs(runs)):
        return Verdict.NOTHING_TO_COMPARE, "No shortcut type has two depths left to compare."
    if not taking_part(runs):
        return Verdict.TOO_EARLY, too_early(possible, seeds_named=several_seeds(runs))
    return Verdict.NO_FIGURES, "No figures to compare yet."


def _headline(runs: Sequence[ComparedRun], judgement: Judgement) -> str:
    """Return the conclusion about the first shortcut type, and by how much shortcuts shrink its gap."""
    head = judgement.findings[0]
    gap = _clause(head, " points", " in training error")
    cured = [_taken_away(cure, len(judgement.cures) > 1) for cure in _worth_naming(judgement)]
    apart = joined(*(f"S{cure[1:]}." for cure in cured))
    match head.verdict:
        case Verdict.PROVISIONAL if still_trains(runs):
            both = "both" if len(compared(runs)) == len(head.runs) else "all"
            return f"So far {gap} at step {common_step(runs):,}, where {both} are."
        case Verdict.PROVISIONAL:
            return f"No conclusion, the compared runs did not all finish the same steps: {gap}."
        case Verdict.TOO_FEW_STEPS:
            return f"Too few steps to conclude, which takes {MIN_STEPS}: {gap}."
        case Verdict.ONE_SEED:
            return f"One seed, a demonstration: {gap}."
        case Verdict.DISAGREE:
            more = f"; {_resolving(head)}" if Verdict.NOT_RESOLVED in (head.by_clean, head.by_running) else ""
            return joined(f"No conclusion, the training errors disagree: {gap}{_by_both(head)}{more}.", apart)
        case Verdict.DEGRADATION | Verdict.DEGRADATION_AT_RATE:
            return f"Degradation{_at_rates(head)}: {'; '.join([gap, *cured])}."
        case Verdict.DEEPEST_LOST:
            return joined(f"No conclusion, {_lost(head)}: {gap}.", apart)
        case Verdict.OVERFITTING:
            return f"Overfitting, not degradation{_at_rates(head)}: {gap}, but {_on_test(head)}."
        case Verdict.NO_DEGRADATION:
            return f"No degradation beyond {MARGIN:g} point{_at_rates(head)}: {gap}."
    return joined(f"Not resolved yet: {gap}{_why_open(head)}; {_resolving(head)}.", apart)


def _others(head: Finding, others: Sequence[Finding]) -> str:
    """Return what is known of the other shortcut types, those with one conclusion together."""
    if not others:
        return ""
    alike = by(others, _in_short)
    words = [f"{', '.join(map(_clause, same))}{short}" for short, same in alike.items()]
    kind = "With shortcuts" if head.deep.plain and not any(other.deep.plain for other in others) else "Others"
    return f"{kind}: {'; '.join(words)}."


def _in_short(other: Finding) -> str:
    """Return the conclusion about a further type in a few words."""
    rates = _at_rates(other)
    match other.verdict:
        case verdict if verdict in _OF_THE_RACE:
            return ""
        case Verdict.DEEPEST_LOST:
            return f", but {_lost(other)}: no conclusion"
        case Verdict.OVERFITTING:
            return f", but {_on_test(other)}: overfitting{rates}"
        case Verdict.DISAGREE:
            return f"{_by_both(other)}: no conclusion"
        case Verdict.DEGRADATION | Verdict.DEGRADATION_AT_RATE:
            return f": degradation{rates}"
        case Verdict.NO_DEGRADATION:
            return f": no degradation beyond {MARGIN:g} point{rates}"
    return f"{_why_open(other)}: not resolved yet, {_resolving(other)}"


def _worth_naming(judgement: Judgement) -> list[CureFinding]:
    """Return the cures of several seeds, where plain nets have a gap that shortcuts could take away."""
    if judgement.findings[0].gap < MARGIN:
        return []
    return [cure for cure in judgement.cures if cure.difference.seeds > 1]


def _taken_away(cure: CureFinding, named: bool) -> str:
    difference, which = cure.difference, f" {cure.shortcut}" if named else ""
    if difference.mean < 0:
        added = replace(difference, mean=-difference.mean, low=-(difference.high or 0), high=-(difference.low or 0))
        words = f"shortcuts{which} add {added.mean:.1f} to {cure.of:.1f} points{_ends(added)}"
    else:
        words = f"shortcuts{which} take away {difference.mean:.1f} of {cure.of:.1f} points{_ends(difference)}"
    if cure.resolved:
        return words
    reason = " by both errors after Holm's correction" if difference.lies_above(0) or difference.lies_below(0) else ""
    return f"{words}, not resolved yet{reason}"


def _resolving(finding: Finding) -> str:
    seeds = seeds_that_would_do(finding)
    return f"about {seeds} seeds would probably do" if seeds else f"it would take more than {MAX_SEEDS} seeds"


def _by_both(finding: Finding) -> str:
    """Return what the clean training error would say alone, then what the running one would say."""
    running = f"{signed(finding.running.mean)}{_ends(finding.running)}" if finding.running else "not measured"
    return (
        f", {_BY_ONE_ERROR[finding.by_clean]} by the clean error, but {running}, {_BY_ONE_ERROR[finding.by_running]}, "
        "by the running one"
    )


def _why_open(finding: Finding) -> str:
    """Return why a gap is not resolved, where its interval does not say so."""
    if finding.by_running != finding.by_clean:
        return _by_both(finding)
    return ", not enough after Holm's correction" if finding.training.lies_above(0) else ""


def _at_rates(finding: Finding) -> str:
    """Return the limit of a conclusion that lies in the rates, '' where each arm's lies inside its grid."""
    if not finding.tuned:
        return " at one learning rate" if len({run.lr for run in finding.runs}) == 1 else " at these learning rates"
    return " at the rates tried" if finding.deep.at_edge or finding.shallow.at_edge else ""


def _lost(finding: Finding) -> str:
    return f"no run of {', '.join(finding.lost)} is left to compare"


def _clause(finding: Finding, points: str = "", what: str = "") -> str:
    where = _apart(finding.gap, points)
    return f"{finding.deep.arm} is {where} {finding.shallow.arm}{what}{_ends(finding.training)}"


def _on_test(finding: Finding) -> str:
    assert finding.test is not None
    return f"{_apart(finding.test.mean)} on the full test set{_ends(finding.test)}"


def _ends(found: Interval) -> str:
    """Return the ends of an interval in brackets, '' with one seed."""
    return "" if found.low is None or found.high is None else f" ({signed(found.low)} to {signed(found.high)})"


def _apart(gap: float, points: str = "") -> str:
    if abs(gap) < LEVEL:
        return "level with"
    return f"{abs(gap):.1f}{points} {'above' if gap > 0 else 'below'}"
