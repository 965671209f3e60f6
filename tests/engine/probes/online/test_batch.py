from collections import Counter

import numpy as np
import pytest
import torch

from engine.probes.online.batch import choose, probe_batch
from tests.engine.training import tiny


def test_balanced_with_pairs_of_one_class():
    batch = probe_batch(tiny.images(), 32)
    assert Counter(Counter(batch.labels.tolist()).values()) == {4: 8}
    assert len(batch) == 32


def test_images_are_those_of_the_training_set_normalised():
    images = tiny.images()
    batch = probe_batch(images, 32)
    indices = torch.from_numpy(choose(images.train.labels.numpy(), 32))
    assert len(set(indices.tolist())) == 32
    assert torch.equal(batch.inputs, images.normalise(images.train.pixels[indices]))
    assert torch.equal(batch.labels, images.train.labels[indices])


@pytest.mark.parametrize(
    ("size", "wanted"), [(8, [4, 4]), (10, [5, 5]), (30, [5, 5, 4, 4, 4, 4, 4]), (64, 4 * [7] + 6 * [6])]
)
def test_any_size(size, wanted):
    labels = np.arange(200) % 10
    found = Counter(labels[choose(labels, size)].tolist())
    assert sorted(found.values(), reverse=True) == wanted


def test_a_class_with_few_images_gives_what_it_has():
    labels = np.array([0] * 50 + [1] * 2)
    assert Counter(labels[choose(labels, 16)].tolist()) == {0: 8, 1: 2}


def test_the_choice_depends_on_the_data_alone():
    labels = np.arange(500) % 7
    torch.manual_seed(1)
    np.random.seed(1)
    first = choose(labels, 32)
    torch.manual_seed(2)
    np.random.seed(2)
    assert np.array_equal(first, choose(labels, 32))
