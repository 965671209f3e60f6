"""Starts queued runs by the scheduler's plan, and records why the others wait."""

import logging
import time
from dataclasses import replace

from engine.events import RunState
from engine.hardware.cores import cores
from engine.hardware.machine import gpus, nameable_devices, runs_per_gpu
from engine.runs.launchers.registry import Capacity
from engine.runs.lockstep import Coordinator
from engine.runs.protocol.job import Job
from engine.runs.supervisor.instant import InstantRaces
from engine.runs.supervisor.memory_estimate import gpu_bytes
from engine.runs.supervisor.scheduler import Active, GpuMemory, Machine, Plan, Waiting, schedule
from engine.runs.supervisor.tuning import Tuning
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.store.reader import Reader
from engine.store.rows import JobRow, LabJobRow, RunRow
from engine.store.writer import Writer

#: Interval of the queries of free GPU memory.
MEMORY_LOOK_S = 2.0
#: From this step on a run has allocated its GPU memory, so the driver's free memory accounts for the run.
SETTLED_STEP = 10

_log = logging.getLogger(__name__)


class Dispatch:
    """Starts the runs of one workspace on this machine. Raises ConfigError for a wrong number of runs per GPU."""

    def __init__(self, reader: Reader, writer: Writer, pool: WorkerPool, coordinator: Coordinator, tuning: Tuning):
        self._workspace, self._reader, self._writer, self._pool = reader.workspace, reader, writer, pool
        self._coordinator, self._tuning, self._instant = coordinator, tuning, InstantRaces(reader, writer, pool)
        self.devices, self.cores, self._per_gpu = nameable_devices(), cores(), runs_per_gpu()
        self._arms: dict[int, int] = {}
        self._scheduled_at: tuple[int, int, int, str, tuple[int, ...], Capacity | None] | None = None

    def schedule(self) -> None:
        """Start the runs that may start; record why the others wait."""
        # The plan holds until a run's state, the number of workers, trouble, delays or, with GPUs, the memory changes.
        look = int(time.monotonic() / MEMORY_LOOK_S) if len(self.devices) > 1 else 0
        pool = self._pool
        moment = (
            self._reader.points.head()[1], len(pool), look, pool.trouble, tuple(pool.delays), pool.capacity(),
        )  # fmt: skip
        if moment == self._scheduled_at:
            return
        held = self._tuning.see_to()
        self._instant.see_to()
        queued = self._reader.jobs.all([RunState.QUEUED])
        rows = {row.id: row for row in queued if row.id not in held and not self._pool.occupies(row.id)}
        waiting = [
            _lab_waiting(row) if isinstance(row, LabJobRow) else _waiting(row, self._arms_of(row.race))
            for row in rows.values()
        ]
        on_gpus = rows and len(self.devices) > 1
        memory = {gpu.device: GpuMemory(gpu.total, gpu.free) for gpu in gpus()} if on_gpus else {}
        active = [self._with_estimate(each) for each in self._pool.active()]
        plan = self._planned(waiting, active, Machine(self.devices, self.cores, memory, self._per_gpu))
        if self._pool.trouble:
            plan = Plan((), dict.fromkeys(rows, f"waits until workers can be started: {self._pool.trouble}"))
        for start in plan.starts:
            # Somebody may have moved the run since it was read; its new state makes another round.
            if not self._writer.jobs.move_from(
                rows[start.run], RunState.STARTING, device=start.device, threads=start.threads,
                detail="starting its worker", cause="", pid=None, heartbeat=None, ended=None,
            ):  # fmt: skip
                continue
            row = rows[start.run]
            is_lab, instant = isinstance(row, LabJobRow), isinstance(row, RunRow) and row.instant
            # The runs of an instant race are over before anybody could set their pace.
            if isinstance(row, RunRow) and row.tunes is None and not instant:
                self._enter_race(row)
            self._pool.launch(
                Job(start.run, self._workspace.path, start.device, start.threads, is_lab, instant, start.further)
            )
        waits = plan.waits | held
        for row in queued:
            if (reason := waits.get(row.id)) is not None and reason != row.detail:
                self._writer.jobs.update(row.id, detail=reason)
        self._scheduled_at = moment  # last: the next round repeats a refused write

    def _planned(self, waiting: list[Waiting], active: list[Active], here: Machine) -> Plan:
        """Return the plan for this machine, or for a cluster, which leaves labs and instant races to this machine."""
        if (cluster := self._pool.capacity()) is None:
            return schedule(waiting, active, here)
        there = Machine(cluster.devices, sum(cluster.nodes), {}, self._per_gpu, cluster.nodes)
        small = schedule([each for each in waiting if _stays(each)], [each for each in active if _stays(each)], here)
        large = schedule(
            [each for each in waiting if not _stays(each)], [each for each in active if not _stays(each)], there
        )
        return Plan((*small.starts, *large.starts), small.waits | large.waits)

    def _with_estimate(self, active: Active) -> Active:
        """Return an active run with its missing GPU memory; see ``SETTLED_STEP``."""
        row = self._reader.runs.get(active.run) if active.device.startswith("cuda") and not active.lab else None
        if row is None or (row.state == RunState.RUNNING and row.step >= SETTLED_STEP):
            return active
        return replace(active, memory_estimate=gpu_bytes(row.config))

    def _enter_race(self, row: RunRow) -> None:
        """Let the run take part in the lockstep of its race, from its checkpoint on."""
        saved, pace = self._reader.checkpoints.of(row.id), self._reader.races.known(row.race).pace
        try:
            self._coordinator.enter(row.race, row.id, saved[-1].step if saved else 0, pace)
        except OSError as error:
            _log.warning("run %d keeps in step with nobody: %s", row.id, error)

    def _arms_of(self, race: int) -> int:
        """Return the number of planned runs of a race, deleted runs included."""
        if race not in self._arms:
            row = self._reader.races.known(race)
            self._arms[race] = len(row.config.runs() if row.tunes is None else row.config.trials())
        return self._arms[race]


def _stays(job: Waiting | Active) -> bool:
    """Return whether a job is for this machine whatever the launcher."""
    return job.lab or job.instant


def _waiting(row: RunRow, arms: int) -> Waiting:
    # Trials precede the runs of the race that they serve, and follow every earlier race.
    race, position = (row.race, row.position) if row.tunes is None else (row.tunes, row.position - arms)
    # Only CUDA records graphs: on a cluster whose GPUs come later the run waits for one.
    graphs = row.config.graph and row.config.device == "auto"
    device = _device(row, "cuda" if graphs else row.config.device)
    estimate = 0 if device == "cpu" else gpu_bytes(row.config)
    threads = row.threads or row.config.threads
    return Waiting(
        row.id, race, position, arms, threads, device, memory_estimate=estimate, instant=row.instant,
        replicas=row.config.replicas,
    )  # fmt: skip


def _lab_waiting(row: LabJobRow) -> Waiting:
    return Waiting(row.id, 0, row.id, 1, row.threads, _device(row, row.config.device), lab=True)


def _device(row: JobRow, wanted: str) -> str:
    """Return where a job may start: on its kind of device from the first start on, on any GPU."""
    kind = row.device.partition(":")[0] if row.device else wanted
    return wanted if wanted.startswith(kind) else kind
