"""The fixed images that nets are probed on: drawn from the data set alone, the same for all arms, seeds and steps.

Un-augmented and normalised like the training images. Balanced over a few classes, so that there are pairs of images of
one class and pairs of two.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.data.images import ImageSet

#: Images of one class at least: that many agree by pairs (six pairs a class).
PER_CLASS = 4


@dataclass(frozen=True)
class ProbeBatch:
    """Shapes: ``inputs`` float32 (N, channels, S, S), ``labels`` int64 (N,)."""

    inputs: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


def probe_batch(images: ImageSet, size: int) -> ProbeBatch:
    """Return ``size`` training images, fewer where the set has too few; classes differ by one image at most."""
    indices = torch.from_numpy(choose(images.train.labels.cpu().numpy(), size))
    pixels, labels = images.train.batch(indices)
    return ProbeBatch(images.normalise(pixels), labels)


def choose(labels: np.ndarray, size: int) -> np.ndarray:
    """Return the indices of the chosen images, int64, class after class; ``labels`` int64 (N,)."""
    generator = np.random.default_rng(0)
    present = generator.permutation(np.unique(labels))
    classes = present[: max(1, min(len(present), size // PER_CLASS))]
    each, more = divmod(size, len(classes))
    chosen = [
        generator.permutation(np.flatnonzero(labels == label))[: each + (place < more)]
        for place, label in enumerate(classes)
    ]
    return np.concatenate(chosen).astype(np.int64)
