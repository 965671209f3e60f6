"""Estimates the GPU memory of a run from its config, on the safe side. Pure, torch-free.

A test compares the tensors with those of a run on a pretended GPU (``tests.devices.test_memory``): at most ``SLACK``
more. A run that needs more memory ends as ``failed`` with advice (``engine.runs.worker.out_of_memory``).
"""

import math
from dataclasses import dataclass

from engine.config import RunConfig
from engine.data.registry import SOURCES
from engine.errors import ConfigError
from engine.hardware.work import evaluation_batch
from engine.models.count import count
from engine.models.registry import Variant, variant
from engine.models.tensors import parts

#: A process with CUDA before any computation: context, cuDNN, cuBLAS.
PROCESS_BYTES = 600 * 2**20
#: A data set of unknown size on the device.
UNKNOWN_IMAGES = 500 * 2**20
#: Weight, gradient and momentum, 4 bytes each; AdamW has two moments.
BYTES_PER_PARAMETER = {"sgd": 12, "adamw": 16}
#: Bytes per pixel of a batch while it is augmented, and while it is normalised for an evaluation, by bytes of a value.
_AUGMENTED, _EVALUATED = 23, {2: 10, 4: 6}
#: Allowance for the allocator's unused memory.
SLACK = 1.2


@dataclass(frozen=True)
class _Activations:
    """Values per image: kept for the backward pass; of the largest layer; of the input.

    So many of the largest live at once ``beside`` those that are kept, and in a ``forward`` pass alone.
    """

    kept: float
    largest: int
    pixels: int
    beside: int
    forward: int


def tensor_bytes(config: RunConfig) -> int:
    """Return the estimated bytes of a replica's tensors on its device, images included, when there are most of them.

    Raises ConfigError for an impossible net.
    """
    size, width = count(config.model), 4 if config.precision == "fp32" else 2
    net, batch = _activations(config, width), config.optim.batch_size / config.replicas
    # The copy for evaluations; in bf16 also autocast's copies of the weights, and gradients before they have 32 bits.
    per_parameter = BYTES_PER_PARAMETER[config.optim.optimizer] + (4 if width == 4 else 5)
    per_parameter += 4 * (config.replicas > 1)  # all gradients as the vector that travels
    passing = net.kept * width + 4 * net.pixels + net.beside * net.largest * width
    step = batch * max(_AUGMENTED * net.pixels, passing)
    forward = _EVALUATED[width] * net.pixels + net.forward * net.largest * width
    evaluation = evaluation_batch("cuda", size.multiply_adds) * forward
    # A probe reduces what it sees in 32-bit floats.
    probe = config.probe.images * (passing + 4 * net.beside * net.largest)
    return int(per_parameter * size.parameters + _image_bytes(config) + max(step, evaluation, probe))


def gpu_bytes(config: RunConfig) -> int:
    """Return the estimated bytes of a GPU's memory that the run takes."""
    try:
        return int(SLACK * (PROCESS_BYTES + tensor_bytes(config)))
    except ConfigError:  # the worker reports an impossible net
        return PROCESS_BYTES


def _image_bytes(config: RunConfig) -> int:
    source, model = SOURCES.get(config.data.name), config.model
    pixels = model.channels * model.image_size**2
    return pixels * (source.train_images + source.test_images) if source else UNKNOWN_IMAGES


def _activations(config: RunConfig, width: int) -> _Activations:
    model, chosen = config.model, variant(config.model.shortcut, config.model.family)
    kept, largest = 0.0, 0
    for part in parts(model):
        shape = dict(part.tensors).get("weight", ())
        if shape and part.multiply_adds:
            outputs = part.multiply_adds // math.prod(shape[1:])
            kept += outputs * _kept_per_output(chosen, part.layer, width)
            largest = max(largest, outputs)
    if model.family in ("mlp", "vit"):
        forward = 7 if width == 2 else 4  # layer norm leaves bf16
    elif model.first_layer == "large":
        forward = 3  # the first layer is by far the largest
    else:
        gates = chosen.shortcut.shares_gate or chosen.order != "post"
        forward = 6 if gates else 5 if _has_more(chosen) else 4
    beside = 3 if _has_more(chosen) or chosen.shortcut.coefficient else 2
    return _Activations(kept, largest, model.channels * model.image_size**2, beside, forward)


def _has_more(chosen: Variant) -> bool:
    """Return whether every block has a gate or scalars, and so more values at a time."""
    return chosen.shortcut.shares_gate or chosen.shortcut.scalars or chosen.shortcut.name == "shortcut-gated"


def _kept_per_output(chosen: Variant, layer: bool, width: int) -> float:
    """Return the values that the backward pass needs per output value of a layer, or of a projection or gate."""
    row = chosen.shortcut
    if not layer:
        return 2.0 if row.shares_gate else 1.0
    kept = {"none": 1.0, "batch": 2.0, "layer": 3.0 if width == 2 else 2.0}[chosen.norm]
    if chosen.order == "relu-before-addition" or row.coefficient:
        kept += 0.5  # one more value at the end of a branch of two layers
    return kept
