"""The ranks of a run with replicas: processes that train one net together, each on its share of every batch.

Rank 0 decides everything and is the run's worker. It announces each update, then all ranks add up their gradients.
Every rank so makes the same update, and nobody makes one that rank 0 did not announce. ``torch.distributed`` carries
the numbers, gloo on a CPU and NCCL on a GPU; announcements are gloo's always. The ranks meet at a port of one network
interface, and listen on that interface alone. A rank that has died breaks its connections, which the others notice in
their next exchange.
"""

import contextlib
import io
import logging
import os
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

import psutil
import torch
import torch.distributed as dist
from torch import Tensor, nn

from engine.errors import DeviceError, ReplicaLost, in_one_line

#: The store answers within this time, or its machine is gone.
_STORE_S = 60.0
#: Ranks do each update nearly together: one that is awaited for so long hangs.
SILENT_S = 60.0
#: Between two updates an evaluation, a pause or the pace of a race may lie: no limit. Ends are noticed otherwise.
_NO_LIMIT = timedelta(days=365)
#: Between two looks at what the others said.
_LOOK_S = 0.02
#: What a rank says, with its number: it can be connected, it hears orders, it ended with a cause.
_HERE, _READY, _FAILED = "here", "ready", "failed"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Order:
    """What rank 0 announces of the next update."""

    step: int
    lr: float
    weight_decay: float
    strength: float


