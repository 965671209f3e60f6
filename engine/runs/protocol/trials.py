"""Which learning rate ``lr=tuned`` takes: pure functions on the trials of one arm. Torch-free.

Of the trials that finished, the one with the lowest running training error at its last step gives the rate; of equal
ones the smaller rate. A trial gives no rate if it diverged, failed, was lost or was stopped. Neither does a trial whose
warm-up never ended, because it trained at the rate of the warm-up.
"""

from engine.events import RunState
from engine.store.tables.tuning import ArmTuning, TrialRow

#: Detail of a trial that paused because the runs that wait for it did, and goes on with them.
WITH_ITS_RUNS = "paused with the runs that wait for it"


def best(arm: ArmTuning) -> TrialRow | None:
    """Return the trial whose rate the arm's runs take, None if no trial gives one."""
    ranked = [
        (trial.error, trial.lr, trial) for trial in arm.trials if why_not(trial) is None and trial.error is not None
    ]
    return min(ranked, key=lambda entry: entry[:2])[2] if ranked else None


def why_not(trial: TrialRow) -> str | None:
    """Return in a few words why a trial that ended gives no rate, None if it gives one."""
    if trial.state != RunState.FINISHED:
        return trial.state.value
    if trial.error is None:
        return "without a finite error"
    return "never out of the warm-up" if trial.warming else None


def in_words(arm: ArmTuning, chosen: TrialRow) -> str:
    """Return what goes on the record of a run that takes the rate."""
    at_edge = ", at the edge of the grid" if chosen.lr in (arm.trials[0].lr, arm.trials[-1].lr) else ""
    words = f"learning rate {chosen.lr:g}: best of {len(arm.trials)} after {chosen.total_steps} steps"
    return f"{words} ({chosen.error:.1f} % training error){at_edge}"


def progress(arm: ArmTuning) -> str:
    """Return how far the search for an arm's rate is, for people."""
    words = f"{arm.done} of {len(arm.trials)} trials done"
    paused = [
        str(trial.run) for trial in arm.trials if trial.state == RunState.PAUSED and trial.detail != WITH_ITS_RUNS
    ]
    return f"{words}; paused: {', '.join(paused)}" if paused else words
