"""When a run says that other programs take its cores, by waits that were recorded on two cores."""

import multiprocessing
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine.config import RaceConfig
from engine.events import CROWDED, RunState
from engine.hardware.cores import cores
from engine.runs.protocol.job import Job
from engine.runs.worker import training_job
from engine.runs.worker.contention import SAMPLE_S, ContentionMonitor, Sample, crowded, notice, sample
from engine.store.reader import Reader
from engine.store.writer import Writer
from tests.engine.runs.conftest import PATIENCE_S

S = RunState
#: Per second, of all threads of a run of ResNet-20: seconds of computing and of waiting for a core.
QUIET = (1.98, 0.019)
BESIDE_ONE = (1.0, 0.995)
BESIDE_TWO = (0.662, 1.34)
#: One thread works, the other sleeps: an evaluation in Python, a singular value decomposition.
SERIAL = (1.0, 0.004)
#: A short fight for the cores, as when a page is loaded.
BRIEFLY = (1.4, 0.5)
#: It waits for the slowest of its race, or for the database.
IDLE = (0.002, 0.006)


def samples(*seconds):
    """Samples once a second of two threads that share the computing and the waiting."""
    taken, computed, waited = [Sample(0.0, {"1": (0.0, 0.0), "2": (0.0, 0.0)})], 0.0, 0.0
    for number, (more_computed, more_waited) in enumerate(seconds, 1):
        computed, waited = computed + more_computed / 2, waited + more_waited / 2
        taken.append(Sample(number * SAMPLE_S, {"1": (computed, waited), "2": (computed, waited)}))
    return taken


@pytest.mark.parametrize(
    ("seconds", "found"),
    [
        ([QUIET] * 5, False),
        ([SERIAL] * 5, False),
        ([IDLE] * 5, False),
        ([BRIEFLY, BRIEFLY, QUIET, QUIET, QUIET], False),
        ([BESIDE_ONE] * 5, True),
        ([BESIDE_TWO] * 5, True),
        ([QUIET, BESIDE_ONE, BESIDE_ONE, BESIDE_ONE, BESIDE_ONE], True),
    ],
)
def test_only_threads_that_wait_for_cores_are_crowded(seconds, found):
    assert crowded(samples(*seconds), False) is found


def test_nothing_is_said_before_the_window_is_full_and_little_waiting_ends_it():
    assert not crowded(samples(*[BESIDE_TWO] * 4), False)
    assert crowded(samples(*[BESIDE_TWO] * 4), True)
    assert not crowded(samples(*[QUIET] * 5), True)
    assert not crowded([], False)


def test_a_thread_that_began_or_ended_meanwhile_counts_with_what_it_did():
    first, *_, last = samples(*[BESIDE_TWO] * 5)
    began = Sample(last.moment, {**last.threads, "3": (0.1, 0.2)})
    ended = Sample(first.moment, {**first.threads, "4": (50.0, 0.0)})
    assert crowded([ended, began], False)


@pytest.fixture
def training(workspace):
    with Writer(workspace) as writer, Reader(workspace) as reader:
        _, (run,) = writer.races.submit(RaceConfig(depths=(8,), shortcuts=("A",)))
        for state in (S.STARTING, S.RUNNING):
            writer.jobs.move(run, state)
        yield writer, reader, run


def test_the_notice_takes_no_other_detail_away_and_comes_to_a_run_that_trains_alone(training):
    writer, reader, run = training
    assert writer.jobs.change_detail(run, "", notice(2))
    assert not writer.jobs.change_detail(run, "", "something else")
    assert reader.runs.known(run).detail == notice(2)
    assert writer.jobs.change_detail(run, notice(2), "")
    writer.jobs.move(run, S.PAUSED, detail="")
    assert not writer.jobs.change_detail(run, "", notice(2))
    assert reader.runs.known(run).detail == ""


class Recorded:
    """Gives recorded samples one after the other, then nothing more."""

    def __init__(self, taken):
        self._taken = iter(taken)

    def __call__(self):
        if (now := next(self._taken, None)) is None:
            raise OSError("no more")
        return now


@pytest.mark.parametrize(
    ("seconds", "detail"),
    [([BESIDE_ONE] * 6, notice(2)), ([QUIET] * 6, ""), ([*[BESIDE_ONE] * 6, *[QUIET] * 6], ""), ([], "")],
)
def test_the_monitor_says_it_and_takes_it_back(workspace, training, monkeypatch, seconds, detail):
    monkeypatch.setattr("engine.runs.worker.contention.SAMPLE_S", 0.001)
    taken = samples(*seconds) if seconds else []
    monitor = ContentionMonitor(lambda: Writer(workspace), training[2], notice(2), Recorded(taken)).start()
    monitor._thread.join(60)
    assert training[1].runs.known(training[2]).detail == detail


