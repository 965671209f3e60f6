"""Loss and error over whole splits, in eval mode, on a copy of the net that has BN folded into its convolutions.

The fixed subsets depend on the data set alone, never on a seed: all arms and all races on one data set are measured on
the same images, with classes in equal numbers.
"""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.config import RunConfig
from engine.data.images import Images, ImageSet
from engine.data.subset import balanced
from engine.events import Split
from engine.hardware.device import Device
from engine.hardware.work import evaluation_batch
from engine.models.count import count
from engine.models.init.rng import random_modules, use_means
from engine.models.layers.blocked_layout import supported, to_blocked
from engine.models.shortcuts.strength import copy_strength

_RECALIBRATION_BATCHES = 20


@dataclass(frozen=True)
class Batch:
    """One batch of an evaluation is done, ``done`` of ``total``."""

    done: int
    total: int


@dataclass(frozen=True)
class Score:
    """Mean loss (nats) and error (percent) over a split."""

    split: Split
    loss: float
    error: float
    images: int


class Evaluator:
    """Measures ``model``, or a net of its shape, on the fixed subsets; at an end on all test images and more others.

    A net that computes the same in train and in eval mode needs no copy, which takes longer than a pass of a small net.
    """

    def __init__(self, model: nn.Module, config: RunConfig, images: ImageSet, device: Device):
        self.bn = "recalibrated" if config.recalibrate_bn else "running"
        self._images, self._device = images, device
        self._batch = evaluation_batch(device.torch_device.type, count(config.model).multiply_adds)
        self._closing_images, self._eval_images = config.data.closing_images, config.data.eval_images
        self._calibration_batch = config.optim.batch_size
        self._model = model
        self._folded = None if _has_one_mode(model, device) else FoldedNet(model, device)

    # Which images: chosen by the first evaluation, so that no first step waits for it.

    @cached_property
    def _subsets(self) -> dict[Split, tuple[Images, Tensor]]:
        """The images of each split, and which of them are its fixed subset."""
        measured = {
            Split.TRAIN_CLEAN: self._images.train,
            Split.TEST_SUBSET: self._images.test,
            Split.VALIDATION: self._images.validation,
        }
        return {split: (part, subset(part, self._eval_images)) for split, part in measured.items() if part is not None}

    @cached_property
    def _closing(self) -> Tensor:
        """The training images of an end: a larger subset, of which the fixed one is a part."""
        return subset(self._images.train, self._closing_images)

    @cached_property
    def _calibration(self) -> Tensor:
        return subset(self._images.train, _RECALIBRATION_BATCHES * self._calibration_batch)

    @property
    def net(self) -> nn.Module:
        """The copy that the images go through; made here at the latest."""
        self._folded = self._folded or FoldedNet(self._model, self._device)
        return self._folded.net

    def run(self, model: nn.Module, splits: list[Split]) -> Iterator[Batch | Score]:
        """Measure ``model`` on ``splits``; it may be interrupted after each batch.

        Where the whole test set is measured, the scores of the test subset come from the same pass; all held-out images
        and at least ``CLOSING_IMAGES`` training images are measured too. ``model`` is left as it is, in train
        mode, BN statistics included.
        """
        whole = Split.TEST in splits
        passes = [split for split in splits if not (split == Split.TEST_SUBSET and whole)]
        total = sum(len(self._measured(split, whole)[1]) for split in passes)
        calibration = torch.split(self._calibration, self._calibration_batch) if self.bn == "recalibrated" else ()
        total, done = total + len(calibration), 0
        statistics = model
        if calibration:
            statistics = copy.deepcopy(model)
            trained_on = (self._input(self._images.train, indices) for indices in calibration)
            for _ in recalibrate(statistics, trained_on, self._device):
                done += 1
                yield Batch(done, total)
        if self._folded is not None:
            self._folded.take(statistics)
        logits_of = statistics if self._folded is None else self._folded.logits
        for split in passes:
            images, batches = self._measured(split, whole)
            loss_parts: list[Tensor] = []
            wrong_parts: list[Tensor] = []
            for indices in batches:
                with torch.inference_mode():
                    logits = logits_of(self._input(images, indices))
                    labels = images.labels[indices]
                    loss_parts.append(F.cross_entropy(logits, labels, reduction="none"))
                    wrong_parts.append(logits.argmax(1) != labels)
                done += 1
                yield Batch(done, total)
            losses, wrong = torch.cat(loss_parts), torch.cat(wrong_parts)
            if split == Split.TEST and Split.TEST_SUBSET in splits:
                _, indices = self._subsets[Split.TEST_SUBSET]
                yield _score(Split.TEST_SUBSET, losses[indices], wrong[indices])
            yield _score(split, losses, wrong)

    def _measured(self, split: Split, whole: bool) -> tuple[Images, tuple[Tensor, ...]]:
        """Return the images of a split and the batches to measure; a ``whole`` evaluation takes more than a subset."""
        images, indices = self._subsets[Split.TEST_SUBSET if split == Split.TEST else split]
        if split == Split.TEST or (split == Split.VALIDATION and whole):
            indices = torch.arange(len(images), device=self._device.torch_device)
        elif split == Split.TRAIN_CLEAN and whole:
            indices = self._closing
        return images, torch.split(indices, self._batch)

    def _input(self, images: Images, indices: Tensor) -> Tensor:
        return self._images.normalise(images.batch(indices)[0]).contiguous(memory_format=self._device.memory_format)


