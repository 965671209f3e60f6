"""Training in the mapping lab against one net trained alone by torch, and against results that are known exactly."""

import math

import pytest
import torch

from engine.labs.block_stacks import WIDTH
from engine.labs.mapping import arms, training
from engine.labs.mapping.nets import Stacks, Start
from engine.labs.mapping.plan import HEAT, MappingTask, Problem
from engine.labs.mapping.scores import cells
from engine.labs.mapping.targets import answers, draw, table
from tests.engine.labs.mapping.test_nets import reference


def trained(arm, blocks, problems, steps, rates, batch=64):
    *_, last = training.train(MappingTask(HEAT, arm, blocks, tuple(problems), steps), batch, rates)
    return last


@pytest.mark.parametrize("arm", [arms.PLAIN, arms.SCALED, arms.PLAIN_BN], ids=lambda arm: arm.figure)
def test_many_nets_at_once_are_trained_as_each_alone(arm):
    problems = [Problem(target, seed, decay=0.01) for target in (arms.ROTATION, arms.CONSTANT) for seed in (0, 1)]
    together = trained(arm, 2, problems, 20, arms.RATES)
    for number, problem in enumerate(problems):
        for index in (1, 3):
            alone = trained(arm, 2, [problem], 20, arms.RATES[index : index + 1])
            torch.testing.assert_close(alone.errors[:, 0, 0], together.errors[:, number, index], rtol=2e-5, atol=1e-8)


@pytest.mark.parametrize("arm", [arms.PLAIN, arms.RESIDUAL_BN], ids=lambda arm: arm.figure)
def test_training_is_that_of_torch(arm, monkeypatch):
    monkeypatch.setattr(training, "CLOSEST", 1)
    problem = Problem(arms.SMOOTH, 3, decay=0.02)
    errors = trained(arm, 2, [Problem(arms.IDENTITY, 1), problem], 5, (0.03, 0.1), batch=16).errors[:, 1, 1]
    stacks, ask = Stacks(arm, 2, [Start(3)]), table([problem])
    generator = torch.Generator().manual_seed(5)
    examined = torch.randn(256, WIDTH, generator=torch.Generator().manual_seed(99))
    _, leaves = reference(stacks, 0, examined)
    sgd = torch.optim.SGD(leaves.values(), lr=0.1, momentum=0.9, weight_decay=0.02)
    for step in range(6):
        for name, leaf in leaves.items():
            stacks.parts[name][:, 0] = leaf.detach().float()
        out, _ = reference(stacks, 0, examined)
        assert (out - ask(examined)[0]).square().mean().item() == pytest.approx(errors[step].item(), rel=1e-4)
        x = torch.randn(16, WIDTH, generator=generator)
        out, used = reference(stacks, 0, x)
        (out - ask(x)[0]).square().mean().backward()
        for name, leaf in leaves.items():
            leaf.grad = used[name].grad
        sgd.step()


def test_all_arms_see_the_same_inputs(monkeypatch):
    monkeypatch.setattr(training, "CLOSEST", 1)
    seen, forward = {}, Stacks.forward

    def watched(self, x, keep=False):
        seen.setdefault(self.arm.name, []).append(x.clone())
        return forward(self, x, keep)

    monkeypatch.setattr(Stacks, "forward", watched)
    for arm in arms.ARMS:
        trained(arm, 1, [Problem(arms.ROTATION, 7)], 4, (0.1,))
    first, *others = seen.values()
    assert all(torch.equal(a, b) for other in others for a, b in zip(first, other, strict=True))
    assert len({tuple(x.flatten()[:3].tolist()) for x in first}) == 5


def test_from_the_exact_identity_minus_x_ends_at_the_zero_map():
    """The product of the blocks cannot change sign; loss 1.00 whatever the rate."""
    last = trained(arms.PLAIN, 6, [Problem(arms.NEGATED, 0, start=1.0)], 150, arms.RATES[1:4])
    assert last.errors[0, 0, 0].item() == pytest.approx(4.0, abs=0.1)
    assert last.final.min().item() == pytest.approx(1.0, abs=0.02)


