"""Measurements a second that workers on a Ray cluster bring into the database, by way of the desk.

    python -m tests.benchmarks.ray.desk_rate --address HOST:PORT [--senders 1] [--batch 100] [--hz 0] [--seconds 5]

Each sender is an actor on a node with the writer of a worker. It records batches of so many steps as fast as the desk
takes them (``--hz``: so often), at most eight without an answer. ``without_ray`` is the same desk in one process,
for comparison. Bound: 50,000 rows a second in batches of 100. The desk's processor time is that of its whole process.
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import psutil
import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from engine.events import Split, StepRow
from engine.hardware.machine import this_process
from engine.runs.launchers.ray_cluster.actors import DESK_GROUPS, RayLine
from engine.runs.launchers.ray_cluster.connection import connect, namespace_of
from engine.runs.launchers.ray_cluster.desk import Desk
from engine.runs.launchers.ray_cluster.launcher import DESK, DeskActor
from engine.runs.launchers.ray_cluster.messages import DeskLine, Sender
from engine.runs.launchers.ray_cluster.remote_tables import RemoteWriter
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.benchmarks.synthetic_writer import make_race
from tests.engine.runs.launchers.ray_cluster.direct import DirectLine

BOUND = 50_000


def written(line: DeskLine, sender: Sender, size: int, seconds: float, hz: float = 0.0) -> int:
    """Record batches of so many steps for so long, ``hz`` a second (0: without a pause); return the answered steps."""
    writer = RemoteWriter(line, sender)
    began, step = time.perf_counter(), 0
    while (now := time.perf_counter() - began) < seconds:
        if hz and now < step / size / hz:
            time.sleep(step / size / hz - now)
        steps = range(step + 1, step + size + 1)
        writer.points.record(sender.run, [StepRow(each, 2.0, 50.0 + each % 7, 1.9, 48.5, 0.1, 0.0) for each in steps])
        step += size
    writer.close()
    return step


class SenderActor:
    """A worker that only records."""

    def __init__(self, namespace: str):
        self._line = RayLine(DESK, namespace)

    def written(self, sender: Sender, size: int, seconds: float, hz: float) -> int:
        return written(self._line, sender, size, seconds, hz)


def through_ray(workspace: Workspace, namespace: str, node: str, options: argparse.Namespace) -> dict[str, float]:
    """Measure with the desk as an actor of this node."""
    here = NodeAffinitySchedulingStrategy(node, soft=False)
    desk = (
        ray.remote(concurrency_groups=DESK_GROUPS)(DeskActor)
        .options(name=DESK, namespace=namespace, num_cpus=0, scheduling_strategy=here)
        .remote(str(workspace.path), this_process(), node)
    )
    process = psutil.Process(ray.get(desk.state.options(concurrency_group="engine").remote()).pid)
    actors = [
        ray.remote(SenderActor).options(num_cpus=0, scheduling_strategy="SPREAD").remote(namespace)
        for _ in range(options.senders)
    ]
    for seconds in (0.5, options.seconds):  # the first turn opens what opens once
        senders = make_senders(workspace, options.senders)
        busy, began = sum(process.cpu_times()[:2]), time.perf_counter()
        calls = zip(actors, senders, strict=True)
        rows = sum(ray.get([one.written.remote(each, options.batch, seconds, options.hz) for one, each in calls]))
        took, busy = time.perf_counter() - began, sum(process.cpu_times()[:2]) - busy
    with Reader(workspace) as reader:
        stored = sum(reader.points.series(sender.run, Split.TRAIN).total for sender in senders)
    assert stored == rows, (stored, rows)
    return {"rows": rows, "rows_per_s": round(rows / took), "desk_cores": round(busy / took, 2)}


def make_senders(workspace: Workspace, count: int) -> list[Sender]:
    """Return the senders of the first attempts at new runs."""
    _, runs = make_race(workspace, count)
    with Writer(workspace) as writer:
        return [Sender(run, writer.placements.begin(run), "job") for run in runs]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--address", required=True)
    parser.add_argument("--senders", type=int, default=1)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--hz", type=float, default=0, help="Batches a second of each sender; 0: without a pause.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.at(Path(folder) / "workspace").prepare()
        namespace = namespace_of(workspace)
        found = through_ray(workspace, namespace, connect(options.address, namespace), options)
        (sender,), began = make_senders(workspace, 1), time.perf_counter()
        alone = DirectLine(Desk(str(workspace.path), this_process()))
        rows = written(alone, sender, options.batch, options.seconds, options.hz)
        found["without_ray"] = round(rows / (time.perf_counter() - began))
        ray.shutdown()
    print(json.dumps({**vars(options), **found, "bound": BOUND}))


if __name__ == "__main__":
    main()
