"""SGD with momentum, AdamW, and the learning rate's schedule. Paper: He et al. 2015, section 4.2."""

import inspect
from collections.abc import Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.optim import SGD, AdamW, Optimizer

from engine.config import RUNNING_WINDOW, OptimConfig
from engine.config.optim import BETAS, EPS

#: The warm-up rule is looked at after every so many steps and at no other moment, so that it depends on no clock.
WARMUP_CHECK = RUNNING_WINDOW


class _WithoutCompiler(Optimizer):
    """An optimizer that does not load PyTorch's compiler, which takes longer than all else of torch.optim.

    PyTorch wraps these methods, so that a compiled program leaves them out; nothing here compiles an optimizer.
    """

    add_param_group = inspect.unwrap(Optimizer.add_param_group)
    zero_grad = inspect.unwrap(Optimizer.zero_grad)


class EagerSGD(_WithoutCompiler, SGD):
    """PyTorch's SGD, bit for bit: the same method makes its updates."""

    step = torch.no_grad()(inspect.unwrap(SGD.step))


class OneCallAdamW(_WithoutCompiler, AdamW):
    """AdamW, bit for bit, of which a step is one call: small nets spend more on PyTorch's own look-ups than on updates.

    There is one group of parameters, every parameter has a gradient, and all share one count of updates.
    """

    _lists: tuple[list[Tensor], list[Tensor], list[Tensor]] | None = None

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Update all parameters."""
        (group,) = self.param_groups
        parameters: list[Tensor] = group["params"]
        if self._lists is None:
            self._lists = self._prepared(parameters)
        first, second, updates = self._lists
        gradients = cast("list[Tensor]", [parameter.grad for parameter in parameters])
        updates[0] += 1
        beta1, beta2 = group["betas"]
        torch._fused_adamw_(
            parameters, gradients, first, second, [], updates, lr=group["lr"], beta1=beta1, beta2=beta2,
            weight_decay=group["weight_decay"], eps=group["eps"], amsgrad=False, maximize=False, grad_scale=None,
            found_inf=None,
        )  # fmt: skip

    def _prepared(self, parameters: list[Tensor]) -> tuple[list[Tensor], list[Tensor], list[Tensor]]:
        """Return both moments of each parameter, restored or new, and the shared count as often."""
        restored = self.state.get(parameters[0], {}).get("step")
        updates = torch.zeros((), device=parameters[0].device) if restored is None else restored
        for parameter in parameters:
            state = self.state[parameter]
            state["step"] = updates
            for moment in ("exp_avg", "exp_avg_sq"):
                state.setdefault(moment, torch.zeros_like(parameter))
        first, second = ([self.state[one][moment] for one in parameters] for moment in ("exp_avg", "exp_avg_sq"))
        return first, second, [updates] * len(parameters)


#: The tensors that an optimizer keeps for each parameter: the name of a kind in a checkpoint, and PyTorch's name.
_KEPT: Mapping[type[Optimizer], Mapping[str, str]] = {
    EagerSGD: {"momentum": "momentum_buffer"},
    OneCallAdamW: {"exp_avg": "exp_avg", "exp_avg_sq": "exp_avg_sq", "updates": "step"},
}


def build_optimizer(model: nn.Module, config: OptimConfig) -> Optimizer:
    """Return the optimizer over all parameters; weight decay applies to all of them, those of norms included."""
    if config.optimizer == "adamw":
        return OneCallAdamW(
            model.parameters(), lr=config.rate, betas=BETAS, eps=EPS, weight_decay=config.weight_decay, fused=True
        )
    # DEVIATION: the paper's solver (Caffe) keeps rate times gradient in the momentum, PyTorch the gradient alone. They
    # are equal while the rate is constant; at a drop of the rate the whole step shrinks at once here, not there.
    # fused: one pass over each tensor instead of several, and few kernel launches on a GPU.
    return EagerSGD(
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


def optimizer_state(model: nn.Module, optimizer: Optimizer) -> dict[str, dict[str, Tensor]]:
    """Return copies of the optimizer's tensors by kind and parameter name; empty before the first step."""
    return {
        kind: {
            name: kept.detach().cpu().clone()
            for name, parameter in model.named_parameters()
            if (kept := optimizer.state.get(parameter, {}).get(key)) is not None
        }
        for kind, key in _KEPT[type(optimizer)].items()
    }


def restore_optimizer(model: nn.Module, optimizer: Optimizer, state: Mapping[str, Mapping[str, Tensor]]) -> None:
    """Put the tensors of ``optimizer_state`` back; those of a parameter's shape get its memory layout."""
    for kind, key in _KEPT[type(optimizer)].items():
        for name, parameter in model.named_parameters():
            if (saved := state[kind].get(name)) is not None:
                kept = torch.empty_like(parameter if saved.shape == parameter.shape else saved, device=parameter.device)
                optimizer.state[parameter][key] = kept.copy_(saved)
