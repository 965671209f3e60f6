"""How the mapping lab's errors compare with an independent implementation's: two tables of relative errors.

    python -m tests.benchmarks.science.mapping_tables [D3] [D3L16] [D6]

Prints measured (standard deviation of log10 over seeds; best rate) against published, and how many powers of ten they
are apart. D3 takes about a minute of one core, its column of 16 blocks two more, D6 half a minute.
"""

import math
import sys
import time

import torch

from engine.labs.mapping import arms
from engine.labs.mapping.nets import condition
from engine.labs.mapping.plan import HEAT, MappingTask, Problem
from engine.labs.mapping.scores import Cell, cells
from engine.labs.mapping.training import train

ARMS = (arms.PLAIN, arms.IDENTITY_START, arms.SCALED, arms.PLAIN_BN, arms.RESIDUAL_BN)
#: Relative errors of the independent implementation: target -> 2 / 6 / 16 blocks of each arm; "<=" as the floor.
D3 = {
    arms.IDENTITY: (0.046, 0.65, 0.87, 1e-5, 7e-5, 2e-4, 2e-5, 3e-4, 7e-4, 0.043, 0.62, 0.87, 1e-12, 1e-10, 0.059),
    arms.NEAR: (0.028, 0.62, 0.87, 1e-5, 8e-5, 2e-4, 1e-3, 4e-4, 7e-4, 0.033, 0.60, 0.87, 5e-3, 4e-3, 0.079),
    arms.NEAR_NONLINEAR: (
        0.048, 0.62, 0.93, 9e-3, 9e-3, 0.010, 0.010, 0.011, 0.011, 0.046, 0.58, 0.93, 0.016, 0.018, 0.095,
    ),
    arms.DEFINITE: (0.041, 0.35, 0.78, 1e-5, 9e-5, 2e-4, 1e-3, 3e-3, 2e-3, 0.059, 0.33, 0.76, 0.013, 0.017, 0.083),
    arms.ROTATION: (0.045, 0.63, 0.89, 6e-3, 0.059, 0.12, 3e-3, 0.078, 0.13, 0.046, 0.62, 0.87, 0.037, 0.10, 0.39),
    arms.NEGATED: (0.042, 0.63, 0.87, 1.0, 1.0, 1.0, 1.5e-3, 0.19, 0.62, 0.036, 0.62, 0.87, 0.072, 0.25, 0.59),
    arms.ZERO: (
        9e-11, 8e-6, 4e-6, 1e-12, 1e-12, 1e-12, 1e-5, 9e-5, 6e-6, 1e-11, 1e-11, 1e-11, 0.021, 0.020, 0.022,
    ),
    arms.CONSTANT: (
        3e-10, 2e-6, 5e-6, 2e-12, 4e-12, 8e-8, 4e-4, 3e-4, 8e-5, 1e-11, 1e-11, 1e-11, 0.021, 0.020, 0.022,
    ),
    arms.SMOOTH: (0.093, 0.28, 0.55, 0.083, 0.091, 0.10, 0.091, 0.093, 0.10, 0.087, 0.21, 0.52, 0.13, 0.14, 0.20),
}  # fmt: skip
#: log10 errors of the independent implementation at the points 0, .25, .5, .75, .9, 1.
D6_POINTS = (0.0, 0.25, 0.5, 0.75, 0.9, 1.0)
D6_START = {
    arms.IDENTITY: (-0.15, -0.17, -0.18, -1.39, -3.12, -12),
    arms.ROTATION: (-0.16, -0.15, -0.17, -0.72, -1.35, -0.90),
    arms.SMOOTH: (-0.44, -0.47, -0.50, -0.94, -1.00, -0.98),
    arms.NEGATED: (-0.15, -0.17, -0.15, 0.0, 0.0, 0.0),
}
D6_CONDITION = (4.6, 4.2, 5.2, 3.4, 2.8, 2.7)
D6_TARGET = {
    (arms.PLAIN, arms.CONSTANT): (-0.15, -0.38, -0.71, -1.27, -4.83),
    (arms.SCALED, arms.CONSTANT): (-3.27, -2.90, -2.45, -2.24, -3.29),
    (arms.PLAIN_BN, arms.CONSTANT): (-0.19, -0.41, -0.74, -1.29, -8.5),
    (arms.RESIDUAL_BN, arms.CONSTANT): (-3.84, -2.05, -1.77, -1.57, -1.67),
    (arms.PLAIN, arms.NEGATED): (-0.15, -0.71, -4.85, -0.72, -0.15),
    (arms.SCALED, arms.NEGATED): (-3.27, -2.55, -3.82, -1.14, -0.56),
    (arms.PLAIN_BN, arms.NEGATED): (-0.19, -0.74, -8.8, -0.74, -0.19),
    (arms.RESIDUAL_BN, arms.NEGATED): (-3.84, -1.77, -1.67, -0.87, -0.55),
}
#: The independent implementation's rates in D6.
D6_RATES = arms.RATES[:-1]


