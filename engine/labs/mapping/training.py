"""Training in the mapping lab: all problems of one arm and depth at all learning rates in one batch.

SGD with momentum on fresh standard normal inputs, which nothing can over-fit and all arms share. The loss sums the mean
squared errors of the nets, so the nets do not influence each other.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor

from engine.labs.block_stacks import WIDTH
from engine.labs.mapping.arms import RATES
from engine.labs.mapping.nets import Stacks, Start
from engine.labs.mapping.plan import MappingTask
from engine.labs.mapping.targets import table

MOMENTUM = 0.9
#: Inputs of a reading, the same in every job.
EXAMINED = 256
#: Readings of a loss curve after the one before training; least steps between two, as a reading costs more than a
#: step; readings in the final error.
READINGS, CLOSEST, LAST = 30, 5, 3
#: Nets times blocks times steps between two yields, about a fifth of a second.
PULSE = 15_000
_TRAINING_SEED, _EXAMINED_SEED = 5, 99


class Trained(NamedTuple):
    """``steps`` (readings,) and E||f(x) - H(x)||^2 / E||x||^2 (readings, problems, rates); not finite if diverged."""

    steps: list[int]
    errors: Tensor

    @property
    def final(self) -> Tensor:
        """The mean error of the last readings, (problems, rates), infinite for a diverged net."""
        return self.errors[-LAST:].mean(0).nan_to_num(torch.inf, torch.inf)


def train(task: MappingTask, batch: int, rates: Sequence[float] = RATES) -> Iterator[Trained]:
    """Train every problem of a task at every rate, ``batch`` inputs a step; yield the errors so far, at last all."""
    problems, steps = task.problems, task.steps
    nets = [(problem, rate) for problem in problems for rate in rates]
    stacks = Stacks(task.arm, task.blocks, [Start(problem.seed, problem.start) for problem, _ in nets])
    rate = torch.tensor([rate for _, rate in nets]).view(-1, 1, 1)
    shrink = rate * torch.tensor([problem.decay for problem, _ in nets]).view(-1, 1, 1)
    decays = any(problem.decay for problem in problems)
    answers, generator = table(problems), torch.Generator().manual_seed(_TRAINING_SEED)
    examined = torch.randn(EXAMINED, WIDTH, generator=torch.Generator().manual_seed(_EXAMINED_SEED))
    right = answers(examined)
    shape = len(problems), len(rates)
    every, pulse = max(CLOSEST, steps // READINGS), max(1, PULSE // (len(nets) * task.blocks))
    readings, errors = [], []
    scale = rate * (2 / (batch * WIDTH))
    for step in range(steps + 1):
        with denormals_flushed():
            if step % every == 0 or step == steps:
                readings.append(step)
                errors.append(_errors(stacks, examined, right, shape))
            if step < steps:
                x = torch.randn(batch, WIDTH, generator=generator)
                out = stacks.forward(x, keep=True)
                out.view(*shape, batch, WIDTH).sub_(answers(x)[:, None])
                # Gradients are linear in the outputs', where a factor costs least.
                stacks.backward(out.mul_(scale), MOMENTUM)
                if decays:
                    for name, part in stacks.parts.items():
                        stacks.moves[name].addcmul_(part, shrink)
                stacks.values.sub_(stacks.velocity)
        if step == steps or (step and step % pulse == 0):
            yield Trained(list(readings), torch.stack(errors))


def _errors(stacks: Stacks, x: Tensor, right: Tensor, shape: tuple[int, int]) -> Tensor:
    out = stacks.forward(x).view(*shape, *x.shape)
    return out.sub_(right[:, None]).square_().mean((2, 3))


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """Flush denormal floats to 0 in this context: momenta that fade to them are a hundred times as slow."""
    before = bool(torch.tensor(1e-40).mul(1.0) == 0)
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
