"""The machine's clock is set while engine and workers live: back or forth by seconds, hours, years.

The processes of the target read the time through a module that Python loads at their start; it adds the offset that a
file holds, to the start times of processes too, as the kernel does when the clock is set.
"""

import json
from pathlib import Path
from typing import Any

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
    offset = _shift_clocks(trial)
    runs = trial.begin()
    for _ in range(2):
        seconds = trial.random.choice(SHIFTS)
        trial.rest(0.0, 1.0)
        trial.note_rows()
        trial.say(f"sets the clock by {seconds:+g} s")
        engine = target.engine()
        offset.write_text(str(float(offset.read_text()) + seconds))
        trial.outlast(_SETTLES_S)
        trial.check("the engine outlives a set clock", engine is not None and engine.is_running(), f"{seconds:+g} s")
        rows = {row["run"]: row for row in _told(trial)["runs"]}
        wrong = [
            (run, row["state"], row["detail"], row["cause"])
            for run, row in rows.items()
            if run in runs and row["state"] != "finished" and not works_on(row)
        ]
        trial.check("states are true after a set clock", not wrong, f"{seconds:+g} s: {wrong}")
        health = json.loads(target.call("doctor", "--json").stdout)["workspace"]
        trial.check("the engine is known after a set clock", health["engine"] == "alive", f"{seconds:+g} s: {health}")
    trial.finish()


def _shift_clocks(trial: Trial) -> Path:
    """Let all processes of the target read a clock that can be set; return the file with its offset."""
    folder = trial.target.folder / "clock"
    folder.mkdir()
    offset = folder / "offset"
    offset.write_text("0")
    (folder / "sitecustomize.py").write_text(_MODULE.format(file=str(offset)))
    trial.target.environment("PYTHONPATH", str(folder))
    return offset


def _told(trial: Trial) -> dict[str, Any]:
    """Return what a reader with the same clock is told."""
    document: dict[str, Any] = json.loads(trial.target.call("runs", "--json").stdout)
    return document
