"""Is learning traded for speed? The quick race in bf16 and in 32-bit floats, the same seeds, errors at the last step.

    python -m tests.benchmarks.science.precision [--seeds 5] [--first-seed 0] [--width 8] [--steps 300]
                                          [--depths 20,56] [--shortcuts none,A]

Width 8 is the quick race itself; from width 16 on bf16 nets train in oneDNN's layout. Prints mean and standard
deviation over the seeds, and the difference of the means beside the standard error of that difference.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile

from engine.paths import PROJECT

ERRORS = {"train_error": "training", "train_clean_error": "clean training", "test_error": "test"}


def race(workspace: str, precision: str, options: argparse.Namespace) -> dict[tuple[str, int], list[dict]]:
    """Run the quick race; return the runs of every arm, by (shortcut, depth)."""
    command = [
        sys.executable, "-m", "engine", "--workspace", workspace, "race", "--preset", "quick", "--seeds",
        str(options.seeds), "--first-seed", str(options.first_seed), "--steps", str(options.steps), "--depths",
        options.depths, "--shortcuts", options.shortcuts, "--set", f"precision={precision}", "--set",
        f"width={options.width}", "--json",
    ]  # fmt: skip
    document = json.loads(subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout)
    arms: dict[tuple[str, int], list[dict]] = {}
    for run in document["runs"]:
        arms.setdefault((run["shortcut"], run["depth"]), []).append(run)
    return arms


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--depths", default="20,56")
    parser.add_argument("--shortcuts", default="none,A")
    parser.add_argument("--width", type=int, default=8)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as workspace:
        found = {precision: race(workspace, precision, options) for precision in ("bf16", "fp32")}
        subprocess.run([sys.executable, "-m", "engine", "--workspace", workspace, "shutdown"], cwd=PROJECT, check=True)
    print(f"quick race, width {options.width}, {options.steps} steps, {options.seeds} seeds: mean (standard deviation)")
    for arm in found["bf16"]:
        for error, label in ERRORS.items():
            values = {precision: [run[error] for run in arms[arm]] for precision, arms in found.items()}
            means = {precision: statistics.mean(v) for precision, v in values.items()}
            spreads = {precision: statistics.stdev(v) for precision, v in values.items()}
            of_difference = (sum(spread**2 for spread in spreads.values()) / options.seeds) ** 0.5
            print(
                f"{arm[0]}-{arm[1]:<3} {label:>14}: bf16 {means['bf16']:5.1f} ({spreads['bf16']:.1f})  "
                f"fp32 {means['fp32']:5.1f} ({spreads['fp32']:.1f})  "
                f"difference {means['bf16'] - means['fp32']:+.1f} (standard error {of_difference:.1f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
