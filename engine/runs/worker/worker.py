"""One job, a training or a lab, in one process. The jobs import torch, so the engine can import this module.

Between two events the worker checks for signals (``engine.runs.worker.engine_link``). A pause writes a checkpoint and
ends the worker.
"""

import logging
import os
import sys
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection

from engine.errors import DatabaseBusy, DataError, DeviceError, ReplicaLost, SkipscopeError, in_one_line
from engine.runs.protocol.job import Job
from engine.runs.worker.engine_link import EngineLink, last_word
from engine.runs.worker.lab_job import LabJob
from engine.runs.worker.local_store import LocalStore, open_log
from engine.runs.worker.out_of_memory import advice, is_out_of_memory
from engine.runs.worker.replica import NICENESS
from engine.runs.worker.replica_watch import ReplicaWatch
from engine.runs.worker.replicas import LocalReplicas, Replicas
from engine.runs.worker.retrying_writer import BUSY_S, HURRY, PASSING, RetryingWriter
from engine.runs.worker.status_reporter import Interrupted, StatusReporter
from engine.runs.worker.training_job import TrainingJob
from engine.runs.worker.worker_store import WorkerStore
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: How long a worker waits for a locked database before its first write.
OPENING_LIMIT_S = 60.0

_log = logging.getLogger("engine.run")


def work(job: Job, signals: Connection, store: WorkerStore | None = None, replicas: Replicas | None = None) -> None:
    """Run ``job`` from its newest checkpoint or its start; return when the process may end.

    ``store``: where to read and write, None for the workspace on this machine. ``replicas``: the other ranks of a run
    that has some, None for processes of this machine.
    """
    try:
        if job.replicas > 1 and replicas is None:
            replicas = LocalReplicas(job, signals)
        try:
            _work(job, signals, store or LocalStore(Workspace(job.workspace), job.run), replicas)
        finally:
            if replicas is not None:
                replicas.close()
    except BaseException as error:
        last_word(signals, error)
        raise


def _work(job: Job, signals: Connection, store: WorkerStore, replicas: Replicas | None) -> None:
    link = EngineLink(store, job.run, signals)
    if not link.engine_lives():
        return  # a later engine may have given the run to another worker
    link.start()  # before the database, whose lock may hold this worker up: it lives, and a signal may end the wait
    watch = None if replicas is None else ReplicaWatch(job.run, replicas, store, link).start()
    with ExitStack() as stack:
        if watch is not None:
            stack.callback(watch.close)
        opened = stack.enter_context(_opened(store, link))
        writer = RetryingWriter(opened, link)
        reporter = StatusReporter(job.run, writer, link)
        reader = None
        try:
            writer.repeat(lambda: store.sign_on(opened))
            writer.repeat(lambda: open_log(store.workspace, job.run, stack))
            link.notice.prepare()
            reader = stack.enter_context(store.reader())
            if hasattr(os, "nice"):
                os.nice(NICENESS)
            if "torch" not in sys.modules:
                _log.warning("torch was not preloaded; loading it now")
            if job.lab:
                LabJob(job, store, reporter, reader).run()
            else:
                TrainingJob(job, store, reporter, reader, watch).run()
        except Interrupted as interrupted:
            reporter.leave(reason=str(interrupted))
        except PASSING as error:
            writer.last_words()
            reporter.leave(reason=str(error))
        except ReplicaLost:
            raise  # nothing on the record: the engine finds the run without a worker, and calls it lost
        except (DataError, DeviceError) as error:
            reporter.fail(_at(store.place, str(error)))
        except SkipscopeError as error:
            reporter.fail(str(error))
        except Exception as error:
            if is_out_of_memory(error):
                batch = None if job.lab or reader is None else reader.runs.known(job.run).config.optim.batch_size
                reporter.fail(_at(store.place, advice(job, batch)))
                return
            reporter.fail(in_one_line(error))


def _at(place: str, cause: str) -> str:
    """Name the machine that lacks something, where there are several."""
    return f"{place}: {cause}" if place else cause


def _opened(store: WorkerStore, link: EngineLink) -> Writer:
    """Open the database; a locked one is no reason to end, unless a signal leaves no time."""
    deadline = time.monotonic() + OPENING_LIMIT_S
    while True:
        try:
            return store.writer(BUSY_S)
        except DatabaseBusy as error:
            if time.monotonic() > deadline or link.signal in HURRY:
                raise
            _log.warning("%s", error)
