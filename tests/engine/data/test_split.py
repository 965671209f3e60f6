from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st

from engine.config import DataConfig
from engine.data.images import hold_out, load_images
from engine.data.split import held_out
from tests.engine.data import sources
from tests.engine.training import tiny


@given(images=st.integers(1, 3_000), data=st.data())
@example(images=50_000, data=None)
def test_every_image_is_in_one_part(images, data):
    size = 5_000 if data is None else data.draw(st.integers(1, images))
    stay, held = held_out(images, size)
    assert (len(stay), len(held)) == (images - size, size)
    assert np.array_equal(np.sort(np.concatenate([stay, held])), np.arange(images))
    again = held_out(images, size)
    assert np.array_equal(held, again[1])
    assert set(held_out(images, size // 2)[1]) <= set(held)


def test_the_papers_split_holds_out_all_classes_alike():
    _, held = held_out(50_000, 5_000)
    share = np.bincount(held % 10) / len(held)  # as if labels went round
    assert share.min() > 0.08
    assert share.max() < 0.12


@pytest.mark.parametrize("on_disk", [False, True])
def test_held_out_images_are_no_part_of_anything(on_disk):
    whole = tiny.images()
    whole = replace(whole, train=replace(whole.train, on_disk=on_disk))
    whole = replace(whole, scale=(whole.train.pixels - whole.mean).square().mean().sqrt().item())
    parts = hold_out(whole, 50)
    stay, held = map(torch.from_numpy, held_out(200, 50))
    assert (len(parts.train), len(parts.validation), len(parts.test)) == (150, 50, 120)
    pixels, labels = parts.train.batch(torch.arange(150))
    assert torch.equal(pixels, whole.train.pixels[stay])
    assert torch.equal(labels, whole.train.labels[stay])
    assert torch.equal(parts.validation.batch(torch.tensor([3, 1]))[0], whole.train.pixels[held[[3, 1]]])
    assert torch.equal(parts.validation.labels, whole.train.labels[held])
    assert parts.train.pixels.data_ptr() == whole.train.pixels.data_ptr()  # shared, not copied
    assert torch.allclose(parts.mean, pixels.float().mean(0), atol=1e-4)
    assert parts.scale == pytest.approx((pixels - parts.mean).square().mean().sqrt().item(), rel=1e-4)
    assert not torch.equal(parts.mean, whole.mean)
    assert len({whole.checksum, parts.checksum, hold_out(whole, 51).checksum}) == 3


def test_loading_holds_out_what_the_config_says(monkeypatch, tmp_path):
    sources.register(monkeypatch)
    whole = load_images(DataConfig(name=sources.NAME), tmp_path)
    parts = load_images(DataConfig(name=sources.NAME, validation=15), tmp_path)
    assert whole.validation is None
    assert (len(whole.train), len(parts.train), len(parts.validation), len(parts.test)) == (40, 25, 15, 20)
    assert whole.to(torch.device("cpu")).validation is None
    assert torch.equal(parts.to(torch.device("cpu")).validation.labels, parts.validation.labels)
