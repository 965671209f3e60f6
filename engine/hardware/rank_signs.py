"""What the ranks of a run say beside their exchanges: that they are there, that they live, why they end.

Each rank has a connection of its own for this, so that a sign arrives whatever its training waits for. Rank 0 alone
listens: it decides when the run ends.
"""

import contextlib
import logging
import socket
import threading
import time
from datetime import timedelta
from typing import Any

import torch.distributed as dist

from engine.errors import DeviceError, ReplicaFailed, ReplicaLost, SkipscopeError, in_one_line
from engine.guarded_thread import GuardedThread

#: The store answers within this time, or its machine is gone.
_STORE_S = 60.0
#: Rank 0 listens before the others are told where: a connection comes at once, or something forbids it.
_CONNECT_S = 10.0
#: Each rank but the first shows at this interval that it lives; one that is silent for so long is given up.
BEAT_S, SILENT_S = 1.0, 60.0
#: One silence between two looks counts for this much at most: this process may have slept itself.
_MAX_GAP_S = 2.0
#: What a rank says, with its number: it can be connected, it hears orders, it ended with a cause, it lives.
HERE, READY, FAILED, _ALIVE = "here", "ready", "failed", "alive"

_log = logging.getLogger(__name__)


class Signs:
    """One rank's connection to what all of them say. Made by ``lead`` and ``join`` of ``engine.hardware.ranks``."""

    def __init__(self, address: tuple[str, int], rank: int, count: int):
        self._rank, self._count = rank, count
        self._store = store(*address)
        self._beats: dict[int, bytes] = {}
        self._silent_s: dict[int, float] = {}
        self._looked_at = time.monotonic()
        self._lock = threading.Lock()

    def beat(self) -> None:
        """Show from now on that this rank lives; ends with rank 0."""
        # Here already: who falls silent before that thread's first sign would never be missed.
        with contextlib.suppress(RuntimeError):  # rank 0 is gone
            self.say(_ALIVE, "0")
        GuardedThread("signs of life", self._beat, _log.error).start()

    def say(self, word: str, text: str = "1") -> None:
        """Say something. Raises RuntimeError when rank 0 is gone."""
        self._store.set(f"{word}-{self._rank}", text)

    def has_said(self, word: str, rank: int) -> bool:
        """Return whether a rank said this."""
        return bool(self._store.check([f"{word}-{rank}"]))

    def trouble(self) -> SkipscopeError | None:
        """Return why the run cannot go on: the cause that a rank told, or its silence; None while all is well."""
        for rank in range(1, self._count):
            if self.has_said(FAILED, rank):
                said = self._store.get(f"{FAILED}-{rank}").decode(errors="replace")
                return ReplicaFailed(f"{replica_name(rank, self._count)}: {said}")
        return self._silence()

    def _silence(self) -> ReplicaLost | None:
        with self._lock:
            now = time.monotonic()
            passed, self._looked_at = min(now - self._looked_at, _MAX_GAP_S), now
            for rank in range(1, self._count):
                if not self.has_said(_ALIVE, rank):
                    continue
                beat = self._store.get(f"{_ALIVE}-{rank}")
                is_new = beat != self._beats.get(rank)
                self._beats[rank] = beat
                self._silent_s[rank] = silent_s = 0.0 if is_new else self._silent_s.get(rank, 0.0) + passed
                if silent_s > SILENT_S:
                    return ReplicaLost(f"{replica_name(rank, self._count)} gave no sign of life for {SILENT_S:g} s")
        return None

    def _beat(self) -> None:
        beats = 0
        with contextlib.suppress(RuntimeError):  # rank 0 is gone
            while True:
                beats += 1
                self.say(_ALIVE, str(beats))
                time.sleep(BEAT_S)


def replica_name(rank: int, count: int) -> str:
    """Return a rank as people count them: ``replica 2 of 2``."""
    return f"replica {rank + 1} of {count}"


def store(host: str, port: int, listener: int | None = None) -> Any:
    """Return a connection to the store of a run's ranks; ``listener``: the socket of rank 0, which then holds it."""
    if not dist.is_available():
        raise DeviceError("this build of torch has no torch.distributed, which replicas need; set replicas=1")
    return dist.TCPStore(  # type: ignore[attr-defined]
        host, port, is_master=listener is not None, wait_for_workers=False, timeout=timedelta(seconds=_STORE_S),
        master_listen_fd=listener,
    )  # fmt: skip


def require_reachable(address: tuple[str, int]) -> None:
    """Raise ReplicaLost when nothing listens there, or a firewall is between; torch would try for minutes."""
    try:
        socket.create_connection(address, _CONNECT_S).close()
    except OSError as error:
        place = ":".join(map(str, address))
        raise ReplicaLost(
            f"cannot connect to the first replica at {place} ({in_one_line(error)}); "
            "all ports between the replicas' machines must be open"
        ) from None
