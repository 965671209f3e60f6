"""What may be concluded from a race, by a fixed rule. Pure: no I/O, no streamlit, no engine.

Within a shortcut type the deepest arm is compared with the shallowest, seed by seed: both runs of a seed see the same
batches. The **gap** is the mean difference of their errors in points, deeper minus shallower, with its 95 % t interval
(``engine.analysis.interval``). A race compares the gap of every type, and the **cure**: by how much the gap of a type
with shortcuts is smaller than that of the plain nets. Gaps and cures count as different from zero after Holm's
correction over all comparisons of the race. The first line that fits is the verdict:

    provisional            a run of the race has not ended, or the compared ones did not finish the same steps
    too few steps          fewer than 200 steps
    one seed               a demonstration: nothing is concluded
    errors disagree        of clean and running training error one says degradation, the other does not
    degradation            the interval of the gap lies above zero
    deepest arm lost       a still deeper arm of the type has no run left, broken or halted: what it would show is open
    overfitting            the interval of the gap lies below the margin, and that of the test gap above zero
    no degradation         the interval of the gap lies below the margin
    not resolved           what is left, or one of the two training errors does not say so: more seeds resolve it

Degradation at rates that are not tuned per arm is a verdict of its own: the page says ``at one learning rate``.

Why 200 steps: short budgets show slow convergence. Both residual nets of the quick race still fall fast at step 100
(gap 7.0 points, 2.6 at step 200), and 200 is the first step for which gaps of several seeds are known.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from statistics import fmean

from engine.analysis.comparison import MIN_STEPS, ComparedRun, Pair, by, compared, is_left_out, taking_part
from engine.analysis.interval import CONFIDENCE, RESOLUTION, Interval, holm, interval, needed_seeds, p_value

#: Differences below this many points are called level, and no conclusion rests on them: evaluation in bf16 instead of
#: fp32 moves the error of one net by up to so much.
LEVEL = 0.2
#: Gaps below this many points are called none: two equal nets at 20 % error differ by 0.8 points (one standard error)
#: on 5,000 images of their own, and neighbouring depths of the paper's Table 6 by 0.3 to 1.2.
MARGIN = 1.0
#: Test gaps are a second look at a race: at this confidence both looks together call equal arms different in at most
#: 6 % of races.
TEST_CONFIDENCE = 0.99


class Verdict(StrEnum):
    """What may be concluded; the sentences are in ``engine.analysis.statement``.

    The first three are those of a race in which no pair of depths has errors.
    """

    NOTHING_TO_COMPARE = "nothing to compare"
    TOO_EARLY = "too early"
    NO_FIGURES = "no figures"
    PROVISIONAL = "provisional"
    TOO_FEW_STEPS = "too few steps"
    ONE_SEED = "one seed"
    DISAGREE = "errors disagree"
    DEGRADATION = "degradation"
    DEGRADATION_AT_RATE = "degradation at one learning rate"
    DEEPEST_LOST = "deepest arm lost"
    OVERFITTING = "overfitting"
    NO_DEGRADATION = "no degradation"
    NOT_RESOLVED = "not resolved"


@dataclass(frozen=True, slots=True)
class RaceErrors:
    """Errors in percent by run, each kind at one step for all runs; a run without a finite one is left out.

    ``at_end``: the race has ended, so clean errors count and ``test`` is that of the full test set; else the running
    errors count, and the others are empty. ``resolution`` is what one image of the smallest measured set moves, in
    points.
    """

    running: Mapping[int, float] = field(default_factory=dict)
    clean: Mapping[int, float] = field(default_factory=dict)
    test: Mapping[int, float] = field(default_factory=dict)
    at_end: bool = False
    resolution: float = RESOLUTION

    @property
    def training(self) -> Mapping[int, float]:
        """The training error that counts now."""
        return self.clean if self.at_end else self.running


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one shortcut type; gaps in points, one per compared seed.

    ``training`` is the gap in the training error that counts, ``by_running`` the verdict by the running error alone.
    ``test`` is None unless every one of these seeds has a test error. ``confidence``: with which a gap that is not
    shown yet has to differ from zero, after Holm's correction. ``left_out``: a run of the type broke or halted too
    early to be compared. ``lost``: the arms of the type that are deeper still and have no run left.
    """

    pairs: tuple[Pair, ...]
    training: Interval
    running: Interval | None
    test: Interval | None
    verdict: Verdict
    by_clean: Verdict
    by_running: Verdict
    confidence: float = CONFIDENCE
    left_out: bool = False
    lost: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """The mean over seeds."""
        return self.training.mean

    @property
    def deep(self) -> ComparedRun:
        """One run of the deepest arm."""
        return self.pairs[0].deep

    @property
    def shallow(self) -> ComparedRun:
        """One run of the shallowest arm."""
        return self.pairs[0].shallow

    @property
    def runs(self) -> tuple[ComparedRun, ...]:
        """The compared runs."""
        return tuple(run for pair in self.pairs for run in reversed(pair))

    @property
    def tuned(self) -> bool:
        """Whether every compared run trains at the rate that was best for its arm."""
        return all(run.tuned for run in self.runs)


