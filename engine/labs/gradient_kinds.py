"""The names of the gradients lab's curves, made and read in one place. Torch-free.

In the panels ``norm``, ``direction`` and ``collapse`` a curve is named ``KIND, gain GAIN``, for example ``with BN, gain
0.8``; in ``growth`` it is named ``KIND``, because there the gain is on the axis.
"""

from typing import NamedTuple

PLAIN, BN, RESIDUAL = "without BN", "with BN", "residual with BN"

#: What is stacked: plain nets without and with batch norm, and a residual net with batch norm as a contrast.
KINDS: tuple[str, ...] = (PLAIN, BN, RESIDUAL)

#: The weight gains of the sweep: 0.5 to 2 in equal ratios, 1 among them.
GAINS: tuple[float, ...] = tuple(round(2 ** (k / 4), 3) for k in range(-4, 5))

_GAIN = ", gain "


class Curve(NamedTuple):
    """What a curve shows: a kind of net (``KINDS``) and its weight gain, None where the gain is on the axis."""

    kind: str
    gain: float | None = None

    @property
    def name(self) -> str:
        """The curve's name as it is stored."""
        return self.kind if self.gain is None else f"{self.kind}{_GAIN}{repr(self.gain).removesuffix('.0')}"


def parse_curve(name: str) -> Curve:
    """Return what the curve called ``name`` shows. Raises ValueError when it is not a curve of this lab."""
    kind, has_gain, gain = name.partition(_GAIN)
    if kind not in KINDS:
        raise ValueError(f"{name!r} is not a curve of the gradients lab")
    return Curve(kind, float(gain) if has_gain else None)
