"""What a run takes: one rule for the scheduler and for Ray."""

from itertools import combinations_with_replacement, product
from pathlib import Path

import pytest

from engine.hardware.machine import MAX_PER_GPU
from engine.runs.launchers.ray_cluster.resources import request_of
from engine.runs.protocol.job import Job
from engine.runs.protocol.shares import cores_each, gpu_slots, sure_room


def least_room(places, size, pieces):
    """Try all ways in which the pieces can lie; None where they have no room themselves."""
    worst = None
    for homes in product(range(len(places)), repeat=len(pieces)):
        free = list(places)
        for home, piece in zip(homes, pieces, strict=True):
            free[home] -= piece
        if min(free) >= 0:
            room = sum(cores // size for cores in free)
            worst = room if worst is None else min(worst, room)
    return worst


def test_room_is_sure_wherever_the_pieces_are():
    seen = 0
    for count in (1, 2, 3):
        for places in combinations_with_replacement(range(5), count):
            for pieces in (p for number in range(4) for p in combinations_with_replacement((1, 2, 3), number)):
                for size in (1, 2, 3):
                    if (worst := least_room(places, size, pieces)) is None:
                        continue
                    seen += 1
                    found = sure_room(places, size, pieces)
                    assert 0 <= found <= worst, (places, size, pieces)
                    if count == 1 or size == 1 or not pieces:
                        assert found == worst, (places, size, pieces)
    assert seen > 1000


@pytest.mark.parametrize("per_gpu", range(1, MAX_PER_GPU + 1))
@pytest.mark.parametrize("replicas", [1, 2])
def test_ray_is_asked_for_what_the_scheduler_counts(per_gpu, replicas):
    job = Job(1, Path("w"), "cuda:0", 2, further=("cuda:1",) * (replicas - 1))
    share, slots = request_of(job, per_gpu)["num_gpus"], gpu_slots(replicas, per_gpu)
    # As many fit on a GPU by either count, and what takes all of it leaves no part.
    assert int(1.0001 / share) == per_gpu // slots
    assert (share == 1) == (slots == per_gpu)
    on_cpu = Job(1, Path("w"), "cpu", 5, further=("cpu",) * (replicas - 1))
    assert request_of(on_cpu, per_gpu) == {"num_cpus": cores_each(5, replicas), "num_gpus": 0}
