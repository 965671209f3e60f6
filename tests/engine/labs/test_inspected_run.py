"""A training as a lab sees it: measured again it gives what its run recorded, and nothing of it changes."""

import copy

import pytest
import torch

from engine.errors import CheckpointError
from engine.events import Split
from tests.engine.labs.bench import PRECISIONS, ended
from tests.engine.labs.inspected_runs import trained


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("shortcut", ["none", "A"])
def test_measured_again_it_gives_what_was_recorded(shortcut, precision):
    inspected = trained(model__shortcut=shortcut, precision=precision)
    model = inspected.model()
    splits = [Split.TRAIN_CLEAN, Split.TEST_SUBSET, Split.TEST]
    found = ended(inspected.scores(inspected.evaluator(model), model, splits))
    for split, score in found.items():
        assert score.error == inspected.stored[split].error
        assert score.loss == pytest.approx(inspected.stored[split].loss, abs=1e-6)


def test_nets_are_copies():
    inspected = trained()
    before = copy.deepcopy(inspected.document["model"])
    with torch.no_grad():
        for parameter in inspected.model().parameters():
            parameter.zero_()
    after = inspected.model().state_dict()
    assert all(torch.equal(after[name].cpu(), tensor) for name, tensor in before.items())


def test_an_earlier_state_is_another_net():
    inspected = trained()
    ((step, load),) = inspected.trail
    assert step < inspected.step
    earlier, now = inspected.model_of(load()).state_dict(), inspected.model().state_dict()
    assert any(not torch.equal(earlier[name], now[name]) for name in now)


def test_the_strength_that_was_set_last_holds():
    inspected = trained(model__shortcut="A")
    document = copy.deepcopy(inspected.document)
    document["progress"]["changes"] = [[1, "strength", 0.5, 3], [2, "lr", 0.1, 4], [3, "strength", 0.0, 5]]
    strengths = {module.strength for module in inspected.model_of(document).modules() if hasattr(module, "strength")}
    assert strengths == {0.0}


def test_a_state_of_another_net_is_refused():
    inspected = trained()
    with pytest.raises(CheckpointError, match="other tensors"):
        inspected.model_of(trained(model__depth=14).document)


def test_an_older_state_of_a_net_that_computes_something_else_now_is_refused():
    inspected = trained(model__shortcut="B:order=full-pre")
    inspected.model()
    with pytest.raises(CheckpointError, match="its projections had another input"):
        inspected.model_of(inspected.document | {"format": 1})
    residual = trained(model__shortcut="A")
    residual.model_of(residual.document | {"format": 1})
