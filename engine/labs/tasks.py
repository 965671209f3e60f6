"""The frame of a lab: tasks measured in order, and the state from which a paused job continues.

A task is a function of the settings alone. ``measure`` yields at least every half second, so that pause and stop take
effect soon. An interrupted task starts again from its beginning.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from engine.errors import CheckpointError
from engine.events import Concluded, CurveUpdated, LabEvent, MetricReported, Progressed
from engine.hardware.device import Device


class PlannedTask(Protocol):
    """The part that all tasks share."""

    @property
    def name(self) -> str:
        """The task's name in the state, unique in the job."""

    @property
    def words(self) -> str:
        """The page's text during the task."""


class Task(NamedTuple):
    """A task without further fields."""

    name: str
    words: str


#: Result of a task: numbers, lists, texts and tensors, as in a checkpoint.
Result = Any
#: Results of the tasks so far, by the task's name.
Results = Mapping[str, Result]
Finding = CurveUpdated | MetricReported
#: The measuring of one task: yields interim findings, returns the result.
Measuring = Generator[Finding, None, Result]
#: Content of a job's checkpoint.
State = dict[str, Any]

T = TypeVar("T", bound=PlannedTask)
Step = TypeVar("Step")
Returned = TypeVar("Returned")


class Experiment(ABC, Generic[T]):
    """Ordered tasks: a lab or one of its parts."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = dict(settings)

    @property
    def seeds(self) -> range:
        """The seeds of the settings ``first_seed`` (0 where a lab has none) and ``seeds``."""
        first = self.settings.get("first_seed", 0)
        return range(first, first + self.settings["seeds"])

    @abstractmethod
    def plan(self) -> Sequence[T]:
        """Return all tasks in their order, with unique names."""

    @abstractmethod
    def measure(self, task: T, done: Results) -> Measuring:
        """Measure one task, given earlier results; ``findings`` may replace the interim curves."""

    @abstractmethod
    def findings(self, task: T, done: Results) -> Iterator[Finding]:
        """Yield every curve and metric that ``task`` changed; ``done`` includes its result."""


class TaskLab(Experiment[T]):
    """One job of a lab.

    Args:
        settings: every setting of the lab's spec, checked.
        device: the device of the job.
        state: the job's ``state()``, to continue from.

    Raises CheckpointError for a state of other settings.
    """

    #: Version of the content of results.
    FORMAT = 1

    def __init__(self, settings: Mapping[str, Any], device: Device, state: State | None = None) -> None:
        if state is not None and (state.get("format") != self.FORMAT or state.get("settings") != dict(settings)):
            raise CheckpointError("the checkpoint is of another lab or other settings; start the lab anew")
        super().__init__(settings)
        self.device = device
        self._done: dict[str, Result] = dict(state["results"]) if state else {}
        self._seconds: float = state["seconds"] if state else 0.0

    def state(self) -> State:
        """Return everything needed to continue, as tensors and plain values; valid between two events."""
        return {
            "format": self.FORMAT, "settings": dict(self.settings), "results": dict(self._done),
            "seconds": self._seconds,
        }  # fmt: skip

    def events(self) -> Iterator[LabEvent]:
        """Measure the remaining tasks; a task counts as done after its findings."""
        tasks = self.plan()
        yield self._progressed(tasks)
        for task in tasks[len(self._done) :]:
            started = time.perf_counter()
            measuring = self.measure(task, self._done)
            spent = 0.0
            while True:
                try:
                    event = next(measuring)
                except StopIteration as stop:
                    result = stop.value
                    break
                spent += time.perf_counter() - started
                yield event
                started = time.perf_counter()
            done = self._done | {task.name: result}
            findings = list(self.findings(task, done))
            self._seconds += spent + time.perf_counter() - started
            yield from findings
            self._done = done
            yield self._progressed(tasks)
        yield Concluded(self._seconds)

    def _progressed(self, tasks: Sequence[T]) -> Progressed:
        done, total = len(self._done), len(tasks)
        return Progressed(done, total, tasks[done].words if done < total else "all measured")


def relayed(
    work: Generator[Step, None, Returned], show: Callable[[Step], Iterable[Finding]]
) -> Generator[Finding, None, Returned]:
    """Return the result of ``work``; yield the findings that ``show`` makes of each of its values."""
    while True:
        try:
            step = next(work)
        except StopIteration as stop:
            result: Returned = stop.value
            return result
        yield from show(step)
