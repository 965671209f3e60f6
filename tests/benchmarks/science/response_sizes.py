"""Fig. 7 in numbers: are the responses of residual nets smaller than those of their plain twins, and smaller in depth?

    python -m tests.benchmarks.science.response_sizes [--steps 3000] [--seeds 3] [--decay 1e-4] [--data NAME]

Trains plain-20, plain-56, A-20 and A-56 (quick recipe, learning rate divided by 10 at half and at three quarters) and
prints for every seed the mean over the 3x3 layers of the response std (He et al. 2015, Fig. 7), how many layers are
below 1, the mean relative update, and the growth of the gradient per layer and stage: at the start, at the probe
nearest to step 300, and at the end. The last line says whether finding 1 of Fig. 7 holds in every seed. Takes 300 s per
1,000 steps of three seeds on two cores. With ``--workspace`` the recording is kept, and taken as it is when it exists.
"""

import argparse
import json
import math
import tempfile

from engine.store.reader import Reader
from engine.store.workspace import Workspace
from tests.benchmarks.science.degradation_gap import engine

ARMS = ("plain-20", "plain-56", "A-20", "A-56")


def mean(values) -> float:
    kept = [float(value) for value in values if math.isfinite(value)]
    return sum(kept) / len(kept) if kept else math.nan


def at(reader: Reader, run: int, step: int | None) -> dict[str, object]:
    """Return the figures of the probe nearest to a step (None: the last one)."""
    probes, _ = reader.probes.all(run)
    probe = probes[-1] if step is None else min(probes, key=lambda row: abs(row.step - step))
    std, size = reader.probes.array(probe.id, "response_std"), reader.probes.array(probe.id, "update_size")
    growth = reader.probes.array(probe.id, "gradient_growth")
    return {
        "step": probe.step, "std": mean(std), "second": mean(std[2::2]), "below": int((std < 1).sum()),
        "layers": len(std), "gamma": mean(reader.probes.array(probe.id, "gamma_abs")), "size": mean(size),
        "growth": [float(value) for value in growth],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--decay", default="1e-4")
    parser.add_argument("--data", default="fashion-mnist-mini")
    parser.add_argument("--workspace")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = options.workspace or folder
        if not Workspace(Workspace.at(place).path).database.exists():
            engine(
                place, "race", "--depths", "20,56", "--shortcuts", "none,A", "--preset", "quick", "--data",
                options.data, "--steps", str(options.steps), "--seeds", str(options.seeds), "--set", "drops=[0.5,0.75]",
                "--set", f"weight_decay={options.decay}", "--json",
            )  # fmt: skip
            engine(place, "shutdown")
        found = report(Workspace.at(place))
    print(json.dumps(found))
    return 0


def report(workspace: Workspace) -> dict[str, bool]:
    ends: dict[tuple[str, int], dict] = {}
    with Reader(workspace) as reader:
        for row in reader.runs.all():
            errors = reader.points.series(row.id, "train").columns["running_error"]
            for step in (0, 300, None):
                figures = at(reader, row.id, step)
                growth = " ".join(f"{value:.3f}" for value in figures["growth"])
                print(
                    f"{row.arm:>9} seed {row.seed} step {figures['step']:>5}: std {figures['std']:.3f} "
                    f"(second layers {figures['second']:.3f}), {figures['below']} of {figures['layers']} below 1, "
                    f"|gamma| {figures['gamma']:.3f}, update size {figures['size']:.3f}, "
                    f"gradient growth net/stages {growth}",
                    flush=True,
                )
            ends[row.arm, row.seed] = figures
            share = 100 * (row.probe_share or 0)
            print(f"{'':>9} running training error at the end {errors[-1]:.1f} %, probes {share:.1f} % of the time")
        seeds = sorted({row.seed for row in reader.runs.all()})

    def holds(smaller: str, larger: str, key: str = "std") -> bool:
        return all(ends[smaller, seed][key] < ends[larger, seed][key] for seed in seeds)

    return {
        "A-20 below plain-20": holds("A-20", "plain-20"),
        "A-56 below plain-56": holds("A-56", "plain-56"),
        "A-56 below A-20": holds("A-56", "A-20"),
        "second layers: A-56 below A-20": holds("A-56", "A-20", "second"),
    }


if __name__ == "__main__":
    raise SystemExit(main())
