"""Other programs take the cores: a run whose threads wait for each other says so, and names the way out."""

import subprocess
import sys
import time

from engine.events import CROWDED
from engine.hardware.cores import cores
from engine.runs.protocol.planning import RaceRequest, plan_race
from tests.faults.fault import Skipped
from tests.faults.target import NotInTime
from tests.faults.trial import Trial

#: Within so many seconds a run is said to lack cores, and so long it is watched.
NOTICED_S, WATCHED_S = 10.0, 10.0
#: What a computing program does; a target's processes have its mark, and end with it.
_BUSY = "while True: pass"
_STARTS_S, _STOPS_S, _QUIET_S = 60.0, 60.0, 20.0


def crowded(trial: Trial) -> None:
    """Let as many programs compute as there are cores beside a run that trains alone, then beside one of one thread."""
    if cores() < 2:
        raise Skipped("a run alone has one thread here; this needs two cores")
    target = trial.target
    target.ensure_engine()
    trial.monitor.start()
    run = _started(trial, {})
    trial.check("a run alone has all cores", _row(trial, run)["threads"] == cores(), str(_row(trial, run)))
    trial.figure("images/s before", _images_per_s(trial, run))
    try:
        target.until(lambda: not _row(trial, run)["detail"], _QUIET_S, "the run has the cores")
    except NotInTime:
        raise Skipped("other programs use the cores of this machine already; try again when they have ended") from None
    programs = [subprocess.Popen([sys.executable, "-c", _BUSY]) for _ in range(cores())]
    try:
        began = time.monotonic()

        def noticed() -> bool:
            detail = next(row for row in target.told()["runs"] if row["run"] == run)["detail"]
            return CROWDED in detail and "--set threads=1" in detail

        trial.figure("noticed after, s", target.until(noticed, _STARTS_S, "the run is said to lack cores"))
        within_s = NOTICED_S * trial.patience
        trial.check("noticed within 10 s", time.monotonic() - began <= within_s, f"{time.monotonic() - began:.1f} s")
        trial.figure(f"images/s with {cores()} threads", _images_per_s(trial, run))
        _stop(trial, run)
        run = _started(trial, {"threads": "1"})
        trial.figure("images/s with 1 thread", _images_per_s(trial, run))
        trial.check("a run of one thread is not said to lack cores", not _row(trial, run)["detail"],
                    _row(trial, run)["detail"])  # fmt: skip
        _stop(trial, run)
    finally:
        for program in programs:
            program.kill()
            program.wait()
    trial.leave()


def _started(trial: Trial, settings: dict[str, str]) -> int:
    """Start a race of one run; return it once it trains."""
    target = trial.target
    request = RaceRequest((20,), ("A",), steps=100_000, settings={"probe.images": "0", **settings})
    _, (run,) = target.control.start_race(plan_race(request, target.workspace))
    target.until(lambda: _row(trial, run)["step"] > 3, _STARTS_S, "the run trains")
    return run


def _row(trial: Trial, run: int) -> dict:
    return next(row for row in trial.target.rows() if row["run"] == run)


def _images_per_s(trial: Trial, run: int) -> float:
    """Return how many images a run trains on in a second, watched for a while."""
    first, began = _row(trial, run)["step"], time.monotonic()
    trial.outlast(WATCHED_S)
    return (_row(trial, run)["step"] - first) * 128 / (time.monotonic() - began)


def _stop(trial: Trial, run: int) -> None:
    trial.target.control.commands.ask("stop", run)
    trial.target.until(lambda: _row(trial, run)["state"] == "stopped", _STOPS_S, "the run stops")
