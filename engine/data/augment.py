"""Random crops and mirror images on whole batches; the draws are a pure function of (seed, step).

Paper: He et al. 2015, section 4.2: 4 pixels of padding, a random crop, a random horizontal flip.
"""

import numpy as np
import torch
from torch import Tensor

from engine.config import DataConfig
from engine.data.batches import WHOLE, Share

_CROP_TAG, _FLIP_TAG = 2, 3


def crop_offsets(seed: int, step: int, images: int, crop: int) -> np.ndarray:
    """Return where the crop of each image begins, int64 (images, 2) in 0 to 2 x crop (down, right)."""
    return np.random.default_rng([seed, _CROP_TAG, step]).integers(0, 2 * crop + 1, (images, 2))


def flips(seed: int, step: int, images: int) -> np.ndarray:
    """Return which images are mirrored, bool (images,). The stream is its own: crops leave it as it is."""
    return np.random.default_rng([seed, _FLIP_TAG, step]).integers(0, 2, images).astype(bool)


def augment(images: Tensor, seed: int, step: int, data: DataConfig, share: Share = WHOLE) -> Tensor:
    """Return randomly shifted and mirrored copies; the same (seed, step) always gives the same ones.

    ``images`` are those of a share of the batch. They get the draws that they have in the whole batch.

    Shapes: images float (N, channels, S, S), normalised, so that the padding with zeros is the mean image as in the
    paper; the result has the same shape, channels last in memory.
    """
    n, channels, size, _ = images.shape
    crop, batch_size = data.crop, n * share.shares
    places = share.of(batch_size)
    pixels = images.permute(0, 2, 3, 1)
    if crop:
        padded = images.new_zeros(n, size + 2 * crop, size + 2 * crop, channels)
        padded[:, crop:-crop, crop:-crop] = pixels
        # All windows of every image as a view, of which each image copies one: far faster than a gather of pixels.
        image, down, right, channel = padded.stride()
        windows = padded.as_strided(
            (n, 2 * crop + 1, 2 * crop + 1, size, size, channels), (image, down, right, down, right, channel)
        )
        offsets = crop_offsets(seed, step, batch_size, crop)[places]
        rows, columns = torch.from_numpy(offsets.T).to(images.device, non_blocking=True)
        result = windows[torch.arange(n, device=images.device), rows, columns]
    else:
        result = pixels.clone(memory_format=torch.contiguous_format)
    if data.flip:
        mirrored = torch.from_numpy(flips(seed, step, batch_size)[places]).to(images.device, non_blocking=True)
        result = torch.where(mirrored[:, None, None, None], result.flip(2), result)
    return result.permute(0, 3, 1, 2)
