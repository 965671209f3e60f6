"""The cells of the lab ``predictability``: which nets, at which rates. Torch-free."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from engine.config import nearest_depths

#: Shallow plain nets beside the deep ones.
SHALLOW: tuple[int, ...] = (8, 20)
#: The best rate of plain-56 in trials of 100 updates of the quick race (``--set lr=tuned``); in 600 updates it is 0.1.
BEST_RATE = 0.03
#: Further rates, and the nets of the deep ones that train at them.
OTHER_RATES: Mapping[float, Sequence[str]] = {0.01: ("none", "A"), BEST_RATE: ("none",)}
#: The figures are distances after so many updates of nets of this depth.
MARK, DEPTH = 3, 56
#: Kinds of curves in words for people.
NAMES = {"from a Dirac start": "with identity start"}
#: The nets of the experiment: filters of the first stage, images per update.
WIDTH, BATCH = 8, 64

#: Seconds of one update of one net for each layer, on one of two common cores that are both at work.
_LAYER_S = 0.007


class Cell(NamedTuple):
    """One net at one rate; two copies of it are trained. ``kind`` names its curves."""

    kind: str
    shortcut: str
    depth: int
    rate: float

    @property
    def text(self) -> str:
        """The cell for people."""
        return f"{self.kind} at rate {self.rate:g}"


def dirac_kind(depth: int) -> str:
    """Return the kind of the plain net that starts as the identity."""
    return f"plain-{depth} from a Dirac start"


def cells(settings: Mapping[str, Any]) -> list[Cell]:
    """Return the cells of a job in their order; the shallow nets, which are quick, come first."""
    depth, own = settings["depth"], settings["rate"]
    shallow = [Cell(f"plain-{less}", "none", less, own) for less in SHALLOW if less < depth]
    deep = {"none": f"plain-{depth}", "A": f"residual-{depth}"}
    controls = [
        Cell(dirac_kind(depth), "dirac", depth, own),
        Cell(f"residual-{depth} with full pre-activation", "A:order=full-pre", depth, own),
    ]
    rates = {rate: shortcuts for rate, shortcuts in OTHER_RATES.items() if rate != own}
    others = [Cell(deep[shortcut], shortcut, depth, rate) for rate in rates for shortcut in rates[rate]]
    return [*shallow, *(Cell(kind, shortcut, depth, own) for shortcut, kind in deep.items()), *controls, *others]


def refuse(settings: Mapping[str, Any]) -> str:
    """Return one line about settings that conflict, else ''."""
    depth = settings["depth"]
    if (depth - 2) % 6:
        return f"depth {depth} is not 6n+2, the depths of the paper's nets; take {nearest_depths(depth)}"
    return ""


def seconds(settings: Mapping[str, Any]) -> float:
    """Return the estimated time on one core."""
    layers = sum(cell.depth for cell in cells(settings))
    return float(1 + 2 * _LAYER_S * layers * settings["updates"] * settings["seeds"])
