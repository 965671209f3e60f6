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
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any, Self

import psutil
import torch
import torch.distributed as dist
from torch import Tensor, nn

from engine.errors import DeviceError, ReplicaLost, SkipscopeError, in_one_line
from engine.guarded_thread import GuardedThread
from engine.hardware.rank_signs import FAILED, HERE, READY, Signs, replica_name, require_reachable, store

#: A rank loads torch before it can show that it lives; on a cluster its node may fetch the code first.
ARRIVE_S = 600.0
#: Ranks that are there connect at once, or something forbids it.
MEET_S = 60.0
#: All ranks do each update together. Their speeds may differ: one that is awaited for so long hangs, and for so many
#: times the longest update so far.
ANSWER_S, ANSWER_UPDATES = 60.0, 10.0
#: An update that takes so long, and so many times the longest so far, is no reason to put off a pause.
OVERDUE_S, OVERDUE_UPDATES = 5.0, 3.0
#: Between two updates an evaluation, a pause or the pace of a race may lie: no limit. Ends are noticed otherwise.
_NO_LIMIT = timedelta(days=365)
#: Between two looks at what the others said, before the training and in it.
_LOOK_S, _SLICE_S = 0.02, 0.5
#: What torch's libraries say of a connection that broke. All else that they raise is this rank's own fault.
_CONNECTION_WORDS = (
    "connection", "connect to", "timed out", "timeout", "socket", "by peer", "broken pipe", "unreachable", "no route",
    "remote error", "remoteerror", "remote process",
)  # fmt: skip

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

    ``meanwhile`` is called while rank 0 waits for the others in an exchange, with whether the update is overdue; what
    it raises ends the exchange, and with it the training.

    Raises, in every method: ReplicaLost when another rank does not answer any more; in rank 0 ReplicaFailed with the
    cause that another rank told.
    """

    def __init__(self, rank: int, count: int, device: str, connection: Any, signs: Signs):
        self.rank, self.count, self._device = rank, count, torch.device(device)
        self._store, self._signs = connection, signs
        self.meanwhile: Callable[[bool], object] = lambda is_overdue: None
        self._announced_at = self._moved_at = time.monotonic()
        self._longest_s = 0.0
        self._called_at: float | None = None
        self._under_way: deque[dist.Work] = deque()

    @classmethod
    def lead(cls, listener: socket.socket, count: int, device: str) -> Self:
        """Return rank 0; the others find it at the listener's address."""
        host, port = listener.getsockname()[:2]
        connection = store(host, port, listener.detach())
        return cls(0, count, device, connection, Signs((host, port), 0, count))

    @classmethod
    def join(cls, lead: tuple[str, int], rank: int, count: int, device: str) -> Self:
        """Return a further rank; ``lead``: where rank 0 listens. Raises ReplicaLost when nobody does."""
        require_reachable(lead)
        try:
            ranks = cls(rank, count, device, store(*lead), Signs(lead, rank, count))
        except RuntimeError as error:
            raise ReplicaLost(f"the first replica does not answer ({in_one_line(error)})") from None
        ranks._signs.beat()
        return ranks

    def meet(self, host: str, wait: Callable[[str], object] = str) -> None:
        """Connect all ranks. ``host``: this machine's address on their network; ``wait`` as in ``await_ready``."""
        # Both read it where they begin to listen.
        os.environ["GLOO_SOCKET_IFNAME"] = os.environ["NCCL_SOCKET_IFNAME"] = _interface(host)
        if self._device.type == "cuda":
            torch.cuda.set_device(self._device)
        # Said last: from here on rank 0 waits in torch's own code.
        if self.rank:
            with _exchange():
                self._signs.say(HERE)
            self._connect()
            return
        self._await(HERE, wait, ARRIVE_S)
        began = time.monotonic()
        for _ in _apart(self._connect):
            self.check()
            wait("connects its replicas")
            if time.monotonic() - began > MEET_S:
                raise ReplicaLost(
                    f"the replicas did not connect within {MEET_S:g} s; all ports between their machines must be open"
                )

    def _connect(self) -> None:
        backend = "cpu:gloo,cuda:nccl" if self._device.type == "cuda" else "gloo"
        with _exchange():
            dist.init_process_group(
                backend, store=self._store, rank=self.rank, world_size=self.count, timeout=_NO_LIMIT
            )

    def await_ready(self, wait: Callable[[str], object]) -> None:
        """Wait until every other rank hears orders; ``wait`` is called meanwhile with a line for people.

        A rank that loads its data shows that it lives; there is no other limit.
        """
        self._await(READY, wait)

    def _await(self, word: str, wait: Callable[[str], object], limit_s: float = float("inf")) -> None:
        deadline = time.monotonic() + limit_s
        for rank in range(1, self.count):
            while not self._signs.has_said(word, rank):
                self.check()
                wait(f"waits for {replica_name(rank, self.count)}")
                if time.monotonic() > deadline:
                    raise ReplicaLost(f"{replica_name(rank, self.count)} did not come within {limit_s:g} s")
                time.sleep(_LOOK_S)

    def check(self) -> None:
        """Raise what ``trouble`` returns."""
        if (trouble := self.trouble()) is not None:
            raise trouble

    def trouble(self) -> SkipscopeError | None:
        """Return why rank 0 cannot go on, None while all is well; also for another thread."""
        if (trouble := self._signs.trouble()) is not None:
            return trouble
        stalled_s = self.stalled_s()
        return self._silent(stalled_s) if stalled_s > self._limit_s() else None

    def is_overdue(self) -> bool:
        """Return whether an exchange of the GPU takes far longer than the updates before."""
        return self.stalled_s() > self._overdue_s()

    def stalled_s(self) -> float:
        """Return for how long no exchange of the GPU has ended, 0 while none is under way."""
        now = time.monotonic()
        if (called_at := self._called_at) is not None:
            return now - called_at
        has_moved = False
        while self._under_way and self._under_way[0].is_completed():
            self._under_way.popleft()
            has_moved = True
        if has_moved:
            self._longest_s = max(self._longest_s, now - self._moved_at)
        if has_moved or not self._under_way:
            self._moved_at = now
        return now - self._moved_at

    def tell_failure(self, cause: str) -> None:
        """Tell rank 0 why this rank ends. Raises RuntimeError when rank 0 is gone."""
        self._signs.say(FAILED, cause)

    def tell_ready(self) -> None:
        """Tell rank 0 that this rank hears orders from now on."""
        with _exchange():
            self._signs.say(READY)

    def announce(self, order: Order) -> None:
        """Tell all other ranks the next update; they are waiting for it, or about to."""
        words = torch.tensor([order.step, order.lr, order.weight_decay, order.strength], dtype=torch.float64)
        self._announced_at = time.monotonic()
        self._finish(lambda: dist.broadcast(words, 0, async_op=True))

    def hear(self) -> Order:
        """Return what rank 0 announces next."""
        words = torch.empty(4, dtype=torch.float64)
        self._finish(lambda: dist.broadcast(words, 0, async_op=True))
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
        if vector.is_cuda:
            self._enqueue(lambda: dist.all_reduce(vector, async_op=True))
        else:
            self._finish(lambda: dist.all_reduce(vector, async_op=True))
            self._longest_s = max(self._longest_s, time.monotonic() - self._announced_at)
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
        # A net's state may travel for long; one that takes nothing falls silent.
        for part in (torch.tensor([len(data)]), data):
            self._finish(partial(dist.broadcast, part, 0, async_op=True), limit_s=float("inf"))

    def receive(self) -> dict[str, Any]:
        """Return what rank 0 sends."""
        size = torch.empty(1, dtype=torch.int64)
        self._finish(lambda: dist.broadcast(size, 0, async_op=True))
        data = torch.empty(int(size), dtype=torch.uint8)
        self._finish(lambda: dist.broadcast(data, 0, async_op=True))
        document: dict[str, Any] = torch.load(io.BytesIO(data.numpy().tobytes()), weights_only=True)
        return document

    def _finish(self, begin: Callable[[], dist.Work | None], limit_s: float | None = None) -> None:
        """Do one exchange of the CPU to its end. Rank 0 looks around meanwhile; the others wait for its decision."""
        with _exchange():
            work = _begun(begin)
            if self.rank:
                work.wait()
                return
        began = time.monotonic()
        limit_s = limit_s or self._limit_s(began - self._announced_at)
        while not _is_done(work):
            waited_s = time.monotonic() - began
            self.meanwhile(waited_s > self._overdue_s())
            if waited_s > limit_s:
                raise self._silent(waited_s)

    def _enqueue(self, begin: Callable[[], dist.Work | None]) -> None:
        """Give the GPU one exchange. Only its stream waits; ``trouble`` tells when nothing comes."""
        self._called_at = time.monotonic()  # the first call connects the GPUs, and waits for all
        try:
            with _exchange():
                work = _begun(begin)
                work.wait()
        finally:
            self._called_at = None
        if self.rank == 0:
            self._under_way.append(work)

    def _limit_s(self, own_s: float = 0.0) -> float:
        return max(ANSWER_S, ANSWER_UPDATES * max(self._longest_s, own_s))

    def _overdue_s(self) -> float:
        return max(OVERDUE_S, OVERDUE_UPDATES * self._longest_s)

    def _silent(self, waited_s: float) -> ReplicaLost:
        return ReplicaLost(f"another replica did not answer for {waited_s:.0f} s")


