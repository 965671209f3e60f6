"""Every registered launcher: starts workers, takes signals, says how a worker ended."""

import os
import subprocess
import sys

import pytest

from engine.errors import ConfigError
from engine.paths import PROJECT
from engine.runs.launchers.registry import LAUNCHERS, LauncherChoice
from tests.clusters.surroundings import NEEDS_RAY, cluster, surroundings

# In a process of its own: the launcher changes the working directory and keeps a fork server.
_SCRIPT = """
import pathlib, sys, time
from engine.events import RunState
from engine.runs.launchers.registry import LauncherChoice, make_launcher
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.temporary_folder import TemporaryFolder
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

def until(met):
    deadline = time.monotonic() + 90
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)

name, folder, address, killed = sys.argv[1:]
workspace = Workspace(pathlib.Path(folder)).prepare()
temporary = TemporaryFolder(workspace, removed=True)  # as the engine's
temporary.__enter__()
writer, reader = Writer(workspace), Reader(workspace)
tiny = {"width": "4", "pool": "4"}
request = RaceRequest((8,), ("none", "A"), steps=100000, settings=tiny)
writer.races.submit(plan_race(request, workspace))
launcher = make_launcher(LauncherChoice(name, address), workspace)
launcher.warm()
assert launcher.trouble() == ""
assert (launcher.capacity() is None) == (address == "")
workers = []
for run in (1, 2):
    writer.jobs.move(run, RunState.STARTING)
    workers.append(launcher.launch(Job(run, workspace.path, "cpu", 1)))
# Nothing waited for torch to load: no process is there yet.
assert [worker.place for worker in workers] == ["", ""]
assert [worker.ended() for worker in workers] == [None, None]
first, second = workers
until(lambda: all(row.state == RunState.RUNNING and row.step > 3 for row in reader.runs.all()))
places = {worker.place.partition(" on ")[0] for worker in workers}
assert len(places) == 2 and all(place.startswith("process ") for place in places)
if not address:
    assert {f"process {row.pid}" for row in reader.runs.all()} == places
assert "torch" not in sys.modules
for worker in workers:
    until(worker.shows_life)
    assert not worker.withdraw(), "it is at work"
    assert not worker.is_lost_with_place
    assert worker.delay == ""
left = launcher.adopt(reader.jobs.known(2))  # as the next engine would find it
assert left.lives()
first.send("pause")
until(lambda: first.ended() is not None)
assert first.ended() == "worker ended with exit code 0", first.ended()
assert reader.runs.get(1).state == RunState.PAUSED
first.send("pause")  # nobody is there: nothing happens
second.kill()
until(lambda: second.ended() is not None)
assert killed in second.ended(), second.ended()
until(lambda: not left.lives())
assert reader.runs.get(2).state == RunState.RUNNING  # writing it down is the engine's business
launcher.close()
temporary.__exit__()
print("kept")
"""


def keeps_its_promises(folder, environment, name, address="", killed="signal 9 (SIGKILL)"):
    result = subprocess.run(
        [sys.executable, "-c", _SCRIPT, name, str(folder), address, killed], cwd=PROJECT, capture_output=True,
        text=True, timeout=200, env=environment,
    )  # fmt: skip
    assert result.stdout.strip() == "kept", result.stderr


def test_every_launcher_is_tried():
    assert set(LAUNCHERS) == {"local", "ray"}


@pytest.mark.slow
def test_the_launcher_of_this_machine_keeps_its_promises(tmp_path):
    keeps_its_promises(tmp_path / "w", {**os.environ, "PYTHONPATH": str(PROJECT)}, "local")


@NEEDS_RAY
@pytest.mark.long
@pytest.mark.timeout(400)
def test_the_launcher_of_a_cluster_keeps_its_promises(tmp_path):
    with surroundings(tmp_path) as environment, cluster(environment) as address:
        keeps_its_promises(tmp_path / "w", environment, "ray", address, killed="was ended")


@pytest.mark.parametrize("name", LAUNCHERS)
def test_a_launcher_is_explained(name):
    row = LAUNCHERS[name]
    assert row.name == name
    assert row.label
    assert row.help


def test_an_unknown_launcher_is_one_line():
    with pytest.raises(ConfigError, match="unknown launcher 'cluster'; choose from local, ray"):
        LauncherChoice("cluster").check()
