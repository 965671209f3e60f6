"""Identity blocks behind the last block of each stage of a trained net: the constructed solution.

He et al. 2015, section 1: "the added layers are identity mapping, and the other layers are copied from the learned
shallower model". The input of such a block comes from a ReLU, so it is not negative.

plain     both convolutions are Dirac's and each BN is the identity: in eval mode by its running statistics (mean 0,
          variance 1 - eps, gamma 1, beta 0), in train mode after ``settle_norms`` fitted gamma and beta to a batch
residual  the branch's last gamma is 0, so F(x) = 0 in both modes for all convolutions
"""

import math
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor, nn

from engine.config import ModelConfig
from engine.models.blocks import Block
from engine.models.build import build_model
from engine.models.init.weights import keyed
from engine.models.parts import layer_path

Layer = TypeVar("Layer", bound=nn.Module)


@dataclass(frozen=True)
class GrownNet:
    """A deep net and the paths of its inserted blocks."""

    net: nn.Sequential
    inserted: tuple[str, ...]

    def layers(self, kind: type[Layer]) -> Iterator[tuple[str, Layer]]:
        """Yield path and layer of every inserted ``kind`` of layer, front to back."""
        for inserted in self.inserted:
            for path, layer in self.net.get_submodule(inserted).named_modules(prefix=inserted):
                if isinstance(layer, kind):
                    yield path, layer

    def dirac(self) -> None:
        """Make every inserted layer the identity in eval mode."""
        with torch.no_grad():
            for _, conv in self.layers(nn.Conv2d):
                nn.init.dirac_(conv.weight)
            for _, norm in self.layers(nn.BatchNorm2d):
                norm.reset_parameters()
                # BN divides by the root of variance + eps.
                running_statistics(norm)[1].fill_(1.0 - norm.eps)

    def zero_gamma(self) -> None:
        """Make every inserted branch zero; the convolutions keep their draws."""
        with torch.no_grad():
            for path, block in self.layers(Block):
                self.net.get_parameter(f"{path}.{block.branch}.weight").zero_()


def grow(shallow: Mapping[str, Tensor], config: ModelConfig, seed: int, inserted: tuple[str, ...]) -> GrownNet:
    """Return the net ``config`` in train mode, equal in eval mode to the shallow net.

    Args:
        shallow: state_dict of the same net without the blocks ``inserted``.
        seed: of the new residual layers, which are those of the arm from scratch.
    """
    net = build_model(config, seed)
    grown = GrownNet(net, inserted)
    net.load_state_dict(net.state_dict() | dict(shallow))
    if config.shortcut == "none":
        grown.dirac()
    else:
        grown.zero_gamma()
    return grown


def settle_norms(grown: GrownNet, images: Tensor) -> None:
    """Fit the inserted batch norms to the batch ``images``, so that plain blocks are the identity in train mode.

    gamma and beta become standard deviation (with eps) and mean of the layer's input. The running statistics follow,
    so that eval mode stays the identity. The other batch norms do not change.
    """
    norms = [norm for _, norm in grown.layers(nn.BatchNorm2d)]
    handles = [norm.register_forward_pre_hook(_fit_to_its_input) for norm in norms]
    train_logits(grown.net, images)
    for handle in handles:
        handle.remove()
    with torch.no_grad():
        for norm in norms:
            mean, variance = running_statistics(norm)
            mean.copy_(norm.bias)
            # gamma^2 is the variance with eps, and BN adds eps again.
            variance.copy_((norm.weight.double().square() - norm.eps).clamp_min(0.0))


def train_logits(net: nn.Module, images: Tensor) -> Tensor:
    """Return the logits of one batch in train mode, without gradients or a change of running statistics."""
    buffers = dict(net.named_buffers())
    saved = {name: buffer.clone() for name, buffer in buffers.items()}
    with torch.no_grad():
        logits: Tensor = net.train()(images)
        for name, buffer in buffers.items():
            buffer.copy_(saved[name])
    return logits


def running_statistics(norm: nn.BatchNorm2d) -> tuple[Tensor, Tensor]:
    """Return the running mean and variance of a batch norm."""
    assert norm.running_mean is not None and norm.running_var is not None
    return norm.running_mean, norm.running_var


def _fit_to_its_input(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
    # Biased as in BN's train mode; in 64 bits, which leaves BN's rounding alone.
    variance, mean = torch.var_mean(inputs[0].double(), dim=(0, 2, 3), correction=0)
    norm.weight.copy_((variance + norm.eps).sqrt())
    norm.bias.copy_(mean)


def add_noise(grown: GrownNet, std: float, seed: int) -> None:
    """Add N(0, std^2) to every weight of the inserted convolutions; every ``std`` scales the same draws."""
    with torch.no_grad():
        for path, conv in grown.layers(nn.Conv2d):
            drawn = torch.empty(conv.weight.shape).normal_(generator=keyed(seed, f"{layer_path(path)} noise"))
            conv.weight.add_(drawn.to(conv.weight.device), alpha=std)


def distance_from_identity(weights: Mapping[str, Tensor], inserted: Collection[str]) -> float:
    """Return ||W - I|| / ||I|| over the convolutions of the blocks ``inserted`` of a state_dict, I = Dirac's.

    He's draws of square 3x3 layers are at sqrt(3): ||W||^2 / ||I||^2 is 2, and the missing identity adds 1.
    """
    missing, whole = 0.0, 0.0
    for name, weight in weights.items():
        block, _, layer = name.rpartition(".")[0].rpartition(".")
        if block in inserted and layer.startswith("conv"):
            identity = nn.init.dirac_(torch.empty_like(weight))
            missing += float((weight - identity).double().square().sum())
            whole += float(identity.double().square().sum())
    return math.sqrt(missing / whole)


def relative_change(one: Tensor, other: Tensor) -> float:
    """Return ||other - one|| / ||one|| of two batches of logits."""
    return float((other - one).double().norm() / one.double().norm())
