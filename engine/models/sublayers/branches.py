"""F, what a sublayer adds to the stream: attention between tokens, or an MLP of each token."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head attention: (N, T, width) -> the same shape.

    ``qkv`` makes queries, keys and values of all heads, in this order; ``proj`` mixes the heads' results. Where it is
    ``shaped``, the values V themselves are added and their mean taken away, by three trained numbers that start at 1:
    a V + b A(x) V - c mean(V).

    Source: Vaswani et al. 2017 (1706.03762), section 3.2; He and Hofmann 2023 (2311.01906), equation 5.
    """

    def __init__(self, width: int, heads: int, shaped: bool = False):
        super().__init__()
        self.heads = heads
        if shaped:
            self.mix = nn.Parameter(torch.empty(3))
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def reset_parameters(self) -> None:
        """Put the numbers where they start."""
        if hasattr(self, "mix"):
            self.mix.fill_(1.0)

    def forward(self, x: Tensor) -> Tensor:
        """Return what attention adds."""
        n, tokens, width = x.shape
        q, k, v = self.qkv(x).view(n, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v)
        if hasattr(self, "mix"):
            a, b, c = self.mix.to(y.dtype)
            y = a * v + b * y - c * v.mean(2, keepdim=True)
        mixed: Tensor = self.proj(y.transpose(1, 2).reshape(n, tokens, width))
        return mixed


class BeforeReLU(nn.Linear):
    """A linear layer whose weights start larger, because the ReLU behind it cuts off half."""

    gain = 2.0


class Mlp(nn.Module):
    """Two linear layers with a ReLU in between: (..., width) -> the same shape.

    ``slope`` is that of a leaky ReLU, whose output is scaled to the mean square of its input; 0: a ReLU as it is.
    """

    def __init__(self, width: int, hidden: int, slope: float = 0.0):
        super().__init__()
        self.slope, self.scale = slope, math.sqrt(2.0 / (1.0 + slope**2))
        self.fc1 = BeforeReLU(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return what the MLP adds."""
        y = self.fc1(x)
        y = F.leaky_relu(y, self.slope) * self.scale if self.slope else F.relu(y)
        added: Tensor = self.fc2(y)
        return added


def leaky_slope(layers: int, target: float = 0.5) -> float:
    """Return the slope with which two unrelated inputs have the cosine ``target`` after so many leaky ReLUs.

    Source: Zhang et al. 2022 (2203.08120), tailored activation transformation of leaky ReLUs.
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        slope = (low + high) / 2
        cosine = 0.0
        for _ in range(layers):
            turned = math.sqrt(max(0.0, 1.0 - cosine**2)) - cosine * math.acos(min(1.0, cosine))
            cosine += (1.0 - slope) ** 2 / (math.pi * (1.0 + slope**2)) * turned
        low, high = (slope, high) if cosine > target else (low, slope)
    return slope
