"""Events of trainings and labs, and the states of a run with their legal moves. Imports the standard library alone.

The trainer is a generator of events. The worker pauses a run by taking no further event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class RunState(StrEnum):
    """The state of a run. Page and command line show the values."""

    QUEUED = "queued"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FINISHED = "finished"
    DIVERGED = "diverged"
    FAILED = "failed"
    LOST = "lost"


_S = RunState

MOVES: dict[RunState, frozenset[RunState]] = {
    # A queued run fails when no trial gave it a learning rate.
    _S.QUEUED: frozenset({_S.STARTING, _S.PAUSED, _S.STOPPED, _S.FAILED}),
    _S.STARTING: frozenset({_S.RUNNING, _S.QUEUED, _S.PAUSED, _S.STOPPING, _S.STOPPED, _S.FAILED, _S.LOST}),
    _S.RUNNING: frozenset({_S.PAUSED, _S.STOPPING, _S.STOPPED, _S.FINISHED, _S.DIVERGED, _S.FAILED, _S.LOST}),
    _S.STOPPING: frozenset({_S.STOPPED, _S.FINISHED, _S.DIVERGED, _S.FAILED, _S.LOST}),
    _S.PAUSED: frozenset({_S.QUEUED, _S.STOPPED}),
    _S.LOST: frozenset({_S.QUEUED, _S.STOPPED}),
    # A failed run is resumed once its cause is mended.
    _S.FAILED: frozenset({_S.QUEUED}),
    _S.STOPPED: frozenset(),
    # A finished run is extended to more steps.
    _S.FINISHED: frozenset({_S.QUEUED}),
    _S.DIVERGED: frozenset(),
}

#: A worker process belongs to a run in these states.
ALIVE: frozenset[RunState] = frozenset({_S.STARTING, _S.RUNNING, _S.STOPPING})
#: The engine works on a run in these states, or will without a command.
AT_WORK: frozenset[RunState] = ALIVE | {_S.QUEUED}
#: A run in these states changes only by a command.
ENDED: frozenset[RunState] = frozenset({_S.STOPPED, _S.FINISHED, _S.DIVERGED, _S.FAILED, _S.LOST})
#: States of ``ENDED`` from which no run is resumed.
FINAL: frozenset[RunState] = ENDED - {_S.FAILED, _S.LOST}
#: The last metrics of a run in these states are no result.
BROKEN: frozenset[RunState] = frozenset({_S.DIVERGED, _S.FAILED})
#: A run in these states ended before its last step. Its metrics are sound.
HALTED: frozenset[RunState] = frozenset({_S.STOPPED, _S.LOST})
#: A run in these states can be paused.
PAUSABLE: frozenset[RunState] = frozenset({_S.QUEUED, _S.STARTING, _S.RUNNING})
#: A run in these states can be resumed in a batch. A failed run is resumed alone, once its cause is mended.
RESUMABLE: frozenset[RunState] = frozenset({_S.PAUSED, _S.LOST})
#: A run in these states takes over changes of its settings.
CHANGEABLE: frozenset[RunState] = PAUSABLE | {_S.PAUSED}
#: Groups for the browser, by the names in ``app/live/shared/run_states.js``.
STATE_GROUPS: dict[str, frozenset[RunState]] = {
    "AT_WORK": AT_WORK, "ENDED": ENDED, "FINAL": FINAL, "BROKEN": BROKEN, "HALTED": HALTED, "PAUSABLE": PAUSABLE,
    "RESUMABLE": RESUMABLE,
}  # fmt: skip

#: Detail of a run that paused itself because its engine vanished. The next engine resumes such a run.
ENGINE_GONE = "engine ended; resumes with the next engine"
#: Begin of the detail of a training whose threads wait for cores (``engine.runs.worker.contention``).
CROWDED = "slow: other programs use the cores"


class Split(StrEnum):
    """Where a loss or an error was measured."""

    #: The mini-batch of the step: augmented, train-mode batch norm, weights before the update.
    TRAIN = "train"
    #: The fixed un-augmented training subset in eval mode ("clean training error").
    TRAIN_CLEAN = "train_clean"
    #: The fixed test subset in eval mode.
    TEST_SUBSET = "test_subset"
    #: The held-out part of the training set in eval mode: a fixed subset, at the end all of it.
    VALIDATION = "validation"
    #: The full test set, once, at the end.
    TEST = "test"


class StepRow(NamedTuple):
    """One stored optimizer update; ``running_*`` are means over at most ``RUNNING_WINDOW`` steps.

    Units: losses in nats, errors in percent, ``seconds`` of training without pauses.
    """

    step: int
    loss: float
    error: float
    running_loss: float
    running_error: float
    lr: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Started:
    """The net is built and the data are loaded. Training goes on from ``step`` (0 for a fresh run)."""

    step: int
    total_steps: int
    parameters: int
    device: str
    device_name: str
    precision: str
    threads: int
    train_images: int
    test_images: int


@dataclass(frozen=True, slots=True)
class Stepped:
    """One optimizer update was issued. Without a metric the event costs no device sync."""

    step: int


@dataclass(frozen=True, slots=True)
class Measured:
    """The metrics of the steps since the last ``Measured``, fetched in one copy."""

    rows: tuple[StepRow, ...]


@dataclass(frozen=True, slots=True)
class Evaluating:
    """A batch of an evaluation is done. The worker may interrupt here."""

    step: int
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Loss and error over a whole split. ``bn`` names the batch-norm statistics: ``running`` or ``recalibrated``.

    Units: loss in nats, error in percent; ``took_s`` is the cost in seconds, ``seconds`` the run's clock.
    """

    step: int
    split: Split
    loss: float
    error: float
    images: int
    seconds: float
    took_s: float
    bn: str


