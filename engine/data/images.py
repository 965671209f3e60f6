"""The images a run trains on, in memory as one uint8 tensor per split, and what is done to them before the net."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from engine.config import DataConfig
from engine.data.cache import load_decoded
from engine.data.registry import get_source
from engine.data.split import hold_out


@dataclass(frozen=True)
class Images:
    """One split. Shapes: pixels uint8 (N, channels, S, S); labels int64 (N,)."""

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Images":
        """Return the split on ``device``; the same tensors where it lies there already."""
        return Images(self.pixels.to(device), self.labels.to(device))


@dataclass(frozen=True)
class ImageSet:
    """A data set in memory.

    Shapes: ``mean`` float32 (channels, S, S), the training set's per-pixel mean in units of the pixels. ``scale``
    is the training set's standard deviation around it. ``checksum`` identifies the content. ``validation`` was held
    out of the training set (``engine.data.split``), None where nothing was.
    """

    name: str
    train: Images
    test: Images
    mean: Tensor
    scale: float
    classes: tuple[str, ...]
    checksum: str
    validation: Images | None = None

    @property
    def channels(self) -> int:
        """Channels of an image."""
        return self.mean.shape[0]

    @property
    def image_size(self) -> int:
        """Side of an image in pixels, after pooling."""
        return self.mean.shape[-1]

    def to(self, device: torch.device) -> "ImageSet":
        """Return the set with all tensors on ``device``."""
        held = None if self.validation is None else self.validation.to(device)
        return replace(
            self, train=self.train.to(device), test=self.test.to(device), mean=self.mean.to(device), validation=held
        )

    def normalise(self, pixels: Tensor) -> Tensor:
        """Subtract the per-pixel mean and scale: uint8 (N, channels, S, S) -> float32 of the same shape.

        Paper: He et al. 2015, section 4.2 ("with the per-pixel mean subtracted").
        """
        # DEVIATION: the paper subtracts only. Dividing by one number for the whole set gives all data sets the same
        # range; the first BN takes the factor out again, so it changes the stem's effective weight decay at most.
        return (pixels - self.mean).mul_(1.0 / self.scale)


def load_images(config: DataConfig, workspace: Path, report: Callable[[str], None] = lambda text: None) -> ImageSet:
    """Return the data set of ``config``, decoded into the workspace at the first call and shared by all processes.

    ``report`` is told in words what takes long. Raises ConfigError (unknown name, pooling that does not divide the
    size) and DataError (no network, damaged files, folder not writable), each in one line.
    """
    decoded = load_decoded(config.name, config.pool, workspace, report)
    raw = decoded.raw
    images = ImageSet(
        name=config.name,
        train=Images(torch.from_numpy(raw.train_images), torch.from_numpy(raw.train_labels)),
        test=Images(torch.from_numpy(raw.test_images), torch.from_numpy(raw.test_labels)),
        mean=torch.from_numpy(decoded.mean),
        scale=decoded.scale,
        classes=get_source(config.name).classes,
        checksum=decoded.checksum,
    )
    return hold_out(images, config.validation) if config.validation else images
