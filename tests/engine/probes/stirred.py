"""Small nets of any kind whose every tensor is random, batch norm's statistics included: nothing is zero or one."""

import torch
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.models.build import build_model

#: One of each kind that the zoo has: shortcuts, coefficients, gates, orders, lengths, norms.
VARIANTS = (
    "none", "A", "B", "C", "scaled", "scaled:branch=0.5", "gated", "shortcut-gated", "conv1x1", "dropout", "highway",
    "stochastic-depth", "skipinit", "fixup", "zero-gamma", "dirac", "A:norm=none", "A:layers=1", "A:layers=3",
    "A:order=bn-after-addition", "A:order=relu-before-addition", "A:order=relu-only-pre", "A:order=full-pre",
    "gated:order=full-pre", "none:order=full-pre", "C:order=bn-after-addition",
)  # fmt: skip


def net(shortcut: str, depth: int = 20, width: int = 4, **more) -> nn.Module:
    """Return a net for images of 8x8 pixels, in eval mode."""
    model = build_model(ModelConfig(depth=depth, width=width, shortcut=shortcut, image_size=8, channels=1, **more), 0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if name.endswith("running_var") or tensor.ndim == 0:
                draw = torch.rand(tensor.shape, generator=generator)
                tensor.copy_(0.5 + draw if tensor.is_floating_point() else tensor)
            elif tensor.ndim == 1:
                tensor.add_(0.3 * torch.randn(tensor.shape, generator=generator))
            else:
                # He draws also where a variant starts at zero or at the identity.
                fan = tensor[0].numel()
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * (2 / fan) ** 0.5)
    return model.eval()


def images(count: int = 6, channels: int = 1) -> Tensor:
    """Return ``count`` random images."""
    return torch.randn(count, channels, 8, 8, generator=torch.Generator().manual_seed(2))
