"""The config of a net."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from engine.config.base import Config
from engine.config.shortcut import ShortcutConfig, arm_name

#: Default values by family: the nets of He et al. 2015, sections 4.2 and 4.1.
FAMILY_DEFAULTS: dict[str, dict[str, int]] = {
    "cifar": {"depth": 20, "width": 16, "classes": 10, "image_size": 32},
    "imagenet": {"depth": 18, "width": 64, "classes": 1000, "image_size": 224},
}
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
#: Halvings of the image in a net of the ImageNet family, by stem.
_HALVINGS = {"large": 5, "small": 3}
_IN_WORDS = {5: "five", 3: "three"}


class ModelConfig(Config):
    """A net of the CIFAR family (He et al. 2015, section 4.2) or of the ImageNet family (section 4.1, Table 1).

    ``depth`` counts weighted layers: 6n+2, or a depth of Table 1. ``shortcut`` is a variant text
    (``engine.models.registry``). ``stem`` is the first layer: ``small`` (3x3, stride 1), ``large`` (7x7, stride 2, max
    pooling; ImageNet family only) or the family's own, ``auto``. ``width`` counts the filters of the first stage's 3x3
    layers, ``image_size`` pixels. A missing value, or None, is the paper's value for the family.
    """

    family: Literal["cifar", "imagenet"] = "cifar"
    stem: Literal["auto", "small", "large"] = "auto"
    depth: int = 20
    shortcut: Annotated[str, AfterValidator(ShortcutConfig)] = ShortcutConfig("A")
    width: int = Field(16, ge=1, le=1024)
    channels: int = Field(3, ge=1, le=64)
    classes: int = Field(10, ge=2, le=10_000)
    image_size: int = Field(32, ge=4, le=512)

    @model_validator(mode="before")
    @classmethod
    def _the_familys_own(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        defaults = FAMILY_DEFAULTS.get(str(values.get("family", "cifar")), {})
        return values | {key: value for key, value in defaults.items() if values.get(key) is None}

    @field_validator("depth")
    @classmethod
    def _is_of_the_family(cls, depth: int, info: ValidationInfo) -> int:
        if info.data.get("family") == "imagenet":
            if depth not in IMAGENET_STAGES:
                allowed = ", ".join(map(str, IMAGENET_STAGES))
                raise ValueError(f"depth {depth} is not of the family imagenet; choose from {allowed}")
        elif depth < 8 or depth > 1202 or (depth - 2) % 6:
            raise ValueError(f"depth {depth} is not 6n+2 with n = 1 to 200; nearest {nearest_depths(depth)}")
        return depth

    @model_validator(mode="after")
    def _stem_fits(self) -> Self:
        if self.family == "cifar":
            if self.stem == "large":
                raise ValueError("the stem of the family cifar is small; stem large belongs to the family imagenet")
            return self
        halvings = _HALVINGS[self.first_layer]
        if self.image_size < 2**halvings:
            smaller = self.first_layer == "large" and self.image_size >= 2 ** _HALVINGS["small"]
            raise ValueError(
                f"images of {self.image_size} pixels a side are too small for the {_IN_WORDS[halvings]} halvings of "
                f"family imagenet with stem {self.first_layer}; take at least {2**halvings}"
                + (" or stem=small" if smaller else "")
            )
        return self

    @property
    def first_layer(self) -> str:
        """The stem, ``small`` or ``large``, with ``auto`` resolved."""
        if self.stem != "auto":
            return self.stem
        return "large" if self.family == "imagenet" else "small"

    @property
    def blocks_per_stage(self) -> int:
        """The paper's n in the CIFAR family: residual blocks in each of the three stages."""
        return (self.depth - 2) // 6

    @property
    def bottleneck(self) -> bool:
        """Whether the blocks are 1x1, 3x3, 1x1 convolutions instead of two 3x3 ones."""
        return self.family == "imagenet" and self.depth >= BOTTLENECK_DEPTH

    @property
    def arm(self) -> str:
        """The arm's name, for example ``plain-56`` or ``A-56 order=full-pre``."""
        return arm_name(self.depth, self.shortcut)


def nearest_depths(depth: int) -> str:
    """Return the allowed depths of the CIFAR family next to ``depth`` in words, for example ``20 and 26``."""
    n = min(200, max(1, (depth - 2) // 6))
    below, above = 6 * n + 2, min(1202, 6 * n + 8)
    return str(below) if depth <= 8 or below == above else f"{below} and {above}"
