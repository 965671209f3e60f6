"""A run that has no memory left ends with advice; the others do not notice."""

from pathlib import Path

import pytest

from engine.events import RunState
from engine.runs.protocol.job import Job
from engine.runs.worker.out_of_memory import advice, is_out_of_memory

S = RunState


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA error: out of memory\nCUDA kernel errors might be ..."),
        RuntimeError("[enforce fail at alloc_cpu.cpp:117] DefaultCPUAllocator: can't allocate memory: you tried ..."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        OSError(12, "Cannot allocate memory"),
        type("OutOfMemoryError", (RuntimeError,), {})("whatever it says"),
    ],
)
def test_it_is_recognised_whoever_says_it(error):
    assert is_out_of_memory(error)


@pytest.mark.parametrize("error", [RuntimeError("shapes differ"), ValueError("out of memory"), OSError(28, "No space")])
def test_other_errors_are_not_mistaken_for_it(error):
    assert not is_out_of_memory(error)


def test_torchs_own_error_is_recognised():
    import torch

    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_the_advice_names_device_batch_and_what_to_turn():
    job = Job(1, Path(), "cuda:1", 1)
    assert advice(job, 128) == (
        "out of memory on cuda:1: take a smaller batch (now 128: --set batch_size=...) or fewer runs per GPU "
        "(SKIPSCOPE_RUNS_PER_GPU)"
    )
    lab = Job(1, Path(), "cpu", 1, lab=True)
    assert advice(lab, None).startswith("out of memory: take fewer units or let fewer runs train")


def test_the_advice_to_a_replica_names_its_own_device_and_the_batch():
    job = Job(1, Path(), "cuda:0", 2, further=("cuda:3",))
    assert advice(job, 64, rank=1).startswith("out of memory on cuda:3: take a smaller batch (now 64: --set batch_size")
    assert advice(job, None, rank=1).startswith("out of memory on cuda:3: take a smaller batch (--set batch_size=...)")


@pytest.mark.parametrize(
    "kind", ["cuda", pytest.param("torch-cpu", marks=pytest.mark.slow), pytest.param("python", marks=pytest.mark.slow)]
)
def test_out_of_memory_ends_one_run_with_advice_and_leaves_the_others_running(busy_room, kind):
    room = busy_room
    (room.workspace.path / "fault").write_text(kind)
    healthy, starved = room.race(depths=(8, 14), shortcuts=("A",))
    row = room.until_state(starved, S.FAILED)
    assert row.cause.startswith("out of memory: take a smaller batch (now 128: --set batch_size=...) or let fewer runs")
    assert "Traceback" in room.workspace.log(starved).read_text()
    before = room.row(healthy).step
    room.until_step(healthy, before + 5)
