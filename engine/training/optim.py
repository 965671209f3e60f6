"""SGD with momentum and the learning rate's schedule. Paper: He et al. 2015, section 4.2."""

import torch

# torch.optim loads this when the first optimizer is built, which takes a second. Loaded here, the second falls into
# the preload of the process from which workers are forked.
import torch._dynamo  # noqa: F401
from torch import nn

from engine.config import RUNNING_WINDOW, OptimConfig

#: The warm-up rule is looked at after every so many steps and at no other moment, so that it depends on no clock.
WARMUP_CHECK = RUNNING_WINDOW


def build_optimizer(model: nn.Module, config: OptimConfig) -> torch.optim.SGD:
    """Return SGD over all parameters; weight decay applies to all of them, BN's included."""
    # DEVIATION: the paper's solver (Caffe) keeps rate times gradient in the momentum, PyTorch the gradient alone. They
    # are equal while the rate is constant; at a drop of the rate the whole step shrinks at once here, not there.
    # fused: one pass over each tensor instead of several, and few kernel launches on a GPU.
    return torch.optim.SGD(
        model.parameters(), lr=config.rate, momentum=config.momentum, weight_decay=config.weight_decay, fused=True
    )


def learning_rate(config: OptimConfig, step: int, warming: bool) -> float:
    """Return the rate of update ``step`` (1 is the first); ``warming`` while the warm-up lasts."""
    if not warming:
        return config.lr_at(step)
    assert config.warmup_lr is not None, "a run warms up where its config has a rate for it"
    return config.warmup_lr


def warmup_ends(config: OptimConfig, step: int, running_error: float | None) -> bool:
    """Return whether the warm-up is over after ``step`` updates; ``running_error`` in percent.

    Paper, section 4.2: "we use 0.01 to warm up the training until the training error is below 80%".
    """
    if step == 0 or step % WARMUP_CHECK or running_error is None:
        return False
    return running_error < config.warmup_error


def momentum_of(model: nn.Module, optimizer: torch.optim.SGD) -> dict[str, torch.Tensor]:
    """Return copies of the momentum buffers by parameter name; empty before the first step."""
    state = optimizer.state
    return {
        name: state[parameter]["momentum_buffer"].detach().cpu().clone()
        for name, parameter in model.named_parameters()
        if parameter in state
    }


def set_momentum(model: nn.Module, optimizer: torch.optim.SGD, buffers: dict[str, torch.Tensor]) -> None:
    """Put momentum buffers back, in the memory layout of their parameters."""
    for name, parameter in model.named_parameters():
        if name in buffers:
            buffer = torch.empty_like(parameter, requires_grad=False).copy_(buffers[name])
            optimizer.state[parameter]["momentum_buffer"] = buffer
