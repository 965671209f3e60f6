"""The workspace as a worker on a node sees it: tables and checkpoints by way of the desk. Torch-free, without Ray."""

import os
import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, cast

import psutil

from engine.hardware.machine import processor
from engine.runs.launchers.ray_cluster import shared_folder
from engine.runs.launchers.ray_cluster.messages import CHUNK_BYTES, Beat, DeskLine, DeskSilent, Pulse, Sender
from engine.runs.launchers.ray_cluster.remote_tables import READ_S, RemoteReader, RemoteWriter, patient
from engine.runs.launchers.ray_cluster.shared_folder import SharedFolder, bytes_of
from engine.runs.lockstep import Throttle
from engine.runs.worker.worker_store import CheckpointFiles, CheckpointFolder, Document
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: How often a held run asks for the slowest one, and how long an answer may take.
HELD_S, WAIT_S = 0.02, 30.0
#: How long a worker waits for a large checkpoint in the shared folder.
_MAX_COPY_S = 600.0


class RemoteStore:
    """The store of one attempt at a run (``engine.runs.worker.worker_store.WorkerStore``).

    ``workspace`` is a folder of this attempt alone; ``data`` is the node's, for all its runs.
    """

    def __init__(self, line: DeskLine, sender: Sender, data: Path, node: str, shared: SharedFolder | None = None):
        self._line, self._sender, self._node, self._shared = line, sender, node, shared
        self.data, self.place = data, f"node {node}"
        data.mkdir(parents=True, exist_ok=True)
        _remove_left(data)
        self._folder = tempfile.TemporaryDirectory(prefix=f"run-{os.getpid()}-", dir=data)
        self.workspace = Workspace(Path(self._folder.name))
        self._streams = count()
        self.throttle_of_run: RemoteThrottle | None = None

    def close(self) -> None:
        """Remove the folder of this attempt."""
        self._folder.cleanup()

    def writer(self, busy_s: float | None = None) -> Writer:
        """Return a writer with a line of its own; the desk has its own busy timeout."""
        stream = f"{self._sender.stream}{next(self._streams)}"
        return cast(Writer, RemoteWriter(self._line, Sender(self._sender.run, self._sender.attempt, stream)))

    def reader(self) -> Reader:
        """Return a reader."""
        return cast(Reader, RemoteReader(self._line, self.workspace))

    def sign_on(self, writer: Writer) -> None:
        """Record node and processor; the pid of another machine would mislead.

        Raises ConfigError on a node that does not see the shared folder.
        """
        run, attempt = self._sender.run, self._sender.attempt
        patient(self._line, "writes", "settle", run, attempt, self._node, processor())
        if self._shared is not None:
            self._shared.require_same(self._node)

    def checkpoints(self, files: CheckpointFiles) -> CheckpointFolder:
        """Return the run's checkpoints beside the database."""
        return RemoteCheckpoints(self._line, self._sender, files, self.workspace, self._shared)

    def throttle(self, race: int) -> Throttle:
        """Return what keeps the run in step by way of the desk."""
        self.throttle_of_run = RemoteThrottle(self._line, self._sender, race)
        return self.throttle_of_run


def _remove_left(data: Path) -> None:
    """Remove the folders of workers that were ended by force on this node."""
    for folder in data.glob("run-*"):
        pid = folder.name.split("-")[1]
        if pid.isdecimal() and not psutil.pid_exists(int(pid)):
            shutil.rmtree(folder, ignore_errors=True)


