"""The machine's clock is set while engine and workers live: back or forth by seconds, hours, years.

The processes of the target read the time through a module that Python loads at their start; it adds the offset that a
file holds, to the start times of processes too, as the kernel does when the clock is set.
"""

import time
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from tests.faults.target import Target, lives
from tests.faults.trial import Trial, works_on

#: Seconds by which the clock is set: a daylight saving mistake, a wrong year, a correction after a sleep.
SHIFTS = (-3600.0, 3600.0, 10 * 365 * 86_400.0, -86_400.0, 5.0, -5.0)
_SETTLES_S = 8.0

_MODULE = '''"""Shifts the clock of this process by the seconds that a file holds."""

import time
from pathlib import Path

import psutil

_file = Path({file!r})
_time, _time_ns, _boot_time = time.time, time.time_ns, psutil._pslinux.boot_time


def _offset():
    try:
        return float(_file.read_text() or 0)
    except (OSError, ValueError):
        return 0.0


time.time = lambda: _time() + _offset()
time.time_ns = lambda: _time_ns() + int(_offset() * 1e9)
psutil._pslinux.boot_time = lambda: _boot_time() + _offset()
'''


def shifted(trial: Trial) -> None:
    """Set the clock twice under a live race: nothing ends, and readers are told the truth all the while."""
    target = trial.target
    offset = _shift_clocks(target)
    runs = trial.begin()
    for _ in range(2):
        seconds = trial.random.choice(SHIFTS)
        trial.rest(0.0, 1.0)
        trial.note_rows()
        trial.say(f"sets the clock by {seconds:+g} s")
        engine, workers = target.engine(), target.workers()
        assert engine is not None
        offset.write_text(str(float(offset.read_text()) + seconds))
        trial.outlast(_SETTLES_S)
        trial.check("the engine outlives a set clock", lives(engine), f"{seconds:+g} s")
        finished = {row["run"] for row in target.rows() if row["state"] == "finished"}
        ended = [run for run, worker in workers.items() if run not in finished and not lives(worker)]
        trial.check("workers outlive a set clock", not ended, f"{seconds:+g} s: the workers of {ended} ended")

        def told(told: dict[str, Any]) -> bool:
            rows = [row for row in told["runs"] if row["run"] in runs and row["state"] != "finished"]
            return all(map(works_on, rows))

        trial.states_true(told, f"the clock was set by {seconds:+g} s, and the runs are still at work")
        status = target.control.engine.status()
        trial.check("the engine is known after a set clock", status.state == "alive", f"{seconds:+g} s: {status}")
        trial.goes_on()
    trial.finish()


def _shift_clocks(target: Target) -> Path:
    """Let all processes of the target and this one read a clock that can be set; return the file with its offset."""
    folder = target.folder / "clock"
    folder.mkdir()
    offset = folder / "offset"
    offset.write_text("0")
    module = _MODULE.format(file=str(offset))
    (folder / "sitecustomize.py").write_text(module)
    target.environment("PYTHONPATH", str(folder))
    target.on_exit(partial(setattr, time, "time", time.time))
    target.on_exit(partial(setattr, time, "time_ns", time.time_ns))
    target.on_exit(partial(setattr, psutil._pslinux, "boot_time", psutil._pslinux.boot_time))
    exec(compile(module, "clock", "exec"), {})
    return offset
