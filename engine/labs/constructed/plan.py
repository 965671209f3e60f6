"""The tasks of the constructed lab and their order: arms, rates, seeds, updates. Torch-free.

Every arm does ``before`` updates at one rate, then ``after`` more at every rate of the grid. Arms differ in their
source and in the insertion of blocks between the two phases.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.config import nearest_depths
from engine.labs.spec import metric_key

PLAIN, RESIDUAL = "none", "A"
GROWN, SCRATCH, TRAINED_ON = "grown", "from scratch", "shallow trained on"
RESIDUAL_GROWN, RESIDUAL_SCRATCH = "residual grown", "residual from scratch"
IDENTITY_START, RESIDUAL_ON = "identity start", "residual shallow trained on"

FULL = "full"
#: Rates after the insertion, in the order of their addition to the grid.
RATES: tuple[float, ...] = (0.1, 0.01, 0.03, 0.003, 0.3)
#: Levels of noise with a measured loss, and those with a training in the full grid.
NOISES: tuple[float, ...] = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1)
REPAIRED: tuple[float, ...] = (0.01, 0.02, 0.05, 0.1)
#: The level beside no noise.
CONTRAST = 0.05
#: The full grid's factor on updates and its least number of seeds.
LONGER, MIN_SEEDS = 3, 3
#: Milliseconds of an update for each layer, and for each layer and image at width 8, on one common core.
_LAYER_MS, _IMAGE_MS = 0.19, 0.0125
#: Cost of an evaluated image by a trained one; batches of a recalibration.
_EVALUATION, _RECALIBRATION = 0.35, 20


class Source(NamedTuple):
    """The net of an arm's first phase."""

    name: str
    shortcut: str
    deep: bool
    #: The extra blocks of the deep net start as the identity.
    identity: bool = False


class Arm(NamedTuple):
    """One arm: kind of its curves, source, with or without insertion, in the full grid alone or in both."""

    kind: str
    source: Source
    grows: bool = False
    full: bool = False

    @property
    def shortcut(self) -> str:
        """The shortcut of the nets, as in ``ModelConfig``."""
        return self.source.shortcut

    @property
    def key(self) -> str:
        """The prefix of the arm's metrics."""
        return metric_key(self.kind.replace("shallow ", ""))


_SHALLOW, _DEEP = Source("plain shallow", PLAIN, False), Source("plain deep", PLAIN, True)
_RESIDUAL_SHALLOW, _RESIDUAL_DEEP = Source("residual shallow", RESIDUAL, False), Source("residual deep", RESIDUAL, True)

#: In the order of training: the decisive comparison comes first.
ARMS: tuple[Arm, ...] = (
    Arm(GROWN, _SHALLOW, grows=True),
    Arm(SCRATCH, _DEEP),
    Arm(TRAINED_ON, _SHALLOW),
    Arm(IDENTITY_START, Source("plain deep, identity start", PLAIN, True, identity=True)),
    Arm(RESIDUAL_GROWN, _RESIDUAL_SHALLOW, grows=True),
    Arm(RESIDUAL_SCRATCH, _RESIDUAL_DEEP),
    Arm(RESIDUAL_ON, _RESIDUAL_SHALLOW, full=True),
)


class ArmTask(NamedTuple):
    """One task of the lab. ``value`` is the rate of an arm, the noise of a repair, else 0."""

    role: str
    about: str
    seed: int
    value: float = 0.0

    @property
    def name(self) -> str:
        """The task's name in the state."""
        return f"{self.role}, {self.about}, seed {self.seed}, {self.value:g}"

    @property
    def words(self) -> str:
        """The page's text during the task."""
        seed = f"seed {self.seed}"
        return {
            "source": f"training {self.about} up to the insertion, {seed}",
            "insertion": f"inserting identity blocks: {self.about}, {seed}",
            "arm": f"{self.about}, going on at learning rate {self.value:g}, {seed}",
            "repair": f"{self.about}, going on from noise {self.value:g}, {seed}",
        }[self.role]


class Budget(NamedTuple):
    """The extent of a job; the full grid widens the settings."""

    before: int
    after: int
    seeds: tuple[int, ...]
    rates: tuple[float, ...]
    arms: tuple[Arm, ...]
    repairs: tuple[float, ...]


