"""One pass forward and back through a stack of MLPs, written out: the kernels of autograd, in its order, bit for bit.

Small layers spend two thirds of a step on modules, on the graph and on new memory. Here results stay in buffers of
their own, and each gradient is written where the optimizer reads it. For 32-bit floats on a CPU; hooks see nothing.
"""

from collections.abc import Callable
from typing import Any, Self

import torch
from torch import Tensor, nn

from engine.models.shortcuts.branch_scale import Constant, Multiplier
from engine.models.shortcuts.shortcuts import Scaled, ZeroPadded
from engine.models.sublayers.branches import Mlp
from engine.models.sublayers.net import LastNorm, StreamHead, StreamNet
from engine.models.sublayers.sublayer import Sublayer

_aten: Any = torch.ops.aten
_layer_norm_back = _aten.native_layer_norm_backward.default
_leaky_relu_back, _relu_back = _aten.leaky_relu_backward.default, _aten.threshold_backward.default
_softmax_back = _aten._log_softmax_backward_data.default
_loss, _loss_back = _aten.nll_loss_forward.default, _aten.nll_loss_backward.default
#: ``nll_loss``: the mean over the batch, no label left out.
_MEAN, _NO_LABEL = 1, -100
#: A part of the net: x -> y, and the gradient of y -> that of x.
_Part = tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]


