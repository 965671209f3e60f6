"""The living workers of this engine and of a dead engine; the pool records the end of each worker.

No run gets a second worker while the first worker lives.
"""

import logging
import time
from collections.abc import Mapping

from engine.events import ALIVE, ENGINE_GONE, RunState
from engine.runs.launchers.registry import Capacity, Launched, Launcher, LeftBehind
from engine.runs.protocol.job import Job
from engine.runs.supervisor.scheduler import Active
from engine.store.connection import BUSY_TIMEOUT_S
from engine.store.reader import Reader
from engine.store.rows import JobRow, LabJobRow, RunRow
from engine.store.writer import Writer

#: A worker of a dead engine ends within its grace; the pool kills the worker after this time.
LEFT_BEHIND_S = 20.0
#: A worker gives a sign of life every second; without any for so long it hangs.
HUNG_S = 60.0
#: The same on a cluster. It gives a silent node up after about 60 s, and tells that the node was lost, not the worker.
AWAY_HUNG_S = 90.0
#: A run whose node was lost is queued again, so often in a row.
MAX_LOST_PLACES = 3
#: A gap between two looks counts for no more: this engine, or the whole machine, may have stood still. A round that
#: waits for a locked database lasts as long as this.
_MAX_GAP_S = BUSY_TIMEOUT_S + 2.0

_log = logging.getLogger(__name__)


