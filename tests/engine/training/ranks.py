"""Trains cases of ``test_replicas`` with several ranks: ``python -m tests.engine.training.ranks OUT REPLICAS CASE...``.

Each case is one line of JSON: settings in ``tiny.config``'s words, and "precision", "edits", "stops_at", "probed". The
ranks are forked before torch has computed anything.
"""

import json
import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from engine.config import Change, RunConfig
from engine.data.augment import augment
from engine.data.batches import BatchStream
from engine.data.images import ImageSet
from engine.errors import ReplicaLost
from engine.events import Probed, Stepped
from engine.hardware import ranks as ranks_module
from engine.hardware.device import Device
from engine.hardware.ranks import Ranks
from engine.models.build import build_model
from engine.models.init.rng import random_modules
from engine.models.layers.blocked_layout import supported, to_blocked
from engine.paths import PROJECT
from engine.probes.online.probe import OnlineProbe
from engine.runs.worker.replicas import LOOPBACK, listening
from engine.training.follower import Follower
from engine.training.live_edits import LiveEdits
from engine.training.trainer import Trainer
from tests.engine.training import tiny

#: Keys of a case that are no settings.
BESIDE = frozenset({"precision", "edits", "probed"})


def trained(folder: Path, replicas: int, *cases: dict) -> list[dict]:
    """Return for each case the metrics of its steps and the state at its end."""
    subprocess.run(
        [sys.executable, "-m", "tests.engine.training.ranks", folder, f"{replicas}", *map(json.dumps, cases)],
        cwd=PROJECT, check=True, timeout=100,
    )  # fmt: skip
    return [torch.load(folder / f"{number}.pt") for number in range(len(cases))]


def in_one_process(
    run: RunConfig, images: ImageSet, device: Device, replicas: int, edits: Sequence[Sequence[Any]] = ()
) -> dict[str, Any]:
    """Return what ranks compute, by a simple loop: every share through the net in turn, gradients added by autograd.

    The result has the losses of all steps and the weights at the end.

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
        ramps = step < optim.warmup_steps
        optimizer.param_groups[0]["lr"] = rate * step / optim.warmup_steps if ramps else rate
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


def _train(case: dict, replicas: int, out: Path) -> None:
    settings = {key: value for key, value in case.items() if key not in {*BESIDE, "stops_at"}}
    device = tiny.device(case.get("precision", "fp32"))
    torch.set_num_threads(1)
    listener = listening(LOOPBACK)
    lead = listener.getsockname()
    others = []
    for rank in range(1, replicas):
        if (child := os.fork()) == 0:
            listener.close()
            _follow(Ranks.join(lead, rank, replicas, "cpu"), device)
        others.append(child)
    ranks = Ranks.lead(listener, replicas, "cpu")
    ranks.meet(LOOPBACK)
    run = tiny.config(replicas=replicas, **settings)
    edits = LiveEdits(run.optim, [Change(*edit) for edit in case.get("edits", ())])
    trainer = Trainer(run, tiny.images(), replace(device, ranks=ranks), None, edits)
    if case.get("probed"):
        trainer.probe = OnlineProbe(run, tiny.images(), trainer.model, device)
    ranks.send(trainer.state())
    ranks.await_ready(str)
    if "stops_at" in case:
        torch.save(_lost(trainer, case["stops_at"], others[0]), out)
        os.kill(others[0], signal.SIGKILL)
        return
    events = list(trainer.events())
    for child in others:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    rows = [(row.step, row.loss, row.error) for row in tiny.rows(events)]
    probed = [event.step for event in events if isinstance(event, Probed)]
    torch.save({"rows": rows, "state": trainer.state(), "probed": probed}, out)


def _lost(trainer: Trainer, stops_at: int, other: int) -> dict:
    """Stop the other rank after a step; return what is said of it."""
    ranks_module.ANSWER_S = 0.5
    try:
        for event in trainer.events():
            if event == Stepped(stops_at):
                os.kill(other, signal.SIGSTOP)
    except ReplicaLost as error:
        return {"lost": str(error), "step": trainer.progress.step}
    return {}


def _follow(ranks: Ranks, device) -> None:
    code = 1
    try:
        ranks.meet(LOOPBACK)
        Follower(ranks.receive(), lambda _: tiny.images(), replace(device, ranks=ranks)).follow()
        code = 0
    except BaseException:
        traceback.print_exc()
    os._exit(code)


if __name__ == "__main__":
    folder, replicas = Path(sys.argv[1]), int(sys.argv[2])
    for number, text in enumerate(sys.argv[3:]):
        if (child := os.fork()) == 0:
            code = 1
            try:
                _train(json.loads(text), replicas, folder / f"{number}.pt")
                code = 0
            except BaseException:
                traceback.print_exc()
            os._exit(code)
        assert os.waitpid(child, 0)[1] == 0, text
