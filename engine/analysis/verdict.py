"""What may be concluded from a race, by a fixed rule. Pure.

Source: assets/docs/verdict.md says what a band is, and holds the rule as a table with its reasons.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean

from engine.analysis.comparison import (
    ComparedRun,
    Pair,
    at_the_end,
    by,
    common_step,
    compared,
    conclusive_step,
    is_left_out,
    taking_part,
)

#: Differences below this many points are shown as 0.0.
LEVEL = 0.05
#: Fewer seeds have no band.
MIN_SEEDS = 2

#: Errors in percent by run and step.
Curves = Mapping[int, Mapping[int, float]]


class Relation(StrEnum):
    """How the deeper arm's band lies to the shallower one's; ``UNKNOWN``: fewer than two seeds, or no errors."""

    ABOVE = "above"
    BELOW = "below"
    OVERLAP = "overlap"
    UNKNOWN = "unknown"


class Verdict(StrEnum):
    """What may be concluded, one word each; the sentences are in ``engine.analysis.statement``.

    The first three are those of a race in which no pair of depths has errors: ``decide`` is not asked.
    """

    NOTHING_TO_COMPARE = "nothing to compare"
    TOO_EARLY = "too early"
    NO_FIGURES = "no figures"
    TOO_FEW_STEPS = "too few steps"
    CHANGED = "changed"
    ADD_SEEDS = "add seeds"
    ADD_SEEDS_AND_TUNE = "add seeds and tune"
    DISAGREE = "errors disagree"
    DEGRADATION = "degradation"
    TUNE = "tune"
    DEEPEST_LOST = "deepest arm lost"
    OVERFITTING = "overfitting"
    NO_DEGRADATION = "no degradation"
    NO_DIFFERENCE = "no difference shown"


@dataclass(frozen=True, slots=True)
class RaceErrors:
    """Errors in percent by run, each kind at one step for all runs; a run without a finite one is left out.

    ``at_end``: the race has ended, so clean errors count and ``test`` is the full test set; else running ones count,
    and ``clean`` and ``test`` are those of the last evaluation that all compared runs have had, at ``test_step``,
    unless it lies before half of the common step.
    """

    running: Mapping[int, float] = field(default_factory=dict)
    clean: Mapping[int, float] = field(default_factory=dict)
    test: Mapping[int, float] = field(default_factory=dict)
    at_end: bool = False
    test_step: int = 0

    @property
    def training(self) -> Mapping[int, float]:
        """The training error that counts now."""
        return self.clean if self.at_end else self.running


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one shortcut type: ``gaps`` in points, deep minus shallow, one per compared seed.

    ``test_gaps`` likewise, empty unless every one of these seeds has test errors. ``left_out``: a run of the type broke
    or halted too early to be compared. ``lost``: the arms of the type that are deeper still and have no run left.
    """

    pairs: tuple[Pair, ...]
    gaps: tuple[float, ...]
    training: Relation
    verdict: Verdict
    test_gaps: tuple[float, ...] = ()
    left_out: bool = False
    lost: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """The mean over seeds."""
        return fmean(self.gaps)

    @property
    def deep(self) -> ComparedRun:
        """One run of the deepest arm."""
        return self.pairs[0].deep

    @property
    def shallow(self) -> ComparedRun:
        """One run of the shallowest arm."""
        return self.pairs[0].shallow

    @property
    def tuned(self) -> bool:
        """Whether every compared run trains at the rate that was best for its arm."""
        return all(run.tuned for pair in self.pairs for run in pair)

    def smaller_than(self, other: "Finding") -> bool:
        """Whether the gap of every seed here is below the gap of every seed there, with at least two seeds of both."""
        return min(len(self.gaps), len(other.gaps)) >= MIN_SEEDS and max(self.gaps) < min(other.gaps)


def race_errors(runs: Sequence[ComparedRun], running: Curves, clean: Curves, test: Curves) -> RaceErrors:
    """Return the errors that count now.

    Args: finite errors of the compared runs by run and step, up to their common step; ``test`` is that of the subset,
    at the end that of the full test set.
    """
    step = common_step(runs)
    now = _errors_at(running, step)
    if at_the_end(runs):
        return RaceErrors(now, _errors_at(clean, step), _errors_at(test, step), at_end=True, test_step=step)
    evaluated = [{*clean.get(run.run, ())} & {*test.get(run.run, ())} for run in compared(runs)]
    last = max(set.intersection(*evaluated) if evaluated else (), default=0)
    # An evaluation of the beginning says nothing of now.
    if step < needed_steps(runs) or 2 * last < step:
        return RaceErrors(now)
    return RaceErrors(now, _errors_at(clean, last), _errors_at(test, last), test_step=last)


