"""The tasks of the mapping lab, their order and their time. Torch-free."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.labs.mapping import arms
from engine.labs.mapping.arms import PLAIN, RATES, SWEEPS, Arm, Grid, row

HEAT, START, TARGET, DECAY = "heat", *SWEEPS

#: Seconds of one common core per net, block and step of 64 inputs; batch norm's factor on them.
_SECONDS, _NORM = 11e-6, 1.8
_BATCH = 64
#: Further time: of the readings as a share, and of everything else in seconds.
_READING, _BEFORE = 0.15, 0.5


class Problem(NamedTuple):
    """One map to fit with one seed, and the sliders ``start`` and ``decay``.

    ``blend`` is the position of the target ``BLEND`` between x and ``toward``.
    """

    target: str
    seed: int
    start: float = 0.0
    decay: float = 0.0
    toward: str = arms.CONSTANT
    blend: float = 0.0


class MappingTask(NamedTuple):
    """The stacks of one arm and depth, trained together on all ``problems``, seeds of a cell in a row."""

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
        """The page's text during the task."""
        what = "targets" if self.part == HEAT else f"sweep over {self.part}"
        nets = len(self.problems) * len(RATES)
        return f"{what}: {row(self.arm, self.blocks).text} ({nets} nets at once)"

    @property
    def seconds(self) -> float:
        """The estimated time on one common core with 64 inputs per step, without readings."""
        work = len(self.problems) * len(RATES) * self.blocks * self.steps
        return work * _SECONDS * (_NORM if self.arm.norm else 1.0)


def grid_of(settings: Mapping[str, Any]) -> Grid:
    """Return the grid of the heat map, with the settings' depth, seeds and blend."""
    grid = arms.GRIDS[settings["grid"]]
    depths = tuple(sorted({2, settings["blocks"]})) if settings["blocks"] else grid.depths
    targets = (*grid.targets, arms.BLEND) if settings["target"] > 0 else grid.targets
    return Grid(grid.arms, targets, depths, settings["seeds"] or grid.seeds)


def seeds_of(settings: Mapping[str, Any]) -> range:
    """Return the seeds of every cell and point."""
    return range(settings["first_seed"], settings["first_seed"] + grid_of(settings).seeds)


def points(settings: Mapping[str, Any], sweep: str) -> tuple[float, ...]:
    """Return the points of a sweep, its slider's value included."""
    if sweep == DECAY:
        return tuple(sorted({*arms.DECAYS, settings["weight_decay"]} - {0.0}))
    return tuple(sorted({*arms.POINTS, settings["identity_start" if sweep == START else sweep]}))


def plan(settings: Mapping[str, Any]) -> list[MappingTask]:
    """Return all tasks in their order: the heat map by depth, then the sweeps."""
    grid, deep, steps = grid_of(settings), settings["blocks"] or arms.SWEEP_BLOCKS, settings["steps"]
    sweeps = SWEEPS if settings["sweep"] == "all" else () if settings["sweep"] == "none" else (settings["sweep"],)
    stacks = [(HEAT, arm, blocks, steps) for blocks in grid.depths for arm in grid.arms]
    stacks += [
        (sweep, arm, deep, round(steps * arms.SWEPT)) for sweep in sweeps for arm in grid.arms
        if arm == PLAIN or sweep != START
    ]  # fmt: skip
    return [MappingTask(part, arm, blocks, problems(settings, part, arm), most) for part, arm, blocks, most in stacks]


def problems(settings: Mapping[str, Any], part: str, arm: Arm) -> tuple[Problem, ...]:
    """Return the problems of a task, seeds of a cell in a row, at the sliders' values except the swept one."""
    # Only the start of the plain arm moves.
    usual = Problem(arms.BLEND, 0, settings["identity_start"] if arm == PLAIN else 0.0, settings["weight_decay"])
    blended = usual._replace(toward=settings["toward"])
    cells = {
        HEAT: [
            blended._replace(target=target, blend=settings["target"] if target == arms.BLEND else 0.0)
            for target in grid_of(settings).targets
        ],
        START: [
            usual._replace(target=target, start=point)
            for target in arms.START_TARGETS for point in points(settings, START)
        ],
        TARGET: [
            usual._replace(toward=toward, blend=point) for toward in arms.TOWARD for point in points(settings, TARGET)
        ],
        DECAY: [
            usual._replace(target=target, decay=point)
            for target in arms.DECAY_TARGETS for point in points(settings, DECAY)
        ],
    }  # fmt: skip
    return tuple(cell._replace(seed=seed) for cell in cells[part] for seed in seeds_of(settings))


def seconds(settings: Mapping[str, Any]) -> float:
    """Return the estimated time on one common core."""
    batch: int = settings["batch"]
    return _BEFORE + sum(task.seconds for task in plan(settings)) * (batch / _BATCH + _READING)


def refuse(settings: Mapping[str, Any]) -> str:
    """Return one line about settings that conflict, else ''."""
    for setting, moves, other in (
        ("identity_start", settings["identity_start"] > 0, "identity_start 0"),
        ("sweep start", settings["sweep"] == START, "another sweep"),
    ):
        if moves and PLAIN not in arms.GRIDS[settings["grid"]].arms:
            return (
                f"{setting} moves where the arm {PLAIN.name} begins, which grid {settings['grid']} does not train; "
                f"choose grid default, or {other}"
            )
    if settings["toward"] != arms.CONSTANT and settings["target"] == 0:
        return (
            f"target 0 is x itself, so toward {settings['toward']} changes nothing; "
            f"raise target, or choose toward {arms.CONSTANT}"
        )
    return ""
