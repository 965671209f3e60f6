"""Workers on the nodes of a Ray cluster (``engine.runs.launchers.registry.Launcher``). Torch-free.

Each worker is a detached actor with a name, so that it outlives the engine long enough to hand over a checkpoint. One
thread talks to Ray; the engine's loop never waits. Labs and instant races, which take seconds and read the files of the
workspace, work on this machine.
"""

import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

import ray
from ray import exceptions as failures
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from engine import __version__
from engine.errors import SkipscopeError, WorkspaceError, in_one_line
from engine.guarded_thread import GuardedThread
from engine.hardware.machine import runs_per_gpu, this_process
from engine.runs.launchers.local import LeftBehindProcess, LocalLauncher
from engine.runs.launchers.ray_cluster.actors import DESK_GROUPS, WORKER_GROUPS, RunActor
from engine.runs.launchers.ray_cluster.connection import connect, namespace_of
from engine.runs.launchers.ray_cluster.desk import Desk
from engine.runs.launchers.ray_cluster.messages import DeskState
from engine.runs.launchers.registry import Capacity, Launched, LeftBehind
from engine.runs.protocol.job import Job
from engine.store.reader import Reader
from engine.store.rows import JobRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

DESK = "desk"
#: How often the thread looks at workers and desk, and at the nodes.
LOOK_S, NODES_S = 0.1, 1.0
#: How long a new or an adopted desk may take to answer.
DESK_S = 60.0

_log = logging.getLogger(__name__)


class RayWorker:
    """The worker of one attempt at a run (``engine.runs.launchers.registry.Launched``)."""

    def __init__(self, job: Job, launcher: "RayLauncher"):
        self.job, self._launcher = job, launcher
        self.attempt = 0
        self.actor: Any = None
        self.end_ref: Any = None
        self.place_ref: Any = None
        self.node, self.node_id, self._place = "", "", ""
        self.how: str | None = None
        self.is_lost_with_place = False
        self._beats = self._seen = 0
        self._waiting: list[str] = []
        self._is_begun = self._is_withdrawn = False
        self._lock = threading.Lock()

    @property
    def place(self) -> str:
        """Node and process in words; '' until the worker exists."""
        return self._place

    def send(self, word: str) -> None:
        """Send a signal, once there is a worker."""
        self._launcher.do(lambda: self.pass_on(word))

    def shows_life(self) -> bool:
        """Return whether the desk heard the worker since the last call."""
        beats, self._seen = self._beats != self._seen, self._beats
        return beats

    def ended(self) -> str | None:
        """Return how the worker ended, None while it lives or starts."""
        return "ended before it started" if self._is_withdrawn else self.how

    def withdraw(self) -> bool:
        """Give up a start that has not begun; return whether it had not."""
        with self._lock:
            self._is_withdrawn = self._is_withdrawn or not self._is_begun
        return self._is_withdrawn

    def kill(self) -> None:
        """End the worker at once; one on a node that does not answer can write nothing any more."""
        if not self.withdraw():
            self._launcher.do(lambda: self.end(f"worker on node {self.node} was ended"))

    def begin(self) -> bool:
        """Return whether the start begins, which cannot be withdrawn any more."""
        with self._lock:
            self._is_begun = not self._is_withdrawn
        return self._is_begun

    def pass_on(self, word: str) -> None:
        """Call the actor, which may be on its way."""
        if self.actor is not None and self.how is None:
            self.actor.signal.options(concurrency_group="signals").remote(word)
        elif self.how is None:
            self._waiting.append(word)

    def follow(self, actor: Any) -> None:
        """Take the actor; send it what waited."""
        self.actor = actor
        actor.work.remote()
        self.watch()
        self.place_ref = actor.place.options(concurrency_group="watch").remote()
        for word in self._waiting:
            self.pass_on(word)

    def watch(self) -> None:
        """Ask the actor for its end."""
        self.end_ref = self.actor.await_end.options(concurrency_group="watch").remote()

    def settle(self, node_id: str, node: str, pid: int) -> None:
        """Take the worker's place."""
        self.node_id, self.node, self._place = node_id, node, f"process {pid} on node {node}"

    def hear(self, beats: int) -> None:
        """Take the number of beats so far."""
        self._beats = beats

    def end(self, how: str, with_place: bool = False) -> None:
        """Take note of the end; end what is left of the process."""
        if self.how is None:
            self.is_lost_with_place = with_place
            self.how = how
        if self.actor is not None:
            with contextlib.suppress(failures.RayError, ValueError):
                ray.kill(self.actor)


