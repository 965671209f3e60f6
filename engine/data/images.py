"""The images a run trains on: one uint8 tensor per split, and what is done to them before the net.

A set is in memory, on the run's device, unless it is larger than a share of the machine's memory: then the tensor is
a memory map of the decoded copy, stays on the host, and only batches travel. Both give the same batches.
"""

import hashlib
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import psutil
import torch
from torch import Tensor

from engine.config import DataConfig
from engine.data.files.cache import load_decoded
from engine.data.split import held_out, statistics_without

#: Sets whose pixels take more than this share of the machine's memory stay on the disk.
MEMORY_SHARE = 0.25


@dataclass(frozen=True)
class Images:
    """One split. Shapes: pixels uint8 (N, channels, S, S); labels int64 (N,).

    ``on_disk``: the pixels are a memory map and never move; labels are on the device all the same. ``chosen``: the
    split is only these of the pixels, int64 (N,), so that parts of a set share its memory.
    """

    pixels: Tensor
    labels: Tensor
    on_disk: bool = False
    chosen: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> "Images":
        """Return the split on ``device``; the same tensors where it lies there already."""
        pixels = self.pixels if self.on_disk else self.pixels.to(device)
        chosen = self.chosen if self.chosen is None or self.on_disk else self.chosen.to(device)
        return replace(self, pixels=pixels, labels=self.labels.to(device), chosen=chosen)

    def batch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Return pixels uint8 (k, channels, S, S) and labels int64 (k,) of some images, on the split's device.

        ``indices`` int64 (k,) may be on the host or on that device. Waits for the device only where the pixels stay on
        the disk and the indices are on the device.
        """
        device = self.labels.device
        on_device = indices.to(device, non_blocking=True)
        if not self.on_disk:
            return self.pixels[on_device if self.chosen is None else self.chosen[on_device]], self.labels[on_device]
        on_host = indices.cpu()
        pixels = self.pixels[on_host if self.chosen is None else self.chosen[on_host]]
        if device.type == "cuda":
            pixels = pixels.pin_memory().to(device, non_blocking=True)
        return pixels.to(device), self.labels[on_device]


@dataclass(frozen=True)
class ImageSet:
    """A data set.

    Shapes: ``mean`` float32 (channels, S, S), the training set's per-pixel mean in units of the pixels. ``scale``
    is the training set's standard deviation around it. ``checksum`` identifies the content. ``validation`` was held
    out of the training set, None where nothing was. ``remark`` says in one line what was left out, '' if nothing was,
    ``description`` what was taken for what below a path.
    """

    name: str
    train: Images
    test: Images
    mean: Tensor
    scale: float
    classes: tuple[str, ...]
    checksum: str
    validation: Images | None = None
    remark: str = ""
    description: str = ""

    @property
    def channels(self) -> int:
        """Channels of an image."""
        return self.mean.shape[0]

    @property
    def image_size(self) -> int:
        """Side of an image in pixels, after pooling."""
        return self.mean.shape[-1]

    def to(self, device: torch.device) -> "ImageSet":
        """Return the set with all tensors on ``device``, but for pixels that stay on the disk."""
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

    Raises: ConfigError (unknown name, pooling that does not divide the size) and DataError (no network, damaged files,
    images that cannot be trained on, folder not writable), each in one line.
    """
    decoded = load_decoded(config.name, config.pool, workspace, report, config.resize)
    raw = decoded.raw
    on_disk = raw.train_images.nbytes + raw.test_images.nbytes > MEMORY_SHARE * psutil.virtual_memory().total
    images = ImageSet(
        name=config.name,
        train=Images(_mapped(raw.train_images), torch.from_numpy(raw.train_labels), on_disk),
        test=Images(_mapped(raw.test_images), torch.from_numpy(raw.test_labels), on_disk),
        mean=torch.from_numpy(decoded.mean),
        scale=decoded.scale,
        classes=decoded.classes,
        checksum=decoded.checksum,
        remark=decoded.remark,
        description=decoded.description,
    )
    return hold_out(images, config.validation) if config.validation else images


def hold_out(images: ImageSet, size: int) -> ImageSet:
    """Return ``images`` with ``size`` of its training images as ``validation``; no pixel is copied."""
    stay, held = (torch.from_numpy(part) for part in held_out(len(images.train), size))
    train, validation = (replace(images.train, labels=images.train.labels[part], chosen=part) for part in (stay, held))
    held_pixels = (validation.pixels[part] for part in torch.split(held, 1_000))
    mean, scale = statistics_without(images.mean, images.scale, len(images.train), held_pixels)
    checksum = hashlib.sha256(f"{images.checksum} without {size}".encode()).hexdigest()
    return replace(images, train=train, validation=validation, mean=mean, scale=scale, checksum=checksum)


def _mapped(pixels: np.ndarray) -> Tensor:
    with warnings.catch_warnings():
        # Large maps are read-only, and torch has no such tensors; nothing here writes to pixels.
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(pixels)
