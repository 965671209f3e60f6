"""kill -9 of the engine while the four runs of the quick race train.

    python -m tests.benchmarks.training.engine_killed

Prints the seconds until no process of the engine's family is left, the metrics that were lost (steps that had been
trained but not recorded, in seconds of training), and whether the next engine resumed all four runs and finished them.
Bounds of the first issue: 10 s, 1 s, all four.
"""

import json
import tempfile
import time
from pathlib import Path

import psutil

from engine.events import RunState
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace


def main() -> None:
    """Train, kill, look, resume."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder) / "workspace").prepare()
        control = Control(workspace)
        race, runs = control.start_race(plan_race(RaceRequest(steps=120), workspace))
        with Reader(workspace) as reader:
            while not all(row.state == RunState.RUNNING and row.step >= 10 for row in reader.runs.all(race)):
                time.sleep(0.2)
            engine = psutil.Process(control.engine.status().pid)
            family = [engine, *engine.children(recursive=True)]
            seconds_before = {row.id: row.seconds for row in reader.runs.all(race)}
            killed = time.monotonic()
            engine.kill()
            psutil.wait_procs(family, timeout=30)
            gone = time.monotonic() - killed
            paused = reader.runs.all(race)
            # The checkpoint holds the last step that was trained; what the table lacks of it is lost.
            lost = [
                max(0, max(c.step for c in reader.checkpoints.of(row.id)) - row.step) * (row.seconds / max(1, row.step))
                for row in paused
            ]
            control.engine.ensure()
            while not all(row.state in (RunState.FINISHED, RunState.FAILED) for row in reader.runs.all(race)):
                time.sleep(0.2)
            finished = [row.state == RunState.FINISHED and row.step == 120 for row in reader.runs.all(race)]
        control.engine.shutdown()
    document = {
        "left_after_s": round(gone, 2),
        "states_after_the_kill": sorted({row.state.value for row in paused}),
        "trained_on_after_the_kill_s": round(max(row.seconds - seconds_before[row.id] for row in paused), 2),
        "lost_s": round(max(lost), 2),
        "finished_after_the_next_start": sum(finished),
    }
    print(json.dumps(document))


if __name__ == "__main__":
    main()
