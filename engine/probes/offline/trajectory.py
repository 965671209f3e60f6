"""The way of a training seen in a plane: its main directions, and the share that a plane shows.

Paper: Li et al. 2018 (1712.09913), section 7.
"""

import math

import torch
from torch import Tensor


def main_plane(offsets: Tensor) -> Tensor | None:
    """Return the two main directions of ``offsets`` (n, P), what is left to the end from n saved states: (2, P).

    They are orthonormal. No mean is taken off: the plane goes through the end. The first state lies on the positive
    side of the first direction, the state furthest out on the second on its positive side. None where the offsets
    span no plane.
    """
    products = _products(offsets, offsets)
    values, vectors = torch.linalg.eigh(products)
    values, vectors = values[-2:].flip(0), vectors[:, -2:].flip(1)
    if len(offsets) < 2 or not values[1] > 1e-9 * values[0]:
        return None
    signs = torch.stack([vectors[0, 0], vectors[vectors[:, 1].abs().argmax(), 1]]).sign()
    mixes = (vectors * signs / values.sqrt()).T
    plane: Tensor = (mixes.to(offsets) @ offsets).contiguous()
    return plane


def project(offsets: Tensor, plane: Tensor) -> tuple[Tensor, float]:
    """Return where ``offsets`` (n, P) lie in the plane of ``plane`` (2, P), (n, 2) in multiples of its directions.

    The second value is the share of their squared lengths that the plane holds, NaN where there is no length. The
    directions need not be orthogonal.
    """
    along = _products(offsets, plane)
    places = torch.linalg.solve(_products(plane, plane), along.T).T
    total = sum(float((row.double() ** 2).sum()) for row in offsets)
    return places, float((along * places).sum()) / total if total else math.nan


def _products(one: Tensor, other: Tensor) -> Tensor:
    """Return all inner products, float64 on the CPU, row by row so that no large copy is made."""
    rows = [torch.stack([torch.dot(a.double(), b.double()) for b in other]) for a in one]
    return torch.stack(rows).cpu()