def scored(arm: arms.Arm, blocks: int, problems: list[Problem], seeds: int, steps: int, rates=arms.RATES) -> list[Cell]:
    """Train and return the cells."""
    for trained in train(MappingTask(HEAT, arm, blocks, tuple(problems), steps), 64, rates):  # noqa: B007
        pass
    return cells(trained, seeds)


def show(what: str, cell: Cell, published: float) -> None:
    """Print one line; ``published`` is an error."""
    finals = cell.final[:, cell.best].clamp(1e-12, 1e9).log10()
    apart = math.log10(cell.error) - math.log10(published)
    edge = " EDGE" if cell.at_edge else ""
    print(
        f"{what:58s} {cell.error:9.2g} ({finals.std():.2f}; lr {arms.RATES[cell.best]:g}{edge})"
        f"  published {published:9.2g}  apart {apart:+.2f}",
        flush=True,
    )


def d3(depths: tuple[int, ...], seeds: int, steps: int) -> None:
    """The table D3: columns of ``depths``."""
    for blocks in depths:
        for number, arm in enumerate(ARMS):
            problems = [Problem(target, seed) for target in D3 for seed in range(seeds)]
            started = time.process_time()
            found = scored(arm, blocks, problems, seeds, steps)
            print(f"-- {arm.name}, {blocks} blocks: {time.process_time() - started:.1f} CPU s")
            for (target, published), cell in zip(D3.items(), found, strict=True):
                show(f"{target}: {arm.name}, blocks {blocks}", cell, published[3 * number + (2, 6, 16).index(blocks)])


def d6(seeds: int = 4, steps: int = 200) -> None:
    """The tables D6: start slider and target slider, 6 blocks."""
    rows = list(D6_START)
    problems = [Problem(t, s, start=point) for t in rows for point in D6_POINTS for s in range(seeds)]
    found = scored(arms.PLAIN, 6, problems, seeds, steps, D6_RATES)
    for index, cell in enumerate(found):
        target, point = rows[index // len(D6_POINTS)], D6_POINTS[index % len(D6_POINTS)]
        show(f"start {point}: {target}", cell, 10 ** D6_START[target][index % len(D6_POINTS)])
    for point, published in zip(D6_POINTS, D6_CONDITION, strict=True):
        logs = [round(math.log10(condition(seed, 6, point)), 2) for seed in range(seeds)]
        print(f"start {point}: log10 condition number by seed {logs}, published {published} (one net)")
    along = (0.0, 0.25, 0.5, 0.75, 1.0)
    for (arm, toward), published in D6_TARGET.items():
        problems = [
            Problem(arms.BLEND, seed, toward=toward, blend=point) for point in along for seed in range(seeds)
        ]  # fmt: skip
        for point, value, cell in zip(
            along, published, scored(arm, 6, problems, seeds, steps, D6_RATES), strict=True
        ):  # fmt: skip
            show(f"x to {toward}, {point}: {arm.name}", cell, 10**value)


def main() -> None:
    """Print the tables that are named, or all."""
    torch.set_num_threads(1)
    asked = sys.argv[1:] or ["D3", "D3L16", "D6"]
    if "D3" in asked:
        d3((2, 6), 4, 300)
    if "D3L16" in asked:
        d3((16,), 3, 250)
    if "D6" in asked:
        d6()


if __name__ == "__main__":
    main()
