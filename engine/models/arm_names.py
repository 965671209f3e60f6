"""Arms for people: short names of variants, plain variants, choices, published figures.

A variant is a text such as ``gated:bias=-7`` (``engine.models.registry``). Pure, torch-free.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap

from engine.config import FAMILIES, RunConfig, ShortcutConfig, arm_name, on_replicas
from engine.errors import ConfigError
from engine.models.registry import GROUPS, LAYERS, ORDERS, SHORTCUTS, Order, Published, Shortcut, Variant
from engine.models.registry import norms_of as norms_of
from engine.models.registry import orders_of as names_of_orders
from engine.models.registry import variant as read_variant

#: Orders of a block's parts in as few words as a legend needs.
_SHORT_ORDERS = {
    "bn-after-addition": "BN after add",
    "relu-before-addition": "ReLU before add",
    "relu-only-pre": "ReLU pre",
    "full-pre": "full pre",
    "pre-ln": "pre-LN",
    "post-ln": "post-LN",
}
#: What the name of an arm has beside its blocks.
_IN_LAYERS = re.compile(r" \(\d+ layers\)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A published figure beside the arm it belongs to: ``exact`` where options and order are those of the arm."""

    arm: str
    exact: bool
    figure: Published


def by_blocks(text: str) -> str:
    """Return a text that names arms by their blocks alone: a headline has no room for their layers as well."""
    return _IN_LAYERS.sub("", text)


def shortcuts(family: str = "cifar") -> Mapping[str, Shortcut]:
    """Return the shortcut types of a family of nets."""
    return {name: row for name, row in SHORTCUTS.items() if family in row.families}


def shortcut_groups(family: str = "cifar") -> Mapping[str, Sequence[Shortcut]]:
    """Return the shortcut types of a family as people look for them, by the name of the group."""
    groups = {group: [row for row in rows if family in row.families] for group, rows in GROUPS.items()}
    return {group: rows for group, rows in groups.items() if rows}


def orders_of(row: Shortcut, family: str = "cifar") -> list[Order]:
    """Return the orders of a block's parts that a shortcut works with in a family; the first is its own."""
    return [ORDERS[name] for name in names_of_orders(row, family)]


def layers_of_a_shortcut() -> Sequence[int]:
    """Return how many weighted layers one shortcut may go around."""
    return LAYERS


def variant_from(text: str, family: str = "cifar") -> tuple[Variant | None, str]:
    """Return (variant, '') for a text that names a variant of a family, else (None, the fault in one line)."""
    try:
        return read_variant(text.strip(), family), ""
    except ConfigError as error:
        return None, str(error)


def variant_text(name: str, options: Mapping[str, float], order: str, norm: str, layers: int) -> str:
    """Return the canonical text of a shortcut of the CIFAR family, the one whose shortcuts go around so many layers.

    Raises ConfigError in one line.
    """
    pairs = [*options.items(), ("order", order), ("norm", norm), ("layers", layers)]
    return read_variant(":".join([name, *(f"{key}={value}" for key, value in pairs)]), "cifar").text


def is_plain(text: str) -> bool:
    """Return whether a variant adds nothing around a block."""
    return read_variant(text).plain


def is_off(text: str) -> bool:
    """Return whether a variant's shortcut is scaled to nothing: such a net computes what a plain one does."""
    return read_variant(text).options.get("shortcut") == 0


def variant_name(text: str) -> str:
    """Return a variant in short words without a depth: ``A``, ``plain no norm``, ``gated bias −7``."""
    shortcut = ShortcutConfig(text)
    return " ".join(["plain" if shortcut.name == "none" else shortcut.name, *starmap(_words, shortcut.pairs)])


def variant_in_words(text: str, family: str = "cifar") -> str:
    """Return everything that a variant says: ``exclusive gating, bias −7; order original, norm batch, 2 layers``."""
    chosen = read_variant(text, family)
    named = [chosen.shortcut.label, *(f"{key} {value:g}".replace("-", "−") for key, value in chosen.options.items())]
    rest = [f"order {ORDERS[chosen.order].label}", f"norm {chosen.norm}"]
    rest += [f"{chosen.layers} layer{'s' * (chosen.layers > 1)}"] * (family == "cifar")
    rest += [_words("wire", chosen.wire)] * bool(chosen.wire)
    return f"{', '.join(named)}; {', '.join(rest)}"


def arm_label(depth: int, text: str, family: str = "cifar") -> str:
    """Return an arm's name as legends, cards and sentences have it: ``plain-56``, ``gated-56 bias −7``."""
    shortcut = ShortcutConfig(text)
    return " ".join([arm_name(depth, shortcut.name, family), *starmap(_words, shortcut.pairs)])


def run_label(run: RunConfig) -> str:
    """Return the name of a run's arm as ``arm_label``, with its replicas: ``A-56 on 2 replicas``."""
    return on_replicas(arm_label(run.model.depth, run.model.shortcut, run.model.family), run.replicas)


def _words(key: str, value: str) -> str:
    if key == "order":
        return _SHORT_ORDERS.get(value, value)
    if key == "norm":
        return "no norm" if value == "none" else f"{value} norm"
    if key == "wire":
        return f"{'MLP' if value == 'mlp' else value} wire"
    if key == "layers":
        return f"{value} layer{'s' * (value != '1')}"
    return f"{key} {value.replace('-', '−')}"


def references(texts: Sequence[str], family: str = "cifar") -> list[Reference]:
    """Return the published figures of these variants, then those of other options of the same shortcut.

    Another order, norm, or number of layers is another net: its figures are left out. All are of convolutional nets.
    """
    published: list[Reference] = []
    if not FAMILIES[family].batch_normed:
        return published
    for text in dict.fromkeys(texts):
        chosen = read_variant(text)
        own = chosen.shortcut, chosen.order, chosen.norm, chosen.layers
        marked = []
        # The orders were published with options A and B: of another shortcut they say nothing.
        for figure in dict.fromkeys([*chosen.shortcut.published, *ORDERS[chosen.order].published]):
            other = read_variant(figure.variant)
            if (other.shortcut, other.order, other.norm, other.layers) == own:
                marked.append((other.text == chosen.text, figure))
        published += [Reference(variant_name(text), *each) for each in sorted(marked, key=lambda each: not each[0])]
    return published


def figure_in_words(figure: Published) -> str:
    """Return one published figure in a line: ``8.7 %, ResNet-110, CIFAR-10, median of 5 runs (source)``."""
    words = ", ".join(part for part in (value_in_words(figure), figure.net, figure.data, figure.kind) if part)
    return f"{words} ({figure.source})"


def value_in_words(figure: Published) -> str:
    """Return the published value: an error in percent, or the word that stands in its place."""
    return figure.word if figure.error is None else f"{figure.error:.2f} %"


def contested(texts: Sequence[str]) -> dict[str, str]:
    """Return the evidence against the published figures of these variants, by the name of the shortcut."""
    rows = dict.fromkeys(read_variant(text).shortcut for text in texts)
    return {row.label: row.contested for row in rows if row.contested}