@dataclass(frozen=True, slots=True)
class CureFinding:
    """By how much the gap of a type with shortcuts is smaller than that of the plain nets, in points.

    ``of`` is the mean gap of the plain nets of these seeds; ``resolved``: by both training errors it differs from zero,
    in the same direction.
    """

    shortcut: str
    of: float
    difference: Interval
    resolved: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is known of a race: its types, plain nets first, and its cures in the same order."""

    findings: tuple[Finding, ...]
    cures: tuple[CureFinding, ...] = ()

    @property
    def comparisons(self) -> int:
        """The number of differences that are held against zero together."""
        return len(self.findings) + len(self.cures)


def judge(runs: Sequence[ComparedRun], errors: RaceErrors) -> Judgement:
    """Return what is known of every shortcut type that has figures to compare, and of the cures."""
    measured = [
        pair for pair in taking_part(runs) if all(math.isfinite(errors.training.get(run.run, math.nan)) for run in pair)
    ]
    types = sorted(by(measured, lambda pair: pair.deep.shortcut).values(), key=lambda pairs: not pairs[0].deep.plain)
    gaps, shown, cures = _held_together(types, errors.training, errors.resolution)
    running, running_shown, running_cures = _held_together(types, errors.running, errors.resolution)
    unresolved = shown.count(False) + sum(not cure.resolved for cure in cures)
    tests = [_gaps(pairs, errors.test, errors.resolution) for pairs in types]
    test_shown = holm([p_value(test) if test else 1.0 for test in tests], TEST_CONFIDENCE)
    taken, found = compared(runs), []
    for index, (pairs, gap) in enumerate(zip(types, gaps, strict=True)):
        assert gap is not None
        of_type = [run for run in runs if run.shortcut == pairs[0].deep.shortcut]
        finding = Finding(
            tuple(pairs), gap, running[index], tests[index], Verdict.PROVISIONAL,
            by_training(gap, shown[index]), by_training(running[index], running_shown[index]),
            1 - (1 - CONFIDENCE) / max(1, unresolved),
            any(is_left_out(run, taken) for run in of_type),
            tuple(dict.fromkeys(run.arm for run in of_type if run.depth > pairs[0].deep.depth and not run.differs)),
        )  # fmt: skip
        found.append(replace(finding, verdict=decide(finding, errors, test_shown[index])))
    return Judgement(tuple(found), tuple(replace(cure, resolved=_is_resolved(cure, running_cures)) for cure in cures))


def decide(finding: Finding, errors: RaceErrors, worse_on_test: bool) -> Verdict:
    """Return the first verdict of the table above that fits."""
    if not errors.at_end:
        return Verdict.PROVISIONAL
    if min(run.step for run in finding.runs) < MIN_STEPS:
        return Verdict.TOO_FEW_STEPS
    if finding.training.seeds < 2:
        return Verdict.ONE_SEED
    if (finding.by_clean == Verdict.DEGRADATION) != (finding.by_running == Verdict.DEGRADATION):
        return Verdict.DISAGREE
    if finding.by_clean == Verdict.DEGRADATION:
        return Verdict.DEGRADATION if finding.tuned else Verdict.DEGRADATION_AT_RATE
    if finding.lost:
        return Verdict.DEEPEST_LOST
    if finding.by_running != finding.by_clean:
        return Verdict.NOT_RESOLVED
    if finding.by_clean == Verdict.NO_DEGRADATION and worse_on_test and finding.test and finding.test.mean >= LEVEL:
        return Verdict.OVERFITTING
    return finding.by_clean


def by_training(gap: Interval | None, different: bool) -> Verdict:
    """Return the verdict by one training error; ``different``: the gap is not zero, after Holm's correction."""
    if gap is None or gap.seeds < 2:
        return Verdict.NOT_RESOLVED
    if different and gap.mean >= LEVEL:
        return Verdict.DEGRADATION
    return Verdict.NO_DEGRADATION if gap.lies_below(MARGIN) else Verdict.NOT_RESOLVED


