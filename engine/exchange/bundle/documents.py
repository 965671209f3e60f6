"""The documents of a bundle, as they are written and checked. Torch-free.

Numbers of runs, races and jobs are those of the bundle, from 1 on. A parent that is not in the bundle is -1, -2 and so
on. Units as in ``assets/docs/store.md``.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from engine.config import LIVE, STEPS, LabConfig, RaceConfig, RunConfig, lockstep
from engine.errors import ConfigError
from engine.exchange import limits
from engine.exchange.bundle.columns import CODE_BYTES
from engine.exchange.ghosts.quantities import QUANTITIES
from engine.runs.client.visitor_notes import MAX_NAME_LENGTH, MAX_NOTE_LENGTH

#: The versions of the format that a reader takes.
VERSIONS = (1, 2)
FORMAT = "skipscope-bundle"
#: States of a run in a bundle: whatever had not ended was stopped where the record ends.
STATES = ("finished", "stopped", "diverged", "failed")
#: Kinds of log entries that tell of the training; those of this machine's files leave in no format.
LOG_KINDS = ("warmup", "lr", "change", "fork", "tuned")

#: The columns of a training curve, in the order of their blocks.
POINT_COLUMNS = ("error", "loss", "lr", "running_error", "running_loss", "seconds", "step")

_Line = Annotated[str, StringConstraints(max_length=limits.MAX_TEXT, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$")]
_Name = Annotated[_Line, StringConstraints(max_length=limits.MAX_NAME)]
_Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
_Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{0,64}$")]
_Step = Annotated[int, Field(ge=0, le=limits.MAX_ROWS)]
_Number = Annotated[int, Field(ge=1, le=limits.MAX_RUNS_IN_FILE)]
_Count = Annotated[int, Field(ge=0, le=2**53)]
_Time = Annotated[float, Field(ge=0, le=1e11)]
_Maybe = float | None
_Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

MEMBER = re.compile(
    r"races\.json|verdicts\.json|runs/[0-9]{4}/(run\.json|points\.bin|probes\.bin|checkpoints/[0-9]{8}\.(json|bin))"
    r"|labs/[0-9]{4}/(job\.json|curves\.bin)|ghosts/[0-9]{4}\.json"
)


def version_of(members: Iterable[str]) -> int:
    """Return the version of a bundle with these members: 2 with imported lines, which version 1 has not, else 1."""
    return 2 if any(name.startswith("ghosts/") for name in members) else 1


class Document(BaseModel):
    """Base of all documents: no unknown keys, no number that is not finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Member(Document):
    """A member of the archive: its decoded bytes and their digest."""

    name: str = Field(max_length=64)
    bytes: _Count
    sha256: _Digest

    @model_validator(mode="after")
    def _is_known(self) -> Self:
        if not MEMBER.fullmatch(self.name):
            raise ValueError(f"a bundle has no member {self.name!r}")
        if self.bytes > (limit := limits.member_bytes(self.name)):
            raise ValueError(f"{self.name} has {self.bytes:,} bytes, and {limit:,} is the most")
        return self


class Manifest(Document):
    """The last member. ``id`` is the digest of the table of members: equal content has an equal id."""

    format: Literal["skipscope-bundle"]
    version: Literal[1, 2]
    date: str = Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$")
    id: _Digest
    written_by: dict[_Word, _Name] = Field(max_length=20)
    members: list[Member] = Field(max_length=limits.MAX_MEMBERS)

    @field_validator("date")
    @classmethod
    def _is_a_moment(cls, text: str) -> str:
        datetime.fromisoformat(text)
        return text

    @model_validator(mode="after")
    def _has_its_version(self) -> Self:
        if self.version != (needed := version_of(member.name for member in self.members)):
            raise ValueError(f"a bundle with these members has version {needed} of the format (got {self.version})")
        return self


class RaceDocument(Document):
    """A race; ``tunes`` is the race that its trials serve."""

    race: _Number
    name: Annotated[_Line, StringConstraints(max_length=MAX_NAME_LENGTH)]
    preset: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,40}$")]
    pace: str = Field(max_length=40)
    created: _Time
    tunes: int | None
    config: RaceConfig

    @model_validator(mode="after")
    def _has_a_pace(self) -> Self:
        try:
            lockstep(self.pace)
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return self


class ChangeDocument(Document):
    """A change of a live run, or an extension; as in the table ``changes``."""

    key: Literal["lr", "weight_decay", "strength", "steps"]
    value: float
    step: _Step | None
    created: _Time

    @model_validator(mode="after")
    def _is_allowed(self) -> Self:
        allowed = 1 <= self.value <= limits.MAX_ROWS if self.key == STEPS else LIVE[self.key].allows(self.value)
        if not allowed:
            raise ValueError(f"no run can have {self.key} {self.value:g}")
        return self


