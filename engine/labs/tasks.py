"""The frame of a lab: tasks measured one after the other, and how a job goes on after a pause.

A task is a function of the settings alone. ``measure`` yields at least every half second, so that pause and stop take
effect soon. A task that was interrupted starts again from its beginning.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from engine.errors import CheckpointError
from engine.events import Concluded, CurveUpdated, LabEvent, MetricReported, Progressed
from engine.hardware.device import Device


class PlannedTask(Protocol):
    """What every task has, whatever else a lab's own kind of task holds."""

    @property
    def name(self) -> str:
        """The task's name in the state, unlike that of every other task of the job."""

    @property
    def words(self) -> str:
        """What the page says while the task is measured."""


class Task(NamedTuple):
    """A task that needs nothing but its name."""

    name: str
    words: str


#: What ``measure`` returns at its end: numbers, lists, texts and tensors, as a checkpoint holds them.
Result = Any
#: Results of the tasks so far, by the task's name.
Results = Mapping[str, Result]
#: What a lab shows.
Finding = CurveUpdated | MetricReported
#: The measuring of one task: yields what can be shown meanwhile, returns the result.
Measuring = Generator[Finding, None, Result]
#: What a checkpoint of a job holds.
State = dict[str, Any]

T = TypeVar("T", bound=PlannedTask)
Step = TypeVar("Step")
Returned = TypeVar("Returned")


class Experiment(ABC, Generic[T]):
    """Tasks in an order: a lab, or one of the parts that a lab does one after the other."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self.settings = dict(settings)

    @property
    def seeds(self) -> range:
        """The seeds of the settings ``first_seed`` (0 where a lab has none) and ``seeds``."""
        first = self.settings.get("first_seed", 0)
        return range(first, first + self.settings["seeds"])

    @abstractmethod
    def plan(self) -> Sequence[T]:
        """Return all tasks in their order; no two tasks of a job have one name."""

    @abstractmethod
    def measure(self, task: T, done: Results) -> Measuring:
        """Measure one task, given the results of those before it.

        ``findings`` replaces the curves that are yielded meanwhile, or they are final.
        """

    @abstractmethod
    def findings(self, task: T, done: Results) -> Iterator[Finding]:
        """Yield every curve and metric that ``task`` changed; ``done`` includes its own result."""


class TaskLab(Experiment[T]):
    """One job of a lab.

    Args:
        settings: every setting of the lab's spec, checked.
        device: where the job computes.
        state: what ``state()`` gave, to go on from there.

    Raises CheckpointError when the state belongs to other settings.
    """

    #: Raised by one when the content of a task's result changes.
    FORMAT = 1

    def __init__(self, settings: Mapping[str, Any], device: Device, state: State | None = None) -> None:
        if state is not None and (state.get("format") != self.FORMAT or state.get("settings") != dict(settings)):
            raise CheckpointError("the checkpoint is of another lab or other settings; start the lab anew")
        super().__init__(settings)
        self.device = device
        self._done: dict[str, Result] = dict(state["results"]) if state else {}
        self._seconds: float = state["seconds"] if state else 0.0

    def state(self) -> State:
        """Return everything needed to go on, as tensors and plain values; valid between two events."""
        return {
            "format": self.FORMAT, "settings": dict(self.settings), "results": dict(self._done),
            "seconds": self._seconds,
        }  # fmt: skip

    def events(self) -> Iterator[LabEvent]:
        """Measure the remaining tasks. A task counts as done once its findings are out."""
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
    """Do ``work``, yield what ``show`` makes of each value that it yields, return what it returns."""
    while True:
        try:
            step = next(work)
        except StopIteration as stop:
            result: Returned = stop.value
            return result
        yield from show(step)