class LeftBehindActor:
    """The actor of an engine that is gone (``engine.runs.launchers.registry.LeftBehind``)."""

    def __init__(self, name: str, launcher: "RayLauncher"):
        self.place = name
        self._launcher, self._lives, self._asked_at = launcher, True, 0.0

    def lives(self) -> bool:
        """Return whether the cluster may still have the actor."""
        if self._lives and time.monotonic() - self._asked_at > LOOK_S * 5:
            self._asked_at = time.monotonic()
            self._launcher.do(self._look)
        return self._lives

    def kill(self) -> None:
        """End the actor."""
        self._launcher.do(self._kill)

    def _look(self) -> None:
        try:
            actor = ray.get_actor(self.place, self._launcher.namespace)
            ray.get(actor.place.options(concurrency_group="watch").remote(), timeout=LOOK_S * 10)
        except (ValueError, failures.ActorDiedError):
            self._lives = False
        except failures.RayError:
            pass  # it does not answer, which is not its end

    def _kill(self) -> None:
        with contextlib.suppress(ValueError, failures.RayError):
            ray.kill(ray.get_actor(self.place, self._launcher.namespace))
        self._lives = False  # what it may still write is refused


class RayLauncher:
    """Starts workers as actors. Raises ConfigError for a cluster that cannot be used."""

    def __init__(self, workspace: Workspace, address: str):
        self._workspace, self._per_gpu = workspace, runs_per_gpu()
        self.namespace = namespace_of(workspace)
        self._node = connect(address, self.namespace)
        self._local = LocalLauncher()
        self._workers: dict[int, RayWorker] = {}
        self._trouble = ""
        self._capacity, self._alive = _look_at_nodes()
        self._nodes_at = time.monotonic()
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._writer: Writer | None = None
        self._state_ref: Any = None
        workspace.prepare()
        Writer(workspace).close()  # creates missing tables
        self._desk = self._find_desk()
        GuardedThread("ray", self._loop, self._fail).start()

    def trouble(self) -> str:
        """Return what keeps workers from being started."""
        self._local.trouble()  # it looks after the starts of labs
        return self._trouble

    def warm(self) -> None:
        """Prepare fast starts of labs; torch is loaded by each worker on its node."""
        self._local.warm()

    def launch(self, job: Job) -> Launched:
        """Start a worker: of a run on the cluster, of a lab or an instant race here."""
        if job.lab or job.instant:
            return self._local.launch(job)
        worker = RayWorker(job, self)
        self.do(lambda: self._start(worker))
        return worker

    def adopt(self, row: JobRow) -> LeftBehind | None:
        """Return the worker that an engine before left with the job."""
        if row.pid:
            process: LeftBehindProcess | None = self._local.adopt(row)
            return process
        with Reader(self._workspace) as reader:
            current = reader.placements.current(row.id)
        return None if current is None else LeftBehindActor(_name(row.id, current.attempt), self)

    def capacity(self) -> Capacity:
        """Return the devices and cores of the living nodes."""
        return self._capacity

    def close(self) -> None:
        """Start no further worker; the desk ends by itself once nobody needs it."""
        self._closed.set()
        self._tasks.put(None)
        self._local.close()
        if not self._workers:
            with contextlib.suppress(failures.RayError, ValueError):
                ray.kill(self._desk)
        ray.shutdown()

    def do(self, task: Callable[[], None]) -> None:
        """Do a task in the thread that talks to Ray."""
        self._tasks.put(task)

    def _loop(self) -> None:
        looked_at = 0.0
        while not self._closed.is_set():
            with contextlib.suppress(queue.Empty):
                if (task := self._tasks.get(timeout=LOOK_S)) is not None and not self._closed.is_set():
                    self._guarded(task)
            if time.monotonic() - looked_at >= LOOK_S and not self._closed.is_set():
                looked_at = time.monotonic()
                self._guarded(self._look)

    def _guarded(self, task: Callable[[], None]) -> None:
        try:
            task()
        except (failures.RayError, SkipscopeError, RuntimeError, ValueError) as error:
            if not self._closed.is_set():
                _log.warning("%s", in_one_line(error))

    def _fail(self, cause: str) -> None:
        self._trouble = f"the thread that talks to Ray ended ({cause}); end the engine, its runs stay"

    def _start(self, worker: RayWorker) -> None:
        if not worker.begin():
            return
        job = worker.job
        try:
            if self._writer is None:
                self._writer = Writer(self._workspace)
            worker.attempt = self._writer.placements.begin(job.run)
            is_gpu = job.device.startswith("cuda")
            actor = (
                ray.remote(concurrency_groups=WORKER_GROUPS)(RunActor)
                .options(
                    name=_name(job.run, worker.attempt), namespace=self.namespace, lifetime="detached", max_restarts=0,
                    max_task_retries=0, num_cpus=0 if is_gpu else job.threads,
                    num_gpus=1 / self._per_gpu if is_gpu else 0, scheduling_strategy="SPREAD",
                )
                .remote(job, worker.attempt, DESK, self.namespace)
            )  # fmt: skip
        except (failures.RayError, WorkspaceError, ValueError) as error:
            worker.end(f"worker could not be started: {in_one_line(error)}")
            return
        self._workers[job.run] = worker
        worker.follow(actor)

    def _look(self) -> None:
        if time.monotonic() - self._nodes_at > NODES_S:
            self._nodes_at = time.monotonic()
            self._capacity, self._alive = _look_at_nodes()
        for run, worker in list(self._workers.items()):
            self._look_at(worker)
            if worker.how is not None:
                del self._workers[run]
        self._hear()

    def _look_at(self, worker: RayWorker) -> None:
        if worker.place_ref is not None and ray.wait([worker.place_ref], timeout=0)[0]:
            reference, worker.place_ref = worker.place_ref, None
            with contextlib.suppress(failures.RayError):  # its end tells
                worker.settle(*ray.get(reference))
                _log.info("run %d, attempt %d: %s", worker.job.run, worker.attempt, worker.place)
        if worker.node_id and worker.node_id not in self._alive:
            worker.end(f"node {worker.node} was lost", with_place=True)
        elif ray.wait([worker.end_ref], timeout=0)[0]:
            self._take_end(worker)

    def _take_end(self, worker: RayWorker) -> None:
        try:
            word = ray.get(worker.end_ref)
            worker.end(f"worker ended: {word}" if word else "worker ended with exit code 0")
        except failures.ActorDiedError as error:
            with_place = "node" in str(error).lower() and "died" in str(error).lower()
            self._capacity, self._alive = _look_at_nodes()
            if with_place or (worker.node_id and worker.node_id not in self._alive):
                worker.end(f"node {worker.node} was lost", with_place=True)
            else:
                worker.end(f"worker on node {worker.node} died: {_cause(error)}")
        except failures.RayActorError:
            worker.watch()  # unreachable is not dead
        except failures.RayError as error:
            worker.end(f"worker could not be started: {in_one_line(error)}")

    def _hear(self) -> None:
        """Take from the desk what it heard of the workers; replace a desk that has ended."""
        if self._state_ref is None:
            self._state_ref = self._desk.state.options(concurrency_group="engine").remote()
            return
        if not ray.wait([self._state_ref], timeout=0)[0]:
            return
        reference, self._state_ref = self._state_ref, None
        try:
            state: DeskState = ray.get(reference)
        except failures.ActorDiedError:
            _log.warning("the desk has ended; starting another one")
            self._desk = self._find_desk()
            return
        except failures.RayActorError:
            return
        self._trouble = ""
        for run, signs in state.signs.items():
            worker = self._workers.get(run)
            if worker is not None and worker.attempt == signs.attempt:
                worker.hear(signs.beats)

    def _find_desk(self) -> Any:
        """Return the workspace's desk: that of an engine before, if it is of this version and here, else a new one."""
        me = this_process()
        with contextlib.suppress(ValueError):  # there is none
            found = ray.get_actor(DESK, self.namespace)
            with contextlib.suppress(failures.RayError):
                serve = found.serve.options(concurrency_group="engine").remote(me.pid, me.started)
                state: DeskState = ray.get(serve, timeout=DESK_S / 2)
                if (state.version, state.node) == (__version__, self._node):
                    return found
            with contextlib.suppress(failures.RayError):
                ray.kill(found)
        deadline = time.monotonic() + DESK_S
        while (desk := self._new_desk()) is None:
            if time.monotonic() > deadline:
                raise WorkspaceError("the desk of an engine before does not end; start the engine again")
            time.sleep(LOOK_S)
        try:
            ray.get(desk.serve.options(concurrency_group="engine").remote(me.pid, me.started), timeout=DESK_S)
        except failures.RayError as error:
            raise WorkspaceError(f"the desk beside the database did not start: {in_one_line(error)}") from None
        return desk

    def _new_desk(self) -> Any:
        """Return another desk, None while its name is taken."""
        made = ray.remote(concurrency_groups=DESK_GROUPS)(DeskActor).options(
            name=DESK, namespace=self.namespace, lifetime="detached", num_cpus=0, max_restarts=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(self._node, soft=False),
        )  # fmt: skip
        try:
            return made.remote(str(self._workspace.path), self._node)
        except failures.ActorAlreadyExistsError:
            return None


class DeskActor(Desk):
    """The desk as an actor."""

    def __init__(self, workspace: str, node: str):
        super().__init__(workspace, node, lambda: os._exit(0))


def _name(run: int, attempt: int) -> str:
    return f"run-{run}-attempt-{attempt}"


def _look_at_nodes() -> tuple[Capacity, set[str]]:
    """Return what the living nodes have, and their ids."""
    living = [node for node in ray.nodes() if node["Alive"]]
    cores = tuple(int(node["Resources"].get("CPU", 0)) for node in living)
    gpus = sum(int(node["Resources"].get("GPU", 0)) for node in living)
    return Capacity(("cpu", *(f"cuda:{index}" for index in range(gpus))), cores), {node["NodeID"] for node in living}


def _cause(error: failures.RayActorError) -> str:
    return " ".join(str(error).split())[-200:]
