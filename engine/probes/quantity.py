"""A row of the table of quantities (``engine.probes.registry``). Torch-free."""

from dataclasses import dataclass

from engine.probes.online.histogram import BINS

#: The owner of each entry of a quantity's array, and the array's shape for a net with L 3x3 layers and B blocks
#: (6n+1 and 3n in the CIFAR family).
PER = {
    "layer": "(L,): one value per 3x3 layer, front to back, a 3x3 stem first",
    "block": "(B,): one value per block, front to back",
    "stage": "(1 + stages,): the whole net, then each stage",
    "bin": f"(L, {BINS}): shares of a layer's values per bin, and last the share that is not finite",
    "channel": "(C,): one value per channel of all 3x3 layers, layer after layer",
}
#: How an array is stored and coded for the page; see ``engine.store.blobs``.
CODES = ("f4", "log16", "root8")


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One measured quantity.

    ``scale`` is how it is drawn, ``log`` or ``linear``; ``low`` and ``high`` span the colours and the 16-bit code that
    travels to the page (values beyond are drawn at the ends). ``family`` groups quantities in pickers. ``neutral`` is
    a value worth a reference line, None where there is none. ``measure`` names a class as ``module:attribute``
    (contract: ``engine.probes.online.measure``), imported where a net is trained.
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
