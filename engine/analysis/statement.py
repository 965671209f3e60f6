"""The sentences on top of the race page: first what may be concluded, then the evidence, never more than the data say.

degradation gap = training error(deeper) - training error(shallower) within one shortcut type, in points: the running
training error (mean of the last 50 steps) while the race trains, the clean training error (fixed un-augmented subset,
eval mode) once every compared run has finished. Which runs are compared: ``engine.analysis.comparison``; what may be
concluded: ``engine.analysis.verdict``. The first sentence ends at the first full stop that a space follows, and stands
by itself: plain nets first, the other shortcut types after it. Pure: no I/O, no streamlit, no engine.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.analysis.comparison import MIN_STEPS, ComparedRun, pairs, taking_part
from engine.analysis.evidence import edges, evidence, joined, notes, several_seeds, too_early
from engine.analysis.interval import MAX_SEEDS, Interval, needed_seeds
from engine.analysis.verdict import (
    LEVEL,
    MARGIN,
    CureFinding,
    Finding,
    Judgement,
    RaceErrors,
    Verdict,
    judge,
)
from engine.events import ENDED

#: These hold for a whole race, whatever the gap of a type is: they are not said again for its other types.
_OF_THE_RACE = {Verdict.PROVISIONAL, Verdict.TOO_FEW_STEPS, Verdict.ONE_SEED}
#: What one training error alone would say.
_BY_ONE_ERROR = {
    Verdict.DEGRADATION: "says degradation",
    Verdict.NO_DEGRADATION: f"says no degradation beyond {MARGIN:g} point",
    Verdict.NOT_RESOLVED: "resolves nothing",
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
class Conclusion:
    """What may be said of a race: the verdict on its first shortcut type, the sentences, the figures behind them.

    ``provisional``: a run of the race has not ended.
    """

    kind: Verdict
    text: str
    provisional: bool = False
    comparisons: tuple[Comparison, ...] = ()
    cure: Cure | None = None


def statement(runs: Sequence[ComparedRun], errors: RaceErrors) -> str:
    """Return a few true sentences, the first of them the conclusion.

    ``errors``: those of the compared runs at ``common_step(runs)``. A run without an error takes no part.
    """
    return conclude(runs, errors).text


def conclude(runs: Sequence[ComparedRun], errors: RaceErrors) -> Conclusion:
    """Return what may be said of a race, with the same ``errors`` as ``statement``."""
    if not runs:
        return Conclusion(Verdict.NOTHING_TO_COMPARE, "")
    provisional = any(run.state not in ENDED for run in runs)
    judgement = judge(runs, errors)
    if not judgement.findings:
        kind, words = _nothing(runs)
        return Conclusion(kind, joined([words, notes(runs)]), provisional)
    head, *others = judgement.findings
    text = joined(
        [
            _headline(head),
            _cure(judgement),
            _others(head, others),
            evidence(runs, judgement.findings, errors),
            edges(judgement.findings),
            notes(runs),
        ]
    )
    comparisons = tuple(
        Comparison(
            one.deep.shortcut, one.deep.depth, one.shallow.depth, one.training.seeds, one.gap, one.training.low,
            one.training.high,
        )
        for one in judgement.findings
    )  # fmt: skip
    cure = next((Cure(d.mean, d.low, d.high, d.seeds) for d in (each.difference for each in judgement.cures)), None)
    return Conclusion(head.verdict, text, provisional, comparisons, cure)


def _nothing(runs: Sequence[ComparedRun]) -> tuple[Verdict, str]:
    """Return why a race without a finding has none."""
    depths: dict[str, set[int]] = {}
    for run in runs:
        depths.setdefault(run.shortcut, set()).add(run.depth)
    if all(len(of_type) < 2 for of_type in depths.values()):
        words = "One depth per shortcut type: there is no degradation gap to state."
        return Verdict.NOTHING_TO_COMPARE, words
    if not (possible := pairs(runs)):
        return Verdict.NOTHING_TO_COMPARE, "No shortcut type has two depths left to compare."
    if not taking_part(runs):
        return Verdict.TOO_EARLY, too_early(possible, seeds_named=several_seeds(runs))
    return Verdict.NO_FIGURES, "No figures to compare yet."


def _headline(head: Finding) -> str:
    """Return the conclusion about one shortcut type."""
    gap = _clause(head, " points", " in training error")
    match head.verdict:
        case Verdict.PROVISIONAL:
            return f"So far {gap}."
        case Verdict.TOO_FEW_STEPS:
            return f"Too few steps to conclude, which takes {MIN_STEPS}: {gap}."
        case Verdict.ONE_SEED:
            return f"One seed, a demonstration: {gap}."
        case Verdict.DISAGREE:
            return f"No conclusion, the training errors disagree: {_disagreement(head)}."
        case Verdict.DEGRADATION | Verdict.DEGRADATION_AT_RATE:
            return f"Degradation{_at_rates(head)}: {gap}."
        case Verdict.DEEPEST_LOST:
            return f"No conclusion, {_lost(head)}: {gap}."
        case Verdict.OVERFITTING:
            return f"Overfitting, not degradation{_at_rates(head)}: {gap}, but {_on_test(head)}."
        case Verdict.NO_DEGRADATION:
            return f"No degradation beyond {MARGIN:g} point{_at_rates(head)}: {gap}."
    return f"Not resolved yet: {gap}{_beside(head)}; {_resolving(head.training)}."


def _others(head: Finding, others: Sequence[Finding]) -> str:
    """Return what is known of the other shortcut types, those with one conclusion together."""
    if not others:
        return ""
    alike: dict[str, list[str]] = {}
    for other in others:
        alike.setdefault(_in_short(other), []).append(_clause(other))
    words = [f"{', '.join(clauses)}{short}" for short, clauses in alike.items()]
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
            return f", {_disagreement(other)}: no conclusion"
        case Verdict.DEGRADATION | Verdict.DEGRADATION_AT_RATE:
            return f": degradation{rates}"
        case Verdict.NO_DEGRADATION:
            return f": no degradation beyond {MARGIN:g} point{rates}"
    return f"{_beside(other)}: not resolved yet, {_resolving(other.training)}"


def _cure(judgement: Judgement) -> str:
    """Return by how much shortcuts shrink the gap of plain nets, once several seeds have ended."""
    plain = judgement.findings[0]
    if plain.verdict in _OF_THE_RACE or plain.gap < MARGIN:
        return ""
    words = [_taken_away(cure, len(judgement.cures) > 1) for cure in judgement.cures if cure.difference.seeds > 1]
    return " ".join(words)


def _taken_away(cure: CureFinding, named: bool) -> str:
    difference, which = cure.difference, f" {cure.shortcut}" if named else ""
    inside = _ends(difference)
    if difference.mean < 0:
        words = f"Shortcuts{which} add {-difference.mean:.1f} to {cure.of:.1f} points{inside}"
    else:
        words = f"Shortcuts{which} take away {difference.mean:.1f} of {cure.of:.1f} points{inside}"
    return f"{words}." if cure.resolved else f"{words}: not resolved yet."


def _resolving(gap: Interval) -> str:
    """Return how many seeds would probably resolve a gap."""
    counts = [needed_seeds(gap, gap.mean), needed_seeds(gap, MARGIN - gap.mean)]
    seeds = min((count for count in counts if count is not None), default=None)
    return f"about {seeds} seeds would probably do" if seeds else f"it would take more than {MAX_SEEDS} seeds"


def _beside(finding: Finding) -> str:
    """Name the running training error where it alone would lead to another verdict."""
    running = finding.running
    if running is None or finding.by_running == finding.by_clean:
        return ""
    return f", while the running one {_BY_ONE_ERROR[finding.by_running]} ({_signed(running.mean)}{_ends(running)})"


def _disagreement(finding: Finding) -> str:
    running = finding.running
    by_running = f"{_signed(running.mean)}{_ends(running)}" if running else "not measured"
    return (
        f"the clean one {_BY_ONE_ERROR[finding.by_clean]} ({_clause(finding)}), "
        f"the running one {_BY_ONE_ERROR[finding.by_running]} ({by_running})"
    )


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
    return "" if found.low is None or found.high is None else f" ({_signed(found.low)} to {_signed(found.high)})"


def _signed(points: float) -> str:
    return f"{points:.1f}".replace("-0.0", "0.0").replace("-", "−")


def _apart(gap: float, points: str = "") -> str:
    if abs(gap) < LEVEL:
        return "level with"
    return f"{abs(gap):.1f}{points} {'above' if gap > 0 else 'below'}"
