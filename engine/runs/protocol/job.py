"""What the engine hands to a worker, and the words that it says to the worker afterwards. Torch-free."""

from dataclasses import dataclass
from pathlib import Path

#: Write a checkpoint and end; the run can be resumed.
PAUSE = "pause"
#: Write a checkpoint and end the run for good.
STOP = "stop"
#: Read again what was changed in the run, and go on.
CHANGES = "changes"


@dataclass(frozen=True, slots=True)
class Job:
    """One task for a worker: the run (or a lab's job), its workspace's folder, its device and CPU threads."""

    run: int
    workspace: Path
    device: str
    threads: int
    lab: bool = False
