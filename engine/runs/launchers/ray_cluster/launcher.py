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
from engine.errors import ClusterLost, SkipscopeError, WorkspaceError
from engine.guarded_thread import GuardedThread
from engine.hardware.machine import ProcessId, runs_per_gpu, this_process
from engine.runs.launchers.local import LocalLauncher
from engine.runs.launchers.ray_cluster.actors import DESK_GROUPS, WORKER_GROUPS, RunActor
from engine.runs.launchers.ray_cluster.connection import connect, innermost_cause, namespace_of
from engine.runs.launchers.ray_cluster.desk import Desk
from engine.runs.launchers.ray_cluster.messages import DeskState
from engine.runs.launchers.ray_cluster.ray_worker import LeftBehindActor, RayWorker
from engine.runs.launchers.ray_cluster.resources import capacity_of, request_of
from engine.runs.launchers.ray_cluster.shared_folder import SharedFolder
from engine.runs.launchers.ray_cluster.team import Team
from engine.runs.launchers.registry import Capacity, Launched, LeftBehind, LeftBehindProcess
from engine.runs.protocol.job import Job
from engine.runs.protocol.liveness import span
from engine.store.reader import Reader
from engine.store.rows import JobRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

DESK = "desk"
#: How often the thread looks at workers and desk, and at the nodes.
LOOK_S, NODES_S = 0.1, 1.0
#: How long a new or an adopted desk may take to answer.
DESK_S = 60.0

#: A head that does not answer for so long is told, and then given up. Without it Ray ends all processes of the cluster
#: after 60 s: until then the workers hand their checkpoints to the desk, where its machine is another one.
HEAD_SILENT_S, HEAD_LOST_S = 3.0, 40.0
#: How long the process of an engine without a cluster may take to end in good order.
_END_S = 5.0

_log = logging.getLogger(__name__)


