"""A race, as data: what its runs share and how they differ."""

import re
from typing import Any

from pydantic import Field, field_validator

from engine.config.base import Config, replace
from engine.config.optim import TUNED
from engine.config.run import RunConfig
from engine.errors import ConfigError

#: Runs of a race, curves of a chart and runs of an address at most: the page streams no more at once.
MAX_RUNS = 64
MAX_SEEDS = 100
MAX_FIRST_SEED = 2**31 - 200
#: The seed of all trials: one that no race has, so that a rate is never chosen with batches and first weights that then
#: decide about it.
TRIAL_SEED = 2**31 - 1
#: The pace of a race whose runs do not wait for each other.
FREE = "free"
_LOCKSTEP = re.compile(r"lockstep:([1-9][0-9]{0,6})")


def lockstep(pace: str) -> int:
    """Return K of ``lockstep:K``, 0 for ``free``. No run of the race is more than K steps ahead of the slowest run.

    Raises ConfigError in one line for any other text.
    """
    if pace == FREE:
        return 0
    if (match := _LOCKSTEP.fullmatch(pace)) is None:
        raise ConfigError(
            f"a pace is free or lockstep:K with K from 1 to 9999999, for example lockstep:5 (got {pace!r})"
        )
    return int(match[1])


class RaceConfig(Config):
    """A set of runs on the same data with the same batches, augmentation draws and initial weights.

    ``run`` holds the shared settings; depth, shortcut and seed of the arm replace its own. ``per_depth`` holds settings
    that differ for some depths, with dotted keys, for example ``{110: {"optim.warmup_lr": 0.01}}``. ``preset`` records
    the origin of the shared values. ``pace`` is the pace at the start; it may change while the race runs.
    """

    depths: tuple[int, ...] = Field((20, 56), min_length=1, max_length=16)
    shortcuts: tuple[str, ...] = Field(("none", "A"), min_length=1, max_length=32)
    seeds: int = Field(1, ge=1, le=MAX_SEEDS)
    first_seed: int = Field(0, ge=0, le=MAX_FIRST_SEED)
    preset: str = ""
    name: str = Field("", max_length=120)
    run: RunConfig = RunConfig()
    per_depth: dict[int, dict[str, float]] = {}
    pace: str = FREE

    @field_validator("pace")
    @classmethod
    def _is_a_pace(cls, pace: str) -> str:
        try:
            lockstep(pace)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return pace

    @field_validator("depths", "shortcuts")
    @classmethod
    def _no_repeats(cls, values: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(values)) != len(values):
            raise ValueError("each depth and each shortcut may be named once")
        return values

    def trials(self) -> list[RunConfig]:
        """Return the trials that ``lr=tuned`` asks for: every rate of the grid for every arm, with ``TRIAL_SEED``.

        A trial is shorter than the run and keeps the shape of its schedule. It is evaluated at its end, and not probed.
        """
        first = len(self.shortcuts) * len(self.depths)
        waiting = [run for run in self.runs()[:first] if run.optim.lr == TUNED]
        return [
            replace(
                run,
                {"seed": TRIAL_SEED, "optim.lr": rate, "optim.steps": steps, "eval_every": steps, "probe.images": 0},
            )
            for run in waiting
            for steps in [run.optim.trial_steps()]
            for rate in run.optim.tune_grid
        ]

    def runs(self) -> list[RunConfig]:
        """Return the runs in the order in which they start: all arms of the first seed, then of the next."""
        return [
            replace(
                self.run,
                {**self.per_depth.get(depth, {}), "model.depth": depth, "model.shortcut": shortcut, "seed": seed},
            )
            for seed in range(self.first_seed, self.first_seed + self.seeds)
            for shortcut in self.shortcuts
            for depth in sorted(self.depths)
        ]
