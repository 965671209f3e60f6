"""A row of the table of quantities (``engine.probes.registry``). Torch-free."""

from dataclasses import dataclass

from engine.config.families import FAMILIES
from engine.probes.online.histogram import BINS

#: The owner of each entry of a quantity's array, and the array's shape for a net with L layers and B blocks: 6n+1 3x3
#: layers and 3n blocks in the CIFAR family, 4n+1 linear layers and n blocks in the family ``vit``.
PER = {
    "layer": "(L,): one value per layer, front to back, the stem first",
    "relu": "(R,): one value per layer with a ReLU, front to back",
    "block": "(B,): one value per block, front to back",
    "sublayer": "(U,): one value per block, in the family vit one for its attention and one for its MLP",
    "stage": "(1 + stages,): the whole net, then each stage",
    "bin": f"(L, {BINS}): shares of a layer's values per bin, and last the share that is not finite",
    "channel": "(C,): one value per channel of all 3x3 layers, layer after layer",
}
#: The kinds of places that a net records, and the kind that stands in where a net has none of its own: of a quantity
#: that has one value per ReLU, every layer of a net in which all layers have one.
KINDS = {"layer": "layer", "relu": "layer", "block": "block", "sublayer": "block"}
#: How an array is stored and coded for the page; see ``engine.store.blobs``.
CODES = ("f4", "log16", "root8")


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One measured quantity.

    ``scale`` is how it is drawn, ``log`` or ``linear``; ``low`` and ``high`` span the colours and the 16-bit code that
    travels to the page (values beyond are drawn at the ends). ``family`` groups quantities in pickers. ``neutral`` is
    a value worth a reference line, None where there is none. ``measure`` names a class as ``module:attribute``
    (contract: ``engine.probes.online.measure``), imported where a net is trained. ``families`` of nets have it;
    ``absent`` says why the others do not. Values up to ``rounding`` are 0 up to rounding.
    """

    name: str
    label: str
    unit: str = ""
    per: str = "layer"
    family: str
    scale: str = "log"
    low: float = 1e-2
    high: float = 1e2
    formula: str
    source: str
    how_to_read: str
    caveat: str
    measure: str
    code: str = "f4"
    neutral: float | None = None
    families: tuple[str, ...] = tuple(FAMILIES)
    absent: str = ""
    rounding: float = 0.0

    @property
    def kinds(self) -> tuple[str, str]:
        """The kind of the places of the entries, and the one of nets without it."""
        kind = self.per if self.per in KINDS else "layer"
        return kind, KINDS[kind]

    def noun(self, family: str) -> str:
        """Return what has one value in nets of a family, for people."""
        kind, other = self.kinds
        return kind if kind == "sublayer" and family == "vit" else other
