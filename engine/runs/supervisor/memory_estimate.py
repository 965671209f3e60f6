"""How much GPU memory a run will need, estimated before it starts: a pure function of its config. Torch-free.

The scheduler passes over a GPU that has less free. An estimate, on the safe side for the nets of this project: a test
holds its largest part, the activations, against what autograd keeps of built nets. A run that needs more after all ends
as ``failed`` with advice (``engine.runs.worker.out_of_memory``).
"""

import math

from engine.config import RunConfig
from engine.data.registry import SOURCES
from engine.errors import ConfigError
from engine.models.count import count
from engine.models.tensors import parts

#: What a process with CUDA takes before it computes anything: context, cuDNN, cuBLAS.
PROCESS_BYTES = 600 * 2**20
#: Images whose number is not known beforehand, as bytes on the device.
UNKNOWN_IMAGES = 500 * 2**20
#: Weight, gradient, momentum and a copy during a checkpoint, 4 bytes each; the weight in bf16.
BYTES_PER_PARAMETER = 18
#: For each number that a convolution puts out, so many are kept for the backward pass (measured: 1.0 to 2.7).
KEPT = 3
#: What the allocator leaves unused.
SLACK = 1.2


def activation_bytes(config: RunConfig) -> int:
    """Return what the activations of one training step take, about."""
    outputs = 0
    for part in parts(config.model):
        shape = dict(part.tensors).get("weight", ())
        if part.multiply_adds:
            outputs += part.multiply_adds // math.prod(shape[1:])
    width = 4 if config.precision == "fp32" else 2
    return int(KEPT * outputs * config.optim.batch_size * width)


def gpu_bytes(config: RunConfig) -> int:
    """Return about how many bytes of a GPU's memory the run takes."""
    try:
        parameters, activations = count(config.model).parameters, activation_bytes(config)
    except ConfigError:  # a net that cannot be built: its worker says so
        return PROCESS_BYTES
    source, model = SOURCES.get(config.data.name), config.model
    pixels = model.channels * (model.image_size * config.data.pool) ** 2
    images = pixels * (source.train_images + source.test_images) if source else UNKNOWN_IMAGES
    return int(SLACK * (PROCESS_BYTES + BYTES_PER_PARAMETER * parameters + activations + images))
