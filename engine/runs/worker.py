"""One run in one process: pulls the trainer's events and writes them to the store. The place where both meet.

torch and the training are imported inside ``work``, so that the engine can import this module. Pausing is not asking
for the next event: between two events the worker looks for orders (``engine.runs.lifeline``), writes a checkpoint and
ends. Everything it does is in the run's own log file.
"""

import faulthandler
import logging
import os
import sys
import time
from collections import deque
from contextlib import ExitStack, closing
from multiprocessing.connection import Connection

from engine.config import RunConfig, replace
from engine.errors import CheckpointError, SkipscopeError
from engine.events import (
    ALIVE,
    ENGINE_GONE,
    Diverged,
    Evaluated,
    Event,
    Finished,
    Measured,
    Remarked,
    RunState,
    Started,
    Stepped,
    StepRow,
)  # fmt: skip
from engine.runs.launchers.registry import Job
from engine.runs.lifeline import Lifeline, Order
from engine.runs.patience import BUSY_S, PASSING, PatientWriter
from engine.runs.shelf import NO_CHECKPOINT, Shelf
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: Workers are polite: the page that shows them has to stay quick on the same cores.
NICENESS = 5
#: images/s is a mean over this many seconds of training.
RATE_WINDOW_S = 5.0
_REPORT_EVERY_S = 0.25

_log = logging.getLogger("engine.run")


class _Interrupted(Exception):
    """An order came before the training began."""


def work(job: Job, orders: Connection) -> None:
    """Train run ``job.run`` from its newest checkpoint or from its start; returns when its process may end."""
    workspace = Workspace(job.workspace)
    lifeline = Lifeline(workspace, job.run, orders)
    if not lifeline.engine_lives():
        return  # a later engine may have given the run to another worker
    with ExitStack() as stack:
        writer = PatientWriter(stack.enter_context(Writer(workspace, BUSY_S)), lifeline)
        writer.update(job.run, pid=os.getpid(), heartbeat=time.time())
        lifeline.start()
        _open_log(workspace, job.run, stack)
        reader = stack.enter_context(Reader(workspace))
        worker = Worker(job, workspace, writer, reader, lifeline)
        try:
            worker.run()
        except _Interrupted:
            worker.leave()
        except PASSING as error:
            writer.last_words()
            worker.leave(reason=str(error))
        except SkipscopeError as error:
            worker.fail(str(error))
        except Exception as error:
            text = " ".join(str(error).split())[:300]
            worker.fail(f"{type(error).__name__}: {text}" if text else type(error).__name__)


