"""What a net is, as data."""

from pydantic import Field, field_validator

from engine.config.base import Config


class ModelConfig(Config):
    """A net of the CIFAR family (He et al. 2015, section 4.2). The defaults are the paper's.

    ``depth`` counts weighted layers, 6n+2; ``shortcut`` is a variant text (``engine.models.registry``); ``width`` the
    filters of the first stage; ``image_size`` in pixels.
    """

    depth: int = 20
    shortcut: str = "A"
    width: int = Field(16, ge=1, le=1024)
    channels: int = Field(3, ge=1, le=64)
    classes: int = Field(10, ge=2, le=10_000)
    image_size: int = Field(32, ge=4, le=512)

    @field_validator("depth")
    @classmethod
    def _is_6n_plus_2(cls, depth: int) -> int:
        if depth < 8 or depth > 1202 or (depth - 2) % 6:
            raise ValueError(f"depth {depth} is not 6n+2 with n = 1 to 200; nearest {nearest_depths(depth)}")
        return depth

    @property
    def blocks_per_stage(self) -> int:
        """The paper's n: residual blocks in each of the three stages."""
        return (self.depth - 2) // 6

    @property
    def arm(self) -> str:
        """The arm's name, for example ``plain-56`` or ``A-56 order=full-pre``."""
        return arm_name(self.depth, self.shortcut)


def arm_name(depth: int, shortcut: str) -> str:
    """Return ``plain-56`` for a net without shortcuts, else ``A-56`` and the like, with a variant's options behind."""
    name, _, options = shortcut.partition(":")
    return " ".join([f"{'plain' if name == 'none' else name}-{depth}", *options.split(":")]).rstrip()


def nearest_depths(depth: int) -> str:
    """Return the allowed depths next to ``depth`` in words, for example ``20 and 26``."""
    n = min(200, max(1, (depth - 2) // 6))
    below, above = 6 * n + 2, min(1202, 6 * n + 8)
    return str(below) if depth <= 8 or below == above else f"{below} and {above}"
