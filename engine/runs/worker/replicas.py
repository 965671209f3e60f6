"""The further ranks of a run with replicas as its worker, rank 0, sees them: a seam. Torch-free until they meet.

Those of this machine are forked by the worker before it has a thread; they end with it. A launcher may bring others.
"""

import contextlib
import logging
import multiprocessing
import os
import socket
import time
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, Protocol

from engine.errors import ReplicaFailed, ReplicaLost, SkipscopeError
from engine.hardware.machine import process_end
from engine.runs.protocol.job import Job
from engine.runs.worker.engine_link import last_word
from engine.runs.worker.replica import LOOPBACK, Place, follow

if TYPE_CHECKING:
    from multiprocessing.process import BaseProcess

#: One that ended in good order ended after another: so long the other's end is waited for.
_OTHERS_S = 2.0
#: Exit code of a worker that ends in the middle of its work.
_LEFT_EXIT = 1

_log = logging.getLogger("engine.run")


class Replicas(Protocol):
    """The other ranks of one run."""

    host: str
    listener: socket.socket

    def trouble(self) -> SkipscopeError | None:
        """Return how one of them ended, without a wait; None while all live, or where nobody here knows."""

    def processes(self) -> list[int]:
        """Return those of this machine."""

    def leave(self, word: str) -> None:
        """End this process at once, from whatever thread; ``word``: what the engine hears, '' with an end on record."""

    def close(self) -> None:
        """End all that live."""


class LocalReplicas:
    """Processes of this machine. Make them before this process has a thread, and ``close`` them."""

    def __init__(self, job: Job, signals: Connection):
        self.host, self.listener = LOOPBACK, listening(LOOPBACK)
        self._job, self._signals = job, signals
        forks = "fork" in multiprocessing.get_all_start_methods()
        context: Any = multiprocessing.get_context("fork" if forks else "spawn")
        inherited = (signals, self.listener) if forks else ()
        self._processes: list[BaseProcess] = []
        self._told: list[Connection] = []
        self._ended_at: float | None = None
        try:
            for rank in range(1, job.replicas):
                place = Place(rank, self.listener.getsockname(), LOOPBACK)
                told, tells = context.Pipe(duplex=False)
                self._told.append(told)
                process = context.Process(
                    target=follow, args=(job, place, tells, *inherited), name=f"replica-{rank + 1}"
                )
                process.start()
                tells.close()
                self._processes.append(process)
        except BaseException:
            self.close()
            raise

    def trouble(self) -> SkipscopeError | None:
        """Return how one of them ended."""
        codes = {rank: code for rank, each in enumerate(self._processes, 1) if (code := each.exitcode) is not None}
        if not codes:
            return None
        # Each cause is told before the end.
        for rank, told in enumerate(self._told, 1):
            with contextlib.suppress(OSError, EOFError):
                if told.poll():
                    return ReplicaFailed(f"{self._name(rank)}: {told.recv_bytes().decode(errors='replace')}")
        self._ended_at = self._ended_at or time.monotonic()
        # Of several the one that did not end in good order: without it the others end by themselves.
        rank, code = min(codes.items(), key=lambda item: item[1] == 0)
        if code == 0 and time.monotonic() - self._ended_at < _OTHERS_S:
            return None
        return ReplicaLost(f"{self._name(rank)} {process_end(code)}")

    def processes(self) -> list[int]:
        """Return their ids."""
        return [process.pid for process in self._processes if process.pid is not None]

    def leave(self, word: str) -> None:
        """End this process and them."""
        _log.error("this worker ends, and its replicas with it")
        if word:
            last_word(self._signals, ReplicaLost(word))
        for process in self._processes:
            process.kill()
        logging.shutdown()
        os._exit(_LEFT_EXIT)

    def close(self) -> None:
        """End all that live."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.join()

    def _name(self, rank: int) -> str:
        return f"replica {rank + 1} of {self._job.replicas}"


def listening(host: str) -> socket.socket:
    """Return a socket that listens at this address alone, on a port that was free."""
    return socket.create_server((host, 0))
