"""Writes training points as workers would, at a fixed rate and for a bounded time, so that the live page can be timed.

    python -m tests.benchmarks.synthetic_writer --workspace DIR --runs 8 --hz 2 --steps-per-flush 1 --seconds 15

Prints one JSON line with the ids first, then one for every flush: run, last step, and the time of its commit.
"""

import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from engine.config import RaceConfig, RunConfig, replace
from engine.events import RunState, StepRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

#: Arms in the order in which runs are made; more than 16 runs use further seeds.
DEPTHS, SHORTCUTS = (20, 32, 44, 56), ("none", "A", "B", "C")


def make_race(workspace: Workspace, runs: int, steps: int = 100_000) -> tuple[int, list[int]]:
    """Submit a race with at least ``runs`` runs, all paused; returns its id and the first ``runs`` ids.

    Paused, because an engine that finds a running run without a worker would resume it.
    """
    shortcuts = SHORTCUTS[: max(1, min(4, math.ceil(runs / 4)))] if runs > 2 else SHORTCUTS[:1]
    depths = DEPTHS if runs > 2 else DEPTHS[:runs]
    race = RaceConfig(
        depths=depths, shortcuts=shortcuts, seeds=math.ceil(runs / (len(depths) * len(shortcuts))), preset="quick",
        run=replace(RunConfig(), {"optim.steps": steps}),
    )  # fmt: skip
    with Writer(workspace.prepare()) as writer:
        race_id, ids = writer.races.submit(race)
        for run in ids:
            writer.jobs.move(run, RunState.PAUSED, started=time.time(), device="cpu", precision="fp32", threads=1)
    return race_id, ids[:runs]


def row(run: int, step: int, seconds: float) -> StepRow:
    """A plausible, noisy step: the deeper plain nets stay higher."""
    noise = math.sin(12.9898 * step + 78.233 * run) * 43758.5453 % 1 - 0.5
    error = 30 + 60 * math.exp(-step / (100 + 20 * run)) + 12 * noise
    running = 30 + 60 * math.exp(-step / (100 + 20 * run))
    return StepRow(step, error / 40, round(error * 1.28) / 1.28, running / 40, running, 0.1, seconds)


def write_points(
    workspace: Workspace,
    runs: list[int],
    seconds: float,
    hz: float = 2.0,
    steps_per_flush: int = 1,
    staggered: bool = False,
    first_step: int = 1,
    on_commit: Callable[[int, int, float], None] = lambda run, step, at: None,
) -> int:
    """Flush every run ``hz`` times a second, at once or staggered; returns the last step written.

    ``on_commit(run, last step, time.time() of its commit)`` is called after each flush.
    """
    began, flush = time.monotonic(), 0
    with Writer(workspace) as writer:
        while flush < seconds * hz:
            for position, run in enumerate(runs):
                due = began + (flush + (position / len(runs) if staggered else 0.0)) / hz
                time.sleep(max(0.0, due - time.monotonic()))
                start = first_step + flush * steps_per_flush
                clock = [(start + index) / (hz * steps_per_flush) for index in range(steps_per_flush)]
                writer.points.record(run, [row(run, start + index, at) for index, at in enumerate(clock)])
                on_commit(run, start + steps_per_flush - 1, time.time())
            flush += 1
    return first_step + flush * steps_per_flush - 1


@click.command()
@click.option("--workspace", type=click.Path(path_type=Path), required=True)
@click.option("--runs", default=4, type=click.IntRange(1, 64))
@click.option("--hz", default=2.0, type=click.FloatRange(0.1, 100))
@click.option("--steps-per-flush", default=1, type=click.IntRange(1, 1000))
@click.option("--seconds", default=15.0, type=click.FloatRange(0.1, 3600))
@click.option("--staggered", is_flag=True, help="Spread the flushes of the runs over the interval.")
def main(workspace: Path, runs: int, hz: float, steps_per_flush: int, seconds: float, staggered: bool) -> None:
    """Write synthetic points for a while."""
    place = Workspace.at(workspace)
    race, ids = make_race(place, runs)

    def say(**document: object) -> None:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()

    say(race=race, runs=ids)
    write_points(
        place, ids, seconds, hz, steps_per_flush, staggered,
        on_commit=lambda run, step, at: say(run=run, step=step, at=at),
    )  # fmt: skip


if __name__ == "__main__":
    main()
