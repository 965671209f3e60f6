"""The config of a race: shared settings and arms."""

import re
from typing import Annotated, Any, TypeAlias

from pydantic import FailFast, Field, ValidationInfo, field_validator

from engine.config.base import Config, replace
from engine.config.optim import TUNED
from engine.config.run import RunConfig
from engine.config.shortcut import MAX_TEXT
from engine.config.values import Schema, whole_from, within, wrong
from engine.errors import ConfigError

#: Limit of the runs of a race, the curves of a chart and the runs of an address: the page streams no more at once.
MAX_RUNS = 64
MAX_SEEDS = 100
MAX_FIRST_SEED = 2**31 - 200
#: The seed of all trials. No race has this seed, so no rate is chosen with the batches and first weights of a race.
TRIAL_SEED = 2**31 - 1
_Text: TypeAlias = Annotated[str, Field(max_length=MAX_TEXT)]
#: The pace of runs that do not wait for each other.
FREE = "free"
_LOCKSTEP = re.compile(r"lockstep:([1-9][0-9]{0,6})")
#: Steps that a run may be ahead of the slowest.
_LEAD: Schema = {"type": "integer", "minimum": 1, "maximum": 9_999_999}


def lockstep(pace: str) -> int:
    """Return K of ``lockstep:K``, the largest lead over the slowest run; 0 for ``free``. Raises ConfigError."""
    if pace == FREE:
        return 0
    if (match := _LOCKSTEP.fullmatch(pace)) is None:
        raise ConfigError(
            f"a pace is free or lockstep:K with K from 1 to 9999999, for example lockstep:5 (got {pace!r})"
        )
    return int(match[1])


def lead_from(text: str) -> int:
    """Return the K of ``lockstep:K`` that a text names alone. Raises ConfigError."""
    lead = whole_from(text)
    if lead is None or not within(_LEAD, lead):
        raise ConfigError(wrong("lead", _LEAD, text if lead is None else lead))
    return lead


class RaceConfig(Config):
    """Runs on the same data with the same batches, augmentation draws and initial weights.

    ``run`` holds the shared settings; each arm sets depth, shortcut and seed. ``per_depth`` holds settings of single
    depths with dotted keys: ``{110: {"optim.warmup_lr": 0.01}}``. ``preset`` is the origin of the shared values.
    ``pace`` is the pace at the start; a running race may change it.
    """

    depths: Annotated[tuple[int, ...], FailFast()] = Field((20, 56), min_length=1, max_length=16)
    shortcuts: Annotated[tuple[_Text, ...], FailFast()] = Field(("none", "A"), min_length=1, max_length=32)
    seeds: int = Field(1, ge=1, le=MAX_SEEDS)
    first_seed: int = Field(0, ge=0, le=MAX_FIRST_SEED)
    preset: str = Field("", max_length=120)
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
    def _no_repeats(cls, values: tuple[Any, ...], info: ValidationInfo) -> tuple[Any, ...]:
        if repeated := sorted({value for value in values if values.count(value) > 1}):
            named = ", ".join(map(str, repeated))
            raise ValueError(f"{info.field_name} has {named} more than once; name each once")
        return values

    def trials(self) -> list[RunConfig]:
        """Return the trials of ``lr=tuned``: every rate of the grid for every arm, with ``TRIAL_SEED``.

        A trial is shorter than its run and keeps the schedule's shape, warm-up included. It is evaluated at its end
        and never probed.
        """
        arms = len(self.shortcuts) * len(self.depths)
        return [
            replace(
                run,
                {
                    "seed": TRIAL_SEED,
                    "optim.lr": rate,
                    "optim.steps": steps,
                    "eval_every": steps,
                    "probe.images": 0,
                    "optim.warmup_steps": run.optim.warmup_steps * steps // run.optim.steps,
                },
            )  # fmt: skip
            for run in self.runs()[:arms]
            if run.optim.lr == TUNED
            for steps in [run.optim.trial_steps()]
            for rate in run.optim.tune_grid
        ]

    def runs(self) -> list[RunConfig]:
        """Return the runs in the order of their start: all arms of the first seed, then of the next."""
        return [
            replace(
                self.run,
                {**self.per_depth.get(depth, {}), "model.depth": depth, "model.shortcut": shortcut, "seed": seed},
            )
            for seed in range(self.first_seed, self.first_seed + self.seeds)
            for shortcut in self.shortcuts
            for depth in sorted(self.depths)
        ]
