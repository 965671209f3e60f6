"""One sublayer of a stream: y = v s(x) + c F(x), with layer norm before F (pre-LN) or after the sum (post-LN).

A plain sublayer is the same code with no addition. v is ``strength``: at 0 the net computes what the plain one does.
"""

import torch
from torch import Tensor, nn

from engine.models.registry import Site, Variant
from engine.models.shortcuts.shortcuts import build_coefficient, build_shortcut
from engine.models.taps import Tap

#: Where the layers of a sublayer are looked at, by its kind.
_TAPS = {
    "attention": (
        Tap("f.qkv", "f.qkv", "", activation_into="f.proj", relu=False, qkv=True),
        Tap("f.proj", "f.proj", "", relu=False),
    ),
    "mlp": (Tap("f.fc1", "f.fc1", "", activation_into="f.fc2"), Tap("f.fc2", "f.fc2", "", relu=False)),
}


class Sublayer(nn.Module):
    """F with what is around it: (N, ..., width) -> the same shape.

    Args:
        f: Attention or an MLP.
        variant: Shortcut, coefficient, order and norm.
        site: Where in the net the sublayer stands.
        kind: ``attention`` or ``mlp``.
    """

    branch = "f"

    def __init__(self, f: nn.Module, variant: Variant, site: Site, kind: str):
        super().__init__()
        self.strength = 1.0
        self.outputs = site.outputs
        leaky = getattr(f, "slope", 0.0) > 0
        self.taps = tuple(tap._replace(leaky=tap.relu and leaky) for tap in _TAPS[kind])
        wired, normed = variant.wired(kind), variant.norm == "layer"
        self.is_pre, self.is_post = normed and variant.order == "pre-ln", normed and variant.order == "post-ln"
        if normed:
            self.norm = nn.LayerNorm(site.inputs)
        self.f = f
        self.coefficient = build_coefficient(variant, site) if wired else None
        self.shortcut = build_shortcut(variant, site) if wired else None

    def forward(self, x: Tensor) -> Tensor:
        """Return the stream after the sublayer."""
        y: Tensor = self.f(self.norm(x) if self.is_pre else x)
        if self.coefficient is not None:
            y = y * self.coefficient(x)
        if self.shortcut is not None:
            y = torch.add(y, self.shortcut(x), alpha=self.strength)
        return self.norm(y) if self.is_post else y
