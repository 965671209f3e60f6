"""From asking for a race to a plain gap of 20 points on the record, for MLPs and Transformers, with a warm engine.

    python -m tests.benchmarks.stream.start_to_gap [--families mlp,vit] [--seeds 3]

Four nets, plain and pre-LN, shallow and deep, with the probes and evaluations of their presets. The gap is that of the
running training error at the last step that both plain nets have on record. Bounds: MLP 3 s, ViT 15 s, on quiet cores.
"""

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from engine.config import RaceConfig
from engine.events import ENDED, Split
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace

POINTS = 20.0
PRESETS = {"mlp": "start-mlp", "vit": "today"}
LOOK_S = 0.02


def main() -> None:
    """Print one JSON line per race."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--families", default="mlp,vit")
    parser.add_argument("--seeds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "workspace").prepare()
        control = Control(workspace)
        follow(control, planned("mlp", 0, workspace))  # the first start loads torch and decodes the images
        for family in options.families.split(","):
            for seed in range(options.seeds):
                row = {"family": family, "seed": seed, **follow(control, planned(family, seed, workspace))}
                print(json.dumps(row | {"load": round(os.getloadavg()[0], 1)}), flush=True)
        control.engine.shutdown()


def planned(family: str, seed: int, workspace: Workspace) -> RaceConfig:
    """Return the race of one family and seed."""
    return plan_race(RaceRequest(shortcuts=("none", "A"), preset=PRESETS[family], seeds=1, first_seed=seed), workspace)


def follow(control: Control, race: RaceConfig) -> dict[str, float | int | None]:
    """Start a race; return the seconds to the gap, to the end, and the step of the gap."""
    began = time.monotonic()
    _, runs = control.start_race(race)
    shallow, deep = runs[:2]
    gap_s = step = None
    with Reader(control.workspace) as reader:
        rows = [reader.runs.known(run) for run in runs]
        assert rows[0].shortcut == rows[1].shortcut == "none" and rows[0].depth < rows[1].depth
        while True:
            if gap_s is None and (found := gap(reader, shallow, deep)) is not None and found[1] >= POINTS:
                gap_s, step = time.monotonic() - began, found[0]
            rows = [reader.runs.known(run) for run in runs]
            if all(row.state in ENDED for row in rows):
                break
            time.sleep(LOOK_S)
    return {
        "gap_s": None if gap_s is None else round(gap_s, 2), "at_step": step,
        "end_s": round(time.monotonic() - began, 2),
        "probe_share": round(max(row.probe_share or 0.0 for row in rows), 3),
    }  # fmt: skip


def gap(reader: Reader, shallow: int, deep: int) -> tuple[int, float] | None:
    """Return the last step that both have and the gap of their running errors there, None before the first."""
    errors = []
    for run in (shallow, deep):
        columns = reader.points.series(run, Split.TRAIN).columns
        errors.append(dict(zip(columns["step"], columns["running_error"], strict=True)))
    common = errors[0].keys() & errors[1].keys()
    return (int(max(common)), float(errors[1][max(common)] - errors[0][max(common)])) if common else None


if __name__ == "__main__":
    main()