def test_plain_stacks_reach_constants_first():
    """2 blocks: below 1 % after 28 steps plain, 72 residual."""
    steps = {}
    for arm in (arms.PLAIN, arms.SCALED):
        (cell,) = cells(trained(arm, 2, [Problem(arms.CONSTANT, seed) for seed in range(2)], 120, arms.RATES), 2)
        losses = cell.errors.clamp_min(1e-12).log().mean(1).exp()
        steps[arm] = min(cell.steps[int((losses[:, rate] < 0.01).float().argmax())] for rate in range(6)
                         if (losses[:, rate] < 0.01).any())  # fmt: skip
    assert steps[arms.PLAIN] < steps[arms.SCALED]


def test_a_net_that_diverges_is_left_out_of_the_choice_of_the_rate():
    (cell,) = cells(trained(arms.RESIDUAL, 6, [Problem(arms.IDENTITY, s) for s in (0, 1)], 60, (0.003, 0.01, 9.0)), 2)
    assert math.isnan(cell.rates()[2])
    assert cell.best in (0, 1)
    assert cell.error < 10
    (lost,) = cells(trained(arms.RESIDUAL, 6, [Problem(arms.IDENTITY, 0)], 60, (9.0,)), 1)
    assert math.isinf(lost.error)
    assert math.isnan(lost.rate)


def test_pulses_do_not_change_what_is_found(monkeypatch):
    task = MappingTask(HEAT, arms.PLAIN, 2, (Problem(arms.SMOOTH, 0),), 40)
    whole = list(training.train(task, 64))
    monkeypatch.setattr(training, "PULSE", 40)
    pulsed = list(training.train(task, 64))
    assert len(pulsed) > len(whole)
    torch.testing.assert_close(pulsed[-1].errors, whole[-1].errors, rtol=0, atol=0, equal_nan=True)
    assert pulsed[-1].steps == whole[-1].steps


def test_flushing_ends_with_the_block():
    tiny = torch.tensor(1e-40)
    with training.denormals_flushed():
        assert tiny.mul(1.0) == 0
    assert tiny.mul(1.0) > 0


def test_targets_are_what_they_are_called():
    draws, x = draw(11), torch.randn(50, WIDTH, generator=torch.Generator().manual_seed(0))
    h = {target: answers(Problem(target, 11), draws, x) for target in arms.TARGETS[:-1]}
    assert torch.equal(h[arms.IDENTITY], x)
    assert torch.equal(h[arms.NEGATED], -x)
    assert not h[arms.ZERO].any()
    assert (h[arms.CONSTANT] == h[arms.CONSTANT][0]).all()
    torch.testing.assert_close(h[arms.ROTATION].norm(dim=1), x.norm(dim=1))
    assert torch.det(draws.rotation).item() == pytest.approx(1.0, abs=1e-4)
    matrix = torch.linalg.lstsq(x, h[arms.DEFINITE]).solution
    torch.testing.assert_close(matrix, matrix.T, rtol=1e-3, atol=1e-4)
    values = torch.linalg.eigvalsh(matrix)
    assert [values[0].item(), values[-1].item()] == pytest.approx([0.3, 2.0], rel=1e-3)
    for toward, end in ((arms.CONSTANT, h[arms.CONSTANT]), (arms.NEGATED, -x)):
        half = answers(Problem(arms.BLEND, 11, toward=toward, blend=0.25), draws, x)
        torch.testing.assert_close(half, 0.75 * x + 0.25 * end)


#: By other code, 300 steps, 4 seeds: errors at 2 / 6 blocks, and how many powers of ten apart they may be.
PUBLISHED = {
    arms.PLAIN: {arms.IDENTITY: (0.046, 0.65), arms.ROTATION: (0.045, 0.63), arms.NEGATED: (0.042, 0.63),
                 arms.SMOOTH: (0.093, 0.28)},
    arms.IDENTITY_START: {arms.IDENTITY: (1e-5, 7e-5), arms.NEGATED: (1.0, 1.0), arms.SMOOTH: (0.083, 0.091)},
    arms.SCALED: {arms.IDENTITY: (2e-5, 3e-4), arms.NEGATED: (1.5e-3, 0.19), arms.SMOOTH: (0.091, 0.093)},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("arm", PUBLISHED, ids=lambda arm: arm.figure)
def test_errors_are_those_of_the_literature_of_this_project(arm):
    for column, blocks in enumerate((2, 6)):
        problems = [Problem(target, seed) for target in PUBLISHED[arm] for seed in range(4)]
        found = cells(trained(arm, blocks, problems, 300, arms.RATES), 4)
        for cell, published in zip(found, PUBLISHED[arm].values(), strict=True):
            assert math.log10(cell.error) == pytest.approx(math.log10(published[column]), abs=0.1)
