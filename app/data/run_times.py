"""How long a race takes on this machine: measured by jobs of the lab ``timing``, kept in the workspace.

A measurement holds for one machine, one version of the project and of torch, and one precision. It is taken where no
other job had a worker meanwhile, as the job itself has put on record at its end. Pure of ``st.``; reads and starts
jobs, trains nothing itself.
"""

import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache

from numpy import float32

from app.data.authorization import requires_presenter
from app.data.commands import command
from app.data.labs import job_settings
from app.data.options import preset_source, presets
from app.data.workspace import current, reading
from engine.analysis.run_time import Estimate, Point, Speeds, race_seconds
from engine.config import RaceConfig
from engine.data.registry import SOURCES
from engine.errors import SkipscopeError
from engine.events import ALIVE, RunState
from engine.hardware.cores import cores
from engine.hardware.machine import RUNS_PER_GPU, devices, facts
from engine.labs.registry import get_lab
from engine.labs.timing.arms import TimedArm, race_of, timed_arms
from engine.provenance import versions
from engine.store.reader import Reader
from engine.store.rows import LabJobRow
from engine.store.tables.labs import CONCURRENT_JOBS, CurveRow

LAB = "timing"
#: ``asked``: the page measures only when somebody presses the button.
ENVIRONMENT = "SKIPSCOPE_TIMING"
#: Seconds for which nothing may have trained before the page measures by itself.
QUIET_S = 10.0
#: Below this share of the time the measuring process had to wait for its core.
UNDISTURBED = 0.8
#: Jobs that are looked through for a measurement that holds.
_JOBS = 20
#: So many measurements of a preset that had company are enough: the page then measures no more by itself.
_MAX_DISTURBED = 3
#: Pages run in threads: of two that find nothing to disturb, one measures.
_starting = threading.Lock()
_GOING = frozenset({*ALIVE, RunState.QUEUED})
#: What must be alike besides the machine.
_VERSIONS = ("skipscope", "torch")


@dataclass(frozen=True, slots=True)
class Timing:
    """What is known of a race's time: ``none``, ``measuring``, ``failed``, ``disturbed`` or ``measured``.

    ``disturbed``: it was measured several times, each time beside other jobs, which says nothing.

    ``seconds`` are None unless measured. ``extrapolated``: some of its nets were not timed themselves. ``busy``: the
    machine had something else to do meanwhile. ``bound``: on GPUs runs share one better than is reckoned here, so it
    takes at most so long. ``progress`` in words while it is measured.
    """

    state: str
    seconds: float | None = None
    extrapolated: bool = False
    busy: bool = False
    bound: bool = False
    progress: str = ""


#: A job's numbers by name.
_Numbers = Mapping[str, float | None]
#: One job of the lab: its row, its numbers, its curves.
_Job = tuple[LabJobRow, _Numbers, list[CurveRow]]


@dataclass(frozen=True, slots=True)
class _Measurement:
    speeds: Speeds
    busy: bool


def timings() -> dict[str, Timing]:
    """Return what is known of every preset that the page offers. Raises SkipscopeError."""
    jobs = _jobs()
    found = {}
    for name in presets():
        measured, active = _measured(name, preset_source(name), jobs), _active(name, jobs)
        if active is not None and (measured is None or measured.busy):
            found[name] = Timing("measuring", progress=active.detail)
        elif measured is not None:
            race = race_of(name, preset_source(name))
            found[name] = _timing(race, measured)
        else:
            found[name] = Timing(_missing(name, jobs))
    return found


def race_time(race: RaceConfig) -> Timing:
    """Return how long a race takes here: ``measured`` with seconds, or ``none`` where nothing like it was timed.

    Raises SkipscopeError.
    """
    wanted = race.run.precision
    if race.run.compile or race.run.data.name not in SOURCES:
        return Timing("none")
    jobs = _jobs()
    # The preset's own measurement first, then those of the others in the same precision.
    order = sorted(presets(), key=lambda name: name != race.preset)
    found = [
        _measured(name, source, jobs)
        for name in order
        if presets()[name].run.precision == wanted
        for source in dict.fromkeys([race.run.data.name, preset_source(name)])
    ]
    taken = next((measured for measured in found if measured is not None), None)
    if taken is None:
        return Timing("none")
    return _timing(race, taken)


def _timing(race: RaceConfig, taken: _Measurement) -> Timing:
    estimate = _estimate(race, taken.speeds)
    return Timing("measured", estimate.seconds, not estimate.measured, taken.busy, _gpus() > 0)


@requires_presenter
def start_timing(preset: str, unasked: bool = False) -> int | None:
    """Hand the measuring of a preset to the engine; return the job's run id. Raises SkipscopeError.

    A preset that is being measured already gets no second job. ``unasked``: nobody pressed a button; None where that
    would disturb (``can_measure``), for another page may have been quicker.
    """
    with _starting:
        if unasked and not can_measure():
            return None
        active = _active(preset, _jobs())
        return (
            active.id if active else current().control.start_lab(LAB, {"preset": preset, "data": preset_source(preset)})
        )


