"""The job that the engine gives to a worker, and the engine's later messages. Torch-free."""

from dataclasses import dataclass
from pathlib import Path

#: Write a checkpoint and end; the run can be resumed.
PAUSE = "pause"
#: Write a checkpoint and end the run for good.
STOP = "stop"
#: Read the changes of the run again, and go on.
CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Job:
    """One run or job of a lab for a worker, with workspace folder, device and CPU threads.

    ``instant``: a run of an instant race, which gives way to ordinary races. ``further``: the devices of its replicas
    but the first, whose is ``device``; all of them share the threads.
    """

    run: int
    workspace: Path
    device: str
    threads: int
    lab: bool = False
    instant: bool = False
    further: tuple[str, ...] = ()

    @property
    def replicas(self) -> int:
        """How many processes train the run."""
        return 1 + len(self.further)

    def device_of(self, rank: int) -> str:
        """Return the device of a replica, from 0."""
        return (self.device, *self.further)[rank]
