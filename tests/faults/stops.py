"""SIGSTOP: engine or worker stand still for a while, or a worker for good."""

import signal
from typing import Any

import psutil

from tests.faults.fault import Skipped
from tests.faults.trial import STATES_WITHIN_S, Trial

#: How long a process stands still, and comes back.
STILL_S = 30.0
#: A worker without a heartbeat is ended after the engine's limit, which is shorter than this.
HUNG_S = 150.0
#: A process is silent, for whoever reads the workspace, after this time without a heartbeat.
SILENT_S = 5.0
_COMMAND_S = 5.0
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
    runs = trial.begin()
    trial.rest(0.0, 1.0)
    run = trial.random.choice(runs)
    process = target.engine() if kind == "engine" else target.workers().get(run)
    if process is None:
        raise Skipped(f"the {kind} ended before it could be stopped; take another --seed")
    trial.note_rows()
    _still(trial, process, kind)
    if kind == "engine":
        trial.outlast(seconds)
    else:
        trial.outlast(SILENT_S)
        trial.states_true(lambda told: _says_silent(told, run), f"run {run} has not been heard of")
        trial.outlast(seconds - SILENT_S - STATES_WITHIN_S)
    target.send([process], signal.SIGCONT)
    trial.say(f"{kind} is back")
    trial.check(f"the {kind} survives {seconds:g} s of standing still", process.is_running())
    if kind == "engine":
        began = target.until(lambda: target.call("pause", str(run)).returncode in (0, 2), 30, "an answer")
        trial.check("the engine serves commands again", began < 30)
    trial.finish()


def hung(trial: Trial) -> None:
    """Let a worker stand still for good: the engine ends it, and says so."""
    target = trial.target
    runs = trial.begin()
    trial.rest(0.0, 1.0)
    run = trial.random.choice(runs)
    process = target.workers().get(run)
    if process is None:
        raise Skipped("the worker ended before it could be stopped; take another --seed")
    trial.note_rows()
    _still(trial, process, "worker")
    took_s = target.until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, HUNG_S,
                          "a worker that hangs is ended by its engine")  # fmt: skip
    trial.outcome.notes.append(f"the hung worker was ended after {took_s:.1f} s")

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