class WorkerPool:
    """All workers of one workspace."""

    def __init__(self, launcher: Launcher, reader: Reader, writer: Writer):
        self._launcher, self._reader, self._writer = launcher, reader, writer
        self._launched: dict[int, Launched] = {}
        self._dropped: set[int] = set()
        self._silent_s: dict[int, float] = {}
        self._looked_at = time.monotonic()
        self._forced: dict[int, str] = {}
        self._trouble = ""
        self._delays: dict[int, str] = {}
        self._left_behind: dict[int, tuple[JobRow, LeftBehind]] = {}
        self._adopted_at = time.monotonic()

    def __len__(self) -> int:
        return len(self._launched) + len(self._left_behind)

    def active(self) -> list[Active]:
        """Return the occupied devices, for the scheduler."""
        return [
            *(
                Active(
                    job.run,
                    job.threads,
                    job.device,
                    job.lab,
                    instant=job.instant,
                    further=job.further,
                    replicas=job.replicas,
                    is_late=job.run in self._delays,
                )
                for job in (worker.job for worker in self._launched.values())
            ),
            *(
                Active(
                    row.id,
                    row.threads or 1,
                    row.device or "cpu",
                    isinstance(row, LabJobRow),
                    instant=isinstance(row, RunRow) and row.instant,
                    replicas=row.config.replicas if isinstance(row, RunRow) else 1,
                )
                for row, _ in self._left_behind.values()
            ),
        ]

    def has(self, run: int) -> bool:
        """Return whether a worker of this engine has the run."""
        return run in self._launched

    def occupies(self, run: int) -> bool:
        """Return whether a worker of this engine or of a dead one has the run."""
        return run in self._launched or run in self._left_behind

    def is_left_behind(self, run: int) -> bool:
        """Return whether a dead engine's worker still has the run."""
        return run in self._left_behind

    @property
    def trouble(self) -> str:
        """What keeps workers from being started, in one line; '' for nothing."""
        return self._trouble

    @property
    def delays(self) -> Mapping[int, str]:
        """Runs whose own start is late, with the reason; nothing keeps other workers from being started."""
        return self._delays

    @property
    def left_behind(self) -> int:
        """How many workers of a dead engine still live."""
        return len(self._left_behind)

    def capacity(self) -> Capacity | None:
        """Return what runs are planned for, None for this machine."""
        return self._launcher.capacity()

    def launch(self, job: Job) -> None:
        """Start a worker."""
        self._silent_s.pop(job.run, None)
        self._launched[job.run] = self._launcher.launch(job)

    def withdraw(self, run: int) -> bool:
        """Forget the run's worker if its start has not begun; return whether no process has the run."""
        if (worker := self._launched.get(run)) is None:
            return not self.is_left_behind(run)
        if worker.place or not worker.withdraw():
            return False
        self._end_placement(run)  # a cluster may place the worker at this moment
        del self._launched[run]
        return True

    def send(self, run: int, word: str) -> None:
        """Send ``pause``, ``stop`` or ``changes`` to the run's worker, if there is one."""
        if run in self._launched:
            self._launched[run].send(word)

    def send_all(self, word: str) -> None:
        """Send ``pause`` or ``stop`` to all workers."""
        for worker in self._launched.values():
            worker.send(word)

    def drop(self, run: int) -> None:
        """End the run's worker at once, if there is one. Nothing is recorded: the caller deletes the run."""
        if run in self._launched:
            self._dropped.add(run)
            self._launched[run].kill()

    def kill_all(self) -> None:
        """Kill all workers."""
        for worker in self._launched.values():
            worker.kill()

    def end_by_force(self, run: int, cause: str) -> None:
        """Kill the run's worker; its end is recorded with this cause."""
        if run in self._launched and run not in self._forced:
            _log.warning("run %d: %s", run, cause)
            self._forced[run] = cause
            self._launched[run].kill()

    def end_all_by_force(self, cause: str) -> None:
        """Kill all workers of this engine; their ends are recorded with this cause."""
        for run in list(self._launched):
            self.end_by_force(run, cause)

    def end_hung(self, limit_s: float | None = None) -> None:
        """End the workers that give no sign of life for so long. Call it about once a second.

        Only time that this engine saw counts: after a pause of the machine every worker has its whole time again.
        """
        if limit_s is None:
            limit_s = HUNG_S if self._launcher.capacity() is None else AWAY_HUNG_S
        now = time.monotonic()
        gap, self._looked_at = min(now - self._looked_at, _MAX_GAP_S), now
        living = {run: worker for run, worker in self._launched.items() if worker.place}
        self._silent_s = {
            run: 0.0 if worker.shows_life() else self._silent_s.get(run, 0.0) + gap for run, worker in living.items()
        }
        for run, silent_s in self._silent_s.items():
            if silent_s >= limit_s:
                self.end_by_force(run, f"worker gave no sign of life for {limit_s:g} s; ended by force")

    def watch(self) -> None:
        """Find ended workers; a run whose worker recorded no end is lost or failed, with a cause."""
        self._tell_trouble()
        for run, worker in list(self._launched.items()):
            if (how := worker.ended()) is not None:
                # Write first: after a refused write the next round finds the worker again.
                if run not in self._dropped:
                    self._record_end(run, self._forced.get(run, how), bool(worker.place), worker.is_lost_with_place)
                self._dropped.discard(run)
                self._forced.pop(run, None)
                del self._launched[run]
        for run, (row, left) in list(self._left_behind.items()):
            if not left.lives():
                self._take_back(run)
                del self._left_behind[run]
            elif time.monotonic() - self._adopted_at > LEFT_BEHIND_S:
                _log.warning("the worker of run %d (%s) did not end with its engine; ending it", row.id, left.place)
                left.kill()

    def mark_lost(self) -> None:
        """Mark the runs at work without a worker as lost. Call after ``adopt``."""
        for row in self._reader.jobs.all(ALIVE):
            if not self.occupies(row.id):
                self._record_end(row.id, "it has no worker")

    def adopt(self, none_lives: bool = False) -> None:
        """Take over the runs of a dead engine: wait for their workers, then queue the runs. May be repeated.

        Args:
            none_lives: The workers on record are another workspace's, of which this one is a copy: leave them alone.
        """
        self._adopted_at = time.monotonic()
        for row in self._reader.jobs.all([*ALIVE, RunState.PAUSED]):
            if not _is_orphan(row):
                continue
            if not none_lives and (left := self._launcher.adopt(row)) is not None:
                self._left_behind[row.id] = (row, left)
                if row.state in ALIVE:
                    self._writer.jobs.update(row.id, detail="waits for the worker of the engine before to end")
            else:
                self._take_back(row.id)

    def _take_back(self, run: int) -> None:
        """Queue a run of a dead engine again."""
        row = self._reader.jobs.get(run)
        if row is None or not _is_orphan(row):
            return
        self._end_placement(run)  # a worker that a cluster gave up for dead may live
        if row.state == RunState.STOPPING:
            self._writer.jobs.move(run, RunState.STOPPED, detail="stopped; its engine ended", ended=time.time())
            return
        # One transaction: a crash in between would leave the run lost.
        self._writer.jobs.move(
            run, RunState.QUEUED, via=RunState.LOST if row.state in ALIVE else None,
            detail="resumed by a new engine", cause="", ended=None,
        )  # fmt: skip
        _log.info("run %d: taken back from the engine before", run)

    def _tell_trouble(self) -> None:
        """Say on the runs that wait for their workers what keeps them from being started."""
        trouble = self._launcher.trouble()
        delays = {run: worker.delay for run, worker in self._launched.items() if worker.delay}
        if (trouble, delays) == (self._trouble, self._delays):
            return
        for run, worker in self._launched.items():
            row = None if worker.place else self._reader.jobs.get(run)
            if row is not None and row.state == RunState.STARTING:
                reason = trouble or delays.get(run, "")
                detail = f"starting its worker: {reason}" if reason else "starting its worker"
                self._writer.jobs.update(run, detail=detail)
        self._trouble, self._delays = trouble, delays  # last: the next round repeats a refused write

    def _record_end(self, run: int, how: str, was_started: bool = True, with_place: bool = False) -> None:
        row = self._reader.jobs.get(run)
        self._end_placement(run, lost=with_place)
        if row is None or row.state not in ALIVE:
            return
        if with_place and self._goes_on_elsewhere(row, how):
            return
        _log.warning("run %d: %s", run, how)
        if row.state == RunState.STOPPING:
            self._writer.jobs.move(run, RunState.STOPPED, detail=f"stopped; {how}", ended=time.time())
        else:
            state = RunState.LOST if was_started else RunState.FAILED
            self._writer.jobs.move(run, state, only_from=ALIVE, cause=how, detail="", ended=time.time())

    def _goes_on_elsewhere(self, row: JobRow, how: str) -> bool:
        """Queue a run again whose node was lost; return False for one that stops, or that lost too many nodes."""
        if row.state == RunState.STOPPING or self._reader.placements.lost_in_a_row(row.id) > MAX_LOST_PLACES:
            return False
        _log.warning("run %d: %s; queued again", row.id, how)
        detail = f"{how}; goes on elsewhere from its newest checkpoint"
        return self._writer.jobs.move(
            row.id, RunState.QUEUED, via=RunState.LOST, only_from={row.state}, detail=detail, cause="", ended=None
        )

    def _end_placement(self, run: int, lost: bool = False) -> None:
        if self._reader.placements.current(run) is not None:
            self._writer.placements.end(run, lost)


def _is_orphan(row: JobRow) -> bool:
    """Return whether the run was at work when its engine ended."""
    return row.state in ALIVE or (row.state == RunState.PAUSED and row.detail == ENGINE_GONE)
