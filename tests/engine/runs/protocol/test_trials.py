"""Which rate is taken of the trials of an arm."""

from engine.events import RunState
from engine.runs.protocol.trials import best
from engine.store.tables.tuning import ArmTuning, TrialRow

S = RunState


def trial(lr, error, state=S.FINISHED, warming=False):
    return TrialRow(1, lr, state, 60, 60, error, warming, "", "")


def arm(*trials):
    return ArmTuning(20, "none", tuple(trials))


def test_the_best_is_the_lowest_error_of_those_that_finished_and_of_equals_the_smaller_rate():
    assert best(arm(trial(0.01, 40.0), trial(0.1, 30.0), trial(1.0, 35.0))).lr == 0.1
    assert best(arm(trial(0.01, 30.0), trial(0.1, 30.0), trial(1.0, 35.0))).lr == 0.01
    assert best(arm(trial(0.01, 40.0), trial(0.1, 3.0, S.DIVERGED), trial(1.0, 3.0, S.STOPPED))).lr == 0.01
    assert best(arm(trial(0.01, 40.0), trial(0.1, None), trial(1.0, 3.0, S.FAILED))).lr == 0.01
    assert best(arm(trial(0.01, 40.0), trial(0.1, 3.0, warming=True))).lr == 0.01
    assert best(arm(trial(0.1, None), trial(1.0, 3.0, S.LOST))) is None
