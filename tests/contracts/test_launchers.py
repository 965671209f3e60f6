"""Every registered launcher: starts workers, takes signals, says how a worker ended."""

import os
import subprocess
import sys

import pytest

from engine.errors import ConfigError
from engine.paths import PROJECT
from engine.runs.launchers.registry import LAUNCHERS, LauncherChoice

# In a process of its own: the launcher changes the working directory and keeps a fork server.
_SCRIPT = """
import pathlib, sys, time
from engine.events import RunState
from engine.runs.launchers.registry import LauncherChoice, make_launcher
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

def until(met):
    deadline = time.monotonic() + 90
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)

workspace = Workspace(pathlib.Path(sys.argv[2])).prepare()
writer, reader = Writer(workspace), Reader(workspace)
tiny = {"width": "4", "pool": "4"}
request = RaceRequest((8,), ("none", "A"), steps=100000, settings=tiny)
writer.races.submit(plan_race(request, workspace))
launcher = make_launcher(LauncherChoice(sys.argv[1]), workspace)
launcher.warm()
workers = []
for run in (1, 2):
    writer.jobs.move(run, RunState.STARTING)
    workers.append(launcher.launch(Job(run, workspace.path, "cpu", 1)))
# Nothing waited for torch to load: no process is there yet.
assert [worker.place for worker in workers] == ["", ""]
assert [worker.ended() for worker in workers] == [None, None]
first, second = workers
until(lambda: all(row.state == RunState.RUNNING and row.step > 3 for row in reader.runs.all()))
assert {f"process {row.pid}" for row in reader.runs.all()} == {first.place, second.place}
assert "torch" not in sys.modules
first.send("pause")
until(lambda: first.ended() is not None)
assert first.ended() == "worker ended with exit code 0", first.ended()
assert reader.runs.get(1).state == RunState.PAUSED
first.send("pause")  # nobody is there: nothing happens
second.kill()
until(lambda: second.ended() is not None)
assert "signal 9 (SIGKILL)" in second.ended(), second.ended()
assert reader.runs.get(2).state == RunState.RUNNING  # writing it down is the engine's business
launcher.close()
print("kept")
"""


#: A cluster has a test of its own: it must be started first.
WITHOUT_CLUSTER = [name for name, row in LAUNCHERS.items() if not row.needs_address]


@pytest.mark.parametrize("name", WITHOUT_CLUSTER)
def test_a_launcher_keeps_its_promises(name, tmp_path):
    result = subprocess.run(
        [sys.executable, "-c", _SCRIPT, name, str(tmp_path / "w")], cwd=PROJECT, capture_output=True, text=True,
        timeout=100, env={**os.environ, "PYTHONPATH": str(PROJECT)},
    )  # fmt: skip
    assert result.stdout.strip() == "kept", result.stderr


@pytest.mark.parametrize("name", LAUNCHERS)
def test_a_launcher_is_explained(name):
    row = LAUNCHERS[name]
    assert row.name == name
    assert row.label
    assert row.help


def test_an_unknown_launcher_is_one_line():
    with pytest.raises(ConfigError, match="unknown launcher 'cluster'; choose from local, ray"):
        LauncherChoice("cluster").check()
