"""What the mapping lab trains: arms, targets, learning rates, and the grids made of them. Torch-free.

Rows of its heat maps are named ``ARM, blocks L``, columns are targets.
"""

from typing import NamedTuple

from engine.events import CurveName


class Arm(NamedTuple):
    """One way to build and start a stack.

    ``residual``: h + f(h) instead of f(h). ``norm``: batch norm after both weight layers of a block. ``scaled``: the
    branch starts 1/L as large (in its second weights, with batch norm in its second gamma, since batch norm undoes a
    scale of weights). ``identity``: W1 = [I, -I], W2 its transpose, plus a tenth of the usual draw by sqrt(L).
    ``zero``: the second gamma of every block starts at 0. ``figure`` is how figures name the arm.
    """

    name: str
    figure: str
    residual: bool = False
    norm: bool = False
    scaled: bool = False
    identity: bool = False
    zero: bool = False


PLAIN = Arm("plain", "plain")
IDENTITY_START = Arm("plain with identity start", "plain_identity_start", identity=True)
RESIDUAL = Arm("residual", "residual", residual=True)
SCALED = Arm("residual/L", "residual_scaled", residual=True, scaled=True)
PLAIN_BN = Arm("plain with BN", "plain_bn", norm=True)
IDENTITY_START_BN = Arm("plain with identity start and BN", "plain_identity_start_bn", norm=True, identity=True)
RESIDUAL_BN = Arm("residual with BN", "residual_bn", residual=True, norm=True)
SCALED_BN = Arm("residual/L with BN", "residual_scaled_bn", residual=True, norm=True, scaled=True)
ZERO_BN = Arm("residual with BN from gamma zero", "residual_zero_bn", residual=True, norm=True, zero=True)

#: Every arm, in the order of the rows.
ARMS = (PLAIN, IDENTITY_START, RESIDUAL, SCALED, PLAIN_BN, IDENTITY_START_BN, RESIDUAL_BN, SCALED_BN, ZERO_BN)

IDENTITY, ROTATION, NEGATED, CONSTANT, SMOOTH = "identity", "rotation", "-x", "constant", "smooth"
NEAR, NEAR_NONLINEAR, DEFINITE, ZERO = "near identity", "near identity, nonlinear", "positive definite", "zero"
#: The target between x and ``toward``, at the slider's place.
BLEND = "blend"

#: The columns of the heat maps: those of the default grid first, the slider's last.
TARGETS = (IDENTITY, ROTATION, NEGATED, CONSTANT, SMOOTH, NEAR, NEAR_NONLINEAR, DEFINITE, ZERO, BLEND)

#: Learning rates of SGD with momentum 0.9; the best one is chosen for every arm, target and depth.
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


class Grid(NamedTuple):
    """A named choice of arms, targets and depths (in blocks), and how many seeds it takes."""

    arms: tuple[Arm, ...]
    targets: tuple[str, ...]
    depths: tuple[int, ...]
    seeds: int


GRIDS: dict[str, Grid] = {
    "default": Grid((PLAIN, IDENTITY_START, SCALED), TARGETS[:5], (2, 6), 2),
    "batch norm": Grid((PLAIN_BN, RESIDUAL_BN, ZERO_BN), TARGETS[:5], (2, 6), 2),
    "full": Grid(ARMS, TARGETS[:-1], (2, 6, 16), 4),
}

#: What can be swept, besides ``none`` and ``all``.
SWEEPS = ("start", "target", "decay")
#: The points of the sweeps over ``start`` and ``target``, and those of weight decay (the first is as good as none).
POINTS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
DECAYS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
#: The targets of the sweep over ``start``, and of that over weight decay with their panels.
START_TARGETS = (IDENTITY, ROTATION, NEGATED, SMOOTH)
DECAY_TARGETS = {IDENTITY: "decay_identity", ZERO: "decay_zero"}
#: The panels of the sweep over ``target``, by where it goes.
TOWARD = {CONSTANT: "to_constant", NEGATED: "to_negated"}
#: Sweeps train stacks of this many blocks, where ``blocks`` does not say another number.
SWEEP_BLOCKS = 6
#: And for this share of the steps.
SWEPT = 2 / 3


def row(arm: Arm, blocks: int) -> CurveName:
    """Return the name of a row of the heat maps."""
    return CurveName(arm.name, "blocks", blocks)