@dataclass(frozen=True, slots=True)
class Probed:
    """The measurements of the probes after ``step`` updates (0: at initialisation), on ``images`` images.

    Shapes: float32 ``arrays`` by name of a quantity (``engine.probes.registry``); NaN where a layer has no value.
    Units: ``took_s`` is the cost in seconds, ``seconds`` the run's clock.
    """

    step: int
    seconds: float
    took_s: float
    images: int
    arrays: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of the run's log, for example the end of a warm-up or a learning-rate drop."""

    step: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Changed:
    """A change of the live run (row ``change``) takes effect at update ``step``, after this event.

    A run that resumes from an older checkpoint repeats the event at the same step.
    """

    step: int
    change: int
    text: str


@dataclass(frozen=True, slots=True)
class Diverged:
    """The loss of ``step`` is not finite. No further event follows."""

    step: int


@dataclass(frozen=True, slots=True)
class Finished:
    """All steps and the last evaluation are done. No further event follows."""

    step: int
    seconds: float
    evaluation_share: float
    probe_share: float = 0.0


# --- events of a lab (``engine.labs``); the worker stores them in order ---------------------------------------------


@dataclass(frozen=True, slots=True)
class Progressed:
    """``done`` of ``total`` tasks of a lab are done; ``words`` name the next one. The worker may interrupt here."""

    done: int
    total: int
    words: str


class CurveName(NamedTuple):
    """The key of a curve in its panel: ``kind`` decides the colour, ``value`` is the value of ``setting``.

    Args:
        cell: Column of the heat map to whose cell the curve belongs.
        part: ``seed N`` (thin), ``N targets`` (thin lines with a gap after each), ``low`` or ``high`` (edges of a
            band); '' for the curve itself.
    """

    kind: str
    setting: str = ""
    value: float | None = None
    cell: str = ""
    part: str = ""

    @property
    def text(self) -> str:
        """The name for people: ``identity: plain, blocks 6; seed 0``."""
        cell = f"{self.cell}: " if self.cell else ""
        value = "" if self.value is None else f", {self.setting} {repr(float(self.value)).removesuffix('.0')}"
        return f"{cell}{self.kind}{value}{f'; {self.part}' if self.part else ''}"


@dataclass(frozen=True, slots=True)
class CurveUpdated:
    """A curve of a lab: ``y`` over ``x``. The curve replaces an earlier curve of the same panel and name."""

    panel: str
    name: CurveName
    x: Sequence[float]
    y: Sequence[float]


@dataclass(frozen=True, slots=True)
class MetricReported:
    """A metric of a lab; the lab's spec (``engine.labs.registry``) holds unit and source."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Concluded:
    """The lab is done after ``seconds`` of work. No further event follows."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Found:
    """A sentence that the rule ``name`` derives from the curves of a lab.

    Args:
        kind: The kind of curve that the sentence is about, '' for all.
        setting: With a setting, the sentence holds at its ``value`` alone.
    """

    name: str
    text: str
    kind: str = ""
    setting: str = ""
    value: float | None = None

    def holds_at(self, settings: Mapping[str, Any]) -> bool:
        """Return whether the sentence holds at these settings of the lab."""
        return not self.setting or settings.get(self.setting) == self.value


LabEvent = Progressed | CurveUpdated | MetricReported | Concluded

Event = Started | Stepped | Measured | Evaluating | Evaluated | Probed | LogEntry | Changed | Diverged | Finished
