"""Where a worker reads and writes: a seam. ``engine.runs.worker.local_store`` is the workspace itself.

The code of a training and of a lab is the same under every launcher; a launcher may bring another store. Torch-free.
"""

from pathlib import Path
from typing import Any, Protocol

from engine.runs.lockstep import Throttle
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: A saved state: plain values and tensors by name (``engine.training.trainer``, a lab's ``state``).
Document = dict[str, Any]


class CheckpointFiles(Protocol):
    """Writes and reads a state (``engine.training.checkpoint``); both methods raise CheckpointError."""

    def save(self, state: Document, path: Path) -> None: ...  # noqa: D102

    def load(self, path: Path) -> Document: ...  # noqa: D102


class CheckpointFolder(Protocol):
    """The checkpoint files of one run, wherever they are (``engine.runs.worker.worker_store``)."""

    def check(self) -> None:
        """Raise WorkspaceError for a workspace that is gone."""

    def write(self, state: Document, step: int) -> int:
        """Write a file; return its bytes. Raises CheckpointError."""

    def read(self, step: int) -> Document:
        """Return the state of a file. Raises CheckpointError."""

    def remove(self, step: int) -> None:
        """Remove a file that may be missing."""

    def put_aside(self, step: int) -> str:
        """Rename a file; return its new name, '' for a missing one. Raises OSError."""

    def prune(self, steps: set[int], most_aside: int) -> list[str]:
        """Remove incomplete files, those of other steps, older ones put aside; return the names of the former."""


class WorkerStore(Protocol):
    """The workspace as one worker sees it.

    ``workspace``: the folder for the process's own files (log, notice). ``data``: the folder that holds the decoded
    data sets and compiled code. ``place``: the machine in words, '' where there is one alone.
    """

    workspace: Workspace
    data: Path
    place: str

    def writer(self, busy_s: float | None = None) -> Writer:
        """Open the database for writing, for one thread; ``busy_s`` as in ``engine.store.connection.connect``."""

    def reader(self) -> Reader:
        """Open the database for reading, for one thread."""

    def sign_on(self, writer: Writer) -> None:
        """Record the process that works on the run, and its first heartbeat."""

    def checkpoints(self, files: CheckpointFiles) -> CheckpointFolder:
        """Return the run's checkpoint files in a format."""

    def throttle(self, race: int) -> Throttle:
        """Return what keeps the run in step with its race."""
