"""A net compiled for training: the same parameters, its forward and backward pass as generated code.

    forward = compiled(model, device)       # in place of ``model`` where a training step calls it
    logits = forward(inputs)

The first call takes minutes on a CPU (C++ is compiled), seconds on a GPU; later ones of the same net find the code in
the workspace. Evaluation and probes call ``model`` itself. Generated code rounds in another order: a compiled training
is reproducible in itself, not equal to one that is not compiled.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from engine.errors import DeviceError
from engine.hardware.compiler import refusal
from engine.hardware.device import Device


def compiled(model: nn.Module, device: Device) -> Callable[[Tensor], Tensor]:
    """Return compiled code that computes ``model(inputs)``, around the same modules. The first call compiles.

    Raises DeviceError when this machine has no compiler.
    """
    if words := refusal(device.torch_device.type):
        raise DeviceError(words)
    # In this process, not in a pool beside it that would outlive a killed worker.
    torch._inductor.config.compile_threads = 1
    forward: Callable[[Tensor], Tensor] = torch.compile(model, dynamic=False)
    return forward
