"""How long a run and a race take, by the speeds of finished runs: pure arithmetic, torch-free.

A speed is the seconds of one image per core. Between nets, seconds grow in proportion to multiply-adds.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from engine.config import ModelConfig, RunConfig
from engine.config.probe_steps import COST, probe_steps
from engine.models.count import count
from engine.models.registry import variant

#: From the command to the first step: the worker, the images, the first call of every kernel.
START_S = 1.5
#: A shorter run tells little of its speed: the first steps are the slowest.
MIN_STEPS = 30
#: Multiply-adds of two nets of one variant that differ by no more than this factor make them nets of one speed.
_ALIKE = 1.1
#: A net of another variant is chosen only if its multiply-adds are nearer by this factor.
_OTHER_VARIANT = 1.5
#: The same for a net of another family, whose operations cost two to three times as much or little.
_OTHER_FAMILY = 1e6
#: Two threads are 1.73 times as fast as one (ResNet-20, 1,030 against 595 images/s); more threads are extrapolated.
_THREADS_EXPONENT = 0.79


class Speed(NamedTuple):
    """Seconds of one image in training and in evaluation, of one net with one thread and a core of its own."""

    shortcut: str
    multiply_adds: float
    training: float
    evaluation: float
    family: str = "cifar"


#: Speeds before a run has finished in the workspace: plain nets of the presets, four runs at once on two cores of an
#: AMD EPYC. By them 200 steps of the quick race take 28 s, and took 30 s (README).
TABLE = (
    Speed("none", 2.12e6, 0.23e-3, 0.05e-3),
    Speed("none", 6.60e6, 0.62e-3, 0.13e-3),
    Speed("none", 31.5e6, 2.2e-3, 0.46e-3),
    Speed("none", 125e6, 5.0e-3, 1.4e-3),
    Speed("none", 37.8e3, 1.0e-5, 2e-6, "mlp"),
    Speed("none", 136e3, 3.3e-5, 7e-6, "mlp"),
    Speed("none", 615e3, 1.2e-4, 3e-5, "vit"),
    Speed("none", 1.79e6, 3.2e-4, 8e-5, "vit"),
)


@dataclass(frozen=True, slots=True)
class Machine:
    """What runs share: ``cores``, or GPUs if it ``has_gpus``, and ``slots`` (runs at once).

    ``threads`` are those of a race of one run.
    """

    cores: int
    slots: int
    threads: int = 1
    has_gpus: bool = False


TABLE_MACHINE = Machine(cores=2, slots=4, threads=2)


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """What a finished run tells of its speed.

    ``seconds`` are those of training, evaluation and probes, pauses left out; ``evaluation_share`` of them went into
    evaluation. ``started`` and ``ended`` are seconds since 1970. ``threads`` is 1 on a GPU, whose speed is not theirs.
    """

    config: RunConfig
    test_images: int
    threads: int
    seconds: float
    evaluation_share: float
    started: float
    ended: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of a race. ``measured``: every net has the speed of a net like it, else some are scaled from others."""

    seconds: float
    measured: bool


def speed_of(run: FinishedRun, beside: Sequence[tuple[float, float]], cores: int) -> Speed:
    """Return the speed of a finished run.

    Args:
        beside: When other trainings started and ended, seconds since 1970.
        cores: Cores, or GPUs, that the runs shared.
    """
    one_thread = run.seconds * _gain(run.threads) * _core_share(run, beside, cores)
    evaluation = one_thread * run.evaluation_share
    return Speed(
        variant(run.config.model.shortcut, run.config.model.family).text,
        count(run.config.model).multiply_adds,
        (one_thread - evaluation) / _trained_images(run.config),
        evaluation / _evaluated_images(run.config, run.test_images),
        run.config.model.family,
    )


