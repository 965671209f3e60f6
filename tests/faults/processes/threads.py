"""Errors in the threads that others wait for, of engine, workers and app: each is told with its cause.

The processes of the target load a module at their start that throws an error into the thread which a file names.
"""

import threading
import urllib.request
from contextlib import suppress
from typing import Any

import psutil

from tests.faults.target import NotInTime, Target
from tests.faults.trial import STATES_WITHIN_S, Trial

#: Threads of a worker, of the app, and of the engine.
OF_WORKER, OF_APP, OF_ENGINE = ("signals", "heartbeat"), "feed-watch", "MainThread"
_ERROR = "ZeroDivisionError"

_MODULE = '''"""Throws an error into the thread that a file names, with its process."""

import ctypes
import os
import sys
import threading
import time
from pathlib import Path

_file = Path({file!r})


def _throw():
    while True:
        time.sleep(0.05)
        try:
            process, name = _file.read_text().split()
        except (OSError, ValueError):
            continue
        threads = [each for each in threading.enumerate() if each.name == name]
        if int(process) == os.getpid() and threads:
            _file.unlink()
            number = ctypes.c_ulong(threads[0].ident)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(number, ctypes.py_object({error}))


def _begin():
    threading.Thread(target=_throw, name="throws", daemon=True).start()


os.register_at_fork(after_in_child=_begin)
if not any("forkserver" in word for word in sys.orig_argv):  # it forks, which is for one thread alone
    _begin()
'''


def broken(trial: Trial) -> None:
    """Throw an error into one thread after the other; each is named within 5 s, and all goes on afterwards."""
    target = trial.target
    throws = _Throws(target)
    target.start_app()
    runs = trial.begin()
    for name in OF_WORKER:
        if not (workers := target.workers()):
            runs = trial.race()
            trial.at_work()
            workers = target.workers()
        run = trial.random.choice(sorted(workers))
        trial.note_rows()
        trial.say(f"throws into thread {name} of run {run}")
        throws.into(workers[run], name)
        cause = f"thread {name} ended ({_ERROR})"

        def failed(told: dict[str, Any], run: int = run, cause: str = cause) -> bool:
            row = next(row for row in told["runs"] if row["run"] == run)
            return row["state"] == "failed" and row["cause"] == cause

        trial.states_true(failed, f"run {run} failed: {cause}")
        trial.at_work()
    _app(trial, throws, runs)
    _engine(trial, throws)
    trial.finish()


def _app(trial: Trial, throws: "_Throws", runs: list[int]) -> None:
    """Check that a viewer is told of the end of the thread that watches the database."""
    target, lines = trial.target, []
    assert target.app is not None

    def read() -> None:
        url = f"http://127.0.0.1:{target.port}/live/stream?runs={runs[0]}"
        with suppress(OSError, ValueError), urllib.request.urlopen(url, timeout=30) as stream:
            while line := stream.readline():
                lines.append(line.decode())

    viewer = threading.Thread(target=read, name="viewer", daemon=True)
    viewer.start()
    target.until(lambda: lines, 30, "the stream answers")
    trial.say(f"throws into thread {OF_APP} of the app")
    throws.into(psutil.Process(target.app.pid), OF_APP)
    _in_time(trial, lambda: any(f"thread {OF_APP} ended ({_ERROR})" in line for line in lines),
             "viewers are told that the page is no longer live", lines)  # fmt: skip
    target.app.terminate()
    target.app.wait(60)
    target.start_app()


def _engine(trial: Trial, throws: "_Throws") -> None:
    """Check that clients hear what ended the engine."""
    target = trial.target
    process = target.engine()
    assert process is not None and target.app is not None
    heirs = [each for each in target.family() if each.pid != target.app.pid]
    trial.note_rows()
    trial.say("throws into the engine")
    throws.into(process, OF_ENGINE)
    trial.monitor.expect_end(heirs, "process of an engine that ended by an error")
    _in_time(trial, lambda: f"ended by an error: {_ERROR}" in target.control.engine.status().message,
             "clients hear what ended the engine", [])  # fmt: skip


def _in_time(trial: Trial, told: Any, what: str, seen: list[str]) -> None:
    try:
        trial.outcome.states_true_s.append(trial.target.until(told, STATES_WITHIN_S * trial.patience, what))
    except NotInTime:
        trial.check(what, False, f"not within 5 s; {seen[-3:]}")
    else:
        trial.check(what, True)


class _Throws:
    """Lets processes of a target that start from now on have errors on demand."""

    def __init__(self, target: Target):
        folder = target.folder / "throws"
        folder.mkdir()
        self._file = folder / "next"
        (folder / "sitecustomize.py").write_text(_MODULE.format(file=str(self._file), error=_ERROR))
        target.environment("PYTHONPATH", str(folder))

    def into(self, process: psutil.Process, thread: str) -> None:
        """Throw an error into a thread of a process."""
        part = self._file.with_suffix(".part")
        part.write_text(f"{process.pid} {thread}")
        part.replace(self._file)
