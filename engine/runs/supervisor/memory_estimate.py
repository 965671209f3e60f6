"""Estimates the GPU memory of a run from its config, on the safe side. Pure, torch-free.

A test compares the activations, the largest part, with the tensors that autograd keeps. A run that needs more memory
ends as ``failed`` with advice (``engine.runs.worker.out_of_memory``).
"""

import math

from engine.config import RunConfig
from engine.data.registry import SOURCES
from engine.errors import ConfigError
from engine.models.count import count
from engine.models.tensors import parts

#: A process with CUDA before any computation: context, cuDNN, cuBLAS.
PROCESS_BYTES = 600 * 2**20
#: A data set of unknown size on the device.
UNKNOWN_IMAGES = 500 * 2**20
#: Weight, gradient, momentum and a copy during a checkpoint, 4 bytes each; the weight in bf16. AdamW has two moments.
BYTES_PER_PARAMETER = {"sgd": 18, "adamw": 22}
#: Values kept for the backward pass per output value of a convolution (measured: 1.0 to 2.7).
KEPT = 3
#: Allowance for the allocator's unused memory.
SLACK = 1.2


def activation_bytes(config: RunConfig) -> int:
    """Return the estimated bytes of the activations of one training step, in one of the run's replicas."""
    outputs = 0
    for part in parts(config.model):
        shape = dict(part.tensors).get("weight", ())
        if shape and part.multiply_adds:
            outputs += part.multiply_adds // math.prod(shape[1:])
    width = 4 if config.precision == "fp32" else 2
    pixels = config.model.channels * config.model.image_size**2  # kept for the first layer, as 32-bit floats
    return int((KEPT * outputs * width + 4 * pixels) * config.optim.batch_size / config.replicas)


def gpu_bytes(config: RunConfig) -> int:
    """Return the estimated bytes of a GPU's memory that the run takes."""
    try:
        parameters, activations = count(config.model).parameters, activation_bytes(config)
    except ConfigError:  # the worker reports an impossible net
        return PROCESS_BYTES
    source, model = SOURCES.get(config.data.name), config.model
    pixels = model.channels * (model.image_size * config.data.pool) ** 2
    per_parameter = BYTES_PER_PARAMETER[config.optim.optimizer]
    images = pixels * (source.train_images + source.test_images) if source else UNKNOWN_IMAGES
    return int(SLACK * (PROCESS_BYTES + per_parameter * parameters + activations + images))
