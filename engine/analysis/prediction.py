"""Predict, then reveal: the questions that fit a race, and what holds a prediction against the truth. Pure.

The truth is the training error at one step: the largest that all runs taking part have reached, from a third of its
steps on, as in the headline. It is the running error while a race trains, the clean one at its end, as in the
verdict. Which runs take part: ``engine.analysis.comparison.is_sound``. An arm stands by the mean of the seeds that
all arms have, a kind of net by its best arm.

Too close to call: the 95 % interval of the per-seed differences reaches zero. One seed has no interval, so that arms
closer than one point are too close: a mean over 50 small batches moves by about that, and so does a seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from statistics import fmean
from typing import NamedTuple

from engine.analysis.comparison import ComparedRun, by, is_sound, words_from
from engine.analysis.interval import interval
from engine.analysis.numbers import listed
from engine.config import depth_name
from engine.events import ALIVE, RunState

#: One seed: arms that differ by less than so many points are not told apart.
CLOSE_POINTS = 1.0
#: With more arms the question is about kinds of nets.
MAX_ARMS = 6
#: So many broken arms are named at most.
MAX_NAMED = 3
#: For one arm alone: keys and words of ranges of its error, and the percent at which each range ends.
RANGES = (
    ("low", "below 10 %", 10.0), ("mid", "10 to 30 %", 30.0), ("high", "30 to 60 %", 60.0),
    ("top", "60 % and more", float("inf")),
)  # fmt: skip
#: For two depths of one kind: keys and words of how the deeper net does.
DEPTH_CHOICES = (("better", "better"), ("same", "the same"), ("worse", "worse"))
RUNNING, CLEAN = "running training error", "clean training error"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing that a room may predict; ``key`` stands in addresses."""

    key: str
    label: str
    arms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """What a room is asked. ``key`` stands in addresses, ``detail`` says below the question what it is about.

    Keys: ``arms`` (which of the choices is lowest), ``range`` (the choices are ranges of one arm's error), ``depth``
    (how the deeper of two arms does; the arms of every choice are the deeper and the shallower).
    """

    text: str
    choices: tuple[Choice, ...]
    key: str = "arms"
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What holds every prediction against the truth.

    ``outcome`` is the answer in a few words, ``truth`` a sentence about it, both the same for all choices. ``fates``
    and ``rests`` stand before and after the truth, one for each choice. ``right`` says which choices were right, None
    where nothing decides.
    """

    outcome: str
    truth: str
    fates: tuple[str, ...]
    rests: tuple[str, ...]
    right: tuple[bool | None, ...]


class _Truth(NamedTuple):
    """The answer before it is held against choices; ``besides`` is said of the other arm, one for each choice."""

    outcome: str
    sentence: str
    besides: Sequence[str]
    right: Sequence[bool | None]


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


def questions_for(runs: Sequence[ComparedRun]) -> list[Question]:
    """Return the questions that fit these runs, the first to ask first; [] without any."""
    return [question for question in (_depth_question(runs), _arms_question(runs)) if question]


def _depth_question(runs: Sequence[ComparedRun]) -> Question | None:
    """Return the question of a lecture: whether more layers do better. Plain nets first: they are its surprise."""
    compared = [run for run in runs if not run.differs]
    types = sorted(by(compared, attrgetter("family", "shortcut")).values(), key=lambda members: not members[0].plain)
    for members in types:
        arms = by(members, attrgetter("depth"))
        shallow, deep = min(arms), max(arms)
        names = [{run.arm for run in arms[depth]} for depth in (deep, shallow)]
        if shallow < deep and all(len(name) == 1 for name in names):
            pair = tuple(name.pop() for name in names)
            kind = "Plain nets" if members[0].plain else f"Nets with shortcut {members[0].shortcut}"
            return Question(
                _deeper(deep, shallow, members[0].family),
                tuple(Choice(key, label, pair) for key, label in DEPTH_CHOICES),
                key="depth",
                detail=f"{kind}, {_error_of(members)} after {min(run.total_steps for run in members):,} steps.",
            )
    return None


def _deeper(deep: int, shallow: int, family: str) -> str:
    """Ask whether the deeper net does better; where depths are named by blocks, both names are said whole."""
    layers, than = depth_name(deep, family), depth_name(shallow, family)
    return f"{layers}{' layers' * (layers == str(deep))}: better or worse than {than}?"


def _arms_question(runs: Sequence[ComparedRun]) -> Question | None:
    """Return the question which arm, or which kind of net, is lowest, of one arm how high it is.

    None for nets of several families, which nobody compares.
    """
    own = by(runs, attrgetter("arm"))
    if len({run.family for run in runs}) != 1:
        return None
    compared = [run for run in runs if not run.differs] or runs
    after = f"After {min(run.total_steps for run in compared):,} steps"
    error = _error_of(compared)
    choices = tuple(Choice(arm, arm, (arm,)) for arm in own)
    if len(choices) == 1:
        ranges = tuple(Choice(key, label, tuple(own)) for key, label, _ in RANGES)
        return Question(f"{after}, how high will the {error} of {choices[0].label} be?", ranges, key="range")
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


def _error_of(runs: Sequence[ComparedRun]) -> str:
    seeds = len({run.seed for run in runs})
    return f"training error{f', mean of {seeds} seeds' if seeds > 1 else ''}"


def taking_part(question: Question, runs: Sequence[ComparedRun]) -> list[ComparedRun]:
    """Return the runs that are held against each other: of the arms asked about, of the seeds that all of them have."""
    sound = [[run for run in members if is_sound(run)] for members in _asked_about(question, runs).values()]
    seeds = [{run.seed for run in members} for members in sound if members]
    shared = set.intersection(*seeds) if seeds else set()
    return [run for members in sound for run in members if not shared or run.seed in shared]


def answers(
    question: Question, runs: Sequence[ComparedRun], errors: Mapping[int, float], measure: str = RUNNING
) -> Answers:
    """Return the answers to all choices.

    Args:
        errors: The training errors in percent, by run, at the smallest step of those taking part; a run without one is
            left out.
        measure: What is said to be compared, ``RUNNING`` or ``CLEAN``.
    """
    own = _asked_about(question, runs)
    broken = {arm: _fate(members[0]) for arm, members in own.items() if not any(map(is_sound, members))}
    truth = _truth(question, runs, errors, measure)
    fates, rests = [], []
    for choice, beside in zip(question.choices, truth.besides, strict=True):
        others = [f" {arm} {fate}." for arm, fate in broken.items() if arm != choice.label][:MAX_NAMED]
        fates.append(f", which {broken[choice.label]}" if choice.label in broken else "")
        rests.append(f"{beside}.{''.join(others)}")
    return Answers(truth.outcome, truth.sentence, tuple(fates), tuple(rests), tuple(truth.right))


def _fate(run: ComparedRun) -> str:
    """Say why a run is not held against others."""
    if run.changed:
        return f"was changed while it trained ({listed(list(run.changed))})"
    return f"has another recipe ({listed(list(run.recipe))})" if run.recipe else run.fate


def _truth(question: Question, runs: Sequence[ComparedRun], errors: Mapping[int, float], measure: str) -> _Truth:
    """Return the truth without its full stop."""
    compared = taking_part(question, runs)
    if not compared:
        return _open(question, "No run is left to compare")
    step, total = min(run.step for run in compared), min(run.total_steps for run in compared)
    if step < (start := min(words_from(total), total)):
        of = f"step {step:,} of {total:,}"
        return _open(question, f"Too early to tell: {of}, which takes {start:,} steps of every run")
    when = _moment(compared, step, total)
    if question.key == "depth":
        arms = question.choices[0].arms
        return _depth_truth(
            question, [_best(Choice(arm, arm, (arm,)), compared, errors) for arm in arms], when, measure
        )
    standings = [_best(choice, compared, errors) for choice in question.choices]
    ranked = sorted(filter(None, standings), key=attrgetter("mean"))
    if not ranked:
        return _open(question, "No figures to compare yet")
    if question.key == "range":
        return _range_truth(question, ranked[0], when, measure)
    return _arms_truth(question, ranked, when, measure)


def _open(question: Question, words: str) -> _Truth:
    """Return a truth that decides nothing."""
    return _Truth(words, words, [""] * len(question.choices), [None] * len(question.choices))


def _depth_truth(question: Question, pair: Sequence[_Standing | None], when: str, measure: str) -> _Truth:
    """Return how the first of two arms does against the second."""
    deep, shallow = pair
    if not deep or not shallow:
        left = "".join(f", only {one.arm} is left" for one in pair if one)
        return _open(question, f"Nothing to compare{left}")
    sentence = f"{when} the {measure} of {deep.arm} is {deep.percent}, that of {shallow.arm} {shallow.percent}"
    besides = [""] * len(question.choices)
    if _is_close(*sorted((deep, shallow), key=attrgetter("mean"))):
        few = "" if len(deep.errors) > 1 else "; with one seed this is too close to call"
        outcome = f"About the same: {_in_short(deep, shallow)}"
        return _Truth(
            outcome, f"{sentence}{few}", besides, [choice.key == "same" or None for choice in question.choices]
        )
    key, label = DEPTH_CHOICES[0 if deep.mean < shallow.mean else 2]
    outcome = f"{label.capitalize()}: {_in_short(deep, shallow, has=' has')}"
    return _Truth(outcome, sentence, besides, [choice.key == key for choice in question.choices])


def _range_truth(question: Question, standing: _Standing, when: str, measure: str) -> _Truth:
    """Return the range in which the error of one arm lies."""
    key = next(key for key, _, end in RANGES if standing.mean < end)
    sentence = f"{when} the {measure} of {standing.arm} is {standing.percent}"
    right = [choice.key == key for choice in question.choices]
    return _Truth(f"{standing.arm} has {standing.mean:.1f} %", sentence, [""] * len(right), right)


def _arms_truth(question: Question, ranked: Sequence[_Standing], when: str, measure: str) -> _Truth:
    """Return which of several has the lowest error."""
    first, *rest = ranked
    if close := [standing for standing in rest if _is_close(first, standing)]:
        level = first, *close
        names = listed([f"{standing.name} {standing.percent}" for standing in level])
        few = "" if len(first.errors) > 1 else ", with one seed"
        sentence = f"{when} it is too close to call in {measure}: {names}{few}"
        labels = {standing.label for standing in level}
        right = [None if choice.label in labels else False for choice in question.choices]
        return _Truth(f"Too close to call: {_in_short(*level)}", sentence, [""] * len(question.choices), right)
    best = next(choice for choice in question.choices if choice.label == first.label)
    lowest = "lowest" if len(question.choices) > 2 or len(best.arms) > 1 else "lower"
    sentence = f"{when} {first.name} has the {lowest} {measure}, {first.percent}"
    besides = [
        next((standing for standing in rest if standing.label == choice.label), next(iter(rest), None))
        for choice in question.choices
    ]
    words = [f"; {standing.name} {standing.percent}" if standing else "" for standing in besides]
    outcome = f"{lowest.capitalize()}: {_in_short(*ranked[:2])}"
    return _Truth(outcome, sentence, words, [choice.label == first.label for choice in question.choices])


def _in_short(*standings: _Standing, has: str = "") -> str:
    """Return names and errors for the last row: whole percents, if these tell them apart."""
    whole = len({round(standing.mean) for standing in standings}) == len(standings)
    digits = 0 if whole else 1
    (first, *rest) = [(standing.name, f"{standing.mean:.{digits}f} %") for standing in standings]
    return ", ".join([f"{first[0]}{has} {first[1]}", *(f"{name} {error}" for name, error in rest)])


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
