"""Ablation: deleting, scaling and swapping the blocks of a trained net.

Source: Veit et al. 2016 (1605.06431), section 4; they call it a lesion.

A block is y = v s(x) + c F(x) (``engine.models.zoo.spec``), a plain one y = F(x).

scale   c F(x) is multiplied with a factor. Where one gate g decides about both ways, y = v (1 - g) x + g F(x), the
        gate itself is multiplied: at 0 the input is carried on whole, as the Highway papers do it. In a plain block
        all that comes out is multiplied.
delete  a factor of 0: what the shortcut carries passes on, a projection or a constant on the shortcut included, and so
        does what follows the addition (ReLU; BN in the order bn-after-addition). A plain block has no shortcut: its
        input passes on in place of its output, and where the block changes the shape, as option A would carry it on
        (subsampled, new channels zero): the same path that the residual net has there.
        Scaling or deleting a block of several sublayers scales or deletes each of them.
swap    two blocks of one stage exchange all their weights and BN statistics. What is fixed by the place in the net
        (the survival probability of stochastic depth) stays with the place.

Hooks do it, on a net and on the copy of it that evaluates: the evaluation itself stays the same. Outside of the context
there is no hook, and the nets are as they were.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import combinations

import torch
from torch import Tensor, nn

from engine.models.layers.preact import GatedBlock
from engine.probes.online.hooks import HookedBlock, find_whole_blocks


class Ablation:
    """Ablates blocks of ``model`` and the same blocks of ``copies`` of it, in which BN may be folded.

    ``blocks`` are those of ``model``, front to back; a block is named by its position in them. One ablation at a time.
    """

    def __init__(self, model: nn.Module, copies: Sequence[nn.Module] = ()):
        self.blocks = find_whole_blocks(model)
        self._everywhere = [self.blocks, *(find_whole_blocks(copy) for copy in copies)]

    @contextmanager
    def deleted(self, block: int) -> Iterator[None]:
        """Delete a block for the time of the context."""
        with ExitStack() as stack:
            for sublayer in self._sublayers(block):
                if sublayer.shortcut is not None:
                    stack.enter_context(_scalable(sublayer).register_forward_hook(_multiply(0.0)))
                else:
                    stack.enter_context(sublayer.module.register_forward_hook(_pass_on(sublayer)))
            yield

    @contextmanager
    def scaled(self, block: int, factor: float) -> Iterator[None]:
        """Multiply a block's branch with ``factor`` for the time of the context."""
        with ExitStack() as stack:
            for sublayer in self._sublayers(block):
                stack.enter_context(_scalable(sublayer).register_forward_hook(_multiply(factor)))
            yield

    @contextmanager
    @torch.no_grad()
    def swapped(self, one: int, other: int) -> Iterator[None]:
        """Exchange the weights of two blocks in ``model`` for the time of the context.

        Copies do not follow: who evaluates one gives it the present weights, as an evaluator does.
        """
        self._exchange(one, other)
        try:
            yield
        finally:
            self._exchange(one, other)

    def pairs(self) -> list[tuple[int, int]]:
        """Return the pairs of blocks that can be swapped: of one stage, with tensors of equal names and shapes."""
        kinds = [(block.place.stage, _shapes(block.module)) for block in self.blocks]
        return [(a, b) for a, b in combinations(range(len(kinds)), 2) if kinds[a] == kinds[b]]

    def _sublayers(self, block: int) -> Iterator[HookedBlock]:
        return (sublayer for blocks in self._everywhere for sublayer in blocks[block].sublayers)

    def _exchange(self, one: int, other: int) -> None:
        there = self.blocks[other].module.state_dict()
        for name, tensor in self.blocks[one].module.state_dict().items():
            kept = tensor.clone()
            tensor.copy_(there[name])
            there[name].copy_(kept)


def _scalable(block: HookedBlock) -> nn.Module:
    """Return the module whose output a factor is applied to."""
    return block.module.coefficient if isinstance(block.module, GatedBlock) else block.branch


def _multiply(factor: float) -> Callable[..., Tensor]:
    return lambda module, inputs, output: output * factor


def _pass_on(block: HookedBlock) -> Callable[..., Tensor]:
    return lambda module, inputs, output: block.stand_in(inputs[0], output)


def _shapes(module: nn.Module) -> list[tuple[str, torch.Size]]:
    return [(name, tensor.shape) for name, tensor in module.state_dict().items()]
