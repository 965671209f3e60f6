"""Predict, then reveal: the question that fits a race, and what holds a prediction against the truth. Pure.

The truth is the running training error at one step: the largest that all runs taking part have reached, from step 50
on. Which runs take part: ``engine.analysis.comparison.is_sound``. An arm stands by the mean of the seeds that all arms
have, a kind of net by its best arm.

Too close to call: the 95 % interval of the per-seed differences reaches zero. One seed has no interval, so that arms
closer than one point are too close: a mean over 50 small batches moves by about that, and so does a seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import fmean

from engine.analysis.comparison import MIN_STEP, ComparedRun, by, is_sound
from engine.analysis.interval import interval
from engine.analysis.numbers import listed
from engine.events import ALIVE, RunState

#: One seed: arms that differ by less than so many points are not told apart.
CLOSE_POINTS = 1.0
#: With more arms the question is about kinds of nets.
MAX_ARMS = 6
#: So many broken arms are named at most.
MAX_NAMED = 3
#: For one arm alone: keys and words of ranges of its error.
RANGES = (("low", "below 10 %"), ("mid", "10 to 30 %"), ("high", "30 to 60 %"), ("top", "60 % and more"))


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a room may predict; ``key`` stands in addresses."""

    key: str
    label: str
    arms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What a room is asked; ``ranges``: the choices are ranges of one arm's error."""

    text: str
    choices: tuple[Choice, ...]
    ranges: bool = False


@dataclass(frozen=True, slots=True)
class Answers:
    """What holds every prediction against the truth.

    ``truth`` is the same for all choices; ``fates`` and ``rests`` stand before and after it, one for each choice.
    """

    truth: str
    fates: tuple[str, ...]
    rests: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Standing:
    """The running training errors of an arm in percent by seed; ``label`` is that of its choice."""

    arm: str
    label: str
    by_seed: Mapping[int, float]

    @property
    def errors(self) -> tuple[float, ...]:
        return tuple(self.by_seed.values())

    @property
    def mean(self) -> float:
        return fmean(self.errors)

    @property
    def name(self) -> str:
        return self.arm if self.label == self.arm else f"{self.arm} ({self.label})"

    @property
    def percent(self) -> str:
        seeds = f" ({len(self.errors)} seeds, {min(self.errors):.1f} to {max(self.errors):.1f})"
        return f"{self.mean:.1f} %{seeds if len(self.errors) > 1 else ''}"


def question_for(runs: Sequence[ComparedRun]) -> Question | None:
    """Return the question that fits these runs, None without any."""
    own = by(runs, attrgetter("arm"))
    if not own:
        return None
    compared = [run for run in runs if not run.differs] or runs
    after = f"After {min(run.total_steps for run in compared):,} steps"
    seeds = len({run.seed for run in compared})
    error = f"training error{f', mean of {seeds} seeds' if seeds > 1 else ''}"
    choices = tuple(Choice(arm, arm, (arm,)) for arm in own)
    if len(choices) == 1:
        ranges = tuple(Choice(key, label, tuple(own)) for key, label in RANGES)
        return Question(f"{after}, how high will the {error} of {choices[0].label} be?", ranges, ranges=True)
    if len(choices) <= MAX_ARMS:
        return Question(f"{after}, which will have the {'lowest' if len(choices) > 2 else 'lower'} {error}?", choices)
    plain = tuple(arm for arm, members in own.items() if members[0].plain)
    others = tuple(arm for arm in own if arm not in plain)
    if plain and others:
        sides = Choice("plain", "plain", plain), Choice("shortcut", "with a shortcut", others)
        return Question(f"{after}, which kind of net will have the lowest {error}?", sides)
    by_depth = sorted(choices, key=lambda choice: own[choice.key][0].depth)
    ends = by_depth[0], by_depth[-1]
    if len({own[choice.key][0].depth for choice in ends}) == 1:
        return Question(f"{after}, which will have the lowest {error}?", choices)
    return Question(f"{after}, which will have the lower {error}: the shallowest or the deepest?", ends)


def taking_part(question: Question, runs: Sequence[ComparedRun]) -> list[ComparedRun]:
    """Return the runs that are held against each other: of the arms asked about, of the seeds that all of them have."""
    sound = [[run for run in members if is_sound(run)] for members in _asked_about(question, runs).values()]
    seeds = [{run.seed for run in members} for members in sound if members]
    shared = set.intersection(*seeds) if seeds else set()
    return [run for members in sound for run in members if not shared or run.seed in shared]


