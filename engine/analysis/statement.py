"""The sentences on top of the race page: first what may be concluded, then the evidence, never more than the data say.

degradation gap = training error(deeper) - training error(shallower) within one shortcut type, in points: the running
training error (mean of the last 50 steps) while the race trains, the clean training error (fixed un-augmented subset,
eval mode) once every compared run has finished. Which runs are compared: ``engine.analysis.comparison``; what may be
concluded: ``engine.analysis.verdict``. The first sentence ends at the first full stop that a space follows, and stands
by itself: plain nets first, the other shortcut types after it. Pure: no I/O, no streamlit, no engine.
"""

from collections.abc import Sequence
from statistics import fmean

from engine.analysis.comparison import ComparedRun, pairs, taking_part
from engine.analysis.evidence import edges, evidence, grouped, joined, notes, several_seeds, too_early, too_few
from engine.analysis.verdict import LEVEL, Finding, RaceErrors, Relation, Verdict, findings

#: These hold for a whole race, whatever the gap of a type is: they are not said again for its other types.
_OF_THE_RACE = {Verdict.TOO_FEW_STEPS, Verdict.ADD_SEEDS, Verdict.ADD_SEEDS_AND_TUNE}


def statement(runs: Sequence[ComparedRun], errors: RaceErrors) -> str:
    """Return a few true sentences, the first of them the conclusion.

    ``errors``: those of the compared runs at ``common_step(runs)``. A run without an error takes no part.
    """
    if not runs:
        return ""
    remarks = notes(runs)
    depths = {shortcut: {r.depth for r in runs if r.shortcut == shortcut} for shortcut in {r.shortcut for r in runs}}
    if all(len(found) < 2 for found in depths.values()):
        return joined(["One depth per shortcut type: there is no degradation gap to state.", remarks])
    possible, taken = pairs(runs), taking_part(runs)
    if not possible:
        return joined(["No shortcut type has two depths left to compare.", remarks])
    if not taken:
        return joined([too_early(possible, seeds_named=several_seeds(runs)), remarks])
    found = findings(runs, errors)
    if not found:
        return joined(["No figures to compare yet.", remarks])
    return joined(
        [
            _headline(runs, found[0], errors),
            _so_far(found[0], errors) if found[0].verdict == Verdict.TOO_FEW_STEPS else "",
            _others(found[0], found[1:], errors),
            evidence(runs, found, errors),
            edges(found),
            remarks,
        ]
    )


def _headline(runs: Sequence[ComparedRun], head: Finding, errors: RaceErrors) -> str:
    """Return the conclusion about one shortcut type."""
    gap, bands = _clause(head), _bands(head)
    match head.verdict:
        case Verdict.TOO_FEW_STEPS:
            return too_few(runs)
        case Verdict.CHANGED:
            return f"No conclusion, runs were changed while they trained: {gap} in training error."
        case Verdict.ADD_SEEDS:
            return f"Add seeds before you conclude: {gap} in training error."
        case Verdict.ADD_SEEDS_AND_TUNE:
            return f"Add seeds and tune before you conclude: {gap} in training error."
        case Verdict.DISAGREE:
            return f"No conclusion, the training errors disagree: {gap} in the clean one, {_not_in_running(head)}."
        case Verdict.DEGRADATION:
            return f"Degradation{_at_rates(head)}: {gap} in training error, {bands}."
        case Verdict.TUNE:
            return f"Tune before you conclude, {_untuned(head)}: {gap} in training error, {bands}."
        case Verdict.DEEPEST_LOST:
            return f"No conclusion, {_lost(head)}: {gap} in training error, {bands}."
        case Verdict.OVERFITTING:
            return (
                f"Overfitting, not degradation{_at_rates(head)}: {gap} in training error, {bands}, but "
                f"{_on_test(head, errors)}, where bands do not overlap."
            )
        case Verdict.NO_DEGRADATION:
            return f"No degradation{_at_rates(head)}: {gap} in training error, {bands}."
    return f"No difference shown{_at_rates(head)}: {gap} in training error, {bands}."


def _others(head: Finding, others: Sequence[Finding], errors: RaceErrors) -> str:
    """Return what is known of the other shortcut types, those with one conclusion together."""
    if not others:
        return ""
    alike: dict[str, list[str]] = {}
    for other in others:
        alike.setdefault(_in_short(head, other, errors), []).append(_clause(other, ""))
    words = [f"{', '.join(clauses)}{short}" for short, clauses in alike.items()]
    kind = "With shortcuts" if head.deep.plain and not any(other.deep.plain for other in others) else "Others"
    return f"{kind}: {'; '.join(words)}."


