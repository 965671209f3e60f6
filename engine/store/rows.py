"""One frozen dataclass per table, and the columns of a curve; the type of a field decodes its column. Torch-free."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import BeforeValidator, Json

from engine.config import FREE, STEPS, Change, LabConfig, RaceConfig, RunConfig, arm_name, depth_name, on_replicas
from engine.events import RunState

#: Whether a column is not 0.
_Truth = Annotated[bool, BeforeValidator(bool)]


@dataclass(frozen=True, slots=True)
class RaceRow:
    """One stored race; ``runs`` counts its existing runs. ``tunes``: the race that these trials serve, else None.

    ``instant``: an instant race that nobody kept (``engine.runs.supervisor.instant``).
    """

    id: int
    name: str
    preset: str
    config: Annotated[RaceConfig, BeforeValidator(RaceConfig.from_json)]
    created: float
    runs: int
    pace: str = FREE
    tunes: int | None = None
    instant: _Truth = False


@dataclass(frozen=True, slots=True)
class GhostLineRow:
    """An imported line beside a race; ``points`` of its ``total`` points are stored.

    ``quantity`` is what the file held, with its unit; the numbers are of ``metric``: error in percent, loss as it came.
    """

    id: int
    race: int
    name: str
    source: str
    quantity: str
    split: str
    metric: str
    total: int
    points: int
    created: float


@dataclass(frozen=True, slots=True)
class RaceAge:
    """A race with its runs, the end of the last one, and how many have a note or are still to end, trials included."""

    id: int
    name: str
    runs: Json[list[int]]
    ended: float
    noted: int
    at_work: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRow:
    """The common columns of runs and jobs of labs. Both take their ids from one sequence.

    ``imported``: the import that brought it (table ``imports``), None for one of this workspace.
    """

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
    imported: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRow(JobRow):
    """One stored run; units as in ``assets/docs/store.md``.

    ``parent_run``, ``parent_step``: where a fork began; the parent may be deleted, and below 1 it was never here.
    ``tunes``: the race that a trial serves, None for any other run. ``instant``: of an instant race that nobody kept.
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
    instant: _Truth = False
    note: str = ""

    @property
    def family(self) -> str:
        """The family of the net."""
        return self.config.model.family

    @property
    def depth_name(self) -> str:
        """The depth as people say it: ``56``, or ``12 blocks (50 layers)``."""
        return depth_name(self.depth, self.family)

    @property
    def arm(self) -> str:
        """The arm's name, for example ``plain-56``."""
        return on_replicas(arm_name(self.depth, self.shortcut, self.family), self.config.replicas)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabJobRow(JobRow):
    """One stored job of a lab: ``done`` of ``total`` tasks are done."""

    lab: str
    config: Annotated[LabConfig, BeforeValidator(LabConfig.from_json)]
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class PlacementRow:
    """One attempt at a run on a cluster; ``lost``: it ended with its node. ``ended`` None: it may write."""

    run: int
    attempt: int
    node: str
    processor: str
    created: float
    ended: float | None
    lost: _Truth


@dataclass(frozen=True, slots=True)
class Pulse:
    """The state of a run or job on record, its worker's process, and when the worker was heard last.

    ``node``: of a cluster, '' for a worker on this machine.
    """

    id: int
    state: RunState
    detail: str
    pid: int | None
    heartbeat: float | None
    node: str = ""


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
    author: str = ""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A bundle that was imported: its ``bundle`` id, its date ``exported``, the ``version`` that wrote it."""

    id: int
    bundle: str
    exported: str
    version: str
    created: float


@dataclass(frozen=True, slots=True)
class UnfinishedImport:
    """An import that is under way, or was cut off: its process, and the numbers of its runs and jobs."""

    id: int
    pid: int
    pid_started: float
    first_run: int
    last_run: int


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A change of a live run; ``step`` is the first update with the change, None until then."""

    id: int
    run: int
    key: str
    value: float
    step: int | None
    created: float


@dataclass(frozen=True, slots=True)
class ForkPlan:
    """A planned fork that begins after ``step``. ``changes`` without a step are the fork's own, others the parent's."""

    config: RunConfig
    step: int
    changes: tuple[Change, ...]

    @property
    def total_steps(self) -> int:
        """All steps of the fork, extensions of the parent included."""
        ends = [int(change.value) for change in self.changes if change.key == STEPS]
        return max([self.config.optim.steps, *ends])


@dataclass(frozen=True, slots=True)
class EngineRow:
    """The engine of the last heartbeat."""

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
    """Points of one run and one split by column; ``total`` counts the stored rows before decimation.

    Shapes: (points,) float64 each, NaN where no finite value was measured.
    """

    columns: dict[str, np.ndarray]
    total: int

    def __len__(self) -> int:
        return len(self.columns["step"])
