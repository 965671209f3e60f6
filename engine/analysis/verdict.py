"""What may be concluded from a race, by a fixed rule. Pure: no I/O, no streamlit, no engine.

Within a shortcut type the deepest arm is compared with the shallowest, seed by seed: both runs of a seed see the same
batches. The **gap** is the mean difference of their errors in points, deeper minus shallower, with its 95 % t interval
(``engine.analysis.interval``). A race compares the gap of every type, and the **cure**: by how much the gap of a type
with shortcuts is smaller than that of the plain nets. Gaps and cures count as different from zero after Holm's
correction over all comparisons of the race. The first line that fits is the verdict:

    provisional            a compared run still trains: the figures are those of this moment
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

from engine.analysis.comparison import (
    MIN_STEPS,
    ComparedRun,
    Pair,
    at_the_end,
    common_step,
    compared,
    is_left_out,
    taking_part,
)
from engine.analysis.interval import Interval, holm, interval, p_value

#: Differences below this many points are shown as 0.0.
LEVEL = 0.05
#: Gaps below this many points are called none: two equal nets at 20 % error differ by 0.8 points (one standard error)
#: on 5,000 images of their own, and neighbouring depths of the paper's Table 6 by 0.3 to 1.2.
MARGIN = 1.0
#: Test gaps are a second look at a race: at this confidence both looks together call equal arms different in at most
#: 6 % of races.
TEST_CONFIDENCE = 0.99

#: Errors in percent by run and step.
Curves = Mapping[int, Mapping[int, float]]


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
    errors count, and the others are empty.
    """

    running: Mapping[int, float] = field(default_factory=dict)
    clean: Mapping[int, float] = field(default_factory=dict)
    test: Mapping[int, float] = field(default_factory=dict)
    at_end: bool = False

    @property
    def training(self) -> Mapping[int, float]:
        """The training error that counts now."""
        return self.clean if self.at_end else self.running


@dataclass(frozen=True, slots=True)
class Finding:
    """What is known of one shortcut type; gaps in points, one per compared seed.

    ``training`` is the gap in the training error that counts, ``by_running`` the verdict by the running error alone.
    ``test`` is None unless every one of these seeds has a test error. ``left_out``: a run of the type broke or halted
    too early to be compared. ``lost``: the arms of the type that are deeper still and have no run left.
    """

    pairs: tuple[Pair, ...]
    training: Interval
    running: Interval | None
    test: Interval | None
    verdict: Verdict
    by_clean: Verdict
    by_running: Verdict
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
        return tuple(run for pair in self.pairs for run in (pair.shallow, pair.deep))

    @property
    def tuned(self) -> bool:
        """Whether every compared run trains at the rate that was best for its arm."""
        return all(run.tuned for run in self.runs)


@dataclass(frozen=True, slots=True)
class CureFinding:
    """By how much the gap of a type with shortcuts is smaller than that of the plain nets, in points.

    ``of`` is the mean gap of the plain nets of these seeds; ``resolved``: it differs from zero.
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


def race_errors(runs: Sequence[ComparedRun], running: Curves, clean: Curves, test: Curves) -> RaceErrors:
    """Return the errors that count now, from finite errors of the compared runs by run and step."""
    step = common_step(runs)
    now = _errors_at(running, step)
    if not at_the_end(runs):
        return RaceErrors(now)
    return RaceErrors(now, _errors_at(clean, step), _errors_at(test, step), at_end=True)


def _errors_at(curves: Curves, step: int) -> dict[int, float]:
    return {run: errors[step] for run, errors in curves.items() if step in errors}


def judge(runs: Sequence[ComparedRun], errors: RaceErrors) -> Judgement:
    """Return what is known of every shortcut type that has figures to compare, and of the cures."""
    by_type: dict[str, list[Pair]] = {}
    for pair in taking_part(runs):
        if all(math.isfinite(errors.training.get(run.run, math.nan)) for run in (pair.deep, pair.shallow)):
            by_type.setdefault(pair.deep.shortcut, []).append(pair)
    types = sorted(by_type.values(), key=lambda pairs: not pairs[0].deep.plain)
    counting = [_gaps(pairs, errors.training) for pairs in types]
    cures = _cures(types, counting)
    different = _different(counting, cures)
    running = [_gaps(pairs, errors.running) for pairs in types]
    different_running = _different(running, _cures(types, running))
    worse_on_test = holm(
        [p_value(test) if (test := _gaps(pairs, errors.test)) else 1.0 for pairs in types], TEST_CONFIDENCE
    )
    found = []
    for index, pairs in enumerate(types):
        gap, test = counting[index], _gaps(pairs, errors.test)
        assert gap is not None
        by_clean = by_training(gap, different[index])
        by_running = by_training(running[index], different_running[index])
        of_type = [run for run in runs if run.shortcut == pairs[0].deep.shortcut]
        lost = tuple(dict.fromkeys(run.arm for run in of_type if run.depth > pairs[0].deep.depth and not run.changed))
        finding = Finding(
            tuple(pairs), gap, running[index], test, Verdict.PROVISIONAL, by_clean, by_running,
            any(is_left_out(run, compared(runs)) for run in of_type), lost,
        )  # fmt: skip
        found.append(replace(finding, verdict=decide(finding, errors, worse_on_test[index])))
    return Judgement(
        tuple(found),
        tuple(replace(cure, resolved=different[len(types) + place]) for place, cure in enumerate(cures)),
    )


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
    if finding.by_clean == Verdict.NO_DEGRADATION and worse_on_test and finding.test and finding.test.mean > 0:
        return Verdict.OVERFITTING
    return finding.by_clean


def by_training(gap: Interval | None, different: bool) -> Verdict:
    """Return the verdict by one training error; ``different``: the gap is not zero, after Holm's correction."""
    if gap is None or gap.seeds < 2:
        return Verdict.NOT_RESOLVED
    if different and gap.mean > 0:
        return Verdict.DEGRADATION
    return Verdict.NO_DEGRADATION if gap.lies_below(MARGIN) else Verdict.NOT_RESOLVED


def _different(gaps: Sequence[Interval | None], cures: Sequence[CureFinding]) -> list[bool]:
    found = [*gaps, *(cure.difference for cure in cures)]
    return holm([1.0 if each is None else p_value(each) for each in found])


def _cures(types: Sequence[Sequence[Pair]], gaps: Sequence[Interval | None]) -> list[CureFinding]:
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
            taken_away = interval([plain[seed] - own[seed] for seed in shared])
            found.append(CureFinding(pairs[0].deep.shortcut, fmean(plain[seed] for seed in shared), taken_away, False))
    return found


def _depths(pairs: Sequence[Pair]) -> tuple[int, int]:
    return pairs[0].deep.depth, pairs[0].shallow.depth


def _gaps(pairs: Sequence[Pair], kind: Mapping[int, float]) -> Interval | None:
    """Return the gap in one kind of error, None unless every run of these pairs has it."""
    gaps = [kind.get(pair.deep.run, math.nan) - kind.get(pair.shallow.run, math.nan) for pair in pairs]
    return interval(gaps) if gaps and all(map(math.isfinite, gaps)) else None
