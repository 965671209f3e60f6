"""The kinds of nets of the lab ``smoothness``, its learning rates, how long a job takes. Torch-free."""

from collections.abc import Mapping
from typing import Any

PLAIN_BN, PLAIN, RESIDUAL_BN, RESIDUAL = "plain with BN", "plain without BN", "residual with BN", "residual without BN"

#: Kind of net -> its shortcut, as in a run.
KINDS: dict[str, str] = {PLAIN_BN: "none", PLAIN: "none:norm=none", RESIDUAL_BN: "A", RESIDUAL: "A:norm=none"}
TUNED, ONE_RATE, WIDE = "tuned", "one for all", "tuned, wide"
#: The grids of learning rates; the first is tried first.
_GRIDS: dict[str, tuple[float, ...]] = {
    TUNED: (0.03, 0.1, 0.3, 1.0, 0.01),
    WIDE: (0.03, 0.1, 0.3, 1.0, 3.0, 0.01, 0.003, 0.001, 0.0003),
}

#: Seconds of an update of a net of depth 20 and width 8 with 64 images of 14x14; updates that a measure costs.
_UPDATE_S, _MEASURE = 0.011, 8.0


def rates_of(settings: Mapping[str, Any]) -> tuple[float, ...]:
    """Return the learning rates of the trials."""
    return (settings["rate"],) if settings["rates"] == ONE_RATE else _GRIDS[settings["rates"]]


def seconds(settings: Mapping[str, Any]) -> float:
    """Return the estimated time on one core."""
    steps, rates = settings["steps"], rates_of(settings)
    trials = 0 if settings["rates"] == ONE_RATE else len(rates) * steps
    measured = settings["seeds"] * (steps + _MEASURE * settings["moments"])
    width = 0.4 + 0.6 * (settings["width"] / 8) ** 1.5
    size = settings["depth"] / 20 * width * (0.4 + 0.6 * settings["batch"] / 64)
    return float(_UPDATE_S * size * len(KINDS) * (trials + measured))


def refuse(settings: Mapping[str, Any]) -> str:
    """Return one line about settings that conflict, else ''."""
    if (settings["depth"] - 2) % 6:
        return f"depth must be 6n+2, for example 14, 20 or 26 (got {settings['depth']})"
    if settings["moments"] > settings["steps"]:
        return f"moments must be at most steps, {settings['steps']} (got {settings['moments']})"
    return ""
