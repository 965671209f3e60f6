import copy
from functools import cache

import numpy as np
import pytest
import torch

from engine.config import ModelConfig
from engine.events import Stepped
from engine.models.build import build_model
from engine.probes.online.probe import OnlineProbe
from engine.probes.registry import QUANTITIES, absences
from tests.engine.probes import reference
from tests.engine.training import tiny

#: Quantities that may be close to zero: their error is compared with 1.
AROUND_ZERO = {"update_cosine", "activation_cosine", "gradient_cosine", "dead_share"}


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@cache
def trained(shortcut, precision="fp32"):
    """A tiny net after 60 updates, when all quantities are defined."""
    run = tiny.config(model__shortcut=shortcut, optim__steps=61, eval_every=61)
    training = tiny.trainer(run, precision)
    tiny.until(training.events(), lambda event: event == Stepped(60))
    return training


def probe_of(training):
    return OnlineProbe(training.config, training.images, training.model, training.device)


def fresh(depth, shortcut, precision="fp32", **changes):
    """A net at initialisation and its probe."""
    training = tiny.trainer(tiny.config(model__depth=depth, model__shortcut=shortcut, **changes), precision)
    return training, probe_of(training)


def measure(training, probe, step=60, lr=0.1):
    return probe.measure(training.model, training.optimizer, step, lr)


@pytest.mark.parametrize("shortcut", ["none", "A", "B"])
def test_values_are_those_of_the_slow_reference(shortcut):
    training = trained(shortcut)
    probe = probe_of(training)
    found = measure(training, probe)
    state = training.state()
    wanted = reference.quantities(state["model"], state["momentum"], training.config.model, probe._batch, 0.1)
    assert found.keys() == wanted.keys() == QUANTITIES.keys() - absences("cifar")
    histogram = np.array(wanted.pop("response_histogram"))
    for name, values in wanted.items():
        slack = 1e-5 if name in AROUND_ZERO else 0.0
        np.testing.assert_allclose(found[name], values, rtol=1e-5, atol=slack, err_msg=name)
    # A value on an edge may fall to either side of it: the shares below each edge agree to two values of a layer.
    steps = np.abs(np.cumsum(found["response_histogram"] - histogram, axis=1)).max(1)
    sizes = [z.numel() for z in reference.Pass(state["model"], training.config.model, probe._batch.inputs, True).z]
    assert (steps * sizes < 2.1).all()


@pytest.mark.parametrize("shortcut", ["none", "B"])
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_nothing_is_changed(shortcut, precision):
    training = copy.deepcopy(trained(shortcut, precision))
    model, probe = training.model, probe_of(training)
    for parameter in model.parameters():  # a copy has none
        parameter.grad = torch.rand_like(parameter)
    gradients = {name: (p.grad, p.grad.clone()) for name, p in model.named_parameters()}
    before, random = training.state(), torch.get_rng_state()
    first, second = measure(training, probe), measure(training, probe)
    after = training.state()
    for kind in ("model", "momentum"):
        assert all(torch.equal(before[kind][name], after[kind][name]) for name in before[kind])
    assert torch.equal(torch.get_rng_state(), random)
    for name, parameter in model.named_parameters():
        kept, value = gradients[name]
        assert parameter.grad is kept
        assert torch.equal(kept, value)
    for module in model.modules():
        assert module.training
        assert not module._forward_hooks
        assert not module._forward_pre_hooks
        assert getattr(module, "track_running_stats", True)
    assert all(np.array_equal(first[name], second[name]) for name in first)


def test_a_failure_in_the_middle_leaves_the_net_as_it_was(monkeypatch):
    training, probe = fresh(8, "A")
    monkeypatch.setattr("engine.probes.online.measure.Response.channel_moments", property(lambda self: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        measure(training, probe)
    assert all(module.training and not module._forward_hooks for module in training.model.modules())
    assert all(getattr(module, "track_running_stats", True) for module in training.model.modules())


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("shortcut", ["none", "A"])
@pytest.mark.parametrize("depth", [20, 56, 110])
def test_response_std_is_one_at_initialisation(depth, shortcut, precision):
    training, probe = fresh(depth, shortcut, precision)
    arrays = measure(training, probe, step=0, lr=None)
    assert arrays["response_std"].shape == (depth - 1,)
    np.testing.assert_allclose(arrays["response_std"], 1.0, atol=0.02)
    np.testing.assert_allclose(arrays["gamma_abs"], 1.0)


def test_what_is_not_defined_yet_is_nan_and_nothing_else():
    training, probe = fresh(8, "A")
    arrays = measure(training, probe, step=0, lr=None)
    assert {name for name, values in arrays.items() if np.isnan(values).any()} == {"response_std_eval", "update_ratio"}
    assert np.isnan(arrays["update_ratio"]).all()
    settling = probe_of(trained("A")).measure(trained("A").model, trained("A").optimizer, 49, 0.1)
    assert np.isnan(settling["response_std_eval"]).all()
    assert np.isfinite(settling["update_ratio"]).all()


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), 3e38])
@pytest.mark.parametrize("shortcut", ["none", "A"])
def test_a_net_that_is_not_finite_gives_values_that_are_not_finite(bad, shortcut):
    training = copy.deepcopy(trained(shortcut))
    with torch.no_grad():
        training.model.stage2.block1.conv2.weight[0, 0] = bad
        training.model.stage2.block1.conv2.weight[0, 1] = -bad
    arrays = measure(training, probe_of(training))
    assert np.isfinite(arrays["response_std"][:4]).all()  # the stem, stage 1 and the layer before
    assert not np.isfinite(arrays["response_std"][4:]).any()
    assert not np.isfinite(arrays["gradient_response"]).any()
    assert not np.isfinite(arrays["dead_share"][4:]).any()
    shares = arrays["response_histogram"]
    assert (shares[:4, -1] == 0).all()
    assert (shares[4:, -1] > 0).all()
    np.testing.assert_allclose(shares.sum(1), 1.0, rtol=1e-5)


