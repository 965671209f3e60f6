"""The arms of the conditioning lab: nets, linear starts and targets, draws of the scalar product. Torch-free."""

from typing import NamedTuple


class Arm(NamedTuple):
    """One kind of net, with or without shortcuts, an identity start, a scaled branch, batch norm.

    ``scaled`` divides the branch by the number of blocks, with batch norm its last gamma.
    """

    name: str
    skip: bool = False
    identity: bool = False
    scaled: bool = False
    norm: bool = False


#: The usual plain net, and the residual net whose branch is divided by the number of blocks.
PLAIN, SCALED = "plain", "residual over L"
#: The plain net that starts as the identity, without any shortcut: the control.
IDENTITY = "plain from identity"

_PLAIN = (
    Arm(PLAIN),
    Arm(IDENTITY, identity=True),
    Arm("residual", skip=True),
    Arm(SCALED, skip=True, scaled=True),
)

#: The nets without batch norm, then with it. Plain from identity is the control without a shortcut.
ARMS: tuple[Arm, ...] = (*_PLAIN, *(arm._replace(name=f"{arm.name} with BN", norm=True) for arm in _PLAIN))

#: Kinds of net whose single random targets are drawn as thin lines.
SINGLE_TARGETS: tuple[str, ...] = (PLAIN, SCALED)
#: Numbers of blocks whose expected updates are metrics.
EXPECTED_BLOCKS: tuple[int, ...] = (2, 16)

#: Targets of the trained nets.
NET_TARGETS: tuple[str, ...] = ("smooth", "identity", "rotation", "negated")

#: Targets of the linear nets, the columns of their table.
LINEAR_TARGETS: tuple[str, ...] = (
    "identity", "near identity", "positive definite", "rotation", "negated", "one eigenvalue negated", "zero",
)  # fmt: skip

#: Starts of the linear nets, the rows of their table. ``MIRRORED`` is ``ORTHOGONAL`` with determinant -1.
SMALL, ZERO, GAUSSIAN = "residual from small A", "residual from A = 0", "plain Gaussian"
ORTHOGONAL, MIRRORED = "plain orthogonal", "plain orthogonal mirrored"
LINEAR_STARTS: tuple[str, ...] = (SMALL, ZERO, GAUSSIAN, ORTHOGONAL, MIRRORED)

#: The two forms of one linear net, and another start.
SHIFTED, FORM, OTHER = "residual from A", "plain from I + A", GAUSSIAN
TWO_FORMS: tuple[str, ...] = (SHIFTED, FORM, OTHER)

#: A linear net with shortcuts around two layers each, and a plain twin that is the same function at the start.
AROUND_TWO, TWIN = "residual, two layers", "plain, two layers"
TWO_LAYER_FORMS: tuple[str, ...] = (AROUND_TWO, TWIN)

#: Draws of the factors of the scalar product.
NORMAL, ABSOLUTE, NEAR_ONE = "N(0,1)", "size of N(0,1)", "1 + N(0,1)/k"
SCALAR_DRAWS: tuple[str, ...] = (NORMAL, ABSOLUTE, NEAR_ONE)

#: Kinds of curves in words for people.
NAMES = {
    "from identity with": "with identity start and", "from identity": "with identity start",
    "over L with": "with scaled branch and", "over L": "with scaled branch",
    r"^1 \+ N\(0,1\)/k$": "numbers near 1", r"^N\(0,1\)$": "random numbers",
    r"^size of N\(0,1\)$": "random numbers above 0",
}  # fmt: skip

#: Numbers of blocks and of factors by grid, limited by the setting.
DEPTHS: dict[str, tuple[int, ...]] = {"default": (2, 6, 16), "full": (2, 4, 6, 10, 16, 24)}
FACTORS: dict[str, tuple[int, ...]] = {"default": (2, 4, 8, 16), "full": (2, 3, 4, 6, 8, 12, 16, 24, 32)}

#: Learning rates of the nets, the linear nets and the scalar product; each comparison takes the best one.
NET_RATES: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
LINEAR_RATES: dict[str, tuple[float, ...]] = {
    "default": (0.01, 0.03, 0.1, 0.3, 1.0), "full": (0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0),
}  # fmt: skip
SCALAR_RATES: tuple[float, ...] = (0.003, 0.01, 0.03, 0.1, 0.3)


def depths(grid: str, most: int) -> list[int]:
    """Return the measured numbers of blocks, ``most`` the largest."""
    return [*(blocks for blocks in DEPTHS[grid] if blocks < most), most]


def factors(grid: str, most: int) -> list[int]:
    """Return the measured numbers of factors: up to ``most``, or the whole full grid."""
    return [k for k in FACTORS[grid] if grid == "full" or k <= most]
