"""Blocks of any activation order, norm and number of layers, and with a coefficient c on the branch.

y = v s(x) + c F(x), in the orders of He et al. 2016 (1603.05027), Fig. 4; ``engine.models.zoo.orders`` shows them. The
convolutions are conv1 to convM. bnI is the batch norm after convI, in full pre-activation the one before it. s(x) has
the bare x as its input, also where the branch starts with BN and ReLU; the projections of options B and C do not.

Three special cases of that paper's appendix, all in the pre-activation orders. The first block has no activation in
front, because the stem has just made one. The last sum is activated once more before the head
(``engine.models.family``). A projection gets the activated input, which it shares with the branch.

Without norm the orders are the same with BN left out, and convolutions have biases. With Fixup's scalars one number is
added before and after each convolution, and the branch ends in a multiplier.
"""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.models.init.rng import Survival
from engine.models.registry import Site, Variant
from engine.models.shortcuts.scalars import ScaleShift, Shift
from engine.models.shortcuts.shortcuts import Projection
from engine.models.taps import Tap


class PreActBlock(nn.Module):
    """A block without coefficient: y = v s(x) + F(x), or F(x) where ``shortcut`` is None; activated as the order says.

    Shapes: (N, inputs, S, S) -> (N, outputs, ceil(S / stride), ceil(S / stride)). ``strength`` is v.
    """

    any_layout = True

    def __init__(
        self, variant: Variant, site: Site, first: bool, shortcut: nn.Module | None, coefficient: nn.Module | None
    ):
        super().__init__()
        self.strength = 1.0
        last = variant.layers
        normed, scalars, order = variant.norm == "batch", variant.shortcut.scalars, variant.order
        for i in range(1, last + 1):
            inputs, stride = (site.inputs, site.stride) if i == 1 else (site.outputs, 1)
            conv = nn.Conv2d(inputs, site.outputs, 3, stride, padding=1, bias=not normed and not scalars)
            if scalars:
                self.add_module(f"shift{i}", Shift())
            if order == "full-pre" and normed and not (first and i == 1):
                self.add_module(f"bn{i}", nn.BatchNorm2d(inputs))
            self.add_module(f"conv{i}", conv)
            if order != "full-pre" and normed:
                self.add_module(f"bn{i}", nn.BatchNorm2d(site.outputs))
            if scalars:
                self.add_module(f"after{i}", ScaleShift() if i == last else Shift())
        if order == "relu-before-addition":
            self.relu = nn.ReLU()
        self.coefficient = coefficient
        self.shortcut = shortcut
        self._front, self._finish = self._steps(order, last, first)
        #: How many steps at the front of the branch make the input of the projection too.
        shared = variant.projects_activated and isinstance(shortcut, Projection)
        self._shared = self._front.index("conv1") if shared else 0
        self.branch = self._front[-1]
        self.conv_bn_pairs = tuple(
            (one, next_) for one, next_ in pairwise(self._front) if one.startswith("conv") and next_.startswith("bn")
        )
        self.taps = tuple(self._tap(order, i, last) for i in range(1, last + 1))

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        return self._run(self._finish, self._joined(x))

    def _joined(self, x: Tensor) -> Tensor:
        """Return the sum."""
        x = self._run(self._front[: self._shared], x)
        f = self._run(self._front[self._shared :], x)
        return f if self.shortcut is None else torch.add(f, self.shortcut(x), alpha=self.strength)

    def _run(self, steps: tuple[str, ...], x: Tensor) -> Tensor:
        """Return x after ``steps``, names of children; "" is a ReLU. F(x) is x after ``_front``."""
        for step in steps:
            x = F.relu(x) if step == "" else getattr(self, step)(x)
        return x

    def _steps(self, order: str, last: int, first: bool) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the steps of the branch and those after the addition."""
        steps, finish = [], []
        pre = order in ("relu-only-pre", "full-pre")
        for i in range(1, last + 1):
            if pre and not (first and i == 1):
                steps += [f"bn{i}", ""] if order == "full-pre" else [""]
            steps += [f"shift{i}", f"conv{i}", f"after{i}"]
            if order == "bn-after-addition" and i == last:
                finish = [f"bn{i}"]
            elif order != "full-pre":
                steps.append(f"bn{i}")
            if not pre and i < last:
                steps.append("")
        if order == "relu-before-addition":
            steps.append("relu")
        if order in ("post", "bn-after-addition"):
            finish.append("")
        there = {"", *dict(self.named_children())}
        return tuple(s for s in steps if s in there), tuple(s for s in finish if s in there)

    def _tap(self, order: str, i: int, last: int) -> Tap:
        """Return where layer i is looked at."""
        conv, after, shift = f"conv{i}", f"after{i}", f"shift{i + 1}"
        norm = f"bn{i}" if (conv, f"bn{i}") in self.conv_bn_pairs else ""
        response = norm or (after if hasattr(self, after) else conv)
        if i < last:
            into = shift if hasattr(self, shift) else f"conv{i + 1}"
            return Tap(conv, response, norm, activation_into=into)
        if order == "relu-before-addition":
            return Tap(conv, response, norm, activation_from="relu")
        return Tap(conv, response, norm, activation_next=order in ("relu-only-pre", "full-pre"))


class ScaledBlock(PreActBlock):
    """A block whose branch is multiplied with a number or a trained number: y = v s(x) + c F(x)."""

    any_layout = False
    shortcut: nn.Module
    coefficient: nn.Module

    def _joined(self, x: Tensor) -> Tensor:
        return torch.add(self._run(self._front, x) * self.coefficient(x), self.shortcut(x), alpha=self.strength)


class GatedBlock(ScaledBlock):
    """A block whose gate g decides about both ways: y = v (1 - g) x + g F(x). The gate is computed once."""

    def _joined(self, x: Tensor) -> Tensor:
        g = self.coefficient(x)
        return torch.add(self._run(self._front, x) * g, self.shortcut(x, g), alpha=self.strength)


class StochasticDepthBlock(ScaledBlock):
    """A block that is left out of some updates: y = v s(x) + b F(x), and F is not computed where b is 0.

    The weights of a block that is left out get gradients of zero, so momentum and weight decay go on as for all
    others.
    """

    coefficient: Survival

    def _joined(self, x: Tensor) -> Tensor:
        if self.coefficient.skips:
            y: Tensor = _WithoutBranch.apply(self.shortcut(x) * self.strength, *self.parameters())
            return y
        b = self.coefficient(x)
        f = self._run(self._front, x)
        return torch.add(f if b == 1.0 else f * b, self.shortcut(x), alpha=self.strength)


class _WithoutBranch(torch.autograd.Function):
    """The identity in its first argument; the others, the weights of a branch that is left out, get zeros."""

    @staticmethod
    def forward(context: Any, y: Tensor, *weights: Tensor) -> Tensor:
        context.save_for_backward(*weights)
        return y.view_as(y)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, ...]:
        return gradient, *(torch.zeros_like(weight) for weight in context.saved_tensors)
