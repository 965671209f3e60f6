"""The pass through the net in which everything is measured: forward and backward on the probe batch, with hooks.

BN is normalised with the batch's own statistics and its running statistics are left alone. Chance inside the net is
replaced by its mean (``engine.models.init.rng``): no block is left out, and a probe depends on weights and batch alone.
Blocks work in place (ReLU,
addition), so a hook reduces what it sees before it returns; a gradient hook set there gets the gradient of the value as
it was. Gradients go through ``torch.autograd.grad``: nothing is written to ``.grad``. Hooks exist only during a pass.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.hardware.device import Device
from engine.models.init.rng import use_means
from engine.probes.online.batch import ProbeBatch
from engine.probes.online.hooks import HookedBlock
from engine.probes.online.measure import Activation, Gradient, ProbeContext, Response, Update

#: What is looked at in the net: called with (position, what is shown there).
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
        _attach(stack, layer.response.register_forward_hook(hook(layer.place.position)))


def _listen_to_activations(stack: ExitStack, context: ProbeContext, device: Device, listeners: list[Listener]) -> None:
    def hook(position: int) -> Callable[..., None]:
        def seen(module: nn.Module, inputs: tuple[Any, ...], output: Tensor | None = None) -> None:
            tensor = inputs[0] if output is None else output
            _show(device, listeners, position, Activation(tensor.detach()))

        return seen

    for layer in context.layers:
        here = hook(layer.place.position)
        if layer.activation_is_input:
            _attach(stack, layer.activation.register_forward_pre_hook(here))
        else:
            _attach(stack, layer.activation.register_forward_hook(here))


def _listen_to_blocks(stack: ExitStack, context: ProbeContext, device: Device, listeners: list[Listener]) -> None:
    for block in context.blocks:
        recorder = _BlockRecorder(block, lambda position, update: _show(device, listeners, position, update))
        _attach(stack, block.module.register_forward_pre_hook(recorder.entered))
        _attach(stack, block.branch.register_forward_hook(recorder.branched))
        if block.shortcut is not None:
            _attach(stack, block.shortcut.register_forward_hook(recorder.passed))
        if block.coefficient is not None:
            _attach(stack, block.coefficient.register_forward_hook(recorder.weighed))


class _BlockRecorder:
    """Gathers F(x), s(x) and c of a block, in whichever order they come, and lets go of them at once."""

    def __init__(self, block: HookedBlock, show: Listener):
        self._block, self._show = block, show
        self._x: Tensor | None = None
        self._f: Tensor | None = None
        self._s: Tensor | None = None
        self._c: Tensor | float | None = None
        self._let_go()

    def entered(self, module: nn.Module, inputs: tuple[Any, ...]) -> None:
        if self._block.shortcut is None:
            self._x = inputs[0].detach()

    def branched(self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        self._f = output.detach()
        if self._block.shortcut is None:
            assert self._x is not None
            self._s = self._block.stand_in(self._x, self._f)
        self._try()

    def passed(self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        self._s = output.detach()
        self._try()

    def weighed(self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor | float) -> None:
        self._c = output.detach() if isinstance(output, Tensor) else output
        self._try()

    def _try(self) -> None:
        if self._f is not None and self._s is not None and self._c is not None:
            weighs = self._block.coefficient is not None
            self._show(self._block.place.position, Update(self._f * self._c if weighs else self._f, self._s))
            self._let_go()

    def _let_go(self) -> None:
        self._x = self._f = self._s = None
        self._c = 1.0 if self._block.coefficient is None else None


def _show(device: Device, listeners: list[Listener], position: int, seen: Any) -> None:
    # Reductions are made in 32-bit floats, also where the hook is called from within the run's autocast.
    with torch.autocast(device.torch_device.type, enabled=False):
        for listener in listeners:
            listener(position, seen)


def _attach(stack: ExitStack, handle: Any) -> None:
    stack.callback(handle.remove)


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
