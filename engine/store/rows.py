"""What the reader returns: one frozen dataclass per table, and the columns of a curve. Torch-free.

A field's type says how its column is decoded: ``Json`` and the configs stand in the database as JSON.
"""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Json

from engine.config import FREE, STEPS, Change, LabConfig, RaceConfig, RunConfig, arm_name
from engine.events import RunState


@dataclass(frozen=True, slots=True)
class RaceRow:
    """One race as it is stored; ``runs`` counts its runs that still exist.

    ``pace`` is the one it keeps now; ``tunes`` the race for which these trials look for learning rates, else None.
    """

    id: int
    name: str
    preset: str
    config: Annotated[RaceConfig, BeforeValidator(RaceConfig.from_json)]
    created: float
    runs: int
    pace: str = FREE
    tunes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """What has a worker: a run or the job of a lab. Both take their ids from one sequence."""

    id: int
    versions: Json[dict[str, str]]
    state: RunState
    detail: str
    cause: str
    device: str
    precision: str
    threads: int
    seconds: float
    pid: int | None
    heartbeat: float | None
    created: float
    started: float | None
    ended: float | None
    changed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow(JobRow):
    """One run as it is stored; units as in ``assets/docs/store.md``.

    ``parent_run``, ``parent_step``: of a fork, the run that it began with and after how many steps; the parent may be
    deleted since.
    ``tunes``: the race for which this trial looks for a learning rate, None for any other run. ``note``: what people
    wrote beside it.
    """

    race: int
    position: int
    depth: int
    shortcut: str
    seed: int
    config: Annotated[RunConfig, BeforeValidator(RunConfig.from_json)]
    step: int
    total_steps: int
    parameters: int | None
    images_per_s: float | None
    evaluation_share: float | None
    probe_share: float | None
    parent_run: int | None = None
    parent_step: int | None = None
    train_images: int = 0
    tunes: int | None = None
    note: str = ""

    @property
    def arm(self) -> str:
        """The arm's name, for example ``plain-56``."""
        return arm_name(self.depth, self.shortcut)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabJobRow(JobRow):
    """One job of a lab as it is stored: ``done`` of ``total`` tasks are done."""

    lab: str
    config: Annotated[LabConfig, BeforeValidator(LabConfig.from_json)]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class CommandRow:
    """A command and the engine's answer."""

    id: int
    verb: str
    run: int | None
    created: float
    acknowledged: float | None
    done: float | None
    refusal: str | None
    race: int | None = None
    argument: str = ""
    claimed: float | None = None


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """What was changed in a live run: ``step`` is the first update it holds for, None until the run gets there."""

    id: int
    run: int
    key: str
    value: float
    step: int | None
    created: float


@dataclass(frozen=True, slots=True)
class ForkPlan:
    """A fork before it is made: its config, the step it begins after, and its live changes.

    ``changes`` up to that step are the parent's; those without a step are the fork's own, for its first step.
    """

    config: RunConfig
    step: int
    changes: tuple[Change, ...]

    @property
    def total_steps(self) -> int:
        """The steps that the fork has in total, extensions of the parent included."""
        ends = [int(change.value) for change in self.changes if change.key == STEPS]
        return max([self.config.optim.steps, *ends])


@dataclass(frozen=True, slots=True)
class EngineRow:
    """The engine that last said that it lives."""

    pid: int
    pid_started: float
    version: str
    devices: Json[list[str]]
    started: float
    heartbeat: float


@dataclass(frozen=True, slots=True)
class CheckpointRow:
    """A checkpoint file: after which step, why, how large in bytes."""

    run: int
    step: int
    reason: str
    bytes: int
    created: float


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one run and one split as columns; ``total`` counts the stored rows that these stand for.

    Shapes: every array (points,), float64, NaN where nothing finite was measured; ``columns`` keys are those of
    table ``points``: step, loss, error, running_loss, running_error, lr, seconds.
    """

    columns: dict[str, np.ndarray]
    total: int

    def __len__(self) -> int:
        return len(self.columns["step"])
