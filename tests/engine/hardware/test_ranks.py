"""What rank 0 hears of trouble in another rank, wherever the two are, and whose fault an error is."""

import socket
import threading
import time

import pytest
import torch
import torch.distributed as dist

from engine.errors import ReplicaLost
from engine.hardware import ranks as module
from engine.hardware.ranks import Ranks
from tests.engine.hardware import ranks_in_trouble as trouble

FAILED = ("ReplicaFailed", f"replica 2 of 2: {trouble.CAUSE}")
SILENT = ("ReplicaLost", f"replica 2 of 2 gave no sign of life for {trouble.SILENT_S:g} s")
CASES = {
    "never meets": FAILED,
    "fails while it meets": FAILED,
    "fails while it loads": FAILED,
    "fails between exchanges": FAILED,
    "silent while it meets": SILENT,
    "silent while it loads": SILENT,
    "hangs while it meets": ("ReplicaLost", "the replicas did not connect within 1.5 s; all ports"),
    "hangs in an exchange": ("ReplicaLost", "another replica did not answer for 2 s"),
    "a pause in an exchange": ("Paused", ""),
}


@pytest.fixture(scope="module")
def found():
    return trouble.found(*CASES)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_rank_0_hears_of_it_within_seconds_with_the_cause(found, case):
    kind, text = CASES[case]
    assert (found[case]["raised"], found[case]["text"][: len(text)]) == (kind, text)
    assert found[case]["seconds"] < 15


def test_a_port_that_nobody_listens_at_is_told_at_once():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = closed.getsockname()
    began = time.monotonic()
    with pytest.raises(ReplicaLost, match=f"cannot connect to the first replica at 127.0.0.1:{address[1]} .*refused"):
        Ranks.join(address, 1, 2, "cpu")
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("[.../gloo/transport/tcp/pair.cc:561] Connection closed by peer [127.0.0.1]:59065."),
        RuntimeError("[.../gloo/transport/tcp/pair.cc:184] Read error [10.0.0.2]:41: No route to host"),
        RuntimeError("Operation timed out!"),
        dist.DistNetworkError("recv failed"),
        dist.DistBackendError("NCCL error: remote process exited or there was a network error"),
    ],
)
def test_a_broken_connection_is_a_lost_replica(error):
    with pytest.raises(ReplicaLost), module._exchange():
        raise error


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory while it held the connection"),
        RuntimeError("Distributed package doesn't have NCCL built in"),
        RuntimeError("CUDA error: peer access is not supported between these two devices"),
        RuntimeError("CUDA error: the launch timed out and was terminated"),
        RuntimeError("CUDA error: an illegal memory access was encountered"),
        dist.DistBackendError("NCCL error: unhandled cuda error, ncclInvalidUsage: Duplicate GPU detected"),
    ],
)
def test_an_own_fault_stays_an_own_fault(error):
    with pytest.raises(type(error)) as caught, module._exchange():
        raise error
    assert caught.value is error


class Signs:
    """All is well."""

    def trouble(self):
        return None


class Work:
    """An exchange of the GPU."""

    done = False

    def wait(self):
        return True

    def is_completed(self):
        return self.done


@pytest.fixture
def clock(monkeypatch):
    """The time that ranks see, in a list."""
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_the_limit_of_an_answer_follows_what_an_update_takes(clock):
    ranks = Ranks(0, 2, "cpu", None, Signs())
    assert ranks._limit_s() == 60
    assert ranks._limit_s(own_s=9.0) == 90, "the first update of a large net"
    ranks._longest_s = 20.0
    assert (ranks._limit_s(), ranks._limit_s(own_s=9.0), ranks._overdue_s()) == (200, 200, 60)


def test_an_exchange_that_a_gpu_never_ends_is_found_from_another_thread(clock):
    ranks = Ranks(0, 2, "cpu", None, Signs())
    first, second = Work(), Work()
    ranks._enqueue(lambda: first)
    clock[0] += 4
    ranks._enqueue(lambda: second)
    assert ranks.trouble() is None
    first.done = True
    clock[0] += 4
    assert ranks.trouble() is None
    assert ranks._longest_s == 8
    clock[0] += 79
    assert ranks.trouble() is None
    assert ranks.is_overdue(), "a pause waits no longer"
    clock[0] += 2
    assert str(ranks.trouble()) == "another replica did not answer for 81 s"
    second.done = True
    assert ranks.trouble() is None
    clock[0] += 10_000
    assert ranks.trouble() is None, "an evaluation takes its time"


def test_a_first_exchange_that_cannot_connect_the_gpus_is_found_as_well(clock):
    ranks, begins, goes_on = Ranks(0, 2, "cpu", None, Signs()), threading.Event(), threading.Event()

    def connect():
        begins.set()
        goes_on.wait(30)
        return Work()

    thread = threading.Thread(target=ranks._enqueue, args=(connect,))
    thread.start()
    begins.wait(30)
    clock[0] += 61
    assert "did not answer for 61 s" in str(ranks.trouble())
    goes_on.set()
    thread.join(30)
