"""What a job of the mapping lab does, piece by piece: problems, their order, how long they take. Torch-free."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from engine.labs.mapping.arms import (
    BLEND,
    CONSTANT,
    DECAY_TARGETS,
    DECAYS,
    GRIDS,
    PLAIN,
    POINTS,
    RATES,
    START_TARGETS,
    SWEEP_BLOCKS,
    SWEEPS,
    SWEPT,
    TOWARD,
    Arm,
    Grid,
    row,
)  # fmt: skip

HEAT, START, TARGET, DECAY = "heat", *SWEEPS

#: Seconds of one common core per net, block and step of 64 inputs; batch norm takes so many times as long.
_SECONDS, _NORM = 11e-6, 1.8
_BATCH = 64
#: Reading errors takes so much of the time on top, and everything else so many seconds.
_READING, _BEFORE = 0.15, 0.5


class Problem(NamedTuple):
    """One map to fit with one seed, and how: ``start`` and ``decay`` are those of the sliders.

    ``blend`` says how far the target ``BLEND`` is on its way from x to ``toward``.
    """

    target: str
    seed: int
    start: float = 0.0
    decay: float = 0.0
    toward: str = CONSTANT
    blend: float = 0.0


class MappingTask(NamedTuple):
    """One task: the stacks of one arm and depth, trained together on all ``problems``, seeds of a cell in a row."""

    part: str
    arm: Arm
    blocks: int
    problems: tuple[Problem, ...]
    steps: int

    @property
    def name(self) -> str:
        """The task's name in the state."""
        return f"{self.part}: {row(self.arm, self.blocks).text}"

    @property
    def words(self) -> str:
        """What the page says while it is done."""
        what = "targets" if self.part == HEAT else f"sweep over {self.part}"
        nets = len(self.problems) * len(RATES)
        return f"{what}: {row(self.arm, self.blocks).text} ({nets} nets at once)"

    @property
    def seconds(self) -> float:
        """About how long it takes one common core with 64 inputs per step, the reading of errors left out."""
        work = len(self.problems) * len(RATES) * self.blocks * self.steps
        return work * _SECONDS * (_NORM if self.arm.norm else 1.0)


def grid_of(settings: Mapping[str, Any]) -> Grid:
    """Return what is trained for the heat map: the grid of the settings, with their own depth, seeds and blend."""
    grid = GRIDS[settings["grid"]]
    depths = tuple(sorted({2, settings["blocks"]})) if settings["blocks"] else grid.depths
    targets = (*grid.targets, BLEND) if settings["target"] > 0 else grid.targets
    return Grid(grid.arms, targets, depths, settings["seeds"] or grid.seeds)


def seeds_of(settings: Mapping[str, Any]) -> range:
    """Return the seeds of every cell and point."""
    return range(settings["first_seed"], settings["first_seed"] + grid_of(settings).seeds)


def points(settings: Mapping[str, Any], sweep: str) -> tuple[float, ...]:
    """Return where a sweep measures: its points, and the place of its slider."""
    if sweep == DECAY:
        return tuple(sorted({*DECAYS, settings["weight_decay"]} - {0.0}))
    return tuple(sorted({*POINTS, settings["identity_start" if sweep == START else sweep]}))


def plan(settings: Mapping[str, Any]) -> list[MappingTask]:
    """Return all tasks in their order: the heat map by depth, then the sweeps, each function of the settings alone."""
    grid, deep = grid_of(settings), settings["blocks"] or SWEEP_BLOCKS
    arms = {HEAT: grid.arms, START: (PLAIN,), TARGET: grid.arms, DECAY: grid.arms}
    sweeps = SWEEPS if settings["sweep"] == "all" else () if settings["sweep"] == "none" else (settings["sweep"],)
    makers = {HEAT: _heat, START: _start, TARGET: _target, DECAY: _decay}
    orders = [(HEAT, arm, blocks) for blocks in grid.depths for arm in grid.arms]
    orders += [(sweep, arm, deep) for sweep in sweeps for arm in arms[sweep] if arm in grid.arms]
    steps = settings["steps"]
    return [
        MappingTask(
            part, arm, blocks, tuple(makers[part](settings, arm)), steps if part == HEAT else round(steps * SWEPT)
        )
        for part, arm, blocks in orders
    ]


def seconds(settings: Mapping[str, Any]) -> float:
    """Return about how long a job takes on one common core."""
    batch: int = settings["batch"]
    return _BEFORE + sum(task.seconds for task in plan(settings)) * (batch / _BATCH + _READING)


def refuse(settings: Mapping[str, Any]) -> str:
    """Return in one line why settings do not go together, '' when they do."""
    without_plain = PLAIN not in GRIDS[settings["grid"]].arms
    if without_plain and settings["identity_start"] > 0:
        return (
            f"identity_start moves where the arm {PLAIN.name} begins, which grid {settings['grid']} does not train; "
            "choose grid default, or identity_start 0"
        )
    if without_plain and settings["sweep"] == START:
        return (
            f"sweep start moves where the arm {PLAIN.name} begins, which grid {settings['grid']} does not train; "
            "choose grid default, or another sweep"
        )
    if settings["toward"] != CONSTANT and settings["target"] == 0:
        return (
            f"target 0 is x itself, so toward {settings['toward']} changes nothing; "
            f"raise target, or choose toward {CONSTANT}"
        )
    return ""


def _heat(settings: Mapping[str, Any], arm: Arm) -> Iterator[Problem]:
    for target in grid_of(settings).targets:
        for seed in seeds_of(settings):
            blend = settings["target"] if target == BLEND else 0.0
            yield _problem(settings, arm, target, seed)._replace(toward=settings["toward"], blend=blend)


def _start(settings: Mapping[str, Any], arm: Arm) -> Iterator[Problem]:
    for target in START_TARGETS:
        for point in points(settings, START):
            for seed in seeds_of(settings):
                yield _problem(settings, arm, target, seed)._replace(start=point)


def _target(settings: Mapping[str, Any], arm: Arm) -> Iterator[Problem]:
    for toward in TOWARD:
        for point in points(settings, TARGET):
            for seed in seeds_of(settings):
                yield _problem(settings, arm, BLEND, seed)._replace(toward=toward, blend=point)


def _decay(settings: Mapping[str, Any], arm: Arm) -> Iterator[Problem]:
    for target in DECAY_TARGETS:
        for point in points(settings, DECAY):
            for seed in seeds_of(settings):
                yield _problem(settings, arm, target, seed)._replace(decay=point)


def _problem(settings: Mapping[str, Any], arm: Arm, target: str, seed: int) -> Problem:
    """A problem at the places of the sliders; only the plain arm's start moves."""
    start = settings["identity_start"] if arm == PLAIN else 0.0
    return Problem(target, seed, start, settings["weight_decay"])
