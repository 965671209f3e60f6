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

    ``instant``: a run of an instant race, which gives way to ordinary races.
    """

    run: int
    workspace: Path
    device: str
    threads: int
    lab: bool = False
    instant: bool = False
