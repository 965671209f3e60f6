"""A checkpoint for a fork, checked and copied beside the engine's loop: both read the whole file. Torch-free."""

import shutil
from pathlib import Path

from engine.guarded_thread import GuardedThread
from engine.runs.protocol.checkpoint_names import damage_of, share
from engine.runs.temporary_folder import new_folder, remove_folder
from engine.store.rows import CheckpointRow
from engine.store.workspace import Workspace


class CheckpointCopy:
    """A link to a recorded checkpoint among the temporary files; a copy where the file system has no links.

    ``is_ready``: the file is checked and there, or ``refusal`` says in one line why not.
    """

    def __init__(self, workspace: Workspace, row: CheckpointRow):
        self.run, self.step = row.run, row.step
        self.refusal, self.is_ready = "", False
        self._workspace, self._row = workspace, row
        self._folder: Path | None = None
        self._file: Path | None = None
        self._is_unwanted = False
        thread = GuardedThread("fork", self._take, self._fail)
        if not thread.start_if_possible():
            thread.run()

    def move_to(self, child: int) -> int:
        """Give the file its place in the folder of the fork ``child``; return its bytes. May be repeated.

        Raises OSError; the folder is gone then.
        """
        assert self._file is not None, "a copy that is ready and not refused has a file"
        goal = self._workspace.checkpoint(child, self.step)
        try:
            goal.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._file.replace(goal)
            return goal.stat().st_size
        except OSError:
            shutil.rmtree(self._workspace.run(child), ignore_errors=True)  # the fork is not recorded
            raise

    def discard(self, keeps_file: bool) -> None:
        """Remove the temporary files, and the file unless the fork has it; at its end where it is under way."""
        self._is_unwanted = True
        if self.is_ready:
            if self._file is not None and not keeps_file:
                self._file.unlink(missing_ok=True)
            self._remove()

    def _take(self) -> None:
        self.refusal = damage_of(self._workspace, self._row)
        source = self._workspace.checkpoint(self.run, self.step)
        if not self.refusal and not self._is_unwanted:
            try:
                self._folder = new_folder(self._workspace, "fork")
                self._file = self._folder / source.name
                share(source, self._file)
            except OSError as error:
                self._fail(error.strerror or str(error))
        self.is_ready = True
        if self._is_unwanted:
            self._remove()

    def _fail(self, cause: str) -> None:
        self.refusal = f"the checkpoint of run {self.run} at step {self.step} cannot be taken over ({cause})"
        self._remove()
        self.is_ready = True

    def _remove(self) -> None:
        if self._folder is not None:
            remove_folder(self._folder)
