"""The desk: the one process that has the database open for the workers of a cluster. Torch-free, and without Ray.

It works on the engine's machine, beside the database, and outlives a killed engine, so that workers can hand over their
checkpoints. Ray runs each method in a thread of its group, and each group has its own connection:

    ``writes``  batches of calls, in the order of their numbers     ``reads``  single calls of a reader
    ``beats``   signs of life, logs, lockstep                       ``files``  checkpoints in parts
    ``large``  checkpoints by way of a shared folder

An attempt that is over is refused inside the transaction that would take its batch, and before a file gets its name.
"""

import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from engine import __version__
from engine.errors import AttemptOver, CheckpointError, NoRoom, SkipscopeError
from engine.guarded_thread import GuardedThread
from engine.hardware.machine import ProcessId
from engine.runs.launchers.ray_cluster import shared_folder
from engine.runs.launchers.ray_cluster.messages import Batch, Beat, DeskState, Pulse, Reply, Sender, Signs
from engine.runs.launchers.ray_cluster.shared_folder import SharedFolder
from engine.runs.lockstep import SharedSteps
from engine.runs.worker.local_store import RunFolder
from engine.store.placements import PLACED
from engine.store.reader import Reader
from engine.store.space.writability import FULL
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: SQLite's busy timeout: workers repeat what was refused.
BUSY_S = 1.0
#: Without an engine and without a worker the desk ends.
ALONE_S = 60.0
_LOOK_S = 1.0

_log = logging.getLogger(__name__)


