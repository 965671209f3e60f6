"""The pass through the net in which everything is measured: forward and backward on the probe batch, with hooks.

BN is normalised with the batch's own statistics and its running statistics are left alone. Chance inside the net is
replaced by its mean (``engine.models.init.rng``): no block is left out, and a probe depends on weights and batch alone.
Blocks work in place (ReLU, addition), so a hook reduces what it sees before it returns; a gradient hook set there gets
the gradient of the value as it was. Gradients go through ``torch.autograd.grad``: nothing is written to ``.grad``.
Hooks exist only during a pass.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.hardware.device import Device
from engine.models.init.rng import use_means
from engine.probes.online.batch import ProbeBatch
from engine.probes.online.hooks import HookedBlock
from engine.probes.online.measure import Activation, Gradient, ProbeContext, Response, Stream, Update

#: A method of a measure, called with (position, values at that position).
Listener = Callable[[int, Any], None]


def instrumented_pass(
    model: nn.Module, batch: ProbeBatch, context: ProbeContext, device: Device, measures: Sequence[Any]
) -> None:
    """Show ``measures`` the forward and the backward pass in train mode; the net is as before."""

    def listeners(kind: str) -> list[Listener]:
        return [getattr(measure, kind) for measure in measures if hasattr(measure, kind)]

    with ExitStack() as stack:
        stack.enter_context(_modes(model, training=True))
        _listen_to_responses(stack, context, device, listeners("response"), listeners("gradient"))
        _listen_to_activations(stack, context, device, listeners("activation"))
        _listen_to_blocks(stack, context, device, listeners("block"))
        _listen_to_stream(stack, context, device, listeners("stream"))
        with torch.enable_grad():
            with device.autocast():
                logits = model(_laid_out(batch, device))
            loss = F.cross_entropy(logits.float(), batch.labels)
            gradients = torch.autograd.grad(loss, [layer.conv.weight for layer in context.layers])
    for listener in listeners("weight_gradient"):
        for position, gradient in enumerate(gradients):
            listener(position, gradient.float())


def instrumented_eval_pass(
    model: nn.Module, batch: ProbeBatch, context: ProbeContext, device: Device, measures: Sequence[Any]
) -> None:
    """Show ``measures`` a forward pass in which BN uses its running statistics; the net is as before."""
    listeners = [measure.response_eval for measure in measures if hasattr(measure, "response_eval")]
    if not listeners:
        return
    with ExitStack() as stack:
        stack.enter_context(_modes(model, training=False))
        _listen_to_responses(stack, context, device, listeners, [])
        with torch.no_grad(), device.autocast():
            model(_laid_out(batch, device))


def _listen_to_responses(
    stack: ExitStack, context: ProbeContext, device: Device, listeners: list[Listener], backward: list[Listener]
) -> None:
    def hook(position: int) -> Callable[..., None]:
        def came_back(gradient: Tensor) -> None:
            _show(device, backward, position, Gradient(gradient.detach()))

        def came_out(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
            if backward:
                hooked: Any = output  # torch does not type this method
                hooked.register_hook(came_back)
            _show(device, listeners, position, Response(output.detach()))

        return came_out

    for layer in context.layers:
        stack.enter_context(layer.response.register_forward_hook(hook(layer.place.position)))


def _listen_to_activations(stack: ExitStack, context: ProbeContext, device: Device, listeners: list[Listener]) -> None:
    def hook(position: int) -> Callable[..., None]:
        def seen(module: nn.Module, inputs: tuple[Any, ...], output: Tensor | None = None) -> None:
            tensor = inputs[0] if output is None else output
            _show(device, listeners, position, Activation(tensor.detach()))

        return seen

    for layer in context.layers:
        module = layer.activation
        register = module.register_forward_pre_hook if layer.activation_is_input else module.register_forward_hook
        stack.enter_context(register(hook(layer.place.position)))


def _listen_to_blocks(stack: ExitStack, context: ProbeContext, device: Device, listeners: list[Listener]) -> None:
    for block in context.blocks:
        recorder = _BlockRecorder(block, lambda position, update: _show(device, listeners, position, update))
        stack.enter_context(block.branch.register_forward_hook(recorder.hook("f")))
        if block.shortcut is not None:
            stack.enter_context(block.shortcut.register_forward_hook(recorder.hook("s")))
        else:
            stack.enter_context(block.module.register_forward_pre_hook(recorder.entered))
        if block.coefficient is not None:
            stack.enter_context(block.coefficient.register_forward_hook(recorder.hook("c")))


def _listen_to_stream(stack: ExitStack, context: ProbeContext, device: Device, listeners: list[Listener]) -> None:
    def hook(position: int) -> Callable[..., None]:
        def came_out(module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
            _show(device, listeners, position, Stream(inputs[0].detach(), output.detach()))

        return came_out

    for block in context.stream:
        stack.enter_context(block.module.register_forward_hook(hook(block.place.position)))


class _BlockRecorder:
    """Gathers F(x), s(x) and c of a block, in whichever order they come, and lets go of them at once."""

    def __init__(self, block: HookedBlock, show: Listener):
        self._block, self._show = block, show
        self._parts: dict[str, Any] = {}

    def entered(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        self._parts["x"] = inputs[0].detach()

    def hook(self, part: str) -> Callable[..., None]:
        def came_out(module: nn.Module, inputs: tuple[Any, ...], output: Tensor | float) -> None:
            self._parts[part] = output.detach() if isinstance(output, Tensor) else output
            self._try()

        return came_out

    def _try(self) -> None:
        block, parts = self._block, self._parts
        if "f" in parts and "x" in parts:
            parts["s"] = block.stand_in(parts.pop("x"), parts["f"])
        if "f" in parts and "s" in parts and ("c" in parts or block.coefficient is None):
            f = parts["f"] * parts["c"] if "c" in parts else parts["f"]
            self._show(block.place.position, Update(f, parts["s"]))
            parts.clear()


def _show(device: Device, listeners: list[Listener], position: int, seen: Any) -> None:
    # Reductions are made in 32-bit floats, also where the hook is called from within the run's autocast.
    kind = device.torch_device.type
    with torch.autocast(kind, enabled=False) if torch.is_autocast_enabled(kind) else nullcontext():
        for listener in listeners:
            listener(position, seen)


def _laid_out(batch: ProbeBatch, device: Device) -> Tensor:
    return batch.inputs.contiguous(memory_format=device.memory_format)


@contextmanager
def _modes(model: nn.Module, training: bool) -> Iterator[None]:
    """Put the net into train or eval mode with running statistics that stay as they are; undo both, come what may.

    Draws stay at their mean: the next update draws anew.
    """
    modules = list(model.modules())
    before = [module.training for module in modules]
    norms = [module for module in modules if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    tracking = [norm.track_running_stats for norm in norms]
    try:
        model.train(training)
        use_means(model)
        for norm in norms if training else ():
            # Without tracking, BN in train mode neither moves its running statistics nor counts the batch. (A momentum
            # of 0 would not do: 0 times NaN is NaN.)
            norm.track_running_stats = False
        yield
    finally:
        for norm, tracks in zip(norms, tracking, strict=True):
            norm.track_running_stats = tracks
        for module, mode in zip(modules, before, strict=True):
            module.training = mode
