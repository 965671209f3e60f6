"""A race, as data: what its runs share and how they differ."""

from pydantic import Field, field_validator

from engine.config.base import Config, replace
from engine.config.run import RunConfig


class RaceConfig(Config):
    """A set of runs on the same data with the same batches, augmentation draws and initial weights.

    ``run`` is what all runs share; its depth, shortcut and seed are replaced by those of the arm. ``per_depth`` holds
    settings that differ for some depths, with dotted keys, for example ``{110: {"optim.warmup_lr": 0.01}}``.
    ``preset`` is kept as the record of where the shared values came from.
    """

    depths: tuple[int, ...] = Field((20, 56), min_length=1, max_length=16)
    shortcuts: tuple[str, ...] = Field(("none", "A"), min_length=1, max_length=32)
    seeds: int = Field(1, ge=1, le=100)
    first_seed: int = Field(0, ge=0, le=2**31 - 200)
    preset: str = ""
    name: str = Field("", max_length=120)
    run: RunConfig = RunConfig()
    per_depth: dict[int, dict[str, float]] = {}

    @field_validator("depths", "shortcuts")
    @classmethod
    def _no_repeats(cls, values: tuple) -> tuple:
        if len(set(values)) != len(values):
            raise ValueError("each depth and each shortcut may be named once")
        return values

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