def test_the_notice_comes_again_after_other_words(workspace, training, monkeypatch):
    """A run that waited in lockstep empties its detail afterwards."""
    monkeypatch.setattr("engine.runs.worker.contention.SAMPLE_S", 0.001)
    _, reader, run = training
    recorded, seen, opened = Recorded(samples(*[BESIDE_ONE] * 11)), [], []
    database = sqlite3.connect(workspace.database, check_same_thread=False, isolation_level=None)

    def take():
        seen.extend(database.execute("SELECT detail FROM runs WHERE id = ?", (run,)).fetchone())
        if len(seen) in (8, 9):
            database.execute("UPDATE runs SET detail = ? WHERE id = ?", ("waits" if len(seen) == 8 else "", run))
        return recorded()

    def opens():
        opened.append(Writer(workspace))
        return opened[-1]

    with closing(database):
        ContentionMonitor(opens, run, notice(2), take).start()._thread.join(60)
    assert seen[7:10] == [notice(2), "waits", notice(2)]
    assert reader.runs.known(run).detail == notice(2)
    assert len(opened) == 1


def test_a_monitor_without_a_thread_ends_no_run(workspace, no_threads):
    ContentionMonitor(lambda: Writer(workspace), 1, notice(2)).start().stop()


def test_the_threads_of_other_replicas_count_as_well():
    try:
        own = sample()
    except OSError as error:
        pytest.skip(str(error))
    other = multiprocessing.get_context("spawn").Process(target=_burn, daemon=True)
    other.start()
    try:
        assert str(other.pid) in sample([other.pid]).threads
        assert str(other.pid) not in own.threads
    finally:
        other.kill()
        other.join()
    assert sample([other.pid]).threads.keys() >= {str(os.getpid())}, "one that has ended is no error"
    assert notice(2, replicas=2) == f"{CROWDED}, and its 2 replicas wait for each other until these end"


@pytest.mark.parametrize(("further", "watched"), [((), None), (("cpu",), [71])])
def test_one_thread_alone_waits_for_nobody_and_replicas_of_one_thread_wait_for_each_other(
    monkeypatch, further, watched
):
    begun = []
    monkeypatch.setattr(
        training_job, "ContentionMonitor", lambda *args: SimpleNamespace(start=lambda: begun.append(args))
    )
    monkeypatch.setattr(training_job, "sample", lambda others: others)
    job = training_job.TrainingJob.__new__(training_job.TrainingJob)
    job._job, job._run = Job(1, Path(), "cpu", 1 + len(further), further=further), 1
    job._row = SimpleNamespace(step=0, started=None)
    job._reporter = SimpleNamespace(begin=lambda *_, **__: None)
    job._store = SimpleNamespace(writer=None)
    job._watch = SimpleNamespace(replicas=SimpleNamespace(processes=lambda: [71])) if further else None
    job._started(
        SimpleNamespace(
            step=0,
            device="cpu",
            threads=1,
            **dict.fromkeys(("parameters", "precision", "train_images", "total_steps", "device_name"), 0),
        )
    )
    assert [(text, take()) for _, _, text, take in begun] == ([(notice(2, 2), watched)] if further else [])


def _burn():
    while True:
        pass


@pytest.mark.slow
@pytest.mark.skipif(cores() < 2, reason="a run has one thread here, and nobody to wait for")
def test_a_run_of_several_threads_beside_busy_programs_says_so_and_how_to_go_on(busy_room):
    """A real engine beside more busy loops than there are cores, on a system that counts waits."""
    try:
        sample()
    except OSError as error:
        pytest.skip(str(error))
    spawn = multiprocessing.get_context("spawn")
    loops = [spawn.Process(target=_burn, daemon=True) for _ in range(cores() + 1)]
    for loop in loops:
        loop.start()
    try:
        run = busy_room.race(shortcuts=("A",), depths=(20,), steps=90_000)[0]
        busy_room.until(lambda: busy_room.row(run).detail.startswith(CROWDED))
        assert "--set threads=1" in busy_room.row(run).detail
        assert busy_room.row(run).threads == cores()
    finally:
        for loop in loops:
            loop.kill()
            loop.join()
    busy_room.control.commands.give("stop", run, until_done_s=PATIENCE_S)
    assert busy_room.row(run).detail.startswith("stopped")