def subset(images: Images, size: int) -> Tensor:
    """Return the indices of a fixed subset with classes in equal numbers (``engine.data.subset``), int64 (size,)."""
    return torch.from_numpy(balanced(images.labels.cpu().numpy(), size)).to(images.labels.device)


class FoldedNet:
    """A copy of a net in eval mode with each BN folded into its convolution: the same function, fewer passes.

    In 32-bit floats the logits agree with the unfolded net's up to rounding; in bf16 the folded weights are rounded
    once. Which BN belongs to which convolution is said by ``conv_bn_pairs`` of the modules; everything else is copied
    as it is.
    """

    def __init__(self, model: nn.Module, device: Device):
        self._device, self._blocked = device, device.blocked and supported(model)
        self.net = copy.deepcopy(model).eval().requires_grad_(False)
        self._pairs: list[tuple[nn.Conv2d, str, str]] = []
        for path, module in self.net.named_modules():
            prefix = f"{path}." if path else ""
            for conv, bn in getattr(module, "conv_bn_pairs", ()):
                bare = getattr(module, conv)
                # Folded weights are set anew at every ``take``, so they are no parameters.
                del bare.weight, bare.bias
                setattr(module, bn, nn.Identity())
                self._pairs.append((bare, prefix + conv, prefix + bn))
        # The head of a net in oneDNN's layout works in 32-bit floats.
        dtype = torch.float32 if self._blocked else device.dtype
        device.place(self.net, dtype)
        self._others = dict(self.net.state_dict())

    def logits(self, images: Tensor) -> Tensor:
        """Return the logits, float32 (N, classes), of normalised images, float32 (N, channels, S, S)."""
        logits: Tensor = self.net(to_blocked(images) if self._blocked else images.to(self._device.dtype))
        return logits.float()

    @torch.no_grad()
    def take(self, model: nn.Module) -> None:
        """Take over the present weights, BN statistics and shortcut strength of ``model``, a net of the same shape."""
        for conv, conv_path, bn_path in self._pairs:
            norm, trained = model.get_submodule(bn_path), model.get_submodule(conv_path)
            assert isinstance(norm, nn.BatchNorm2d) and isinstance(trained, nn.Conv2d)
            assert norm.running_mean is not None and norm.running_var is not None
            # Not torch's fuse_conv_bn_weights: it rounds the bias otherwise, and evaluations on record must repeat.
            factor = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
            weight = trained.weight * factor[:, None, None, None]
            conv.weight = self._laid_out(weight.to(memory_format=self._device.memory_format))
            conv.bias = self._laid_out(norm.bias - norm.running_mean * factor)
        copy_strength(model, self.net)
        present = model.state_dict()
        for name, tensor in self._others.items():
            tensor.copy_(present[name])

    def _laid_out(self, weight: Tensor) -> Tensor:
        weight = weight.to(self._device.dtype)
        return weight.to_mkldnn() if self._blocked else weight


def has_batch_norm(model: nn.Module) -> bool:
    """Return whether a net has batch norm, whose statistics can be recalibrated."""
    return any(isinstance(module, nn.BatchNorm2d) for module in model.modules())


def _has_one_mode(model: nn.Module, device: Device) -> bool:
    """Return whether ``model``, as it is, computes what its copy in eval mode would."""
    return device.dtype == torch.float32 and not has_batch_norm(model) and not random_modules(model)


# Not torch's update_bn: it takes all batches at once and could not be interrupted between them.
def recalibrate(model: nn.Module, batches: Iterable[Tensor], device: Device) -> Iterator[None]:
    """Give every BN the mean of its statistics over ``batches``, without chance inside the net, as at test.

    Yields after each batch. The net is left in train mode.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
    use_means(model)
    model.train()
    for number, batch in enumerate(batches, start=1):
        for norm in norms:
            # What the momentum None means to torch, which asks the device for the number, once for every BN.
            norm.momentum = 1.0 / number
        with torch.no_grad(), device.autocast():
            model(batch)
        yield


def _score(split: Split, losses: Tensor, wrong: Tensor) -> Score:
    # One copy from the device per split.
    loss, mistakes = torch.stack([losses.mean(), wrong.sum()]).tolist()
    return Score(split, loss, 100 * mistakes / len(losses), len(losses))
