"""One worker on a cluster as its engine sees it: of this engine, or left behind by one before. Torch-free.

What these objects ask of Ray is done in the launcher's thread, so that the engine's loop never waits.
"""

import contextlib
import threading
import time
from collections.abc import Callable
from typing import Any

import ray
from ray import exceptions as failures

from engine.runs.launchers.ray_cluster.team import Team, give_back
from engine.runs.protocol.job import Job

#: A start that Ray does not place for so long is told.
PLACED_S = 20.0
#: A worker that was not heard for so long is given up with its node.
SILENT_S = 30.0
#: How often an actor that was left behind is looked for, and how long its answer may take.
_LOOK_S, _ANSWER_S = 0.5, 1.0

_WITHDRAWN = "ended before it started"

#: Does a task in the launcher's thread.
Do = Callable[[Callable[[], None]], None]


class RayWorker:
    """The worker of one attempt at a run (``engine.runs.launchers.registry.Launched``)."""

    def __init__(self, job: Job, do: Do):
        self.job, self._do = job, do
        self.attempt = 0
        self.actor: Any = None
        self.end_ref: Any = None
        self.place_ref: Any = None
        self.node, self.node_id, self._place = "a node", "", ""  # until Ray says which
        self.how: str | None = None
        self.is_lost_with_place = False
        self._beats = self._seen = 0
        self._heard_at = self._began_at = time.monotonic()
        self._waiting: list[str] = []
        self.is_withdrawn = False
        self._lock = threading.Lock()
        self.team: Team | None = None
        self.word: str | None = None

    @property
    def place(self) -> str:
        """Node and process in words; '' until the worker exists."""
        return self._place

    @property
    def delay(self) -> str:
        """Why Ray has not placed the worker for long, '' before."""
        if self._place or self.how is not None or time.monotonic() - self._began_at < PLACED_S:
            return ""
        return f"Ray has found no room for run {self.job.run} yet; others may use the cluster"

    def send(self, word: str) -> None:
        """Send a signal, once there is a worker."""
        self._do(lambda: self.pass_on(word))

    def shows_life(self) -> bool:
        """Return whether the desk heard the worker since the last call."""
        beats, self._seen = self._beats != self._seen, self._beats
        return beats

    def ended(self) -> str | None:
        """Return how the worker ended, None while it lives or starts."""
        return _WITHDRAWN if self.is_withdrawn else self.how

    def withdraw(self) -> bool:
        """Give up a worker that Ray has not placed, as far as is known; return False for one that is placed.

        The caller ends its attempt: Ray may place it at this moment, and then all that it writes is refused.
        """
        with self._lock:
            if self._place:
                return False
            if not self.is_withdrawn:
                self.is_withdrawn = True
                self._do(lambda: self.end(_WITHDRAWN))
        return True

    def kill(self) -> None:
        """End the worker at once; one on a node that does not answer can write nothing any more."""
        if not self.withdraw():
            is_silent = bool(self._beats) and time.monotonic() - self._heard_at > SILENT_S
            self._do(lambda: self.end(f"worker on {self.node} was ended", is_silent))

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
        with self._lock:
            if not self.is_withdrawn:
                self.node_id, self.node, self._place = node_id, f"node {node}", f"process {pid} on node {node}"

    def hear(self, beats: int) -> None:
        """Take the number of beats so far."""
        if beats != self._beats:
            self._heard_at = time.monotonic()
        self._beats = beats

    def end(self, how: str, with_place: bool = False) -> None:
        """Take note of the end; end what is left of the process."""
        if self.how is None:
            self.is_lost_with_place = with_place
            self.how = how
        if self.actor is not None:
            with contextlib.suppress(failures.RayError, ValueError):
                ray.kill(self.actor)
        if self.team is not None:
            self.team.end()


class LeftBehindActor:
    """The actor of an engine that is gone (``engine.runs.launchers.registry.LeftBehind``)."""

    def __init__(self, name: str, namespace: str, do: Do):
        self.place, self._namespace, self._do = name, namespace, do
        self._lives, self._asked_at = True, 0.0

    def lives(self) -> bool:
        """Return whether the cluster may still have the actor."""
        if self._lives and time.monotonic() - self._asked_at > _LOOK_S:
            self._asked_at = time.monotonic()
            self._do(self._look)
        return self._lives

    def kill(self) -> None:
        """End the actor."""
        self._do(self._kill)

    def _look(self) -> None:
        try:
            actor = ray.get_actor(self.place, self._namespace)
            ray.get(actor.place.options(concurrency_group="watch").remote(), timeout=_ANSWER_S)
        except (ValueError, failures.ActorDiedError):
            self._lives = False
            give_back(self.place)
        except failures.RayError:
            pass  # it does not answer, which is not its end

    def _kill(self) -> None:
        with contextlib.suppress(ValueError, failures.RayError):
            ray.kill(ray.get_actor(self.place, self._namespace))
        give_back(self.place)
        self._lives = False  # what it may still write is refused
