"""The stacks of the mapping lab: K nets of L blocks (``engine.labs.block_stacks``) in batched products.

Backward is written out, as autograd's graph takes as long as the products.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.block_stacks import (
    IDENTITY,
    INNER,
    INPUTS,
    OUTPUTS,
    WIDTH,
    draw,
    forward,
    near_identity,
    tangent_kernel,
)
from engine.labs.mapping.arms import PLAIN, Arm

_EPS = 1e-5


class Start(NamedTuple):
    """The start of a net: seed of the draws, and ``identity`` from 0 (the arm's own start) to 1 ([I, -I])."""

    seed: int
    identity: float = 0.0


class Normed(NamedTuple):
    """Batch norm's values for backward: normalised values and 1 / standard deviation."""

    values: Tensor
    inverse: Tensor


class Stacks:
    """K nets of one arm and depth.

    ``values`` and ``velocity`` (momentum's sums of gradients) are flat. ``parts`` and ``moves`` are views of them by
    name, each (L, K, ...): ``w1`` (.., WIDTH, INNER), ``w2`` (.., INNER, WIDTH), ``b1``, ``b2`` and with batch norm
    ``g1``, ``g2`` (.., 1, units).
    """

    def __init__(self, arm: Arm, blocks: int, starts: Sequence[Start]) -> None:
        self.arm, self.blocks, self.nets = arm, blocks, len(starts)
        shapes = {"w1": (WIDTH, INNER), "w2": (INNER, WIDTH), "b1": (1, INNER), "b2": (1, WIDTH)}
        if arm.norm:
            shapes |= {"g1": (1, INNER), "g2": (1, WIDTH)}
        sizes = [blocks * self.nets * rows * columns for rows, columns in shapes.values()]
        self.values, self.velocity = torch.zeros(sum(sizes)), torch.zeros(sum(sizes))
        self.parts, self.moves = (
            {
                name: piece.view(blocks, self.nets, *shape)
                for (name, shape), piece in zip(shapes.items(), torch.split(flat, sizes), strict=True)
            }
            for flat in (self.values, self.velocity)
        )
        self._kept: list[tuple[Tensor, Tensor, Normed | None, Normed | None]] = []
        self._rooms: dict[tuple[str | int, ...], Tensor] = {}
        self._start(starts)

    def _start(self, starts: Sequence[Start]) -> None:
        arm = self.arm
        for start in dict.fromkeys(starts):
            nets = [number for number, other in enumerate(starts) if other == start]
            for block in range(self.blocks):
                w1, w2 = draw(start.seed, block)
                if arm.identity:
                    w1, w2 = near_identity(w1, w2, self.blocks)
                w1 = (1 - start.identity) * w1 + start.identity * IDENTITY
                w2 = (1 - start.identity) * w2 + start.identity * IDENTITY.T
                self.parts["w1"][block, nets] = w1
                self.parts["w2"][block, nets] = w2 / self.blocks if arm.scaled and not arm.norm else w2
        if arm.norm:
            self.parts["g1"].fill_(1.0)
            self.parts["g2"].fill_(0.0 if arm.zero else 1 / self.blocks if arm.scaled else 1.0)

    def forward(self, x: Tensor, keep: bool = False) -> Tensor:
        """Return the outputs (K, batch, WIDTH) for ``x`` (batch, WIDTH), valid until the next call."""
        parts, batch, h = self.parts, len(x), x.expand(self.nets, *x.shape)
        self._kept = []
        for block in range(self.blocks):
            w1, w2, b1, b2 = (parts[name][block] for name in ("w1", "w2", "b1", "b2"))
            place = block if keep else block % 2
            inside, out = self._room("inside", place, batch, INNER), self._room("out", place, batch, WIDTH)
            first = second = None
            if self.arm.norm:
                torch.bmm(h, w1, out=inside)
                first = _norm(inside, parts["g1"][block], b1, self._room("values inside", place, batch, INNER))
                torch.bmm(inside.relu_(), w2, out=out)
                second = _norm(out, parts["g2"][block], b2, self._room("values", place, batch, WIDTH))
            else:
                torch.baddbmm(b1, h, w1, out=inside)
                torch.baddbmm(b2, inside.relu_(), w2, out=out)
            if keep:
                self._kept.append((h, inside, first, second))
            h = out.add_(h) if self.arm.residual else out
        return h

    def backward(self, slope: Tensor, momentum: float) -> None:
        """Set ``velocity`` to ``momentum`` times itself plus the gradients, without a pass over the gradients alone.

        ``slope`` (K, batch, WIDTH) is the gradient of the last kept outputs.
        """
        parts, moves, batch = self.parts, self.moves, slope.shape[1]
        for block in reversed(range(self.blocks)):
            h, inside, first, second = self._kept.pop()
            w1, w2 = parts["w1"][block], parts["w2"][block]
            branch, total = slope, slope.sum(1, keepdim=True)
            moves["b2"][block].mul_(momentum).add_(total)
            if second is not None:
                out = self._room("branch", 0, batch, WIDTH)
                branch, along = _norm_back(slope, total, second, parts["g2"][block], out)
                moves["g2"][block].mul_(momentum).add_(along)
            moves["w2"][block].baddbmm_(inside.transpose(1, 2), branch, beta=momentum)
            within = torch.bmm(branch, w2.transpose(1, 2), out=self._room("within", 0, batch, INNER))
            within = torch.ops.aten.threshold_backward.grad_input(within, inside, 0, grad_input=within)
            total = within.sum(1, keepdim=True)
            moves["b1"][block].mul_(momentum).add_(total)
            if first is not None:
                out = self._room("within", 1, batch, INNER)
                within, along = _norm_back(within, total, first, parts["g1"][block], out)
                moves["g1"][block].mul_(momentum).add_(along)
            moves["w1"][block].baddbmm_(h.transpose(1, 2), within, beta=momentum)
            if block:
                below = torch.bmm(within, w1.transpose(1, 2), out=self._room("below", block % 2, batch, WIDTH))
                slope = below.add_(slope) if self.arm.residual else below

    def _room(self, use: str, place: int, *shape: int) -> Tensor:
        """Return the buffer (K, ``shape``) of a ``use``; fresh memory at every step costs as much as the products."""
        key: tuple[str | int, ...] = (use, place, *shape)
        if key not in self._rooms:
            self._rooms[key] = torch.empty(self.nets, *shape)
        return self._rooms[key]


def kernel(stacks: Stacks) -> Tensor:
    """Return the kernel (INPUTS * OUTPUTS, same) of one plain net on fixed inputs. Raises ValueError."""
    if stacks.nets != 1 or stacks.arm != PLAIN:
        raise ValueError("the kernel is that of one plain net")
    weights = [{name: part[block].double() for name, part in stacks.parts.items()} for block in range(stacks.blocks)]
    x = torch.randn(INPUTS, WIDTH, generator=torch.Generator().manual_seed(0)).double()
    return tangent_kernel(lambda stack: forward(stack, x)[0, :, :OUTPUTS], weights)


def condition(seed: int, blocks: int, identity: float) -> float:
    """Return the condition number of the kernel of a plain stack that starts at ``identity``."""
    values = torch.linalg.eigvalsh(kernel(Stacks(PLAIN, blocks, [Start(seed, identity)])))
    return float(values[-1] / values[0].clamp_min(1e-20))


def _norm(z: Tensor, gamma: Tensor, beta: Tensor, values: Tensor) -> Normed:
    """Normalise ``z`` (K, batch, units) over the batch into ``values``; ``z`` becomes gamma * values + beta."""
    # torch.var_mean over this dimension takes ten times as long.
    torch.sub(z, z.mean(1, keepdim=True), out=values)
    inverse = torch.mul(values, values, out=z).mean(1, keepdim=True).add_(_EPS).rsqrt_()
    values.mul_(inverse)
    torch.addcmul(beta, values, gamma, out=z)
    return Normed(values, inverse)


def _norm_back(slope: Tensor, total: Tensor, normed: Normed, gamma: Tensor, out: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of batch norm's input, in ``out``, and of gamma; ``total`` is the sum of ``slope``."""
    batch = slope.shape[1]
    along = torch.mul(slope, normed.values, out=out).sum(1, keepdim=True)
    torch.mul(normed.values, along / -batch, out=out)
    return out.add_(slope).sub_(total / batch).mul_(gamma * normed.inverse), along
