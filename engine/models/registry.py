"""The shortcuts people can choose, as a torch-free table, and the variant text that names a shortcut with its options.

A variant text is ``NAME[:key=value]...``: a row's name, then the row's own options and those that every row has:
``order`` (of a block's parts), ``norm`` (``batch`` or ``layer``, or ``none``), in the CIFAR family ``layers`` (1, 2 or
3 weighted layers per shortcut), in Transformers ``wire`` (the sublayers that have the shortcut). For example ``A``,
``gated:bias=-7``, ``none:norm=none``, ``A:order=full-pre:layers=1``, ``A:wire=attention``.

What a text means depends on the family of nets: ``A`` has the order ``post`` and batch norm in convolutional nets, the
order ``pre-ln`` and layer norm in stacks of sublayers.

To add a shortcut: a ``Shortcut`` in a file of ``engine/models/zoo``, its modules in ``engine/models/shortcuts``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.config.families import FAMILIES
from engine.config.shortcut import ShortcutConfig
from engine.config.values import number_from
from engine.errors import ConfigError
from engine.models.zoo import identity_mappings, others, paper, streams
from engine.models.zoo.orders import ORDERS
from engine.models.zoo.spec import Option, Order, Published, Shortcut, Site

__all__ = [
    "GROUPS", "LAYERS", "NORMS", "ORDERS", "SHORTCUTS", "Option", "Order", "Published", "Shortcut", "Site", "Variant",
    "get_shortcut", "norms_of", "orders_of", "variant",
]  # fmt: skip

_OTHERS = (*others.SPECS, *streams.SPECS)
SHORTCUTS: dict[str, Shortcut] = {row.name: row for row in (*paper.SPECS, *identity_mappings.SPECS, *_OTHERS)}
#: The same rows as people look for them.
GROUPS: dict[str, tuple[Shortcut, ...]] = {
    "the paper": paper.SPECS,
    "identity mappings, 2016": identity_mappings.SPECS,
    "others": tuple(row for row in _OTHERS if not row.control),
    "controls without a shortcut": tuple(row for row in _OTHERS if row.control),
}
#: Normalisations: of the batch, of each token (layer norm), or none (convolutions have biases then).
NORMS = ("batch", "layer", "none")
#: Weighted layers per shortcut; 2 is the paper's basic block.
LAYERS = (1, 2, 3)


@dataclass(frozen=True)
class Variant:
    """A variant; ``text`` is its canonical form, ``options`` every option of the row."""

    text: str
    shortcut: Shortcut
    options: Mapping[str, float]
    order: str = "post"
    norm: str = "batch"
    layers: int = 2
    wire: str = ""

    @property
    def plain(self) -> bool:
        """Whether nothing is added around a block."""
        return not self.shortcut.builder or (self.shortcut.bare and not self.wire)

    def wired(self, kind: str) -> bool:
        """Return whether sublayers of a kind, ``attention`` or ``mlp``, have the shortcut."""
        return not self.plain and self.wire in ("", kind)

    @property
    def projects_activated(self) -> bool:
        """Whether projections get the activated input: those of options B and C in the pre-activation orders."""
        return self.shortcut.projects and ORDERS[self.order].pre

    def blocks_per_stage(self, depth: int) -> int:
        """Return how many blocks a stage of the CIFAR family has at ``depth`` = 6n+2.

        Raises ConfigError naming the nearest depths whose 2n layers per stage can be shared out.
        """
        layers = (depth - 2) // 3
        if layers % self.layers:
            n = (depth - 2) // 6
            near = [6 * m + 2 for m in (n - n % 3, n - n % 3 + 3) if 0 < m <= 200]
            raise ConfigError(
                f"layers={self.layers} does not divide the {layers} layers of a stage at depth {depth}; "
                f"nearest {' and '.join(map(str, near))}"
            )
        return layers // self.layers


def get_shortcut(text: str) -> Shortcut:
    """Return the row that a variant text names; ``plain`` means ``none``. Raises ConfigError naming the choices."""
    name = ShortcutConfig(text).name
    if name not in SHORTCUTS:
        raise ConfigError(f"unknown shortcut {name!r}; choose from {', '.join(SHORTCUTS)}")
    return SHORTCUTS[name]


def orders_of(row: Shortcut, family: str = "cifar") -> tuple[str, ...]:
    """Return the names of the orders that a shortcut has in a family; the first is its own."""
    return tuple(name for name in row.orders or ORDERS if family in ORDERS[name].families)


def norms_of(row: Shortcut, family: str = "cifar") -> tuple[str, ...]:
    """Return the norms that a shortcut has in a family; the first is its own."""
    return tuple(name for name in row.norms if name in FAMILIES[family].norms)


@lru_cache(maxsize=2048)
def variant(text: str, family: str = "") -> Variant:
    """Read a variant text as ``family`` means it; without one, as the first family that knows the text.

    Raises ConfigError in one line that names the choices.
    """
    row = get_shortcut(text)
    if not family:
        return _first_reading(text, row)
    if family not in row.families:
        named = ", ".join(name for name, each in SHORTCUTS.items() if family in each.families)
        raise ConfigError(f"the family {family} has the shortcuts {named} (got {row.name!r})")
    orders, norms = orders_of(row, family), norms_of(row, family)
    lengths, wires = LAYERS if family == "cifar" else (), row.wires if family == "vit" else ()
    requested = _requested(row, ShortcutConfig(text), ("layers",) * bool(lengths) + ("wire",) * bool(wires))
    options = {option.name: _number(row, option, requested) for option in row.options}
    order, norm = _choice(row, "order", requested, orders), _choice(row, "norm", requested, norms)
    if norm == "none" and order == "post-ln":
        raise ConfigError(f"order=post-ln of shortcut {row.name} needs norm=layer; without norm there is one order")
    layers = int(_choice(row, "layers", requested, tuple(map(str, lengths or (2,))), default="2"))
    wire = _choice(row, "wire", requested, wires) if "wire" in requested else ""
    words = [row.name]
    words += [f"{each.name}={options[each.name]:g}" for each in row.options if options[each.name] != each.default]
    words += [f"order={order}"] * (order != orders[0])
    words += [f"norm={norm}"] * (norm != norms[0])
    words += [f"layers={layers}"] * (layers != 2)
    words += [f"wire={wire}"] * bool(wire)
    return Variant(":".join(words), row, options, order, norm, layers, wire)


def _first_reading(text: str, row: Shortcut) -> Variant:
    refusals = []
    for family in dict.fromkeys(("cifar", "vit", *row.families)):
        try:
            if family in row.families:
                return variant(text, family)
        except ConfigError as error:
            refusals.append(error)
    raise refusals[0]


def _requested(row: Shortcut, shortcut: ShortcutConfig, further: tuple[str, ...]) -> dict[str, str]:
    allowed = [*(option.name for option in row.options), "order", "norm", *further]
    options: dict[str, str] = {}
    for key, value in shortcut.pairs:
        if not value:
            raise ConfigError(
                f"{key!r} in shortcut {str(shortcut)!r} is not of the form key=value with {', '.join(allowed)}"
            )
        if key not in allowed:
            raise ConfigError(f"unknown option {key!r} of shortcut {row.name}; choose from {', '.join(allowed)}")
        if key in options:
            raise ConfigError(f"option {key!r} is named twice in shortcut {str(shortcut)!r}; name it once")
        options[key] = value
    return options


def _number(row: Shortcut, option: Option, requested: Mapping[str, str]) -> float:
    text = requested.get(option.name)
    if text is None:
        return option.default
    number = number_from(text)
    value = float("nan") if number is None else float(f"{number:g}")  # as precise as the canonical text
    if not option.low <= value <= option.high:
        raise ConfigError(
            f"{option.name} of shortcut {row.name} is a number from {option.low:g} to {option.high:g} (got {text!r})"
        )
    return value + 0.0  # -0 is 0


def _choice(row: Shortcut, key: str, requested: Mapping[str, str], allowed: tuple[str, ...], default: str = "") -> str:
    value = requested.get(key, default or allowed[0])
    if value not in allowed:
        raise ConfigError(f"{key} of shortcut {row.name} is {' or '.join(allowed)} (got {value!r})")
    return value
