"""A run's checkpoint files: due, saved, pruned, resumed from. Torch-free."""

import logging
import time
from collections.abc import Callable, Sequence, Set
from typing import NamedTuple, TypeVar

from engine.errors import CheckpointDamaged, CheckpointError, CheckpointUnusable, NoRoom
from engine.guarded_thread import GuardedThread
from engine.runs.protocol.checkpoint_names import AUTOSAVE, FORK, SIZE_UNKNOWN, TENTH, tenths
from engine.runs.protocol.inspected_runs import awaited_steps
from engine.runs.worker.retrying_writer import RetryingWriter
from engine.runs.worker.worker_store import CheckpointFolder, Document
from engine.store.reader import Reader
from engine.store.rows import CheckpointRow, RunRow
from engine.store.space.writability import disk_full
from engine.store.writer import Writer

#: Ten seconds are left of a minute for the step that is under way.
AUTOSAVE_S = 50.0
#: After a checkpoint that could not be written the next one is due this soon.
RETRY_S = 10.0
MAX_FILES = 12
MAX_BYTES = 2 * 1024**3
#: The newest checkpoints that stay whatever their reason: one to resume from, one in case that the first is damaged.
NEWEST = 2
MAX_PUT_ASIDE = 2

#: Log entry of a run with progress but without a checkpoint.
NO_CHECKPOINT = "no readable checkpoint: starts again from step 0"

T = TypeVar("T")
_log = logging.getLogger(__name__)


def surplus(
    rows: Sequence[CheckpointRow],
    fixed: Set[int],
    most_files: int = MAX_FILES,
    most_bytes: int = MAX_BYTES,
    awaited: Set[int] = frozenset(),
) -> list[int]:
    """Return the steps whose files go: old autosaves, then the oldest tenths while the run is over its bounds.

    ``fixed`` are the tenths; the start of a fork counts as a tenth. The ``NEWEST`` checkpoints stay for a resume,
    those ``awaited`` for a lab that waits; both count for the bounds.
    """
    ordered = sorted(rows, key=lambda row: row.step)
    stay = awaited | {row.step for row in ordered[-NEWEST:]}
    gone = [row.step for row in ordered[:-NEWEST] if row.step not in fixed | awaited and row.reason != FORK]
    kept = [row for row in ordered if row.step not in gone]
    for row in [row for row in kept if row.step not in stay]:
        if len(kept) <= most_files and sum(each.bytes for each in kept) <= most_bytes:
            break
        kept.remove(row)
        gone.append(row.step)
    return gone


class _Writing(NamedTuple):
    """A checkpoint that a thread writes; ``result`` gets its size in bytes, or why it was not written.

    ``again`` writes the checkpoint once more, where the disk was full.
    """

    thread: GuardedThread
    step: int
    reason: str
    result: list[int | CheckpointError]
    again: Callable[[], int | CheckpointError]


