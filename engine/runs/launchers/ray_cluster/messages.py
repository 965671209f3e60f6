"""What workers on nodes and the desk beside the database say to each other. Torch-free, and without Ray."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.errors import DatabaseBusy

#: A part of a checkpoint that travels in one message.
CHUNK_BYTES = 16 * 2**20
#: Batches of a worker that may be under way without an answer.
MAX_IN_FLIGHT = 8

#: One call of a table's method: the table's name in ``Writer`` or ``Reader``, the method, its arguments.
Call = tuple[str, str, tuple[Any, ...], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes: a thread (``stream``) of the worker of an attempt at a run."""

    run: int
    attempt: int
    stream: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Calls that are one transaction; ``number`` counts the batches of a sender, so that none is done twice.

    ``first`` is the oldest one without an answer: with it begins a desk that has heard nothing of the sender.
    """

    sender: Sender
    number: int
    calls: tuple[Call, ...]
    first: int


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer of the desk: a value, or the error of the call, which was undone then.

    ``resend``: the desk misses earlier batches and did nothing; the sender begins anew with this number.
    """

    value: Any = None
    error: Exception | None = None
    resend: int | None = None

    def result(self) -> Any:
        """Return the value. Raises the error."""
        if self.error is not None:
            raise self.error
        return self.value


@dataclass(frozen=True, slots=True)
class Beat:
    """A sign of life of a worker, with what it wrote to its log since the last one, and its step in lockstep."""

    run: int
    attempt: int
    log: bytes = b""
    last_word: str = ""
    race: int | None = None
    step: int | None = None


@dataclass(frozen=True, slots=True)
class Pulse:
    """The desk's answer to a beat.

    ``engine_lives``: else the worker writes a checkpoint and ends. ``is_over``: another attempt has the run.
    ``ahead``, ``slowest``: of the race in lockstep, see ``engine.runs.lockstep``.
    """

    engine_lives: bool = True
    is_over: bool = False
    ahead: int = 0
    slowest: int | None = None


@dataclass(slots=True)
class Signs:
    """What the desk heard of an attempt: the beats so far, when the last one came, and the last word of the worker."""

    attempt: int
    beats: int = 0
    heard: float = 0.0
    last_word: str = ""


@dataclass(frozen=True, slots=True)
class DeskState:
    """What the desk tells the engine: signs by run, calls of attempts that are over, and where it works."""

    version: str
    node: str
    pid: int
    signs: dict[int, Signs] = field(default_factory=dict)
    refused: int = 0


class DeskSilent(DatabaseBusy):
    """The desk does not answer, for now: a call may or may not have been done."""


class DeskLine(Protocol):
    """The way to the desk; ``engine.runs.launchers.ray_cluster.actors`` goes by Ray."""

    def send(self, group: str, method: str, *arguments: object) -> Any:
        """Call a method of the desk in one of its threads; return a handle of the answer."""

    def answer(self, handle: Any, wait_s: float | None = None) -> Any:
        """Return the answer. Raises DeskSilent when the desk cannot be reached or takes longer than ``wait_s``."""

    def is_answered(self, handle: Any) -> bool:
        """Return whether the answer, or an error, is there."""