class RayLauncher:
    """Starts workers as actors. Raises ConfigError for a cluster that cannot be used."""

    def __init__(self, workspace: Workspace, address: str):
        self._workspace, self._address, self._per_gpu = workspace, address, runs_per_gpu()
        self.namespace = namespace_of(workspace)
        self._shared = SharedFolder.of_environment(self.namespace)
        self._node = connect(address, self.namespace)
        self._local = LocalLauncher()
        self._workers: dict[int, RayWorker] = {}
        self._left: list[LeftBehindActor] = []
        self._trouble = ""
        self._busy_since: float | None = None
        self._is_lost = False
        self._capacity, self._alive = capacity_of(ray.nodes())
        self._nodes_at = time.monotonic()
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._writer: Writer | None = None
        self._state_ref: Any = None
        self._refused = 0
        workspace.prepare()
        Writer(workspace).close()  # creates missing tables
        self._desk = self._find_desk()
        GuardedThread("ray", self._loop, self._fail).start()

    def trouble(self) -> str:
        """Return what keeps workers from being started. Raises ClusterLost."""
        self._local.trouble()  # it looks after the starts of labs
        silent_s = time.monotonic() - (self._busy_since or time.monotonic())
        if silent_s > HEAD_LOST_S:
            self._is_lost = True
            raise ClusterLost(
                f"the head of the cluster at {self._address} has not answered for {HEAD_LOST_S:g} s: the cluster is "
                "lost; start it anew, then the engine, and the runs go on from their newest checkpoints"
            )
        if silent_s > HEAD_SILENT_S:
            return f"the head of the cluster has not answered for {span(silent_s)}"
        return self._trouble

    def warm(self) -> None:
        """Prepare fast starts of labs; torch is loaded by each worker on its node."""
        self._local.warm()

    def launch(self, job: Job) -> Launched:
        """Start a worker: of a run on the cluster, of a lab or an instant race here."""
        if job.lab or job.instant:
            return self._local.launch(job)
        worker = RayWorker(job, self.do)
        self.do(lambda: self._start(worker))
        return worker

    def adopt(self, row: JobRow) -> LeftBehind | None:
        """Return the worker that an engine before left with the job."""
        if row.pid:
            process: LeftBehindProcess | None = self._local.adopt(row)
            return process
        with Reader(self._workspace) as reader:
            current = reader.placements.current(row.id)
        if current is None:
            return None
        self._left.append(LeftBehindActor(_name(row.id, current.attempt), self.namespace, self.do))
        return self._left[-1]

    def capacity(self) -> Capacity:
        """Return the devices and cores of the living nodes."""
        return self._capacity

    def close(self) -> None:
        """Start no further worker; the desk ends by itself once nobody needs it."""
        self._closed.set()
        self._tasks.put(None)
        self._local.close()
        if self._is_lost:
            # Ray would wait for the head, and then end this process without a word.
            GuardedThread("end", _end_soon, _log.error).start()
            return
        if not self._workers and not any(each.lives() for each in self._left):
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
        self._busy_since = time.monotonic()
        try:
            task()
        except (failures.RayError, SkipscopeError, RuntimeError, ValueError) as error:
            if not self._closed.is_set():
                _log.warning("%s", innermost_cause(error))
        self._busy_since = None

    def _fail(self, cause: str) -> None:
        self._trouble = f"the thread that talks to Ray ended ({cause}); end the engine, its runs stay"

    def _start(self, worker: RayWorker) -> None:
        if worker.is_withdrawn:
            return
        job = worker.job
        try:
            if self._writer is None:
                self._writer = Writer(self._workspace)
            worker.attempt = self._writer.placements.begin(job.run)
            if worker.is_withdrawn:  # by somebody who found no attempt yet that he could end
                self._writer.placements.end(job.run)
                return
            name = _name(job.run, worker.attempt)
            worker.team = Team(job, name, self._per_gpu) if job.replicas > 1 else None
            strategy = "SPREAD" if worker.team is None else worker.team.strategy(0)
            actor = (
                ray.remote(concurrency_groups=WORKER_GROUPS)(RunActor)
                .options(
                    name=name, namespace=self.namespace, lifetime="detached", max_restarts=0,
                    max_task_retries=0, scheduling_strategy=strategy, **request_of(job, self._per_gpu),
                )
                .remote(job, worker.attempt, DESK, self.namespace, self._shared)
            )  # fmt: skip
            if worker.team is not None:
                worker.team.follow(actor, self.namespace)
        except (failures.RayError, WorkspaceError, ValueError) as error:
            worker.end(f"worker could not be started: {innermost_cause(error)}")
            return
        self._workers[job.run] = worker
        worker.follow(actor)

    def _look(self) -> None:
        if time.monotonic() - self._nodes_at > NODES_S:
            self._nodes_at = time.monotonic()
            self._capacity, self._alive = capacity_of(ray.nodes())
        for run, worker in list(self._workers.items()):
            self._look_at(worker)
            if worker.how is not None:
                del self._workers[run]
                if self._shared is not None:
                    self._shared.clear(run)
        self._hear()

    def _look_at(self, worker: RayWorker) -> None:
        if worker.place_ref is not None and ray.wait([worker.place_ref], timeout=0)[0]:
            reference, worker.place_ref = worker.place_ref, None
            with contextlib.suppress(failures.RayError):  # its end tells
                worker.settle(*ray.get(reference))
                _log.info("run %d, attempt %d: %s", worker.job.run, worker.attempt, worker.place)
        if worker.node_id and worker.node_id not in self._alive:
            worker.end(f"{worker.node} was lost", with_place=True)
        elif worker.team is not None and (loss := worker.team.lost(self._alive)) is not None:
            if loss.with_place:
                self._capacity, self._alive = capacity_of(ray.nodes())
            worker.end(*loss)
        elif worker.word is not None or ray.wait([worker.end_ref], timeout=0)[0]:
            self._take_end(worker)

    def _take_end(self, worker: RayWorker) -> None:
        try:
            word = worker.word or ray.get(worker.end_ref)
            if word and worker.team is not None:
                if not worker.team.failure and worker.team.may_tell():
                    worker.word = word
                    return
                word = worker.team.failure or word
            worker.end(f"worker ended: {word}" if word else "worker ended with exit code 0")
        except failures.ActorDiedError as error:
            self._capacity, self._alive = capacity_of(ray.nodes())
            if "its node has died" in str(error) or (worker.node_id and worker.node_id not in self._alive):
                worker.end(f"{worker.node} was lost", with_place=True)
            else:
                worker.end(f"worker on {worker.node} died: {innermost_cause(error)}")
        except failures.RayActorError:
            worker.watch()  # unreachable is not dead
        except failures.RayError as error:
            worker.end(f"worker could not be started: {innermost_cause(error)}")

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
            self._busy_since = None  # this may take long
            self._desk, self._refused = self._find_desk(), 0
            return
        except failures.RayActorError:
            return
        if state.refused > self._refused:
            self._refused = state.refused
            _log.info("refused calls of attempts that are over: %d", state.refused)
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
                serve = found.serve.options(concurrency_group="engine").remote(me)
                state: DeskState = ray.get(serve, timeout=DESK_S / 2)
                if (state.version, state.node) == (__version__, self._node):
                    return found
            with contextlib.suppress(failures.RayError):
                ray.kill(found)
        deadline = time.monotonic() + DESK_S
        while (desk := self._new_desk(me)) is None:
            if time.monotonic() > deadline:
                raise WorkspaceError("the desk of an engine before does not end; start the engine again")
            time.sleep(LOOK_S)
        try:
            ray.get(desk.state.options(concurrency_group="engine").remote(), timeout=DESK_S)
        except failures.RayError as error:
            raise WorkspaceError(f"the desk beside the database did not start: {innermost_cause(error)}") from None
        return desk

    def _new_desk(self, me: ProcessId) -> Any:
        """Return another desk, None while its name is taken."""
        made = ray.remote(concurrency_groups=DESK_GROUPS)(DeskActor).options(
            name=DESK, namespace=self.namespace, lifetime="detached", num_cpus=0, max_restarts=0,
            scheduling_strategy=NodeAffinitySchedulingStrategy(self._node, soft=False),
        )  # fmt: skip
        try:
            return made.remote(str(self._workspace.path), me, self._node)
        except failures.ActorAlreadyExistsError:
            return None


class DeskActor(Desk):
    """The desk as an actor."""

    def __init__(self, workspace: str, engine: ProcessId, node: str):
        super().__init__(workspace, engine, node, lambda: os._exit(0))


def _end_soon() -> None:
    time.sleep(_END_S)
    os._exit(1)


def _name(run: int, attempt: int) -> str:
    return f"run-{run}-attempt-{attempt}"
