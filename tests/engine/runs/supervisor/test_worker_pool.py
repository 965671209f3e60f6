"""A database that does not answer once loses no run."""

from types import SimpleNamespace

import pytest

from engine.errors import DatabaseBusy
from engine.events import ENGINE_GONE, RunState
from engine.runs.launchers.registry import Capacity, LauncherChoice
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import RaceRequest, plan_race
from engine.runs.supervisor.supervisor import Supervisor
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.store.reader import Reader
from engine.store.writer import Writer

S = RunState


class Launcher:
    """Starts nothing; ``how`` is what all its workers say of their end."""

    is_place_lost = False

    def __init__(self):
        self.jobs, self.how, self.trouble = [], None, str

    def launch(self, job):
        self.jobs.append(job)
        return SimpleNamespace(
            job=job, place="process 7", is_lost_with_place=self.is_place_lost, ended=lambda: self.how, delay="",
            send=lambda word: None, kill=lambda: None, shows_life=lambda: True,
        )  # fmt: skip

    def adopt(self, row):
        return None

    def capacity(self):
        return None


class Stubborn(Writer):
    """A writer whose database is locked as often as it is told."""

    refusals = 0

    def transaction(self):
        if self.refusals:
            self.refusals -= 1
            raise DatabaseBusy("the database is locked")
        return super().transaction()


@pytest.fixture
def parts(workspace):
    with Stubborn(workspace) as writer:
        writer.races.submit(plan_race(RaceRequest((8,), ("A",)), workspace))
        with Reader(workspace) as reader:
            launcher = Launcher()
            yield SimpleNamespace(
                workspace=workspace, launcher=launcher, reader=reader, writer=writer,
                pool=WorkerPool(launcher, reader, writer),
            )  # fmt: skip


def start(parts):
    parts.writer.jobs.move(1, S.STARTING)
    parts.writer.jobs.move(1, S.RUNNING)
    parts.pool.launch(Job(1, parts.workspace.path, "cpu", 1))


def test_a_worker_is_forgotten_only_when_its_end_is_written(parts):
    start(parts)
    parts.launcher.how, parts.writer.refusals = "worker ended with exit code 9", 1
    with pytest.raises(DatabaseBusy):
        parts.pool.watch()
    assert parts.pool.has(1)
    parts.pool.watch()
    assert not parts.pool.has(1)
    row = parts.reader.runs.get(1)
    assert (row.state, row.cause) == (S.LOST, "worker ended with exit code 9")


def test_a_worker_left_behind_is_forgotten_only_when_its_run_is_queued_again(parts):
    start(parts)
    parts.pool._launched.clear()
    process = SimpleNamespace(lives=lambda: False, place="process 1")
    parts.pool._left_behind[1] = (parts.reader.runs.get(1), process)
    parts.writer.refusals = 1
    with pytest.raises(DatabaseBusy):
        parts.pool.watch()
    assert parts.pool.is_left_behind(1)
    parts.pool.watch()
    assert (parts.reader.runs.get(1).state, parts.pool.is_left_behind(1)) == (S.QUEUED, False)


@pytest.mark.parametrize("left", [S.RUNNING, S.PAUSED])
def test_adopting_can_be_repeated(parts, left):
    start(parts)
    parts.pool._launched.clear()
    if left == S.PAUSED:
        parts.writer.jobs.move(1, S.PAUSED, detail=ENGINE_GONE)
    parts.writer.refusals = 1
    with pytest.raises(DatabaseBusy):
        parts.pool.adopt()
    assert parts.reader.runs.get(1).state == left
    parts.pool.adopt()
    assert parts.reader.runs.get(1).state == S.QUEUED


def test_the_engine_of_a_copy_leaves_the_workers_of_the_original_alone(parts):
    start(parts)
    parts.pool._launched.clear()
    parts.launcher.adopt = lambda row: SimpleNamespace(lives=lambda: True, place="process 7")
    parts.pool.adopt(none_lives=True)
    assert (parts.reader.runs.get(1).state, parts.pool.is_left_behind(1)) == (S.QUEUED, False)


