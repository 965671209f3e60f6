"""Weights of torchvision's resnet18, 34, 50, 101 and 152 for the nets of the ImageNet family with option B.

The nets are the same function; only the names of their tensors differ. Nothing is downloaded here: a state_dict comes
from ``torchvision.models.resnet50(...).state_dict()`` or from a file that holds one.

CIFAR ResNets with option A have no such table: public code pads new channels on both sides, these nets at the end. Both
are the same functions up to a permutation of channels, but weights loaded by position without it give chance.
"""

import re
from collections.abc import Mapping

from torch import Tensor

from engine.errors import CheckpointError
from engine.models.family import PaperNet

#: Their module name as a pattern -> ours.
_NAMES = (
    (re.compile(r"conv1"), "stem.conv"),
    (re.compile(r"bn1"), "stem.bn"),
    (re.compile(r"fc"), "head.linear"),
    (re.compile(r"layer(?P<stage>\d+)\.(?P<block>\d+)\.(?P<layer>(?:conv|bn)\d)"), "{layer}"),
    (re.compile(r"layer(?P<stage>\d+)\.(?P<block>\d+)\.downsample\.0"), "shortcut.conv"),
    (re.compile(r"layer(?P<stage>\d+)\.(?P<block>\d+)\.downsample\.1"), "shortcut.bn"),
)


def our_name(name: str) -> str | None:
    """Return our name of a tensor of torchvision's ResNets, None for a name that torchvision does not use.

    ``layer3.0.downsample.1.bias`` -> ``stage3.block1.shortcut.bn.bias``.
    """
    module, _, tensor = name.rpartition(".")
    for pattern, ours in _NAMES:
        if match := pattern.fullmatch(module):
            parts = match.groupdict()
            place = f"stage{parts['stage']}.block{int(parts['block']) + 1}." if "stage" in parts else ""
            return f"{place}{ours.format(**parts)}.{tensor}"
    return None


def load_torchvision(model: PaperNet, state: Mapping[str, Tensor]) -> None:
    """Put torchvision's weights and BN statistics into ``model``; all of them must fit, else it is left as it was.

    Raises CheckpointError in one line that names the first tensor that does not fit.
    """
    ours = model.state_dict()
    named: dict[str, tuple[str, Tensor]] = {}
    for theirs, tensor in state.items():
        if (name := our_name(theirs)) is None:
            raise CheckpointError(f"{theirs!r} is not a tensor of a torchvision ResNet")
        named[name] = (theirs, tensor)
    arm = f"{model.config.arm} with {model.config.classes} classes"
    for name, (theirs, tensor) in named.items():
        if name not in ours:
            raise CheckpointError(
                f"{arm} has no {name} for {theirs}; torchvision's nets are option B with the large stem"
            )
        if tensor.shape != ours[name].shape:
            shapes = f"{tuple(tensor.shape)} instead of {tuple(ours[name].shape)}"
            raise CheckpointError(f"{theirs} does not fit {name} of {arm}: its shape is {shapes}")
    if missing := [name for name in ours if name not in named]:
        raise CheckpointError(f"the weights lack {missing[0]} of {arm}; torchvision's nets are option B")
    model.load_state_dict({name: tensor for name, (_, tensor) in named.items()})
