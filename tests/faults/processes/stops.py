"""SIGSTOP: engine or worker stand still for a while, or a worker for good."""

import signal
import sqlite3
from contextlib import closing
from typing import Any

import psutil

from tests.faults.fault import Skipped
from tests.faults.target import lives
from tests.faults.trial import STATES_WITHIN_S, Trial

#: How long a process stands still, and comes back.
STILL_S = 30.0
#: A worker without a heartbeat is ended after the engine's limit, which is shorter than this.
HUNG_S = 90.0
#: A process is silent, for whoever reads the workspace, after this time without a heartbeat.
SILENT_S = 5.0
#: How often a worker is stopped until it is met in a write.
_TRIES = 500
_SILENT_WORDS = ("heard", "heartbeat", "answer", "silent", "hang", "hung", "no sign")


def engine(trial: Trial) -> None:
    """Let the engine stand still: its workers go on, and it serves commands when it is back."""
    stopped(trial, "engine", STILL_S)


def worker(trial: Trial) -> None:
    """Let a worker stand still: readers are told, and it goes on when it is back."""
    stopped(trial, "worker", STILL_S)


def stopped(trial: Trial, kind: str, seconds: float) -> None:
    """Let a process stand still for so many seconds."""
    target = trial.target
    run, process = _a_worker(trial)
    if kind == "engine":
        engine = target.engine()
        assert engine is not None
        process = engine
    _still(trial, process, kind)
    if kind == "engine":
        trial.outlast(SILENT_S + STATES_WITHIN_S)
        status = target.control.engine.status()
        trial.check("readers are told of a silent engine", status.state == "silent", str(status))
        trial.outlast(seconds - SILENT_S - STATES_WITHIN_S)
    else:
        trial.outlast(SILENT_S)
        trial.states_true(lambda told: _says_silent(told, run), f"run {run} has not been heard of")
        trial.outlast(seconds - SILENT_S - STATES_WITHIN_S)
    target.send([process], signal.SIGCONT)
    trial.say(f"{kind} is back")
    trial.goes_on()
    trial.check(f"the {kind} survives {seconds:g} s of standing still", lives(process))
    if kind == "engine":
        trial.one_line("the engine serves commands again", target.call("pause", str(run)), codes=(0, 2))
    trial.finish()


def hung(trial: Trial) -> None:
    """Let a worker stand still for good: the engine ends it, and says so."""
    run, process = _a_worker(trial)
    _still(trial, process, "worker")
    _ended_by_engine(trial, run, process)


def hung_writer(trial: Trial) -> None:
    """Let a worker stand still for good in the middle of a write, so that it keeps the database locked."""
    run, process = _a_worker(trial)
    database = trial.target.workspace.database
    for _ in range(_TRIES):
        _still(trial, process, "worker")
        with closing(sqlite3.connect(database, isolation_level=None, timeout=0.1)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("ROLLBACK")
            except sqlite3.OperationalError:
                break
        trial.target.send([process], signal.SIGCONT)
        trial.rest(0.0, 0.02)
    else:
        raise Skipped("the worker was never met in a write; take another --seed")
    _ended_by_engine(trial, run, process)


def _a_worker(trial: Trial) -> tuple[int, psutil.Process]:
    """Return a run at work and its worker, at a random moment."""
    trial.begin()
    trial.rest(0.0, 1.0)
    trial.note_rows()
    workers = trial.target.workers()
    if not workers:
        raise Skipped("all workers ended before one could be stopped; take another --seed")
    run = trial.random.choice(sorted(workers))
    return run, workers[run]


def _ended_by_engine(trial: Trial, run: int, process: psutil.Process) -> None:
    """Check that the engine ends a worker that hangs, names it, and that the run can go on."""
    target = trial.target
    took_s = target.until(lambda: not lives(process), HUNG_S * trial.patience, "the engine ends a worker that hangs")
    trial.figure("ended after, s", took_s)

    def named(told: dict[str, Any]) -> bool:
        row = next(row for row in told["runs"] if row["run"] == run)
        return _is_named(row) or target.workers().get(run) is not None

    trial.states_true(named, f"run {run} hung, and says so")
    trial.finish()


def _still(trial: Trial, process: psutil.Process, kind: str) -> None:
    trial.say(f"{kind} stands still")
    trial.target.send([process], signal.SIGSTOP)


def _says_silent(told: dict[str, Any], run: int) -> bool:
    """Return whether a run that stands still is no plain running one for a reader."""
    row = next(row for row in told["runs"] if row["run"] == run)
    return row["state"] not in ("running", "starting") or _is_named(row)


def _is_named(row: dict[str, Any]) -> bool:
    return any(word in f"{row['cause']} {row['detail']}".lower() for word in _SILENT_WORDS)