def _errors_at(curves: Curves, step: int) -> dict[int, float]:
    return {run: errors[step] for run, errors in curves.items() if step in errors}


def needed_steps(runs: Sequence[ComparedRun]) -> int:
    """Return the common step from which on something may be concluded."""
    return conclusive_step(taking_part(runs))


def relation(deep: Sequence[float], shallow: Sequence[float]) -> Relation:
    """Return how the band of ``deep`` lies to that of ``shallow``, one error per seed each."""
    if min(len(deep), len(shallow)) < MIN_SEEDS:
        return Relation.UNKNOWN
    if abs(fmean(deep) - fmean(shallow)) < LEVEL:
        return Relation.OVERLAP
    if min(deep) > max(shallow):
        return Relation.ABOVE
    return Relation.BELOW if max(deep) < min(shallow) else Relation.OVERLAP


@dataclass(frozen=True, slots=True)
class Observation:
    """What the rule looks at, of one shortcut type. ``gap`` in points; ``lost``: a still deeper arm has no run left."""

    enough_steps: bool
    changed: bool
    seeds: int
    gap: float
    tuned: bool
    at_end: bool
    running: Relation
    clean: Relation
    test: Relation
    lost: bool = False

    @property
    def training(self) -> Relation:
        """The relation in the training error that counts now."""
        return self.clean if self.at_end else self.running


def decide(observed: Observation) -> Verdict:
    """Return the first verdict that fits, in the order of the table in assets/docs/verdict.md."""
    if not observed.enough_steps:
        return Verdict.TOO_FEW_STEPS
    if observed.changed:
        return Verdict.CHANGED
    if observed.seeds < MIN_SEEDS:
        return Verdict.ADD_SEEDS_AND_TUNE if observed.gap >= LEVEL and not observed.tuned else Verdict.ADD_SEEDS
    disagree = (observed.clean == Relation.ABOVE) != (observed.running == Relation.ABOVE)
    if observed.at_end and disagree and observed.clean != Relation.OVERLAP:
        return Verdict.DISAGREE
    if observed.training == Relation.ABOVE:
        return Verdict.DEGRADATION if observed.tuned else Verdict.TUNE
    if observed.lost:
        return Verdict.DEEPEST_LOST
    if observed.test == Relation.ABOVE and not {observed.running, observed.clean} & {Relation.ABOVE, Relation.UNKNOWN}:
        return Verdict.OVERFITTING
    return Verdict.NO_DEGRADATION if observed.training == Relation.BELOW else Verdict.NO_DIFFERENCE


def findings(runs: Sequence[ComparedRun], errors: RaceErrors) -> list[Finding]:
    """Return what is known of every shortcut type that has figures to compare, plain ones first."""
    measured = [
        pair for pair in taking_part(runs) if all(math.isfinite(errors.training.get(run.run, math.nan)) for run in pair)
    ]
    enough = common_step(runs) >= needed_steps(runs)
    by_type = by(measured, lambda pair: pair.deep.shortcut)
    results = [_finding(runs, of_type, errors, enough) for of_type in by_type.values()]
    return sorted(results, key=lambda finding: not finding.deep.plain)


def _finding(runs: Sequence[ComparedRun], pairs: Sequence[Pair], errors: RaceErrors, enough: bool) -> Finding:
    both = [run for pair in pairs for run in pair]
    running, clean, test = (_errors(pairs, kind) for kind in (errors.running, errors.clean, errors.test))
    gaps = _gaps(clean if errors.at_end else running)
    of_type = [run for run in runs if run.shortcut == both[0].shortcut]
    lost = tuple(dict.fromkeys(run.arm for run in of_type if run.depth > pairs[0].deep.depth))
    observed = Observation(
        enough_steps=enough,
        changed=any(run.changed for run in both),
        seeds=len(pairs),
        gap=fmean(gaps),
        tuned=all(run.tuned for run in both),
        at_end=errors.at_end,
        running=relation(*running),
        clean=relation(*clean),
        test=relation(*test),
        lost=bool(lost),
    )
    left_out = any(is_left_out(run, compared(runs)) for run in of_type)
    return Finding(tuple(pairs), gaps, observed.training, decide(observed), _gaps(test), left_out, lost)


def _errors(pairs: Sequence[Pair], kind: Mapping[int, float]) -> tuple[list[float], list[float]]:
    """Return the errors of the deep and of the shallow runs by seed; nothing unless all of them are there."""
    deep, shallow = ([kind.get(run.run, math.nan) for run in runs] for runs in zip(*pairs, strict=True))
    return (deep, shallow) if all(map(math.isfinite, [*deep, *shallow])) else ([], [])


def _gaps(errors: tuple[list[float], list[float]]) -> tuple[float, ...]:
    return tuple(deep - shallow for deep, shallow in zip(*errors, strict=True))
