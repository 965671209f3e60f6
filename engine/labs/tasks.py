"""A lab made of units: what is done, in which order, and how it goes on after a pause. The frame of most labs.

A unit is a function of the settings alone. ``measure`` may show parts while it works, and must yield at least every
half second, so that pause and stop come soon; a unit that is interrupted is done again from its beginning.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from engine.errors import CheckpointError
from engine.events import Concluded, CurveUpdated, LabEvent, MetricReported, Progressed
from engine.hardware.device import Device


class Unit(NamedTuple):
    """One piece of work: its name in the state, and what the page says while it is done."""

    name: str
    words: str


#: What ``measure`` returns at its end: numbers, lists, texts and tensors, as a checkpoint holds them.
Result = Any


class UnitLab(ABC):
    """One job of a lab whose units are measured one after the other.

    ``settings`` are those of the row, checked. ``state`` is what ``state()`` gave, to go on from there; raises
    CheckpointError when it belongs to other settings.
    """

    #: Raised by one when what a unit's result holds changes.
    FORMAT = 1

    def __init__(self, settings: Mapping[str, Any], device: Device, state: dict | None = None) -> None:
        if state is not None and (state.get("format") != self.FORMAT or state.get("settings") != dict(settings)):
            raise CheckpointError("the checkpoint is of another lab or other settings; start the lab anew")
        self.settings = dict(settings)
        self.device = device
        self._done: dict[str, Result] = dict(state["results"]) if state else {}
        self._seconds: float = state["seconds"] if state else 0.0

    @abstractmethod
    def plan(self) -> Sequence[Unit]:
        """Return all units in the order in which they are done."""

    @abstractmethod
    def measure(self, unit: Unit, done: Mapping[str, Result]) -> Generator[CurveUpdated | MetricReported, None, Result]:
        """Do one unit, given the results of those ``done``; yield what can be shown meanwhile, return the result.

        Curves that are yielded meanwhile are shown only until ``findings`` replaces them, or are final.
        """

    @abstractmethod
    def findings(self, unit: Unit, done: Mapping[str, Result]) -> Iterator[CurveUpdated | MetricReported]:
        """Yield every curve and number that ``unit`` changed; ``done`` holds the results so far, its own included."""

    def state(self) -> dict:
        """Return everything needed to go on, as tensors and plain values; valid between two events."""
        return {
            "format": self.FORMAT, "settings": dict(self.settings), "results": dict(self._done),
            "seconds": self._seconds,
        }  # fmt: skip

    def events(self) -> Iterator[LabEvent]:
        """Do the units that are not done yet. A unit counts as done once its curves and figures are out."""
        units = list(self.plan())
        yield self._progressed(units)
        for unit in units[len(self._done) :]:
            started = time.perf_counter()
            work = self.measure(unit, self._done)
            spent = 0.0
            while True:
                try:
                    event = next(work)
                except StopIteration as stop:
                    result = stop.value
                    break
                spent += time.perf_counter() - started
                yield event
                started = time.perf_counter()
            done = self._done | {unit.name: result}
            findings = list(self.findings(unit, done))
            self._seconds += spent + time.perf_counter() - started
            yield from findings
            self._done = done
            yield self._progressed(units)
        yield Concluded(self._seconds)

    def _progressed(self, units: Sequence[Unit]) -> Progressed:
        done, total = len(self._done), len(units)
        return Progressed(done, total, units[done].words if done < total else "all measured")