def _in_short(head: Finding, other: Finding, errors: RaceErrors) -> str:
    """Return the conclusion about a further type in a few words, and how its gap compares with that of plain nets."""
    bands, rates = _bands(other, ""), _at_rates(other)
    match other.verdict:
        case Verdict.TOO_FEW_STEPS | Verdict.ADD_SEEDS | Verdict.ADD_SEEDS_AND_TUNE:
            return "" if head.verdict in _OF_THE_RACE else ", add seeds"
        case Verdict.CHANGED:
            return ", no conclusion after a change"
        case Verdict.DEEPEST_LOST:
            return f", {bands}, but {_lost(other)}: no conclusion"
        case Verdict.OVERFITTING:
            words = f"{bands}, but {_on_test(other, errors)}, bands do not overlap: overfitting{rates}"
        case verdict if verdict == head.verdict and _limits(other) == _limits(head):
            words = "likewise"
        case Verdict.DISAGREE:
            return f" in the clean error, {_not_in_running(other)}: no conclusion"
        case Verdict.DEGRADATION:
            words = f"{bands}: degradation{rates}"
        case Verdict.TUNE:
            words = f"{bands}: tune before you conclude"
        case Verdict.NO_DEGRADATION:
            words = f"{bands}: no degradation{rates}"
        case Verdict.NO_DIFFERENCE:
            words = f"{bands}: no difference shown{rates}"
    if head.deep.plain and not other.deep.plain and head.verdict in (Verdict.DEGRADATION, Verdict.TUNE):
        if other.smaller_than(head):
            words += f", {'but ' if words == 'likewise' else ''}a smaller gap"
        elif other.training == Relation.ABOVE and not head.smaller_than(other):
            words += ", not shown to be smaller"
    return f", {words}"


def _so_far(head: Finding, errors: RaceErrors) -> str:
    return f"{'At the end' if errors.at_end else 'So far'} {_clause(head)}."


def _at_rates(finding: Finding) -> str:
    """Return the limit of a conclusion that lies in the rates, '' where each arm's lies inside its grid."""
    if not finding.tuned:
        rates = {run.lr for pair in finding.pairs for run in (pair.deep, pair.shallow)}
        return " at this learning rate" if len(rates) == 1 else " at these learning rates"
    return " at the rates tried" if finding.deep.at_edge or finding.shallow.at_edge else ""


def _untuned(finding: Finding) -> str:
    both = [run for pair in finding.pairs for run in (pair.deep, pair.shallow)]
    one = len({(run.lr, run.warmup_lr) for run in both}) == 1
    return "one learning rate for all" if one else "rates are not tuned per arm"


def _lost(finding: Finding) -> str:
    return f"no run of {', '.join(finding.lost)} is left to compare"


def _limits(finding: Finding) -> tuple[str, str, str]:
    """Return what two types have in common when the words of one serve the other."""
    return finding.training, _bands(finding, ""), _at_rates(finding)


def _clause(finding: Finding, points: str = " points") -> str:
    return f"{finding.deep.arm} is {_apart(finding.gap, points)} {finding.shallow.arm}"


def _on_test(finding: Finding, errors: RaceErrors) -> str:
    where = "the full test set" if errors.at_end else f"the test subset at step {grouped(errors.test_step)}"
    return f"{_apart(fmean(finding.test_gaps))} on {where}"


def _bands(finding: Finding, of: str = " of {} seeds") -> str:
    seeds = len(finding.gaps)
    if finding.training == Relation.OVERLAP:
        return f"bands{of.format(seeds)} overlap" if abs(finding.gap) >= LEVEL else f"less than {LEVEL:g} apart"
    few = ", which are few," if of and seeds == 2 else ""
    return f"bands{of.format(seeds)}{few} do not overlap"


def _not_in_running(finding: Finding) -> str:
    there = "above" if finding.training == Relation.BELOW else "not shown"
    return f"{there} in the running one (batch-norm statistics, augmentation and images differ)"


def _apart(gap: float, points: str = "") -> str:
    if abs(gap) < LEVEL:
        return "level with"
    return f"{abs(gap):.1f}{points} {'above' if gap > 0 else 'below'}"