class Ranks:
    """This process's place among the ranks of its run. ``lead`` and ``join`` make one; a process has one at most.

    Raises, in every method: ReplicaLost when another rank does not answer any more.
    """

    def __init__(self, rank: int, count: int, device: str, store: Any):
        self.rank, self.count, self._device, self._store = rank, count, torch.device(device), store

    @classmethod
    def lead(cls, listener: socket.socket, count: int, device: str) -> Self:
        """Return rank 0; the others find it at the listener's address."""
        host, port = listener.getsockname()[:2]
        return cls(0, count, device, _store(host, port, listener.detach()))

    @classmethod
    def join(cls, lead: tuple[str, int], rank: int, count: int, device: str) -> Self:
        """Return a further rank; ``lead``: where rank 0 listens. Raises ReplicaLost when nobody does."""
        try:
            ranks = cls(rank, count, device, _store(*lead))
            ranks._store.set(f"{_HERE}-{rank}", b"1")
        except RuntimeError as error:
            raise ReplicaLost(f"the first replica does not answer ({in_one_line(error)})") from None
        return ranks

    def meet(self, host: str, wait: Callable[[str], object] = str) -> None:
        """Connect all ranks. ``host``: this machine's address on their network; ``wait`` as in ``await_ready``."""
        if self.rank == 0:
            self._await(_HERE, wait)
        # Both read it where they begin to listen.
        os.environ["GLOO_SOCKET_IFNAME"] = os.environ["NCCL_SOCKET_IFNAME"] = _interface(host)
        on_gpu = self._device.type == "cuda"
        if on_gpu:
            torch.cuda.set_device(self._device)
        backend = "cpu:gloo,cuda:nccl" if on_gpu else "gloo"
        with _exchange():
            dist.init_process_group(
                backend, store=self._store, rank=self.rank, world_size=self.count, timeout=_NO_LIMIT
            )

    def await_ready(self, wait: Callable[[str], object]) -> None:
        """Wait until every other rank hears orders; ``wait`` is called meanwhile with a line for people.

        Raises DeviceError with the cause of a rank that has ended.
        """
        self._await(_READY, wait)

    def _await(self, word: str, wait: Callable[[str], object]) -> None:
        for rank in range(1, self.count):
            while not self._store.check([f"{word}-{rank}"]):
                self.check()
                wait(f"waits for {self.name(rank)}")
                time.sleep(_LOOK_S)

    def check(self) -> None:
        """Raise DeviceError with the cause of a rank that has ended, if one said it."""
        for rank in range(1, self.count):
            if self._store.check([f"{_FAILED}-{rank}"]):
                said = self._store.get(f"{_FAILED}-{rank}").decode(errors="replace")
                raise DeviceError(f"{self.name(rank)}: {said}")

    def tell_failure(self, cause: str) -> None:
        """Tell rank 0 why this rank ends."""
        self._store.set(f"{_FAILED}-{self.rank}", cause)

    def tell_ready(self) -> None:
        """Tell rank 0 that this rank hears orders from now on."""
        self._store.set(f"{_READY}-{self.rank}", b"1")

    def name(self, rank: int) -> str:
        """Return a rank as people count them: ``replica 2 of 2``."""
        return f"replica {rank + 1} of {self.count}"

    def announce(self, order: Order) -> None:
        """Tell all other ranks the next update; they are waiting for it, or about to."""
        words = torch.tensor([order.step, order.lr, order.weight_decay, order.strength], dtype=torch.float64)
        with _exchange():
            _wait(dist.broadcast(words, 0, async_op=True), SILENT_S)

    def hear(self) -> Order:
        """Return what rank 0 announces next."""
        words = torch.empty(4, dtype=torch.float64)
        with _exchange():
            dist.broadcast(words, 0)
        step, lr, weight_decay, strength = words.tolist()
        return Order(int(step), lr, weight_decay, strength)

    def average(self, parameters: Iterable[nn.Parameter], loss: Tensor, wrong: Tensor) -> tuple[Tensor, Tensor]:
        """Replace each gradient by its mean over all ranks; return the mean loss and the sum of the wrong answers.

        All travels as one vector, so that a step has one exchange. With two ranks the sum has one order; with more it
        is the library's, always the same for one number of ranks.
        """
        gradients = [each.grad for each in parameters if each.grad is not None]
        metrics = torch.stack([loss, wrong.to(loss.dtype)])
        vector = torch.cat([*(each.reshape(-1) for each in gradients), metrics])
        with _exchange():
            work = dist.all_reduce(vector, async_op=True)
            # On a GPU to wait means that its stream waits. A limit would make this process wait instead.
            _wait(work, None if vector.is_cuda else SILENT_S)
        mistakes = vector[-1].clone()
        vector.div_(self.count)
        parts = torch.split(vector, [*(each.numel() for each in gradients), 2])
        views = [part.view(each.shape) for part, each in zip(parts, gradients, strict=False)]
        torch._foreach_copy_(gradients, views)
        return vector[-2], mistakes

    def send(self, document: dict[str, Any]) -> None:
        """Give all other ranks plain values and tensors."""
        buffer = io.BytesIO()
        torch.save(document, buffer)
        data = torch.frombuffer(bytearray(buffer.getvalue()), dtype=torch.uint8)
        with _exchange():
            dist.broadcast(torch.tensor([len(data)]), 0)
            dist.broadcast(data, 0)

    def receive(self) -> dict[str, Any]:
        """Return what rank 0 sends."""
        size = torch.empty(1, dtype=torch.int64)
        with _exchange():
            dist.broadcast(size, 0)
            data = torch.empty(int(size), dtype=torch.uint8)
            dist.broadcast(data, 0)
        document: dict[str, Any] = torch.load(io.BytesIO(data.numpy().tobytes()), weights_only=True)
        return document


def _wait(work: dist.Work | None, limit_s: float | None = None) -> None:
    assert work is not None, "every rank is of the group"
    work.wait() if limit_s is None else work.wait(timedelta(seconds=limit_s))


@contextlib.contextmanager
def _exchange() -> Iterator[None]:
    """Turn what torch raises about a connection into ReplicaLost."""
    try:
        yield
    except RuntimeError as error:
        _log.warning("%s", in_one_line(error))
        raise ReplicaLost("another replica does not answer") from None


def _store(host: str, port: int, listener: int | None = None) -> Any:
    if not dist.is_available():
        raise DeviceError("this build of torch has no torch.distributed, which replicas need; set replicas=1")
    return dist.TCPStore(  # type: ignore[attr-defined]
        host, port, is_master=listener is not None, wait_for_workers=False, timeout=timedelta(seconds=_STORE_S),
        master_listen_fd=listener,
    )  # fmt: skip


def _interface(host: str) -> str:
    """Return the name of the network interface with this address. Raises DeviceError."""
    for name, addresses in psutil.net_if_addrs().items():
        if any(address.address == host for address in addresses):
            return str(name)
    raise DeviceError(f"no network interface of this machine has the address {host}")
