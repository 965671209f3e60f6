import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.config import DataConfig
from engine.data.augment import augment, crop_offsets, flips
from engine.data.batches import Share

MOVED = DataConfig(crop=4, flip=True)


def crop_by_hand(image: torch.Tensor, down: int, right: int, flipped: bool, crop: int) -> torch.Tensor:
    channels, size, _ = image.shape
    padded = torch.zeros(channels, size + 2 * crop, size + 2 * crop)
    padded[:, crop : crop + size, crop : crop + size] = image
    window = padded[:, down : down + size, right : right + size]
    return window.flip(-1) if flipped else window


@given(crop=st.integers(0, 4), flip=st.booleans(), seed=st.integers(0, 2**31 - 1), step=st.integers(1, 10_000))
def test_agrees_with_one_image_at_a_time(crop, flip, seed, step):
    images = torch.randn(12, 3, 6, 6)
    result = augment(images, seed, step, DataConfig(crop=crop, flip=flip))
    offsets, mirrored = crop_offsets(seed, step, 12, crop), flips(seed, step, 12)
    for i, image in enumerate(images):
        assert torch.equal(result[i], crop_by_hand(image, *offsets[i], flip and mirrored[i], crop))
    if not crop and not flip:
        assert torch.equal(result, images)


def test_draws_are_a_function_of_seed_and_step():
    images = torch.randn(8, 1, 8, 8)
    one, same = (augment(images, 0, 5, MOVED) for _ in range(2))
    assert torch.equal(one, same)
    assert not torch.equal(one, augment(images, 0, 6, MOVED))
    assert not torch.equal(one, augment(images, 1, 5, MOVED))


def test_draws_are_uniform():
    offsets = crop_offsets(0, 1, 20_000, 4)
    counts = np.bincount(offsets.ravel(), minlength=9)
    assert len(counts) == 9
    assert counts.min() > 0.9 * 40_000 / 9
    assert abs(flips(0, 1, 20_000).mean() - 0.5) < 0.02


def test_result_is_channels_last_in_memory():
    for channels in (1, 3):
        for crop, flip in ((0, False), (0, True), (4, False), (4, True)):
            result = augment(torch.randn(4, channels, 8, 8), 0, 1, DataConfig(crop=crop, flip=flip))
            # Kernels may choose by strides: those of a single channel too are always the same.
            assert result.stride() == (64 * channels, 1, 8 * channels, channels)


def test_a_share_has_the_draws_that_its_images_have_in_the_whole_batch():
    images = torch.randn(12, 3, 6, 6)
    whole = augment(images, 0, 5, MOVED)
    for number in range(3):
        share = Share(number, 3)
        assert torch.equal(augment(images[share.of(12)], 0, 5, MOVED, share), whole[4 * number : 4 * number + 4])
