import json
import time

import pytest
from filelock import FileLock

from app.data.workspace import use
from engine import __version__
from engine.config import RaceConfig, RunConfig, replace
from engine.events import Evaluated, RunState, Split, StepRow
from engine.hardware.machine import this_process
from engine.store.workspace import Workspace
from engine.store.writer import Writer


class Bench:
    """A workspace with a race of four runs; this process stands in for their workers."""

    def __init__(self, path):
        self.workspace = Workspace.at(path).prepare()
        self.writer = Writer(self.workspace)
        config = RaceConfig(preset="quick", run=replace(RunConfig(), {"optim.steps": 1000}))
        self.config = config
        self.race, self.runs = self.writer.races.submit(config)

    def stand_in(self):
        """Let this process be the engine on record: for pages that no server serves, which would start one."""
        me = this_process()
        self.writer.presence.enter_engine(me.pid, me.started, __version__, [])
        self.lock = FileLock(self.workspace.engine_lock)
        self.lock.acquire(timeout=5)

    def steps(self, run, first, last, per_second=5.0, loss=None):
        self.writer.points.record(
            run,
            [
                StepRow(s, loss or 1 + run / 7 + s / 1000, 50 + run, 1.5, 50.5 + run, 0.1, s / per_second)
                for s in range(first, last + 1)
            ],
        )

    def evaluation(self, run, step, split=Split.TEST_SUBSET, error=40.0):
        self.writer.points.record(run, evaluations=[Evaluated(step, split, 1.0, error, 1000, step / 5, 0.1, "running")])

    def run_states(self, run, *states):
        for state in states:
            self.writer.jobs.move(run, state)

    def start_all(self):
        for run in self.runs:
            self.run_states(run, RunState.STARTING, RunState.RUNNING)


@pytest.fixture
def bench(tmp_path):
    use(tmp_path / "workspace")
    bench = Bench(tmp_path / "workspace")
    bench.stand_in()
    yield bench
    bench.writer.close()
    use(tmp_path / "elsewhere")


class Listener:
    """Collects what a viewer is told."""

    def __init__(self):
        self.chunks, self.cursor, self.documents, self.times = [], None, [], []

    def hear(self, chunk):
        self.chunks.append(chunk)
        for line in chunk.decode().splitlines():
            if line.startswith("id:"):
                self.cursor = tuple(int(part) for part in line[3:].split("."))
            elif line.startswith("data:"):
                self.documents.append(json.loads(line[5:]))
                self.times.append(time.monotonic())

    def points(self, run):
        found = []
        for document in self.documents:
            for entry in document.get("p", []):
                if entry[0] == run:
                    found += entry[-1][::3]
        return found

    def all(self, key):
        return [document[key] for document in self.documents if key in document]
