"""How sharply the loss bends: products with its Hessian, and the Hessian's largest eigenvalue from a few of them.

The exact Hessian of the mean loss over fixed images with respect to all trained parameters, in eval mode and 32-bit
floats, by differentiating twice (Pearlmutter 1994); where a ReLU has its corner it counts as straight. The largest
eigenvalue comes from the Lanczos method, which needs fewer products than power iteration, with every vector made
orthogonal to all before. Flat vectors are as in ``engine.probes.offline.filter_directions``.
"""

import math
from collections.abc import Callable, Generator, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

#: A direction that is shorter than this share of the first product is rounding.
_LEAST = 1e-6


class Sharpness(NamedTuple):
    """The estimates from a few products. ``direction`` is flat and of length 1.

    ``top`` and ``lowest`` are the estimates of the largest and smallest eigenvalue: never beyond the true ones.
    ``residual`` is ||H v - top v|| / |top|; ``along_start`` the curvature along the first vector.
    """

    top: float
    direction: Tensor
    residual: float
    lowest: float
    along_start: float


class Hessian:
    """Products with the Hessian of the mean loss of ``model`` over ``chunks`` of (images, labels).

    ``model`` is put into eval mode. ``keep``: hold the graphs of all chunks, which saves a third of the time and costs
    memory; the weights must not change between products.
    """

    def __init__(self, model: nn.Module, chunks: Sequence[tuple[Tensor, Tensor]], keep: bool):
        self._model, self._chunks, self._keep = model.eval(), chunks, keep
        self._parameters = list(model.parameters())
        self._total = sum(len(labels) for _, labels in chunks)
        self._graphs: dict[int, tuple[Tensor, ...]] = {}

    def gradient(self) -> Generator[None, None, Tensor]:
        """Return the gradient, flat; yield after each chunk."""
        result = torch.zeros_like(_flat(self._parameters))
        for number in range(len(self._chunks)):
            result += _flat(self._slopes(number)).detach()
            yield
        return result

    def product(self, vector: Tensor) -> Generator[None, None, Tensor]:
        """Return the Hessian times a flat ``vector``, flat; yield after each chunk."""
        result = torch.zeros_like(vector)
        pieces = torch.split(vector, [p.numel() for p in self._parameters])
        for number in range(len(self._chunks)):
            pairs = [
                (slope, piece.view_as(slope))
                for slope, piece in zip(self._slopes(number), pieces, strict=True)
                if slope.requires_grad
            ]
            slopes, given = zip(*pairs, strict=True)
            bent = torch.autograd.grad(slopes, self._parameters, given, retain_graph=self._keep, materialize_grads=True)
            result += _flat(bent)
            yield
        return result

    def _slopes(self, number: int) -> tuple[Tensor, ...]:
        """Return a chunk's share of the gradient, as something that can be differentiated again."""
        if number in self._graphs:
            return self._graphs[number]
        images, labels = self._chunks[number]
        # The fused kernels of attention cannot be differentiated twice.
        with sdpa_kernel(SDPBackend.MATH):
            loss = F.cross_entropy(self._model(images), labels, reduction="sum") / self._total
        slopes = torch.autograd.grad(loss, self._parameters, create_graph=True, materialize_grads=True)
        if self._keep:
            self._graphs[number] = slopes
        return slopes


# Not scipy's eigsh: its products cannot yield in between, and it decides itself how many to make.
def sharpest(
    product: Callable[[Tensor], Generator[None, None, Tensor]], start: Tensor, products: int
) -> Generator[float, None, Sharpness]:
    """Estimate both ends of a symmetric matrix's spectrum from ``products`` products, beginning with ``start``.

    Yields the estimate of the largest eigenvalue so far, NaN at first, whenever ``product`` yields. Fewer products are
    made where the vectors span all that ``start`` can reach.
    """
    basis = [start / start.norm()]
    diagonal: list[float] = []
    beside: list[float] = []
    top, scale = math.nan, 0.0
    while True:
        work = product(basis[-1])
        while True:
            try:
                next(work)
            except StopIteration as stop:
                turned = stop.value
                break
            yield top
        diagonal.append(float(turned @ basis[-1]))
        scale = max(scale, float(turned.norm()))
        for _ in range(2):  # the second round takes off what rounding left of the first
            for vector in basis:
                turned = turned - (turned @ vector) * vector
        length = float(turned.norm())
        matrix = torch.diag(torch.tensor(diagonal, dtype=torch.float64))
        matrix += torch.diag(torch.tensor(beside, dtype=torch.float64), -1)  # eigh reads the lower triangle alone
        values, vectors = torch.linalg.eigh(matrix)
        top = float(values[-1])
        if len(basis) == products or length <= _LEAST * scale or len(basis) == start.numel():
            break
        beside.append(length)
        basis.append(turned / length)
    mix = vectors[:, -1]
    direction = sum((float(share) * vector for share, vector in zip(mix, basis, strict=True)), torch.zeros_like(start))
    residual = abs(length * float(mix[-1]) / top) if top else math.nan
    return Sharpness(top, direction / direction.norm(), residual, float(values[0]), diagonal[0])


# Not torch's parameters_to_vector: it refuses tensors in channels-last layout.
def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.reshape(-1) for tensor in tensors])