def stop_timing() -> None:
    """Stop what is being measured: a race is about to start and would be disturbed. Never raises."""
    going: list[LabJobRow] = []
    with suppress(SkipscopeError):
        going = [row for row, *_ in _jobs() if row.state in _GOING]
    for row in going:
        with suppress(SkipscopeError):  # it may have ended meanwhile; the others are stopped all the same
            command("stop", row.id)


def can_measure() -> bool:
    """Return whether an engine lives and nothing has trained or measured for a while, so that nobody is disturbed.

    Never where ``SKIPSCOPE_TIMING`` is ``asked``.
    """
    if os.environ.get(ENVIRONMENT, "") == "asked":
        return False
    try:
        if current().control.engine.status().state != "alive":
            return False
        if current().pool.file() is None:
            return True
        with reading() as reader:
            rows = reader.jobs.all()
    except SkipscopeError:
        return False
    if any(row.state in _GOING for row in rows):
        return False
    return time.time() - max((row.ended or 0.0 for row in rows), default=0.0) >= QUIET_S


def _jobs() -> list[_Job]:
    """Return the newest jobs first: row, figures, curves. Kept until news."""
    context = current()
    if context.pool.file() is None:
        return []
    with reading() as reader, reader.snapshot():
        key = (context.pool.file(), reader.points.head()[1])
        if not context.timing or context.timing[0] != key:
            context.timing = key, [_job(reader, row) for row in reader.labs.newest(LAB, limit=_JOBS)]
        return context.timing[1]


def _job(reader: Reader, row: LabJobRow) -> _Job:
    return row, reader.labs.metrics(row.id), reader.labs.curves(row.id) if row.state == RunState.FINISHED else []


def _active(preset: str, jobs: list[_Job]) -> LabJobRow | None:
    return next((row for row, *_ in jobs if job_settings(row)["preset"] == preset and row.state in _GOING), None)


def _missing(preset: str, jobs: list[_Job]) -> str:
    """Return why there is no measurement: ``failed``, ``disturbed`` or ``none``."""
    newest = next((row for row, *_ in jobs if job_settings(row)["preset"] == preset), None)
    if newest is not None and newest.state in (RunState.FAILED, RunState.LOST):
        return "failed"
    fitting = _fitting(preset, preset_source(preset), jobs)
    return "disturbed" if sum(figures.get(CONCURRENT_JOBS) != 0 for figures, _ in fitting) >= _MAX_DISTURBED else "none"


def _measured(preset: str, data: str, jobs: list[_Job]) -> _Measurement | None:
    """Return the newest measurement of a preset that holds here and had no company."""
    for figures, curves in _fitting(preset, data, jobs):
        if figures.get(CONCURRENT_JOBS) != 0:
            continue
        arms = timed_arms(race_of(preset, data), "cuda" if _gpus() else "cpu")
        training, evaluation = _points("training", curves, arms), _points("evaluation", curves)
        speeds = Speeds(training, evaluation, speedup=figures.get("all_cores_speedup"))
        return _Measurement(speeds, (figures.get("undisturbed_share") or 0.0) < UNDISTURBED)
    return None


def _fitting(preset: str, data: str, jobs: list[_Job]) -> list[tuple[_Numbers, list[CurveRow]]]:
    """Return figures and curves of the finished measurements of a preset that hold here, newest first."""
    usual = get_lab(LAB).defaults()
    wanted = usual | {"preset": preset, "data": data}
    here_and_now = {key: versions()[key] for key in _VERSIONS} | {"machine": _machine()}
    return [
        (figures, curves)
        for row, figures, curves in jobs
        if row.state == RunState.FINISHED
        and all(row.versions.get(key) == value for key, value in here_and_now.items())
        and all(job_settings(row)[key] == value for key, value in wanted.items() if key != "seconds")
    ]


def _points(panel: str, curves: list[CurveRow], arms: Sequence[TimedArm] = ()) -> list[Point]:
    """Return the points of a panel; those of ``arms`` say with which batch they were timed."""
    # Curves are kept in float32.
    batches = {(arm.run.model.shortcut, float32(arm.multiply_adds / 1e6)): arm.batch for arm in arms}
    return [
        Point(curve.name.kind, 1e6 * float(x), float(y) / 1000, batches.get((curve.name.kind, float32(x)), 0))
        for curve in curves
        if curve.panel == panel
        for x, y in zip(curve.x, curve.y, strict=True)
    ]


def _estimate(race: RaceConfig, speeds: Speeds) -> Estimate:
    gpus = _gpus()
    shared, slots = (gpus, gpus * RUNS_PER_GPU) if gpus else (cores(), 2 * cores())
    return race_seconds(race, speeds, SOURCES[race.run.data.name].test_images, shared, slots)


def _machine() -> str:
    return facts()


@cache
def _gpus() -> int:
    return len(devices()) - 1
