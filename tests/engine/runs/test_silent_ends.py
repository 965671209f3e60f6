"""Nothing ends or hangs without a word: the fork server, a worker, the engine's own loop, a shutdown."""

import signal
import sqlite3
import threading
from contextlib import closing

import psutil
import pytest

from engine.events import ENGINE_GONE, RunState

S = RunState
pytestmark = pytest.mark.slow


def fork_servers(room):
    return [
        process
        for process in room.family()
        if any("multiprocessing.forkserver" in word for word in process.cmdline()) and process.ppid() == room.engine.pid
    ]


def test_a_fork_server_that_is_killed_while_it_loads_torch_is_named_and_started_again(room):
    room.start()
    run = room.race(steps=5, shortcuts=("A", "none"))[0]
    killed = set()

    def named():
        for process in fork_servers(room):
            if process.pid not in killed and "try 2 of" not in room.row(run).detail:
                killed.add(process.pid)
                process.kill()
        return "try 2 of 6" in room.row(run).detail

    room.until(named)
    cause = (
        "the fork server, while it loaded torch, was ended by signal 9 (SIGKILL); the usual reason is too little memory"
    )
    assert cause in room.row(run).detail
    assert cause in room.workspace.engine_log.read_text()
    room.until_state(run, S.FINISHED)


@pytest.mark.long
def test_without_room_for_a_process_runs_wait_by_name_and_the_others_go_on(room):
    room.workspace.path.mkdir(parents=True)
    room.start(launcher="starved")
    going = room.race()[0]
    room.until_step(going, 1)
    (room.workspace.path / "fault").write_text("no process")
    waiting, other = room.race(shortcuts=("A", "B"))
    words = "this user may start no further process or thread (ulimit -u)"
    room.until(lambda: words in room.row(waiting).detail)
    room.until_step(going, room.row(going).step + 5)
    (room.workspace.path / "fault").unlink()
    for run in (waiting, other):
        room.until_step(run, 1)


@pytest.mark.long
def test_paths_of_two_hundred_characters_are_no_hindrance_and_nothing_is_left(tmp_path, monkeypatch):
    from tests.engine.runs.conftest import EngineRoom

    outside = tmp_path / ("t" * 100) / ("u" * 100)
    outside.mkdir(parents=True)
    monkeypatch.setenv("TMPDIR", str(outside))
    room = EngineRoom(tmp_path / ("v" * 100) / ("w" * 100))
    try:
        room.start()
        run = room.race(steps=3)[0]
        room.until_state(run, S.FINISHED)
        assert room.control.engine.shutdown().is_known
        room.finish()
        room.until(lambda: not room.family())
    finally:
        room.close()
    assert list(outside.iterdir()) == []
    assert not room.workspace.temporary.exists()
    assert not room.workspace.engine_end.exists()


@pytest.mark.long
def test_a_shutdown_ends_a_worker_that_hangs_and_says_what_became_of_each_run(room):
    room.start()
    healthy, hung = room.race()
    for run in (healthy, hung):
        room.until_step(run, 3)
    psutil.Process(room.row(hung).pid).send_signal(signal.SIGSTOP)
    ended = room.control.engine.shutdown()
    assert room.row(healthy).state == S.PAUSED
    assert ended.outcomes == {
        healthy: room.row(healthy).detail,
        hung: "lost: worker gave no sign of life for 10 s; ended by force",
    }
    assert room.finish() == 0
    room.until(lambda: not room.family())


def test_a_shutdown_is_heard_while_the_database_is_locked(room):
    """A worker that is stopped within a transaction keeps the lock until the engine ends it."""
    room.start()
    runs = room.race()
    for run in runs:
        room.until_step(run, 3)
    with closing(sqlite3.connect(room.workspace.database, isolation_level=None, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        threading.Timer(4.0, other.rollback).start()
        ended = room.control.engine.shutdown()
    assert ended.outcomes == {run: room.row(run).detail for run in runs}
    assert {room.row(run).state for run in runs} == {S.PAUSED}


def test_a_shutdown_does_not_wait_for_runs_that_have_not_begun(room):
    room.workspace.path.mkdir(parents=True)
    (room.workspace.path / "fault").write_text("no process")
    room.start(launcher="starved")
    run = room.race(shortcuts=("A",))[0]
    room.until(lambda: "ulimit -u" in room.row(run).detail)
    assert room.control.engine.shutdown().outcomes == {run: "paused before it started"}


def test_an_error_in_the_engine_itself_is_what_the_next_client_hears(room):
    room.start(launcher="broken")
    working = room.race()[0]
    room.until_step(working, 1)
    run = room.race(depths=(14,))[0]
    assert room.finish() == 1
    # It does not wait for its worker, which trains until the engine is gone.
    room.until(lambda: room.row(working).detail == ENGINE_GONE)
    assert room.row(working).step < room.row(working).total_steps
    status = room.control.engine.status()
    assert status.state == "none"
    assert f"The last one ended by an error: ValueError: a mistake with run {run}" in status.message
    room.start(launcher="cold")
    assert not room.workspace.engine_end.exists()