def test_dead_layers_have_no_direction_and_are_said_to_be_dead():
    training = copy.deepcopy(trained("none"))
    with torch.no_grad():
        training.model.stage1.block1.bn2.weight.zero_()
        training.model.stage1.block1.bn2.bias.fill_(-1.0)
    arrays = measure(training, probe_of(training))
    assert arrays["dead_share"][2] == 1.0
    assert arrays["dead_share"][1] < 1.0
    assert arrays["response_std"][2] == 0.0
    assert np.isnan(arrays["activation_cosine"][2])
    assert arrays["gradient_response"][2] == 0.0
    assert np.isnan(arrays["gradient_cosine"][2])
    assert arrays["update_size"][0] > 0
    assert np.isnan(arrays["update_size"][1])  # the next block's x is zero


def test_the_run_s_own_precision_is_measured():
    training = trained("A")
    exact = measure(training, probe_of(training))
    rounded_training = copy.deepcopy(training)
    rounded_training.device = tiny.device("bf16")
    rounded = measure(rounded_training, probe_of(rounded_training))
    np.testing.assert_allclose(rounded["response_std"], exact["response_std"], rtol=0.02)
    assert not np.array_equal(rounded["response_std"], exact["response_std"])
    assert np.array_equal(rounded["update_ratio"], exact["update_ratio"])


def test_all_runs_of_a_race_look_at_the_same_images():
    _, one = fresh(8, "none", seed=1)
    _, other = fresh(14, "A", seed=2)
    assert torch.equal(one._batch.inputs, other._batch.inputs)
    assert one.images == 32
    assert fresh(8, "A", probe__images=12)[1].images == 12


@pytest.mark.slow
@pytest.mark.parametrize("shortcut", ["none", "A"])
def test_the_deepest_net(shortcut):
    training, probe = fresh(1202, shortcut, "bf16", model__width=2, probe__images=8)
    arrays = measure(training, probe)
    assert arrays["response_std"].shape == (1201,)
    assert arrays["update_size"].shape == (600,)
    assert len(probe.layers) == 1801
    np.testing.assert_allclose(arrays["response_std"], 1.0, atol=0.02)
    # A plain net's gradient grows by 1.2 per layer: after some hundred layers it is beyond 32-bit floats, and that is
    # what the optimizer sees as well.
    finite = np.isfinite(arrays["gradient_response"])
    assert finite[-200:].all()
    assert finite[0] == (shortcut == "A")


def test_the_reference_knows_every_3x3_layer():
    net = build_model(ModelConfig(depth=8, shortcut="B", width=4, channels=1, image_size=8), 0)
    seen = reference.Pass(net.state_dict(), net.config, torch.randn(4, 1, 8, 8), True)
    convs = [name for name, module in net.named_modules() if getattr(module, "kernel_size", None) == (3, 3)]
    assert [name for name, _ in seen.layers] == convs


@pytest.mark.parametrize("shortcut", ["none", "B"])
@pytest.mark.parametrize(("depth", "layers", "blocks"), [(18, 17, 8), (50, 17, 16)])
def test_nets_of_the_imagenet_family_are_measured(depth, layers, blocks, shortcut):
    changes = {"model__family": "imagenet", "model__stem": "small", "optim__steps": 61, "eval_every": 61}
    training = tiny.trainer(tiny.config(model__depth=depth, model__shortcut=shortcut, **changes))
    tiny.until(training.events(), lambda event: event == Stepped(3))
    probe = probe_of(training)
    before = training.state()["model"]
    arrays = measure(training, probe, step=3)
    assert all(torch.equal(before[name], tensor) for name, tensor in training.state()["model"].items())
    lengths = {"layer": layers, "relu": layers, "sublayer": blocks, "stage": 5, "bin": layers}
    assert arrays.keys() == QUANTITIES.keys() - absences("imagenet")
    for name in arrays:
        length = lengths.get(
            QUANTITIES[name].per, sum(place.channels for place in probe.layers if place.kind == "layer")
        )
        assert len(arrays[name]) == length, name
        assert np.isfinite(arrays[name]).all() or name == "response_std_eval", name
