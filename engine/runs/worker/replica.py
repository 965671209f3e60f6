"""A further rank of a run with replicas: a process that trains along with the run's worker, and ends with it.

The worker is rank 0. It alone reads and writes the record; this process reads the data set and appends to the log.
Torch-free until the job begins.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.config import RunConfig
from engine.config import replace as changed
from engine.errors import DeviceError, ReplicaLost, SkipscopeError, in_one_line
from engine.guarded_thread import GuardedThread
from engine.hardware.machine import kill_with_parent
from engine.runs.protocol.job import Job
from engine.runs.worker.local_store import open_log
from engine.runs.worker.out_of_memory import advice, is_out_of_memory
from engine.store.workspace import Workspace

if TYPE_CHECKING:
    from engine.hardware.ranks import Ranks

#: The page must stay responsive on the same cores: beside it, four threads of training count for less than half of one.
NICENESS = 10
LOOPBACK = "127.0.0.1"
#: Exit code of a replica that told why it ends.
_TOLD_EXIT = 1

_log = logging.getLogger("engine.run")


class Inherited(Protocol):
    """What a forked process has of its parent and must not keep."""

    def close(self) -> None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rank meets the others: rank 0's port, and this machine's address on their network."""

    rank: int
    lead: tuple[str, int]
    host: str


def follow(job: Job, place: Place, tells: Connection, *inherited: Inherited) -> None:
    """Train along in a process of its own, which ends with its parent; ``tells``: where the parent hears a cause."""
    kill_with_parent()
    for each in inherited:
        each.close()
    # The worker decides: it writes a checkpoint first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    GuardedThread("parent", _end_with_parent, _log.error).start()
    with suppress(OSError):
        os.nice(NICENESS)
    causes: list[str] = []

    def tell(cause: str) -> None:
        causes.append(cause)
        with suppress(OSError):
            tells.send_bytes(cause.encode())

    try:
        with ExitStack() as stack:
            open_log(Workspace(job.workspace), job.run, stack)
            train_along(job, place, job.workspace, tell)
    except Exception as error:
        end_with(error, job, place, tell)
    if causes:
        sys.exit(_TOLD_EXIT)


def train_along(job: Job, place: Place, data: Path, tell: Callable[[str], None]) -> None:
    """Do what rank 0 announces, until it ends.

    Args:
        data: The folder with the decoded data sets.
        tell: Takes the cause that ends this rank, on a way that does not need rank 0; not called at rank 0's own end.
    """
    _log.info("run %d, replica %d of %d, process %d", job.run, place.rank + 1, job.replicas, os.getpid())
    ranks: Ranks | None = None
    try:
        ranks = _joined(job, place)
        ranks.meet(place.host)
        _follow(job, place, ranks, data)
    except ReplicaLost as error:
        if ranks is None:
            _log.error("%s", error)
            tell(_at(place, str(error)))
        else:
            _log.info("replica %d ends with the run's worker (%s)", place.rank + 1, error)
    except Exception as error:
        end_with(error, job, place, tell, ranks)


def end_with(
    error: Exception, job: Job, place: Place, tell: Callable[[str], None], ranks: "Ranks | None" = None
) -> None:
    """Tell the cause of a rank's end in words, also rank 0 where it can be reached; ``ranks`` None before it joined."""
    _log.error("replica %d ended", place.rank + 1, exc_info=error)
    if is_out_of_memory(error):
        cause = advice(job, None, place.rank)
    else:
        cause = str(error) if isinstance(error, SkipscopeError) else in_one_line(error)
    cause = _at(place, cause)
    tell(cause)  # first: rank 0 that cannot be reached is waited for
    with suppress(Exception):
        (ranks or _joined(job, place)).tell_failure(cause)


def _joined(job: Job, place: Place) -> "Ranks":
    from engine.hardware.ranks import Ranks

    return Ranks.join(place.lead, place.rank, job.replicas, job.device_of(place.rank))


def _follow(job: Job, place: Place, ranks: "Ranks", data: Path) -> None:
    from engine.data.images import load_images
    from engine.hardware.device import choose
    from engine.training.follower import Follower
    from engine.training.state import config_of

    state = ranks.receive()
    config: RunConfig = config_of(state)
    own = {"device": job.device_of(place.rank), "precision": state["precision"], "threads": config.rank_threads}
    try:
        device = replace(choose(changed(config, own)), ranks=ranks)
        Follower(state, lambda run: load_images(run.data, data), device).follow()
    except Exception as error:
        if is_out_of_memory(error):
            raise DeviceError(advice(job, config.optim.batch_size, place.rank)) from error
        raise


def _at(place: Place, cause: str) -> str:
    """Name the machine, where there are several."""
    return cause if place.host == LOOPBACK else f"node {place.host}: {cause}"


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        wait([parent.sentinel])
        os._exit(1)