class Worker:
    """The life of one run in this process."""

    def __init__(self, job: Job, workspace: Workspace, writer: PatientWriter, reader: Reader, lifeline: Lifeline):
        self._job, self._run = job, job.run
        self._workspace, self._writer, self._reader, self._lifeline = workspace, writer, reader, lifeline
        self._row = reader.run(job.run)
        self._rate = Rate(self._row.config.optim.batch_size)
        self._reported, self._reported_at = "", 0.0

    def run(self) -> None:
        """Prepare, train, and record how it ended."""
        _be_polite()
        if "torch" not in sys.modules:
            _log.warning("torch was not preloaded; loading it now")
        from engine.data.images import load_images
        from engine.device import choose
        from engine.training import checkpoint
        from engine.training.trainer import Trainer

        config = replace(self._row.config, {"device": self._job.device, "threads": self._job.threads})
        _log.info("run %d, process %d, config %s", self._run, os.getpid(), config.to_json())
        device = choose(config)
        images = load_images(config.data, self._workspace.path, self._report)
        self._report("building the net", now=True)
        shelf = Shelf(
            self._workspace, self._run, config.optim.steps, self._writer, self._reader, checkpoint.save, checkpoint.load
        )
        shelf.tidy()
        state = shelf.newest()
        trainer = Trainer(config, images, device, state)
        del state
        try:
            with closing(trainer.events()) as events:
                for event in events:
                    if self._handle(event, trainer, shelf, config):
                        return
                    if self._lifeline.order is not None:
                        break
            step = self._save(trainer, shelf, "pause")
        except PASSING as error:
            self._rescue(trainer, shelf, str(error))
            return
        self.leave(step)

    def _rescue(self, trainer, shelf: Shelf, reason: str) -> None:
        """The database cannot be written: put the training into a file, and try once more to say where it stands."""
        _log.error("giving up: %s", reason)
        self._writer.last_words()
        state = trainer.state()
        step = state["progress"]["step"]
        try:
            shelf.put(state, step, "pause")  # figures that were not fetched yet are inside
        except CheckpointError as error:
            _log.error("%s", error)
            step = None
        self.leave(step, reason)

    def leave(self, step: int | None = None, reason: str = "") -> None:
        """Record why the worker ends before the run does; ``step`` is the checkpoint's, None if there is none.

        ``reason``: what made it end when nobody asked for it.
        """
        order = self._lifeline.order
        where = "" if step is None else f" at step {step}"
        if order != Order.STOP:
            detail = ENGINE_GONE if order == Order.ENGINE_GONE else f"paused{where}"
            if order == Order.TERMINATED:
                detail = f"paused{where}: its worker was asked to end (SIGTERM)"
            if reason and order != Order.ENGINE_GONE:
                detail = f"paused{where}: {_short(reason)}"
            _log.info("%s -> paused%s", order, where)
            if self._writer.move(
                self._run, RunState.PAUSED, only_from={RunState.STARTING, RunState.RUNNING}, detail=detail
            ):
                return
        _log.info("stopped%s", where)
        self._writer.move(self._run, RunState.STOPPED, only_from=ALIVE, detail=f"stopped{where}", ended=time.time())

    def fail(self, cause: str) -> None:
        """Record a failure: the traceback in the log, the cause in one line on the run."""
        _log.exception("failed: %s", cause)
        self._writer.move(self._run, RunState.FAILED, only_from=ALIVE, cause=cause, detail="", ended=time.time())

    def _handle(self, event: Event, trainer, shelf: Shelf, config: RunConfig) -> bool:
        """Record one event; return whether the run ended with it."""
        match event:
            case Stepped(step):
                if reason := shelf.due(step):
                    self._save(trainer, shelf, reason)
            case Measured(rows):
                self._record(rows)
            case Evaluated():
                self._writer.record(self._run, evaluations=[event])
                _log.info(
                    "step %d %s: loss %.4f, error %.2f %% on %d images",
                    event.step, event.split, event.loss, event.error, event.images,
                )  # fmt: skip
            case Remarked(step, kind, text):
                self._writer.remark(self._run, step, kind, text)
                _log.info("step %d: %s", step, text)
            case Started():
                self._started(event, config)
            case Diverged(step):
                self._record_rest(trainer)
                cause = f"loss is not finite at step {step}"
                _log.error("diverged: %s", cause)
                self._writer.move(
                    self._run, RunState.DIVERGED, only_from=ALIVE, cause=cause, detail="", ended=time.time()
                )
                return True
            case Finished(step, seconds, share):
                self._save(trainer, shelf, "end")
                _log.info("finished after %d steps and %.1f s, %.1f %% evaluation", step, seconds, 100 * share)
                # A worker that only did the last evaluation has no rate; the one before it has left its own.
                rate = {} if (overall := self._rate.overall()) is None else {"images_per_s": overall}
                self._writer.move(
                    self._run, RunState.FINISHED, only_from=ALIVE, detail="", cause="", seconds=seconds,
                    evaluation_share=share, ended=time.time(), **rate,
                )  # fmt: skip
                return True
        return False

    def _started(self, event: Started, config: RunConfig) -> None:
        restarted = event.step == 0 and self._row.step > 0
        facts = {
            "detail": NO_CHECKPOINT if restarted else "", "step": event.step, "parameters": event.parameters,
            "device": event.device, "precision": event.precision,
            "threads": event.threads, "started": self._row.started or time.time(),
        }  # fmt: skip
        if not self._writer.move(self._run, RunState.RUNNING, only_from={RunState.STARTING}, **facts):
            self._writer.update(self._run, **facts)
        _log.info(
            "training from step %d of %d on %s (%s), %s, %d thread(s)",
            event.step, config.optim.steps, event.device, event.device_name, event.precision, event.threads,
        )  # fmt: skip

    def _record(self, rows: tuple[StepRow, ...]) -> None:
        self._rate.add(rows)
        self._writer.record(self._run, rows, images_per_s=self._rate.recent())

    def _record_rest(self, trainer) -> None:
        if (rest := trainer.drain()) is not None:
            self._record(rest.rows)

    def _save(self, trainer, shelf: Shelf, reason: str) -> int:
        """Put the figures on record, then write a checkpoint of the same moment; return its step."""
        self._record_rest(trainer)
        state = trainer.state()
        step = state["progress"]["step"]
        shelf.put(state, step, reason)
        _log.info("checkpoint after step %d (%s)", step, reason)
        return step

    def _report(self, text: str, now: bool = False) -> None:
        """Show what is being prepared; the moment to hear orders while nothing trains yet."""
        if self._lifeline.order is not None:
            raise _Interrupted
        moment = time.monotonic()
        if text != self._reported and (now or moment - self._reported_at >= _REPORT_EVERY_S):
            self._reported, self._reported_at = text, moment
            self._writer.update(self._run, detail=text)


class Rate:
    """Images per second of training, evaluation included: over the last seconds, and over all."""

    def __init__(self, batch_size: int):
        self._batch_size = batch_size
        self._marks: deque[tuple[float, int]] = deque()
        self._first: tuple[float, int] | None = None

    def add(self, rows: tuple[StepRow, ...]) -> None:
        """Take note of the steps' seconds."""
        if self._first is None:
            self._first = (rows[0].seconds, rows[0].step)
            self._marks.append(self._first)
        self._marks.append((rows[-1].seconds, rows[-1].step))
        while len(self._marks) > 2 and self._marks[-1][0] - self._marks[0][0] > RATE_WINDOW_S:
            self._marks.popleft()

    def recent(self) -> float | None:
        """Return images/s over the last seconds; None before there are two steps."""
        return self._between(self._marks[0]) if self._marks else None

    def overall(self) -> float | None:
        """Return images/s since this worker began."""
        return self._between(self._first) if self._first else None

    def _between(self, first: tuple[float, int]) -> float | None:
        seconds, step = self._marks[-1]
        elapsed = seconds - first[0]
        return self._batch_size * (step - first[1]) / elapsed if elapsed > 0 else None


def _open_log(workspace: Workspace, run: int, stack: ExitStack) -> None:
    """Send this process's log to the run's file, crashes inside native code included."""
    workspace.run(run).mkdir(exist_ok=True)
    handler = logging.FileHandler(workspace.log(run), encoding="utf-8")
    stack.callback(handler.close)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)
    faulthandler.enable(handler.stream)


def _short(reason: str) -> str:
    """Return an error's first part: what happened, without the advice."""
    return reason.partition(";")[0]


def _be_polite() -> None:
    if hasattr(os, "nice"):
        os.nice(NICENESS)
