"""The arms, targets, learning rates and grids of the mapping lab. Torch-free."""

from typing import NamedTuple

from engine.events import CurveName


class Arm(NamedTuple):
    """One architecture and start of a stack.

    ``residual``: h + f(h) instead of f(h). ``norm``: batch norm after both weight layers of a block. ``scaled``: the
    second weights start 1/L as large, with batch norm the second gamma. ``identity``: W1 = [I, -I], W2 its transpose,
    plus a tenth of the usual draw by sqrt(L). ``zero``: the second gamma of every block starts at 0. ``figure`` is the
    arm's name in metrics.
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

#: Kinds of curves in words for people.
NAMES = {
    "/L with": " with scaled branch and", "/L": " with scaled branch", "BN from gamma zero": "BN, last gamma 0",
}  # fmt: skip

#: Every arm, in the order of the rows.
ARMS = (PLAIN, IDENTITY_START, RESIDUAL, SCALED, PLAIN_BN, IDENTITY_START_BN, RESIDUAL_BN, SCALED_BN, ZERO_BN)

IDENTITY, ROTATION, NEGATED, CONSTANT, SMOOTH = "identity", "rotation", "-x", "constant", "smooth"
NEAR, NEAR_NONLINEAR, DEFINITE, ZERO = "near identity", "near identity, nonlinear", "positive definite", "zero"
#: The target between x and ``toward``, by the slider.
BLEND = "blend"

#: The columns of the heat maps: those of the default grid first, the slider's last.
TARGETS = (IDENTITY, ROTATION, NEGATED, CONSTANT, SMOOTH, NEAR, NEAR_NONLINEAR, DEFINITE, ZERO, BLEND)

#: Learning rates of SGD with momentum 0.9; every arm, target and depth takes the best one.
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


class Grid(NamedTuple):
    """A named choice of arms, targets, depths (in blocks) and number of seeds."""

    arms: tuple[Arm, ...]
    targets: tuple[str, ...]
    depths: tuple[int, ...]
    seeds: int


GRIDS: dict[str, Grid] = {
    "default": Grid((PLAIN, IDENTITY_START, SCALED), TARGETS[:5], (2, 6), 2),
    "batch norm": Grid((PLAIN_BN, RESIDUAL_BN, ZERO_BN), TARGETS[:5], (2, 6), 2),
    "full": Grid(ARMS, TARGETS[:-1], (2, 6, 16), 4),
}

#: The sweeps, besides ``none`` and ``all``.
SWEEPS = ("start", "target", "decay")
#: The points of the sweeps over ``start`` and ``target``, and over weight decay (the first has no effect).
POINTS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
DECAYS = (1e-5, 1e-4, 1e-3, 1e-2, 1e-1)
#: The targets of the sweep over ``start``; those of the sweep over weight decay with their panels.
START_TARGETS = (IDENTITY, ROTATION, NEGATED, SMOOTH)
DECAY_TARGETS = {IDENTITY: "decay_identity", ZERO: "decay_zero"}
#: The panels of the sweep over ``target``, by its end.
TOWARD = {CONSTANT: "to_constant", NEGATED: "to_negated"}
#: Default number of blocks in sweeps.
SWEEP_BLOCKS = 6
#: Sweeps take this share of the steps.
SWEPT = 2 / 3


def row(arm: Arm, blocks: int) -> CurveName:
    """Return the name of a row of the heat maps."""
    return CurveName(arm.name, "blocks", blocks)
