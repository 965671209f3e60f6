"""How a net starts: the first draws of its weights.

Each layer draws from a generator of its own, keyed by (seed, layer path), so that layers of equal path and shape start
equal in all arms. A shortcut may name an initializer (``engine.models.init.initializers``), which then changes what was
drawn.
"""

import math

import torch
from torch import nn

from engine.models.init.initializers import INITIALIZERS
from engine.models.init.rng import key_of
from engine.models.parts import layer_path

#: Standard deviation of the head's first weights.
HEAD_STD = 0.01
#: The path of the head in every net.
HEAD = "head/linear"


def draw_weights(model: nn.Module, initializer: str, seed: int) -> None:
    """Fill every layer of a net with its first values; norms start as the identity, numbers where they say.

    ``initializer`` is applied last. Global random state is left alone.
    """
    with torch.no_grad():
        for name, module in model.named_modules():
            path = layer_path(name)
            if isinstance(module, nn.Conv2d):
                _draw_convolution(module, keyed(seed, path))
            elif isinstance(module, nn.Linear):
                _draw_linear(module, keyed(seed, path), path == HEAD)
            elif hasattr(module, "draw"):
                module.draw(keyed(seed, path))
            elif hasattr(module, "reset_parameters"):
                module.reset_parameters()
            for key, buffer in module.named_buffers(recurse=False):
                if key in module._non_persistent_buffers_set:
                    buffer.zero_()
        INITIALIZERS[initializer](model, lambda path: keyed(seed, path))


def keyed(seed: int, path: str) -> torch.Generator:
    """Return the generator of a layer."""
    return torch.Generator().manual_seed(key_of(f"{seed} {path}"))


def _draw_linear(layer: nn.Linear, generator: torch.Generator, head: bool) -> None:
    """Fill the head with N(0, 1e-4), other layers with N(0, gain / inputs); the gain is 2 before a ReLU, else 1."""
    # DEVIATION: the paper names one rule for all layers. The stream of a residual net grows with its depth, so with
    # 2/n the first loss would depend on depth and seed (residual-56: 3 to 20 nats), and the first hundred steps of
    # a short race would show that instead of depth. With small weights all arms start at ln(classes).
    std = HEAD_STD if head else math.sqrt(getattr(layer, "gain", 1.0) / layer.in_features)
    layer.weight.normal_(0.0, std, generator=generator)
    layer.bias.zero_()


def _draw_convolution(layer: nn.Conv2d, generator: torch.Generator) -> None:
    """Fill a convolution with N(0, 2/n) (He et al. 2015b, "Delving Deep into Rectifiers")."""
    # n is the fan-out, k*k*outputs: the backward form, equation 14 of that paper, which keeps the size of gradients.
    # The ResNet paper leaves fan-in or fan-out open, and published code differs. They differ here in the stem, the two
    # stride-2 layers and the projections only, and BN makes the forward signal independent of the choice.
    nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu", generator=generator)
    if layer.bias is not None:
        layer.bias.fill_(getattr(layer, "first_bias", 0.0))
