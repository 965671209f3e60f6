"""The degradation gap of the quick race for several seeds, through the command line.

    python -m tests.benchmarks.science.degradation_gap [--seeds 0,1,2,3,4] [--steps 200]

Prints, for each seed, running training errors, the plain and the residual gap in points, and the seconds of the whole
command. The first one starts the engine (cold); for a cold figure of every seed use --cold. The bounds are those of
the first issue: plain gap at least 20 points, residual gap at most half of it and under 15, at most 60 s.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time

from engine.paths import PROJECT


def engine(workspace: str, *arguments: str) -> str:
    """Run a command of the engine and return its stdout."""
    command = [sys.executable, "-m", "engine", "--workspace", workspace, *arguments]
    return subprocess.run(command, cwd=PROJECT, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--steps", default="200")
    parser.add_argument("--cold", action="store_true")
    options = parser.parse_args()
    held = True
    print(
        f"{'seed':>4} {'plain-20':>9} {'plain-56':>9} {'A-20':>6} {'A-56':>6} {'plain gap':>10} {'A gap':>6} {'s':>6}"
    )
    with tempfile.TemporaryDirectory() as workspace:
        for seed in options.seeds.split(","):
            began = time.perf_counter()
            out = engine(
                workspace, "race", "--depths", "20,56", "--shortcuts", "none,A", "--preset", "quick", "--steps",
                options.steps, "--first-seed", seed, "--json",
            )  # fmt: skip
            seconds = time.perf_counter() - began
            error = {(run["shortcut"], run["depth"]): run["train_error"] for run in json.loads(out)["runs"]}
            plain, residual = (error[shortcut, 56] - error[shortcut, 20] for shortcut in ("none", "A"))
            good = plain >= 20 and residual <= plain / 2 and residual < 15 and seconds <= 60
            held = held and good
            print(
                f"{seed:>4} {error['none', 20]:9.1f} {error['none', 56]:9.1f} {error['A', 20]:6.1f} "
                f"{error['A', 56]:6.1f} {plain:10.1f} {residual:6.1f} {seconds:6.1f} {'' if good else 'OUT OF BOUNDS'}",
                flush=True,
            )
            if options.cold:
                engine(workspace, "shutdown")
        engine(workspace, "shutdown")
    return 0 if held else 1


if __name__ == "__main__":
    raise SystemExit(main())
