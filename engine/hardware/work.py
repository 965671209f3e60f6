"""How much work a device gets at once, so that an interrupt between two pieces of work comes soon. Torch-free.

Trainer and labs yield between two pieces; a command of a person waits for one piece at most.
"""

from typing import NamedTuple

#: Images per batch of an evaluation.
MAX_BATCH, MIN_BATCH = 1000, 50


class Budget(NamedTuple):
    """Multiply-adds between two moments at which work may be interrupted, on one CPU core and on a GPU of any kind."""

    cpu: float
    gpu: float

    def images(self, kind: str, multiply_adds: float, least: int, most: int) -> int:
        """Return how many images of so many ``multiply_adds`` are one piece of work on a ``kind`` of device."""
        return int(min(most, max(least, (self.cpu if kind == "cpu" else self.gpu) / multiply_adds)))


#: About a tenth of a second on one CPU core, on a GPU less.
_EVALUATION = Budget(10e9, 2e12)
#: A forward pass at one point of a loss surface, and a product with the Hessian.
SURFACE, HESSIAN = Budget(5e9, 1e12), Budget(0.5e9, 1e11)


def evaluation_batch(kind: str, multiply_adds: float) -> int:
    """Return the images per batch of an evaluation; fewer for large nets."""
    return _EVALUATION.images(kind, multiply_adds, MIN_BATCH, MAX_BATCH)