class RemoteCheckpoints:
    """Checkpoints that travel in parts, or by a shared folder (``CheckpointFolder``); none stays on the node."""

    def __init__(
        self, line: DeskLine, sender: Sender, files: CheckpointFiles, here: Workspace, shared: SharedFolder | None
    ):
        self._line, self._sender, self._files, self._here, self._shared = line, sender, files, here, shared

    def check(self) -> None:
        """Raise WorkspaceError for a workspace that is gone."""
        self._file("check")

    def write(self, state: Document, step: int) -> int:
        """Write a file here or to the shared folder, send it, return its bytes."""
        if self._shared is not None and bytes_of(state) > shared_folder.LARGE_BYTES:
            return self._write_shared(self._shared, state, step)
        path = self._here.checkpoint(self._sender.run, step)
        try:
            self._files.save(state, path)
            size, sent = path.stat().st_size, 0
            with path.open("rb") as file:
                while sent < size:
                    data = file.read(CHUNK_BYTES)
                    is_last = sent + len(data) >= size
                    patient(self._line, "files", "put", self._sender, step, sent, data, is_last)
                    sent += len(data)
            return size
        finally:
            path.unlink(missing_ok=True)

    def read(self, step: int) -> Document:
        """Fetch a file and return its state; the format names one that is missing or damaged."""
        if self._shared is not None and self._large("lend", step, self._shared, _MAX_COPY_S):
            try:
                return self._files.load(self._shared.file(self._sender, step))
            finally:
                self._shared.file(self._sender, step).unlink(missing_ok=True)
        path = self._here.checkpoint(self._sender.run, step)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            offset = 0
            while data := patient(self._line, "files", "get", self._sender.run, step, offset, CHUNK_BYTES):
                with path.open("r+b" if offset else "wb") as file:
                    file.seek(offset)
                    file.write(data)
                offset += len(data)
            return self._files.load(path)
        finally:
            path.unlink(missing_ok=True)

    def remove(self, step: int) -> None:
        """Remove a file that may be missing."""
        self._file("remove", step)

    def put_aside(self, step: int) -> str:
        """Rename a file; return its new name, '' for a missing one."""
        name: str = self._file("put_aside", step)
        return name

    def prune(self, steps: set[int], most_aside: int) -> list[str]:
        """Remove incomplete files, those of other steps, older ones put aside; return the names of the former."""
        if self._shared is not None:
            self._shared.clear(self._sender.run, self._sender.attempt)
        names: list[str] = self._file("prune", steps, most_aside)
        return names

    def _write_shared(self, shared: SharedFolder, state: Document, step: int) -> int:
        path = shared.file(self._sender, step)
        try:
            self._files.save(state, path)
            size = path.stat().st_size
            self._large("take", step, shared, READ_S + size / shared_folder.SLOWEST_BYTES_S)
            return size
        finally:
            path.unlink(missing_ok=True)

    def _large(self, method: str, step: int, shared: SharedFolder, within_s: float) -> Any:
        return patient(self._line, "large", method, self._sender, step, shared, within_s=within_s)

    def _file(self, method: str, *values: object) -> Any:
        return patient(self._line, "files", "file", self._sender, method, *values)


class RemoteThrottle:
    """Keeps a run in step by the desk's answers; the slowest step that it knows is never ahead of the truth.

    Without a limit the steps travel with the beats, once a second.
    """

    def __init__(self, line: DeskLine, sender: Sender, race: int):
        self._line, self._sender, self._race = line, sender, race
        self._told = -1
        self._pulse = Pulse()
        self.step: int | None = None

    def beat(self) -> Beat:
        """Return a beat that publishes the step."""
        return Beat(self._sender.run, self._sender.attempt, race=self._race, step=self.step)

    def take(self, pulse: Pulse) -> None:
        """Take the desk's answer to a beat."""
        self._pulse = pulse

    def reach(self, step: int) -> bool:
        """Publish that ``step`` updates are done; return whether the next update has to wait."""
        self.step = step
        if not (ahead := self._pulse.ahead):
            return False
        # Every quarter of what others may wait for, and whenever this run would have to wait.
        if step - self._told >= max(1, ahead // 4) or self._is_held(step):
            self._ask(step)
        return self._is_held(step)

    def hold(self, step: int, ends: Callable[[], bool], waits: Callable[[float], None]) -> None:
        """Sleep until the next update may begin or until ``ends()``; call ``waits`` with the seconds so far."""
        began = time.monotonic()
        while self._is_held(step) and not ends():
            waits(time.monotonic() - began)
            time.sleep(HELD_S)
            self._ask(step)

    def leave(self) -> None:
        """Do nothing: the engine frees the place of a run without a worker."""

    def _ask(self, step: int) -> None:
        self._told = step
        with suppress(DeskSilent):  # what is known of the others holds: they are further by now
            self._pulse = self._line.answer(self._line.send("beats", "beat", self.beat()), WAIT_S)

    def _is_held(self, step: int) -> bool:
        pulse = self._pulse
        return pulse.ahead > 0 and pulse.slowest is not None and step - pulse.slowest >= pulse.ahead
