"""A workspace of many finished races, made in minutes: seeded curves, evaluations, probes, events and small files.

    python -m tests.benchmarks.store.generator WORKSPACE [--runs 5000] [--points 100e6] [--seed 0]

A race has the arms plain and A at depths 20 and 56 with five seeds. Rows go through the writer's own functions, one
transaction for each run instead of one for each flush: 300,000 points a second on one core of a small machine.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

from engine.config import RaceConfig, RunConfig, replace
from engine.events import Evaluated, Probed, RunState, Split
from engine.runs.worker.training_job import CODINGS
from engine.store.tables.points import add_blocks
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.benchmarks.synthetic_probes import FakeNet

DEPTHS, SHORTCUTS, SEEDS = (20, 56), ("none", "A"), 5
RUNS_OF_RACE = len(DEPTHS) * len(SHORTCUTS) * SEEDS
#: Evaluations and probes of one run.
EVALUATIONS, PROBES = 10, 2
#: One name of ten is a visitor's, one run of fifty has a note.
_NAMED, _NOTED = 10, 50
_BATCH, _WINDOW = 128, 50


def curves(random: np.random.Generator, steps: int, floor: float) -> np.ndarray:
    """Return loss, error, their running means, rate and clock of a training, (6, steps) float64, as a trainer would."""
    step = np.arange(1, steps + 1)
    fall = floor + (0.9 - floor) * np.exp(-5 * step / steps)
    wrong = np.clip(np.round(_BATCH * (fall + random.normal(0.0, 0.04, steps))), 0, _BATCH)
    error = 100.0 * wrong / _BATCH
    loss = (2.5 * fall * random.gamma(40.0, 1 / 40, steps)).astype(np.float32).astype(np.float64)
    clock = np.cumsum(random.gamma(20.0, 0.0006, steps))
    rate = np.where(step <= steps // 2, 0.1, np.where(step <= steps * 3 // 4, 0.01, 0.001))
    return np.stack([loss, error, _running(loss), _running(error), rate, clock])


def curve_of(seed: int, run: int, config: RunConfig, steps: int) -> np.ndarray:
    """Return the curve of one run of a workspace: a plain net of 56 layers ends higher."""
    floor = 0.02 + 0.1 * (config.model.shortcut == "none") * (config.model.depth == 56)
    return curves(np.random.default_rng((seed, run)), steps, floor)


def _running(values: np.ndarray) -> np.ndarray:
    sums = np.cumsum(values)
    sums[_WINDOW:] -= sums[:-_WINDOW].copy()
    return sums / np.minimum(np.arange(1, len(values) + 1), _WINDOW)


def lengths(random: np.random.Generator, runs: int, points: int) -> list[int]:
    """Return the steps of each race's runs: most are short, few are long."""
    races = max(1, runs // RUNS_OF_RACE)
    shares = random.lognormal(0.0, 0.8, races)
    return [max(100, int(share)) for share in shares / shares.sum() * points / RUNS_OF_RACE]


def fill(workspace: Workspace, runs: int, points: int, seed: int = 0) -> Iterator[int]:
    """Write races until there are so many runs and about so many points; yield the points so far after each run."""
    random, written = np.random.default_rng(seed), 0
    started = time.time() - 86_400.0 * 90
    with Writer(workspace.prepare()) as writer:
        for number, steps in enumerate(lengths(random, runs, points)):
            name = f"night {number}" if number % _NAMED == 0 else ""
            race = RaceConfig(
                name=name, preset="quick", depths=DEPTHS, shortcuts=SHORTCUTS, seeds=SEEDS,
                run=replace(RunConfig(), {"optim.steps": steps}),
            )  # fmt: skip
            _, ids = writer.races.submit(race)
            for run, config in zip(ids, race.runs(), strict=True):
                started += 600.0
                write_training(writer, run, curve_of(seed, run, config, steps), started)
                write_probes(writer, run, config)
                _files(workspace, run, steps)
                if run % _NOTED == 0:
                    writer.notes.annotate([run], "look at this one")
                written += steps
                yield written


def write_training(writer: Writer, run: int, table: np.ndarray, started: float) -> None:
    """Write a finished training with its evaluations, its drop of the rate and its last checkpoint."""
    steps, seconds = table.shape[1], float(table[5, -1])
    writer.jobs.move(run, RunState.STARTING, device="cpu", threads=1)
    writer.jobs.move(run, RunState.RUNNING, started=started, parameters=272_474, precision="bf16", train_images=50_000)
    with writer.transaction() as connection:
        add_blocks(connection, run, 1, table)
    evaluations = []
    for place in range(1, EVALUATIONS + 1):
        step = steps * place // EVALUATIONS
        loss, error, clock = table[0, step - 1], table[3, step - 1], float(table[5, step - 1])
        evaluations += [
            Evaluated(step, split, float(loss), round(float(error) + more, 2), 1000, clock, 0.1, "running")
            for split, more in ((Split.TRAIN_CLEAN, -1.0), (Split.TEST_SUBSET, 5.0))
        ]
    evaluations.append(
        Evaluated(steps, Split.TEST, 0.9, round(float(table[3, -1]) + 6, 2), 10_000, seconds, 1.0, "running")
    )
    writer.points.record(run, evaluations=evaluations, images_per_s=1000.0)
    writer.log.add(run, steps // 2, "lr", "learning rate 0.1 to 0.01")
    writer.checkpoints.add(run, steps, "end", 2_000_000)
    writer.jobs.move(run, RunState.FINISHED, ended=started + seconds, evaluation_share=0.04, probe_share=0.01, pid=None)


def write_probes(writer: Writer, run: int, config: RunConfig, probes: int = PROBES) -> None:
    """Write probes of a net, evenly from its first step to its last."""
    net = FakeNet(config.model.depth, config.model.shortcut, config.seed)
    writer.probes.add_layers(run, net.rows)
    for place in range(probes):
        done = place / (probes - 1)
        step = round(done * config.optim.steps)
        arrays = {name: net.arrays(done)[name] for name in ("response_std", "gradient_weight", "update_size")}
        writer.probes.add(run, Probed(step, 1.0 + place, 0.03, 32, arrays), CODINGS)


def _files(workspace: Workspace, run: int, steps: int) -> None:
    path = workspace.checkpoint(run, steps)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no checkpoint, a stand-in")
    workspace.log(run).write_text(f"finished after {steps} steps\n")


@click.command(context_settings={"show_default": True})
@click.argument("workspace", type=click.Path(path_type=Path))
@click.option("--runs", default=5000)
@click.option("--points", default=100e6, help="Training steps of all runs together.")
@click.option("--seed", default=0)
def main(workspace: Path, runs: int, points: float, seed: int) -> None:
    """Fill a workspace."""
    began, place, written = time.monotonic(), Workspace.at(workspace), 0
    for count, written in enumerate(fill(place, runs, int(points), seed), 1):  # noqa: B007
        if count % 100 == 0:
            click.echo(f"{count} runs, {written:,} points, {time.monotonic() - began:.0f} s", err=True)
    size = place.database.stat().st_size
    click.echo(
        f"{written:,} points in {time.monotonic() - began:.0f} s; {size / written:.1f} bytes for each, all tables"
    )


if __name__ == "__main__":
    main()
