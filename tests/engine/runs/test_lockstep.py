"""Runs that keep in step: in threads with fake runs, whatever happens to one of them."""

import multiprocessing
import os
import signal
import threading
import time

import pytest

from engine.config import RaceConfig, lockstep
from engine.errors import ConfigError
from engine.runs.lockstep import Coordinator, SharedSteps, SharedThrottle
from engine.store.workspace import Workspace

#: Seconds that a step of a fake run takes.
SLOW, FAST = 0.004, 0.0002


class FakeRun:
    """A run that does nothing but steps, and looks after each how far ahead of the slowest it is."""

    def __init__(self, path, run, step_s, steps=10_000, first=0):
        self.throttle, self.look = SharedThrottle(path, run), SharedSteps(path)
        self.run, self.step, self.step_s, self.steps = run, first, step_s, steps
        self.ahead: list[int] = []
        #: Whether it waits for the slowest.
        self.holds = False
        self.stopped = threading.Event()
        self.thread = threading.Thread(target=self._go, daemon=True)

    def start(self):
        self.thread.start()
        return self

    def _go(self):
        self._reach()
        while self.step < self.steps and not self.stopped.is_set():
            time.sleep(self.step_s)
            self.step += 1
            # Before it is published: by then nobody else may have been overtaken by more than K.
            if (slowest := self.look.slowest()) is not None:
                self.ahead.append(self.step - slowest)
            self._reach()
        self.throttle.leave()

    def _reach(self):
        if self.throttle.reach(self.step):
            self.holds = True
            self.throttle.hold(self.step, self.stopped.is_set, lambda seconds: None)
            self.holds = False

    def stop(self):
        self.stopped.set()
        self.thread.join(60)
        assert not self.thread.is_alive()


@pytest.fixture
def track(tmp_path):
    """A race's file; every fake run that is started on it is stopped after the test."""
    coordinator = Coordinator(Workspace(tmp_path))
    path, runs = Workspace(tmp_path).shared_steps(1), []

    def start(run, step_s, first=0, pace="lockstep:5", steps=10_000):
        coordinator.enter(1, run, first, pace)
        runs.append(FakeRun(path, run, step_s, steps, first).start())
        return runs[-1]

    start.coordinator = coordinator
    yield start
    for run in runs:
        run.stop()
    coordinator.close()


def until(met, seconds=60.0):
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_a_pace_is_free_or_lockstep():
    assert [lockstep(pace) for pace in ("free", "lockstep:1", "lockstep:50")] == [0, 1, 50]
    assert RaceConfig(pace="lockstep:3").pace == "lockstep:3"
    for wrong in ("", "fast", "lockstep", "lockstep:0", "lockstep:-1", "lockstep:1.5", "lockstep:05", " free"):
        with pytest.raises(ConfigError, match="a pace is free or lockstep:K"):
            RaceConfig.checked(pace=wrong)


@pytest.mark.parametrize("most", [1, 5])
def test_nobody_is_more_than_k_steps_ahead_of_the_slowest(track, most):
    for run in (1, 2, 3):  # all take part before the first one starts: who comes later is behind at first
        track.coordinator.enter(1, run, 0, f"lockstep:{most}")
    slow = track(1, SLOW, pace=f"lockstep:{most}")
    fast = [track(run, FAST, pace=f"lockstep:{most}") for run in (2, 3)]
    until(lambda: slow.step >= 40)
    for run in (slow, *fast):
        run.stop()
        assert max(run.ahead) <= most
    assert max(fast[0].ahead) == most, "it ran ahead as far as it might"


def test_the_pace_changes_while_they_run(track):
    slow, fast = track(1, SLOW, pace="free"), track(2, FAST, pace="free")
    until(lambda: fast.step > slow.step + 300)  # the slow one takes a second for them
    track.coordinator.set(1, "lockstep:5")
    until(lambda: fast.holds)
    before, stood = slow.step, fast.step
    until(lambda: slow.step >= before + 5)
    assert fast.step == stood, "it waits until the slow one has caught up"
    until(lambda: fast.step > stood)
    # The slow one may make steps between two looks.
    least, step, most = slow.step, fast.step, slow.step
    assert least - 6 <= step <= most + 6
    track.coordinator.set(1, "free")
    until(lambda: fast.step > slow.step + 50)


def test_one_that_pauses_or_ends_holds_nobody(track):
    slow, fast = track(1, SLOW), track(2, FAST)
    until(lambda: slow.step >= 5)
    slow.stop()
    until(lambda: fast.step > slow.step + 50)


