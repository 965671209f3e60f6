"""Nets that train several seeds of one arm at once, for the trial in ``packed_seeds``. Not part of the engine.

Slot s of a packed net is the net of seed s: its channels lie beside those of the other slots, so batch norm, ReLU and
the shortcuts see every seed apart from the others. Convolutions keep the slots apart by groups, by zeros, or by both.
"""

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state

from engine.config import RunConfig
from engine.data.augment import augment
from engine.data.batches import BatchStream
from engine.data.images import ImageSet
from engine.hardware.device import Device
from engine.models.build import build_model
from engine.models.layers.blocked_layout import CHANNELS, from_blocked, to_blocked
from engine.models.shortcuts.shortcuts import ZeroPadded
from engine.training.optim import build_optimizer


@dataclass(frozen=True)
class Layout:
    """How a packed net computes.

    ``dense`` neighbouring slots share one dense convolution whose other weights are zero; 0: all of them. ``memory`` is
    that of the activations: first, last (channels) or blocked (oneDNN's own). ``conv`` is the way to convolve: conv2d,
    or bmm on unfolded images. ``vmap``: the nets stay apart and PyTorch packs them. ``mixed``: slots share convolutions
    in the first stage alone, and slots that only fill a group up end with it.
    """

    dense: int = 1
    memory: str = "last"
    conv: str = "conv2d"
    vmap: bool = False
    mixed: bool = False


LAYOUTS = {
    "grouped, channels first": Layout(memory="first"),
    "grouped, channels last": Layout(),
    "grouped, oneDNN's layout": Layout(memory="blocked"),
    "pairs, channels last": Layout(dense=2),
    "pairs, oneDNN's layout": Layout(dense=2, memory="blocked"),
    "pairs, then grouped, oneDNN's layout": Layout(dense=2, memory="blocked", mixed=True),
    "block-diagonal, channels last": Layout(dense=0),
    "block-diagonal, oneDNN's layout": Layout(dense=0, memory="blocked"),
    "unfold and bmm": Layout(memory="first", conv="bmm"),
    "vmap": Layout(memory="first", vmap=True),
}


