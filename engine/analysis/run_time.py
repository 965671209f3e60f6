"""From measured seconds per image to the seconds of a run and of a race: pure arithmetic, torch-free."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from engine.config import RaceConfig, RunConfig
from engine.config.probe_steps import COST, probe_steps
from engine.models.count import count
from engine.models.registry import variant

#: From the command to the first step: the worker, the images, the first call of every kernel.
START_S = 1.5
#: Multiply-adds and images of a step that differ by no more than this factor are taken as those that were measured.
_ALIKE = 1.1


class Point(NamedTuple):
    """What was measured of one net: ``seconds`` for one image, in steps of ``batch`` images (0: does not matter)."""

    shortcut: str
    multiply_adds: float
    seconds: float
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Speeds:
    """What was measured: seconds per image of training and evaluation, what all cores gain (None: was not)."""

    training: Sequence[Point]
    evaluation: Sequence[Point]
    speedup: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds; ``measured``: of nets like those that were timed, in steps like theirs, else extrapolated from them."""

    seconds: float
    measured: bool


def seconds_per_image(shortcut: str, multiply_adds: float, points: Sequence[Point], batch: int = 0) -> Estimate:
    """Return the seconds of one image from those of the nearest net, of the same variant where it was measured.

    Between two nets of the variant the line through both is followed, beyond them time grows as multiply-adds do.
    ``batch``: images of a step; what was timed in steps of another size is no measurement of it.
    """
    same = sorted((point.multiply_adds, point.seconds) for point in points if point.shortcut == shortcut)
    if not same:
        nearest = min(
            points, key=lambda point: (_apart(point.multiply_adds, multiply_adds), variant(point.shortcut).plain)
        )
        return Estimate(nearest.seconds * multiply_adds / nearest.multiply_adds, measured=False)
    below = max((point for point in same if point[0] <= multiply_adds), default=same[0])
    above = min((point for point in same if point[0] >= multiply_adds), default=same[-1])
    alike = any(
        point.shortcut == shortcut
        and math.exp(_apart(point.multiply_adds, multiply_adds)) <= _ALIKE
        and (not (batch and point.batch) or math.exp(_apart(point.batch, batch)) <= _ALIKE)
        for point in points
    )
    if below[0] < above[0]:
        share = (multiply_adds - below[0]) / (above[0] - below[0])
        return Estimate(below[1] + share * (above[1] - below[1]), alike)
    work, seconds = below
    return Estimate(seconds * multiply_adds / work, alike)


def run_seconds(run: RunConfig, speeds: Speeds, test_images: int) -> Estimate:
    """Return how long a run computes with one thread, or on a GPU of its own: steps, evaluations and probes."""
    work = count(run.model).multiply_adds
    shortcut = variant(run.model.shortcut).text
    training = seconds_per_image(shortcut, work, speeds.training, run.optim.batch_size)
    evaluation = seconds_per_image(shortcut, work, speeds.evaluation)
    images = run.optim.batch_size * run.optim.steps + COST * run.probe.images * len(probe_steps(run))
    held_out = min(run.data.eval_images, run.data.validation)
    evaluated = (2 * run.data.eval_images + held_out) * (len(run.evaluation_steps()) - 1)
    evaluated += run.data.eval_images + test_images + run.data.validation
    seconds = START_S + images * training.seconds + evaluated * evaluation.seconds
    return Estimate(seconds, training.measured and evaluation.measured)


def race_seconds(race: RaceConfig, speeds: Speeds, test_images: int, cores: int, slots: int) -> Estimate:
    """Return how long a race takes that has the machine to itself; trials of ``lr=tuned`` come first.

    ``cores`` is what runs share, cores or GPUs; ``slots`` how many runs start at once. A single run has
    all cores.
    """
    trials = [run_seconds(run, speeds, test_images) for run in race.trials()]
    runs = [run_seconds(run, speeds, test_images) for run in race.runs()]
    alone = len(runs) == 1
    faster = max(1.0, speeds.speedup or 1.0) if alone else 1.0
    seconds = makespan([one.seconds for one in trials], cores, slots)
    seconds += makespan([one.seconds / faster for one in runs], cores, slots)
    whole = not alone or speeds.speedup is not None
    return Estimate(seconds, whole and all(one.measured for one in [*trials, *runs]))


def makespan(work: Sequence[float], cores: int, slots: int) -> float:
    """Return when the last piece of ``work`` is done: ``slots`` at once, in order, sharing ``cores`` evenly."""
    waiting, now = list(work), 0.0
    left: list[float] = []
    while waiting or left:
        while waiting and len(left) < slots:
            left.append(waiting.pop(0))
        rate = min(1.0, cores / len(left))
        least = min(left)
        now += least / rate
        left = [rest - least for rest in left if rest > least]
    return now


def _apart(one: float, other: float) -> float:
    return abs(math.log(one / other))
