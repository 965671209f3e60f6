"""How fast the weights move, from the last update of the optimizer alone: no earlier weights are kept."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

from engine.probes.online.measure import ProbeContext


@torch.no_grad()
def last_directions(optimizer: Optimizer, weights: Sequence[Tensor], lr: float | None) -> list[Tensor | None]:
    """Return the last change of each weight divided by minus the rate ``lr``, from the optimizer's state after it.

    Of SGD it is the momentum buffer, in which weight decay is contained. None before the first update.

    Source: Loshchilov, Hutter 2017, Algorithm 2, for AdamW.
    """
    states: list[dict[str, Tensor]] = [optimizer.state.get(weight, {}) for weight in weights]
    if not states or "exp_avg" not in states[0] or lr is None:
        return [state.get("momentum_buffer") for state in states]
    settings = optimizer.param_groups[0]
    decay: float = settings["weight_decay"]
    # All weights have had as many updates.
    first, second = (1 - beta ** states[0]["step"] for beta in settings["betas"])
    directions: list[Tensor | None] = []
    for weight, state in zip(weights, states, strict=True):
        step = state["exp_avg"] / first / ((state["exp_avg_sq"] / second).sqrt() + settings["eps"])
        if decay:
            # weight = (1 - lr decay) before - lr step; the change takes decay from the weights before.
            step = step.add((weight + lr * step) / (1 - lr * decay), alpha=decay)
        directions.append(step)
    return directions


class UpdateRatio:
    """||last change of W|| / ||W|| of the convolution: (L,); NaN before the first update.

    W is the one after the change.

    Source: a common rule of thumb, about 1e-3 (``engine.probes.registry``).
    """

    def __init__(self, context: ProbeContext):
        self._context = context

    def result(self) -> Tensor:
        """Return one value per layer."""
        context, missing = self._context, self._context.nan()
        ratios = []
        for layer, direction in zip(context.layers, context.directions, strict=True):
            if direction is None or context.lr is None:
                ratios.append(missing)
                continue
            size = torch.linalg.vector_norm(layer.conv.weight.detach().float())
            ratios.append(context.lr * torch.linalg.vector_norm(direction.float()) / size)
        return torch.stack(ratios)
