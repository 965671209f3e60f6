"""The order in which images are trained on: a pure function of (seed, step).

It depends on no model, device, pause or speed, so all arms of a race with one seed see the same images.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

#: Keeps this stream's draws apart from those of augmentation with the same seed.
_TAG = 1


class Share(NamedTuple):
    """One of ``shares`` equal shares of every batch, from 0: what one replica of a run trains on."""

    number: int
    shares: int

    def of(self, batch_size: int) -> slice:
        """Return the places of the share in a batch."""
        size = batch_size // self.shares
        return slice(self.number * size, (self.number + 1) * size)


WHOLE = Share(0, 1)


class BatchStream:
    """Batches cut from one permutation per epoch after another; every batch is full, so batches may span epochs.

    With a share, ``indices`` are those of the share alone.
    """

    def __init__(self, seed: int, images: int, batch_size: int, share: Share = WHOLE):
        self._places = share.of(batch_size)
        self._images = images
        self._batch_size = batch_size
        self._permutation = lru_cache(maxsize=2)(
            lambda epoch: np.random.default_rng([seed, _TAG, epoch]).permutation(images)
        )

    def indices(self, step: int) -> np.ndarray:
        """Return the images of update ``step`` (1 is the first): int64 (batch_size / shares,)."""
        first, offset = divmod((step - 1) * self._batch_size, self._images)
        count = math.ceil((offset + self._batch_size) / self._images)
        epochs = [self._permutation(epoch) for epoch in range(first, first + count)]
        order = epochs[0] if count == 1 else np.concatenate(epochs)
        return order[offset : offset + self._batch_size][self._places]
