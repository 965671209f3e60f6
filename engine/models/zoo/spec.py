"""The rows of the zoo: name, formula, source, options, figures, tensors, and where its code is. Torch-free.

One formula holds for all rows: y = v * s(x) + c * F(x), in the order that the activation order says. F is the branch
with the weighted layers, s(x) the shortcut, c the coefficient, v the live strength of the shortcut (1 unless changed
in a run, ``engine.models.shortcuts.strength``).
"""

from collections.abc import Callable
from dataclasses import dataclass

from engine.models.parts import Part, batch_norm, convolution, scalars

#: The families of nets (``engine.config.families``) that are stacks of sublayers around a stream.
STREAMS = ("mlp", "vit")
#: The word of Table 1 of He et al. 2016 for what its caption defines: a test error above 20 %.
FAIL = "fail (above 20 %)"


@dataclass(frozen=True)
class Option:
    """A number that a row lets people choose; ``low`` and ``high`` are allowed themselves."""

    name: str
    default: float
    low: float
    high: float
    help: str


@dataclass(frozen=True)
class Published:
    """A figure from the literature, a reference and not a prediction.

    ``error`` is a test error in percent, None where ``word`` stands in its place (``FAIL``). ``kind`` is
    the sort of figure: a median, the best of several, one run. ``variant`` is the text of the net's variant.
    """

    net: str
    variant: str
    error: float | None
    kind: str
    source: str
    word: str = ""
    data: str = "CIFAR-10"


@dataclass(frozen=True)
class Site:
    """Where in a net a block stands: its channels, stride, norm (``batch`` or ``none``), and its share of the way.

    ``share`` is l / L for block l of L: 1 for the last block. ``blocks`` is L.
    """

    inputs: int
    outputs: int
    stride: int
    norm: str = "batch"
    share: float = 1.0
    blocks: int = 1

    @property
    def changes_shape(self) -> bool:
        """Whether F(x) has another shape than x."""
        return self.inputs != self.outputs or self.stride != 1


#: (site, side of the block's output in pixels) -> the named parts, with paths inside the block.
Sizes = Callable[[Site, int], tuple[Part, ...]]


def no_parts(site: Site, size: int) -> tuple[Part, ...]:
    """Nothing."""
    return ()


def projection(site: Site, size: int) -> tuple[Part, ...]:
    """1x1 convolution, then batch norm; without norm the convolution has biases."""
    normed = site.norm == "batch"
    conv = convolution("shortcut.conv", (site.inputs, site.outputs, 1), size, bias=not normed)
    return (conv, batch_norm("shortcut.bn", site.outputs)) if normed else (conv,)


def projection_where_shape_changes(site: Site, size: int) -> tuple[Part, ...]:
    """As ``projection`` where the block changes the shape, else nothing."""
    return projection(site, size) if site.changes_shape else ()


def one_convolution(path: str, kernel: int = 1, bias: bool = True) -> Sizes:
    """Return the sizes of a single convolution, which a gate is too."""
    return lambda site, size: (convolution(path, (site.inputs, site.outputs, kernel), size, bias),)


def multiplier(site: Site, size: int) -> tuple[Part, ...]:
    """One number per block."""
    return (scalars("coefficient", "alpha"),)


@dataclass(frozen=True)
class Shortcut:
    """One way around a block.

    ``builder`` and ``coefficient`` name callables as ``module:attribute``, imported where nets are built: both are
    called with a ``Site`` and the row's options as keywords and return a module, or None where there is nothing to do.
    The shortcut maps x, (N, inputs, S, S), to s(x) of the shape of F(x); an empty builder means that nothing is
    added. The coefficient maps x to c, which F(x) is multiplied with; where ``shares_gate``, the shortcut is called
    with (x, c); where it ``skips``, F need not be computed for some updates. Where it ``projects``, the input of its
    projections is activated first in the pre-activation orders. ``shortcut_sizes`` and ``coefficient_sizes`` list their
    tensors.

    ``initializer`` names how weights start (``engine.models.init.initializers``). ``norms`` and ``orders`` are those
    that the shortcut works with, each family takes its own of them; the first is its default, empty orders mean all.
    ``scalars``: scalar biases and multipliers instead of norm. ``families`` are those that have the shortcut.

    ``wires`` are the sublayers of a Transformer block that may have the shortcut alone (option ``wire``). A ``bare``
    row adds nothing unless that option says where.
    """

    name: str
    #: The name on the page and in its legends: ``plain``, ``residual (A)``.
    label: str
    help: str
    formula: str
    source: str
    builder: str = ""
    options: tuple[Option, ...] = ()
    coefficient: str = ""
    shares_gate: bool = False
    skips: bool = False
    projects: bool = False
    shortcut_sizes: Sizes = no_parts
    coefficient_sizes: Sizes = no_parts
    initializer: str = "he"
    norms: tuple[str, ...] = ("batch", "layer", "none")
    orders: tuple[str, ...] = ()
    scalars: bool = False
    families: tuple[str, ...] = ("cifar",)
    wires: tuple[str, ...] = ()
    bare: bool = False
    published: tuple[Published, ...] = ()
    #: Evidence against the published figures, where there is any.
    contested: str = ""

    @property
    def control(self) -> bool:
        """Whether the shortcut as it stands adds nothing."""
        return self.bare or not self.builder


@dataclass(frozen=True)
class Order:
    """One order of a block's parts (He et al. 2016, Fig. 4)."""

    name: str
    label: str
    help: str
    formula: str
    source: str
    #: Whether the last block's sum is activated, or normalised, once more before the head.
    pre: bool = False
    families: tuple[str, ...] = ("cifar",)
    published: tuple[Published, ...] = ()
