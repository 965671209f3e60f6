"""How much of the plain gap is the learning rate: the quick recipe at several rates, each depth at its best.

    python -m tests.benchmarks.science.tuned_rates [--steps 600] [--rates 0.003,0.01,0.03,0.1] [--seed 0]

Prints the running training error in percent of plain-20 and plain-56 at each rate, the gap at 0.1 for both, and the
gap with each depth at its own best rate. The page's note on learning rates quotes these figures.
"""

import argparse
import json
import tempfile
from pathlib import Path

from engine.events import ENDED
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from tests.e2e.conftest import until

DEPTHS = (20, 56)


def main() -> None:
    """Train all rates, print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--rates", default="0.003,0.01,0.03,0.1")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rates = options.rates.split(",")
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "workspace").prepare()
        control = Control(workspace)
        races = {
            rate: control.start_race(
                plan_race(
                    RaceRequest(
                        DEPTHS, ("none",), steps=options.steps, first_seed=options.seed,
                        settings={"lr": rate, "eval_every": str(options.steps)},
                    ),
                    workspace,
                )
            )[0]
            for rate in rates
        }  # fmt: skip
        with Reader(workspace) as reader:
            until(lambda: all(run.state in ENDED for run in reader.runs.all()), 3600)
            errors = {depth: {rate: _last(reader, races[rate], depth) for rate in rates} for depth in DEPTHS}
        control.engine.shutdown()
    best = {depth: min(errors[depth].values()) for depth in DEPTHS}
    at_common = errors[56][rates[-1]] - errors[20][rates[-1]]
    document = {
        "errors": errors,
        f"gap_at_{rates[-1]}": round(at_common, 1),
        "gap_each_at_its_best": round(best[56] - best[20], 1),
    }
    print(json.dumps(document))


def _last(reader: Reader, race: int, depth: int) -> float:
    run = next(run for run in reader.runs.all(race) if run.depth == depth)
    point = reader.points.last([run.id])[run.id, "train"]
    return round(point["running_error"], 1)


if __name__ == "__main__":
    main()
