"""The workload of the benchmark: a residual net of the paper's size on synthetic images. Torch-free."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Images in the synthetic training set.
IMAGES = 2048
SIZE, CLASSES = 32, 10


@dataclass(frozen=True, slots=True)
class Workload:
    """A net with option A's shortcuts, width 16, on 32x32 colour images in batches of ``batch_size``.

    ``compile``: both loops train with generated code. ``graph``: the engine replays a recorded update.
    """

    depth: int
    batch_size: int = 128
    compile: bool = False
    graph: bool = False

    @property
    def net(self) -> str:
        """The net's name, for example ``resnet-20``."""
        return f"resnet-{self.depth}"


def wait(device: str) -> None:
    """Wait for a GPU's queued work."""
    import torch

    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()


def synthetic_images() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return noise and random labels, the same at every call.

    Shapes: uint8 (IMAGES, 3, 32, 32) and int64 (IMAGES,).
    """
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (IMAGES, 3, SIZE, SIZE), dtype=np.uint8)
    return pixels, rng.integers(0, CLASSES, IMAGES)
