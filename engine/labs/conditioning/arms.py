"""What the conditioning lab compares: nets, linear starts and targets, draws of the scalar product. Torch-free."""

from typing import NamedTuple


class Arm(NamedTuple):
    """One kind of net: its ``name``, and whether it has shortcuts, begins at the identity map, is scaled, has BN.

    ``scaled``: the branch is divided by the number of blocks; with batch norm, which undoes that, its last gamma is.
    """

    name: str
    skip: bool = False
    identity: bool = False
    scaled: bool = False
    norm: bool = False


_PLAIN = (
    Arm("plain"),
    Arm("plain from identity", identity=True),
    Arm("residual", skip=True),
    Arm("residual over L", skip=True, scaled=True),
)

#: The nets, without batch norm and then with it: plain from an identity start is the control without a wire.
ARMS: tuple[Arm, ...] = (*_PLAIN, *(arm._replace(name=f"{arm.name} with BN", norm=True) for arm in _PLAIN))

#: Targets of the nets that are followed in training.
NET_TARGETS: tuple[str, ...] = ("smooth", "identity", "rotation", "negated")

#: Targets of the linear nets, the columns of their table.
LINEAR_TARGETS: tuple[str, ...] = (
    "identity", "near identity", "positive definite", "rotation", "negated", "one eigenvalue negated", "zero",
)  # fmt: skip

#: Where linear nets start, the rows of their table. ``MIRRORED`` is ``ORTHOGONAL`` with the other determinant, -1.
SMALL, ZERO, GAUSSIAN = "residual from small A", "residual from A = 0", "plain Gaussian"
ORTHOGONAL, MIRRORED = "plain orthogonal", "plain orthogonal mirrored"
LINEAR_STARTS: tuple[str, ...] = (SMALL, ZERO, GAUSSIAN, ORTHOGONAL, MIRRORED)

#: The two forms of one linear net, and a start that is another one.
SHIFTED, FORM, OTHER = "residual from A", "plain from I + A", GAUSSIAN
TWO_FORMS: tuple[str, ...] = (SHIFTED, FORM, OTHER)

#: How the factors of the scalar product are drawn.
NORMAL, ABSOLUTE, NEAR_ONE = "N(0,1)", "size of N(0,1)", "1 + N(0,1)/k"
SCALAR_DRAWS: tuple[str, ...] = (NORMAL, ABSOLUTE, NEAR_ONE)

#: Numbers of blocks, and of factors, on the default and on the full grid; none beyond the setting is taken.
DEPTHS: dict[str, tuple[int, ...]] = {"default": (2, 6, 16), "full": (2, 4, 6, 10, 16, 24)}
FACTORS: dict[str, tuple[int, ...]] = {"default": (2, 4, 8, 16), "full": (2, 3, 4, 6, 8, 12, 16, 24, 32)}

#: Rates that are tried, the best one of each comparison counts: of the nets, the linear nets, the scalar product.
NET_RATES: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
LINEAR_RATES: dict[str, tuple[float, ...]] = {
    "default": (0.01, 0.03, 0.1, 0.3, 1.0), "full": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
}  # fmt: skip
SCALAR_RATES: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3)


def depths(grid: str, most: int) -> list[int]:
    """Return the numbers of blocks that are measured, ``most`` the largest."""
    return [*(blocks for blocks in DEPTHS[grid] if blocks < most), most]


def factors(grid: str, most: int) -> list[int]:
    """Return the numbers of factors that are measured, up to ``most``; the full grid is whole in any case."""
    return [k for k in FACTORS[grid] if grid == "full" or k <= most]
