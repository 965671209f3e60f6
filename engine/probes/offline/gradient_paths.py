"""A residual net as a sum of paths, and the gradient that one path carries. Paper: Veit et al. 2016 (1605.06431),
sections 3 and 4.3.

Every block y = v s(x) + c F(x) is a fork, so a net of n blocks is a sum of 2^n paths, C(n, k) of which go through k
branches. The values of the net are those of the whole net; backward only the chosen path is followed: through the
branch of the chosen blocks, through the shortcut of all others. The gradients of all paths add up to the gradient of
the net, exactly, for the ReLUs stand where the forward pass has put them. Each image of a batch may take a path of its
own. Batch norm uses its running statistics, so that images do not meet; numbers are 32-bit floats.

Where one gate decides about both ways, g F(x) is the branch and (1 - g) x the shortcut, the gate's own gradient shared
between them in the same way.
"""

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.init.rng import use_means
from engine.models.layers.preact import GatedBlock
from engine.probes.online.hooks import HookedBlock, find_blocks


class GradientPaths:
    """The paths through the blocks of ``model``, which is taken over: eval mode, no gradients of weights.

    ``blocks`` are all of its blocks, ``forks`` those with a shortcut, none in a plain net.
    """

    def __init__(self, model: nn.Module):
        use_means(model)
        self._model = model.eval().float().requires_grad_(False)
        self.blocks = find_blocks(model)
        self.forks = [block for block in self.blocks if block.shortcut is not None]

    def gradients(self, inputs: Tensor, labels: Tensor, routes: Tensor | None = None) -> Tensor:
        """Return dL_i / dh_i for every image, float32 (N, ...): L_i its cross-entropy, h_i the first block's input.

        ``inputs`` float32 (N, channels, S, S), normalised; ``labels`` int64 (N,). ``routes`` bool (forks, N): whether
        image i goes through the branch of that fork, else through its shortcut; None: the gradient of the whole net.
        """
        start: list[Tensor] = []

        def begin(module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
            start.append(args[0].detach().requires_grad_())
            return (start[0], *args[1:])

        with ExitStack() as stack, torch.enable_grad():
            stack.enter_context(self.blocks[0].module.register_forward_pre_hook(begin))
            if routes is not None:
                for block, through in zip(self.forks, routes, strict=True):
                    for handle in _open(block, through.float()):
                        stack.enter_context(handle)
            loss = F.cross_entropy(self._model(inputs), labels, reduction="sum")
            return torch.autograd.grad(loss, start[0])[0]


def draw_routes(lengths: Tensor, forks: int, generator: torch.Generator) -> Tensor:
    """Return a random path per image, bool (forks, N): image i goes through ``lengths[i]`` branches, int64 (N,)."""
    ranks = torch.rand(forks, len(lengths), generator=generator).argsort(0).argsort(0)
    return ranks < lengths


def _open(block: HookedBlock, through: Tensor) -> list[Any]:
    """Let gradients pass the branch where ``through`` is 1, the shortcut where it is 0; values stay as they are."""
    assert block.shortcut is not None
    handles = [
        block.branch.register_forward_hook(_valve(through)),
        block.shortcut.register_forward_hook(_valve(1.0 - through)),
    ]
    if isinstance(block.module, GatedBlock):
        # The shortcut gets the gate as it is, the branch one that lets gradients pass as the branch does.
        gate: list[Tensor] = []

        def keep(module: nn.Module, args: tuple[Any, ...], output: Tensor) -> Tensor:
            gate.append(output)
            return torch.lerp(output.detach(), output, _per_image(through, output))

        handles.append(block.module.coefficient.register_forward_hook(keep))
        handles.append(block.shortcut.register_forward_pre_hook(lambda module, args: (args[0], gate.pop())))
    return handles


def _valve(open_: Tensor) -> Callable[..., Tensor]:
    # x + open (x - x): the values are x, exactly, and the gradient is multiplied with how far the valve is open.
    return lambda module, args, output: torch.lerp(output.detach(), output, _per_image(open_, output))


def _per_image(values: Tensor, output: Tensor) -> Tensor:
    """Return one value per image, (N,), in a shape that broadcasts over ``output``, (N, ...)."""
    return values.view(-1, *[1] * (output.ndim - 1))
