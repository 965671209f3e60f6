"""Trainings for tests of labs that look at one: tiny nets after a few steps on made-up images."""

from functools import cache

from engine.events import Evaluated
from engine.labs.inspected_run import InspectedRun
from engine.training.evaluate import Score
from tests.engine.training import tiny


@cache
def trained(run: int = 1, precision: str = "fp32", **changes) -> InspectedRun:
    """Return a finished training as a lab gets it; ``changes`` as in ``tiny.config``. Never change its tensors."""
    config = tiny.config(**{"optim__steps": 12, "eval_every": 6, **changes})
    training = tiny.trainer(config, precision)
    half, middle, stored = config.optim.steps // 2, None, {}
    for event in training.events():
        if training.progress.step == half and middle is None:
            middle = training.state()
        if isinstance(event, Evaluated) and event.step == config.optim.steps:
            stored[event.split] = Score(event.split, event.loss, event.error, event.images)
    state, name = training.state(), config.model.arm
    assert middle is not None
    trail = [(half, lambda: middle)]
    return InspectedRun(
        run, name, config, config.optim.steps, state, stored, tiny.images(), tiny.device(precision), trail
    )
