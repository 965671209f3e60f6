"""What replicas train, by a simple loop in one process: every share of a batch through the net in turn."""

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
import torch.nn.functional as F

from engine.config import RunConfig
from engine.data.augment import augment
from engine.data.batches import BatchStream
from engine.data.images import ImageSet
from engine.hardware.device import Device
from engine.models.build import build_model
from engine.models.init.rng import random_modules
from engine.models.layers.blocked_layout import supported, to_blocked


def in_one_process(
    run: RunConfig, images: ImageSet, device: Device, replicas: int, edits: Sequence[Sequence[Any]] = ()
) -> dict[str, Any]:
    """Return the losses of all steps and the weights at the end; autograd adds up the gradients of the shares.

    ``images`` are on the device. ``edits``: [id, key, value, step] each.
    """
    optim = run.optim
    model = build_model(run.model, run.seed)
    device.place(model)
    blocked = device.blocked and supported(model)
    if optim.optimizer == "adamw":
        optimizer = torch.optim.AdamW(model.parameters(), lr=optim.rate, weight_decay=optim.weight_decay, fused=True)
    else:
        optimizer = torch.optim.SGD(
            model.parameters(), lr=optim.rate, momentum=optim.momentum, weight_decay=optim.weight_decay, fused=True
        )
    changes = {step: (key, value) for _, key, value, step in edits}
    stream = BatchStream(run.seed, len(images.train), optim.batch_size)
    losses = []
    rate = optim.rate
    for step in range(1, optim.steps + 1):
        if optim.drops and step == round(optim.drops[0] * optim.steps) + 1:
            rate *= optim.drop_factor
        if step in changes:
            key, value = changes[step]
            if key == "lr":
                rate = value
            elif key == "weight_decay":
                optimizer.param_groups[0]["weight_decay"] = value
            else:
                for block in model.modules():
                    if hasattr(block, "strength"):
                        block.strength = value
        optimizer.param_groups[0]["lr"] = rate
        pixels, labels = images.train.batch(torch.from_numpy(stream.indices(step)))
        inputs = augment(images.normalise(pixels), run.seed, step, run.data)
        optimizer.zero_grad()
        total = torch.zeros((), device=device.torch_device)
        for module in random_modules(model):
            module.resample(run.seed, step)
        for number, (part, answers) in enumerate(zip(inputs.chunk(replicas), labels.chunk(replicas), strict=True)):
            for module in random_modules(model):
                module.share = number
            with nullcontext() if blocked else device.autocast():
                logits = model(to_blocked(part) if blocked else part)
            loss = F.cross_entropy(logits.float(), answers) / replicas
            loss.backward()
            total = total + loss.detach()
        optimizer.step()
        losses.append(total.item())
    return {"losses": losses, "weights": {name: each.detach() for name, each in model.named_parameters()}}
