import pytest
import torch

from engine.models.init.rng import Mask, Survival, random_modules, use_means


def drawn(rate, shape=(8, 6, 5, 4), seed=0, step=1, path="stage1/block1/shortcut/mask"):
    mask = Mask(rate)
    mask.path = path
    mask.resample(seed, step)
    return mask(torch.ones(shape))


@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.95])
def test_masks_drop_at_their_rate(rate):
    kept = drawn(rate, (64, 16, 14, 14))
    assert set(kept.unique().tolist()) <= {0.0, 1.0}
    assert kept.mean().item() == pytest.approx(1 - rate, abs=0.005)
    # No image, channel or pixel is preferred.
    for dims in ((1, 2, 3), (0, 2, 3)):
        assert (kept.mean(dims) - (1 - rate)).abs().max() < 0.05


def test_masks_depend_on_seed_step_and_path_and_on_nothing_else():
    first = drawn(0.5)
    assert torch.equal(first, drawn(0.5))
    for other in (drawn(0.5, seed=1), drawn(0.5, step=2), drawn(0.5, path="stage1/block2/shortcut/mask")):
        assert 0.3 < (first != other).float().mean() < 0.7


def test_a_mask_does_not_depend_on_the_memory_layout():
    mask = Mask(0.5)
    mask.resample(0, 1)
    x = torch.randn(4, 3, 6, 5)
    assert torch.equal(mask(x), mask(x.contiguous(memory_format=torch.channels_last)))
    assert torch.equal(mask(x.bfloat16()) != 0, mask(x) != 0)


def test_neighbouring_values_and_steps_are_independent():
    kept = drawn(0.5, (32, 8, 16, 16)).flatten() - 0.5
    later = drawn(0.5, (32, 8, 16, 16), step=2).flatten() - 0.5
    for lag in (1, 2, 8, 128):
        assert abs((kept[lag:] * kept[:-lag]).mean().item()) < 0.004
    assert abs((kept * later).mean().item()) < 0.004


def test_at_test_and_settled_the_mean_is_carried_on():
    mask, x = Mask(0.25), torch.randn(2, 3, 4, 4)
    assert torch.equal(mask(x), 0.75 * x)  # never drawn
    mask.resample(0, 1)
    assert not torch.equal(mask(x), 0.75 * x)
    assert torch.equal(mask.eval()(x), 0.75 * x)
    mask.train().use_mean()
    assert torch.equal(mask(x), 0.75 * x)


def test_blocks_survive_with_their_probability():
    survival = Survival(0.7)
    survival.path = "stage3/block9/coefficient"
    alive = []
    for step in range(1, 4001):
        survival.resample(5, step)
        alive.append(survival.alive)
        assert survival.skips != survival.alive
        assert survival(torch.ones(1)) == (1.0 if survival.alive else 0.7)
    assert sum(alive) / len(alive) == pytest.approx(0.7, abs=0.03)
    survival.eval()
    assert not survival.skips
    assert survival(torch.ones(1)) == 0.7


def test_paths_are_told_and_all_can_be_settled():
    net = torch.nn.Sequential(torch.nn.Sequential(Mask(0.5)), Survival(0.5))
    found = random_modules(net)
    assert [module.path for module in found] == ["0/0", "1"]
    for module in found:
        module.resample(0, 1)
    use_means(net)
    assert found[0].uses_mean and found[1].alive is None
    assert net.state_dict() == {}


def test_a_mask_can_be_thought_through_on_a_gpu():
    """With fake tensors: no device is needed."""
    from torch._subclasses.fake_tensor import FakeTensorMode

    with FakeTensorMode(allow_non_fake_inputs=True):
        mask = Mask(0.5).to("cuda")
        mask.resample(0, 1)
        assert mask(torch.empty(2, 3, 4, 4, device="cuda")).device.type == "cuda"
