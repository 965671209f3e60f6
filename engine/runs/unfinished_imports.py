"""What an import wrote that was killed: rows under numbers that no run has, and folders of checkpoints. Torch-free.

The next engine removes it piece by piece, beside the runs at work; so does the next import.
"""

import logging
import shutil

from engine.hardware.machine import ProcessId, this_process
from engine.store.reader import Reader
from engine.store.rows import UnfinishedImport
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: Folders that killed imports of 0.7.0 and before left beside the database.
_FOLDERS = ("import-*.part", "sent-*.part")

_log = logging.getLogger(__name__)


def begun(writer: Writer, runs: int) -> UnfinishedImport:
    """Reserve numbers for an import of so many runs and jobs by this process."""
    me = this_process()
    return writer.imports.begin(runs, me.pid, me.started)


def discard(workspace: Workspace, writer: Writer, unfinished: UnfinishedImport) -> None:
    """Remove all that an import wrote."""
    while not _remove_some(workspace, writer, unfinished):
        pass


class UnfinishedImports:
    """The imports of a workspace whose processes are gone."""

    def __init__(self, workspace: Workspace, writer: Writer):
        self._workspace, self._writer = workspace, writer
        self._left: list[UnfinishedImport] | None = None

    def remove(self) -> None:
        """Remove all of them."""
        while not self.remove_some():
            pass

    def remove_some(self) -> bool:
        """Remove as much as a short transaction can; return whether nothing is left."""
        if self._left is None:
            for folder in [path for name in _FOLDERS for path in self._workspace.path.glob(name)]:
                shutil.rmtree(folder, ignore_errors=True)
            with Reader(self._workspace) as reader:
                found = reader.imports.unfinished()
            self._left = [each for each in found if not ProcessId(each.pid, each.pid_started).lives()]
            for each in self._left:
                _log.info("removing what an import left that was cut off: runs %d to %d", each.first_run, each.last_run)
        if self._left and _remove_some(self._workspace, self._writer, self._left[-1]):
            self._left.pop()
        return not self._left


def _remove_some(workspace: Workspace, writer: Writer, unfinished: UnfinishedImport) -> bool:
    if writer.imports.remove_some(unfinished):
        return False
    for run in range(unfinished.first_run, unfinished.last_run + 1):
        shutil.rmtree(workspace.run(run), ignore_errors=True)
    writer.imports.finish(unfinished.id)
    return True
