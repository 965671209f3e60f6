"""The shortcuts people can choose, as a torch-free table, and the variant text that names a shortcut with its options.

A variant text is ``NAME[:key=value]...``: a row's name, then the row's own options and those that every row has:
``order`` (of a block's parts), ``norm`` (``batch`` or ``none``), ``layers`` (1, 2 or 3 weighted layers per shortcut).
For example ``A``, ``gated:bias=-7``, ``none:norm=none``, ``A:order=full-pre:layers=1``.

To add a shortcut: a ``Shortcut`` in a file of ``engine/models/zoo``, its modules in ``engine/models/shortcuts``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from engine.config.shortcut import ShortcutConfig
from engine.config.values import number_from
from engine.errors import ConfigError
from engine.models.zoo import identity_mappings, others, paper
from engine.models.zoo.orders import ORDERS
from engine.models.zoo.spec import Option, Order, Published, Shortcut, Site

__all__ = [
    "GROUPS", "LAYERS", "NORMS", "ORDERS", "SHORTCUTS", "Option", "Order", "Published", "Shortcut", "Site", "Variant",
    "get_shortcut", "variant",
]  # fmt: skip

SHORTCUTS: dict[str, Shortcut] = {row.name: row for row in (*paper.SPECS, *identity_mappings.SPECS, *others.SPECS)}
#: The same rows as people look for them.
GROUPS: dict[str, tuple[Shortcut, ...]] = {
    "the paper": paper.SPECS,
    "identity mappings, 2016": identity_mappings.SPECS,
    "others": tuple(row for row in others.SPECS if row.builder),
    "controls without a shortcut": tuple(row for row in others.SPECS if not row.builder),
}
#: Normalisations: of the batch, or none (then convolutions have biases).
NORMS = ("batch", "none")
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

    @property
    def plain(self) -> bool:
        """Whether nothing is added around a block."""
        return not self.shortcut.builder

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


@lru_cache(maxsize=1024)
def variant(text: str) -> Variant:
    """Read a variant text. Raises ConfigError in one line that names the choices."""
    row = get_shortcut(text)
    requested = _requested(row, ShortcutConfig(text))
    options = {option.name: _number(row, option, requested) for option in row.options}
    order = _choice(row, "order", requested, row.orders or tuple(ORDERS))
    norm = _choice(row, "norm", requested, row.norms)
    layers = int(_choice(row, "layers", requested, tuple(map(str, LAYERS)), default="2"))
    words = [row.name]
    words += [f"{each.name}={options[each.name]:g}" for each in row.options if options[each.name] != each.default]
    words += [f"order={order}"] * (order != "post")
    words += [f"norm={norm}"] * (norm != row.norms[0])
    words += [f"layers={layers}"] * (layers != 2)
    return Variant(":".join(words), row, options, order, norm, layers)


def _requested(row: Shortcut, shortcut: ShortcutConfig) -> dict[str, str]:
    allowed = [*(option.name for option in row.options), "order", "norm", "layers"]
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
