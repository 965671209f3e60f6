"""The immediate effect of inserted blocks on logits and losses, in 32-bit floats and without folded batch norm."""

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.labs.constructed.insertion import GrownNet, add_noise, relative_change, settle_norms, train_logits

#: Images of an eval pass at a time.
_CHUNK = 250


def changes(
    shallow: nn.Module, grown: GrownNet, evaluated: Tensor, batches: Sequence[Tensor], plain: bool
) -> Iterator[tuple[str, float]]:
    """Yield names and values; fit plain blocks to the first of ``batches`` on the way.

    change    largest difference of the logits of ``evaluated`` in eval mode, right after the insertion
    raw       relative change in train mode on the first batch, before the fit of gamma and beta
    settled   relative change in eval mode after the fit
    train     relative change in train mode on the first batch after the fit
    others    largest relative change in train mode on the other batches
    """
    before = _eval(shallow, evaluated)
    yield "change", float((before - _eval(grown.net, evaluated)).abs().max())
    first, *others = batches
    yield "raw", relative_change(train_logits(shallow, first), train_logits(grown.net, first))
    if plain:
        settle_norms(grown, first)
    yield "settled", relative_change(before, _eval(grown.net, evaluated))
    yield "train", relative_change(train_logits(shallow, first), train_logits(grown.net, first))
    yield "others", max(relative_change(train_logits(shallow, one), train_logits(grown.net, one)) for one in others)


def jumps(
    shallow: nn.Module, grown: GrownNet, shown: tuple[Tensor, Tensor], noises: Sequence[float], seed: int
) -> Iterator[dict[str, Any]]:
    """Yield ``change`` of the logits and ``loss`` in train mode for each noise in the inserted convolutions.

    ``shown`` holds images and labels. Batch norm uses their statistics: the running ones do not suit weights with
    noise. ``grown`` keeps the last level of noise.
    """
    images, labels = shown
    before = train_logits(shallow, images)
    clean = {path: conv.weight.detach().clone() for path, conv in grown.layers(nn.Conv2d)}
    for noise in noises:
        with torch.no_grad():
            for path, conv in grown.layers(nn.Conv2d):
                conv.weight.copy_(clean[path])
        add_noise(grown, noise, seed)
        logits = train_logits(grown.net, images)
        yield {"change": relative_change(before, logits), "loss": float(F.cross_entropy(logits, labels))}


def _eval(net: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        net.eval()
        return torch.cat([net(part) for part in torch.split(images, _CHUNK)])
