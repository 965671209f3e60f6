"""What every worker trains: a residual net of the paper's size on synthetic images. Torch-free description."""

from dataclasses import dataclass

import numpy as np

#: Images in the synthetic training set; a worker goes round in it.
IMAGES = 2048
SIZE, CLASSES = 32, 10


@dataclass(frozen=True, slots=True)
class Workload:
    """A net with option A's shortcuts, width 16, on 32x32 colour images in batches of ``batch_size``."""

    depth: int
    batch_size: int = 128

    @property
    def net(self) -> str:
        """The net's name, for example ``resnet-20``."""
        return f"resnet-{self.depth}"


def synthetic_images() -> tuple[np.ndarray, np.ndarray]:
    """Return noise: uint8 (IMAGES, 3, 32, 32) and labels int64 (IMAGES,)."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (IMAGES, 3, SIZE, SIZE), dtype=np.uint8)
    return pixels, rng.integers(0, CLASSES, IMAGES)
