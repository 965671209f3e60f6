"""A run never has two workers, though a start fails after its process was forked. A real fork server, without torch."""

import multiprocessing
import os
import time
from contextlib import suppress
from multiprocessing import forkserver
from pathlib import Path

import pytest

from engine.hardware.machine import process_before
from engine.runs.launchers import fork_server, local
from engine.runs.launchers.local import TRIES, LocalLauncher
from engine.runs.protocol.job import Job

pytestmark = pytest.mark.skipif(
    "forkserver" not in multiprocessing.get_all_start_methods(), reason="a system without fork"
)


def write_down(job, signals):
    """Work of a worker: one line with its process, then wait for the engine's end."""
    with Path(job.workspace, "workers").open("a") as file:
        file.write(f"{os.getpid()}\n")
    with suppress(EOFError):
        while signals.recv() != "stop":
            pass


class RecordingLauncher(LocalLauncher):
    work = staticmethod(write_down)


@pytest.fixture
def launcher(monkeypatch, tmp_path):
    """A launcher whose fork server dies at the moments that ``deaths`` counts, after it forked a worker."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(fork_server, "PRELOAD", "tests.engine.runs.launchers.light_preload")
    monkeypatch.setattr(local, "PAUSES_S", (0.05,) * (TRIES - 1))
    made = RecordingLauncher()
    read, made.deaths, made.forked = forkserver.read_signed, 0, []

    def dying(descriptor):
        made.forked.append(read(descriptor))
        if made.deaths:
            made.deaths -= 1
            made._fork_server.kill()
            raise EOFError("unexpected EOF")
        return made.forked[-1]

    monkeypatch.setattr(forkserver, "read_signed", dying)
    yield made
    made.close()
    forkserver._forkserver._stop()


def until(met):
    deadline = time.monotonic() + 60
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize("deaths", [1, 3])
def test_a_process_of_a_failed_start_ends_without_a_deed(launcher, tmp_path, deaths):
    launcher.deaths = deaths
    worker = launcher.launch(Job(1, tmp_path, "cpu", 1))
    until(lambda: worker.pid)
    lost, known = launcher.forked[:-1], launcher.forked[-1]
    assert (len(lost), worker.pid) == (deaths, known)
    until(lambda: all(process_before(pid, float("inf")) is None for pid in lost))
    workers = tmp_path / "workers"
    until(workers.exists)
    worker.send("stop")
    until(lambda: worker.ended() == "worker ended with exit code 0")
    assert workers.read_text().split() == [str(known)]
