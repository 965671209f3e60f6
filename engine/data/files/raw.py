"""What a loader returns: decoded images and labels as numpy arrays. Torch-free, so that the app can load it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

#: uint8 (N, channels, S, S), 0 to 255.
Pixels = npt.NDArray[np.uint8]
#: Integers (N,), 0 to classes - 1.
Labels = npt.NDArray[np.integer[Any]]


@dataclass(frozen=True)
class RawImages:
    """A decoded data set: the images and labels of its two splits."""

    train_images: Pixels
    train_labels: Labels
    test_images: Pixels
    test_labels: Labels

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """Return the four arrays by name, ``train_images`` to ``test_labels``."""
        return {
            "train_images": self.train_images,
            "train_labels": self.train_labels,
            "test_images": self.test_images,
            "test_labels": self.test_labels,
        }