class Desk:
    """Reads and writes for the workers of an engine. ``node``: where it works; ``end``: ends its process."""

    def __init__(self, workspace: str, engine: ProcessId, node: str = "", end: Callable[[], None] | None = None):
        self._workspace, self._engine, self._node = Workspace(Path(workspace)), engine, node
        self._signs: dict[int, Signs] = {}
        self._refused = 0
        self._next: dict[Sender, int] = {}
        self._last: dict[Sender, Reply] = {}
        self._steps: dict[int, SharedSteps] = {}
        self._open = threading.local()
        self._heard_at = time.monotonic()
        if end is not None:
            GuardedThread("watch", lambda: self._watch(end), lambda cause: end()).start()

    def serve(self, engine: ProcessId) -> DeskState:
        """Serve the workers of this engine from now on."""
        self._engine = engine
        return self.state()

    def state(self) -> DeskState:
        """Return what the engine must know."""
        return DeskState(__version__, self._node, os.getpid(), dict(self._signs), self._refused)

    def write(self, batch: Batch) -> Reply:
        """Do the calls of a batch in one transaction, each batch once and in its turn."""
        sender = batch.sender
        # What the desk before did is not known: what had no answer is done again, which changes nothing on record.
        expected = self._next.get(sender, batch.first)
        if batch.number < expected:
            return self._last[sender] if batch.number == expected - 1 else Reply()
        if batch.number > expected:
            return Reply(resend=expected)
        try:
            writer = self._writer()
            with writer.together(), writer.placements.fenced(sender.run, sender.attempt):
                value = None
                for table, method, values, named in batch.calls:
                    value = getattr(getattr(writer, table), method)(*values, **named)
        except AttemptOver as error:
            return self._refuse(error)
        except Exception as error:
            return Reply(error=_portable(error))
        self._next[sender], self._last[sender] = batch.number + 1, Reply(value)
        return Reply(value)

    def read(self, table: str, method: str, values: tuple[Any, ...], named: dict[str, Any]) -> Reply:
        """Call a method of a reader."""
        try:
            return Reply(_plain(getattr(getattr(self._reader(), table), method)(*values, **named)))
        except Exception as error:
            return Reply(error=_portable(error))

    def settle(self, run: int, attempt: int, node: str, processor: str) -> Reply:
        """Record where an attempt works, and its first heartbeat."""
        try:
            writer = self._writer()
            with writer.together(), writer.placements.fenced(run, attempt):
                writer.placements.settle(run, attempt, node, processor)
                writer.jobs.beat(run)
                row = self._reader().runs.get(run)
                text = f"attempt {attempt} on node {node} ({processor})"
                writer.log.add(run, 0 if row is None else row.step, PLACED, text)
        except AttemptOver as error:
            return self._refuse(error)
        except Exception as error:
            return Reply(error=_portable(error))
        return Reply()

    def beat(self, beat: Beat) -> Pulse:
        """Take a sign of life; tell the worker how things are."""
        if self._is_over(beat.run, beat.attempt):
            self._refused += 1
            return Pulse(is_over=True)
        signs = self._signs.get(beat.run)
        if signs is None or signs.attempt != beat.attempt:
            signs = self._signs[beat.run] = Signs(beat.attempt)
        signs.beats, signs.heard = signs.beats + 1, time.time()
        signs.last_word = beat.last_word or signs.last_word
        self._heard_at = time.monotonic()
        if beat.log:
            with contextlib.suppress(OSError):
                self._workspace.run(beat.run).mkdir(exist_ok=True)
                with self._workspace.log(beat.run).open("ab") as file:
                    file.write(beat.log)
        ahead, slowest = self._in_step(beat)
        return Pulse(self._engine.lives(), False, ahead, slowest)

    def put(self, sender: Sender, step: int, offset: int, data: bytes, is_last: bool) -> Reply:
        """Write a part of a checkpoint; the last one is synced and gives the file its name. Return its bytes.

        The last part may come again: its answer was lost, and the file has its name already.
        """
        path = self._workspace.checkpoint(sender.run, step)
        part = path.with_name(f".{path.name}-{sender.attempt}.part")
        try:
            self._refuse_over(sender)
            path.parent.mkdir(parents=True, exist_ok=True)
            with part.open("r+b" if offset else "wb") as file:
                file.seek(offset)
                file.write(data)
                if is_last:
                    file.flush()
                    os.fsync(file.fileno())
            if is_last:
                self._refuse_over(sender)
                part.replace(path)
            return Reply(offset + len(data))
        except AttemptOver as error:
            part.unlink(missing_ok=True)
            return self._refuse(error)
        except OSError as error:
            part.unlink(missing_ok=True)
            # The part has its name already: the answer to the same call was lost, or is late.
            if is_last and isinstance(error, FileNotFoundError) and _ends_with(path, offset, data):
                return Reply(offset + len(data))
            kind = NoRoom if error.errno in FULL else CheckpointError
            return Reply(error=kind(f"{path} cannot be written ({error})"))

    def get(self, run: int, step: int, offset: int, size: int) -> Reply:
        """Return a part of a checkpoint, None for a missing file."""
        try:
            with self._workspace.checkpoint(run, step).open("rb") as file:
                file.seek(offset)
                return Reply(file.read(size))
        except FileNotFoundError:
            return Reply()
        except OSError as error:
            return Reply(error=CheckpointError(f"the checkpoint of run {run} cannot be read ({error.strerror})"))

    def take(self, sender: Sender, step: int, shared: SharedFolder) -> Reply:
        """Take a checkpoint that a worker wrote to the shared folder."""
        path = self._workspace.checkpoint(sender.run, step)
        try:
            shared.take(sender, step, path, lambda: self._refuse_over(sender))
            return Reply()
        except AttemptOver as error:
            return self._refuse(error)
        except OSError as error:
            kind = NoRoom if error.errno in FULL else CheckpointError
            return Reply(error=kind(f"{path} cannot be taken from {shared.path} ({error})"))

    def lend(self, sender: Sender, step: int, shared: SharedFolder) -> Reply:
        """Put a large checkpoint into the shared folder; return whether it is there."""
        path = self._workspace.checkpoint(sender.run, step)
        try:
            if is_large := path.stat().st_size > shared_folder.LARGE_BYTES:
                shared.lend(sender, step, path)
            return Reply(is_large)
        except FileNotFoundError:
            return Reply(False)
        except OSError as error:
            return Reply(error=CheckpointError(f"{path} cannot be put into {shared.path} ({error})"))

    def file(self, sender: Sender, method: str, *values: object) -> Reply:
        """Call ``check``, ``remove``, ``put_aside`` or ``prune`` of the run's checkpoints."""
        try:
            self._refuse_over(sender)
            return Reply(getattr(RunFolder(self._workspace, sender.run), method)(*values))
        except AttemptOver as error:
            return self._refuse(error)
        except Exception as error:
            return Reply(error=_portable(error))

    def _in_step(self, beat: Beat) -> tuple[int, int | None]:
        """Publish the step of a run in lockstep; return how far ahead it may be, and the slowest step."""
        if beat.race is None:
            return 0, None
        try:
            steps = self._steps.get(beat.race) or SharedSteps(self._workspace.shared_steps(beat.race))
        except OSError:
            return 0, None
        self._steps[beat.race] = steps
        if (slot := steps.slot(beat.run)) is None:
            return 0, None
        if beat.step is not None:
            steps.publish(slot, beat.step)
        return steps.ahead, steps.slowest()

    def _is_over(self, run: int, attempt: int) -> bool:
        try:
            current = self._reader().placements.current(run)
        except (sqlite3.Error, SkipscopeError):
            return False  # nobody knows
        return current is None or current.attempt != attempt

    def _refuse_over(self, sender: Sender) -> None:
        if self._is_over(sender.run, sender.attempt):
            raise AttemptOver(f"attempt {sender.attempt} at run {sender.run} is over; nothing of it is written")

    def _refuse(self, error: AttemptOver) -> Reply:
        self._refused += 1
        _log.warning("%s", error)
        return Reply(error=error)

    def _writer(self) -> Writer:
        if not hasattr(self._open, "writer"):
            self._open.writer = Writer(self._workspace, BUSY_S)
        writer: Writer = self._open.writer
        return writer

    def _reader(self) -> Reader:
        if not hasattr(self._open, "reader"):
            self._open.reader = Reader(self._workspace)
        reader: Reader = self._open.reader
        return reader

    def _watch(self, end: Callable[[], None]) -> None:
        while True:
            time.sleep(_LOOK_S)
            if self._engine.lives():
                self._heard_at = time.monotonic()
            if not self._workspace.database.exists() or time.monotonic() - self._heard_at > ALONE_S:
                end()


def _ends_with(path: Path, offset: int, data: bytes) -> bool:
    """Return whether a file that there is ends at ``offset`` with this data."""
    try:
        with path.open("rb") as file:
            file.seek(offset)
            return file.read() == data
    except FileNotFoundError:
        return False


def _plain(value: Any) -> Any:
    """Return rows of SQLite, which cannot travel, as dictionaries."""
    if isinstance(value, sqlite3.Row):
        return dict(value)
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value


def _portable(error: Exception) -> Exception:
    """Return an error without the frames of this process, which cannot travel."""
    return error.with_traceback(None)
