"""Share of a run that goes into probes: at most 10 % in the quick preset, at most 3 % in runs of 2,000 steps and more.

    python -m tests.benchmarks.training.probe_cost [--depths 20,56,110] [--shortcuts none,A] [--rounds 12]
                                                   [--preset quick] [--workspace DIR] [--quantities]

Run by hand, never as a timed test. Trains each arm for a few steps with one thread and, after each step, makes a probe,
early (without the pass in eval mode) and late by turns, so that whatever else the machine does hits both alike. Prints
the medians, the cost as ``engine.config.probe_steps`` counts it, and the share at the cadence that follows for
the preset's steps and for 2,000: probe seconds / (probe + step seconds), evaluation left out, which would make it
smaller. ``--quantities`` says too how much faster a probe becomes without each quantity. Exit code 1 when a bound is
broken.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from engine.config import RunConfig, arm_name, replace
from engine.config.presets import get_preset
from engine.config.probe_steps import COST, probe_steps
from engine.data.images import load_images
from engine.hardware.device import choose
from engine.probes.online.measure import SETTLED
from engine.probes.online.probe import OnlineProbe
from engine.training.trainer import Trainer

#: Steps of a long run -> share allowed; the preset's own length is allowed the share of short runs.
LONG, LONG_SHARE, SHORT_SHARE = 2_000, 0.03, 0.10


def main() -> int:
    """Parse the command line, measure, print; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--depths", default="20,56,110")
    parser.add_argument("--shortcuts", default="none,A")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--workspace", type=Path, help="where decoded images are kept; a temporary folder if left out")
    parser.add_argument("--quantities", action="store_true")
    arguments = parser.parse_args()
    held = True
    with tempfile.TemporaryDirectory() as temporary:
        workspace = arguments.workspace or Path(temporary)
        for depth in arguments.depths.split(","):
            for shortcut in arguments.shortcuts.split(","):
                arm = Arm(arguments.preset, int(depth), shortcut, workspace)
                held &= arm.report(arguments.rounds)
                if arguments.quantities:
                    arm.report_quantities(arguments.rounds)
    return 0 if held else 1


class Cost(NamedTuple):
    """Medians in seconds; ``relative`` is the cost of a probed image in images trained."""

    step: float
    early: float
    late: float
    relative: float


class Arm:
    """One net in training, and its probe."""

    def __init__(self, preset: str, depth: int, shortcut: str, workspace: Path, device: str = "auto"):
        run = get_preset(preset).run
        images = load_images(run.data, workspace)
        fitting = {"model.channels": images.channels, "model.image_size": images.image_size}
        fitting["model.classes"] = len(images.classes)
        arm = {"model.depth": depth, "model.shortcut": shortcut, "threads": 1, "device": device}
        self.config: RunConfig = replace(run, fitting | arm)
        self.device = choose(self.config)
        self.trainer = Trainer(self.config, images, self.device)
        self.probe = OnlineProbe(self.config, self.trainer.images, self.trainer.model, self.device)
        list(self.trainer._adjust())
        self._made = 0
        for _ in range(3):
            self._step()
            self._probe(SETTLED)

    def _step(self) -> None:
        self._made += 1
        self.trainer._update(self._made)
        self.trainer.metrics.fetch()

    def _probe(self, step: int) -> None:
        self.probe.measure(self.trainer.model, self.trainer.optimizer, step, self.trainer.progress.lr)

    def measured(self, rounds: int) -> "Cost":
        """Measure steps and probes by turns."""
        steps, early, late, ratios = [], [], [], []
        for number in range(2 * rounds):
            before = seconds(self._step)
            settled = number % 2 == 1
            after = seconds(lambda at=SETTLED * settled: self._probe(at))
            steps.append(before)
            (late if settled else early).append(after)
            if settled:
                ratios.append(after / before)
        cost = statistics.median(ratios) * self.config.optim.batch_size / self.probe.images
        return Cost(*map(statistics.median, (steps, early, late)), cost)

    def shares(self, cost: "Cost") -> Iterator[tuple[int, int, float, float]]:
        """Yield steps and probes of a short and a long run, the share of probes in its time, and its bound."""
        for length, bound in ((self.config.optim.steps, SHORT_SHARE), (LONG, LONG_SHARE)):
            columns = probe_steps(replace(self.config, {"optim.steps": length}))
            spent = sum(cost.early if at < SETTLED else cost.late for at in columns)
            yield length, len(columns), spent / (spent + length * cost.step), bound if length < LONG else LONG_SHARE

    def report(self, rounds: int) -> bool:
        """Print one arm's figures; return whether it keeps within the bounds."""
        cost = self.measured(rounds)
        words, held = [], True
        for length, columns, share, bound in self.shares(cost):
            held &= share <= bound
            words.append(f"{length} steps, {columns} probes: {100 * share:.1f} % (at most {100 * bound:.0f} %)")
        print(
            f"{arm_name(self.config.model.depth, self.config.model.shortcut):>9}: step {1e3 * cost.step:.1f} ms, probe "
            f"{1e3 * cost.early:.1f} ms early, {1e3 * cost.late:.1f} ms late, "
            f"cost {cost.relative:.2f} (assumed {COST[self.config.model.family]:.2f}); "
            f"{'; '.join(words)} ({self.device.name}, {self.device.precision}, {self.device.threads} thread)",
            flush=True,
        )
        return held

    def report_quantities(self, rounds: int) -> None:
        """Print how many milliseconds a probe saves without each quantity, by pairs of probes with and without it."""
        every = self.probe._measures
        for name in every:
            saved = []
            for _ in range(rounds):
                whole = seconds(lambda: self._probe(SETTLED))
                self.probe._measures = {other: measure for other, measure in every.items() if other != name}
                saved.append(whole - seconds(lambda: self._probe(SETTLED)))
                self.probe._measures = every
            print(f"           without {name}: {1e3 * statistics.median(saved):+.1f} ms", flush=True)


def seconds(call: Callable[[], None]) -> float:
    """Return how long a call takes."""
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
