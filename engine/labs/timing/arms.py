"""Which nets of a preset are timed, with which batch, and which are too deep for that. Torch-free arithmetic."""

from dataclasses import dataclass

from engine.config import RaceConfig, RunConfig, replace
from engine.config.presets import get_preset
from engine.data.registry import get_source
from engine.labs.timing.spec import OWN
from engine.models.count import count

#: A timed step does so many multiply-adds at most, backward pass included: about half a second on one core.
STEP_BUDGET = {"cpu": 15e9, "cuda": 3e12}
#: Nets for whose step that leaves fewer images are not timed.
MIN_BATCH = 16
#: Images of a timed step at most.
MAX_BATCH = 1024
#: A step does the forward pass and, twice as long, the backward pass.
PASSES = 3


@dataclass(frozen=True, slots=True)
class TimedArm:
    """One net of a preset: its run, its multiply-adds for one image, and the images of a timed step; 0: not timed."""

    run: RunConfig
    multiply_adds: int
    batch: int


def race_of(preset: str, data: str = OWN, precision: str = OWN) -> RaceConfig:
    """Return the race of a preset as it stands, on images of the shape of ``data``."""
    chosen = get_preset(preset)
    source = get_source(chosen.data[0] if data == OWN else data)
    run = replace(
        chosen.run,
        {
            "data.name": source.name,
            "model.channels": source.channels,
            "model.classes": len(source.classes),
            "model.image_size": source.image_size // chosen.run.data.pool,
            **({} if precision == OWN else {"precision": precision}),
        },
    )
    per_depth = {depth: dict(values) for depth, values in chosen.per_depth.items()}
    return RaceConfig(depths=chosen.depths, shortcuts=chosen.shortcuts, preset=preset, run=run, per_depth=per_depth)


def timed_arms(race: RaceConfig, kind: str, most: int = MAX_BATCH) -> list[TimedArm]:
    """Return the arms of a race, shallow ones first; ``kind`` of device is ``cpu`` or ``cuda``.

    ``most`` images are in a timed step at most.
    """
    arms = []
    for run in race.runs()[: len(race.depths) * len(race.shortcuts)]:
        work = count(run.model).multiply_adds
        fitting = int(STEP_BUDGET[kind] / (PASSES * work))
        fits = fitting >= min(MIN_BATCH, run.optim.batch_size)
        arms.append(TimedArm(run, work, min(run.optim.batch_size, fitting, most) if fits else 0))
    return sorted(arms, key=lambda arm: arm.multiply_adds)
