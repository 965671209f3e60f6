"""From asking for a race of four arms to the first points of all four: with a cold and with a warm engine.

    python -m tests.benchmarks.stream.start_latency

Cold starts the engine, which loads torch. The bounds of the first issue, page included: 10 s cold, 4 s warm.
"""

import tempfile
import time
from pathlib import Path

from engine.events import Split
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        control = Control(workspace)
        race = plan_race(RaceRequest((20, 56), ("none", "A")), workspace)
        for word in ("cold", "warm", "warm", "warm"):
            began = time.perf_counter()
            _, runs = control.start_race(race)
            handed_over = time.perf_counter() - began
            arrived: dict[int, float] = {}
            with Reader(workspace) as reader:
                while len(arrived) < len(runs):
                    for run, split in reader.points.last(runs):
                        if split == Split.TRAIN:
                            arrived.setdefault(run, time.perf_counter() - began)
                    time.sleep(0.02)
            commands = [control.commands.ask("stop", run) for run in runs]
            for command in commands:
                control.commands.await_done(command, 10)
            times = ", ".join(f"{seconds:.2f}" for seconds in sorted(arrived.values()))
            print(f"{word}: handed over after {handed_over:.2f} s, first points after {times} s", flush=True)
        control.engine.shutdown()


if __name__ == "__main__":
    main()
