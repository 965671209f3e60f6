"""Random directions in weight space, filter by filter as long as the net's own weights (Li et al. 2018, section 4).

Paper: 1712.09913. A net's scale can be moved between its layers without changing what it computes, so a step of one
length means different things in different nets; with d_ij <- d_ij ||w_ij|| / ||d_ij|| it means the same share of every
filter. Biases and what batch norm trains stay where they are.

All directions are flat: one float32 vector over all trained parameters of a net, in their own order. ``parameters``
are those of ``named_parameters()``, detached.
"""

import hashlib
from collections.abc import Mapping

import torch
from torch import Tensor


def filter_norms(weight: Tensor) -> Tensor:
    """Return the norm of every filter, (outputs,): over all but the first dimension."""
    norms: Tensor = weight.flatten(1).norm(dim=1)
    return norms


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
            drawn = torch.randn(weight.shape, generator=_keyed(seed, axis, name, weight.shape)).to(weight.device)
            factor = filter_norms(weight) / filter_norms(drawn)
            part = drawn * factor.view(-1, *[1] * (weight.dim() - 1))
        parts.append(part.reshape(-1))
    return torch.cat(parts)


def _keyed(seed: int, axis: int, name: str, shape: torch.Size) -> torch.Generator:
    digest = hashlib.sha256(f"{seed} {axis} {name} {tuple(shape)}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)
