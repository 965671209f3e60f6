"""The smoothness lab: its bands against a slow reference, and that measuring changes nothing of a training."""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from engine.config import DataConfig
from engine.labs.registry import LABS, check_settings
from engine.labs.smoothness import step_range
from engine.labs.smoothness.lab import SmoothnessLab
from engine.labs.smoothness.plan import KINDS, refuse, seconds
from engine.labs.smoothness.step_range import LENGTHS, Band, Descent
from tests.engine.labs.bench import CPU, DEVICE, results
from tests.engine.training import tiny

ROW = LABS["smoothness"]
QUICK = {"steps": 4, "moments": 2, "width": 4, "batch": 8, "depth": 8}


def descent(**changes):
    config = tiny.config(optim__lr=0.1, **changes)
    return Descent(config.model_copy(update={"data": DataConfig(name="tiny", crop=0, flip=False)}), tiny.images(), CPU)


def band_of(training, step, lr):
    parts = list(training.band(step, lr))
    assert parts[:-1] == [None] * len(LENGTHS)
    return parts[-1]


def test_a_band_is_what_a_slow_reference_finds():
    training = descent(model__shortcut="A")
    for _ in training.steps(3):
        pass
    band, (inputs, labels) = band_of(training, 4, 0.1), training.batch(4)

    def at(shift, slopes):
        net = copy.deepcopy(training.model)
        for parameter, slope in zip(net.parameters(), slopes, strict=True):
            parameter.data -= shift * slope
        loss = F.cross_entropy(net(inputs), labels)
        loss.backward()
        return loss.item(), [parameter.grad for parameter in net.parameters()]

    zero = [torch.zeros_like(parameter) for parameter in training.model.parameters()]
    loss, slopes = at(0.0, zero)
    flat = torch.cat([slope.flatten() for slope in slopes])
    assert band.loss == pytest.approx(loss, rel=1e-5)
    betas = []
    for place, length in enumerate(LENGTHS):
        there, others = at(0.1 * length, slopes)
        change = (torch.cat([slope.flatten() for slope in others]) - flat).norm()
        assert band.losses[place] == pytest.approx(there, rel=1e-5)
        assert band.changes[place] == pytest.approx((change / flat.norm()).item(), rel=1e-3)
        betas.append((change / (0.1 * length * flat.norm())).item())
    assert band.beta == pytest.approx(max(betas), rel=1e-3)


def test_on_a_quadratic_bowl_beta_is_its_curvature(monkeypatch):
    """L = c/2 ||w||^2 has a gradient that changes by c times the way, whatever the step."""
    bowl = nn.Linear(5, 1, bias=False)
    monkeypatch.setattr(step_range, "_loss_and_gradient", lambda net, *_: (
        1.5 * net.weight.square().sum().item(), [3.0 * net.weight.detach().clone()]
    ))  # fmt: skip
    training = descent()
    training.model = bowl
    band = band_of(training, 1, 0.1)
    assert band.beta == pytest.approx(3.0, rel=1e-5)
    assert band.changes == pytest.approx([0.3 * length for length in LENGTHS], rel=1e-5)
    assert band.losses == pytest.approx([band.loss * (1 - 0.3 * length) ** 2 for length in LENGTHS], rel=1e-4)


def test_measuring_changes_nothing_of_the_training():
    followed, alone = descent(), descent()
    for step, _ in followed.steps(4):
        list(followed.band(step, 0.1))
    for _ in alone.steps(4):
        pass
    for (name, one), other in zip(followed.model.state_dict().items(), alone.model.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


def test_a_training_ends_with_a_loss_that_is_not_finite():
    training = descent()
    next(iter(training.model.parameters())).data.fill_(math.nan)
    assert [step for step, _ in training.steps(5)] == [1]


def test_all_kinds_start_from_the_same_draws_and_see_the_same_batches():
    lab = SmoothnessLab(check_settings(ROW, QUICK), DEVICE)
    trainings = [lab._descent(kind, 0.1, 3) for kind in KINDS]
    stems = [next(weight for name, weight in t.model.named_parameters() if weight.ndim == 4) for t in trainings]
    assert all(torch.equal(stems[0], stem) for stem in stems)
    pixels = [training.batch(7)[0] for training in trainings]
    assert all(torch.equal(pixels[0], other) for other in pixels)


def test_each_kind_trains_at_its_best_rate_and_ends_of_the_grid_are_counted():
    lab = SmoothnessLab(check_settings(ROW, QUICK), DEVICE)
    kind = next(iter(KINDS))
    losses = {0.01: 3.0, 0.03: 2.0, 0.1: math.inf, 0.3: 2.0, 1.0: math.inf}
    done = {f"{kind}: rate {rate!r}": loss for rate, loss in losses.items()}
    assert lab._best(kind, done) == 0.03
    assert not lab._at_edge(kind, done)
    assert lab._at_edge(kind, done | {f"{kind}: rate 1.0": 0.1})


def test_with_one_rate_there_are_no_trials():
    settings = check_settings(ROW, QUICK | {"rates": "one for all", "rate": 0.03, "seeds": 2})
    lab = SmoothnessLab(settings, DEVICE)
    assert [unit.name for unit in lab.plan()] == [f"{kind}: seed {seed}" for kind in KINDS for seed in (0, 1)]
    curves, figures = results(lab.events())
    assert {figures[f"{name}_rate"] for name in ("plain", "plain_bn", "residual", "residual_bn")} == {"0.03"}
    assert {name for panel, name in curves if panel == "beta"} == {
        *KINDS, *(f"{kind}; seed {seed}" for kind in KINDS for seed in (0, 1))
    }  # fmt: skip


def test_bands_hold_the_seeds_extremes():
    lab = SmoothnessLab(check_settings(ROW, QUICK), DEVICE)
    one, other = (
        {"rate": 0.1, "steps": [1], "bands": [list(Band(loss, [loss, 2 * loss, 3 * loss] * 3, [0.1 * loss] * 7, loss))]}
        for loss in (1.0, 4.0)
    )
    curves = {(t.panel, t.name.text): t.y[0] for t in lab._band_curves("plain with BN", [one, other])}
    assert curves["loss", "plain with BN"] == pytest.approx(2.0)
    assert (curves["loss", "plain with BN; low"], curves["loss", "plain with BN; high"]) == (1.0, 12.0)
    assert curves["beta", "plain with BN"] == pytest.approx(2.0)
    assert curves["stability", "plain with BN"] == pytest.approx(0.2)


@pytest.mark.parametrize(("settings", "words"), [({"depth": 21}, "6n+2"), ({"moments": 70}, "at most steps")])
def test_what_does_not_go_together_is_refused(settings, words):
    assert words in refuse(ROW.defaults() | settings)


def test_the_estimate_grows_with_the_work():
    usual = ROW.defaults()
    assert seconds(usual) < seconds(usual | {"seeds": 2}) < seconds(usual | {"seeds": 2, "steps": 120})
    assert seconds(usual | {"rates": "one for all"}) < seconds(usual)
