"""The kinds of nets of the lab ``shattering``, its controls, and how long a job takes. Torch-free."""

from collections.abc import Mapping
from typing import Any

PLAIN, BN, RESIDUAL, SCALED = "plain", "plain with BN", "residual with BN", "residual with BN, scaled"
#: The control: mirrored weights make ReLU layers linear at the start, without a shortcut (Balduzzi et al. 2017).
LOOKS_LINEAR = "looks-linear"
KINDS: tuple[str, ...] = (BN, RESIDUAL, SCALED, PLAIN, LOOKS_LINEAR)

#: Controls: slopes without and with autocorrelation.
WHITE, WALK = "white noise", "brown noise"
NOISES: tuple[str, ...] = (WHITE, WALK)

#: Branch scales of the full grid.
BRANCHES: tuple[float, ...] = (0.03, 0.1, 0.3)


def refuse(settings: Mapping[str, Any]) -> str:
    """Return one line about settings that conflict, else ''."""
    if settings["shown"] > settings["layers"]:
        return f"layers shown ({settings['shown']}) must be at most the layers ({settings['layers']})"
    return ""


def seconds(settings: Mapping[str, Any]) -> float:
    """Return the estimated time on one core."""
    # A layer of the looks-linear kind takes as long as two others.
    kinds = len(KINDS) + 1 + (len(BRANCHES) if settings["grid"] == "full" else 0)
    return float(0.3 + 1.3e-3 * settings["nets"] * settings["layers"] * kinds)
