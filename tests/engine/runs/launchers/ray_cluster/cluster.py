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
from contextlib import closing, suppress
from pathlib import Path

import psutil

from engine.events import ALIVE, FINAL, RunState
from engine.paths import PROJECT
from engine.runs.client.control import Control
from engine.runs.client.observer import observe
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.placements import PLACED
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.clusters.nodes import Nodes, kill

#: Steps of a race, which must last longer than the loss of a node takes to be seen (4 s), the step at which something
#: happens, and the time for anything.
STEPS, MIDDLE, LIMIT_S = 450, 40, 240.0


class Scene:
    """Two workspaces: one on a cluster, one for the same race on this machine."""

    def __init__(self, folder: Path, steps: int = STEPS, nodes: Nodes | None = None):
        self.here, self.there = Workspace(folder / "here").prepare(), Workspace(folder / "there").prepare()
        self.steps, self.nodes = steps, nodes or Nodes(3)
        self.engine = self.start_engine()
        self.runs = self.submit(self.there)

    def start_engine(self, *options):
        options = options or ("--launcher", "ray", "--address", self.nodes.address)
        workspace = self.here if options == ("--launcher", "local") else self.there
        command = [sys.executable, "-m", "engine", "--workspace", str(workspace.path), "serve", *options]
        with workspace.engine_log.open("ab") as log:
            return subprocess.Popen(command, cwd=PROJECT, stdout=log, stderr=log, start_new_session=True)

    def submit(self, workspace):
        settings = {"width": "4", "pool": "4", "probe.every": "20", "eval_every": "30"}
        with Writer(workspace) as writer:
            race = plan_race(RaceRequest((8, 14), ("none", "A"), steps=self.steps, settings=settings), workspace)
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

    def log(self):
        return self.there.engine_log.read_text()

    def refused(self):
        words = "calls of attempts that are over: "
        return [int(line.split()[-1]) for line in self.log().splitlines() if words in line]

    def close(self):
        Control(self.there).engine.shutdown()
        self.nodes.close()

    def on_this_machine(self):
        """Train the same race here."""
        self.submit(self.here)
        engine = self.start_engine("--launcher", "local")
        self.until(lambda rows: all(row.state in FINAL for row in rows), self.here)
        Control(self.here).engine.shutdown()
        engine.wait(60)


def lose(scene, how):
    """Lose the first node, in one of three ways."""
    scene.middle()
    node = scene.nodes.nodes[0]
    raylet = node.all_processes["raylet"][0].process
    if how == "killed":
        raylet.kill()
        raylet.wait()  # else it stays a zombie of this process, which its workers take for alive
    elif how == "removed":
        scene.nodes.cluster.remove_node(node, allow_graceful=False)
    else:
        os.kill(raylet.pid, signal.SIGSTOP)
    scene.until(lambda rows: scene.lost())
    if how == "stopped":  # its workers live on, unseen
        scene.until(lambda rows: scene.refused())
        os.kill(raylet.pid, signal.SIGCONT)


def kill_engine(scene):
    scene.middle()
    scene.engine.kill()
    scene.engine.wait()
    rows = scene.until(lambda rows: not any(row.state in ALIVE for row in rows))
    scene.engine = scene.start_engine()
    return [str(row.state) for row in rows]


def kill_desks(scene):
    """Kill the desk twice in the middle, at once and once it has written again; return how often it was replaced."""
    words = "the desk has ended; starting another one"
    for number, step in enumerate((MIDDLE, 3 * MIDDLE), start=1):
        scene.until(lambda rows, step=step: all(row.step >= step for row in rows))
        (desk,) = processes("ray::DeskActor")
        desk.kill()
        scene.until(lambda rows, number=number: scene.log().count(words) == number)
    return number


