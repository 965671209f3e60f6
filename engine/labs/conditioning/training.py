"""Short trainings of the nets of the conditioning lab: all rates and seeds of one kind side by side.

SGD with momentum on fresh inputs at each step, so that the loss is the population's. All kinds and rates share the
batches of a seed.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.block_stacks import WIDTH, Block, forward
from engine.labs.conditioning.arms import Arm
from engine.labs.conditioning.nets import draw, parameters

MOMENTUM, BATCH, HELD_OUT = 0.9, 64, 256

Target = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Training:
    """Nets trained side by side: one of ``blocks`` for each seed and rate, towards the target ``goal``."""

    arm: Arm
    blocks: int
    seeds: Sequence[int]
    goal: str
    rates: Sequence[float]
    steps: int


class Stop(NamedTuple):
    """A snapshot of the training: ``step``, ``losses`` (rates, seeds) and the nets, rates outermost."""

    step: int
    losses: Tensor
    stack: list[Block]


def target(name: str, seed: int) -> Target:
    """Return the target map of inputs (..., WIDTH), whose outputs have about the same size."""
    generator = torch.Generator().manual_seed(1000 + seed)
    u, v, q = (torch.randn(WIDTH, WIDTH, generator=generator).double() for _ in range(3))
    rotation = torch.linalg.qr(q)[0]
    rotation[:, 0] *= torch.linalg.det(rotation).sign()
    u, v = 1.5 / math.sqrt(WIDTH) * u, 1.3 / math.sqrt(WIDTH) * v
    maps: dict[str, Target] = {
        "smooth": lambda x: torch.tanh(x @ u) @ v,
        "identity": lambda x: x,
        "rotation": lambda x: x @ rotation,
        "negated": lambda x: -x,
    }
    return maps[name]


def stops(steps: int) -> list[int]:
    """Return the steps of the snapshots: 0, 10, 30, 100, ... and the last."""
    grid = [mantissa * 10**power for power in range(1, 6) for mantissa in (1, 3)]
    return [0, *(step for step in grid if step < steps), steps]


def train(training: Training) -> Iterator[Stop | None]:
    """Train the nets; yield a ``Stop`` at each of ``stops`` and None at every other step.

    Losses are the mean square error on held-out inputs by that of the zero map, infinite for diverged nets.
    """
    arm, rates, steps = training.arm, training.rates, training.steps
    fresh = draw(arm, training.blocks, [*training.seeds] * len(rates))
    stack = [{name: value.requires_grad_() for name, value in block.items()} for block in fresh]
    live = parameters(stack)
    speed = torch.tensor(rates, dtype=torch.float64).repeat_interleave(len(training.seeds)).view(-1, 1, 1)
    momentum = [torch.zeros_like(value) for value in live]
    maps = [target(training.goal, seed) for seed in training.seeds]
    sources = [torch.Generator().manual_seed(104_729 + seed) for seed in training.seeds]

    def fresh_inputs(count: int) -> tuple[Tensor, Tensor]:
        """Return ``count`` inputs for every net and their answers, both (nets, count, WIDTH)."""
        inputs = [torch.randn(count, WIDTH, generator=source).double() for source in sources]
        answers = [goal_of(x) for goal_of, x in zip(maps, inputs, strict=True)]
        every, right = (torch.stack(part).repeat(len(rates), 1, 1) for part in (inputs, answers))
        return every, right

    test, right = fresh_inputs(HELD_OUT)
    halts = set(stops(steps))
    for step in range(steps + 1):
        if step in halts:
            with torch.no_grad():
                errors = (forward(stack, test, arm.skip) - right).square().mean((1, 2)) / right.square().mean((1, 2))
            losses = errors.nan_to_num(math.inf, math.inf).view(len(rates), -1)
            yield Stop(step, losses, [{name: value.detach().clone() for name, value in b.items()} for b in stack])
        else:
            yield None
        if step == steps:
            return
        x, y = fresh_inputs(BATCH)
        out = forward(stack, x, arm.skip)
        # A sum over nets keeps their gradients apart.
        gradients = torch.autograd.grad((out - y).square().mean((1, 2)).sum(), live)
        with torch.no_grad():
            for value, gradient, push in zip(live, gradients, momentum, strict=True):
                push.mul_(MOMENTUM).add_(gradient)
                value.sub_(speed * push)


def best_rate(stop: Stop) -> int:
    """Return the index of the rate with the smallest geometric mean of losses over the seeds."""
    return int(stop.losses.log().mean(1).nan_to_num(math.inf, math.inf).argmin())


def single(stack: Sequence[Block], net: int) -> list[Block]:
    """Return one net of a stack as a stack of one."""
    return [{name: value[net : net + 1] for name, value in block.items()} for block in stack]
