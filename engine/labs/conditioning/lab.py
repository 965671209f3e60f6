"""The lab ``conditioning``: kernels at the start and along training, linear nets, the scalar product."""

from collections.abc import Iterator, Mapping
from typing import Any

from engine.hardware.device import Device
from engine.labs.conditioning.dynamics import Course
from engine.labs.conditioning.linear_maps import Maps
from engine.labs.conditioning.products import Products
from engine.labs.conditioning.spectra import Spectra
from engine.labs.tasks import Experiment, Finding, Measuring, Results, State, Task, TaskLab

#: The setting ``part`` -> the experiment, in the order of the job.
PARTS: dict[str, type[Experiment[Task]]] = {"kernel": Spectra, "training": Course, "linear": Maps, "scalar": Products}


class ConditioningLab(TaskLab[Task]):
    """One job of the lab; see ``TaskLab``."""

    #: 2: kernels with the updates they need, forms of linear nets with two layers to a shortcut.
    FORMAT = 2

    def __init__(self, settings: Mapping[str, Any], device: Device, state: State | None = None) -> None:
        super().__init__(settings, device, state)
        chosen = PARTS if settings["part"] == "all" else {settings["part"]: PARTS[settings["part"]]}
        self._tasks: dict[Task, Experiment[Task]] = {}
        for make in chosen.values():
            part = make(self.settings)
            self._tasks |= dict.fromkeys(part.plan(), part)

    def plan(self) -> list[Task]:
        """Return the tasks of all parts; the kernels of the first seed come first, within a second."""
        return list(self._tasks)

    def measure(self, task: Task, done: Results) -> Measuring:
        """Measure by the task's part."""
        return self._tasks[task].measure(task, done)

    def findings(self, task: Task, done: Results) -> Iterator[Finding]:
        """Yield the findings of the task's part."""
        return self._tasks[task].findings(task, done)