@pytest.mark.parametrize(("state", "end"), [(S.RUNNING, S.LOST), (S.STOPPING, S.STOPPED)])
def test_a_run_without_a_worker_does_not_stay_alive(parts, state, end):
    start(parts)
    if state == S.STOPPING:
        parts.writer.jobs.move(1, S.STOPPING)
    parts.pool.mark_lost()
    assert parts.reader.runs.get(1).state == state
    parts.pool._launched.clear()
    parts.pool.mark_lost()
    row = parts.reader.runs.get(1)
    assert row.state == end
    assert "it has no worker" in row.cause + row.detail


def test_a_queued_run_is_scheduled_although_the_database_did_not_answer_once(parts, monkeypatch):
    monkeypatch.setattr("engine.runs.supervisor.supervisor.make_launcher", lambda *_: parts.launcher)
    monkeypatch.setattr("engine.runs.supervisor.supervisor.Writer", Stubborn)
    parts.launcher.warm = lambda: None
    engine = Supervisor(parts.workspace, 60.0, LauncherChoice())
    try:
        engine._writer.refusals = 1
        with pytest.raises(DatabaseBusy):
            engine._dispatch.schedule()
        assert parts.launcher.jobs == []
        engine._dispatch.schedule()
        assert [job.run for job in parts.launcher.jobs] == [1]
        assert parts.reader.runs.get(1).state == S.STARTING
    finally:
        engine._reader.close()
        engine._writer.close()


@pytest.fixture
def engine(parts, monkeypatch):
    monkeypatch.setattr("engine.runs.supervisor.supervisor.make_launcher", lambda *_: parts.launcher)
    parts.launcher.warm = lambda: None
    made = Supervisor(parts.workspace, 60.0, LauncherChoice())
    yield made
    made._reader.close()
    made._writer.close()


def race_of(parts, **settings):
    """Submit a race of one run for a cluster; return its run."""
    parts.workspace.engine_launcher.write_text("ray 10.0.0.1:6379\n")
    request = RaceRequest((8,), ("A",), settings=settings)
    return parts.writer.races.submit(plan_race(request, parts.workspace))[1][0]


def test_a_run_without_room_on_the_cluster_says_so_and_holds_back_its_kind_alone(parts, engine):
    parts.launcher.capacity = lambda: Capacity(("cpu", "cuda:0", "cuda:1"), (2,))
    engine._dispatch.schedule()
    (worker,) = engine._pool._launched.values()
    worker.place, worker.delay = "", "Ray has found no room for run 1 yet; others may use the cluster"
    engine._pool.watch()
    assert parts.reader.runs.get(1).detail == f"starting its worker: {worker.delay}"
    gpu, cpu = race_of(parts), race_of(parts, device="cpu")
    engine._dispatch.schedule()
    assert [job.run for job in parts.launcher.jobs] == [1, cpu]
    assert parts.reader.runs.get(gpu).detail == "waits its turn behind run 1"
    worker.delay = ""
    engine._pool.watch()
    engine._dispatch.schedule()
    assert [job.run for job in parts.launcher.jobs] == [1, cpu, gpu]


def test_all_gpus_of_replicas_are_taken_until_the_worker_of_the_engine_before_has_ended(parts, engine):
    parts.launcher.capacity = lambda: Capacity(("cpu", "cuda:0", "cuda:1"), (2,))
    parts.writer.jobs.move(1, S.STOPPED)
    pair = race_of(parts, replicas="2")
    engine._dispatch.schedule()
    (job,) = parts.launcher.jobs
    assert (job.device, job.further) == ("cuda:0", ("cuda:1",))
    engine._pool._launched.clear()  # this engine dies; the worker lives
    left = SimpleNamespace(place="process 9", lives=lambda: True, kill=lambda: None)
    parts.launcher.adopt = lambda row: left
    other = WorkerPool(parts.launcher, parts.reader, parts.writer)
    other.adopt()
    engine._dispatch._pool = other
    single = race_of(parts)
    engine._dispatch.schedule()
    assert len(parts.launcher.jobs) == 1
    assert parts.reader.runs.get(single).detail == "waits for a free slot (a replica on cuda:0, cuda:1)"
    left.lives = lambda: False
    other.watch()
    engine._dispatch.schedule()
    assert [job.run for job in parts.launcher.jobs] == [pair, pair], "it was there first"


