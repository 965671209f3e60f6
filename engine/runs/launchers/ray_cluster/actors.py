"""The actors of a cluster: the worker of one run, and the line to the desk. The one place beside the launcher with Ray.

The worker does in a thread of an actor what a worker of this machine does in its process: the signals of the engine
go into the same kind of pipe, and its end is the end of the engine. Torch-free until the job begins.
"""

import contextlib
import logging
import multiprocessing
import os
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ray
from ray import exceptions as failures

from engine.errors import ReplicaFailed, SkipscopeError
from engine.guarded_thread import GuardedThread
from engine.runs.launchers.ray_cluster.messages import Beat, DeskSilent, Pulse, Sender
from engine.runs.launchers.ray_cluster.remote_store import RemoteStore
from engine.runs.launchers.ray_cluster.shared_folder import SharedFolder
from engine.runs.protocol.job import Job
from engine.runs.temporary_folder import TemporaryFolder
from engine.runs.worker.replica import Place, end_with, train_along
from engine.runs.worker.replicas import listening
from engine.runs.worker.worker import work
from engine.store.workspace import Workspace

BEAT_S = 1.0
#: A worker that the desk does not answer for so long counts its engine as gone.
DESK_GONE_S = 60.0
#: Time for the engine to hear how a worker ended, before its process ends by itself.
_HEARD_S = 5.0
#: The threads of the actors: names of groups, and how many threads each has.
DESK_GROUPS = {"writes": 1, "reads": 1, "beats": 1, "files": 1, "large": 1, "engine": 1}
WORKER_GROUPS = {"signals": 1, "watch": 2}
#: The end of an attempt that another one follows, told by the desk.
_OVER_EXIT = 4

_log = logging.getLogger("engine.run")


class RayLine:
    """The line to the desk by its name (``messages.DeskLine``); a desk that was replaced is found again."""

    def __init__(self, name: str, namespace: str):
        self._name, self._namespace = name, namespace
        self._desk: Any = None

    def send(self, group: str, method: str, *arguments: object) -> Any:
        """Call a method; return the reference of its answer, or why it could not be called."""
        try:
            self._desk = self._desk or ray.get_actor(self._name, self._namespace)
            return getattr(self._desk, method).options(concurrency_group=group).remote(*arguments)
        except (ValueError, failures.RayError) as error:
            self._desk = None
            return error

    def answer(self, handle: Any, wait_s: float | None = None) -> Any:
        """Return the answer. Raises DeskSilent."""
        try:
            if isinstance(handle, Exception):
                raise handle
            return ray.get(handle, timeout=wait_s)
        except failures.ActorDiedError:
            self._desk = None  # the engine starts another one
            raise DeskSilent("the desk beside the database has ended; waiting for another one") from None
        except (ValueError, failures.RayActorError, failures.GetTimeoutError, failures.RaySystemError):
            raise DeskSilent("the desk beside the database does not answer; nothing was changed, try again") from None

    def is_answered(self, handle: Any) -> bool:
        """Return whether there is an answer or an error."""
        return isinstance(handle, Exception) or bool(ray.wait([handle], timeout=0)[0])


