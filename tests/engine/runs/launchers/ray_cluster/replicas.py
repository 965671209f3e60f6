"""A run with two replicas on two nodes of one core, and what may happen to the second one.

    python -m tests.engine.runs.launchers.ray_cluster.replicas FOLDER EXPERIMENT

``lost``: it is killed, then its node is lost. ``barred``: a firewall bars its way to the first one. ``stopped``: it
stands still while the first one is killed. Prints one JSON document, as ``cluster`` does.
"""

import json
import os
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil

from engine.events import FINAL, RunState
from engine.runs.client.control import Control
from engine.runs.protocol import planning
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.writer import Writer
from tests.clusters.nodes import Nodes, kill
from tests.engine.runs.launchers.ray_cluster import cluster

STEPS, FIRST, SECOND = 900, 60, 300
#: How long a process that stands still may stay.
LIMIT_S = 60.0
#: Of a node's processes: none of them reaches a first replica.
FIREWALL = """
import socket, sys
connect = socket.create_connection

def barred(address, *more, **named):
    if sys._getframe(1).f_globals.get("__name__") == "engine.hardware.rank_signs":
        raise ConnectionRefusedError(111, "Connection refused")
    return connect(address, *more, **named)

socket.create_connection = barred
"""


class ReplicaScene(cluster.Scene):
    """One run with two replicas instead of four runs."""

    def submit(self, workspace):
        settings = {"width": "4", "pool": "4", "probe.every": "20", "eval_every": "30", "replicas": "2"}
        with Writer(workspace) as writer:
            race = plan_race(RaceRequest((8,), ("A",), steps=self.steps, settings=settings), workspace)
            return writer.races.submit(race)[1]

    def other(self, actor="ReplicaActor"):
        """Return the process of the second replica; ``RunActor``: of the first."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                title, own = "".join(process.cmdline()[:1]), process.environ().get("RAY_TMPDIR")
                if title.startswith(f"ray::{actor}") and own == os.environ["RAY_TMPDIR"]:
                    found.append(process)
        return found

    def reach(self, step):
        self.until(lambda rows: rows[0].state == RunState.RUNNING and rows[0].step >= step)


def lost(folder):
    scene, told = ReplicaScene(folder, STEPS, Nodes(2, cores=1)), {}
    try:
        scene.reach(FIRST)
        (other,) = scene.other()
        other.kill()
        told["killed"] = scene.until(lambda rows: rows[0].state == RunState.LOST)[0].cause
        scene.until(lambda rows: not scene.other())
        Control(scene.there).commands.give("resume", scene.runs[0])
        scene.reach(SECOND)
        (other,) = scene.other()
        node = next(
            node for node in scene.nodes.nodes
            if other.ppid() == node.all_processes["raylet"][0].process.pid
        )  # fmt: skip
        kill(node)
        told["waits"] = scene.until(lambda rows: rows[0].state == RunState.QUEUED and "waits" in rows[0].detail)[
            0
        ].detail
        scene.nodes.add()
        scene.until(lambda rows: all(row.state in FINAL for row in rows))
    finally:
        scene.close()
    scene.on_this_machine()
    (points, arrays), (local_points, local_arrays) = cluster.record(scene.there), cluster.record(scene.here)
    with Reader(scene.there) as reader:
        attempts = len(reader.placements.of(scene.runs[0]))
    return {
        "state": str(scene.rows()[0].state), "cause": scene.rows()[0].cause, "threads": scene.rows()[0].threads,
        "points": points == local_points, "arrays": arrays == local_arrays, "rows": len(points),
        "attempts": attempts, "told": told, "left": len(scene.other()),
    }  # fmt: skip


def barred(folder):
    """Return how a run ends whose second replica cannot connect to the first, and how long it takes from its start."""
    place = folder / "firewall"
    place.mkdir()
    (place / "sitecustomize.py").write_text(FIREWALL)
    os.environ["PYTHONPATH"] = os.pathsep.join((str(place), os.environ["PYTHONPATH"]))
    scene = ReplicaScene(folder, STEPS, Nodes(2, cores=1))
    try:
        scene.until(lambda rows: scene.other())
        began = time.monotonic()
        (row,) = scene.until(lambda rows: rows[0].state in FINAL or rows[0].state == RunState.LOST)
        told_s = time.monotonic() - began
        scene.until(lambda rows: not scene.other() and not scene.other("RunActor"))
    finally:
        scene.close()
    return {"state": str(row.state), "cause": row.cause, "seconds": told_s}


def stopped(folder):
    """Kill the first replica while the second stands still; return what is left, and how long the end took."""
    scene = ReplicaScene(folder, STEPS * 10, Nodes(2, cores=1))
    try:
        scene.reach(FIRST)
        (other,), (worker,) = scene.other(), scene.other("RunActor")
        other.suspend()
        began = time.monotonic()
        worker.kill()
        (row,) = scene.until(lambda rows: rows[0].state == RunState.LOST)
        told_s = time.monotonic() - began
        with suppress(psutil.TimeoutExpired):
            other.wait(LIMIT_S)
        return {"cause": row.cause, "lost_s": told_s, "left": len(scene.other()), "gone_s": time.monotonic() - began}
    finally:
        scene.close()


if __name__ == "__main__":
    # This machine may have one core alone.
    planning.cores = lambda: 2
    does = {"lost": lost, "barred": barred, "stopped": stopped}[sys.argv[2]]
    print(json.dumps(does(Path(sys.argv[1]))))