class ExplicitPass:
    """The loss of a net and the gradients of its parameters.

    Args:
        model: A net of MLPs whose parts are all known here; see ``of``.
    """

    def __init__(self, model: StreamNet):
        self._stem = _Linear(model.get_submodule("stem.linear"))
        self._parts: list[_Part] = [_part(module) for module in model.get_submodule(model.stream).children()]
        if hasattr(model, "last"):
            last = model.last
            assert isinstance(last, LastNorm)
            self._parts.append(_both(_Norm(last.norm)))
        head = model.head
        assert isinstance(head, StreamHead)
        self._head = _Linear(head.linear)

    @classmethod
    def of(cls, model: nn.Module) -> Self | None:
        """Return the pass of a net, None for a net of other parts."""
        if not isinstance(model, StreamNet) or model.config.family != "mlp":
            return None
        return cls(model) if all(map(_is_known, model.get_submodule(model.stream).children())) else None

    @torch.no_grad()
    def __call__(self, inputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Return the mean loss and the logits; every parameter's ``grad`` holds its gradient afterwards.

        Shapes: images (N, channels, S, S), normalised, labels int64 (N,) -> a scalar, (N, classes).
        """
        pixels = inputs.flatten(1)
        x = self._stem.forward(pixels)
        for forward, _ in self._parts:
            x = forward(x)
        logits = self._head.forward(x)
        shares = torch.log_softmax(logits, 1)
        loss, images = _loss(shares, labels, None, _MEAN, _NO_LABEL)
        g = _loss_back(torch.ones_like(loss), shares, labels, None, _MEAN, _NO_LABEL, images)
        g = self._head.backward(_softmax_back(g, shares, 1, logits.dtype))
        for _, backward in reversed(self._parts):
            g = backward(g)
        self._stem.take(g)
        return loss, logits


class _Linear:
    """y = W x + b."""

    def __init__(self, module: nn.Module):
        assert isinstance(module, nn.Linear)
        self._weight, self._bias = module.weight, module.bias
        self._transposed = module.weight.t()

    def forward(self, x: Tensor) -> Tensor:
        self._x = x
        return torch.addmm(self._bias, x, self._transposed)

    def backward(self, g: Tensor) -> Tensor:
        self.take(g)
        return torch.mm(g, self._weight)

    def take(self, g: Tensor) -> None:
        """Leave the gradients of weight and bias; ``g`` is that of y."""
        weight, bias = self._weight, self._bias
        if weight.grad is None or bias.grad is None:
            weight.grad, bias.grad = torch.empty_like(weight), torch.empty_like(bias)
        torch.mm(g.t(), self._x, out=weight.grad)
        torch.sum(g, 0, out=bias.grad)


class _Norm:
    """Layer norm."""

    def __init__(self, module: nn.LayerNorm):
        self._module, self._shape = module, list(module.normalized_shape)

    def forward(self, x: Tensor) -> Tensor:
        norm = self._module
        self._x = x
        y, self._mean, self._rstd = torch.native_layer_norm(x, self._shape, norm.weight, norm.bias, norm.eps)
        return y

    def backward(self, g: Tensor) -> Tensor:
        norm, wanted = self._module, [True, True, True]
        gx, norm.weight.grad, norm.bias.grad = _layer_norm_back(
            g, self._x, self._shape, self._mean, self._rstd, norm.weight, norm.bias, wanted
        )
        returned: Tensor = gx
        return returned


class _Mlp:
    """Two linear layers and a ReLU between them."""

    def __init__(self, module: Mlp):
        self._first, self._second = _Linear(module.fc1), _Linear(module.fc2)
        self._slope, self._scale = module.slope, module.scale

    def forward(self, x: Tensor) -> Tensor:
        y = self._first.forward(x)
        if self._slope:
            self._before = y
            return self._second.forward(nn.functional.leaky_relu(y, self._slope) * self._scale)
        self._after = torch.relu_(y)
        return self._second.forward(y)

    def backward(self, g: Tensor) -> Tensor:
        g = self._second.backward(g)
        if self._slope:
            return self._first.backward(_leaky_relu_back(g * self._scale, self._before, self._slope, False))
        return self._first.backward(_relu_back(g, self._after, 0))


class _Sublayer:
    """F with what is around it: ``Sublayer.forward``."""

    def __init__(self, module: Sublayer):
        branch, coefficient, shortcut = module.f, module.coefficient, module.shortcut
        assert isinstance(branch, Mlp)
        self._module, self._branch = module, _Mlp(branch)
        self._norm = _Norm(module.norm) if module.is_pre or module.is_post else None
        self._alpha = coefficient.alpha if isinstance(coefficient, Multiplier) else None
        self._constant = coefficient.value if isinstance(coefficient, Constant) else None
        self._wired, self._factor = shortcut is not None, shortcut.factor if isinstance(shortcut, Scaled) else None

    def forward(self, x: Tensor) -> Tensor:
        module = self._module
        y = self._branch.forward(self._norm.forward(x) if self._norm is not None and module.is_pre else x)
        if self._alpha is not None:
            self._f, y = y, y * self._alpha
        elif self._constant is not None:
            y = y * self._constant
        if self._wired:
            y = torch.add(y, x if self._factor is None else x * self._factor, alpha=module.strength)
        return self._norm.forward(y) if self._norm is not None and module.is_post else y

    def backward(self, g: Tensor) -> Tensor:
        module = self._module
        if self._norm is not None and module.is_post:
            g = self._norm.backward(g)
        carried = g
        if self._alpha is not None:
            self._alpha.grad = (g * self._f).sum()
            g = g * self._alpha
        elif self._constant is not None:
            g = g * self._constant
        g = self._branch.backward(g)
        if self._norm is not None and module.is_pre:
            g = self._norm.backward(g)
        if not self._wired:
            return g
        if module.strength != 1:
            carried = carried * module.strength
        return g.add(carried if self._factor is None else carried * self._factor)


def _is_known(module: nn.Module) -> bool:
    if not isinstance(module, Sublayer) or not isinstance(module.f, Mlp):
        return False
    return type(module.shortcut) in {type(None), ZeroPadded, Scaled} and type(module.coefficient) in {
        type(None), Multiplier, Constant,
    }  # fmt: skip


def _part(module: nn.Module) -> _Part:
    assert isinstance(module, Sublayer)
    return _both(_Sublayer(module))


def _both(part: _Norm | _Sublayer) -> _Part:
    return part.forward, part.backward
