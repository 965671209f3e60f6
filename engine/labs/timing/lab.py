"""The lab ``timing``: seconds of a training step and of an evaluation for each arm of a preset, on this machine.

A lab and not a part of the page: it is measured by a worker as runs are trained by one, on the device and with the
trainer, precision and threads that they get, its job is stored with versions and machine, and the shell has it too
(``python -m engine lab timing --set preset=quick``). On a CPU with one thread the seconds are those that the process
computed, not those that passed, so a core that is shared for a while changes little; the share is a figure.
"""

import math
import time
from collections.abc import Callable, Iterator
from itertools import islice
from statistics import median
from typing import Any

import torch

from engine.analysis.run_time import Point, Speeds, run_seconds
from engine.config import RunConfig, replace
from engine.data.images import Images, ImageSet
from engine.data.registry import get_source
from engine.errors import CheckpointError
from engine.events import Concluded, CurveName, CurveUpdated, LabEvent, MetricReported, Progressed, Split, Stepped
from engine.hardware.cores import cores
from engine.hardware.device import Device, choose
from engine.labs.tasks import State
from engine.labs.timing.arms import TimedArm, race_of, timed_arms
from engine.training.evaluate import Evaluator, Score
from engine.training.trainer import Trainer

#: Raised by one when the state's document changes.
FORMAT = 1
WARM_STEPS = 2
#: Below this share of the time the process had to wait for its core: then threads that wait for each other are so much
#: slower that it says nothing, and takes long.
UNDISTURBED = 0.8
#: Steps that are timed at least, however long they take.
MIN_STEPS = 3
#: Multiply-adds of a timed evaluation, and its images at least and at most.
EVALUATION_BUDGET = {"cpu": 15e9, "cuda": 3e12}
MIN_IMAGES, MAX_IMAGES = 50, 1024
_MILLION = 1e6


