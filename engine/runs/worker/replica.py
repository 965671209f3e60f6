"""A further rank of a run with replicas: a process that trains along with the run's worker, and ends with it.

The worker is rank 0. It alone reads and writes the record; this process reads the data set and appends to the log.
Torch-free until the job begins.
"""

import logging
import os
import signal
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from multiprocessing import parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from engine.config import RunConfig
from engine.config import replace as changed
from engine.errors import ReplicaLost, SkipscopeError, in_one_line
from engine.guarded_thread import GuardedThread
from engine.runs.protocol.job import Job
from engine.runs.worker.local_store import open_log
from engine.runs.worker.out_of_memory import advice, is_out_of_memory
from engine.store.workspace import Workspace

if TYPE_CHECKING:
    from engine.hardware.ranks import Ranks

#: The page must stay responsive on the same cores: beside it, four threads of training count for less than half of one.
NICENESS = 10

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


def follow(job: Job, place: Place, *inherited: Inherited) -> None:
    """Train along in a process of its own, which ends with its parent."""
    for each in inherited:
        each.close()
    # The worker decides: it writes a checkpoint first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    GuardedThread("parent", _end_with_parent, _log.error).start()
    with suppress(OSError):
        os.nice(NICENESS)
    with ExitStack() as stack:
        open_log(Workspace(job.workspace), job.run, stack)
        train_along(job, place, job.workspace)


def train_along(job: Job, place: Place, data: Path) -> None:
    """Do what rank 0 announces, until it ends.

    Args:
        data: The folder with the decoded data sets.
    """
    from engine.hardware.ranks import Ranks

    _log.info("run %d, replica %d of %d, process %d", job.run, place.rank + 1, job.replicas, os.getpid())
    try:
        ranks = Ranks.join(place.lead, place.rank, job.replicas, job.device_of(place.rank))
    except ReplicaLost as error:
        _log.error("%s", error)
        return
    try:
        ranks.meet(place.host)
        _follow(job, place, ranks, data)
    except ReplicaLost:
        _log.info("replica %d ends with the run's worker", place.rank + 1)
    except Exception as error:
        _log.exception("replica %d ended", place.rank + 1)
        with suppress(RuntimeError):  # rank 0 is gone
            ranks.tell_failure(_cause(error, job))


def _follow(job: Job, place: Place, ranks: "Ranks", data: Path) -> None:
    from engine.data.images import load_images
    from engine.hardware.device import choose
    from engine.training.follower import Follower
    from engine.training.state import config_of

    state = ranks.receive()
    config: RunConfig = config_of(state)
    own = {"device": job.device_of(place.rank), "precision": state["precision"], "threads": config.rank_threads}
    device = replace(choose(changed(config, own)), ranks=ranks)
    Follower(state, lambda run: load_images(run.data, data), device).follow()


def _cause(error: Exception, job: Job) -> str:
    if is_out_of_memory(error):
        return advice(job, None)
    return str(error) if isinstance(error, SkipscopeError) else in_one_line(error)


def _end_with_parent() -> None:
    if (parent := parent_process()) is not None:
        wait([parent.sentinel])
        os._exit(1)
