"""Where the blocks of a net stand: stages, channels and strides of both families of He et al. 2015. Torch-free.

Nets (``engine.models.family``) and their arithmetic (``engine.models.tensors``) are built along the same sites.
"""

from collections.abc import Iterator

from engine.config import ModelConfig
from engine.config.families import IMAGENET_STAGES
from engine.models.registry import Site, Variant

#: A bottleneck puts out so many times the channels of its 3x3 convolution.
EXPANSION = 4


def sites(config: ModelConfig, chosen: Variant) -> Iterator[tuple[str, Site]]:
    """Yield (``stage2.block3``, its site) of every block, front to back.

    Filters double from stage to stage; all stages but the first halve the maps in their first block.

    Raises ConfigError when the layers per shortcut do not divide a stage.
    """
    imagenet = config.family == "imagenet"
    stages = IMAGENET_STAGES[config.depth] if imagenet else 3 * (chosen.blocks_per_stage(config.depth),)
    inputs, before = config.width, 0
    for stage, blocks in enumerate(stages):
        outputs = config.width * 2**stage * (EXPANSION if config.bottleneck else 1)
        for number in range(1, blocks + 1):
            stride = 2 if stage and number == 1 else 1
            share = (before + number) / sum(stages)
            yield f"stage{stage + 1}.block{number}", Site(inputs, outputs, stride, chosen.norm, share, sum(stages))
            inputs = outputs
        before += blocks
