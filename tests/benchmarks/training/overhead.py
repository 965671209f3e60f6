"""What a run's time goes into besides its steps: metrics, checkpoints, evaluation, probes.

    python -m tests.benchmarks.training.overhead [--depths 20,56] [--shortcut A] [--steps 300] [--preset quick]
                                         [--set key=value]...

Does a worker's whole job in this process with one thread: database, checkpoints and all. Bounds: metrics and
checkpoints together at most 5 %, evaluation at most 10 % of the time. Also prints the most memory this process had.
"""

import argparse
import resource
import tempfile
import time
from types import SimpleNamespace

from engine.events import Evaluated, Finished, Measured, Probed, RunState, Stepped
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.worker.local_store import LocalStore
from engine.runs.worker.status_reporter import StatusReporter
from engine.runs.worker.training_job import TrainingJob
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer


class Timed(TrainingJob):
    """A job that keeps how long each kind of event took to handle."""

    def _handle(self, event, *rest) -> bool:
        since = time.perf_counter()
        try:
            return super()._handle(event, *rest)
        finally:
            spent = self.__dict__.setdefault("spent", {})
            spent[type(event)] = spent.get(type(event), 0.0) + time.perf_counter() - since
            if isinstance(event, Finished):
                self.finished = event


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--depths", default="20,56")
    parser.add_argument("--shortcut", default="A")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--set", action="append", default=[])
    options = parser.parse_args()
    for depth in options.depths.split(","):
        with tempfile.TemporaryDirectory() as folder:
            measure(Workspace.at(folder).prepare(), int(depth), options)


def measure(workspace: Workspace, depth: int, options: argparse.Namespace) -> None:
    settings = dict(pair.split("=", 1) for pair in options.set)
    race = plan_race(
        RaceRequest((depth,), (options.shortcut,), options.preset, steps=options.steps, settings=settings), workspace
    )
    with Writer(workspace) as writer:
        _, (run,) = writer.races.submit(race)
        writer.jobs.move(run, RunState.STARTING)
        with Reader(workspace) as reader:
            line = SimpleNamespace(signal=None)
            job, reporter = Job(run, workspace.path, "cpu", 1), StatusReporter(run, writer, line)
            job = Timed(job, LocalStore(workspace, run), reporter, reader)
            job.run()
            arm = reader.runs.get(run).arm
    finished, spent = job.finished, job.spent
    # The run's clock stands still while events are handled.
    handled = sum(spent.values())
    total = finished.seconds + handled
    recording = sum(spent.get(kind, 0.0) for kind in (Stepped, Measured, Evaluated, Probed, Finished))
    print(
        f"{arm:>9}: {options.steps} steps in {total:.1f} s; metrics and checkpoints {100 * recording / total:.1f} %, "
        f"evaluation {100 * finished.evaluation_share * finished.seconds / total:.1f} %, "
        f"probes {100 * finished.probe_share * finished.seconds / total:.1f} %; "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB",
        flush=True,
    )


if __name__ == "__main__":
    main()
