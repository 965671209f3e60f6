"""A process that chose a cluster: the engines that it starts, and one that is there with another launcher."""

import subprocess

import pytest

from engine.errors import ConfigError, EngineRunning
from engine.events import RunState
from engine.runs.client.observer import observe
from engine.runs.client.process import EngineProcess
from engine.runs.launchers.registry import LauncherChoice
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.supervisor import supervisor
from engine.store.reader import Reader
from engine.store.workspace import Workspace
from engine.store.writer import Writer

CLUSTER = LauncherChoice("ray", "10.0.0.1:6379")


@pytest.fixture
def process(workspace, monkeypatch):
    monkeypatch.setenv("ENGINE_LAUNCHER", "local")
    monkeypatch.setattr(LauncherChoice, "check", lambda self: self)
    return EngineProcess(workspace)


def test_engines_start_with_the_launcher_that_was_chosen(process, monkeypatch):
    started = []

    def starts(arguments, **_):
        started.append(arguments)
        raise OSError("not for this test")

    monkeypatch.setattr(subprocess, "Popen", starts)
    for _ in range(2):
        with pytest.raises(OSError, match="not for this test"):
            process._start()
        CLUSTER.for_engines()
    assert started[0][-1] == "serve"
    assert started[1][-4:] == ["--launcher", "ray", "--address", "10.0.0.1:6379"]


def test_an_engine_with_another_launcher_is_named(process, monkeypatch):
    monkeypatch.setattr(EngineProcess, "ensure", lambda self: None)
    process.workspace.engine_launcher.write_text("local\n")
    with pytest.raises(EngineRunning, match="has the launcher local; end it first with `python -m engine shutdown`"):
        process.ensure_with(CLUSTER)
    process.workspace.engine_launcher.write_text(f"{CLUSTER}\n")
    process.ensure_with(CLUSTER)


def test_an_engine_that_its_cluster_refuses_makes_nothing(monkeypatch, tmp_path):
    def refuses(address):
        raise ConfigError(f"the cluster at {address} refuses this machine")

    monkeypatch.setattr(LauncherChoice, "check", lambda self: self)
    monkeypatch.setattr("engine.runs.launchers.ray_cluster.connection.try_out", refuses)
    with pytest.raises(ConfigError, match="the cluster at 10.0.0.1:6379 refuses this machine"):
        supervisor.serve(Workspace(tmp_path / "w"), launcher=CLUSTER)
    assert not (tmp_path / "w").exists()


def test_a_run_on_a_node_is_judged_by_its_heartbeats(workspace):
    with Writer(workspace) as writer:
        writer.races.submit(plan_race(RaceRequest((8,), ("A",)), workspace))
        writer.presence.enter_engine(2**22 + 1, 1.0, "0", ["cpu"])  # it is gone
        attempt = writer.placements.begin(1)
        writer.placements.settle(1, attempt, "10.0.0.3", "EPYC")
        for state in (RunState.STARTING, RunState.RUNNING):
            writer.jobs.move(1, state)
        writer.jobs.beat(1)
        with Reader(workspace) as reader:
            assert observe(reader)[1].detail.endswith("its worker writes a checkpoint and ends")
            silent = observe(reader, reader.runs.get(1).heartbeat + 60)
            assert silent[1].state == RunState.LOST
