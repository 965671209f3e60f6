"""How an engine begins and ends: killed, told to, idle, without its workspace, on a damaged database."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import psutil
import pytest
from filelock import FileLock

from engine.errors import DatabaseDamaged, EngineRunning, EngineUnreachable, VersionMismatch, WorkspaceError
from engine.events import ENGINE_GONE, RunState, Split
from engine.hardware.machine import this_process
from engine.paths import PROJECT
from engine.runs.supervisor.supervisor import serve
from engine.store.reader import Reader
from engine.store.writer import Writer

S = RunState


@pytest.mark.slow
def test_killed_engine_leaves_checkpoints_nobody_behind_and_the_next_one_resumes(room):
    room.start()
    runs = room.race()
    for run in runs:
        room.until_step(run, 10)
    family = room.family()
    assert len(family) >= 2 + len(runs)
    with Reader(room.workspace) as reader:
        before = {run: reader.points.series(run, Split.TRAIN).columns["step"][-1] for run in runs}
    os.kill(room.engine.pid, signal.SIGKILL)
    room.engine.wait()
    room.until(lambda: not room.family())
    for run in runs:
        row = room.row(run)
        assert (row.state, row.detail) == (S.PAUSED, ENGINE_GONE)
        assert row.step >= before[run]
        assert room.workspace.checkpoint(run, row.step).exists()
    assert room.control.engine.status().state == "none"
    stood_at = {run: room.row(run).step for run in runs}
    room.start()
    for run in runs:
        room.until_step(run, stood_at[run] + 3)
    with Reader(room.workspace) as reader:
        for run in runs:
            steps = reader.points.series(run, Split.TRAIN).columns["step"].tolist()
            assert steps == list(range(1, len(steps) + 1)), "no gap, no duplicate"
    # Now told to end: everything is paused, and stays paused when the next engine comes.
    os.kill(room.engine.pid, signal.SIGTERM)
    assert room.finish() == 0
    room.until(lambda: not room.family())  # the fork server follows
    for run in runs:
        row = room.row(run)
        assert (row.state, row.detail) == (S.PAUSED, f"paused at step {row.step}")
    room.start(launcher="cold")
    time.sleep(0.5)
    assert {room.row(run).state for run in runs} == {S.PAUSED}
    ended = room.control.engine.shutdown()
    assert ended is not None and ended.is_known
    assert room.finish() == 0
    assert room.control.engine.shutdown() is None


@pytest.mark.slow
def test_runs_of_an_engine_that_died_with_its_workers_start_again(room):
    room.workspace.prepare()
    with Writer(room.workspace) as writer:
        _, (first, second, third) = writer.races.submit(room.plan(steps=3, shortcuts=("none", "A", "B")))
        writer.jobs.move(first, S.STARTING)
        writer.jobs.update(first, pid=2**22 + 1, heartbeat=time.time())
        writer.jobs.move(first, S.RUNNING)
        writer.jobs.move(second, S.STARTING)
        writer.jobs.move(second, S.STOPPING)
        # A process that started after the last heartbeat only has the worker's number.
        writer.jobs.move(third, S.STARTING)
        writer.jobs.update(third, pid=os.getpid(), heartbeat=psutil.Process().create_time() - 100)
    room.start()
    room.until_state(first, S.FINISHED)
    room.until_state(third, S.FINISHED)
    assert room.row(second).state == S.STOPPED
    assert psutil.pid_exists(os.getpid())


@pytest.mark.slow
def test_idle_engine_ends_but_not_under_a_client(room):
    room.workspace.prepare()
    room.control.enter("test")
    with Writer(room.workspace) as writer:
        writer.presence.enter_client(2**22 + 1, 0.0, "dead")
    engine = room.start(idle_s=0.3, launcher="cold")
    time.sleep(1.5)
    assert engine.is_running()
    with Reader(room.workspace) as reader:
        assert [kind for _, _, kind in reader.presence.clients()] == ["test"]
    room.control.leave()
    assert room.finish() == 0
    with Reader(room.workspace) as reader:
        assert reader.presence.engine() is None


@pytest.mark.slow
def test_engine_ends_when_its_workspace_disappears(room):
    room.start(launcher="faulty")
    runs = room.race()
    room.until_step(runs[0], 3)
    room.workspace.path.rename(room.workspace.path.with_name("trash"))
    room.until(lambda: not room.family())
    room.finish()
    assert not room.workspace.path.exists()
    shutil.rmtree(room.workspace.path.with_name("trash"))


def test_a_damaged_database_is_named_kept_and_set_aside_only_on_request(room):
    room.workspace.prepare()
    room.workspace.database.write_bytes(b"this is no database" * 500)
    for refused in (lambda: serve(room.workspace), room.control.engine.ensure, room.control.engine.status):
        with pytest.raises(DatabaseDamaged, match="is damaged .*doctor --new-database") as caught:
            refused()
        assert "\n" not in str(caught.value)
    assert room.workspace.database.read_bytes() == b"this is no database" * 500
    kept = room.control.engine.new_database()
    assert kept.read_bytes() == b"this is no database" * 500
    assert not room.workspace.database.exists()
    with Writer(room.workspace):
        pass
    with pytest.raises(WorkspaceError, match="healthy"):
        room.control.engine.new_database()
    # Damage inside, behind a good header.
    with Writer(room.workspace) as writer:
        for _ in range(30):
            writer.races.submit(room.plan())
    content = bytearray(room.workspace.database.read_bytes())
    content[4096 * 3 : 4096 * 6] = bytes(range(256)) * 48
    room.workspace.database.write_bytes(content)
    with pytest.raises(DatabaseDamaged):
        serve(room.workspace)
    assert room.workspace.database.read_bytes() == bytes(content)


@pytest.mark.parametrize("start", ["control", "serve"])
@pytest.mark.slow
def test_an_empty_database_is_made_good(room, start):
    room.workspace.prepare().database.touch()
    if start == "serve":
        room.start(launcher="cold")
        assert room.control.engine.status().state == "alive"
        return
    run = room.race(steps=2)[0]
    assert room.row(run).state not in {S.FAILED, S.LOST}
    assert room.control.engine.shutdown()


@pytest.mark.parametrize("way", ["shutdown", "new_database"])
@pytest.mark.long
def test_an_engine_on_a_database_that_was_damaged_meanwhile_can_be_ended(room, way):
    engine = room.start(launcher="cold")
    engine.suspend()  # or it might notice and end by itself
    for suffix in ("", "-wal"):
        part = room.workspace.database.with_name(room.workspace.database.name + suffix)
        with part.open("r+b") as file:
            file.write(b"nonsense" * (part.stat().st_size // 8))
    with pytest.raises(DatabaseDamaged):
        room.control.engine.status()
    threading.Timer(0.3, engine.resume).start()
    if way == "shutdown":
        assert room.control.engine.shutdown().is_known is False
        with pytest.raises(DatabaseDamaged):
            room.control.engine.shutdown()
        return
    kept = room.control.engine.new_database()
    room.engine.wait(60)
    assert not engine.is_running()
    assert kept.exists()
    assert not room.workspace.engine_pid.exists()
    run = room.race(steps=2)[0]
    try:
        room.until_state(run, S.FINISHED)
    finally:
        assert room.control.engine.shutdown()


def test_only_the_very_engine_is_ended(room):
    room.workspace.prepare().database.write_bytes(b"this is no database" * 500)
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        started = psutil.Process(other.pid).create_time()
        for words in (f"{other.pid} {started - 100}", "nonsense", "1 2 3", ""):
            room.workspace.engine_pid.write_text(words)
            with pytest.raises(DatabaseDamaged):
                room.control.engine.shutdown()
        assert other.poll() is None
        room.workspace.engine_pid.write_text(f"{other.pid} {started}")
        with pytest.raises(DatabaseDamaged):  # without the lock it is the engine of the original of this copy
            room.control.engine.shutdown()
        assert other.poll() is None
        with FileLock(room.workspace.engine_lock):
            assert room.control.engine.shutdown().is_known is False
        assert other.wait(60) == -signal.SIGTERM
    finally:
        other.kill()
        other.communicate()


def test_new_database_is_refused_while_an_engine_lives(busy_room):
    with pytest.raises(EngineRunning, match="end it first"):
        busy_room.control.engine.new_database()


def test_a_workspace_that_cannot_be_written_is_one_line(room):
    room.workspace.path.write_text("a file where the folder should be")
    for refused in (lambda: serve(room.workspace), room.control.engine.ensure):
        with pytest.raises(WorkspaceError, match="cannot be written .*--workspace DIR"):
            refused()


def test_engines_of_another_version_and_silent_ones_are_named(room, monkeypatch):
    monkeypatch.setattr("engine.runs.client.commands.ACKNOWLEDGE_S", 0.3)
    me = this_process()
    room.workspace.prepare()
    with Writer(room.workspace) as writer, FileLock(room.workspace.engine_lock):
        writer.presence.enter_engine(me.pid, me.started, "0.0.9", ["cpu"])
        assert room.control.engine.status().state == "other-version"
        with pytest.raises(VersionMismatch, match="0.0.9"):
            room.control.start_race(room.plan())
        from engine import __version__

        writer.presence.enter_engine(me.pid, me.started, __version__, ["cpu"])
        assert room.control.engine.status().state == "alive"
        with pytest.raises(EngineUnreachable, match="no engine answered .*nothing was changed"):
            room.control.commands.ask("pause", 1)
        with writer.transaction() as connection:
            connection.execute("UPDATE engine SET heartbeat = heartbeat - 60")
        assert room.control.engine.status().state == "silent"
        with pytest.raises(EngineUnreachable, match="has not answered"):
            room.control.engine.ensure(timeout_s=0.2)
    with Reader(room.workspace) as reader:
        assert reader.runs.all() == []
        assert reader.commands.pending() == []  # withdrawn


@pytest.mark.slow
def test_the_second_engine_exits_2_with_one_line(busy_room):
    command = [sys.executable, "-m", "engine", "--workspace", str(busy_room.workspace.path), "serve"]
    second = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert second.returncode == 2
    assert len(second.stderr.strip().splitlines()) == 1
    assert "an engine lives" in second.stderr


@pytest.mark.slow
def test_an_engine_that_starts_slowly_is_waited_for_while_its_process_lives(room, monkeypatch):
    path = str(room.workspace.path)
    slow = (
        "import runpy, sys, time; time.sleep(1);"
        f"sys.argv = ['engine', '--workspace', {path!r}, 'serve']; runpy.run_module('engine', run_name='__main__')"
    )

    started = []

    def start():
        started.append(subprocess.Popen([sys.executable, "-c", slow], cwd=PROJECT, start_new_session=True))
        return started[-1]

    monkeypatch.setattr(room.control.engine, "_start", start)
    assert room.control.engine.ensure(timeout_s=0.2).pid
    assert room.control.engine.shutdown()
    monkeypatch.setattr("engine.runs.client.process.SLOW_START_S", 0.1)
    with pytest.raises(EngineUnreachable, match="did not answer within 0.2"):
        room.control.engine.ensure(timeout_s=0.1)
    room.until(lambda: room.control.engine.status().state == "alive")
    assert room.control.engine.shutdown()
    assert [process.wait(60) for process in started] == [0, 0]


@pytest.mark.slow
def test_an_engine_outlives_its_starter(room):
    # Started by somebody who ends at once, as the app server or a command line would.
    script = (
        "from engine.runs.client.control import Control; from engine.store.workspace import Workspace;"
        f"print(Control(Workspace.at({str(room.workspace.path)!r})).engine.ensure(60).pid)"
    )
    starter = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, timeout=90)
    engine = psutil.Process(int(starter.stdout))
    try:
        assert engine.is_running()
        assert os.getsid(engine.pid) != os.getsid(0)
    finally:
        assert room.control.engine.shutdown()
    assert not engine.is_running() or engine.status() == psutil.STATUS_ZOMBIE
