"""Hessian products and their largest eigenvalue against the full Hessian of tiny nets, entry by entry."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call

from engine.probes.offline.hessian import Hessian, sharpest
from tests.engine.probes import stirred


def ended(work):
    """The result of a generator, and what it yielded."""
    said = []
    while True:
        try:
            said.append(next(work))
        except StopIteration as stop:
            return stop.value, said


@pytest.fixture(scope="module")
def net():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(32, 3)
    ).eval()  # fmt: skip


@pytest.fixture(scope="module")
def batch():
    draws = torch.Generator().manual_seed(1)
    return torch.randn(10, 1, 4, 4, generator=draws), torch.arange(10) % 3


@pytest.fixture(scope="module")
def full(net, batch):
    """The full Hessian and gradient, by torch's own functional interface in one piece."""
    names = {name: p.detach() for name, p in net.named_parameters()}

    def loss(flat):
        parts = flat.split([p.numel() for p in names.values()])
        state = {name: part.view_as(p) for (name, p), part in zip(names.items(), parts, strict=True)}
        return F.cross_entropy(functional_call(net, state, (batch[0],)), batch[1])

    flat = torch.cat([p.reshape(-1) for p in names.values()])
    return torch.autograd.functional.hessian(loss, flat), torch.autograd.functional.jacobian(loss, flat)


def chunks(batch):
    return list(zip(batch[0].split(4), batch[1].split(4), strict=True))


@pytest.mark.parametrize("keep", [False, True])
def test_gradient_and_products_in_chunks_are_those_of_the_whole(net, batch, full, keep):
    hessian, (matrix, gradient) = Hessian(net, chunks(batch), keep), full
    found, said = ended(hessian.gradient())
    assert len(said) == 3
    assert torch.allclose(found, gradient, atol=1e-6)
    for seed in range(2):
        vector = torch.randn(len(matrix), generator=torch.Generator().manual_seed(seed))
        assert torch.allclose(ended(hessian.product(vector))[0], matrix @ vector, atol=2e-5)


def test_largest_eigenvalue_is_that_of_the_full_hessian(net, batch, full):
    hessian, (matrix, gradient) = Hessian(net, chunks(batch), True), full
    values = torch.linalg.eigvalsh(matrix.double())
    found, said = ended(sharpest(hessian.product, gradient, 12))
    assert found.top == pytest.approx(float(values[-1]), rel=1e-4)
    assert float(values[0]) - 1e-4 <= found.lowest <= 0
    assert found.along_start == pytest.approx(float(gradient @ matrix @ gradient / (gradient @ gradient)), rel=1e-4)
    assert found.residual < 0.01
    off = matrix @ found.direction - found.top * found.direction
    assert float(off.norm()) < 0.02 * found.top and float(found.direction.norm()) == pytest.approx(1, rel=1e-5)
    heard = [value for value in said if value == value]
    assert len(said) == 36 and heard == sorted(heard), "estimates only grow"


def test_a_quadratic_is_solved_in_as_many_products_as_it_has_dimensions():
    matrix = torch.tensor([[3.0, 1.0, 0.0], [1.0, -2.0, 0.0], [0.0, 0.0, 0.5]])

    def product(vector):
        yield
        return matrix @ vector

    found, said = ended(sharpest(product, torch.tensor([1.0, 1.0, 1.0]), 50))
    values = torch.linalg.eigvalsh(matrix)
    assert [found.lowest, found.top] == pytest.approx([float(values[0]), float(values[-1])], abs=1e-5)
    assert len(said) == 3


def test_a_start_that_reaches_little_ends_early():
    def product(vector):
        yield
        return 2 * vector

    found, said = ended(sharpest(product, torch.ones(9), 5))
    assert found.top == found.lowest == pytest.approx(2) and len(said) == 1


def test_attention_can_be_differentiated_twice():
    model = stirred.net("A", 10, 8, family="vit").double()
    data = [(stirred.images().double(), torch.arange(6))]
    gradient = ended(Hessian(model, data, False).gradient())[0]
    product = ended(Hessian(model, data, False).product(gradient))[0]
    ends = []
    for step in (1e-5, -2e-5):
        with torch.no_grad():
            for part, p in zip(
                gradient.split([p.numel() for p in model.parameters()]), model.parameters(), strict=True
            ):
                p.add_(step * part.view_as(p))
        ends.append(ended(Hessian(model, data, False).gradient())[0])
    assert torch.allclose(product, (ends[0] - ends[1]) / 2e-5, rtol=1e-5, atol=1e-6)
