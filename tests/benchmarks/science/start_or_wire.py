"""How much of the plain gap goes with the start alone, and what the wire adds: the table of the preset ``start``.

    python -m tests.benchmarks.science.start_or_wire [--seeds 3] [--first-seed 0] [--steps 300]

Prints a table in Markdown, one row for each arm and seed: running training error at both depths, the clean error of the
deeper net in brackets, the gap in points; then the 95 % t interval of each arm's gap. Expected of each seed is a Dirac
gap between a tenth and a half of the plain one, and a residual gap below both. A seed outside is named, and the exit
status is 1.
"""

import argparse
import json
import os
import platform
import tempfile

from engine.analysis.interval import interval
from engine.config.presets import get_preset
from engine.models.arm_names import variant_name
from tests.benchmarks.science.degradation_gap import engine

SHALLOW, DEEP = get_preset("start").depths


def main() -> int:
    """Train, print the table; return whether a seed is outside of what is expected."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", default="3")
    parser.add_argument("--first-seed", default="0")
    parser.add_argument("--steps", default="300")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as workspace:
        command = ("--seeds", options.seeds, "--first-seed", options.first_seed, "--steps", options.steps)
        runs = json.loads(engine(workspace, "race", "--preset", "start", *command, "--json"))["runs"]
        engine(workspace, "shutdown")
    errors = {(run["shortcut"], run["seed"], run["depth"]): run["train_error"] for run in runs}
    clean = {(run["shortcut"], run["seed"]): run["train_clean_error"] for run in runs if run["depth"] == DEEP}
    gaps = {arm: errors[(*arm, DEEP)] - errors[(*arm, SHALLOW)] for arm in clean}
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores\n")
    print(f"| arm | seed | depth {SHALLOW} | depth {DEEP} | gap |\n|---|---|---|---|---|")
    for (shortcut, seed), gap in sorted(gaps.items(), key=_in_order):
        arm = (shortcut, seed)
        shallow, deep = errors[(*arm, SHALLOW)], errors[(*arm, DEEP)]
        print(f"| {variant_name(shortcut)} | {seed} | {shallow:.1f} | {deep:.1f} ({clean[arm]:.1f}) | {gap:.1f} |")
    for shortcut in dict.fromkeys(shortcut for shortcut, _ in sorted(gaps, key=lambda arm: _in_order((arm, 0)))):
        found = interval([gap for arm, gap in gaps.items() if arm[0] == shortcut])
        ends = "" if found.low is None else f" ({found.low:.1f} to {found.high:.1f})"
        print(f"{variant_name(shortcut)}: mean gap {found.mean:.1f}{ends}")
    outside = [seed for seed in sorted({seed for _, seed in gaps}) if not _expected(gaps, seed)]
    for seed in outside:
        print(f"seed {seed} is OUT OF BOUNDS")
    return int(bool(outside))


def _in_order(item: tuple[tuple[str, int], float]) -> tuple[int, int]:
    (shortcut, seed), _ = item
    return get_preset("start").shortcuts.index(shortcut), seed


def _expected(gaps: dict[tuple[str, int], float], seed: int) -> bool:
    plain, dirac, residual = (gaps[shortcut, seed] for shortcut in ("none", "dirac", "A"))
    return plain / 10 <= dirac <= plain / 2 and residual < min(plain, dirac)


if __name__ == "__main__":
    raise SystemExit(main())
