"""The cells of the lab ``rates``: which nets, of how many blocks, at which rates. Torch-free."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.config import FAMILIES
from engine.config.optim import OPTIMIZER_DEFAULTS

RATES: tuple[float, ...] = OPTIMIZER_DEFAULTS["adamw"]["tune_grid"]
#: The rates as columns of the picture.
COLUMNS = tuple(f"{rate:f}".rstrip("0") for rate in RATES)
#: The rate that all arms share where nobody tunes.
USUAL_RATE: float = OPTIMIZER_DEFAULTS["adamw"]["lr"]
PLAIN, POST, PRE = "plain", "post-LN", "pre-LN"
#: Kinds of nets and their variants.
KINDS: Mapping[str, str] = {PLAIN: "none", POST: "A:order=post-ln", PRE: "A"}
#: A net that ends below so many percent learns at that rate; guessing has 90.
USABLE = 40.0
#: Each side of the images is divided by so much: 14 pixels are enough for an MLP, a patch is 7 of 28.
POOLS = {"mlp": 2, "vit": 1}
#: Updates between two points of a training's curve.
STRIDE = 10

#: Seconds of one update of a net, and of each of its blocks, on one common core.
_UPDATE_S = {"mlp": (0.0015, 0.0003), "vit": (0.003, 0.0045)}


class Cell(NamedTuple):
    """One net at one rate with one seed."""

    kind: str
    blocks: int
    rate: float
    seed: int

    @property
    def name(self) -> str:
        """The cell's name in the state."""
        return f"{self.kind}, {self.blocks} blocks, rate {self.rate!r}, seed {self.seed}"

    @property
    def words(self) -> str:
        """The page's text during the training."""
        return f"{self.kind}, {self.blocks} blocks at rate {self.rate:g}, seed {self.seed}"


def cells(settings: Mapping[str, Any]) -> list[Cell]:
    """Return the cells of a job: seed by seed, the shallow nets first, which are quick."""
    seeds = range(settings["first_seed"], settings["first_seed"] + settings["seeds"])
    return [
        Cell(kind, blocks, rate, seed)
        for seed in seeds
        for blocks in (settings["shallow"], settings["blocks"])
        for kind in KINDS
        for rate in RATES
    ]


def seconds(settings: Mapping[str, Any]) -> float:
    """Return the estimated time on one core."""
    update, block = _UPDATE_S[settings["family"]]
    return float(1 + settings["steps"] * sum(update + block * cell.blocks for cell in cells(settings)))


def refuse(settings: Mapping[str, Any]) -> str:
    """Return one line about settings that conflict, else ''."""
    family, shallow, deep = (settings[key] for key in ("family", "shallow", "blocks"))
    if shallow >= deep:
        return f"the shallow nets have fewer blocks than the deep ones (got {shallow} and {deep})"
    if settings["warmup"] > settings["steps"]:
        return f"warmup is at most the {settings['steps']} steps (got {settings['warmup']})"
    return FAMILIES[family].depth_problem(FAMILIES[family].depth(deep))