class RunActor:
    """The worker of one attempt at a run. ``begin`` returns at once; ``await_end`` returns how it ended."""

    def __init__(self, job: Job, attempt: int, desk: str, namespace: str, shared: SharedFolder | None = None):
        self._job, self._attempt, self._shared = job, attempt, shared
        self._line = RayLine(desk, namespace)
        context = ray.get_runtime_context()
        self._node_id, self._node = context.get_node_id(), ray.util.get_node_ip_address()
        self._theirs, self._ours = multiprocessing.Pipe()
        self._is_done, self._has_ended, self._how = threading.Event(), threading.Event(), ""
        self._lock = threading.Lock()
        self._replicas = RemoteReplicas(self._node) if job.replicas > 1 else None
        self._group = ray.util.get_current_placement_group()

    def place(self) -> tuple[str, str, int]:
        """Return the node's id and address and the process."""
        return self._node_id, self._node, os.getpid()

    def meeting(self) -> tuple[str, int]:
        """Return where the other replicas of the run find this one."""
        assert self._replicas is not None, "only a run with replicas has others"
        host, port = self._replicas.listener.getsockname()[:2]
        return host, port

    def work(self) -> None:
        """Do the job to its end."""
        folder = _node_folder()
        store = RemoteStore(self._line, Sender(self._job.run, self._attempt, "job"), folder, self._node, self._shared)
        # The folder of the code may be made anew while this worker loads its modules.
        with contextlib.suppress(OSError):
            os.chdir(folder)
        job = replace(_here(self._job), workspace=store.workspace.path)
        store.workspace.run(job.run).mkdir(parents=True, exist_ok=True)
        # Without beats the engine gives the worker up: nothing else need be told.
        pump = GuardedThread("beats", lambda: self._pump(store), _log.error)
        pump.start()
        if self._replicas is not None:
            self._replicas.on_leave = lambda word: self._end(word, store, pump)
        how = ""
        try:
            with TemporaryFolder(store.workspace):  # what torch and its compiler leave goes with this attempt
                work(job, self._theirs, store, self._replicas)
        except BaseException as error:
            how = str(error) or type(error).__name__
            _log.exception("the worker ended")
        finally:
            self._end(how, store, pump)

    def _end(self, how: str, store: RemoteStore, pump: GuardedThread) -> None:
        """Tell the end: of the work, or of a worker that the watch of its replicas gave up."""
        with self._lock:
            if self._is_done.is_set():
                return
            self._how = how
            self._is_done.set()
        pump.join(BEAT_S * 3)
        logging.getLogger().handlers.clear()  # the log is in a folder that goes
        with contextlib.suppress(OSError):  # the next worker of this node removes what is left
            store.close()
        self._has_ended.set()  # last: the engine ends this process once it knows
        # An engine that is gone asks nobody to end, and gives no place back.
        GuardedThread("end", self._end_later, _log.error).start()

    def _end_later(self) -> None:
        try:
            if self._replicas is not None:
                time.sleep(_HEARD_S)
                ray.util.remove_placement_group(self._group)
        finally:  # a cluster that does not answer keeps no process here
            _end_later()

    def await_end(self) -> str:
        """Return the last word of the worker, '' for none, once it has ended."""
        self._has_ended.wait()
        return self._how

    def signal(self, word: str) -> None:
        """Pass a signal on to the worker."""
        with self._lock, contextlib.suppress(OSError):
            self._ours.send(word)

    def hear_failure(self, cause: str) -> None:
        """Take from the engine why another replica failed, which itself may be unable to tell it here."""
        assert self._replicas is not None, "only a run with replicas has others"
        self._replicas.failure = ReplicaFailed(cause)

    def _pump(self, store: RemoteStore) -> None:
        """Carry signs of life and the log to the desk; close the pipe when the engine is gone."""
        log = store.workspace.log(self._job.run)
        sent, heard_at = 0, time.monotonic()
        while True:
            is_last = self._is_done.wait(BEAT_S)
            beat, sent_now = self._beat(store, log, sent)
            try:
                pulse: Pulse = self._line.answer(self._line.send("beats", "beat", beat), BEAT_S * 5)
                sent, heard_at = sent + sent_now, time.monotonic()
                if pulse.is_over and not is_last:
                    os._exit(_OVER_EXIT)
                if store.throttle_of_run is not None:
                    store.throttle_of_run.take(pulse)
            except DeskSilent:
                pulse = Pulse(engine_lives=time.monotonic() - heard_at < DESK_GONE_S)
            if not pulse.engine_lives:
                with self._lock:
                    self._ours.close()
            if is_last:
                return

    def _beat(self, store: RemoteStore, log: Path, sent: int) -> tuple[Beat, int]:
        word = ""
        with self._lock, contextlib.suppress(OSError, EOFError):
            while not self._ours.closed and self._ours.poll():
                word = self._ours.recv_bytes().decode(errors="replace") or word
        text = b""
        with contextlib.suppress(OSError), log.open("rb") as file:
            file.seek(sent)
            text = file.read()
        throttle = store.throttle_of_run
        beat = throttle.beat() if throttle is not None else Beat(self._job.run, self._attempt)
        return replace(beat, log=text, last_word=word), len(text)


class RemoteReplicas:
    """The other replicas as the worker of a run sees them (``Replicas``): the engine looks after them.

    ``on_leave``: tells how the worker ends. ``failure``: what the engine heard from one of them.
    """

    def __init__(self, host: str):
        self.host, self.listener = host, listening(host)
        self.on_leave: Callable[[str], None] = lambda word: None
        self.failure: ReplicaFailed | None = None

    def trouble(self) -> SkipscopeError | None:
        """Return why one of them failed, as far as the engine said so; how one died the engine takes note of itself."""
        return self.failure

    def processes(self) -> list[int]:
        """Return none: they are elsewhere."""
        return []

    def leave(self, word: str) -> None:
        """End this worker."""
        self.on_leave(word)

    def close(self) -> None:
        """Leave them to the engine; without this process they end by themselves."""


class ReplicaActor:
    """A further replica of one attempt at a run; ``await_end`` returns once it has ended, or knows why it will."""

    def __init__(self, job: Job, rank: int):
        self._job, self._rank = _here(job), rank
        context = ray.get_runtime_context()
        self._node_id, self._node = context.get_node_id(), ray.util.get_node_ip_address()
        self._has_ended, self._how = threading.Event(), ""

    def place(self) -> tuple[str, str, int]:
        """Return the node's id and address and the process."""
        return self._node_id, self._node, os.getpid()

    def work(self, lead: tuple[str, int]) -> None:
        """Train along with the worker that listens there, to its end."""
        place = Place(self._rank, lead, self._node)
        try:
            self._train(place)
        except Exception as error:
            end_with(error, self._job, place, self._tell)
        finally:
            self._has_ended.set()
            GuardedThread("end", _end_later, _log.error).start()

    def _tell(self, cause: str) -> None:
        self._how = cause
        self._has_ended.set()  # the engine passes the cause on to the run's worker

    def _train(self, place: Place) -> None:
        folder = _node_folder()
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            os.chdir(folder)
        # Named as the folder of a worker: the next one of this node removes it, for this process is ended by force.
        with (
            tempfile.TemporaryDirectory(prefix=f"run-{os.getpid()}-", dir=folder) as own,
            TemporaryFolder(Workspace(Path(own))),
        ):
            train_along(self._job, place, folder, self._tell)

    def await_end(self) -> str:
        """Return at the end the cause, '' for the end of the worker."""
        self._has_ended.wait()
        return self._how


def _here(job: Job) -> Job:
    """Return a job as a node sees it: the GPUs of others are hidden."""
    if not job.device.startswith("cuda"):
        return job
    return replace(job, device="cuda:0", further=("cuda:0",) * len(job.further))


def _end_later() -> None:
    time.sleep(_HEARD_S)
    os._exit(0)


def _node_folder() -> Path:
    """Return the folder of this node for data sets and work in progress."""
    if named := os.environ.get("SKIPSCOPE_NODE_FOLDER"):
        return Path(named)
    return Path(tempfile.gettempdir()) / f"skipscope-node-{os.getuid()}"