class CheckpointStore:
    """The checkpoints of one run; ``ends`` as in ``tenths``, empty for a job without tenths."""

    def __init__(
        self, run: int, ends: Sequence[int], writer: Writer | RetryingWriter, reader: Reader, folder: CheckpointFolder
    ):
        self._run, self._writer, self._reader, self._folder = run, writer, reader, folder
        self._tenths, self._end = tenths(*ends), max(ends, default=0)
        self._due_at = time.monotonic() + AUTOSAVE_S
        self._saved_step = -1
        self._writing: _Writing | None = None

    def due(self, step: int) -> str | None:
        """Return the reason if a checkpoint is due after ``step``, else None."""
        if self._writing is not None and not self._writing.thread.is_alive():
            self.finish()
        if step <= self._saved_step:
            return None
        if step in self._tenths and step < self._end:
            return TENTH
        return AUTOSAVE if time.monotonic() >= self._due_at else None

    def save(self, state: Document, step: int, reason: str, wait: bool = True) -> bool:
        """Write a checkpoint, record it, remove the surplus; return False for one that could not be written.

        Without ``wait`` a thread writes the file, and a later call of ``due``, ``save`` or ``finish`` records it. A
        refusal is logged, and the run can go on. Raises WorkspaceError for a workspace that is gone; DatabaseBusy or
        DiskFull where an earlier file of the same step stays, for its record could not be changed.
        """
        self.finish()
        self._folder.check()
        if any(row.step == step for row in self._reader.checkpoints.of(self._run)):
            # A worker that is killed between the new file and its record leaves a whole file, of whatever size.
            self._writer.checkpoints.add(self._run, step, reason, SIZE_UNKNOWN)
        result: list[int | CheckpointError] = []
        document = state | {"run": self._run}
        thread = GuardedThread(
            "checkpoint",
            lambda: result.append(self._written(document, step)),
            lambda text: result.append(CheckpointError(text)),
        )
        self._writing = _Writing(thread, step, reason, result, lambda: self._put(document, step))
        self._due_at, self._saved_step = time.monotonic() + AUTOSAVE_S, step
        if not thread.start_if_possible():
            thread.run()
        return self.finish() if wait else True

    def finish(self) -> bool:
        """Wait for the checkpoint that is being written, and record it; return False for one that was not written.

        On a full disk wait for room, as any other write does. Raises DiskFull after a signal that leaves no time.
        """
        if (writing := self._writing) is None:
            return True
        if writing.thread.ident is not None:  # else the file was written without a thread
            writing.thread.join()
        self._writing = None
        (result,) = writing.result
        if isinstance(result, NoRoom) and isinstance(self._writer, RetryingWriter):
            result = self._writer.repeat(writing.again)
        if isinstance(result, CheckpointError):
            self._due_at, self._saved_step = time.monotonic() + RETRY_S, -1
            message = f"{result}; the run goes on without it"
            _log.error("%s", message)
            self._writer.log.add(self._run, writing.step, "checkpoint", message)
            return False
        self._writer.checkpoints.add(self._run, writing.step, writing.reason, result)
        _log.info("checkpoint after step %d (%s)", writing.step, writing.reason)
        for old in surplus(
            self._reader.checkpoints.of(self._run), self._tenths, awaited=awaited_steps(self._reader, self._run)
        ):
            self._folder.remove(old)
            self._writer.checkpoints.remove(self._run, old)
        return True

    def _written(self, state: Document, step: int) -> int | CheckpointError:
        """Write a file; return its size, or why it was not written."""
        try:
            return self._folder.write(state, step)
        except CheckpointError as error:
            return error

    def _put(self, state: Document, step: int) -> int | CheckpointError:
        """Write a file as ``_written`` does. Raises DiskFull, which may pass until a retry."""
        if isinstance(written := self._written(state, step), NoRoom):
            raise disk_full(self._reader.workspace.path)
        return written

    def prune(self) -> None:
        """Remove the incomplete and unrecorded files of a killed worker, and all but the newest that were put aside."""
        known = {row.step for row in self._reader.checkpoints.of(self._run)}
        for name in self._folder.prune(known, MAX_PUT_ASIDE):
            _log.warning("removed %s, left by a worker that was killed", name)

    def restore(self, build: Callable[[Document, bool], T]) -> T | None:
        """Return what ``build(state, forked)`` makes of the newest checkpoint that it takes, None if there is none.

        ``forked``: the state is the parent's. A checkpoint that is damaged, of another run or refused by ``build`` with
        a CheckpointError is named in the log and put aside; the next older one is tried. Raises the refusal of
        ``build`` when it takes no older checkpoint either, and the CheckpointError of a file that cannot be read now;
        files and rows stay then. Raises CheckpointError for a fork without a checkpoint: a fork has no start of its
        own.
        """
        built: T | None = None
        refused: list[tuple[CheckpointRow, CheckpointError]] = []
        for row in reversed(self._reader.checkpoints.of(self._run)):
            try:
                state = self._read(row)
            except (CheckpointDamaged, CheckpointUnusable) as error:
                refused.append((row, error))
                continue
            try:
                built = build(state, row.reason == FORK)
            except CheckpointError as error:
                refused.append((row, error.with_traceback(None)))  # a traceback would keep the net
                continue
            self._saved_step = row.step
            break
        sound = next((error for _, error in refused if not isinstance(error, CheckpointDamaged)), None)
        if built is None and sound is not None:
            raise sound
        remedy = "" if built is None else f"; went back to step {self._saved_step}"
        for row, reason in refused:
            self._put_aside(row, reason, remedy)
        job = self._reader.jobs.known(self._run)
        parent, begun = (job.parent_run, job.step) if isinstance(job, RunRow) else (None, job.done)
        if built is None and parent is not None:
            raise CheckpointError(f"no readable checkpoint of this fork of run {parent}; delete it and fork again")
        if built is None and (refused or begun > 0):
            _log.warning(NO_CHECKPOINT)
            self._writer.log.add(self._run, 0, "checkpoint", NO_CHECKPOINT)
        return built

    def _read(self, row: CheckpointRow) -> Document:
        """Return the state of a recorded checkpoint. Raises CheckpointDamaged also for a file of another run."""
        state = self._folder.read(row.step)
        step = state.get("progress", state).get("step", state.get("done", row.step))
        # A fork begins with a file of its parent; versions before 0.7.0 did not write the run.
        if row.reason != FORK and (run := state.get("run", self._run)) != self._run:
            raise CheckpointDamaged(f"the checkpoint is of run {run}")
        if step != row.step:
            raise CheckpointDamaged(f"the checkpoint is of step {step}")
        return state

    def _put_aside(self, row: CheckpointRow, error: CheckpointError, remedy: str) -> None:
        """Rename a file and forget its row; one that cannot be renamed keeps its row, or ``prune`` would remove it."""
        place, gone = "", True
        try:
            if name := self._folder.put_aside(row.step):
                place = f"; put aside as {name}"
        except OSError as refusal:
            place, gone = f"; cannot be put aside ({refusal.strerror})", False
        message = f"step {row.step}: {error}{place}{remedy}"
        _log.warning("%s", message)
        self._writer.log.add(self._run, row.step, "checkpoint", message)
        if gone:
            self._writer.checkpoints.remove(self._run, row.step)
