"""Nodes with addresses of their own and Ray's own times: a link that is cut, a head that is lost elsewhere."""

import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from engine.events import FINAL, RunState
from engine.paths import PROJECT
from engine.runs.client.control import Control
from engine.runs.client.observer import observe
from engine.runs.protocol.liveness import GIVES_UP
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer
from tests.clusters.machines import PORT, Machines, can_be
from tests.clusters.surroundings import NEEDS_RAY, surroundings
from tests.engine.runs.launchers.ray_cluster.cluster import record

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(900),
    NEEDS_RAY,
    pytest.mark.skipif(not can_be(), reason="needs root and `ip`, for network namespaces"),
]
LIMIT_S = 240.0


class Scene:
    """A race of two runs on the machines b and c; ``a`` is the head."""

    def __init__(self, machines, folder, engine, steps):
        self.machines, self.at, self.steps = machines, engine, steps
        self.there, self.here = Workspace(folder / "there").prepare(), Workspace(folder / "here").prepare()
        self.start()
        self.runs = self.submit(self.there)
        self.until(lambda rows: all(row.step > 40 for row in rows))

    def start(self):
        for name, cores in (("a", 0), ("b", 2), ("c", 2)):
            self.machines.start_ray(name, "a", cores)
        command = [sys.executable, "-m", "engine", "--workspace", str(self.there.path), "serve", "--launcher", "ray"]
        address = f"{self.machines.address('a')}:{PORT}"
        self.engine = self.machines.run(self.at, [*command, "--address", address], self.there.engine_log)

    def submit(self, workspace):
        settings = {"width": "4", "pool": "4", "probe.every": "50", "eval_every": "100"}
        with Writer(workspace) as writer:
            request = RaceRequest((8,), ("none", "A"), steps=self.steps, settings=settings)
            return writer.races.submit(plan_race(request, workspace))[1]

    def until(self, met, workspace=None):
        deadline = time.monotonic() + LIMIT_S
        with Reader(workspace or self.there) as reader:
            while not met(rows := reader.runs.all()):
                assert time.monotonic() < deadline, [(row.id, row.state, row.step, row.detail) for row in rows]
                time.sleep(0.1)

    def said(self):
        with Reader(self.there) as reader:
            return [seen.detail for seen in observe(reader).values()]

    def placements(self):
        with Reader(self.there) as reader:
            return [row for run in self.runs for row in reader.placements.of(run)]

    def end(self):
        """Wait for the runs; make sure that they are those of the same race without a cluster."""
        self.until(lambda rows: all(row.state in FINAL for row in rows))
        Control(self.there).engine.shutdown()
        self.submit(self.here)
        command = [sys.executable, "-m", "engine", "--workspace", str(self.here.path), "serve", "--idle-seconds", "1"]
        with subprocess.Popen(command, cwd=PROJECT, stderr=subprocess.DEVNULL):
            self.until(lambda rows: all(row.state in FINAL for row in rows), self.here)
        assert record(self.there) == record(self.here)
        with Reader(self.there) as reader:
            assert {row.state for row in reader.runs.all()} == {RunState.FINISHED}


@pytest.fixture
def scene(tmp_path):
    @contextmanager
    def made(**options):
        with surroundings(tmp_path) as environment, Machines(tmp_path, environment) as machines:
            yield Scene(machines, tmp_path, **options)

    return made


def test_a_link_that_is_cut_is_told_and_the_run_goes_on_elsewhere(scene):
    with scene(engine="a", steps=1500) as here:
        lost = here.machines.address("c")
        here.machines.cut("c")
        began, said = time.monotonic(), set()

        def is_lost(rows):
            said.update(here.said())
            return any(row.lost for row in here.placements())

        here.until(is_lost)
        assert 50 < time.monotonic() - began < 100
        words = [text for text in said if text.startswith(f"no sign of node {lost} for ")]
        assert len(words) > 5
        assert all(text.endswith((f" s; {GIVES_UP}", f" min; {GIVES_UP}")) for text in words)
        here.machines.mend("c")
        here.end()
        # Ray may place the next attempt there too, before it knows: nothing of it is heard.
        assert {row.node for row in here.placements() if row.lost} - {""} == {lost}


def test_a_head_that_is_lost_elsewhere_costs_no_step(scene):
    with scene(engine="b", steps=4000) as here:
        here.machines.kill("a")
        here.engine.wait(LIMIT_S)
        assert "has not answered for 40 s: the cluster is lost" in Control(here.there).engine.status().message
        here.until(lambda rows: not any(row.state == RunState.RUNNING for row in rows))
        with Reader(here.there) as reader:
            for row in reader.runs.all():
                assert reader.checkpoints.of(row.id)[-1].step == row.step, "handed over"
        for name in "abc":
            here.machines.kill(name)
        here.start()
        here.end()
        assert not any(row.lost for row in here.placements())
