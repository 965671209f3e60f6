"""The embedded images for labs, decoded in memory once per process, without a workspace."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from engine.config import ModelConfig
from engine.data.downloads import fashion_mnist_mini
from engine.data.images import Images, ImageSet
from engine.data.registry import get_source

NAME = "fashion-mnist-mini"
#: Images are averaged over 2x2 pixels, to 14x14.
POOL = 2

Pixels = npt.NDArray[np.uint8]


@lru_cache(maxsize=2)
def embedded_images(pool: int = POOL) -> ImageSet:
    """Return the project's Fashion-MNIST, averaged over ``pool`` x ``pool`` pixels. Raises DataError.

    Pixels, mean and scale equal those of runs (``engine.data.images.load_images``).
    """
    raw = fashion_mnist_mini.load(Path(), lambda text: None)
    train, test = (_averaged(images, pool) for images in (raw.train_images, raw.test_images))
    mean = train.sum(0, dtype=np.int64) / len(train)
    squares = np.square(train, dtype=np.uint16).sum(0, dtype=np.int64) / len(train)
    return ImageSet(
        name=NAME,
        train=_images(train, raw.train_labels),
        test=_images(test, raw.test_labels),
        mean=torch.from_numpy(mean.astype(np.float32)),
        scale=float(np.sqrt(np.mean(squares - np.square(mean)).clip(0))),
        classes=get_source(NAME).classes,
        checksum=f"embedded, pool {pool}",
    )


def model_config(images: ImageSet, depth: int, shortcut: str, width: int) -> ModelConfig:
    """Return the config of a net for ``images``. Raises ConfigError."""
    sizes = {"channels": images.channels, "classes": len(images.classes), "image_size": images.image_size}
    return ModelConfig.checked(depth=depth, shortcut=shortcut, width=width, **sizes)


def _images(pixels: Pixels, labels: npt.NDArray[Any]) -> Images:
    return Images(torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64)))


def _averaged(images: Pixels, pool: int) -> Pixels:
    n, channels, size, _ = images.shape
    tiles = images.reshape(n, channels, size // pool, pool, size // pool, pool)
    averages: Pixels = np.rint(tiles.mean(axis=(3, 5), dtype=np.float32)).astype(np.uint8)
    return averages