def test_one_that_comes_back_holds_the_others_until_it_has_caught_up(track):
    fast = track(1, FAST)
    until(lambda: fast.step > 60)
    track.coordinator.enter(1, 2, 40, "lockstep:5")  # launched: it counts although no worker of it runs yet
    until(lambda: fast.holds)
    stood, standing = fast.step, len(fast.ahead)
    time.sleep(0.05)
    assert fast.step == stood
    slow = FakeRun(Workspace(track.coordinator._workspace.path).shared_steps(1), 2, SLOW, 200, 40).start()
    until(lambda: fast.step > stood)
    assert slow.step >= stood - 5
    slow.stop()
    # The first step after it stood, whenever it was made.
    assert fast.ahead[standing] <= 5


def _crawl(path, run):
    FakeRun(path, run, 0.05)._go()


def test_kill_9_of_the_slowest_lets_the_others_go(track, tmp_path):
    path = Workspace(tmp_path).shared_steps(1)
    track.coordinator.enter(1, 1, 0, "lockstep:2")
    process = multiprocessing.get_context("fork").Process(target=_crawl, args=(path, 1))
    process.start()
    fast = track(2, FAST, pace="lockstep:2")
    file = SharedSteps(path)
    until(lambda: file.taking_part()[1] >= 3)
    assert fast.step <= file.taking_part()[1] + 2
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    stood = fast.step
    time.sleep(0.05)
    assert fast.step <= stood + 2
    track.coordinator.sweep(lambda run: run == 2)
    until(lambda: fast.step > stood + 50)
    file.close()


def test_an_order_is_heard_while_a_run_waits(track):
    track.coordinator.enter(1, 1, 0, "lockstep:1")
    fast = track(2, FAST, pace="lockstep:1")
    until(lambda: fast.step == 1)
    fast.stop()  # fails unless its thread ends
    assert fast.step == 1, "it ended without another step"


def test_slots_are_used_again_and_the_file_goes_with_its_race(tmp_path):
    workspace = Workspace(tmp_path)
    coordinator = Coordinator(workspace)
    for run in range(1, 3000):
        coordinator.enter(1, run, run, "free")
        coordinator.sweep(lambda run: False)
    file = SharedSteps(workspace.shared_steps(1))
    assert file.taking_part() == {}
    assert file.slowest() is None
    coordinator.enter(1, 5000, 7, "lockstep:3")
    assert (file.taking_part(), file.ahead, file._cells[2]) == ({5000: 7}, 3, 1)
    file.close()
    coordinator.forget(1)
    assert list(tmp_path.iterdir()) == []
    coordinator.forget(1)
    coordinator.set(1, "free")
    assert list(tmp_path.iterdir()) == []


def test_a_run_without_a_slot_goes_on_freely(tmp_path):
    workspace = Workspace(tmp_path)
    throttle = SharedThrottle(workspace.shared_steps(1), 4)
    assert throttle.reach(100) is False
    coordinator = Coordinator(workspace)
    coordinator.enter(1, 1, 0, "lockstep:1")
    throttle = SharedThrottle(workspace.shared_steps(1), 4)
    assert throttle.reach(100) is False
    throttle.leave()
    workspace.shared_steps(1).write_bytes(b"of another layout")
    assert SharedSteps(workspace.shared_steps(1), make=True).taking_part() == {}


def test_a_free_pace_looks_at_no_other_run(tmp_path, monkeypatch):
    coordinator = Coordinator(Workspace(tmp_path))
    for run in range(64):
        coordinator.enter(1, run, 0, "free")
    throttle = SharedThrottle(Workspace(tmp_path).shared_steps(1), 5)
    monkeypatch.setattr(SharedSteps, "taking_part", lambda self: pytest.fail("64 slots are read at every step"))
    for step in range(100):
        assert throttle.reach(step) is False
    coordinator.set(1, "lockstep:1")
    with pytest.raises(pytest.fail.Exception):
        throttle.reach(100)


@pytest.mark.long
def test_runs_keep_in_step_across_a_killed_engine(room):
    room.start(launcher="faulty")
    plan = room.plan(depths=(8, 26), shortcuts=("A",)).model_copy(update={"pace": "lockstep:2"})
    race, (fast, slow) = room.control.start_race(plan)
    room.until_step(slow, 10)
    os.kill(room.engine.pid, signal.SIGKILL)
    room.engine.wait()
    room.until(lambda: not room.family())
    assert room.row(fast).step <= room.row(slow).step + 2
    stood = room.row(slow).step
    room.start(launcher="faulty")
    seen = []
    room.until_step(slow, stood + 5)
    room.until(lambda: seen.append(room.steps_of(race, [slow, fast])) or len(seen) > 60)
    assert max(quick - steady for steady, quick in filter(None, seen)) <= 2
    assert any(seen)