def race_seconds(
    trials: Sequence[RunConfig], runs: Sequence[RunConfig], test_images: int, speeds: Sequence[Speed], machine: Machine
) -> Estimate:
    """Return how long a race takes that has the machine to itself.

    Args:
        trials: Those of ``lr=tuned``, which come first.
        speeds: Of nets that trained, the newest first; at least one.
        machine: A single run uses all its cores.
    """
    nearest = {run.model: _nearest(run.model, speeds) for run in (*trials, *runs)}
    seconds = 0.0
    for part in (trials, runs):
        if part:
            machine_of_part, gain = _shared_out(machine, part)
            work = [run_seconds(run, nearest[run.model], test_images) / gain for run in part]
            seconds += START_S + makespan(work, machine_of_part)
    return Estimate(seconds, all(_distance(model, speed) <= math.log(_ALIKE) for model, speed in nearest.items()))


def run_seconds(run: RunConfig, speed: Speed, test_images: int) -> float:
    """Return how long a run computes with one thread, or on a GPU of its own: steps, evaluations and probes."""
    training = speed.training * _trained_images(run) + speed.evaluation * _evaluated_images(run, test_images)
    return training * count(run.model).multiply_adds / speed.multiply_adds


def makespan(work: Sequence[float], machine: Machine) -> float:
    """Return when the last piece of ``work`` is done: as many at once as there are slots, sharing the cores evenly."""
    waiting, now = list(work), 0.0
    remaining: list[float] = []
    while waiting or remaining:
        while waiting and len(remaining) < machine.slots:
            remaining.append(waiting.pop(0))
        rate = min(1.0, machine.cores / len(remaining))
        least = min(remaining)
        now += least / rate
        remaining = [rest - least for rest in remaining if rest > least]
    return now


def _shared_out(machine: Machine, runs: Sequence[RunConfig]) -> tuple[Machine, float]:
    """Return what these runs share, and how many times as fast as with one thread each of them is.

    Runs with replicas share nothing: on a CPU each trains alone, on GPUs each of its replicas has a whole GPU.
    """
    replicas = runs[0].replicas
    if machine.has_gpus:
        groups = max(1, machine.cores // replicas)
        return (machine if replicas == 1 else Machine(groups, groups, has_gpus=True)), 1.0
    threads = machine.threads if len(runs) == 1 else 1
    return (machine if replicas == 1 else Machine(1, 1)), _gain(max(replicas, threads))


def _core_share(run: FinishedRun, beside: Sequence[tuple[float, float]], cores: int) -> float:
    """Return which share of a core the run had on average from its start to its end."""
    spans = [(max(start, run.started), min(end, run.ended)) for start, end in beside]
    spans = [(start, end) for start, end in spans if start < end]
    moments = sorted({run.started, run.ended, *(moment for span in spans for moment in span)})
    shared = 0.0
    for start, end in pairwise(moments):
        training = 1 + sum(first <= start and end <= last for first, last in spans)
        shared += (end - start) * min(1.0, cores / training)
    return shared / (run.ended - run.started) if run.ended > run.started else 1.0


def _nearest(model: ModelConfig, speeds: Sequence[Speed]) -> Speed:
    """Return the speed of the net with the nearest multiply-adds, of the same variant where one is near."""
    return min(speeds, key=lambda speed: _distance(model, speed))  # of two the first, which is the newest


def _distance(model: ModelConfig, speed: Speed) -> float:
    """Return the logarithm of the factor between the multiply-adds, more for another variant."""
    other = math.log(_OTHER_VARIANT) if speed.shortcut != variant(model.shortcut, model.family).text else 0.0
    kind = math.log(_OTHER_FAMILY) if speed.family != model.family else 0.0
    return abs(math.log(speed.multiply_adds / count(model).multiply_adds)) + other + kind


def _trained_images(run: RunConfig) -> float:
    """Return the images of a run's steps and probes, those of probes by what they cost."""
    return run.optim.batch_size * run.optim.steps + COST[run.model.family] * run.probe.images * len(probe_steps(run))


def _evaluated_images(run: RunConfig, test_images: int) -> int:
    held_out = min(run.data.eval_images, run.data.validation)
    regular = (2 * run.data.eval_images + held_out) * (len(run.evaluation_steps()) - 1)
    # At the end; the data sets of a time that is told have that many training images.
    return regular + run.data.closing_images + test_images + run.data.validation


def _gain(threads: int) -> float:
    return float(threads**_THREADS_EXPONENT)