def answers(question: Question, runs: Sequence[ComparedRun], errors: Mapping[int, float]) -> Answers:
    """Return the answers to all choices.

    ``errors``: the running training errors in percent, by run, at the smallest step of those taking part; a run without
    one is left out.
    """
    own = _asked_about(question, runs)
    broken = {arm: _fate(members[0]) for arm, members in own.items() if not any(map(is_sound, members))}
    truth, besides = _truth(question, runs, errors)
    fates, rests = [], []
    for choice, beside in zip(question.choices, besides, strict=True):
        others = [f" {arm} {fate}." for arm, fate in broken.items() if arm != choice.label][:MAX_NAMED]
        fates.append(f", which {broken[choice.label]}" if choice.label in broken else "")
        rests.append(f"{beside}.{''.join(others)}")
    return Answers(truth, tuple(fates), tuple(rests))


def _fate(run: ComparedRun) -> str:
    """Say why a run is not held against others."""
    if run.changed:
        return f"was changed while it trained ({listed(list(run.changed))})"
    return f"has another recipe ({listed(list(run.recipe))})" if run.recipe else run.fate


def _truth(question: Question, runs: Sequence[ComparedRun], errors: Mapping[int, float]) -> tuple[str, list[str]]:
    """Return the truth without its full stop, and for each choice what is said beside it."""
    nothing = [""] * len(question.choices)
    compared = taking_part(question, runs)
    if not compared:
        return "No run is left to compare", nothing
    step, total = min(run.step for run in compared), min(run.total_steps for run in compared)
    if step < min(MIN_STEP, total):
        of = f"step {step:,} of {total:,}"
        return f"Too early to tell: {of}, which takes {MIN_STEP} steps of every run", nothing
    standings = [_best(choice, compared, errors) for choice in question.choices]
    ranked = sorted(filter(None, standings), key=attrgetter("mean"))
    if not ranked:
        return "No figures to compare yet", nothing
    first, *rest = ranked
    when = _moment(compared, step, total)
    if question.ranges:
        return f"{when} the running training error of {first.arm} is {first.percent}", nothing
    if close := [standing for standing in rest if _is_close(first, standing)]:
        names = listed([f"{standing.name} {standing.percent}" for standing in (first, *close)])
        few = "" if len(first.errors) > 1 else ", with one seed"
        return f"{when} it is too close to call in running training error: {names}{few}", nothing
    best = next(choice for choice in question.choices if choice.label == first.label)
    lowest = "lowest" if len(question.choices) > 2 or len(best.arms) > 1 else "lower"
    truth = f"{when} {first.name} has the {lowest} running training error, {first.percent}"
    besides = [
        next((standing for standing in rest if standing.label == choice.label), next(iter(rest), None))
        for choice in question.choices
    ]
    return truth, [f"; {standing.name} {standing.percent}" if standing else "" for standing in besides]


def _best(choice: Choice, compared: Sequence[ComparedRun], errors: Mapping[int, float]) -> _Standing | None:
    """Return how the best arm of a choice stands, None without errors of any."""
    own = by((run for run in compared if run.arm in choice.arms and run.run in errors), attrgetter("arm"))
    standings = [
        _Standing(arm, choice.label, {run.seed: errors[run.run] for run in members}) for arm, members in own.items()
    ]
    return min(standings, key=lambda standing: standing.mean, default=None)


def _is_close(standing: _Standing, other: _Standing) -> bool:
    shared = [seed for seed in standing.by_seed if seed in other.by_seed]
    if len(shared) < 2:
        return abs(standing.mean - other.mean) < CLOSE_POINTS
    return not interval([other.by_seed[seed] - standing.by_seed[seed] for seed in shared]).lies_above(0)


def _moment(compared: Sequence[ComparedRun], step: int, total: int) -> str:
    if all(run.state == RunState.FINISHED for run in compared):
        return f"After {step:,} steps"
    live = any(run.state in (*ALIVE, RunState.QUEUED) for run in compared)
    return f"{'So far' if live else 'As it stands'} (step {step:,} of {total:,})"


def _asked_about(question: Question, runs: Sequence[ComparedRun]) -> dict[str, list[ComparedRun]]:
    arms = {arm for choice in question.choices for arm in choice.arms}
    return by((run for run in runs if run.arm in arms), attrgetter("arm"))
