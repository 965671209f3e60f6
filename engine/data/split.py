"""The training set in two: what is trained on, and a held-out part. Paper: He et al. 2015, section 4.2 (45k/5k split).

Which images are held out depends on the data set and their number alone: all arms, seeds and races share them, and a
larger held-out part contains a smaller one.
"""

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:  # engine.data.images imports this module
    from engine.data.images import ImageSet

#: Keeps this choice apart from those of the live subsets, which draw from the seed 0.
_SEED = 45_000
#: Images per step of the sums below.
_CHUNK = 2_000


def held_out(images: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices that stay and those that are held out, ascending, int64."""
    order = np.random.default_rng(_SEED).permutation(images)
    return np.sort(order[size:]), np.sort(order[:size])


def hold_out(images: "ImageSet", size: int) -> "ImageSet":
    """Return ``images`` with ``size`` of its training images as ``validation``.

    Mean and scale are those of the images that stay. The parts are copies: this process no longer shares the training
    set's memory with others.
    """
    stay, held = (torch.from_numpy(part) for part in held_out(len(images.train), size))
    make = type(images.train)
    train = make(images.train.pixels[stay], images.train.labels[stay])
    mean, scale = _statistics(train.pixels)
    return replace(
        images,
        train=train,
        validation=make(images.train.pixels[held], images.train.labels[held]),
        mean=mean,
        scale=scale,
        checksum=hashlib.sha256(f"{images.checksum} without {size}".encode()).hexdigest(),
    )


def _statistics(pixels: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Return the per-pixel mean, float32 (channels, S, S), and the standard deviation around it."""
    mean = sum(chunk.sum(0, dtype=torch.float64) for chunk in pixels.split(_CHUNK)) / len(pixels)
    squares = sum((chunk - mean).square_().sum() for chunk in pixels.split(_CHUNK)) / pixels.numel()
    return mean.float(), float(squares.sqrt()) or 1.0
