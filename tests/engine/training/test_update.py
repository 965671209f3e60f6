"""One update against arithmetic by hand, and what of a run's seed its inputs depend on."""

import pytest
import torch

from engine.data.batches import BatchStream
from engine.models.build import build_model
from engine.training.optim import build_optimizer
from engine.training.update import Update
from tests.engine.training import tiny


def update_of(run):
    model = build_model(run.model, run.seed)
    optimizer = build_optimizer(model, run.optim)
    return model, Update(model, optimizer, tiny.images(), run, tiny.device())


@pytest.mark.parametrize(("momentum", "decay"), [(0.0, 0.0), (0.5, 0.0), (0.9, 1e-4), (0.5, 0.1)])
def test_momentum_and_weight_decay_are_those_of_the_config(momentum, decay):
    """v <- m v + g + d w, then w <- w - lr v (He et al. 2015, section 4.2), three times."""
    run = tiny.config(optim__momentum=momentum, optim__weight_decay=decay, optim__lr=0.05)
    model, update = update_of(run)
    parameters = dict(model.named_parameters())
    velocity = {name: torch.zeros_like(parameter) for name, parameter in parameters.items()}
    for step in (1, 2, 3):
        before = {name: parameter.detach().clone() for name, parameter in parameters.items()}
        update(step)
        for name, parameter in parameters.items():
            velocity[name] = momentum * velocity[name] + parameter.grad + decay * before[name]
            torch.testing.assert_close(parameter.detach(), before[name] - 0.05 * velocity[name], msg=name)


def test_seeds_crop_and_mirror_the_same_images_differently(monkeypatch):
    indices = BatchStream(0, 200, 16).indices(1)
    monkeypatch.setattr(BatchStream, "indices", lambda self, step: indices)
    inputs = {}
    for seed, crop, flip in ((0, 1, True), (1, 1, True), (2, 1, True), (0, 0, False), (1, 0, False)):
        model, update = update_of(tiny.config(seed=seed, data__crop=crop, data__flip=flip))
        model.register_forward_pre_hook(lambda m, given, at=(seed, crop): inputs.__setitem__(at, given[0].clone()))
        update(1)
    augmented = [inputs[seed, 1] for seed in (0, 1, 2)]
    assert not any(torch.equal(augmented[one], augmented[other]) for one, other in ((0, 1), (0, 2), (1, 2)))
    assert torch.equal(inputs[0, 0], inputs[1, 0])
