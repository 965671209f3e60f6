"""A run's checkpoint files: due, saved, pruned, resumed from. Torch-free."""

import contextlib
import logging
import time
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Any, Protocol

from engine.errors import CheckpointError, WorkspaceError
from engine.runs.protocol.checkpoint_names import AUTOSAVE, FORK, TENTH, tenths
from engine.runs.worker.retrying_writer import RetryingWriter
from engine.store.reader import Reader
from engine.store.rows import CheckpointRow, RunRow
from engine.store.writer import Writer

AUTOSAVE_S = 60.0
MAX_FILES = 12
MAX_BYTES = 2 * 1024**3

#: A saved state: plain values and tensors by name (``engine.training.trainer``, a lab's ``state``).
Document = dict[str, Any]
#: Log entry of a run with progress but without a checkpoint.
NO_CHECKPOINT = "no readable checkpoint: starts again from step 0"

_log = logging.getLogger(__name__)


class CheckpointFiles(Protocol):
    """Writes and reads a state (``engine.training.checkpoint``); both methods raise CheckpointError."""

    def save(self, state: Document, path: Path) -> None: ...  # noqa: D102

    def load(self, path: Path) -> Document: ...  # noqa: D102


def surplus(
    rows: Sequence[CheckpointRow], fixed: Set[int], most_files: int = MAX_FILES, most_bytes: int = MAX_BYTES
) -> list[int]:
    """Return the steps whose files go: old autosaves, then the oldest tenths while the run is over its bounds.

    ``fixed`` are the tenths; the start of a fork counts as a tenth. The newest checkpoint stays for a resume.
    """
    ordered = sorted(rows, key=lambda row: row.step)
    gone = [row.step for row in ordered[:-1] if row.step not in fixed and row.reason != FORK]
    kept = [row for row in ordered if row.step not in gone]
    while len(kept) > 1 and (len(kept) > most_files or sum(row.bytes for row in kept) > most_bytes):
        gone.append(kept.pop(0).step)
    return gone


class CheckpointStore:
    """The checkpoints of one run; ``ends`` as in ``tenths``, empty for a job without tenths.

    ``forked``: the state of ``latest`` is the parent's.
    """

    def __init__(
        self, run: int, ends: Sequence[int], writer: Writer | RetryingWriter, reader: Reader, files: CheckpointFiles
    ):
        self._workspace, self._run = reader.workspace, run
        self._writer, self._reader, self._files = writer, reader, files
        self._tenths, self._end = tenths(*ends), max(ends, default=0)
        self._saved_at = time.monotonic()
        self._saved_step = -1
        self.forked = False

    def due(self, step: int) -> str | None:
        """Return the reason if a checkpoint is due after ``step``, else None."""
        if step <= self._saved_step:
            return None
        if step in self._tenths and step < self._end:
            return TENTH
        return AUTOSAVE if time.monotonic() - self._saved_at >= AUTOSAVE_S else None

    def save(self, state: Document, step: int, reason: str) -> None:
        """Write and record a checkpoint; remove the surplus. Raises CheckpointError, WorkspaceError."""
        if not self._workspace.path.exists():
            raise WorkspaceError(f"workspace {self._workspace.path} is gone; the run ends without a checkpoint")
        path = self._workspace.checkpoint(self._run, step)
        self._files.save(state, path)
        self._writer.checkpoints.add(self._run, step, reason, path.stat().st_size)
        self._saved_at, self._saved_step = time.monotonic(), step
        for old in surplus(self._reader.checkpoints.of(self._run), self._tenths):
            self._workspace.checkpoint(self._run, old).unlink(missing_ok=True)
            self._writer.checkpoints.remove(self._run, old)

    def prune(self) -> None:
        """Remove the incomplete and unrecorded files of a killed worker."""
        known = {self._workspace.checkpoint(self._run, row.step) for row in self._reader.checkpoints.of(self._run)}
        for path in self._workspace.checkpoint(self._run, 0).parent.glob("*"):
            if path not in known and path.suffix in {".part", ".pt"}:
                _log.warning("removing %s, left by a worker that was killed", path.name)
                with contextlib.suppress(OSError):
                    path.unlink()

    def latest(self) -> Document | None:
        """Return the newest readable state, None if there is none; log entries name damaged files and a lost progress.

        Raises CheckpointError for a fork without a readable checkpoint: a fork has no start of its own.
        """
        state: Document | None = None
        damaged: list[tuple[int, str]] = []
        for saved in reversed(self._reader.checkpoints.of(self._run)):
            path = self._workspace.checkpoint(self._run, saved.step)
            try:
                state = self._files.load(path)
            except CheckpointError as error:
                _log.warning("%s", error)
                damaged.append((saved.step, str(error)))
                if not path.exists():
                    self._writer.checkpoints.remove(self._run, saved.step)
                continue
            self._saved_step, self.forked = saved.step, saved.reason == FORK
            break
        remedy = "" if state is None else "; went back to the one before it"
        for step, message in damaged:
            self._writer.log.add(self._run, step, "checkpoint", message + remedy)
        row = self._reader.jobs.known(self._run)
        parent, begun = (row.parent_run, row.step) if isinstance(row, RunRow) else (None, row.done)
        if state is None and parent is not None:
            raise CheckpointError(f"no readable checkpoint of this fork of run {parent}; delete it and fork again")
        if state is None and (damaged or begun > 0):
            _log.warning(NO_CHECKPOINT)
            self._writer.log.add(self._run, 0, "checkpoint", NO_CHECKPOINT)
        return state
