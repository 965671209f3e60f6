"""Where the runs of a race stand, which of them are compared, and at which step. Pure.

The deepest arm of a shortcut type is compared with its shallowest, seed by seed, never across families of nets. All
figures of one sentence are those of the largest step that every run taking part has reached. A run with a difference
(``engine.analysis.difference``) is an arm of its own, no seed of the arm that it began as.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple, TypeVar

from engine.config import RUNNING_WINDOW
from engine.config.optim import OPTIMIZERS
from engine.events import BROKEN, ENDED, HALTED, RunState

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)

#: Below this step the running mean has not even filled its window.
MIN_STEP = RUNNING_WINDOW
#: No conclusion before this step, however short the race.
MIN_STEPS = 200


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """Where one run stands. ``lr`` is the base learning rate, ``warmup_lr`` the one it starts at, if any, or it rises
    over ``warmup_steps``; ``optimizer`` is in words. ``changed`` says what was changed in it while it trained,
    ``recipe`` what differs from the plan of its race; ``tuned`` says that the base rate is the best of a grid for its
    arm, ``at_edge`` that it is the smallest or the largest of that grid.
    """

    run: int
    arm: str
    depth: int
    shortcut: str
    seed: int
    lr: float
    state: str
    step: int
    total_steps: int
    warmup_lr: float | None = None
    warmup_steps: int = 0
    optimizer: str = OPTIMIZERS["sgd"]
    changed: tuple[str, ...] = ()
    recipe: tuple[str, ...] = ()
    tuned: bool = False
    at_edge: bool = False
    family: str = "cifar"

    @property
    def differs(self) -> bool:
        """Whether the run is an arm of its own, which is compared with none."""
        return bool(self.changed or self.recipe)

    @property
    def plain(self) -> bool:
        """Whether nothing is added around a block."""
        return self.shortcut.split(":")[0] == "none"

    @property
    def fate(self) -> str:
        """How the run ended, and at which step."""
        return f"{'was lost' if self.state == RunState.LOST else self.state} at step {self.step:,}"


class Pair(NamedTuple):
    """The deepest and the shallowest arm of one shortcut type with the same seed."""

    deep: ComparedRun
    shallow: ComparedRun

    @property
    def step(self) -> int:
        """The largest step that both have reached."""
        return min(self.deep.step, self.shallow.step)

    @property
    def planned(self) -> int:
        """The largest step that both are to reach."""
        return min(self.deep.total_steps, self.shallow.total_steps)


def by(items: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Return the items by their key, keys in the order in which they first occur."""
    groups: dict[K, list[T]] = {}
    for item in items:
        groups.setdefault(key(item), []).append(item)
    return groups


def is_sound(run: ComparedRun) -> bool:
    """Return whether a run takes part now or later: it has no difference, did not break, nor halt before step 50."""
    halted_early = run.state in HALTED and run.step < min(MIN_STEP, run.total_steps)
    return not run.differs and run.state not in BROKEN and not halted_early


def pairs(runs: Sequence[ComparedRun]) -> list[Pair]:
    """Return the pairs that take part now or later, by shortcut type and seed."""
    sound = [run for run in runs if is_sound(run)]
    paired = []
    for members in by(sound, attrgetter("family", "shortcut")).values():
        of_type = {(run.depth, run.seed): run for run in members}
        low, high = min(depth for depth, _ in of_type), max(depth for depth, _ in of_type)
        if low < high:
            seeds = sorted({seed for _, seed in of_type})
            both = [(of_type.get((high, seed)), of_type.get((low, seed))) for seed in seeds]
            paired += [Pair(deep, shallow) for deep, shallow in both if deep and shallow]
    return paired


def taking_part(runs: Sequence[ComparedRun]) -> list[Pair]:
    """Return the pairs whose runs have both reached step 50, those left out that would hold the others for good."""
    ready = [pair for pair in pairs(runs) if pair.step >= MIN_STEP]
    needed = conclusive_step(ready)
    # A pair of which a run halted before that step never gets there by itself.
    going = [pair for pair in ready if not any(run.state in HALTED and run.step < needed for run in pair)]
    return going if any(pair.planned >= needed for pair in going) else ready


def conclusive_step(compared_pairs: Sequence[Pair]) -> int:
    """Return the step from which on something may be concluded from these pairs."""
    return max(MIN_STEPS, math.ceil(min((pair.planned for pair in compared_pairs), default=0) / 2))


def is_left_out(run: ComparedRun, members: Sequence[ComparedRun]) -> bool:
    """Return whether a run is not among the compared ones because it broke or halted early."""
    if run.differs or not is_sound(run):
        return not run.differs
    mates = any(other.depth == run.depth and other.shortcut == run.shortcut for other in members)
    return run.state in HALTED and run not in members and mates


def compared(runs: Sequence[ComparedRun]) -> list[ComparedRun]:
    """Return the runs that take part."""
    return [run for pair in taking_part(runs) for run in reversed(pair)]


def common_step(runs: Sequence[ComparedRun]) -> int:
    """Return the largest step that all compared runs have reached, 0 when nothing is compared."""
    return min((pair.step for pair in taking_part(runs)), default=0)


def first_step(runs: Sequence[ComparedRun]) -> int:
    """Return the step from which on words compare: a third of the planned steps, and at least 50.

    Deeper nets start slower. In the quick race both gaps have the wrong order until step 70.
    """
    possible = taking_part(runs) or pairs(runs)
    return words_from(min((pair.planned for pair in possible), default=0))


def words_from(planned: int) -> int:
    """Return the step of a run of so many planned steps from which on words compare it."""
    return max(MIN_STEP, math.ceil(planned / 3))


def is_early(runs: Sequence[ComparedRun]) -> bool:
    """Return whether words do not compare yet."""
    return common_step(runs) < first_step(runs)


def in_mean(standings: Sequence[tuple[RunState, int]]) -> list[bool]:
    """Return which seeds of one arm its mean is of, from the state and the step of each.

    With finished seeds: those that finished at the last step. Without: those that are on their way, from step 50 on.
    """
    ends = [step for state, step in standings if state == RunState.FINISHED]
    if ends:
        return [state == RunState.FINISHED and step == max(ends) for state, step in standings]
    return [state not in ENDED and step >= MIN_STEP for state, step in standings]


def still_trains(runs: Sequence[ComparedRun]) -> bool:
    """Return whether a run of the race has not ended, those aside that have a difference."""
    return any(run.state not in ENDED for run in runs if not run.differs)


def at_the_end(runs: Sequence[ComparedRun]) -> bool:
    """Return whether clean errors count: the race has ended, and all compared runs finished the same number of steps.

    A race whose first seeds have finished has not ended: who looks after every seed finds more than there is.
    """
    members = compared(runs)
    finished = bool(members) and all(run.state == RunState.FINISHED for run in members) and not still_trains(runs)
    return finished and len({run.step for run in members}) == 1
