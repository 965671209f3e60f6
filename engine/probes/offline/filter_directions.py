"""Random directions in weight space, filter by filter as long as the net's own weights (Li et al. 2018, section 4).

Paper: 1712.09913. A net's scale can be moved between its layers without changing what it computes, so a step of one
length means different things in different nets; with d_ij <- d_ij ||w_ij|| / ||d_ij|| it means the same share of every
filter. Biases and what batch norm trains stay where they are.

All directions are flat: one float32 vector over all trained parameters of a net, in their own order. ``parameters``
are those of ``named_parameters()``, detached.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from engine.models.init.weights import keyed


def flat_weights(parameters: Mapping[str, Tensor]) -> Tensor:
    """Return the weights as a flat vector, zero at all parameters without filters."""
    return torch.cat([(p if p.dim() >= 2 else torch.zeros_like(p)).reshape(-1) for p in parameters.values()])


def random_direction(parameters: Mapping[str, Tensor], seed: int, axis: int) -> Tensor:
    """Return a filter-normalised random direction, flat, as long as ``flat_weights``.

    What is drawn for a layer depends on seed, axis, the layer's name and shape alone: nets with equal layers get equal
    draws, on every device. A filter of zeros gets zeros.
    """
    parts = []
    for name, weight in parameters.items():
        part = torch.zeros_like(weight)
        if weight.dim() >= 2:
            generator = keyed(seed, f"{axis} {name} {tuple(weight.shape)}")
            drawn = torch.randn(weight.shape, generator=generator).to(weight.device)
            part = drawn * (torch.norm_except_dim(weight) / torch.norm_except_dim(drawn))
        parts.append(part.reshape(-1))
    return torch.cat(parts)