def _begun(begin: Callable[[], dist.Work | None]) -> dist.Work:
    work = begin()
    assert work is not None, "every rank is of the group"
    return work


def _is_done(work: dist.Work) -> bool:
    """Wait a moment for an exchange; return whether it ended. Raises ReplicaLost."""
    with _exchange():
        try:
            work.wait(timedelta(seconds=_SLICE_S))
        except RuntimeError:
            if not work.is_completed():
                return False
            work.wait()  # at once: it ended just now, or raises why
        return True


@contextlib.contextmanager
def _exchange() -> Iterator[None]:
    """Turn what torch raises about a connection into ReplicaLost; this rank's own faults stay what they are."""
    try:
        yield
    except RuntimeError as error:
        if not _is_of_connection(error):
            raise
        _log.warning("%s", in_one_line(error))
        raise ReplicaLost("another replica does not answer") from None


def _is_of_connection(error: RuntimeError) -> bool:
    words = str(error).lower()
    if isinstance(error, torch.OutOfMemoryError) or words.startswith("cuda error"):
        return False
    if isinstance(error, dist.DistNetworkError | dist.DistStoreError):
        return True
    return any(each in words for each in _CONNECTION_WORDS)


def _apart(call: Callable[[], None]) -> Iterator[None]:
    """Do a call that cannot be interrupted in a thread of its own; yield again and again until it is done.

    Whoever stops to iterate leaves the thread behind: it ends with the process.
    """
    errors: list[BaseException] = []

    def do() -> None:
        try:
            call()
        except BaseException as error:
            errors.append(error)

    thread = GuardedThread("meeting", do, _log.error)
    thread.start()
    while thread.is_alive():
        yield
        thread.join(_LOOK_S)
    if errors:
        raise errors[0]


def _interface(host: str) -> str:
    """Return the name of the network interface with this address. Raises DeviceError."""
    for name, addresses in psutil.net_if_addrs().items():
        if any(address.address == host for address in addresses):
            return str(name)
    raise DeviceError(f"no network interface of this machine has the address {host}")
