"""The config of a net."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from engine.config.base import Config
from engine.config.families import BOTTLENECK_DEPTH, FAMILIES, derived_patch
from engine.config.shortcut import MAX_TEXT, ShortcutConfig, arm_name
from engine.config.values import DERIVED


class ModelConfig(Config):
    """A net of one of four families (``engine.config.families``).

    ``depth`` counts weighted layers: 6n+2, a depth of Table 1, 2n+2 (``mlp``) or 4n+2 (``vit``). ``shortcut`` is a
    variant text (``engine.models.registry``). ``stem`` is the first layer: ``small`` (3x3, stride 1), ``large`` (7x7,
    stride 2, max pooling; ImageNet family only) or the family's own, ``auto``. ``width`` counts the filters of the
    first stage's 3x3 layers, or the channels of the stream. ``heads`` and ``patch`` (side of a patch in pixels) belong
    to ``vit``. A missing value, or None, is the family's own; 0 of heads and patch is derived.
    """

    family: Literal["cifar", "imagenet", "mlp", "vit"] = "cifar"
    stem: Literal["auto", "small", "large"] = "auto"
    depth: int = 20
    shortcut: Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(ShortcutConfig)] = ShortcutConfig("A")
    width: int = Field(16, ge=1, le=1024)
    channels: int = Field(3, ge=1, le=64)
    classes: int = Field(10, ge=2, le=10_000)
    image_size: int = Field(32, ge=4, le=512)
    heads: int = Field(0, ge=0, le=64, json_schema_extra=DERIVED)
    patch: int = Field(0, ge=0, le=256, json_schema_extra=DERIVED)

    @model_validator(mode="before")
    @classmethod
    def _the_familys_own(cls, values: Any) -> Any:
        if not isinstance(values, dict):
            return values
        family = FAMILIES.get(str(values.get("family", "cifar")))
        defaults = family.defaults if family else {}
        return values | {key: value for key, value in defaults.items() if values.get(key) is None}

    @field_validator("depth")
    @classmethod
    def _is_of_the_family(cls, depth: int, info: ValidationInfo) -> int:
        if problem := FAMILIES[info.data.get("family", "cifar")].depth_problem(depth):
            raise ValueError(problem)
        return depth

    @model_validator(mode="after")
    def _fits(self) -> Self:
        own = FAMILIES[self.family]
        if self.stem not in ("auto", *own.stems):
            right = f"the stem of the family {self.family} is {own.stems[0] if own.stems else 'auto'}"
            owner = next(rules.name for rules in FAMILIES.values() if self.stem in rules.stems)
            raise ValueError(f"{right}; stem {self.stem} belongs to the family {owner}")
        for key in ("heads", "patch"):
            if getattr(self, key) and key not in own.settings:
                raise ValueError(f"{key} belongs to the family vit; leave it out of the family {self.family}")
        if problem := own.size_problem(self):
            raise ValueError(problem)
        return self

    @property
    def first_layer(self) -> str:
        """The stem, ``small`` or ``large``, with ``auto`` resolved; "" for families with one stem."""
        stems = FAMILIES[self.family].stems
        return self.stem if self.stem != "auto" else stems[0] if stems else ""

    @property
    def blocks(self) -> int:
        """The number of blocks of the families ``mlp`` and ``vit``; 0 for others, whose blocks differ in length."""
        return FAMILIES[self.family].blocks(self.depth)

    @property
    def blocks_per_stage(self) -> int:
        """The paper's n in the CIFAR family: residual blocks in each of the three stages."""
        return (self.depth - 2) // 6

    @property
    def attention_heads(self) -> int:
        """The heads of each attention, the derived number resolved."""
        return self.heads or 2

    @property
    def patch_size(self) -> int:
        """The side of a patch in pixels, the derived one resolved."""
        return self.patch or derived_patch(self.image_size)

    @property
    def tokens(self) -> int:
        """The patches of an image."""
        return (self.image_size // self.patch_size) ** 2

    @property
    def bottleneck(self) -> bool:
        """Whether the blocks are 1x1, 3x3, 1x1 convolutions instead of two 3x3 ones."""
        return self.family == "imagenet" and self.depth >= BOTTLENECK_DEPTH

    @property
    def arm(self) -> str:
        """The arm's name, for example ``plain-56`` or ``A-56 order=full-pre``."""
        return arm_name(self.depth, self.shortcut, self.family)
