"""What a loader returns: decoded images and labels as numpy arrays. Torch-free, so that the app can load it."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class RawImages:
    """A decoded data set.

    Shapes: images uint8 (N, channels, S, S), 0 to 255; labels integers (N,), 0 to classes - 1.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the four arrays by name."""
        return vars(self)
