"""The conditioning lab as a whole: its order, its parts, and what its curves and figures say together."""

import math

import numpy as np
import pytest
import torch

from engine.events import CurveUpdated, MetricReported, Progressed
from engine.labs.conditioning import training
from engine.labs.conditioning.arms import (
    ARMS,
    LINEAR_STARTS,
    LINEAR_TARGETS,
    NET_RATES,
    SINGLE_TARGETS,
    TWIN,
    TWO_LAYER_FORMS,
    depths,
    factors,
)  # fmt: skip
from engine.labs.conditioning.expectation import DRAWS, LEFT
from engine.labs.conditioning.kernel import inputs, net_kernel
from engine.labs.conditioning.lab import PARTS, ConditioningLab
from engine.labs.conditioning.linear_maps import FLOOR
from engine.labs.registry import LABS, check_settings
from engine.labs.seed_curves import geometric
from engine.labs.spec import metric_key
from tests.engine.labs.bench import DEVICE

ROW = LABS["conditioning"]
SMALL = {"blocks": 2, "seeds": 2, "trained_blocks": 2, "steps": 10, "linear_steps": 30, "factors": 2, "cap": 100}
BY_NAME = {arm.name: arm for arm in ARMS}


def events(**settings):
    torch.set_num_threads(DEVICE.threads)
    return list(ConditioningLab(check_settings(ROW, SMALL | settings), DEVICE).events())


@pytest.fixture(scope="module")
def whole():
    """Curves (panel, name) -> (x, y) and figures of all parts."""
    found = events()
    curves = {(e.panel, e.name.text): (e.x, e.y) for e in found if isinstance(e, CurveUpdated)}
    return found, curves, {e.name: e.value for e in found if isinstance(e, MetricReported)}


def test_kernels_come_first_and_the_first_curve_at_once(whole):
    found, _, _ = whole
    assert isinstance(found[0], Progressed)
    assert isinstance(found[1], CurveUpdated)
    assert found[1].panel == "spectrum"
    words = [event.words.partition(":")[0] for event in found if isinstance(event, Progressed)]
    assert list(dict.fromkeys(words)) == [
        "kernel", "kernel along training", "linear nets", "scalar product", "all measured",
    ]  # fmt: skip


@pytest.mark.parametrize("part", PARTS)
def test_a_part_alone_finds_what_it_finds_among_all(part, whole):
    _, curves, figures = whole
    alone = events(part=part)
    last = {(e.panel, e.name.text): (e.x, e.y) for e in alone if isinstance(e, CurveUpdated)}
    assert last
    assert repr({key: curves[key] for key in last}) == repr(last)
    values = {e.name: e.value for e in alone if isinstance(e, MetricReported)}
    assert values
    assert repr({name: figures[name] for name in values}) == repr(values)


def test_curves_are_geometric_means_of_their_seeds_and_stay_modest(whole):
    _, curves, _ = whole
    for panel in ("spectrum", "condition", "participation", "along", "training_loss", "training_rates"):
        names = [name for where, name in curves if where == panel and ";" not in name]
        assert set(names) == set(BY_NAME)
        for name in names:
            x, y = curves[panel, name]
            parts = [curves[panel, f"{name}; seed {seed}"] for seed in (0, 1)]
            assert all(part[0] == x for part in parts)
            for value, a, b in zip(y, parts[0][1], parts[1][1], strict=True):
                assert value == pytest.approx(math.sqrt(a * b), nan_ok=True)
    assert max(len(x) for (_, name), (x, _) in curves.items() if not name.endswith("targets")) <= 100


def test_expected_errors_are_the_means_of_single_targets_and_fall_below_a_tenth_where_it_is_said(whole):
    _, curves, figures = whole
    for name in BY_NAME:
        blocks, updates = curves["expected_updates", name]
        assert blocks == [2]
        seeds = [curves["expected_updates", f"{name}; seed {seed}"][1][0] for seed in (0, 1)]
        assert figures[f"expected_updates_{metric_key(name)}_2"] == updates[0] == sum(seeds) / 2
        assert math.isnan(figures[f"expected_updates_{metric_key(name)}_16"])
        x, y = curves["expected_error", name]
        assert all((share < LEFT) == (count >= seeds[0]) for count, share in zip(x, y, strict=True))
        assert (("expected_error", f"{name}; {DRAWS} targets") in curves) == (name in SINGLE_TARGETS)
    for name in SINGLE_TARGETS:
        x, y = curves["expected_error", name]
        lines = np.reshape(curves["expected_error", f"{name}; {DRAWS} targets"], (2, DRAWS, len(x) + 1))
        assert (lines[0, :, :-1] == x).all()
        assert np.isnan(lines[1, :, -1]).all()
        high = np.array(y) > 0.03  # below, some of the lines are drawn at the lower limit
        assert high.sum() > 5
        shares = lines[1, :, :-1][:, high]
        assert (np.abs(shares.mean(0) - np.array(y)[high]) <= 4 * shares.std(0) / math.sqrt(DRAWS)).all()
        assert shares[:, 0].std() > 0


