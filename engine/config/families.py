"""The families of nets as tables: default values, depths, and which sizes fit together.

``cifar`` and ``imagenet`` are the nets of He et al. 2015 (sections 4.2 and 4.1). ``mlp`` and ``vit`` are stacks of
sublayers around a stream of one width: a block of ``mlp`` has two weighted layers, one of ``vit`` has four in series
(values, projection, two of its MLP). First layer and head make two more.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import ConfigError

#: Depths of the ImageNet family and their blocks per stage (He et al. 2015, Table 1).
IMAGENET_STAGES: dict[int, tuple[int, int, int, int]] = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}
#: The ImageNet family has bottleneck blocks from this depth on.
BOTTLENECK_DEPTH = 50
MAX_DEPTH = 1202
#: Halvings of the image in a net of the ImageNet family, by stem.
_HALVINGS = {"large": 5, "small": 3}
_IN_WORDS = {5: "five", 3: "three"}
#: Attention costs the square of the tokens: 16 are cheap (7x7 pixels of 28x28), 1,024 are slow.
MAX_TOKENS = 1024


@dataclass(frozen=True)
class FamilyRules:
    """What a config of a family may hold.

    Depths are ``period`` * n + 2; a family without a period has those of Table 1. ``stems`` are the first layers to
    choose from, the family's own first. ``settings`` are those that no other family has, ``norms`` the normalisations.
    ``size_problem`` returns one line about a config whose sizes do not fit together, else ''. ``counts_blocks``: all
    blocks are alike, and people name the depth by their number.
    """

    name: str
    defaults: Mapping[str, int]
    period: int = 0
    stems: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    norms: tuple[str, ...] = ("batch",)
    size_problem: Callable[[Any], str] = lambda config: ""
    counts_blocks: bool = False

    @property
    def batch_normed(self) -> bool:
        """Whether nets of the family may have batch norm, which keeps statistics for evaluations."""
        return "batch" in self.norms

    def depth_problem(self, depth: int) -> str:
        """Return one line about a depth that the family lacks, '' for one that it has."""
        if not self.period:
            named = ", ".join(map(str, IMAGENET_STAGES))
            problem = f"depth {depth} is not of the family {self.name}; choose from {named}"
            return "" if depth in IMAGENET_STAGES else problem
        if self.period + 2 <= depth <= MAX_DEPTH and not (depth - 2) % self.period:
            return ""
        most, near = (MAX_DEPTH - 2) // self.period, nearest_depths(depth, self.period)
        return f"depth {depth} is not {self.period}n+2 with n = 1 to {most}; nearest {near}"

    def blocks(self, depth: int) -> int:
        """Return the blocks of a net of this depth, 0 where the family's depths are not named by blocks."""
        return (depth - 2) // self.period if self.counts_blocks else 0

    def depth(self, blocks: int) -> int:
        """Return the depth of a net of so many blocks. Raises ConfigError where depths are not named by blocks."""
        if not self.counts_blocks:
            named = " and ".join(name for name, rules in FAMILIES.items() if rules.counts_blocks)
            raise ConfigError(f"blocks name the depths of the families {named}; name weighted layers for {self.name}")
        return self.period * blocks + 2


def nearest_depths(depth: int, period: int = 6) -> str:
    """Return the depths ``period`` * n + 2 next to ``depth`` in words, for example ``20 and 26``."""
    most = (MAX_DEPTH - 2) // period
    n = min(most, max(1, (depth - 2) // period))
    below, above = period * n + 2, min(period * most + 2, period * (n + 1) + 2)
    return str(below) if depth <= below or below == above else f"{below} and {above}"


def depth_name(depth: int, family: str = "cifar") -> str:
    """Return a depth as people say it: ``56``, and ``12 blocks (50 layers)`` where all blocks are alike."""
    blocks = FAMILIES[family].blocks(depth)
    return f"{blocks} block{'s' * (blocks > 1)} ({depth} layers)" if blocks else str(depth)


def derived_patch(image_size: int) -> int:
    """Return the side of the largest patches that divide an image and leave 16 tokens or more: 7 of 28, 8 of 32."""
    return next(side for side in range(image_size // 4, 0, -1) if not image_size % side)


def _halvings_fit(config: Any) -> str:
    halvings = _HALVINGS[config.first_layer]
    if config.image_size >= 2**halvings:
        return ""
    smaller = config.first_layer == "large" and config.image_size >= 2 ** _HALVINGS["small"]
    return (
        f"images of {config.image_size} pixels a side are too small for the {_IN_WORDS[halvings]} halvings of "
        f"family imagenet with stem {config.first_layer}; take at least {2**halvings}"
        + (" or stem=small" if smaller else "")
    )


def _attention_fits(config: Any) -> str:
    size, patch, heads = config.image_size, config.patch_size, config.attention_heads
    if config.width % heads:
        fitting = [n for n in range(1, 65) if not config.width % n]
        return f"{heads} heads do not divide the width {config.width}; choose heads from {_listed(fitting)}"
    fitting = [n for n in range(1, size) if not size % n and (size // n) ** 2 <= MAX_TOKENS]
    if not fitting:
        return f"images of {size} pixels a side divide into no patches that make at most {MAX_TOKENS:,}; set resize"
    if patch not in fitting:
        return (
            f"patches of {patch} pixels do not divide images of {size} into 4 to {MAX_TOKENS:,} tokens; choose patch "
            f"from {_listed(fitting)}"
        )
    return ""


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))


FAMILIES: dict[str, FamilyRules] = {
    rules.name: rules
    for rules in (
        FamilyRules(
            name="cifar",
            defaults={"depth": 20, "width": 16, "classes": 10, "image_size": 32},
            norms=("batch", "none"),
            period=6,
            stems=("small",),
        ),
        FamilyRules(
            name="imagenet",
            defaults={"depth": 18, "width": 64, "classes": 1000, "image_size": 224},
            stems=("large", "small"),
            size_problem=_halvings_fit,
        ),
        FamilyRules(
            name="mlp",
            defaults={"depth": 8, "width": 64, "channels": 1, "classes": 10, "image_size": 14},
            norms=("layer", "none"),
            period=2,
            counts_blocks=True,
        ),
        FamilyRules(
            name="vit",
            defaults={"depth": 18, "width": 32, "channels": 1, "classes": 10, "image_size": 28},
            norms=("layer", "none"),
            period=4,
            settings=("heads", "patch"),
            size_problem=_attention_fits,
            counts_blocks=True,
        ),
    )
}
