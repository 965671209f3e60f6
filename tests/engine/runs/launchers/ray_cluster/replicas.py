"""A run with two replicas on two nodes of one core: one replica is killed, then its node is lost.

    python -m tests.engine.runs.launchers.ray_cluster.replicas FOLDER

Prints one JSON document, as ``cluster`` does.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

import psutil

from engine.events import FINAL, RunState
from engine.runs.client.control import Control
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.writer import Writer
from tests.clusters.nodes import Nodes, kill
from tests.engine.runs.launchers.ray_cluster import cluster

STEPS, FIRST, SECOND = 900, 60, 300


class ReplicaScene(cluster.Scene):
    """One run with two replicas instead of four runs."""

    def submit(self, workspace):
        settings = {"width": "4", "pool": "4", "probe.every": "20", "eval_every": "30", "replicas": "2"}
        with Writer(workspace) as writer:
            race = plan_race(RaceRequest((8,), ("A",), steps=self.steps, settings=settings), workspace)
            return writer.races.submit(race)[1]

    def other(self):
        """Return the process of the second replica."""
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                title, own = "".join(process.cmdline()[:1]), process.environ().get("RAY_TMPDIR")
                if title.startswith("ray::ReplicaActor") and own == os.environ["RAY_TMPDIR"]:
                    found.append(process)
        return found

    def reach(self, step):
        self.until(lambda rows: rows[0].state == RunState.RUNNING and rows[0].step >= step)


def main(folder):
    # This machine may have one core alone.
    import engine.runs.protocol.planning as planning

    planning.cores = lambda: 2
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


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
