"""Records what a worker prepares and why it ends; its measurements go to the store directly."""

import logging
import time

from engine.events import ALIVE, ENGINE_GONE, RunState
from engine.runs.worker.engine_link import EngineLink, Signal
from engine.runs.worker.retrying_writer import RetryingWriter

_REPORT_EVERY_S = 0.25

_log = logging.getLogger("engine.run")


class Interrupted(Exception):
    """A signal came before the training or the lab began."""


class StatusReporter:
    """Writes the status of one run, for its worker."""

    def __init__(self, run: int, writer: RetryingWriter, link: EngineLink):
        self.run, self.writer, self.link = run, writer, link
        self._reported, self._reported_at = "", 0.0

    def leave(self, step: int | None = None, reason: str = "") -> None:
        """Record why the worker ends before the run does; ``step`` is the checkpoint's, None if there is none.

        ``reason``: what made the worker end without a command.
        """
        signal = self.link.signal
        where = "" if step is None else f" at step {step}"
        if signal != Signal.STOP:
            detail = ENGINE_GONE if signal == Signal.ENGINE_GONE else f"paused{where}"
            if signal == Signal.TERMINATED:
                detail = f"paused{where}: its worker was asked to end (SIGTERM)"
            if reason and signal != Signal.ENGINE_GONE:
                detail = f"paused{where}: {_short(reason)}"
            _log.info("%s -> paused%s", signal, where)
            if self.writer.jobs.move(
                self.run, RunState.PAUSED, only_from={RunState.STARTING, RunState.RUNNING}, detail=detail
            ):
                return
        _log.info("stopped%s", where)
        self.writer.jobs.move(self.run, RunState.STOPPED, only_from=ALIVE, detail=f"stopped{where}", ended=time.time())

    def fail(self, cause: str) -> None:
        """Record a failure: the traceback in the log, the cause in one line on the run."""
        _log.exception("failed: %s", cause)
        self.writer.jobs.move(self.run, RunState.FAILED, only_from=ALIVE, cause=cause, detail="", ended=time.time())

    def report(self, text: str, now: bool = False) -> None:
        """Show what is being prepared. Raises Interrupted when a signal has come."""
        if self.link.signal is not None:
            raise Interrupted
        moment = time.monotonic()
        if text != self._reported and (now or moment - self._reported_at >= _REPORT_EVERY_S):
            self._reported, self._reported_at = text, moment
            self.writer.jobs.update(self.run, detail=text)


def _short(reason: str) -> str:
    """Return an error's first part: what happened, without the advice."""
    return reason.partition(";")[0]