def budget(settings: Mapping[str, Any]) -> Budget:
    """Return updates, seeds, rates (ascending), arms and further noise levels of a job."""
    full = settings["grid"] == FULL
    times, least = (LONGER, MIN_SEEDS) if full else (1, 1)
    seeds = range(settings["first_seed"], settings["first_seed"] + max(least, settings["seeds"]))
    noise = settings["noise"]
    levels = (0.0, *REPAIRED) if full else (0.0,) if noise else (CONTRAST,)
    return Budget(
        times * settings["before"],
        times * settings["after"],
        tuple(seeds),
        tuple(sorted(RATES if full else RATES[: settings["rates"]])),
        tuple(arm for arm in ARMS if full or not arm.full),
        tuple(level for level in levels if level != noise),
    )


def planned(settings: Mapping[str, Any]) -> list[ArmTask]:
    """Return every task in its order: for each seed and arm the source, then the arm."""
    plan, tasks = budget(settings), []
    for seed in plan.seeds:
        for arm in plan.arms:
            tasks.append(ArmTask("source", arm.source.name, seed))
            if arm.grows:
                tasks.append(ArmTask("insertion", arm.kind, seed))
            tasks += [ArmTask("arm", arm.kind, seed, rate) for rate in plan.rates]
            if arm.kind == GROWN and seed == plan.seeds[0]:
                tasks += [ArmTask("repair", GROWN, seed, noise) for noise in plan.repairs]
    return list(dict.fromkeys(tasks))


def marks(start: int, updates: int) -> list[int]:
    """Return the evaluated updates of a phase: about every 50, at most 8, the end included.

    A first phase of fewer than 50 updates has none.
    """
    times = min(8, max(int(start > 0), updates // 50))
    return [start + round(updates * k / times) for k in range(1, times + 1)]


def stride(settings: Mapping[str, Any]) -> int:
    """Return the updates between two points of a curve."""
    plan = budget(settings)
    return max(1, -(-(plan.before + plan.after) // 64))


def new_blocks(shallow: int, grown: int) -> tuple[str, ...]:
    """Return the paths of the blocks that depth ``grown`` has and depth ``shallow`` lacks, in order."""
    fewer, more = (shallow - 2) // 6, (grown - 2) // 6
    return tuple(f"stage{stage}.block{number}" for stage in (1, 2, 3) for number in range(fewer + 1, more + 1))


def arm_of(kind: str) -> Arm:
    """Return the arm of that kind."""
    return next(arm for arm in ARMS if arm.kind == kind)


def refuse(settings: Mapping[str, Any]) -> str:
    """Return one line about settings that conflict, else ''."""
    shallow, grown = settings["shallow"], settings["grown"]
    for name, depth in (("shallow", shallow), ("grown", grown)):
        if (depth - 2) % 6:
            return f"{name} {depth} is not 6n+2, the depths of the paper's nets; take {nearest_depths(depth)}"
    if grown <= shallow:
        return (
            f"grown {grown} is not deeper than shallow {shallow}: there is nothing to insert; take grown "
            f"{shallow + 6} or more"
        )
    return ""


def seconds(settings: Mapping[str, Any]) -> float:
    """Return the estimated time on one common core."""
    plan = budget(settings)
    batch: int = settings["batch"]
    images: int = settings["images"]
    width: int = settings["width"]

    def update(depth: int) -> float:
        return depth * (_LAYER_MS + _IMAGE_MS * batch * width / 8) / 1000

    def phase(depth: int, start: int, updates: int) -> float:
        evaluated = len(marks(start, updates)) * (2 * images + _RECALIBRATION * batch)
        return update(depth) * (updates + _EVALUATION * evaluated / batch)

    total = 1.0
    for task in planned(settings):
        if task.role == "source":
            arm = next(arm for arm in ARMS if arm.source.name == task.about)
            total += phase(settings["grown" if arm.source.deep else "shallow"], 0, plan.before)
        elif task.role == "insertion":
            total += update(settings["grown"]) * 20
        else:
            arm = arm_of(task.about)
            depth = settings["grown" if arm.grows or arm.source.deep else "shallow"]
            total += phase(depth, plan.before, plan.after)
    return total
