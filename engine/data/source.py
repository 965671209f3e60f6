"""What is known of a data set before it is loaded, and what a loader returns. Torch-free."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from engine.data.description import Description
from engine.errors import ConfigError

#: A net of three stages needs images of this many pixels a side.
MIN_SIZE = 4
#: And of at most this many (as ``ModelConfig.image_size`` says).
MAX_SIZE = 512


@dataclass(frozen=True)
class Source:
    """One data set: what it is, its shape, its licence, and where its loader is."""

    name: str
    label: str
    help: str
    licence: str
    source: str
    channels: int
    image_size: int
    classes: tuple[str, ...]
    train_images: int
    test_images: int
    loader: str
    #: True when it comes with the project; else it is downloaded or copied into the workspace first.
    embedded: bool = False
    #: False where a mirrored image shows something else (digits): then races do not mirror unless asked to.
    mirrors: bool = True
    #: Megabytes of its download.
    megabytes: int = 0
    #: What was taken for what below a path; None for a registered set, of which that is known.
    description: Description | None = None
    #: Whether pixels are wider than 8 bits, so that the range of the whole set is looked for before they are decoded.
    wide: bool = False


@dataclass(frozen=True)
class RawImages:
    """A decoded data set. Shapes: images uint8 (N, channels, S, S); labels integers (N,), 0 to classes - 1."""

    train_images: npt.NDArray[np.uint8]
    train_labels: npt.NDArray[np.integer[Any]]
    test_images: npt.NDArray[np.uint8]
    test_labels: npt.NDArray[np.integer[Any]]


def check_pool(source: Source, pool: int) -> None:
    """Raise ConfigError, naming the choices, when averaging ``pool`` x ``pool`` pixels does not fit the images."""
    size = source.image_size
    choices = [n for n in range(1, size + 1) if size % n == 0 and size // n >= MIN_SIZE]
    if pool not in choices:
        raise ConfigError(
            f"pool {pool} does not fit the {size}x{size} images of {source.name}; "
            f"choose from {', '.join(map(str, choices))}"
        )
