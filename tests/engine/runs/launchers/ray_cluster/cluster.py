"""A cluster of a head and three nodes on this machine, the product's engine on it, and what may happen to them.

    python -m tests.engine.runs.launchers.ray_cluster.cluster FOLDER EXPERIMENT

Prints one JSON document: the record beside that of the same race without a cluster. The environment has a HOME of its
own and a short RAY_TMPDIR; the engine of Ray's head looks after its nodes often, so that a test need not wait long.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from engine.events import ALIVE, FINAL, RunState
from engine.paths import PROJECT
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

STORE_BYTES = 80 * 2**20
#: Steps of a race, the step at which something happens, and the time for anything.
STEPS, MIDDLE, LIMIT_S = 150, 40, 150.0
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "error", "RAY_worker_niceness": "0",
    "RAY_health_check_initial_delay_ms": "1000", "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000", "RAY_health_check_failure_threshold": "3",
}  # fmt: skip


class Scene:
    """Two workspaces: one on a cluster, one for the same race on this machine."""

    def __init__(self, folder: Path):
        from ray.cluster_utils import Cluster

        self.here, self.there = Workspace(folder / "here").prepare(), Workspace(folder / "there").prepare()
        self.cluster = Cluster(
            initialize_head=True,
            shutdown_at_exit=False,
            head_node_args={"num_cpus": 0, "object_store_memory": STORE_BYTES, "include_dashboard": False},
        )
        self.nodes = [self.add_node() for _ in range(3)]
        self.cluster.wait_for_nodes()
        self.engine = self.start_engine()
        self.runs = self.submit(self.there)

    def add_node(self):
        # Nodes of one machine would share one folder of code, and each removes it and makes it anew.
        code = f"code-{len(self.cluster.worker_nodes)}"
        return self.cluster.add_node(num_cpus=2, object_store_memory=STORE_BYTES, runtime_env_dir_name=code)

    def start_engine(self, *options):
        options = options or ("--launcher", "ray", "--address", self.cluster.address)
        workspace = self.here if options == ("--launcher", "local") else self.there
        command = [sys.executable, "-m", "engine", "--workspace", str(workspace.path), "serve", *options]
        with workspace.engine_log.open("ab") as log:
            return subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True)

    def submit(self, workspace):
        settings = {"width": "4", "pool": "4", "probe.every": "20", "eval_every": "30"}
        with Writer(workspace) as writer:
            race = plan_race(RaceRequest((8, 14), ("none", "A"), steps=STEPS, settings=settings), workspace)
            return writer.races.submit(race)[1]

    def rows(self, workspace=None):
        with Reader(workspace or self.there) as reader:
            return reader.runs.all()

    def until(self, met, workspace=None):
        deadline = time.monotonic() + LIMIT_S
        while not met(rows := self.rows(workspace)):
            if time.monotonic() > deadline:
                raise SystemExit(f"waited too long: {[(row.id, row.state, row.step, row.detail) for row in rows]}")
            time.sleep(0.05)
        return rows

    def lost(self):
        with Reader(self.there) as reader:
            return [row for run in self.runs for row in reader.placements.of(run) if row.lost]

    def middle(self):
        self.until(lambda rows: all(row.step >= MIDDLE for row in rows))

    def close(self):
        Control(self.there).engine.shutdown()
        # Not in good order, which takes half a minute for each node and waits for ever for one that is lost already.
        for node in [*self.cluster.worker_nodes, self.cluster.head_node]:
            for kind in ("raylet", *node.all_processes):
                for each in node.all_processes.get(kind, ()):
                    each.process.kill()
                    each.process.wait()

    def on_this_machine(self):
        """Train the same race here."""
        self.submit(self.here)
        engine = self.start_engine("--launcher", "local")
        self.until(lambda rows: all(row.state in FINAL for row in rows), self.here)
        Control(self.here).engine.shutdown()
        engine.wait(30)


def lose(scene, how):
    """Lose the first node, in one of three ways."""
    scene.middle()
    node = scene.nodes[0]
    raylet = node.all_processes["raylet"][0].process
    if how == "killed":
        raylet.kill()
        raylet.wait()  # else it stays a zombie of this process, which its workers take for alive
    elif how == "removed":
        scene.cluster.remove_node(node, allow_graceful=False)
    else:
        os.kill(raylet.pid, signal.SIGSTOP)
    scene.until(lambda rows: scene.lost())
    return raylet


def kill_engine(scene):
    scene.middle()
    scene.engine.kill()
    scene.engine.wait()
    rows = scene.until(lambda rows: not any(row.state in ALIVE for row in rows))
    scene.engine = scene.start_engine()
    return [str(row.state) for row in rows]


def command(scene):
    """Pause all runs and let them go on elsewhere; meanwhile fork one, change the fork, stop it."""
    scene.middle()
    control = Control(scene.there)
    for run in scene.runs:
        control.commands.give("pause", run)
    scene.until(lambda rows: all(row.state == RunState.PAUSED for row in rows))
    scene.cluster.remove_node(scene.nodes[0], allow_graceful=False)
    for run in scene.runs:
        control.commands.give("resume", run)


def fork(scene):
    """Fork a run, change the fork while it trains, stop it; return what became of it."""
    control = Control(scene.there)
    child = control.interventions.fork(scene.runs[1], None, {"steps": "100000", "lr": "0.05"})
    scene.until(lambda rows: next(row for row in rows if row.id == child).step > STEPS)
    control.interventions.set_value(child, "lr", 0.01)

    def is_changed():
        with Reader(scene.there) as reader:
            return [
                change.step for change in reader.interventions.changes(child) if change.value == 0.01 and change.step
            ]

    scene.until(lambda rows: is_changed())
    control.commands.give("stop", child)
    rows = scene.until(lambda rows: next(row for row in rows if row.id == child).state in FINAL)
    return str(next(row for row in rows if row.id == child).state)


def record(workspace):
    points = "SELECT run, split, step, loss, error, running_loss, running_error, lr FROM points"
    arrays = "SELECT run, step, quantity, data FROM arrays JOIN probes ON probes.id = probe"
    with closing(sqlite3.connect(workspace.database)) as database:
        return [database.execute(f"{sql} WHERE run < 5 ORDER BY 1, 2, 3").fetchall() for sql in (points, arrays)]


def same(one, other):
    import torch

    if isinstance(one, dict):
        # Of a pause: clocks, and whether evaluation and probe of that step were still due.
        left_out = {"seconds", "evaluation_seconds", "probe_seconds", "due"}
        if one.get("due") != other.get("due"):
            left_out.add("probed")
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one.keys() - left_out)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


def main(folder, experiment):
    scene, told = Scene(folder), None
    try:
        if experiment in ("killed", "removed", "stopped"):
            raylet = lose(scene, experiment)
        elif experiment == "engine":
            told = kill_engine(scene)
        elif experiment == "commands":
            command(scene)
        scene.until(lambda rows: all(row.state in FINAL for row in rows))
        if experiment == "commands":
            told = fork(scene)
        if experiment == "stopped":
            os.kill(raylet.pid, signal.SIGCONT)
    finally:
        scene.close()
    scene.on_this_machine()
    from engine.training import checkpoint

    log = scene.there.engine_log.read_text()
    (points, arrays), (local_points, local_arrays) = record(scene.there), record(scene.here)
    with Reader(scene.there) as reader, Reader(scene.here) as local:
        attempts = {run: len(reader.placements.of(run)) for run in scene.runs}
        nodes = sorted({row.node for run in scene.runs for row in reader.placements.of(run)})
        saved = [
            (run, row.step)
            for run in scene.runs
            for row in reader.checkpoints.of(run)
            if row.step in {each.step for each in local.checkpoints.of(run)}
        ]
    return {
        "states": [str(row.state) for row in scene.rows()][:4], "causes": [row.cause for row in scene.rows()],
        "points": points == local_points, "arrays": arrays == local_arrays, "rows": len(points),
        "checkpoints": len(saved),
        "checkpoints_equal": all(
            same(*(checkpoint.load(each.checkpoint(*one)) for each in (scene.there, scene.here))) for one in saved
        ),
        "attempts": attempts, "nodes": nodes, "told": told,
        "refused": [int(line.split()[-1]) for line in log.splitlines() if "calls of attempts that are over: " in line],
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
