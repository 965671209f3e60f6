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
_CHUNK = 1_000


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
    train, validation = (
        replace(images.train, pixels=images.train.pixels[part], labels=images.train.labels[part])
        for part in (stay, held)
    )
    mean, scale = _statistics(images, validation.pixels)
    return replace(
        images,
        train=train,
        validation=validation,
        mean=mean,
        scale=scale,
        checksum=hashlib.sha256(f"{images.checksum} without {size}".encode()).hexdigest(),
    )


def _statistics(images: "ImageSet", held: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Return per-pixel mean, float32 (channels, S, S), and scale of what stays when ``held`` is taken away.

    From those of the whole, so that only the held-out images are gone through.
    """
    whole, mean = len(images.train), images.mean.double()
    stay = whole - len(held)
    deviations = sum((chunk - mean).sum(0) for chunk in held.split(_CHUNK))
    squares = sum((chunk - mean).square().sum() for chunk in held.split(_CHUNK))
    shift = -deviations / stay
    left = whole * mean.numel() * images.scale**2 - squares - stay * shift.square().sum()
    return (mean + shift).float(), float((left / (stay * mean.numel())).clamp(min=0).sqrt()) or 1.0
