"""Readers of a workspace whose processes are gone, silent, or on a disk that takes no writes."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing

import pytest
from filelock import FileLock

from engine import __version__
from engine.config import RaceConfig
from engine.events import RunState
from engine.hardware.machine import this_process
from engine.runs.client.observer import observe, with_states, workspace_notes
from engine.store.notice import Notice
from engine.store.reader import Reader
from engine.store.writer import Writer

S = RunState


@pytest.fixture(scope="module")
def ended():
    """Return the pid of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def store(workspace):
    """A run that is running on record, with this process as engine and the system's first as worker."""
    with Writer(workspace) as writer, Reader(workspace) as reader:
        writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        writer.jobs.move(1, S.STARTING)
        # A process that began long before the heartbeats.
        writer.jobs.move(1, S.RUNNING, pid=1, heartbeat=time.time(), detail="")
        me = this_process()
        writer.presence.enter_engine(me.pid, me.started, __version__, ["cpu"])
        with FileLock(workspace.engine_lock) as lock:
            yield writer, reader, lock


def silence(store, seconds, pid=None):
    """Move the heartbeats of engine and worker back; with a ``pid`` both are that process, which ended."""
    writer, _, lock = store
    if pid is not None:
        lock.release()
    with writer.transaction() as connection:
        for table in ("engine", "runs"):
            connection.execute(f"UPDATE {table} SET heartbeat = ?", (time.time() - seconds,))
            if pid is not None:
                connection.execute(f"UPDATE {table} SET pid = ?", (pid,))


def test_a_run_that_is_heard_is_as_its_record_says(store):
    assert observe(store[1]) == {}


def test_a_killed_engine_and_its_run_are_told_and_the_record_stays(store, ended):
    writer, reader, _ = store
    silence(store, 15, ended)
    detail = "engine gone, last heard 15 s ago; resumes with the next engine"
    assert observe(reader) == {1: (S.LOST, detail)}
    (row,) = with_states(reader.runs.all(), observe(reader))
    assert (row.state, row.detail) == (S.LOST, detail)
    (listed,) = with_states(reader.run_list.rows(), observe(reader))
    assert listed.state == S.LOST
    assert reader.runs.get(1).state == S.RUNNING


def test_runs_says_the_same_words_in_both_forms(store, ended, call):
    silence(store, 15, ended)

    def undated(text):
        """Return what is said without its time: each command takes some."""
        return re.sub(r"last heard \d+ s ago", "last heard N s ago", text)

    _, out, _ = call("runs")
    assert "lost" in out
    assert "engine gone, last heard N s ago" in undated(out)
    detail = "engine gone, last heard N s ago; resumes with the next engine"
    _, out, _ = call("runs", "--json")
    (run,) = json.loads(undated(out))["runs"]
    assert (run["state"], run["detail"]) == ("lost", detail)
    code, out, _ = call("doctor", "--json")
    health = json.loads(undated(out))["workspace"]
    assert (code, health["healthy"], health["database"], health["runs"]) == (1, False, "ok", 1)
    assert health["problems"] == [f"run 1: {detail}"]


def test_an_engine_of_another_container_lives_while_it_holds_the_lock(store, ended):
    writer, reader, lock = store
    with writer.transaction() as connection:
        connection.execute("UPDATE engine SET pid = ?", (ended,))
    assert observe(reader) == {}
    lock.release()
    assert observe(reader)[1].detail.startswith("engine gone")


def test_a_locked_database_is_named_as_the_reason_of_a_silence(store):
    writer, reader, _ = store
    silence(store, 30)
    with closing(sqlite3.connect(reader.workspace.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        told = observe(reader)[1]
    assert told == (S.RUNNING, "worker not heard for 30 s: the database is locked by another program")


def test_a_waiting_worker_is_heard_by_its_notice_until_it_is_killed(store, ended):
    writer, reader, _ = store
    silence(store, 30)
    folder = reader.workspace.run(1)
    folder.mkdir()
    notices = Notice(reader.workspace.notice(1)).prepare(), Notice(reader.workspace.engine_notice).prepare()
    notices[0].say("waits: the disk of the workspace is full (0 MB free)")
    notices[1].say("the disk of the workspace is full (0 MB free)")
    assert observe(reader) == {1: (S.RUNNING, "waits: the disk of the workspace is full (0 MB free)")}
    silence(store, 30, ended)
    assert observe(reader)[1].state == S.LOST
    later = observe(reader, time.time() + 20)[1]
    assert later.detail == "engine gone, last heard 20 s ago; resumes with the next engine", "heard by the notice"


def test_a_full_disk_is_noted(workspace, monkeypatch):
    assert workspace_notes(workspace) == []
    monkeypatch.setattr("engine.store.space.writability._free", lambda folder: 3000)
    (line,) = workspace_notes(workspace)
    assert line.startswith("the disk of the workspace is full (0 MB free); free some space")
