"""What a launcher does when no process can be started: it says why, tries again, gives up, and recovers."""

import threading
import time
from types import SimpleNamespace

import pytest

from engine.runs.launchers import local
from engine.runs.launchers.fork_server import ForkServerFailed
from engine.runs.launchers.local import TRIES, LocalLauncher
from engine.runs.protocol.job import Job


class ForkServer:
    """A fork server that fails as often as it is told."""

    def __init__(self):
        self.failures, self.how = 0, ""

    def make_ready(self):
        if self.failures:
            self.failures -= 1
            raise ForkServerFailed("the fork server was ended by signal 9 (SIGKILL)")
        return ""

    def end(self):
        return self.how

    def close(self):
        pass


class Launcher(LocalLauncher):
    """Remembers all that it ever said, for how short a time it may have been."""

    @property
    def _trouble(self):
        return self._now

    @_trouble.setter
    def _trouble(self, text):
        self._now = text
        vars(self).setdefault("said", []).append(text)


@pytest.fixture
def launcher(monkeypatch, tmp_path):
    monkeypatch.setattr(local, "ForkServer", ForkServer)
    monkeypatch.setattr(local, "PAUSES_S", (0.05,) * (TRIES - 1))
    monkeypatch.setattr(local, "AGAIN_S", 0.05)
    made = Launcher()
    processes = []

    class Process:
        def __init__(self, **named):
            self.name, self.pid, self.exitcode = named["name"], 2**22 + 1, None

        def start(self):
            if made.refusals:
                raise made.refusals.pop(0)
            processes.append(self)

    context = SimpleNamespace(Process=Process, Pipe=made._context.Pipe)
    made._context, made.refusals, made.processes = context, [], processes
    yield made
    made.close()


def job(run, tmp_path):
    return Job(run, tmp_path, "cpu", 1)


def until(met):
    deadline = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_start_that_fails_is_tried_again_and_says_why_meanwhile(launcher, tmp_path):
    launcher._fork_server.failures = 2
    worker = launcher.launch(job(1, tmp_path))
    until(lambda: worker.pid and launcher.trouble() == "")
    (said_first,) = [text for text in launcher.said if "try 2 of 6" in text]
    assert said_first == "the fork server was ended by signal 9 (SIGKILL); starts again in 0.05 s (try 2 of 6)"
    assert [process.name for process in launcher.processes] == ["run-1"]


def test_a_refused_process_is_named_by_what_it_means(launcher, tmp_path):
    launcher.refusals[:] = [BlockingIOError(11, "Resource temporarily unavailable")]
    worker = launcher.launch(job(1, tmp_path))
    until(lambda: worker.pid)
    limit = "this user may start no further process or thread (ulimit -u)"
    assert any(text.startswith(limit) for text in launcher.said)


def test_a_closed_pipe_is_named_by_the_end_of_the_fork_server(launcher, tmp_path):
    launcher.refusals[:] = [EOFError("unexpected EOF")]
    launcher._fork_server.how = "the fork server ended (MemoryError)"
    worker = launcher.launch(job(1, tmp_path))
    until(lambda: worker.pid)
    assert any(text.startswith("the fork server ended (MemoryError); starts again") for text in launcher.said)


def test_the_last_failure_ends_the_waiting_workers_and_the_launcher_recovers(launcher, tmp_path):
    launcher._fork_server.failures = TRIES + 2
    first, second = (launcher.launch(job(run, tmp_path)) for run in (1, 2))
    until(lambda: first.ended() and second.ended())
    cause = "worker could not be started: the fork server was ended by signal 9 (SIGKILL); tried 6 times"
    assert [first.ended(), second.ended()] == [cause, cause]
    until(lambda: launcher.trouble() == "")
    assert any("tries again every 0.05 s" in text for text in launcher.said)
    assert [process.name for process in launcher.processes] == ["proof"]
    third = launcher.launch(job(3, tmp_path))
    until(lambda: third.pid)


def test_a_fork_server_that_does_not_answer_is_named_and_ended(launcher, tmp_path, monkeypatch):
    monkeypatch.setattr(local, "SILENT_S", 0.05)
    monkeypatch.setattr(local, "START_LIMIT_S", 0.2)
    answers, said = threading.Event(), set()
    start = launcher._context.Process.start

    def stuck(process):
        answers.wait()
        start(process)

    monkeypatch.setattr(launcher._context.Process, "start", stuck)
    monkeypatch.setattr(launcher._fork_server, "kill", answers.set, raising=False)
    worker = launcher.launch(job(1, tmp_path))
    until(lambda: said.add(launcher.trouble()) or worker.pid)
    # A machine that leaves its thread no time for so long is told before.
    assert said - {"torch is still loading"} == {"", "the process that starts workers does not answer"}


def test_a_thread_that_ends_fails_its_workers_and_another_one_begins(launcher, tmp_path, monkeypatch):
    monkeypatch.setattr(launcher, "_cause", lambda error: 1 / 0)  # a mistake in the thread itself
    launcher._fork_server.failures = 1
    worker = launcher.launch(job(1, tmp_path))
    until(lambda: worker.ended())
    cause = "thread launcher ended (ZeroDivisionError: division by zero)"
    assert worker.ended() == f"worker could not be started: {cause}"
    monkeypatch.undo()
    until(lambda: launcher.trouble() == "")
    other = launcher.launch(job(2, tmp_path))
    until(lambda: other.pid)


def test_a_withdrawn_start_never_begins(launcher, tmp_path, monkeypatch):
    withdrawn, ready = threading.Event(), launcher._fork_server.make_ready
    monkeypatch.setattr(launcher._fork_server, "make_ready", lambda: withdrawn.wait() and ready())
    launcher._fork_server.failures = 3
    worker, other = launcher.launch(job(1, tmp_path)), launcher.launch(job(2, tmp_path))
    assert worker.withdraw()
    assert worker.ended() == "ended before it started"
    withdrawn.set()
    until(lambda: other.pid)
    assert not other.withdraw()
    assert [process.name for process in launcher.processes] == ["run-2"]


def test_a_worker_whose_end_nobody_tells_is_noticed_by_its_pipe(launcher, tmp_path, monkeypatch):
    """The fork server, which knows exit codes, stands still."""
    monkeypatch.setattr(local, "_SAID_S", 0.01)
    worker = launcher.launch(job(1, tmp_path))
    until(lambda: worker.pid)
    assert worker.ended() is None
    assert worker.pid == 2**22 + 1, "no process has such an id"
    until(lambda: worker.shows_life() or worker.ended())
    assert worker.ended() == "worker ended; the process that started it does not say how"


def test_words_of_the_time_before_a_process_follow_its_admission(launcher, tmp_path):
    worker = local.LocalWorker(job(1, tmp_path), launcher._context, None)
    worker.send("pause")
    assert not worker.shows_life()
    theirs, ours = launcher._context.Pipe()
    launcher._context.Pipe = lambda: (SimpleNamespace(close=lambda: None), ours)
    assert worker.start()
    worker.send("stop")
    assert [theirs.recv() for _ in range(3)] == ["admitted", "pause", "stop"]


def test_a_pipe_that_cannot_be_made_is_a_failed_start(launcher, tmp_path):
    pipe, failures = launcher._context.Pipe, [OSError(24, "Too many open files")]
    launcher._context.Pipe = lambda: pipe() if not failures else (_ for _ in ()).throw(failures.pop())
    worker = launcher.launch(job(1, tmp_path))
    until(lambda: worker.pid)
    assert any(text.startswith("too many files are open (ulimit -n)") for text in launcher.said)