class PackedConv(nn.Module):
    """One convolution per slot: (N, slots x inputs, S, S) -> (N, slots x outputs, ceil(S / stride), ...)."""

    def __init__(self, convs: Sequence[nn.Conv2d], layout: Layout):
        super().__init__()
        slots, first = len(convs), convs[0]
        self.stride, self.padding, self.slots, self.conv = first.stride, first.padding, slots, layout.conv
        dense = 1 if layout.mixed and first.in_channels >= CHANNELS else layout.dense or slots
        self.groups = slots // dense
        outputs, inputs, *kernel = first.weight.shape
        # Convolutions have a bias where batch norm is folded into them, in an evaluation.
        self.bias = None if first.bias is None else torch.cat([conv.bias.detach() for conv in convs])
        weight = first.weight.new_zeros(slots * outputs, dense * inputs, *kernel)
        mask = torch.zeros_like(weight)
        for slot, conv in enumerate(convs):
            column = (slot % dense) * inputs
            here = (slice(slot * outputs, (slot + 1) * outputs), slice(column, column + inputs))
            weight[here], mask[here] = conv.weight.detach(), 1
        self.weight = nn.Parameter(weight)
        if dense > 1:
            # Weights between slots start at zero and get no gradient, so weight decay and momentum leave them there.
            self.register_buffer("mask", mask)
            self.weight.register_hook(lambda gradient: gradient * self.mask)

    def forward(self, x: Tensor) -> Tensor:
        """Return the feature maps of all slots."""
        if self.conv == "conv2d":
            return F.conv2d(x, self.weight, self.bias, self.stride, self.padding, groups=self.groups)
        n, channels, _, size = x.shape
        side = -(-size // self.stride[0])
        columns = F.unfold(x, 3, padding=1, stride=self.stride).view(n, self.slots, -1, side * side)
        weights = self.weight.flatten(1).view(self.slots, -1, columns.shape[2])
        y = torch.matmul(weights, columns)  # autocast's batched product
        return y.view(n, -1, side, side)


class PackedZeroPadded(ZeroPadded):
    """Option A per slot: the new channels of a slot come after its old ones."""

    def __init__(self, shortcut: ZeroPadded, slots: int, dense: int):
        nn.Module.__init__(self)
        self.stride, self.new_channels, self.slots, self.dense = shortcut.stride, shortcut.new_channels, slots, dense

    def carried(self, x: Tensor) -> Tensor:
        """Return x in the shape of the block's output."""
        if self.stride == 1 and not self.new_channels:
            return x
        channels = x.shape[1] // self.slots
        if x.is_mkldnn:
            groups = self.slots // self.dense
            unit = torch.block_diag(*[torch.eye(channels + self.new_channels, channels)] * self.dense)
            return F.conv2d(x, unit.repeat(groups, 1)[:, :, None, None], stride=self.stride, groups=groups)
        x = x[:, :, :: self.stride, :: self.stride]
        n, _, height, width = x.shape
        pixels = x.permute(0, 2, 3, 1).reshape(n, height, width, self.slots, channels)
        return F.pad(pixels, (0, self.new_channels)).flatten(3).permute(0, 3, 1, 2)


class PackedHead(nn.Module):
    """The mean over the pixels and one linear layer per slot: (N, slots x features, S, S) -> (slots, N, classes)."""

    def __init__(self, layers: Sequence[nn.Linear]):
        super().__init__()
        self.slots = len(layers)
        self.weight = nn.Parameter(torch.stack([layer.weight.detach().t() for layer in layers]))
        self.bias = nn.Parameter(torch.stack([layer.bias.detach() for layer in layers])[:, None])

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits."""
        means = from_blocked(x).mean(dim=(2, 3)).to(self.weight.dtype)
        features = means.view(len(means), self.slots, -1).transpose(0, 1)
        return torch.baddbmm(self.bias, features, self.weight)


class Keep(nn.Module):
    """The channels of the first slots."""

    def __init__(self, channels: int):
        super().__init__()
        self.channels = channels

    def forward(self, x: Tensor) -> Tensor:
        """Return these channels, in the layout of x."""
        kept = from_blocked(x)[:, : self.channels]
        return kept.to_mkldnn() if x.is_mkldnn else kept


def pack(nets: Sequence[nn.Module], layout: Layout, seeds: int) -> nn.Module:
    """Return one net with the weights of all ``nets``, nets of the paper of one shape; the last may be fill."""
    whole = copy.deepcopy(nets[0])
    if not layout.mixed or len(nets) == seeds:
        return _packed(whole, nets, layout)
    slots = len(nets)
    for stage in ("stem", "stage1", "stage2", "stage3", "head"):
        module = whole.get_submodule(stage)
        blocks = list(module.named_children()) if stage.startswith("stage") else [("", module)]
        for name, block in blocks:
            path = f"{stage}.{name}" if name else stage
            packed = _packed(block, [net.get_submodule(path) for net in nets[:slots]], layout)
            if path == "stage2.block1":
                slots = seeds
                packed = nn.Sequential(packed, Keep(seeds * block.conv2.weight.shape[0] // len(nets)))
            setattr(module if name else whole, name or stage, packed)
    return whole


def _packed(module: nn.Module, each: Sequence[nn.Module], layout: Layout) -> nn.Module:
    if isinstance(module, nn.Conv2d):
        return PackedConv(each, layout)
    if isinstance(module, nn.BatchNorm2d):
        norm = nn.BatchNorm2d(len(each) * module.num_features).to(module.weight.dtype)
        for name in ("weight", "bias"):
            getattr(norm, name).data.copy_(torch.cat([getattr(one, name).detach() for one in each]))
        return norm
    if isinstance(module, ZeroPadded):
        pairs = layout.dense == 2 and len(each) % 2 == 0
        return PackedZeroPadded(module, len(each), 2 if pairs else 1)
    if hasattr(module, "linear"):
        return PackedHead([one.linear for one in each])
    for name, child in module.named_children():
        setattr(module, name, _packed(child, [one.get_submodule(name) for one in each], layout))
    return module


class PackedUpdate:
    """One update of all seeds: the batches, the augmentation, the weights and the loss of each are its own."""

    def __init__(
        self,
        configs: Sequence[RunConfig],
        images: ImageSet,
        device: Device,
        layout: Layout,
        dtype: torch.dtype = torch.float32,
    ):
        self._configs, self._images, self._device, self._layout = configs, images, device, layout
        config, self._seeds, self._dtype = configs[0], len(configs), dtype
        # A last slot without a seed of its own computes what the one before does.
        self._slots = self._seeds + (-self._seeds % layout.dense if layout.dense > 1 else 0)
        self._kept = self._seeds if layout.mixed else self._slots
        nets = [build_model(one.model, one.seed).to(dtype) for one in configs]
        nets += [nets[-1]] * (self._slots - self._seeds)
        self._batches = [BatchStream(one.seed, len(images.train), config.optim.batch_size) for one in configs]
        self.net: nn.Module = _Stacked(nets) if layout.vmap else pack(nets, layout, self._seeds)
        if layout.memory != "first":
            device.place(self.net)
        self.optimizer = build_optimizer(self.net, config.optim)

    def __call__(self, step: int) -> tuple[Tensor, Tensor]:
        """Do update ``step``; return the mean loss and the number of wrong answers of each seed."""
        inputs, labels = zip(*(self.batch(slot, step) for slot in range(self._seeds)), strict=True)
        fill = self._slots - self._seeds
        inputs, labels = inputs + inputs[-1:] * fill, labels + labels[-1:] * fill
        truth = torch.stack(labels[: self._kept])
        logits = self._forward(inputs)
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32))
        losses = F.cross_entropy(logits.flatten(0, 1), truth.flatten(), reduction="none").view_as(truth).mean(1)
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(losses.sum())
        self.optimizer.step()
        return losses.detach(), (logits.detach().argmax(2) != truth).sum(1)

    def batch(self, slot: int, step: int) -> tuple[Tensor, Tensor]:
        """Return the images of a seed's update, augmented, and their labels."""
        config = self._configs[slot]
        pixels, labels = self._images.train.batch(torch.from_numpy(self._batches[slot].indices(step)))
        inputs = augment(self._images.normalise(pixels), config.seed, step, config.data)
        return inputs.to(self._dtype), labels

    def _forward(self, inputs: Sequence[Tensor]) -> Tensor:
        memory = torch.channels_last if self._layout.memory == "last" else torch.contiguous_format
        if self._layout.vmap:
            with self._device.autocast():
                logits: Tensor = self.net(torch.stack([one.contiguous() for one in inputs]))
            return logits
        packed = torch.cat(inputs, 1)
        if self._layout.memory == "blocked":
            return self.net(to_blocked(packed.contiguous()))
        with self._device.autocast():
            return self.net(packed.contiguous(memory_format=memory))


class _Stacked(nn.Module):
    """The nets as one function under ``torch.vmap``: images (slots, N, C, S, S) -> logits (slots, N, classes)."""

    def __init__(self, nets: Sequence[nn.Module]):
        super().__init__()
        weights, self._buffers_of = stack_module_state(list(nets))
        self._names = list(weights)
        self.weights = nn.ParameterList(weights.values())
        base = copy.deepcopy(nets[0])
        for module in base.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.num_batches_tracked = None  # a count in place is not for vmap
        self._buffers_of = {k: v for k, v in self._buffers_of.items() if not k.endswith("num_batches_tracked")}
        self._call: Callable[..., Tensor] = torch.vmap(lambda w, b, x: functional_call(base, (w, b), (x,)))

    def forward(self, x: Tensor) -> Tensor:
        """Return the logits of all nets."""
        return self._call(dict(zip(self._names, self.weights, strict=True)), self._buffers_of, x)