def seeds_that_would_do(finding: Finding) -> int | None:
    """Return how many seeds would probably let both training errors say the same; None for more than 100."""
    errors = [error for error in (finding.training, finding.running) if error]
    above = [needed_seeds(error, error.mean, finding.confidence) for error in errors]
    below = [needed_seeds(error, MARGIN - error.mean) for error in errors]
    return min((max(filter(None, counts)) for counts in (above, below) if None not in counts), default=None)


def _held_together(
    types: Sequence[Sequence[Pair]], kind: Mapping[int, float], resolution: float
) -> tuple[list[Interval | None], list[bool], list[CureFinding]]:
    """Return the gaps in one kind of error, which of them are shown to differ from zero, and the cures likewise."""
    gaps = [_gaps(pairs, kind, resolution) for pairs in types]
    cures = _cures(types, gaps, resolution)
    every = [*gaps, *(cure.difference for cure in cures)]
    shown = holm([1.0 if each is None else p_value(each) for each in every])
    of_cures = zip(cures, shown[len(gaps) :], strict=True)
    return gaps, shown[: len(gaps)], [replace(cure, resolved=is_shown) for cure, is_shown in of_cures]


def _is_resolved(cure: CureFinding, running: Sequence[CureFinding]) -> bool:
    same = [one for one in running if one.shortcut == cure.shortcut and one.difference.mean * cure.difference.mean > 0]
    return cure.resolved and any(one.resolved for one in same) and abs(cure.difference.mean) >= LEVEL


def _cures(types: Sequence[Sequence[Pair]], gaps: Sequence[Interval | None], resolution: float) -> list[CureFinding]:
    """Return the cure of each type with shortcuts whose depths are those of the plain nets."""
    if not types or not types[0][0].deep.plain or gaps[0] is None:
        return []
    plain = dict(zip((pair.deep.seed for pair in types[0]), gaps[0].values, strict=True))
    found = []
    for pairs, gap in zip(types[1:], gaps[1:], strict=True):
        if gap is None or pairs[0].deep.plain or _depths(pairs) != _depths(types[0]):
            continue
        own = {pair.deep.seed: value for pair, value in zip(pairs, gap.values, strict=True)}
        if shared := [seed for seed in plain if seed in own]:
            taken_away = interval([plain[seed] - own[seed] for seed in shared], resolution)
            found.append(CureFinding(pairs[0].deep.shortcut, fmean(plain[seed] for seed in shared), taken_away, False))
    return found


def _depths(pairs: Sequence[Pair]) -> tuple[int, int]:
    return pairs[0].deep.depth, pairs[0].shallow.depth


def _gaps(pairs: Sequence[Pair], kind: Mapping[int, float], resolution: float) -> Interval | None:
    """Return the gap in one kind of error, None unless every run of these pairs has it."""
    gaps = [kind.get(pair.deep.run, math.nan) - kind.get(pair.shallow.run, math.nan) for pair in pairs]
    return interval(gaps, resolution) if gaps and all(map(math.isfinite, gaps)) else None