def test_figures_are_read_off_the_curves(whole):
    _, curves, figures = whole
    for name in BY_NAME:
        x, y = curves["condition", name]
        assert x == [2]
        assert figures[f"{metric_key(name)}_log10_condition"] == pytest.approx(math.log10(y[-1]))
        assert curves["along", name][1][0] == pytest.approx(y[0])
        share = curves["spectrum", f"{name}; seed 0"][1]
        assert share[0] == 1
        assert 1 / share[-1] == pytest.approx(curves["condition", f"{name}; seed 0"][1][0])
        assert (("jacobian", name) in curves) == (not BY_NAME[name].norm)
    for name in ("plain", "residual over L"):
        low, middle, high = (curves["jacobian", f"{name}{part}"][1][0] for part in ("; low", "", "; high"))
        assert low < middle < high
        assert figures[f"{metric_key(name)}_jacobian_median"] == pytest.approx(middle)
    assert figures["linear_equivalence_max_difference"] < 1e-12
    residual, twin = (np.array(curves["equivalence_two", kind][1]) for kind in TWO_LAYER_FORMS)
    assert residual[0] == pytest.approx(twin[0])
    assert figures["linear_two_layer_difference"] == pytest.approx(np.abs(residual - twin).max(), rel=0.01)
    gap = curves["equivalence_gap", TWIN][1][LINEAR_TARGETS.index("rotation")]
    assert figures["linear_two_layer_difference"] == gap
    assert figures["linear_residual_stall_on_negated"] >= 1


def test_a_cell_of_the_table_is_the_end_of_its_curves(whole):
    _, curves, _ = whole
    for start in LINEAR_STARTS:
        columns, losses = curves["linear", start]
        assert columns == list(range(len(LINEAR_TARGETS)))
        for target, loss, rate in zip(LINEAR_TARGETS, losses, curves["linear_rate", start][1], strict=True):
            cell = f"{target}: {start}"
            x, y = curves["linear_loss", cell]
            assert (x[-1], y[-1]) == (30, loss)
            ends = [curves["linear_loss", f"{cell}; seed {seed}"][1][-1] for seed in (0, 1)]
            assert loss == pytest.approx(sum(ends) / 2)
            assert loss >= FLOOR
            rates, tried = curves["linear_rates", cell]
            assert tried[rates.index(rate)] == loss
            assert loss <= 1.06 * min(value for value in tried if not math.isnan(value))


def test_training_is_that_of_torch_and_only_one_net_at_a_time(whole):
    """One net with torch's own optimiser, on the same batches."""
    _, curves, _ = whole
    arm = BY_NAME["residual over L with BN"]
    halts = [stop for stop in training.train(training.Training(arm, 2, [0, 1], "smooth", NET_RATES, 10)) if stop]
    best = training.best_rate(halts[-1])
    rate = NET_RATES[best]
    (block_0, block_1) = training.draw(arm, 2, [1])
    live = [value.requires_grad_() for block in (block_0, block_1) for value in block.values()]
    optimiser = torch.optim.SGD(live, lr=rate, momentum=training.MOMENTUM)
    source, goal = torch.Generator().manual_seed(104_729 + 1), training.target("smooth", 1)
    held = torch.randn(training.HELD_OUT, 16, generator=source).double()
    for _ in range(10):
        x = torch.randn(training.BATCH, 16, generator=source).double()
        optimiser.zero_grad()
        (training.forward([block_0, block_1], x, arm.skip)[0] - goal(x)).square().mean().backward()
        optimiser.step()
    with torch.no_grad():
        error = (training.forward([block_0, block_1], held, arm.skip)[0] - goal(held)).square().mean()
        error /= goal(held).square().mean()
    assert halts[-1].losses[best, 1].item() == pytest.approx(error.item(), rel=1e-6)
    assert curves["training_loss", f"{arm.name}; seed 1"][1][-1] == pytest.approx(error.item(), rel=1e-6)
    kernel = net_kernel(arm, [block_0, block_1], inputs(1))
    assert curves["along", f"{arm.name}; seed 1"][1][-1] == pytest.approx(kernel.condition, rel=1e-4)


def test_the_best_rate_is_never_one_that_diverged():
    losses = torch.tensor([[0.5, 0.5], [0.1, 0.3], [math.inf, 1e-9], [math.inf, math.inf]], dtype=torch.float64)
    assert training.best_rate(training.Stop(10, losses, [])) == 1


def test_grids_stop_at_the_settings():
    assert depths("default", 16) == [2, 6, 16]
    assert depths("default", 10) == [2, 6, 10]
    assert depths("full", 16) == [2, 4, 6, 10, 16]
    assert factors("default", 8) == [2, 4, 8]
    assert factors("full", 2)[-1] == 32
    assert training.stops(100) == [0, 10, 30, 100]
    assert training.stops(10) == [0, 10]
    assert ROW.seconds(ROW.defaults()) < 30 < ROW.seconds(ROW.defaults() | {"grid": "full", "seeds": 10})


def test_means_of_what_is_not_finite_are_gaps():
    assert geometric([1.0, 4.0]) == pytest.approx(2)
    assert geometric([0.0, 4.0]) == 0
    assert math.isnan(geometric([math.inf, 1.0]))