class LogDocument(Document):
    """A log entry about the training."""

    step: _Step
    kind: Literal["warmup", "lr", "change", "fork", "tuned"]
    text: _Line
    created: _Time


class LayerDocument(Document):
    """A layer or block of the net; as in the table ``layers``."""

    kind: Literal["layer", "relu", "block", "sublayer"]
    position: Annotated[int, Field(ge=0, le=limits.MAX_LAYERS)]
    name: _Name
    stage: Annotated[int, Field(ge=0, le=64)]
    channels: Annotated[int, Field(ge=0, le=2**20)]


class EvaluationDocument(Document):
    """An evaluation; None for a value that was not finite."""

    step: _Step
    split: Literal["train_clean", "test_subset", "validation", "test"]
    loss: _Maybe
    error: _Maybe
    images: _Count
    seconds: float
    took_s: float
    bn: Literal["", "running", "recalibrated"]


class PointsDocument(Document):
    """The columns of ``points.bin`` in their order: the training curve, one row a step."""

    rows: Annotated[int, Field(ge=0, le=limits.MAX_ROWS)]
    types: dict[str, Literal["u4", "f4", "f8"]]

    @model_validator(mode="after")
    def _has_all_columns(self) -> Self:
        if tuple(self.types) != POINT_COLUMNS:
            raise ValueError(f"the columns are {', '.join(POINT_COLUMNS)} (got {', '.join(self.types)[:200]})")
        return self


class ArrayDocument(Document):
    """One quantity in ``probes.bin``: an array of ``length`` x ``width`` for each of these probes, by its place."""

    quantity: _Word
    code: Literal["f4", "log16", "root8"]
    low: float
    high: float
    length: Annotated[int, Field(ge=0, le=2**26)]
    width: Annotated[int, Field(ge=1, le=2**16)]
    probes: list[Annotated[int, Field(ge=0, le=limits.MAX_PROBES)]] = Field(max_length=limits.MAX_PROBES)

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.code == "log16" and not 0 < self.low < self.high:
            raise ValueError(f"the range of {self.quantity} goes from a number above 0 to a larger one")
        if self.probes != sorted(set(self.probes)):
            raise ValueError(f"the probes of {self.quantity} are in ascending order, each once")
        return self

    @property
    def size(self) -> int:
        """The bytes of one probe's array."""
        return self.length * self.width * CODE_BYTES[self.code]


class ProbesDocument(Document):
    """The probes of a run by column, and the arrays of ``probes.bin`` in their order."""

    step: list[_Step] = Field(max_length=limits.MAX_PROBES)
    seconds: list[float] = Field(max_length=limits.MAX_PROBES)
    took_s: list[float] = Field(max_length=limits.MAX_PROBES)
    images: list[_Count] = Field(max_length=limits.MAX_PROBES)
    arrays: list[ArrayDocument] = Field(max_length=200)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        count = len(self.step)
        if {len(self.seconds), len(self.took_s), len(self.images)} != {count}:
            raise ValueError("the columns of the probes have one length")
        if self.step != sorted(set(self.step)):
            raise ValueError("the steps of the probes are in ascending order, each once")
        names = [array.quantity for array in self.arrays]
        if names != sorted(set(names)) or any(array.probes and array.probes[-1] >= count for array in self.arrays):
            raise ValueError("the quantities are in alphabetic order, each once, and of probes that there are")
        return self


class CheckpointDocument(Document):
    """A saved state that goes with the run: ``checkpoints/STEP.json`` and ``.bin``."""

    step: _Step
    reason: Literal["tenth", "autosave", "pause", "end", "fork"]


