"""Faults in the engine: legal moves, heartbeats, scheduling, signals, lockstep, checkpoints, trials, forks."""

from tests.faults.fault import Fault, Room

ROOM = Room(
    name="engine",
    quick=(
        "tests/engine/runs/supervisor/test_scheduler.py",
        "tests/engine/runs/worker/test_checkpoint_store.py",
        "tests/engine/runs/worker/test_engine_link.py",
        "tests/engine/runs/supervisor/test_worker_pool.py",
        "tests/engine/runs/protocol/test_forking.py",
        "tests/engine/runs/worker/test_retrying_writer.py",
    ),
    rest=(
        "tests/engine/runs",
        "tests/contracts/test_launchers.py",
        "tests/engine/config",
    ),
    faults=(
        Fault(
            name="illegal-move",
            file="engine/runs/supervisor/commands.py",
            text="row.state in RESUMABLE | {_S.FAILED}:",
            faulty="row.state in RESUMABLE | {_S.FAILED, _S.FINISHED}:",
            breaks="A finished run can be resumed, and is queued again with nothing to do.",
        ),
        Fault(
            name="missing-heartbeat",
            file="engine/runs/worker/engine_link.py",
            text="writer.jobs.beat(self._run)",
            faulty="pass",
            breaks="A worker that is in a long step, or paused by its pace, looks as if it were dead.",
        ),
        Fault(
            name="engine-without-heartbeat",
            file="engine/runs/supervisor/supervisor.py",
            text="        self._writer.presence.engine_beat()\n",
            faulty="",
            breaks="A living engine looks as if it did not answer.",
        ),
        Fault(
            name="one-slot-too-many",
            file="engine/runs/supervisor/scheduler.py",
            text="if len(here) >= 2 * cores:",
            faulty="if len(here) > 2 * cores:",
            breaks="One run more than 2 x cores trains at once.",
        ),
        Fault(
            name="lockstep-off-by-one",
            file="engine/runs/lockstep.py",
            text="step - slowest >= ahead",
            faulty="step - slowest > ahead",
            breaks="In lockstep a run gets one step further ahead than it may.",
        ),
        Fault(
            name="newest-autosave-removed",
            file="engine/runs/worker/checkpoint_store.py",
            text="for row in ordered[:-1] if row.step not in fixed",
            faulty="for row in ordered if row.step not in fixed",
            breaks="The autosave that was just written is removed; a lost run goes back to its last tenth.",
        ),
        Fault(
            name="pause-outranked",
            file="engine/runs/worker/engine_link.py",
            text="Signal.ENGINE_GONE: 1, Signal.PAUSE: 2,",
            faulty="Signal.ENGINE_GONE: 2, Signal.PAUSE: 1,",
            breaks="A run that a person paused goes on by itself when its engine vanishes meanwhile.",
        ),
        Fault(
            name="larger-of-equal-rates",
            file="engine/runs/protocol/trials.py",
            text="(trial.error, trial.lr, trial)",
            faulty="(trial.error, -trial.lr, trial)",
            breaks="Of equally good learning rates the larger one is taken, against the stated rule.",
        ),
        Fault(
            name="forks-forget-a-change",
            file="engine/runs/protocol/forking.py",
            text="row.step <= step and not (longer",
            faulty="row.step < step and not (longer",
            breaks="A change that came into force with the very step that is forked is lost in the fork.",
        ),
        Fault(
            name="measurements-written-twice",
            file="engine/runs/worker/retrying_writer.py",
            text="                    self._unsaved.popleft()\n",
            faulty="                    self._unsaved.pop()\n",
            breaks="After a locked database the oldest measurement is written again and a later one is dropped.",
        ),
        Fault(
            name="stopped-run-becomes-lost",
            file="engine/runs/supervisor/worker_pool.py",
            text='        _log.warning("run %d: %s", run, how)\n        if row.state == RunState.STOPPING:',
            faulty='        _log.warning("run %d: %s", run, how)\n        if row.state == RunState.STOPPED:',
            breaks="A run that was told to stop is called lost when its worker dies on the way.",
        ),
        Fault(
            name="unmet-change-called-done",
            file="engine/runs/supervisor/interventions.py",
            text="asked.step is None and row.state in FINAL:",
            faulty="asked.step is None and row.state in FINAL - {_S.DIVERGED}:",
            breaks="A change that a run never took, because it diverged first, is said to be done.",
            added_late=True,
        ),
        Fault(
            name="rate-of-zero",
            file="engine/config/change.py",
            text="(self.low < value if self.above",
            faulty="(self.low <= value if self.above",
            breaks="A live run takes a learning rate of 0 and stands still.",
        ),
    ),
)