class TimingLab:
    """One job of the lab: a unit for each arm that is timed, then one with all cores.

    ``settings`` are those of the row, checked. ``state`` is what ``state()`` gave, to go on from there; raises
    CheckpointError when it belongs to other settings.
    """

    def __init__(self, settings: dict[str, Any], device: Device, state: State | None = None) -> None:
        if state is not None and (state.get("format") != FORMAT or state.get("settings") != settings):
            raise CheckpointError("the checkpoint is of another timing lab; start the lab anew")
        self._settings = dict(settings)
        self._race = race_of(settings["preset"], settings["data"], settings["precision"])
        self._where = str(device.torch_device)
        self._kind = device.torch_device.type
        self._threads = device.threads
        self._arms = [arm for arm in timed_arms(self._race, self._kind, settings["images"]) if arm.batch]
        self._results: list[dict[str, float]] = list(state["results"]) if state else []
        self._seconds: float = state["seconds"] if state else 0.0

    def state(self) -> State:
        """Return everything needed to go on, as plain values; valid between two events."""
        return {
            "format": FORMAT,
            "settings": dict(self._settings),
            "results": list(self._results),
            "seconds": self._seconds,
        }

    def events(self) -> Iterator[LabEvent]:
        """Do the units that are not done yet. A unit counts as done once its curves and figures are out."""
        yield self._progressed()
        for number in range(len(self._results), len(self._arms) + 1):
            started = time.perf_counter()
            if number < len(self._arms):
                result = self._timed(self._arms[number], self._threads)
            else:
                result = {"speedup": self._speedup() if _share(self._results) >= UNDISTURBED else math.nan}
            done = [*self._results, result]
            self._seconds += time.perf_counter() - started
            yield from self._findings(number, done)
            self._results = done
            yield self._progressed()
        yield Concluded(self._seconds)

    def _progressed(self) -> Progressed:
        done, total = len(self._results), len(self._arms) + 1
        if done < len(self._arms):
            return Progressed(done, total, f"timing {self._arms[done].run.model.arm}")
        return Progressed(done, total, "all measured" if done == total else "timing all cores together")

    def _findings(self, number: int, done: list[dict[str, float]]) -> Iterator[CurveUpdated | MetricReported]:
        if number < len(self._arms):
            shortcut = self._arms[number].run.model.shortcut
            mine = [
                (arm.multiply_adds / _MILLION, result)
                for arm, result in zip(self._arms, done, strict=False)
                if arm.run.model.shortcut == shortcut
            ]
            for panel in ("training", "evaluation"):
                yield CurveUpdated(
                    panel, CurveName(shortcut), [x for x, _ in mine], [1000 * result[panel] for _, result in mine]
                )
            return
        speeds = self._speeds(done)
        test_images = get_source(self._race.run.data.name).test_images
        seconds = [run_seconds(run, speeds, test_images).seconds for run in self._race.runs()]
        yield MetricReported("work_seconds", float(sum(seconds)))
        yield MetricReported("longest_run_seconds", float(max(seconds)))
        yield MetricReported("all_cores_speedup", float(done[-1]["speedup"]))
        yield MetricReported("undisturbed_share", _share(done[:-1]))

    def _speeds(self, done: list[dict[str, float]]) -> Speeds:
        pairs = list(zip(self._arms, done, strict=False))

        def points(panel: str) -> list[Point]:
            return [Point(arm.run.model.shortcut, arm.multiply_adds, result[panel]) for arm, result in pairs]

        return Speeds(points("training"), points("evaluation"))

    def _timed(self, arm: TimedArm, threads: int) -> dict[str, float]:
        """Return seconds per image of training and evaluation, and the seconds computed and passed in all."""
        budget = EVALUATION_BUDGET[self._kind] / arm.multiply_adds
        images = int(min(MAX_IMAGES, max(MIN_IMAGES, min(budget, self._settings["images"]))))
        run = self._shortened(arm.run, arm.batch, images, threads)
        device = choose(run)
        trainer = Trainer(run, _noise(run, max(arm.batch, images)), device)
        clock = self._clock(device)
        steps = (event for event in trainer.events() if isinstance(event, Stepped))
        for _ in islice(steps, WARM_STEPS):
            pass
        self._settle()
        took: list[float] = []
        since_computed, since = time.process_time(), time.perf_counter()
        while len(took) < MIN_STEPS or time.perf_counter() - since < self._settings["seconds"]:
            before = clock()
            next(steps)
            took.append(clock() - before)
        evaluation = self._evaluation(Evaluator(trainer.model, run, trainer.images, device), trainer, clock)
        return {
            "training": median(took) / arm.batch,
            "evaluation": evaluation / images,
            "computed": time.process_time() - since_computed,
            "passed": time.perf_counter() - since,
        }

    def _evaluation(self, evaluator: Evaluator, trainer: Trainer, clock: Callable[[], float]) -> float:
        took = []
        for _ in range(2):  # the first one warms up
            before = clock()
            assert any(isinstance(part, Score) for part in evaluator.run(trainer.model, [Split.TEST_SUBSET]))
            took.append(clock() - before)
        return took[-1]

    def _speedup(self) -> float:
        """Return how many times faster a step of the shallowest arm is when all cores do it together."""
        most = cores()
        if self._kind != "cpu" or most == self._threads:
            return 1.0
        arm = self._arms[0]
        one, all_of_them = (self._timed(arm, threads)["training"] for threads in (self._threads, most))
        choose(self._shortened(arm.run, arm.batch, MIN_IMAGES, self._threads))
        return one / all_of_them

    def _shortened(self, run: RunConfig, batch: int, images: int, threads: int) -> RunConfig:
        return replace(
            run,
            {
                "optim.lr": 0.01, "optim.batch_size": batch, "optim.steps": 10_000_000, "optim.warmup_lr": None,
                "data.eval_images": images, "data.validation": 0, "probe.images": 0,
                "device": self._where, "threads": threads,
            },
        )  # fmt: skip

    def _settle(self) -> None:
        if self._kind == "cuda":
            torch.cuda.synchronize(self._where)

    def _clock(self, device: Device) -> Callable[[], float]:
        """Return what says the seconds so far: those computed by one thread, else those passed."""
        if self._kind == "cpu":
            return time.process_time if device.threads == 1 else time.perf_counter

        def passed() -> float:
            self._settle()
            return time.perf_counter()

        return passed


def _share(results: list[dict[str, float]]) -> float:
    """Return which share of the time that passed was computed in."""
    computed, passed = (sum(result[key] for result in results) for key in ("computed", "passed"))
    return computed / passed if passed else math.nan


def _noise(run: RunConfig, images: int) -> ImageSet:
    """Return images of the run's shape that cost what real ones cost: how long a step takes depends on no pixel."""
    model, draws = run.model, torch.Generator().manual_seed(0)
    shape = (images, model.channels, model.image_size, model.image_size)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=draws)
    part = Images(pixels, torch.randint(0, model.classes, (images,), generator=draws))
    names = tuple(map(str, range(model.classes)))
    return ImageSet("noise", part, part, pixels.float().mean(0), 74.0, names, "noise")
