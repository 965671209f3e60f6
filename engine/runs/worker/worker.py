"""One job, a training or a lab, in one process. The jobs import torch, so the engine can import this module.

Between two events the worker checks for signals (``engine.runs.worker.engine_link``). A pause writes a checkpoint and
ends the worker.
"""

import faulthandler
import logging
import os
import sys
import time
from contextlib import ExitStack
from multiprocessing.connection import Connection

from engine.errors import DatabaseBusy, DataError, DeviceError, SkipscopeError, in_one_line
from engine.runs.protocol.job import Job
from engine.runs.worker.engine_link import EngineLink, last_word
from engine.runs.worker.lab_job import LabJob
from engine.runs.worker.local_store import LocalStore
from engine.runs.worker.out_of_memory import advice, is_out_of_memory
from engine.runs.worker.retrying_writer import BUSY_S, HURRY, PASSING, RetryingWriter
from engine.runs.worker.status_reporter import Interrupted, StatusReporter
from engine.runs.worker.training_job import TrainingJob
from engine.runs.worker.worker_store import WorkerStore
from engine.store.space.writability import disk_errors
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: The page must stay responsive on the same cores: beside it, four threads of training count for less than half of one.
NICENESS = 10
#: How long a worker waits for a locked database before its first write.
OPENING_LIMIT_S = 60.0

_log = logging.getLogger("engine.run")


def work(job: Job, signals: Connection, store: WorkerStore | None = None) -> None:
    """Run ``job`` from its newest checkpoint or its start; return when the process may end.

    ``store``: where to read and write, None for the workspace on this machine.
    """
    try:
        _work(job, signals, store or LocalStore(Workspace(job.workspace), job.run))
    except BaseException as error:
        last_word(signals, error)
        raise


def _work(job: Job, signals: Connection, store: WorkerStore) -> None:
    link = EngineLink(store, job.run, signals)
    if not link.engine_lives():
        return  # a later engine may have given the run to another worker
    link.start()  # before the database, whose lock may hold this worker up: it lives, and a signal may end the wait
    with ExitStack() as stack:
        opened = stack.enter_context(_opened(store, link))
        writer = RetryingWriter(opened, link)
        reporter = StatusReporter(job.run, writer, link)
        kind = LabJob if job.lab else TrainingJob
        reader = None
        try:
            writer.repeat(lambda: store.sign_on(opened))
            writer.repeat(lambda: _open_log(store.workspace, job.run, stack))
            link.notice.prepare()
            reader = stack.enter_context(store.reader())
            if hasattr(os, "nice"):
                os.nice(NICENESS)
            if "torch" not in sys.modules:
                _log.warning("torch was not preloaded; loading it now")
            kind(job, store, reporter, reader).run()
        except Interrupted:
            reporter.leave()
        except PASSING as error:
            writer.last_words()
            reporter.leave(reason=str(error))
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


def _open_log(workspace: Workspace, run: int, stack: ExitStack) -> None:
    """Write this process's log, native crashes included, to the run's file."""
    with disk_errors(workspace.path):
        workspace.run(run).mkdir(exist_ok=True)
        handler = logging.FileHandler(workspace.log(run), encoding="utf-8")
    logging.raiseExceptions = False  # a full disk takes no line, and no traceback about it either
    stack.callback(handler.close)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    if handler.stream is not None:  # only with ``delay``
        faulthandler.enable(handler.stream)
