"""Random crops and mirror images on whole batches; the draws are a pure function of (seed, step).

Paper: He et al. 2015, section 4.2: 4 pixels of padding, a random crop, a random horizontal flip.
"""

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

_CROP_TAG, _FLIP_TAG = 2, 3


def draws(seed: int, step: int, batch_size: int, crop: int) -> tuple[np.ndarray, np.ndarray]:
    """Return offsets, int64 (batch_size, 2) in 0 to 2 x crop (down, right), and flips, bool (batch_size,).

    Crops and flips come from streams of their own: switching one off leaves the other as it was.
    """
    offsets = np.random.default_rng([seed, _CROP_TAG, step]).integers(0, 2 * crop + 1, (batch_size, 2))
    flips = np.random.default_rng([seed, _FLIP_TAG, step]).integers(0, 2, batch_size).astype(bool)
    return offsets, flips


def augment(images: Tensor, seed: int, step: int, crop: int, flip: bool) -> Tensor:
    """Return randomly shifted and mirrored copies; the same (seed, step) always gives the same ones.

    Shapes: images float (N, channels, S, S), normalised, so that the padding with zeros is the mean image as in the
    paper; the result has the same shape, channels last in memory.
    """
    n, _, _, size = images.shape
    offsets, flips = draws(seed, step, n, crop)
    if not flip:
        flips[:] = False
    row_indices = offsets[:, :1] + np.arange(size)
    column_indices = offsets[:, 1:] + np.where(flips[:, None], np.arange(size)[::-1], np.arange(size))
    rows = torch.from_numpy(row_indices).to(images.device, non_blocking=True)
    columns = torch.from_numpy(column_indices).to(images.device, non_blocking=True)
    padded = F.pad(images, (crop, crop, crop, crop)) if crop else images
    image = torch.arange(n, device=images.device)[:, None, None]
    # One gather for crop and flip. The indexed axes come first: (N, S, S, channels).
    return padded[image, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
