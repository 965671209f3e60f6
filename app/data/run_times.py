"""The duration of races, estimated from the speeds of finished runs of this workspace, else from a short table."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from app.data.commands import RaceRequest, planned
from app.data.options import preset_source, presets
from app.data.workspace import kept_until_change
from engine.analysis.run_time import (
    MIN_STEPS,
    TABLE,
    TABLE_MACHINE,
    FinishedRun,
    Machine,
    Speed,
    race_seconds,
    speed_of,
)
from engine.config import RaceConfig, RunConfig, replace
from engine.data.registry import SOURCES
from engine.events import RunState
from engine.hardware.cores import cores
from engine.hardware.machine import RUNS_PER_GPU, devices
from engine.store.reader import Reader
from engine.store.rows import RunRow

#: The newest races whose runs are read.
_RACES = 12


@dataclass(frozen=True, slots=True)
class RunTime:
    """The duration of a race in seconds.

    ``here``: by runs of this workspace, else by the table of two cores. The page says the seconds alone.
    """

    seconds: float
    here: bool


@dataclass(frozen=True, slots=True)
class _Basis:
    """What an estimate rests on beside the race. ``here``: whether the speeds are of this workspace."""

    test_images: int
    speeds: tuple[Speed, ...]
    machine: Machine
    here: bool


def preset_times() -> dict[str, RunTime]:
    """Return the duration of every preset of the page. Raises SkipscopeError."""
    return {name: preset_time(name) for name in presets()}


def preset_time(preset: str) -> RunTime:
    """Return the duration of a preset of the page. Raises SkipscopeError."""
    source = preset_source(preset)
    basis = _basis(_preset_race(preset, source).run)
    assert basis is not None  # the images of a preset are on the table
    return RunTime(_preset_seconds(preset, source, basis), basis.here)


# Every run of the set-up's script asks for all of them; they change only with a speed.
@lru_cache(maxsize=64)
def _preset_seconds(preset: str, source: str, basis: _Basis) -> float:
    race = _preset_race(preset, source)
    return _seconds(race.trials(), race.runs(), basis)


@cache
def _preset_race(preset: str, source: str) -> RaceConfig:
    return planned(RaceRequest(preset=preset, data=source))


def race_time(race: RaceConfig) -> RunTime | None:
    """Return the duration of a race, None for images off the table of data sets. Raises SkipscopeError."""
    return _time(race.trials(), race.runs())


def rest_seconds(run: RunRow, step: int) -> float | None:
    """Return how long a fork of a run from ``step`` on trains by itself; None as for ``race_time``."""
    rest = replace(run.config, {"optim.steps": max(1, run.total_steps - step), "optim.warmup_steps": 0})
    time = _time((), (rest,), run.threads)
    return time.seconds if time else None


def _time(trials: Sequence[RunConfig], runs: Sequence[RunConfig], threads: int = 0) -> RunTime | None:
    """``threads``: of a single run, 0 for all that its machine gives it."""
    basis = _basis(runs[0], threads)
    return None if basis is None else RunTime(_seconds(trials, runs, basis), basis.here)


def _seconds(trials: Sequence[RunConfig], runs: Sequence[RunConfig], basis: _Basis) -> float:
    return race_seconds(trials, runs, basis.test_images, basis.speeds, basis.machine).seconds


def _basis(first: RunConfig, threads: int = 0) -> _Basis | None:
    """Return what an estimate of runs like ``first`` rests on, None for images off the table of data sets."""
    source = SOURCES.get(first.data.name)
    if source is None:
        return None
    kind = "cuda" if _gpus() and first.device != "cpu" else "cpu"
    known = tuple(
        speed
        for row, speed in kept_until_change(_speeds)
        if row.device.startswith(kind) and _computes_alike(row, first) and speed.family == first.model.family
    )
    machine = _machine(kind, first) if known else TABLE_MACHINE
    if threads:
        machine = dataclasses.replace(machine, threads=threads)
    return _Basis(source.test_images, known or tuple(TABLE), machine, bool(known))


def _computes_alike(row: RunRow, run: RunConfig) -> bool:
    ways = [(config.compile, config.graph, config.replicas) for config in (row.config, run)]
    return ways[0] == ways[1] and run.precision in (row.config.precision, row.precision)


def _speeds(reader: Reader) -> list[tuple[RunRow, Speed]]:
    """Return the newest finished run of each net with its speed, newest races first."""
    return list(_measured([row for race in reader.races.newest(limit=_RACES) for row in reader.runs.all(race.id)]))


def _measured(rows: list[RunRow]) -> Iterator[tuple[RunRow, Speed]]:
    spans = {row.id: (row.started, row.ended, row.device) for row in rows if row.started and row.ended}
    known = set()
    for row in rows:
        source, config, share = SOURCES.get(row.config.data.name), row.config, row.evaluation_share
        # The seconds of a fork contain a part of another run; an extended run has more steps than its config.
        whole = row.parent_run is None and row.total_steps == config.optim.steps >= MIN_STEPS
        # An imported run tells the speed of another machine.
        whole = whole and row.imported is None
        if row.state != RunState.FINISHED or row.id not in spans or not whole or source is None or share is None:
            continue
        started, ended, device = spans[row.id]
        ways = config.compile, config.graph, config.replicas
        net = (config.model, config.data.name, ways, config.precision, row.precision, device)
        if net in known:
            continue
        known.add(net)
        beside = [(first, last) for run, (first, last, where) in spans.items() if run != row.id and where == device]
        on_gpu = device.startswith("cuda")
        run = FinishedRun(config, source.test_images, 1 if on_gpu else row.threads, row.seconds, share, started, ended)
        # The runs of one GPU share that GPU; the runs of the CPU share all cores.
        yield row, speed_of(run, beside, 1 if on_gpu else cores())


def _machine(kind: str, first: RunConfig) -> Machine:
    """Return what a race has whose runs are like ``first``: a GPU that it names, or all GPUs, or all cores."""
    gpus = 1 if first.device.startswith("cuda:") else _gpus()
    if kind == "cuda":
        return Machine(gpus, gpus * RUNS_PER_GPU, has_gpus=True)
    return Machine(cores(), 2 * cores(), cores())


@cache
def _gpus() -> int:
    return len(devices()) - 1
