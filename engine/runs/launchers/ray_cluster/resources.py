"""What the nodes of a cluster have, and what a run takes of them, in Ray's units. Torch-free, and without Ray.

Ray counts what a node announces; it measures nothing and pins nothing.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from engine.runs.launchers.registry import Capacity
from engine.runs.protocol.job import Job
from engine.runs.protocol.shares import cores_each, gpu_slots

#: Ray rounds parts of a GPU to this unit.
_UNITS = 10_000


def capacity_of(nodes: Iterable[Mapping[str, Any]]) -> tuple[Capacity, set[str]]:
    """Return what the living nodes of ``ray.nodes()`` have, and their ids."""
    living = [node for node in nodes if node["Alive"]]
    cores = tuple(int(node["Resources"].get("CPU", 0)) for node in living)
    gpus = sum(int(node["Resources"].get("GPU", 0)) for node in living)
    return Capacity(("cpu", *(f"cuda:{index}" for index in range(gpus))), cores), {node["NodeID"] for node in living}


def request_of(job: Job, per_gpu: int) -> dict[str, float]:
    """Return the cores or the part of a GPU that a run takes, as options of its actor; those of one of its replicas.

    ``per_gpu`` parts never exceed a GPU, whatever the rounding: the last run would wait for ever.
    """
    if job.device.startswith("cuda"):
        slots = gpu_slots(job.replicas, per_gpu)
        return {"num_cpus": 0, "num_gpus": 1 if slots == per_gpu else slots * (_UNITS // per_gpu) / _UNITS}
    return {"num_cpus": cores_each(job.threads, job.replicas), "num_gpus": 0}