def test_a_graph_waits_for_a_gpu_of_the_cluster(parts, engine):
    parts.launcher.capacity = lambda: Capacity(("cpu",), (2,))
    parts.writer.jobs.move(1, S.STOPPED)
    run = race_of(parts, graph="true")
    engine._dispatch.schedule()
    assert parts.reader.runs.get(run).detail == "waits for a GPU; the cluster has none"
    parts.launcher.capacity = lambda: Capacity(("cpu", "cuda:0"), (2,))
    engine._dispatch.schedule()
    assert [job.device for job in parts.launcher.jobs] == ["cuda:0"]


def test_a_round_adopts_closes_books_and_survives_a_locked_database(parts, monkeypatch):
    monkeypatch.setattr("engine.runs.supervisor.supervisor.make_launcher", lambda *_: parts.launcher)
    monkeypatch.setattr("engine.runs.supervisor.supervisor.Writer", Stubborn)
    parts.launcher.warm = lambda: None
    parts.writer.jobs.move(1, S.STARTING)
    engine = Supervisor(parts.workspace, 60.0, LauncherChoice())
    try:
        engine._writer.refusals = 1
        assert engine._goes_on()
        assert parts.reader.runs.get(1).state == S.STARTING
        assert engine._goes_on()  # adopts it and starts it again
        assert [job.run for job in parts.launcher.jobs] == [1]
        engine._pool._launched.clear()
        engine._beat_at = 0.0
        assert engine._goes_on()
        assert (parts.reader.runs.get(1).state, parts.reader.runs.get(1).cause) == (S.LOST, "it has no worker")
    finally:
        engine._reader.close()
        engine._writer.close()


def lose_place(parts):
    """Let run 1 begin on a node that is lost then."""
    parts.writer.placements.begin(1)
    parts.writer.jobs.move(1, S.STARTING, cause="")
    parts.writer.jobs.move(1, S.RUNNING)
    parts.launcher.how, parts.launcher.is_place_lost = None, True
    parts.pool.launch(Job(1, parts.workspace.path, "cpu", 1))
    parts.launcher.how = "node 10.0.0.3 was lost"
    parts.pool.watch()
    return parts.reader.runs.get(1)


def test_a_run_whose_node_was_lost_goes_on_elsewhere_three_times_in_a_row(parts):
    for _ in range(3):
        row = lose_place(parts)
        assert row.state == S.QUEUED
        assert row.detail == "node 10.0.0.3 was lost; goes on elsewhere from its newest checkpoint"
        assert parts.reader.placements.current(1) is None, "what its worker still sends is refused"
    row = lose_place(parts)
    assert (row.state, row.cause) == (S.LOST, "node 10.0.0.3 was lost")
    parts.writer.placements.begin(1)
    parts.writer.placements.end(1)  # one that ended otherwise ends the row
    parts.writer.jobs.move(1, S.QUEUED)
    assert lose_place(parts).state == S.QUEUED


def test_a_run_that_stops_is_stopped_when_its_node_is_lost(parts):
    parts.writer.placements.begin(1)
    start(parts)
    parts.writer.jobs.move(1, S.STOPPING)
    parts.launcher.is_place_lost = True
    parts.pool._launched.clear()
    parts.pool.launch(Job(1, parts.workspace.path, "cpu", 1))
    parts.launcher.how = "node 10.0.0.3 was lost"
    parts.pool.watch()
    assert parts.reader.runs.get(1).state == S.STOPPED


def test_a_start_that_is_withdrawn_can_write_nothing(parts):
    parts.writer.jobs.move(1, S.STARTING)
    parts.pool.launch(Job(1, parts.workspace.path, "cpu", 1))
    worker = parts.pool._launched[1]
    worker.place, worker.withdraw = "", lambda: True
    parts.writer.placements.begin(1)
    assert parts.pool.withdraw(1)
    assert not parts.pool.has(1)
    assert parts.reader.placements.current(1) is None, "a cluster may place it at this moment"
