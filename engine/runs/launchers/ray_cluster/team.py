"""The replicas of one attempt at a run on a cluster, as its engine sees them. Torch-free.

All actors are in one placement group, for which Ray finds room as a whole or not at all. The first is the worker
(``ray_worker``); this module looks after the others, and after the group.
"""

import contextlib
import time
from collections.abc import Set
from typing import Any, NamedTuple

import ray
from ray import exceptions as failures
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from engine.runs.launchers.ray_cluster.actors import WORKER_GROUPS, ReplicaActor
from engine.runs.launchers.ray_cluster.connection import innermost_cause
from engine.runs.launchers.ray_cluster.resources import request_of
from engine.runs.protocol.job import Job

#: Ray tells the end of a process at once, that of a node after some seconds: so long the worker's own word waits.
TOLD_S = 20.0


class Loss(NamedTuple):
    """How a replica was lost; ``with_place``: its node was."""

    how: str
    with_place: bool


class _Member:
    """One replica."""

    def __init__(self, actor: Any, name: str):
        self.actor, self.name = actor, name
        self.node, self.node_id, self.is_done = "a node", "", False
        self.ended_at = 0.0
        self.place_ref = actor.place.options(concurrency_group="watch").remote()
        self.end_ref = self.watched()

    def watched(self) -> Any:
        return self.actor.await_end.options(concurrency_group="watch").remote()


class Team:
    """The placement group ``name``, and the replicas in it but the first. Raises RayError, ValueError."""

    def __init__(self, job: Job, name: str, per_gpu: int):
        self._job, self._name = job, name
        self.request = request_of(job, per_gpu)
        bundle = {"CPU": self.request["num_cpus"], "GPU": self.request["num_gpus"]}
        bundles = [{kind: amount for kind, amount in bundle.items() if amount} for _ in range(job.replicas)]
        self._group = ray.util.placement_group(bundles, strategy="PACK", name=name, lifetime="detached")
        self._members: list[_Member] = []
        self._worker: Any = None
        self._asked_at: float | None = None
        #: Why one of them failed, in its own words; '' as long as none did.
        self.failure = ""

    def strategy(self, rank: int) -> PlacementGroupSchedulingStrategy:
        """Return the place of a replica."""
        return PlacementGroupSchedulingStrategy(self._group, placement_group_bundle_index=rank)

    def follow(self, worker: Any, namespace: str) -> None:
        """Start all others, which join ``worker`` once it listens."""
        self._worker = worker
        meeting = worker.meeting.options(concurrency_group="watch").remote()
        for rank in range(1, self._job.replicas):
            actor = (
                ray.remote(concurrency_groups=WORKER_GROUPS)(ReplicaActor)
                .options(
                    name=f"{self._name}-replica-{rank + 1}", namespace=namespace, lifetime="detached", max_restarts=0,
                    max_task_retries=0, scheduling_strategy=self.strategy(rank), **self.request,
                )
                .remote(self._job, rank)
            )  # fmt: skip
            actor.work.remote(meeting)
            self._members.append(_Member(actor, f"replica {rank + 1} of {self._job.replicas}"))

    def lost(self, alive: Set[str]) -> Loss | None:
        """Return how one of them was lost, None while all live, and for a while after their own word.

        Args:
            alive: The ids of the living nodes.
        """
        return next(filter(None, (self._lost(member, alive) for member in self._members)), None)

    def may_tell(self) -> bool:
        """Return whether it may soon be known which of them ended the run: its worker knows less."""
        self._asked_at = self._asked_at or time.monotonic()
        return time.monotonic() - self._asked_at < TOLD_S and not all(member.is_done for member in self._members)

    def end(self) -> None:
        """End all, and give their places back."""
        with contextlib.suppress(failures.RayError, ValueError):
            ray.util.remove_placement_group(self._group)

    def _lost(self, member: _Member, alive: Set[str]) -> Loss | None:
        if member.place_ref is not None and ray.wait([member.place_ref], timeout=0)[0]:
            reference, member.place_ref = member.place_ref, None
            with contextlib.suppress(failures.RayError):  # its end tells
                member.node_id, address, _ = ray.get(reference)
                member.node = f"node {address}"
        if member.node_id and member.node_id not in alive and not member.is_done:
            return Loss(f"{member.node} was lost", with_place=True)
        if member.is_done:
            # The worker was told, too, and ends the run itself; if not, nobody else will.
            if time.monotonic() - member.ended_at < TOLD_S:
                return None
            how = self.failure or f"{member.name} on {member.node}: ended before the run"
            return Loss(how, with_place=False)
        if not ray.wait([member.end_ref], timeout=0)[0]:
            return None
        try:
            word = ray.get(member.end_ref)
            member.is_done, member.ended_at = True, time.monotonic()
            if word and not self.failure:
                self.failure = f"{member.name}: {word}"
                # The network between the replicas may be what failed: the word takes Ray's way.
                self._worker.hear_failure.options(concurrency_group="signals").remote(self.failure)
        except failures.ActorDiedError as error:
            if "its node has died" in str(error):
                return Loss(f"{member.node} was lost", with_place=True)
            return Loss(f"{member.name} on {member.node} died", with_place=False)
        except failures.RayActorError:
            member.end_ref = member.watched()  # unreachable is not dead
        except failures.RayError as error:
            return Loss(f"{member.name} could not be started: {innermost_cause(error)}", with_place=False)
        return None


def give_back(name: str) -> None:
    """End the replicas that an engine before left under this name, if there are some."""
    with contextlib.suppress(ValueError, failures.RayError):
        ray.util.remove_placement_group(ray.util.get_placement_group(name))
