"""Chance inside a net: every draw is a pure function of (seed, module path, step); global random state is left alone.

Before each update a training calls ``resample`` of all ``random_modules``. ``use_means`` replaces all draws of a net by
their means until the next resample. Evaluation, probes and the recalibration of batch norm use the means: no layer is
missing, and two probes differ by weights alone. A new net starts with the means.
"""

import hashlib

import torch
from torch import Tensor, nn

from engine.models.parts import layer_path

#: Masks are compared with so many levels.
_LEVELS = 1 << 24


class RandomModule(nn.Module):
    """Base of modules with chance in them; ``path`` is filled in where the net is built."""

    path = ""

    def resample(self, seed: int, step: int) -> None:
        """Draw anew for update ``step``."""
        self._take(key_of(f"{seed} {self.path} {step}"))

    def use_mean(self) -> None:
        """Behave as the mean of all draws until the next resample."""
        self._take(None)

    def _take(self, key: int | None) -> None:
        """Take a number in [0, 2^63) that decides the draw, or None: the mean of all draws."""
        raise AssertionError(f"{type(self).__name__} does not say what it draws")


class Mask(RandomModule):
    """Drops single values with probability ``rate``: (N, C, S, S) -> the same shape.

    Values that are kept stay as they are. In eval mode, or with the mean, the result is (1 - rate) x. A mask depends
    on the key and on the position of a value alone, so it is the same on every device and in every memory layout.
    """

    key: Tensor
    #: Which of the equal shares of a batch comes through here: a share has the mask that it has in the whole batch.
    share = 0

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate
        self.uses_mean = True
        # Not in the state_dict: the next update draws it anew.
        self.register_buffer("key", torch.zeros((), dtype=torch.int64), persistent=False)

    def _take(self, key: int | None) -> None:
        self.uses_mean = key is None
        if key is not None:
            self.key.fill_(key)

    def forward(self, x: Tensor) -> Tensor:
        """Return x with some values dropped."""
        if self.uses_mean or not self.training:
            return x * (1.0 - self.rate)
        return x * self._kept(x)

    def _kept(self, x: Tensor) -> Tensor:
        n, channels, height, width = x.shape
        # A hash of key and position in 64-bit integers that wrap around (the finalizer of splitmix64).
        first = self.share * x.numel()
        bits = torch.arange(first, first + x.numel(), device=x.device).mul_(-0x61C8864680B583EB).add_(self.key)
        for shift, factor in ((30, -0x40A7B892E31B1A47), (27, -0x6B2FB644ECCEEE15)):
            bits = bits.bitwise_xor_(bits >> shift).mul_(factor)
        kept = (bits >> 32).bitwise_and_(_LEVELS - 1) >= round(self.rate * _LEVELS)
        return kept.view(n, height, width, channels).permute(0, 3, 1, 2)


class Survival(RandomModule):
    """Stochastic depth's b for one block: whether the block's branch is there in this update (1603.09382, section 3).

    One draw for the whole batch. ``alive`` is False where the branch is left out, and None where the mean is used.
    """

    def __init__(self, probability: float):
        super().__init__()
        self.probability = probability
        self.alive: bool | None = None

    def _take(self, key: int | None) -> None:
        self.alive = None if key is None else key < self.probability * 2.0**63

    @property
    def skips(self) -> bool:
        """Whether the branch need not be computed."""
        return self.training and self.alive is False

    def forward(self, x: Tensor) -> float:
        """Return b: 1 while the net trains with this block, its mean p otherwise."""
        return 1.0 if self.training and self.alive else self.probability


def key_of(text: str) -> int:
    """Return a number in [0, 2^63) that depends on ``text`` alone, on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def random_modules(model: nn.Module) -> list[RandomModule]:
    """Return the modules of a net that draw, and set the path of each."""
    modules = []
    for name, module in model.named_modules():
        if isinstance(module, RandomModule):
            module.path = layer_path(name)
            modules.append(module)
    return modules


def use_means(model: nn.Module) -> None:
    """Put all draws of a net at their mean until the next resample."""
    for module in model.modules():
        if isinstance(module, RandomModule):
            module.use_mean()
