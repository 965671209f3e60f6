"""What an import wrote that was killed: rows under numbers that no run has, and folders of checkpoints. Torch-free.

The next engine removes it piece by piece, beside the runs at work; so does the next import.
"""

import logging
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine.errors import SkipscopeError
from engine.hardware.machine import ProcessId, this_process
from engine.store.reader import Reader
from engine.store.rows import UnfinishedImport
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: Folders that killed imports of 0.7.0 and before left beside the database.
_FOLDERS = ("import-*.part", "sent-*.part")

_log = logging.getLogger(__name__)


#: The imports that threads of this process make: a row of this process that is none of them was left behind.
_under_way: set[tuple[Path, int]] = set()


@contextmanager
def reserved(workspace: Workspace, writer: Writer, runs: int) -> Iterator[UnfinishedImport]:
    """Reserve numbers for an import of so many runs and jobs; an error inside removes all that was written.

    An import that was finished stays, also where the error comes after it, as Ctrl-C can.
    """
    me = this_process()
    unfinished = writer.imports.begin(runs, me.pid, me.started)
    known = workspace.path, unfinished.id
    _under_way.add(known)
    try:
        yield unfinished
    except BaseException:
        # A disk that is still full: the next import, or the next engine, removes the rest.
        with suppress(SkipscopeError, sqlite3.Error):
            taken = writer.imports.take(unfinished)
            while taken is not None and not _remove_some(workspace, writer, taken):
                pass
        raise
    finally:
        _under_way.discard(known)


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
            left = [each for each in found if not self._is_under_way(each)]
            self._left = list(filter(None, map(self._writer.imports.take, left)))
            for each in self._left:
                _log.info("removing what an import left that was cut off: runs %d to %d", each.first_run, each.last_run)
        if self._left and _remove_some(self._workspace, self._writer, self._left[-1]):
            self._left.pop()
        return not self._left

    def _is_under_way(self, unfinished: UnfinishedImport) -> bool:
        process = ProcessId(unfinished.pid, unfinished.pid_started)
        if process == this_process():
            return (self._workspace.path, unfinished.id) in _under_way
        return process.lives()


def _remove_some(workspace: Workspace, writer: Writer, unfinished: UnfinishedImport) -> bool:
    # The folders first: they are what fills a disk.
    for run in range(unfinished.first_run, unfinished.last_run + 1):
        shutil.rmtree(workspace.run(run), ignore_errors=True)
    if writer.imports.remove_some(unfinished):
        return False
    writer.imports.finish(unfinished)
    return True
