"""What nodes have and what runs take of them, in Ray's units."""

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from engine.hardware.machine import MAX_PER_GPU
from engine.runs.launchers.ray_cluster.resources import capacity_of, request_of
from engine.runs.protocol.job import Job


def node(name, alive=True, **resources):
    return {"NodeID": name, "Alive": alive, "Resources": resources}


def test_the_gpus_of_all_living_nodes_are_numbered_through():
    nodes = [node("a", CPU=8.0, GPU=2.0), node("b", False, CPU=64.0, GPU=8.0), node("c", GPU=1.0), node("d", CPU=4.0)]
    capacity, living = capacity_of(nodes)
    assert capacity.devices == ("cpu", "cuda:0", "cuda:1", "cuda:2")
    assert capacity.nodes == (8, 0, 4)
    assert living == {"a", "c", "d"}


def test_a_run_takes_a_core_for_each_thread_or_a_part_of_a_gpu():
    assert request_of(Job(1, Path("w"), "cpu", 3), 8) == {"num_cpus": 3, "num_gpus": 0}
    assert request_of(Job(1, Path("w"), "cuda:5", 1), 8) == {"num_cpus": 0, "num_gpus": 0.125}
    assert request_of(Job(1, Path("w"), "cuda", 1), 1) == {"num_cpus": 0, "num_gpus": 1}


def test_a_replica_takes_its_share_of_the_cores_or_a_whole_gpu():
    assert request_of(Job(1, Path("w"), "cpu", 4, further=("cpu",)), 8) == {"num_cpus": 2, "num_gpus": 0}
    assert request_of(Job(1, Path("w"), "cuda:0", 2, further=("cuda:1",)), 8) == {"num_cpus": 0, "num_gpus": 1}


@pytest.mark.parametrize("per_gpu", range(1, MAX_PER_GPU + 1))
def test_so_many_runs_fit_on_a_gpu_as_the_scheduler_starts(per_gpu):
    part = Decimal(request_of(Job(1, Path("w"), "cuda", 1), per_gpu)["num_gpus"])
    rounded = part.quantize(Decimal("0.0001"), ROUND_HALF_UP)
    assert rounded * per_gpu <= 1
    assert rounded * (per_gpu + 1) > 1
