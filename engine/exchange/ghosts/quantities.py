"""What a column of a foreign file holds, as whoever imports it says: nothing is guessed from a name or a number.

Torch-free.
"""

from dataclasses import dataclass

import numpy as np

from engine.errors import ConfigError
from engine.events import Split

#: A mean cross-entropy above this is the overflow of somebody's arithmetic.
MAX_LOSS = 1e30


@dataclass(frozen=True)
class Quantity:
    """One quantity with its unit. A number in the file times ``factor`` plus ``offset`` is one of this project.

    The file holds numbers from 0 to ``most``, and the line numbers from 0 to ``highest``.
    """

    name: str
    label: str
    split: Split
    metric: str
    factor: float = 1.0
    offset: float = 0.0
    most: float = MAX_LOSS

    @property
    def highest(self) -> float:
        """The largest number of a line."""
        return 100.0 if self.metric == "error" else self.most

    def converted(self, numbers: np.ndarray) -> np.ndarray:
        """Return an error in percent, a loss as it is. Shapes: (points,) float64."""
        return numbers * self.factor + self.offset


def _quantities() -> list[Quantity]:
    rows = []
    for split, word in ((Split.TRAIN, "train"), (Split.TEST_SUBSET, "test")):
        what = {"train": "training", "test": "test"}[word]
        rows.append(Quantity(f"{word}_loss", f"{what} loss, nats", split, "loss"))
        for unit, most in (("percent", 100.0), ("fraction", 1.0)):
            scale = 100.0 / most
            rows += [
                Quantity(f"{word}_error:{unit}", f"{what} error, {unit}", split, "error", scale, most=most),
                Quantity(
                    f"{word}_accuracy:{unit}", f"{what} accuracy, {unit}", split, "error", -scale, 100.0, most=most
                ),
            ]
    return rows


#: The quantities by name, for example ``train_error:percent`` or ``test_loss``.
QUANTITIES: dict[str, Quantity] = {row.name: row for row in _quantities()}


def quantity(name: str) -> Quantity:
    """Return a quantity. Raises ConfigError with the choices; an error without a unit is none of them."""
    if name in QUANTITIES:
        return QUANTITIES[name]
    with_units = [each for each in QUANTITIES if each.startswith(f"{name}:")]
    if with_units:
        raise ConfigError(f"{name} has a unit; choose from {', '.join(with_units)}")
    raise ConfigError(f"unknown quantity {name[:80]!r}; choose from {', '.join(QUANTITIES)}")
