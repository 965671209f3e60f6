"""The workspace of this machine as its workers see it (``engine.runs.worker.worker_store``). Torch-free."""

import contextlib
import faulthandler
import logging
import os
import time
from contextlib import ExitStack
from pathlib import Path

from engine.errors import WorkspaceError
from engine.runs.lockstep import SharedThrottle, Throttle
from engine.runs.protocol.checkpoint_names import PUT_ASIDE
from engine.runs.worker.worker_store import CheckpointFiles, CheckpointFolder, Document
from engine.store.reader import Reader
from engine.store.space.writability import disk_errors
from engine.store.workspace import Workspace
from engine.store.writer import Writer


class LocalStore:
    """The workspace of this machine, for the worker of one run."""

    def __init__(self, workspace: Workspace, run: int):
        self.workspace, self.data, self._run = workspace, workspace.path, run
        self.place = ""

    def writer(self, busy_s: float | None = None) -> Writer:
        """Open the database for writing."""
        return Writer(self.workspace, busy_s)

    def reader(self) -> Reader:
        """Open the database for reading."""
        return Reader(self.workspace)

    def sign_on(self, writer: Writer) -> None:
        """Record this process."""
        writer.jobs.update(self._run, pid=os.getpid(), heartbeat=time.time())

    def checkpoints(self, files: CheckpointFiles) -> CheckpointFolder:
        """Return the run's folder in the workspace."""
        return LocalCheckpoints(self.workspace, self._run, files)

    def throttle(self, race: int) -> Throttle:
        """Return the throttle by the file that the runs of the race share."""
        return SharedThrottle(self.workspace.shared_steps(race), self._run)


class RunFolder:
    """The checkpoint files of one run in the workspace, whatever their format."""

    def __init__(self, workspace: Workspace, run: int):
        self._workspace, self._run = workspace, run

    def check(self) -> None:
        """Raise WorkspaceError for a workspace that is gone."""
        if not self._workspace.path.exists():
            raise WorkspaceError(f"workspace {self._workspace.path} is gone; the run ends without a checkpoint")

    def remove(self, step: int) -> None:
        """Remove a file that may be missing."""
        self.path(step).unlink(missing_ok=True)

    def put_aside(self, step: int) -> str:
        """Rename a file; return its new name, '' for a missing one. Raises OSError."""
        path = self.path(step)
        aside = path.with_name(path.name + PUT_ASIDE)
        try:
            path.replace(aside)
        except FileNotFoundError:
            return ""
        return aside.name

    def prune(self, steps: set[int], most_aside: int) -> list[str]:
        """Remove incomplete files, those of other steps, older ones put aside; return the names of the former."""
        known = {self.path(step) for step in steps}
        files = sorted(self.path(0).parent.glob("*"))
        left = [path for path in files if path not in known and path.suffix in {".part", ".pt"}]
        for path in [*left, *[path for path in files if path.suffix == PUT_ASIDE][:-most_aside]]:
            with contextlib.suppress(OSError):
                path.unlink()
        return [path.name for path in left]

    def path(self, step: int) -> Path:
        """Return the file of a step."""
        return self._workspace.checkpoint(self._run, step)


class LocalCheckpoints(RunFolder):
    """The same with a format (``CheckpointFolder``)."""

    def __init__(self, workspace: Workspace, run: int, files: CheckpointFiles):
        super().__init__(workspace, run)
        self._files = files

    def write(self, state: Document, step: int) -> int:
        """Write a file; return its bytes."""
        self._files.save(state, self.path(step))
        return self.path(step).stat().st_size

    def read(self, step: int) -> Document:
        """Return the state of a file."""
        return self._files.load(self.path(step))


def open_log(workspace: Workspace, run: int, stack: ExitStack) -> None:
    """Write this process's log, native crashes included, to the run's file."""
    with disk_errors(workspace.path):
        workspace.run(run).mkdir(exist_ok=True)
        handler = logging.FileHandler(workspace.log(run), encoding="utf-8")
    logging.raiseExceptions = False  # a full disk takes no line, and no traceback about it either
    stack.callback(handler.close)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    if handler.stream is not None:  # only with ``delay``
        faulthandler.enable(handler.stream)
