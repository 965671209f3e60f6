"""The embedded images for labs: decoded in memory, once in a process; no workspace is read or written."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch

from engine.data.downloads import fashion_mnist_mini
from engine.data.images import Images, ImageSet
from engine.data.registry import check_pool, get_source

NAME = "fashion-mnist-mini"
#: Images of the lab are averaged over 2x2 pixels, to 14x14.
POOL = 2


@lru_cache(maxsize=2)
def embedded_images(pool: int) -> ImageSet:
    """Return Fashion-MNIST as it comes with the project, averaged over ``pool`` x ``pool`` pixels.

    Pixels, mean and scale are those that runs train on (``engine.data.images.load_images``). Raises ConfigError when
    ``pool`` does not divide the size, DataError when the file is missing or damaged.
    """
    source = get_source(NAME)
    check_pool(source, pool)
    raw = fashion_mnist_mini.load(Path(), lambda text: None)
    train, test = (_averaged(images, pool) for images in (raw.train_images, raw.test_images))
    mean = train.sum(0, dtype=np.int64) / len(train)
    squares = np.square(train, dtype=np.uint16).sum(0, dtype=np.int64) / len(train)
    scale = float(np.sqrt(np.mean(squares - np.square(mean)).clip(0)))
    parts = (
        Images(torch.from_numpy(pixels), torch.from_numpy(labels.astype(np.int64)))
        for pixels, labels in ((train, raw.train_labels), (test, raw.test_labels))
    )
    return ImageSet(
        NAME, *parts, torch.from_numpy(mean.astype(np.float32)), scale, source.classes, f"embedded, pool {pool}"
    )


def _averaged(images: np.ndarray, pool: int) -> np.ndarray:
    n, channels, size, _ = images.shape
    if pool == 1:
        return images
    tiles = images.reshape(n, channels, size // pool, pool, size // pool, pool)
    return np.rint(tiles.mean(axis=(3, 5), dtype=np.float32)).astype(np.uint8)
