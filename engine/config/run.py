"""The configs of one training and of one lab job."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, field_validator, model_validator

from engine.config.base import Config
from engine.config.data import DataConfig
from engine.config.families import FAMILIES
from engine.config.model import ModelConfig
from engine.config.optim import OptimConfig
from engine.config.values import DERIVED

#: More updates than a run may have.
_MOST_STEPS = 10_000_000
#: Processes that may train one net together.
MAX_REPLICAS = 8
#: Names and values of a lab's settings: a bound also makes pydantic refuse half a letter, which JSON cannot hold.
_Key: TypeAlias = Annotated[str, Field(max_length=120)]
_Setting: TypeAlias = Annotated[str, Field(max_length=2_000)]
_DEVICE, _DEVICES = r"^(auto|cpu|mps|cuda(:[0-9]{1,3})?)$", "auto, cpu, mps, cuda or cuda:N"
#: Labs measure in 64-bit floats, which mps (Apple) lacks.
_LAB_DEVICE = r"^(auto|cpu|cuda(:[0-9]{1,3})?)$"
_LAB_DEVICES = "auto, cpu, cuda or cuda:N, for a lab needs 64-bit floats, which mps lacks"


class ProbeConfig(Config):
    """The probes of a training (``engine.probes``), equal for all arms of a race.

    ``images`` is the size of the fixed probe batch, 0: no probes. ``every`` is the distance in steps, 0: derived from
    the length of the run (``engine.config.probe_steps``).
    """

    images: int = Field(32, ge=0, le=1024)
    every: int = Field(0, ge=0, le=_MOST_STEPS, json_schema_extra=DERIVED)

    @field_validator("images")
    @classmethod
    def _none_or_enough(cls, images: int) -> int:
        if 0 < images < 8:
            raise ValueError(f"probe.images is 0 (no probes) or at least 8 (got {images})")
        return images


class RunConfig(Config):
    """One training of one arm with one seed.

    The engine sets ``threads`` 0 at the run's first start. ``precision`` auto is bf16 autocast where the device has it,
    else fp32. ``compile`` trains with generated code (``engine.training.compiled``), ``graph`` with an update that is
    recorded on a GPU (``engine.training.recorded_update``). ``replicas`` processes train the net together, each on its
    share of every batch and with batch norm of that share alone (``engine.hardware.ranks``); the run's threads are
    shared out among them. ``eval_every`` 0 is derived from the steps, equal for all arms of a race.
    """

    model: ModelConfig = ModelConfig()
    data: DataConfig = DataConfig()
    optim: OptimConfig = OptimConfig()
    probe: ProbeConfig = ProbeConfig()
    seed: int = Field(0, ge=0, le=2**31 - 1)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    device: str = Field("auto", pattern=_DEVICE, description=_DEVICES)
    threads: int = Field(0, ge=0, le=1024, json_schema_extra=DERIVED)
    compile: bool = False
    graph: bool = False
    replicas: int = Field(1, ge=1, le=MAX_REPLICAS)
    eval_every: int = Field(0, ge=0, le=_MOST_STEPS, json_schema_extra=DERIVED)
    recalibrate_bn: bool = False

    @field_validator("eval_every", mode="before")
    @classmethod
    def _at_the_end_alone(cls, eval_every: object) -> object:
        """Older versions took any number, and their runs stay readable: so much means at the end alone."""
        return min(eval_every, _MOST_STEPS) if type(eval_every) is int else eval_every

    @model_validator(mode="after")
    def _has_statistics(self) -> Self:
        if self.recalibrate_bn and not FAMILIES[self.model.family].batch_normed:
            raise ValueError(
                f"recalibrate_bn needs batch norm, which the family {self.model.family} has not; leave it out"
            )
        return self

    @model_validator(mode="after")
    def _trains_in_one_way(self) -> Self:
        chosen = [f"{name}=true" for name in ("compile", "graph") if getattr(self, name)]
        chosen += [f"replicas={self.replicas}"] * (self.replicas > 1)
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)} were never tried together; choose one of them")
        return self

    @model_validator(mode="after")
    def _has_whole_shares(self) -> Self:
        replicas, batch = self.replicas, self.optim.batch_size
        if batch % replicas or batch < 2 * replicas:
            fitting = [n for n in range(1, MAX_REPLICAS + 1) if batch % n == 0 and batch >= 2 * n]
            *others, most = map(str, fitting)
            allowed = f"{', '.join(others)} or {most}" if others else most
            raise ValueError(
                f"replicas share a batch of {batch} images equally, at least 2 each: {allowed}, "
                f"and no more than there are cores or GPUs (got {replicas})"
            )
        return self

    @property
    def rank_threads(self) -> int:
        """The CPU threads of each replica, once ``threads`` is fixed."""
        return max(1, self.threads // self.replicas)

    def evaluation_steps(self, further_ends: Sequence[int] = ()) -> list[int]:
        """Return the steps after which the subsets are evaluated, the last step included.

        Derived cadence: 8 times in 300 steps, then one per 100 steps, at most 128. Shorter runs keep the cadence of 300
        steps; a closer one would cost more than a tenth of the time. A step just before the last one is left out.

        Args:
            further_ends: ends of the run's extensions, ascending. An extension keeps the steps up to the old end.
                Behind the old end the cadence is that of a run of the new length, without a step just behind that end.
        """
        steps: list[int] = []
        for before, end in pairwise((0, self.optim.steps, *further_ends)):
            every = self.eval_every or math.ceil(max(300, end) / min(128, max(8, end // 100)))
            close = 0 if self.eval_every else every
            regular = range(every, end, every)
            steps += [step for step in regular if step > before and 2 * min(end - step, step - before) >= close]
            steps.append(end)
        return steps


class LabConfig(Config):
    """One job of a lab: its name and all its settings, checked by ``engine.labs.registry``."""

    lab: str = Field(max_length=120)
    settings: dict[_Key, bool | int | float | _Setting] = {}
    device: str = Field("cpu", pattern=_LAB_DEVICE, description=_LAB_DEVICES)
    threads: int = Field(1, ge=1, le=1024)
