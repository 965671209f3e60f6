"""The further ranks of a run with replicas as its worker, rank 0, sees them: a seam. Torch-free until they meet.

Those of this machine are forked by the worker before it has a thread; they end with it. A launcher may bring others.
"""

import logging
import multiprocessing
import os
import socket
import time
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import ReplicaLost, SkipscopeError
from engine.guarded_thread import GuardedThread
from engine.hardware.machine import process_end
from engine.runs.protocol.job import Job
from engine.runs.worker.engine_link import last_word
from engine.runs.worker.replica import Place, follow

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

    from engine.hardware.ranks import Ranks

LOOPBACK = "127.0.0.1"
#: Time for the system to say how a process ended whose connections are closed.
_SAID_S = 2.0
#: A training that exchanges numbers notices the end of a rank by itself within this time.
_NOTICED_S = 3.0

_log = logging.getLogger("engine.run")


class Replicas(Protocol):
    """The other ranks of one run."""

    host: str
    listener: socket.socket

    def watch(self) -> None:
        """Look after them from now on, if nobody else does: without one of them this process ends, too."""

    def ended(self) -> str:
        """Return how one of them ended, after a moment's wait; '' while all live, or where nobody knows."""

    def close(self) -> None:
        """End all that live."""


class LocalReplicas:
    """Processes of this machine. Make them before this process has a thread, and ``close`` them."""

    def __init__(self, job: Job, signals: Connection):
        self.host, self.listener = LOOPBACK, listening(LOOPBACK)
        self._job, self._signals, self._is_closed = job, signals, False
        forks = "fork" in multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("fork" if forks else "spawn")
        inherited = (signals, self.listener) if forks else ()
        self._processes: list[BaseProcess] = []
        try:
            for rank in range(1, job.replicas):
                place = Place(rank, self.listener.getsockname(), LOOPBACK)
                process = context.Process(target=follow, args=(job, place, *inherited), name=f"replica-{rank + 1}")
                process.start()
                self._processes.append(process)
        except BaseException:
            self.close()
            raise

    def watch(self) -> None:
        """End this process where it does not notice the end of another by itself: in a long evaluation, say."""
        GuardedThread("replicas", self._watch, _log.error).start()

    def ended(self) -> str:
        """Return how one of them ended."""
        wait([process.sentinel for process in self._processes], _SAID_S)
        codes = {rank: code for rank, each in enumerate(self._processes, 1) if (code := each.exitcode) is not None}
        # Of several the one that did not end in good order: without it the others end by themselves.
        for rank, code in sorted(codes.items(), key=lambda item: item[1] == 0):
            return f"replica {rank + 1} of {self._job.replicas} {process_end(code)}"
        return ""

    def close(self) -> None:
        """End all that live."""
        self._is_closed = True
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()

    def _watch(self) -> None:
        wait([process.sentinel for process in self._processes])
        time.sleep(_NOTICED_S)
        if self._is_closed:
            return
        how = self.ended()
        _log.error("%s; the run is lost", how)
        last_word(self._signals, ReplicaLost(how))
        logging.shutdown()
        os._exit(1)


def listening(host: str) -> socket.socket:
    """Return a socket that listens at this address alone, on a port that was free."""
    return socket.create_server((host, 0))


def meet(replicas: Replicas, count: int, device: str, wait: Callable[[str], object]) -> "Ranks":
    """Return this process's place as rank 0, connected with all others; ``wait`` is called meanwhile with a line."""
    from engine.hardware.ranks import Ranks

    ranks = Ranks.lead(replicas.listener, count, device)
    ranks.meet(replicas.host, wait)
    return ranks


def explained(error: ReplicaLost, replicas: Replicas, ranks: "Ranks | None") -> SkipscopeError:
    """Return the cause behind a lost rank: its own words for what it could not do, or how it ended."""
    try:
        if ranks is not None:
            ranks.check()
    except SkipscopeError as cause:
        return cause
    return ReplicaLost(replicas.ended() or str(error))