def processes(title):
    """Return the processes of Ray with this title that belong to this cluster."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cmdline()[:1] == [title] and process.environ().get("RAY_TMPDIR") == os.environ["RAY_TMPDIR"]:
                found.append(process)
    return found


def lose_head(scene):
    """Lose the head and with it the cluster; start another one, and the engine on it. Return what was said."""
    scene.middle()
    kill(scene.nodes.cluster.head_node)
    scene.engine.wait(LIMIT_S)
    said = {"engine": Control(scene.there).engine.status().message}
    with Reader(scene.there) as reader:
        said["runs"] = [f"{seen.state}: {seen.detail}" for seen in observe(reader).values()]
    scene.nodes.close()
    scene.nodes = Nodes(3)
    scene.engine = scene.start_engine()
    return said


def withdraw(scene):
    """Take all cores for another program; pause, stop and delete what Ray cannot place; return what was said."""
    import ray

    scene.middle()
    control = Control(scene.there)
    for run in scene.runs:
        control.commands.give("pause", run)
    scene.until(lambda rows: all(row.state == RunState.PAUSED for row in rows))
    ray.init(address=scene.nodes.address, namespace="other", log_to_driver=False, logging_level="ERROR")
    others = [ray.remote(num_cpus=2)(Other).remote() for _ in range(3)]
    ray.get([other.is_there.remote() for other in others])
    for run in scene.runs:
        control.commands.give("resume", run)
    child = control.interventions.fork(scene.runs[1], None, {"steps": "100000"})

    def row_of(run):
        return next((row for row in scene.rows() if row.id == run), None)

    scene.until(lambda rows: all("Ray has found no room" in row.detail for row in rows))
    told = [row_of(child).detail]
    for run, verb, state in ((scene.runs[0], "pause", RunState.PAUSED), (child, "stop", RunState.STOPPED)):
        control.commands.give(verb, run)
        scene.until(lambda rows, run=run, state=state: row_of(run).state == state)
        told.append(row_of(run).detail)
    control.commands.give("delete", child)
    scene.until(lambda rows: row_of(child) is None)
    for other in others:
        ray.kill(other)
    ray.shutdown()
    scene.until(lambda rows: all(row.state == RunState.FINISHED for row in rows[1:]))
    told.append(row_of(scene.runs[0]).detail)  # nothing took it up meanwhile
    control.commands.give("resume", scene.runs[0])
    return told


class Other:
    """An actor of another program, which takes cores."""

    def is_there(self):
        return True


def command(scene):
    """Pause all runs and let them go on elsewhere; meanwhile fork one, change the fork, stop it."""
    scene.middle()
    control = Control(scene.there)
    for run in scene.runs:
        control.commands.give("pause", run)
    scene.until(lambda rows: all(row.state == RunState.PAUSED for row in rows))
    scene.nodes.cluster.remove_node(scene.nodes.nodes[0], allow_graceful=False)
    for run in scene.runs:
        control.commands.give("resume", run)


def fork(scene):
    """Fork a run, change the fork while it trains, stop it; return what became of it."""
    control = Control(scene.there)
    child = control.interventions.fork(scene.runs[1], None, {"steps": "100000", "lr": "0.05"})
    scene.until(lambda rows: next(row for row in rows if row.id == child).step > scene.steps)
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


def entries(workspace):
    """Return what the log says of the runs, but for where they were and whence they went on."""
    with Reader(workspace) as reader:
        rows = reader.log.of([1, 2, 3, 4])
    return sorted(tuple(row)[:4] for row in rows if row["kind"] not in (PLACED, "checkpoint"))


#: What is done in the middle, by the name of an experiment.
MIDDLES = {"engine": kill_engine, "desk": kill_desks, "commands": command, "head": lose_head, "full": withdraw}


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
    if experiment == "stopped":
        # A worker stands still in the store of a stopped raylet, for all that is larger: checkpoints travel as calls.
        os.environ |= {"RAY_max_direct_call_object_size": str(10 * 2**20)}
    # Twice as long for a worker that goes on unseen and must not come to its end.
    scene, told = Scene(folder, STEPS * 2 if experiment == "stopped" else STEPS), None
    try:
        if experiment in ("killed", "removed", "stopped"):
            lose(scene, experiment)
        elif experiment in MIDDLES:
            told = MIDDLES[experiment](scene)
        scene.until(lambda rows: all(row.state in FINAL for row in rows))
        if experiment == "commands":
            told = fork(scene)
    finally:
        scene.close()
    scene.on_this_machine()
    from engine.training import checkpoint

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
        "refused": scene.refused(), "entries": entries(scene.there) == entries(scene.here),
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), sys.argv[2])))
