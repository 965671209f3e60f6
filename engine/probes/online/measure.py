"""The contract of a class that measures a quantity, and the values that the pass shows to it.

A row of ``engine.probes.registry`` names a class; one object of it is made per probe and fed during one pass through
the net. All quantities share that pass: ``engine.probes.online.instrumented_pass``. A class has ``__init__(context)``,
``result()`` and of the others only those it needs:

    response(layer, Response)        output of a layer before ReLU and addition; train-mode BN; front to back
    activation(layer, Activation)    after the ReLU that follows the layer; front to back
    block(block, Update)             c F(x) and s(x) of a block or sublayer; front to back
    stream(block, Stream)            the stream before and after a block; front to back; nets with a stream alone
    gradient(layer, Gradient)        dL/dz of the response; back to front
    weight_gradient(layer, Tensor)   dL/dW of the layer's weights, float32; front to back, after all gradients
    response_eval(layer, Response)   as ``response``, in a second pass in eval mode; not before step SETTLED
    result() -> Tensor               float32 on the device, of the shape that the row's ``per`` says

``layer`` and ``block`` are positions. A measure may not wait for the device, nor keep shown values: the net changes
that in place. It keeps small results alone. A value that cannot be measured is NaN; a measure never raises.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import normalize

from engine.probes.online.hooks import HookedBlock, HookedLayer, WholeBlock

#: Running statistics mean something after so many updates (momentum 0.1: what they started from weighs 0.5 % then).
SETTLED = 50


@dataclass(frozen=True)
class ProbeContext:
    """The facts that a probe has before the pass.

    ``labels`` int64 (N,) of the batch; ``step`` updates were done, the last with the rate ``lr`` (None at step 0);
    ``directions`` hold, per layer, the last change of the convolution's weights divided by minus the rate, None before
    the first update (``engine.probes.online.weights``).
    """

    layers: Sequence[HookedLayer]
    blocks: Sequence[HookedBlock]
    labels: Tensor
    step: int
    lr: float | None
    directions: Sequence[Tensor | None]
    stream: Sequence[WholeBlock] = ()

    def nan(self, *shape: int) -> Tensor:
        """Return NaN in ``shape`` on the device: for quantities that cannot be measured."""
        return torch.full(shape, torch.nan, device=self.labels.device)


class Measure(Protocol):
    """The method that all measures have; each chooses which methods show it the net."""

    def result(self) -> Tensor:
        """Return the quantity, float32 on the device."""


class StackedMeasure:
    """Base of measures that keep one small tensor per layer or block, by its position."""

    def __init__(self, context: ProbeContext):
        self.kept: dict[int, Tensor] = {}

    def result(self) -> Tensor:
        """Return the kept tensors, front to back, whichever order they came in."""
        return torch.stack([self.kept[position] for position in sorted(self.kept)])


class Response:
    """The response z of a layer, (N, C, S, S) or (N, ..., C), in the run's precision."""

    def __init__(self, raw: Tensor):
        self.raw = raw

    @cached_property
    def values(self) -> Tensor:
        """All values in the order images, pixels, channels: float32, flat. It may be the net's own memory."""
        return rows_of(self.raw).reshape(-1)

    @cached_property
    def channel_moments(self) -> tuple[Tensor, Tensor]:
        """Mean and variance of each channel over images and pixels, float32 (C,) each."""
        values = self.values.view(-1, self.raw.shape[1 if self.raw.ndim == 4 else -1])
        mean = values.mean(0)
        return mean, (values - mean).square_().mean(0)


class PerImage:
    """Something per image: (N, C, S, S), in the run's precision."""

    def __init__(self, raw: Tensor):
        self.raw = raw

    @cached_property
    def rows(self) -> Tensor:
        """The images' values, float32 (N, S * S * C). It may be the net's own memory."""
        return rows_of(self.raw)

    @cached_property
    def gram(self) -> Tensor:
        """Inner products of the images' values, float32 (N, N)."""
        return self.rows @ self.rows.T


class Activation(PerImage):
    """The activation after a layer's ReLU."""


class Gradient(PerImage):
    """dL/dz of a layer's response, L = mean cross-entropy over the batch."""

    @cached_property
    def norm(self) -> Tensor:
        """Norm over the whole batch, a scalar."""
        norm: Tensor = torch.linalg.vector_norm(self.rows)
        return norm


class Update:
    """A block's update c F(x) and s(x), with which it is compared; both (N, C, S, S), in the run's precision.

    c is 1 but where the block has a coefficient, which then belongs to the update: it is what is added. The live
    strength of the shortcut is left out.
    """

    def __init__(self, f: Tensor, x: Tensor):
        self.f, self.x = f, x

    @cached_property
    def products(self) -> Tensor:
        """F.F, s.s and F.s of every image, float32 (3, N)."""
        f, x = rows_of(self.f), rows_of(self.x)
        return torch.stack([torch.linalg.vecdot(f, f), torch.linalg.vecdot(x, x), torch.linalg.vecdot(f, x)])


class Stream:
    """The stream before and after a block, both (N, tokens, width) or (N, width), in the run's precision."""

    def __init__(self, before: Tensor, after: Tensor):
        self.before, self.after = before.float(), after.float()

    @cached_property
    def directions(self) -> Tensor:
        """The vectors after the block, each scaled to length 1."""
        return normalize(self.after, dim=-1)


def rows_of(tensor: Tensor) -> Tensor:
    """Return (N, C, S, S) as float32 (N, S * S * C), and (N, ..., C) with its axes in order."""
    ordered = tensor.permute(0, 2, 3, 1) if tensor.ndim == 4 else tensor
    return ordered.reshape(len(tensor), -1).float()


def mean_of_each(vectors: Sequence[Tensor]) -> Tensor:
    """Return the mean of each of L vectors, (L,). Neighbours of one length are taken together: a few calls for all."""
    return torch.cat([torch.stack(list(run)).mean(1) for _, run in groupby(vectors, len)])


def mean_without(values: Tensor, left_out: Tensor, dim: int | tuple[int, ...]) -> Tensor:
    """Return the mean over ``dim`` of ``values`` where ``left_out`` is not true; NaN where all are left out."""
    # Not torch.nanmean: a value that was measured as NaN must make the mean NaN.
    count = (~left_out).sum(dim)
    return values.masked_fill(left_out, 0.0).sum(dim) / count
