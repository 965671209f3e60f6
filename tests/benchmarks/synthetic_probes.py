"""A race whose nets were probed without being trained: plausible arrays of every quantity, for page tests and benches.

    python -m tests.benchmarks.synthetic_probes WORKSPACE --depths 20,110 --steps 64000 [--rate 2]

With ``--rate`` the columns are written while one looks on, so many per second, the first tenth of them at once.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import click
import numpy as np

from engine.config import RaceConfig, RunConfig, replace
from engine.config.probe_steps import probe_steps
from engine.events import Probed, RunState
from engine.probes.online.histogram import BINS, edges
from engine.runs.worker.training_job import CODINGS
from engine.store.tables.probes import LayerRow
from engine.store.workspace import Workspace
from engine.store.writer import Writer

WIDTH = 16


def places(depth: int) -> list[LayerRow]:
    """Return layers and blocks of a CIFAR net of this depth, as the probes name them."""
    n = (depth - 2) // 6
    layers, blocks = [("stem/conv", 0, WIDTH)], []
    for stage in (1, 2, 3):
        for block in range(1, n + 1):
            name, channels = f"stage{stage}/block{block}", WIDTH * 2 ** (stage - 1)
            blocks.append((name, stage, channels))
            layers += [(f"{name}/conv{conv}", stage, channels) for conv in (1, 2)]
    return [
        LayerRow(kind, at, *row) for kind, rows in (("layer", layers), ("block", blocks)) for at, row in enumerate(rows)
    ]


class FakeNet:
    """What probes of one net would say, after so much of its training (0 to 1)."""

    def __init__(self, depth: int, shortcut: str, seed: int = 0):
        self.rows = places(depth)
        self.plain, self.depth = shortcut == "none", depth
        self.layers = [row for row in self.rows if row.kind == "layer"]
        self.blocks = len(self.rows) - len(self.layers)
        self.noise = np.random.default_rng((depth, len(shortcut), seed))
        self.texture = self.noise.normal(0.0, 1.0, len(self.layers))
        self.channels = np.array([row.channels for row in self.layers])
        self.unlike = self.noise.normal(0.0, 0.25, self.channels.sum())

    def arrays(self, done: float) -> dict[str, np.ndarray]:
        """Return one array per quantity, float32."""
        count = len(self.layers)
        place = np.linspace(0.0, 1.0, count)
        settled = done**0.4
        quiet = (0.75 if self.plain else 0.55 * (20 / self.depth) ** 0.3) + 0.25 * np.sin(9 * place) * place
        std = np.exp(settled * (np.log(np.maximum(quiet, 0.08)) + 0.18 * self.texture)) + 0.01 * self._jitter(count)
        std_channel = np.repeat(std, self.channels) * np.exp(settled * self.unlike)
        growth = 1.0 + (0.14 if self.plain else 0.012) * min(1, 56 / self.depth) * (1 - 0.4 * done) * np.array(
            [1.0, 1.1, 1.0, 0.9]
        )
        gradient = 0.02 * growth[0] ** (count * (1 - place)) * np.exp(0.08 * self._jitter(count)) / (1 + 3 * done)
        blocks = np.linspace(0.0, 1.0, self.blocks)
        update = (1.1 if self.plain else 0.5 * (20 / self.depth) ** 0.5) * np.exp(0.2 * np.sin(14 * blocks) - done)
        found = {
            "response_std": std,
            "response_std_within": 0.96 * std,
            "response_std_channel": std_channel,
            "response_std_eval": std * 1.02 if done > 0.05 else np.full(count, np.nan),
            "gamma_abs": 0.98 * std,
            "response_histogram": self._histograms(std),
            "dead_share": np.clip(0.25 * place * settled + 0.02 * self._jitter(count) + 0.02, 0, 1),
            "update_size": update,
            "update_cosine": -0.5 * settled * np.cos(5 * blocks) + 0.05 * self._jitter(self.blocks),
            "gradient_response": gradient,
            "gradient_weight": 0.6 * gradient * np.exp(0.2 * self.texture),
            "gradient_growth": growth,
            "update_ratio": 2e-3 * np.exp(0.3 * self.texture) * (1 - 0.9 * done) if done else np.full(count, np.nan),
            "activation_cosine": 0.5 + (0.45 * place if self.plain else 0.1 * place) - 0.2 * settled * place,
            "gradient_cosine": np.exp(-(4 if self.plain else 1) * (1 - place)) * (1 - 0.3 * done),
        }
        return {name: array.astype(np.float32) for name, array in found.items()}

    def _jitter(self, count: int) -> np.ndarray:
        return self.noise.normal(0.0, 1.0, count)

    def _histograms(self, std: np.ndarray) -> np.ndarray:
        below = 0.5 + 0.5 * np.tanh(0.8 * edges() / np.maximum(std, 1e-3)[:, None])  # a logistic, near to a normal
        shares = np.diff(below, axis=1, prepend=0.0, append=1.0)
        assert shares.shape[1] == BINS
        return np.concatenate([shares, np.zeros((len(std), 1))], axis=1)


class SyntheticRace:
    """A race on record, its runs paused (an engine would resume a running one), and what writes its probes."""

    def __init__(self, workspace: Workspace, depths: Sequence[int], shortcuts: Sequence[str], steps: int, **choices):
        settings = {"optim.steps": steps, "probe.images": choices.pop("images", 32)}
        race = RaceConfig(
            preset="quick",
            depths=tuple(depths),
            shortcuts=tuple(shortcuts),
            run=replace(RunConfig(), settings),
            **choices,
        )
        self.writer = Writer(workspace.prepare())
        with self.writer.together():  # an engine at work may not see one of its runs queued
            self.race, self.runs = self.writer.races.submit(race)
            for run in self.runs:
                self.writer.jobs.move(
                    run, RunState.PAUSED, started=time.time(), device="cpu", precision="fp32", threads=1
                )
        self.configs = dict(zip(self.runs, race.runs(), strict=True))
        self.nets = {run: FakeNet(c.model.depth, c.model.shortcut, c.seed) for run, c in self.configs.items()}
        self.planned = probe_steps(race.run)
        self.total = steps
        for run in self.runs:
            self.writer.probes.add_layers(run, self.nets[run].rows)

    def probe(self, run: int, step: int, change: Callable[[dict], None] = lambda arrays: None) -> None:
        """Write one probe; ``change`` may spoil its arrays first."""
        arrays = self.nets[run].arrays(step / self.total)
        change(arrays)
        self.writer.probes.add(
            run, Probed(step, 1.0 + step / 5, 0.028 * (self.total / 5) / len(self.planned), 32, arrays), CODINGS
        )

    def column(self, index: int) -> None:
        """Write the planned probe number ``index`` of every run."""
        for run in self.runs:
            self.probe(run, self.planned[index])

    def fill(self, first: int = 0, last: int | None = None) -> None:
        """Write the planned probes from one to before another, all without ``last``."""
        for index in range(first, len(self.planned) if last is None else last):
            self.column(index)


@click.command(context_settings={"show_default": True})
@click.argument("workspace", type=click.Path(path_type=Path))
@click.option("--depths", default="20,110")
@click.option("--shortcuts", default="none,A")
@click.option("--steps", default=64_000)
@click.option("--rate", default=0.0, help="Columns per second; 0 writes all at once.")
def main(workspace: Path, depths: str, shortcuts: str, steps: int, rate: float) -> None:
    """Fill a workspace with one race."""
    race = SyntheticRace(
        Workspace.at(workspace), [int(part) for part in depths.split(",")], shortcuts.split(","), steps
    )
    click.echo(f"race {race.race}: {len(race.runs)} runs, {len(race.planned)} probes each")
    ready = len(race.planned) // 10 if rate else len(race.planned)
    race.fill(0, ready)
    for index in range(ready, len(race.planned)):
        time.sleep(1 / rate)
        race.column(index)


if __name__ == "__main__":
    main()
