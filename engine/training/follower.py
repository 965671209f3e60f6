"""The training of a further rank of a run with replicas: it does the updates that rank 0 announces, and nothing else.

Rank 0 alone has a ``Trainer``: its events, probes, evaluations and checkpoints are the run's. Batch norm's running
statistics, which no training pass reads, are each rank's own; those of rank 0 are evaluated and saved.
"""

from collections.abc import Callable

from torch import nn
from torch.optim import Optimizer

from engine.config import RunConfig
from engine.data.images import ImageSet
from engine.errors import DeviceError
from engine.hardware.device import Device
from engine.hardware.ranks import Order
from engine.models.build import build_model
from engine.models.shortcuts.strength import HasStrength, set_strength
from engine.training.optim import build_optimizer, restore_optimizer
from engine.training.state import StateDocument, config_of
from engine.training.update import Update


def order_of(step: int, model: nn.Module, optimizer: Optimizer) -> Order:
    """Return what the other ranks need for update ``step``, as model and optimizer have it now."""
    (group,) = optimizer.param_groups
    strengths = (module.strength for module in model.modules() if isinstance(module, HasStrength))
    return Order(step, group["lr"], group["weight_decay"], next(strengths, 1.0))


class Follower:
    """A net that begins with the state of rank 0.

    Args:
        images_of: Loads the images of a config, as rank 0 did.

    Raises: DeviceError when these are not the images of rank 0.
    """

    def __init__(self, state: StateDocument, images_of: Callable[[RunConfig], ImageSet], device: Device):
        config = config_of(state)
        images = images_of(config).to(device.torch_device)
        if images.checksum != state["data"]:
            raise DeviceError("its images are not those of the first replica")
        assert device.ranks is not None, "a follower is one of several ranks"
        self._ranks = device.ranks
        self._model = build_model(config.model, config.seed)
        device.place(self._model)
        self._optimizer = build_optimizer(self._model, config.optim)
        self._model.load_state_dict(state["model"])
        restore_optimizer(self._model, self._optimizer, state)
        self._update = Update(self._model, self._optimizer, images, config, device)
        self._strength = 1.0

    def follow(self) -> None:
        """Do what rank 0 announces. Raises ReplicaLost at the end of rank 0, which is that of the training."""
        self._ranks.tell_ready()
        while True:
            order = self._ranks.hear()
            for group in self._optimizer.param_groups:
                group["lr"], group["weight_decay"] = order.lr, order.weight_decay
            if order.strength != self._strength:
                self._strength = order.strength
                set_strength(self._model, order.strength)
            self._update(order.step)
