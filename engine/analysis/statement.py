"""The sentences on top of the race page: first what may be concluded, then the evidence, never more than the data say.

The degradation gap (assets/docs/glossary.md) is that of ``engine.analysis.verdict``. The first sentence ends at the
first full stop that a space follows, and stands by itself: plain nets first, the other shortcut types after it. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import fmean

from engine.analysis.comparison import ComparedRun, by, pairs, taking_part
from engine.analysis.evidence import edges, evidence, joined, notes, several_seeds, too_early, too_few
from engine.analysis.verdict import LEVEL, Finding, RaceErrors, Relation, Verdict, findings
from engine.events import ENDED

#: These hold for a whole race, whatever the gap of a type is: they are not said again for its other types.
_OF_THE_RACE = {Verdict.TOO_FEW_STEPS, Verdict.ADD_SEEDS, Verdict.ADD_SEEDS_AND_TUNE}
#: The conclusion about the first shortcut type.
_HEADLINES = {
    Verdict.CHANGED: "No conclusion, runs were changed while they trained: {gap} in training error",
    Verdict.ADD_SEEDS: "Add seeds before you conclude: {gap} in training error",
    Verdict.ADD_SEEDS_AND_TUNE: "Add seeds and tune before you conclude: {gap} in training error",
    Verdict.DISAGREE: "No conclusion, the training errors disagree: {gap} in the clean one, {not_in_running}",
    Verdict.DEGRADATION: "Degradation{rates}: {gap} in training error, {bands}",
    Verdict.TUNE: "Tune before you conclude, {untuned}: {gap} in training error, {bands}",
    Verdict.DEEPEST_LOST: "No conclusion, {lost}: {gap} in training error, {bands}",
    Verdict.OVERFITTING: "Overfitting, not degradation{rates}: {gap} in training error, {bands}, but {on_test}, where "
    "bands do not overlap",
    Verdict.NO_DEGRADATION: "No degradation{rates}: {gap} in training error, {bands}",
    Verdict.NO_DIFFERENCE: "No difference shown{rates}: {gap} in training error, {bands}",
}
#: The conclusion about a further type, behind its gap.
_IN_SHORT = {
    Verdict.CHANGED: ", no conclusion after a change",
    Verdict.DISAGREE: " in the clean error, {not_in_running}: no conclusion",
    Verdict.DEGRADATION: ", {bands}: degradation{rates}",
    Verdict.TUNE: ", {bands}: tune before you conclude",
    Verdict.DEEPEST_LOST: ", {bands}, but {lost}: no conclusion",
    Verdict.OVERFITTING: ", {bands}, but {on_test}, bands do not overlap: overfitting{rates}",
    Verdict.NO_DEGRADATION: ", {bands}: no degradation{rates}",
    Verdict.NO_DIFFERENCE: ", {bands}: no difference shown{rates}",
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """The mean gap of one shortcut type in points, and the ends of its interval, None while there is none."""

    shortcut: str
    deep: int
    shallow: int
    seeds: int
    gap: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Cure:
    """What shortcuts take away of the plain gap: the mean per-seed difference of both gaps in points."""

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


def conclude(runs: Sequence[ComparedRun], errors: RaceErrors) -> Conclusion:
    """Return what may be said of a race: a few true sentences, the first of them the conclusion.

    ``errors``: those of the compared runs at ``common_step(runs)``. A run without an error takes no part.
    """
    if not runs:
        return Conclusion(Verdict.NOTHING_TO_COMPARE, "")
    provisional = any(run.state not in ENDED for run in runs)
    all_findings = findings(runs, errors)
    if not all_findings:
        kind, reason = _nothing(runs)
        return Conclusion(kind, joined(reason, notes(runs)), provisional)
    head, *others = all_findings
    when = "At the end" if errors.at_end else "So far"
    text = joined(
        _headline(runs, head, errors),
        f"{when} {_clause(head)}." if head.verdict == Verdict.TOO_FEW_STEPS else "",
        _others(head, others, errors),
        evidence(runs, all_findings, errors),
        edges(all_findings),
        notes(runs),
    )
    comparisons = tuple(
        Comparison(finding.deep.shortcut, finding.deep.depth, finding.shallow.depth, len(finding.gaps), finding.gap)
        for finding in all_findings
    )
    return Conclusion(head.verdict, text, provisional, comparisons, _cure(all_findings))


def _nothing(runs: Sequence[ComparedRun]) -> tuple[Verdict, str]:
    """Return why a race without a finding has none."""
    by_type = by(runs, attrgetter("shortcut")).values()
    if all(len({run.depth for run in of_type}) < 2 for of_type in by_type):
        return Verdict.NOTHING_TO_COMPARE, "One depth per shortcut type: there is no degradation gap to state."
    if not (possible := pairs(runs)):
        return Verdict.NOTHING_TO_COMPARE, "No shortcut type has two depths left to compare."
    if not taking_part(runs):
        return Verdict.TOO_EARLY, too_early(possible, seeds_named=several_seeds(runs))
    return Verdict.NO_FIGURES, "No figures to compare yet."


def _cure(all_findings: Sequence[Finding]) -> Cure | None:
    """Return the cure of the first type with shortcuts whose depths are those of the plain nets, None without one."""
    plain = next((finding for finding in all_findings if finding.deep.plain), None)
    others = [
        finding for finding in all_findings if plain and not finding.deep.plain and _depths(finding) == _depths(plain)
    ]
    if plain is None or not others:
        return None
    gaps = {pair.deep.seed: gap for pair, gap in zip(others[0].pairs, others[0].gaps, strict=True)}
    differences = [
        gap - gaps[pair.deep.seed] for pair, gap in zip(plain.pairs, plain.gaps, strict=True) if pair.deep.seed in gaps
    ]
    return Cure(fmean(differences), None, None, len(differences)) if differences else None


def _depths(finding: Finding) -> tuple[int, int]:
    return finding.deep.depth, finding.shallow.depth


def _headline(runs: Sequence[ComparedRun], head: Finding, errors: RaceErrors) -> str:
    """Return the conclusion about one shortcut type."""
    if head.verdict == Verdict.TOO_FEW_STEPS:
        return too_few(runs)
    return f"{_HEADLINES[head.verdict].format(gap=_clause(head), **_parts(head, errors, ' of {} seeds'))}."


def _others(head: Finding, others: Sequence[Finding], errors: RaceErrors) -> str:
    """Return what is known of the other shortcut types, those with one conclusion together."""
    if not others:
        return ""
    alike = by(others, lambda other: _in_short(head, other, errors))
    parts = [f"{', '.join(_clause(other, '') for other in same)}{short}" for short, same in alike.items()]
    kind = "With shortcuts" if head.deep.plain and not any(other.deep.plain for other in others) else "Others"
    return f"{kind}: {'; '.join(parts)}."


def _in_short(head: Finding, other: Finding, errors: RaceErrors) -> str:
    """Return the conclusion about a further type in a few words, and how its gap compares with that of plain nets."""
    if other.verdict in _OF_THE_RACE:
        return "" if head.verdict in _OF_THE_RACE else ", add seeds"
    clause = _IN_SHORT[other.verdict].format(**_parts(other, errors, ""))
    if other.verdict in (Verdict.CHANGED, Verdict.DEEPEST_LOST):
        return clause
    if other.verdict == head.verdict != Verdict.OVERFITTING and _limits(other) == _limits(head):
        clause = ", likewise"
    elif other.verdict == Verdict.DISAGREE:
        return clause
    if head.deep.plain and not other.deep.plain and head.verdict in (Verdict.DEGRADATION, Verdict.TUNE):
        if other.smaller_than(head):
            clause += f", {'but ' if clause == ', likewise' else ''}a smaller gap"
        elif other.training == Relation.ABOVE and not head.smaller_than(other):
            clause += ", not shown to be smaller"
    return clause


def _parts(finding: Finding, errors: RaceErrors, of_seeds: str) -> dict[str, str]:
    """Return what the sentences about a shortcut type are made of."""
    one_rate = len({(run.lr, run.warmup_lr) for pair in finding.pairs for run in pair}) == 1
    running = "above" if finding.training == Relation.BELOW else "not shown"
    return {
        "bands": _bands(finding, of_seeds),
        "rates": _at_rates(finding),
        "untuned": "one learning rate for all" if one_rate else "rates are not tuned per arm",
        "lost": f"no run of {', '.join(finding.lost)} is left to compare",
        "not_in_running": f"{running} in the running one (batch-norm statistics, augmentation and images differ)",
        "on_test": _on_test(finding, errors) if finding.test_gaps else "",
    }


def _at_rates(finding: Finding) -> str:
    """Return the limit of a conclusion that lies in the rates, '' where each arm's lies inside its grid."""
    if not finding.tuned:
        rates = {run.lr for pair in finding.pairs for run in pair}
        return " at this learning rate" if len(rates) == 1 else " at these learning rates"
    return " at the rates tried" if finding.deep.at_edge or finding.shallow.at_edge else ""


def _limits(finding: Finding) -> tuple[str, str, str]:
    """Return what two types have in common when the words of one serve the other."""
    return finding.training, _bands(finding, ""), _at_rates(finding)


def _clause(finding: Finding, points: str = " points") -> str:
    return f"{finding.deep.arm} is {_apart(finding.gap, points)} {finding.shallow.arm}"


def _on_test(finding: Finding, errors: RaceErrors) -> str:
    where = "the full test set" if errors.at_end else f"the test subset at step {errors.test_step:,}"
    return f"{_apart(fmean(finding.test_gaps))} on {where}"


def _bands(finding: Finding, of: str) -> str:
    seeds = len(finding.gaps)
    if finding.training == Relation.OVERLAP:
        return f"bands{of.format(seeds)} overlap" if abs(finding.gap) >= LEVEL else f"less than {LEVEL:g} apart"
    few = ", which are few," if of and seeds == 2 else ""
    return f"bands{of.format(seeds)}{few} do not overlap"


def _apart(gap: float, points: str = "") -> str:
    if abs(gap) < LEVEL:
        return "level with"
    return f"{abs(gap):.1f}{points} {'above' if gap > 0 else 'below'}"
