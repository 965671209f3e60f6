"""A worker whose engine is gone ends in time, even if its step never does."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import psutil
import pytest

from engine.config import RaceConfig
from engine.events import ENGINE_GONE, RunState
from engine.guarded_thread import GuardedThread
from engine.paths import PROJECT
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.runs.worker import engine_link
from engine.runs.worker.engine_link import EngineLink, Signal
from engine.runs.worker.local_store import LocalStore
from engine.runs.worker.status_reporter import StatusReporter
from engine.store.reader import Reader
from engine.store.writer import Writer

_SCRIPT = """
import multiprocessing, os, sys, time
from pathlib import Path
import engine.runs.worker.engine_link as link
from engine.runs.worker.local_store import LocalStore
from engine.store.workspace import Workspace

link.GRACE_S, link.HEARTBEAT_S = float(sys.argv[2]), 0.05

def worker(signals):
    line = link.EngineLink(LocalStore(Workspace(Path(sys.argv[1])), 1), 1, signals).start()
    print(os.getpid(), line.engine_lives(), flush=True)
    while line.signal is None:
        time.sleep(0.01)
    print(line.signal, line.engine_lives(), flush=True)
    time.sleep(60)  # a step that does not end

context = multiprocessing.get_context("fork")
theirs, ours = context.Pipe()
process = context.Process(target=worker, args=(theirs,))
process.start()
theirs.close()
process.join()
"""


@pytest.mark.slow
def test_a_worker_in_a_long_step_says_that_it_lives_and_gives_up_after_the_grace(workspace):
    with Writer(workspace) as writer:
        _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
    assert run == 1
    engine = subprocess.Popen(
        [sys.executable, "-c", _SCRIPT, str(workspace.path), "0.5"], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    pid, lives = engine.stdout.readline().split()
    worker = psutil.Process(int(pid))
    try:
        assert lives == "True"
        with Reader(workspace) as reader:
            began = time.time()
            while (reader.runs.get(run).heartbeat or 0) < began:
                assert time.time() < began + 60, "no heartbeat"
                time.sleep(0.05)
        worker.send_signal(signal.SIGINT)  # Ctrl-C in a terminal reaches the whole group: the engine's business
        time.sleep(0.1)
        began = time.monotonic()
        os.kill(engine.pid, signal.SIGKILL)
        assert engine.stdout.readline() == "engine gone False\n"
        assert psutil.wait_procs([worker], timeout=60)[1] == []
        assert time.monotonic() - began > 0.4, "it had its grace"
    finally:
        if worker.is_running():
            worker.kill()
        engine.wait(60)
        engine.stdout.close()


def test_grace_fits_into_ten_seconds():
    from engine.runs.worker.engine_link import GRACE_S

    assert GRACE_S <= 9


@pytest.mark.parametrize(
    ("heard", "signal", "detail"),
    [
        (["pause", "engine gone"], "pause", "paused at step 7"),
        (["terminated", "pause", "engine gone"], "pause", "paused at step 7"),
        (["terminated", "engine gone"], "engine gone", ENGINE_GONE),
        (["engine gone", "terminated"], "engine gone", ENGINE_GONE),
        (["engine gone"], "engine gone", ENGINE_GONE),
    ],
)
def test_a_run_that_was_told_to_pause_stays_paused_when_its_engine_vanishes(workspace, heard, signal, detail):
    with Writer(workspace) as writer:
        writer.races.submit(plan_race(RaceRequest((8,), ("A",)), workspace))
        writer.jobs.move(1, RunState.STARTING)
        writer.jobs.move(1, RunState.RUNNING)
        with Reader(workspace) as reader:
            line = EngineLink(LocalStore(workspace, 1), 1, None)
            for word in heard:
                line._heard(Signal(word))
            assert line.signal == signal
            StatusReporter(1, writer, line).leave(7)
            assert (reader.runs.get(1).state, reader.runs.get(1).detail) == (RunState.PAUSED, detail)
            WorkerPool(SimpleNamespace(adopt=lambda row: None), reader, writer).adopt()
            assert (reader.runs.get(1).state == RunState.QUEUED) is (detail == ENGINE_GONE)


@pytest.fixture
def listening(workspace, monkeypatch):
    """A link that listens in this process, and the engine's end of its pipe."""
    theirs, ours = multiprocessing.Pipe()
    monkeypatch.setattr(engine_link, "SIGN_OF_LIFE_S", 0.01)
    # A worker whose engine is gone ends its process after the grace: here that would be pytest's.
    monkeypatch.setattr(engine_link, "_give_up", lambda: None)
    line = EngineLink(LocalStore(workspace, 1), 1, theirs)
    thread = GuardedThread("signals", line._listen, line.give_up)
    thread.start()
    yield line, ours
    ours.close()
    thread.join(60)
    assert not thread.is_alive()


def until(met):
    deadline = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_signs_of_life_go_to_the_engine_before_and_after_a_signal(listening):
    line, ours = listening
    assert ours.poll(60)
    assert ours.recv_bytes() == b""
    ours.send("pause")
    until(lambda: line.signal == Signal.PAUSE)
    while ours.poll():
        ours.recv_bytes()
    assert ours.poll(60), "it goes on"


def test_a_thread_of_the_link_that_ends_fails_the_run_with_its_cause(workspace, listening):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        writer.races.submit(plan_race(RaceRequest((8,), ("A",)), workspace))
        writer.jobs.move(1, RunState.STARTING)
        writer.jobs.move(1, RunState.RUNNING)
        line, ours = listening
        ours.send("a word of a later version")
        until(lambda: line.signal == Signal.BROKEN)
        StatusReporter(1, writer, line).leave(7)
        row = reader.runs.get(1)
        assert row.state == RunState.FAILED
        assert row.cause == "thread signals ended (ValueError: 'a word of a later version' is not a valid Signal)"


def test_stop_outranks_everything(workspace):
    line = EngineLink(LocalStore(workspace, 1), 1, None)
    for word in Signal:
        line._heard(word)
    assert line.signal == Signal.STOP


def test_word_of_changes_is_no_order(workspace):
    line = EngineLink(LocalStore(workspace, 1), 1, None)
    line._receive("changes")
    assert (line.signal, line.changes) == (None, True)
    line._receive("pause")
    assert line.signal == Signal.PAUSE