class RunDocument(Document):
    """A run. ``detail`` is that of a trial whose rate was taken, else ''."""

    run: _Number
    race: _Number
    position: Annotated[int, Field(ge=0, le=2**31)]
    state: Literal["finished", "stopped", "diverged", "failed"]
    detail: Literal["", "chosen"]
    cause: _Line
    note: Annotated[_Line, StringConstraints(max_length=MAX_NOTE_LENGTH)]
    step: _Step
    total_steps: Annotated[int, Field(ge=1, le=limits.MAX_ROWS)]
    parameters: _Count | None
    device: Annotated[str, StringConstraints(pattern=r"^[a-z0-9:]{0,20}$")]
    precision: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{0,20}$")]
    threads: Annotated[int, Field(ge=0, le=1024)]
    images_per_s: _Maybe
    train_images: _Count
    seconds: float
    evaluation_share: _Maybe
    probe_share: _Maybe
    created: _Time
    started: _Time | None
    ended: _Time | None
    parent_run: int | None
    parent_step: _Step | None
    versions: dict[_Word, _Name] = Field(max_length=20)
    config: RunConfig
    changes: list[ChangeDocument] = Field(max_length=limits.MAX_ENTRIES)
    log: list[LogDocument] = Field(max_length=limits.MAX_ENTRIES)
    layers: list[LayerDocument] = Field(max_length=limits.MAX_LAYERS)
    evaluations: list[EvaluationDocument] = Field(max_length=limits.MAX_ENTRIES)
    points: PointsDocument
    probes: ProbesDocument
    checkpoints: list[CheckpointDocument] = Field(max_length=100)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.parent_run is None) != (self.parent_step is None):
            raise ValueError(f"run {self.run} has a parent and a step to begin from, or neither")
        if self.parent_run is not None and (self.parent_run == 0 or self.parent_run >= self.run):
            raise ValueError(f"run {self.run} is a fork of an earlier run (got {self.parent_run})")
        if self.step > self.total_steps:
            raise ValueError(f"run {self.run} has done {self.step} of {self.total_steps} steps")
        keys = [(one.step, one.split) for one in self.evaluations]
        if keys != sorted(set(keys)):
            raise ValueError(f"the evaluations of run {self.run} are in the order of step and split, each once")
        saved = [one.step for one in self.checkpoints]
        if saved != sorted(set(saved)):
            raise ValueError(f"the checkpoints of run {self.run} are in the order of their steps, each once")
        return self


class CurveDocument(Document):
    """A curve of a lab: so many points, as x and then y, float32, in ``curves.bin``."""

    panel: _Key
    kind: _Line
    setting: _Key
    value: _Maybe
    cell: _Name
    part: _Name
    points: Annotated[int, Field(ge=0, le=limits.MAX_ROWS)]


class JobDocument(Document):
    """A finished job of a lab that looked at runs of this bundle."""

    job: Annotated[int, Field(ge=1, le=limits.MAX_LAB_JOBS)]
    done: _Count
    total: _Count
    device: Annotated[str, StringConstraints(pattern=r"^[a-z0-9:]{0,20}$")]
    precision: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]{0,20}$")]
    seconds: float
    created: _Time
    started: _Time | None
    ended: _Time | None
    versions: dict[_Word, _Name] = Field(max_length=20)
    config: LabConfig
    metrics: dict[_Key, _Maybe] = Field(max_length=1_000)
    curves: list[CurveDocument] = Field(max_length=limits.MAX_CURVES)


class RacesDocument(Document):
    """``races.json``: all races, and which runs and jobs there are."""

    races: list[RaceDocument] = Field(min_length=1, max_length=limits.MAX_RACES)
    runs: Annotated[int, Field(ge=1, le=limits.MAX_RUNS_IN_FILE)]
    jobs: Annotated[int, Field(ge=0, le=limits.MAX_LAB_JOBS)]


class GhostDocument(Document):
    """A line that was imported beside a race: its points as they are stored."""

    name: Annotated[_Line, StringConstraints(min_length=1, max_length=MAX_NAME_LENGTH)]
    source: _Name
    quantity: Annotated[str, StringConstraints(pattern=r"^[a-z_:]{1,40}$")]
    split: Literal["train", "test_subset"]
    metric: Literal["error", "loss"]
    total: Annotated[int, Field(ge=1, le=limits.MAX_GHOST_POINTS)]
    steps: list[Annotated[int, Field(ge=0, le=limits.MAX_GHOST_STEP)]] = Field(max_length=limits.MAX_LINE_POINTS)
    numbers: list[_Maybe] = Field(max_length=limits.MAX_LINE_POINTS)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if len(self.steps) != len(self.numbers) or not 1 <= len(self.steps) <= self.total:
            raise ValueError("a line has as many numbers as steps, and no more than it came with")
        if self.steps != sorted(set(self.steps)):
            raise ValueError("the steps of a line are in ascending order, each once")
        known = QUANTITIES.get(self.quantity)
        if known is None or (known.split, known.metric) != (self.split, self.metric):
            raise ValueError(f"no line holds {self.quantity}")
        if any(number is not None and not 0 <= number <= known.highest for number in self.numbers):
            raise ValueError(f"the numbers of a line of {self.metric} are from 0 to {known.highest:g}")
        return self


class GhostsDocument(Document):
    """``ghosts/RACE.json``: the lines beside a race, absent where there are none."""

    lines: list[GhostDocument] = Field(min_length=1, max_length=limits.MAX_GHOST_LINES)

    @model_validator(mode="after")
    def _has_names(self) -> Self:
        if len({line.name for line in self.lines}) != len(self.lines):
            raise ValueError("the lines of a race have names of their own")
        return self


class VerdictsDocument(Document):
    """``verdicts.json``: what was concluded of each race, by its number and the common step of its runs. Derived."""

    races: dict[str, list[dict[str, Any]]]
