"""Records a worker's preparation, begin and end."""

import logging
import time
from collections.abc import Callable
from typing import Any

from engine.errors import CheckpointError
from engine.events import ALIVE, ENGINE_GONE, RunState
from engine.runs.worker.engine_link import EngineLink, Signal
from engine.runs.worker.retrying_writer import PASSING, RetryingWriter

#: Why a run pauses without a checkpoint to go on from.
UNSAVED = "its checkpoint could not be written, see its log"
_REPORT_EVERY_S = 0.25

_log = logging.getLogger("engine.run")


class Interrupted(Exception):
    """A signal came before the training or the lab began, or while it waits in vain; its text says for what."""


class StatusReporter:
    """Writes the status of one run, for its worker."""

    def __init__(self, run: int, writer: RetryingWriter, link: EngineLink):
        self.run, self.writer, self.link = run, writer, link
        self._reported, self._reported_at = "", 0.0

    def begin(self, started: float | None, **facts: Any) -> None:
        """Record that the work begins or resumes; ``started``: the first begin, None for now."""
        values: dict[str, Any] = {"detail": "", "started": started or time.time(), **facts}
        if not self.writer.jobs.move(self.run, RunState.RUNNING, only_from={RunState.STARTING}, **values):
            self.writer.jobs.update(self.run, **values)

    def end(self, state: RunState, cause: str = "", detail: str = "", **facts: Any) -> None:
        """Record the last state of the run."""
        self.writer.jobs.move(self.run, state, only_from=ALIVE, cause=cause, detail=detail, ended=time.time(), **facts)

    def rescue(self, save: Callable[[], tuple[bool, int | None]], reason: str) -> None:
        """Save a checkpoint although the database refuses writes; try once more to record the pause.

        ``save`` returns whether the checkpoint was written, and its step, None for a job without steps.
        """
        _log.error("giving up: %s", reason)
        self.writer.last_words()
        saved, step = False, None
        try:
            saved, step = save()
        except (CheckpointError, *PASSING) as error:
            _log.error("%s", error)
        self.leave(step, reason if saved else f"{reason.partition(';')[0]}, and {UNSAVED}")

    def leave(self, step: int | None = None, reason: str = "") -> None:
        """Record why the worker ends before its run; ``reason`` without a command, ``step`` of the checkpoint."""
        signal = self.link.signal
        where = "" if step is None else f" at step {step}"
        if signal == Signal.BROKEN:
            _log.error("ended%s: %s", where, self.link.trouble)
            self.end(RunState.FAILED, self.link.trouble)
            return
        if signal != Signal.STOP:
            detail = ENGINE_GONE if signal == Signal.ENGINE_GONE else f"paused{where}"
            if signal == Signal.TERMINATED:
                detail = f"paused{where}: its worker was asked to end (SIGTERM)"
            if reason and signal != Signal.ENGINE_GONE:
                # Without the remedy after the semicolon.
                detail = f"paused{where}: {reason.partition(';')[0]}"
            _log.info("%s -> paused%s", signal, where)
            if self.writer.jobs.move(
                self.run, RunState.PAUSED, only_from={RunState.STARTING, RunState.RUNNING}, detail=detail
            ):
                return
        _log.info("stopped%s", where)
        self.end(RunState.STOPPED, detail=f"stopped{where}")

    def fail(self, cause: str) -> None:
        """Record a failure: the traceback in the log, the cause in the run's row."""
        _log.exception("failed: %s", cause)
        self.end(RunState.FAILED, cause)

    def report(self, text: str, now: bool = False) -> None:
        """Record the current preparation. Raises Interrupted after a signal."""
        if self.link.signal is not None:
            raise Interrupted
        moment = time.monotonic()
        if text != self._reported and (now or moment - self._reported_at >= _REPORT_EVERY_S):
            self._reported, self._reported_at = text, moment
            self.writer.jobs.update(self.run, detail=text)
