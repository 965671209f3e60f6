"""The ring of instant races: what leaves the record, and when."""

from types import SimpleNamespace

import pytest

from engine.errors import ConfigError
from engine.events import RunState
from engine.runs.client.visitor_notes import NoteClient
from engine.runs.lockstep import Coordinator
from engine.runs.protocol.instant import InstantChoice, choice_of, instant_request, usual
from engine.runs.protocol.job import Job
from engine.runs.protocol.planning import plan_race
from engine.runs.supervisor.commands import CommandHandler
from engine.runs.supervisor.instant import MAX_KEPT, InstantRaces, surplus
from engine.runs.supervisor.worker_pool import WorkerPool
from engine.store.reader import Reader
from engine.store.writer import Writer
from tests.engine.runs.supervisor.test_worker_pool import Launcher

S = RunState


@pytest.fixture
def parts(workspace):
    with Writer(workspace) as writer:
        race = plan_race(instant_request(usual()), workspace)
        writer.races.submit(race)  # an ordinary race of the same settings
        with Reader(workspace) as reader:
            launcher = Launcher()
            pool = WorkerPool(launcher, reader, writer)
            yield SimpleNamespace(
                workspace=workspace, writer=writer, reader=reader, launcher=launcher, pool=pool, race=race,
                instant=InstantRaces(reader, writer, pool),
            )  # fmt: skip


def started(parts, *states: RunState) -> tuple[int, list[int]]:
    race, runs = parts.writer.races.submit(parts.race, instant=True)
    for run in runs:
        for state in states:
            parts.writer.jobs.move(run, state)
    return race, runs


def ring(parts) -> list[int]:
    return [race for race, _ in parts.reader.races.ring()]


def test_the_last_races_stay_and_the_oldest_leave_with_rows_and_files(parts):
    races = [started(parts, S.STARTING, S.RUNNING, S.FINISHED) for _ in range(MAX_KEPT + 2)]
    files = [parts.workspace.run(runs[0]) for _, runs in races]
    for folder in files:
        folder.mkdir()
    parts.instant.see_to()
    assert ring(parts) == [race for race, _ in reversed(races[2:])]
    assert [folder.exists() for folder in files] == [False, False, *[True] * MAX_KEPT]
    assert parts.reader.runs.get(races[0][1][0]) is None
    assert len(parts.reader.races.newest()) == 1, "the ordinary race is listed, and no instant one"


def test_a_newer_race_takes_the_place_of_one_that_waits_or_trains(parts):
    _, waiting = started(parts)
    _, training = started(parts, S.STARTING, S.RUNNING)
    ends = []
    parts.launcher.launch = lambda job: SimpleNamespace(
        job=job,
        place="",
        delay="",
        ended=lambda: "killed" if job.run in ends else None,
        kill=lambda: ends.append(job.run),
    )
    for run in training:
        parts.pool.launch(Job(run, parts.workspace.path, "cpu", 1, instant=True))
    newest, _ = started(parts)
    parts.instant.see_to()
    assert parts.reader.runs.get(waiting[0]) is None
    assert ends == training, "its workers are ended at once"
    assert parts.reader.runs.get(training[0]) is not None, "a run leaves after its worker"
    parts.pool.watch()
    parts.instant.see_to()
    assert ring(parts) == [newest]
    assert parts.reader.runs.all(newest)[0].state == S.QUEUED


def test_a_kept_race_is_in_no_ring_any_more(parts):
    kept, runs = started(parts, S.STARTING, S.RUNNING, S.FINISHED)
    assert not parts.reader.runs.all(states=[S.FINISHED])
    assert parts.writer.races.keep(kept)
    assert not parts.writer.races.keep(kept)
    for _ in range(MAX_KEPT + 1):
        started(parts, S.STARTING, S.RUNNING, S.FINISHED)
    parts.instant.see_to()
    assert [run.id for run in parts.reader.runs.all(kept)] == runs
    assert parts.reader.races.newest(1)[0].id == kept


def test_a_race_that_leaves_can_be_kept_no_more_and_leaves_whole(parts):
    leaving, (first, *rest) = started(parts, S.STARTING, S.RUNNING)
    for run in rest:
        parts.writer.jobs.move(run, S.FINISHED)
    parts.pool.launch(Job(first, parts.workspace.path, "cpu", 1, instant=True))
    newest, _ = started(parts)
    parts.instant.see_to()
    assert parts.reader.runs.get(first).instant, "its worker has not ended yet"
    assert not parts.writer.races.keep(leaving)
    assert not {row.race for row in parts.reader.run_list.rows(instant=True)} - {newest}, "no page shows a part of it"
    assert parts.writer.races.keep(newest)
    parts.launcher.how = "killed"
    parts.pool.watch()
    parts.instant.see_to()
    assert (parts.reader.races.get(leaving), parts.reader.runs.get(first)) == (None, None)


def test_a_worker_of_a_dead_engine_is_known_to_train_an_instant_race(parts):
    _, (run, *_) = started(parts, S.STARTING, S.RUNNING)
    parts.pool._left_behind[run] = (parts.reader.runs.get(run), None)
    assert [(active.run, active.instant) for active in parts.pool.active()] == [(run, True)]


def test_a_race_with_a_lost_run_has_ended_and_stays(parts):
    lost, (run, *rest) = started(parts, S.STARTING, S.RUNNING)
    parts.writer.jobs.move(run, S.LOST)
    for other in rest:
        parts.writer.jobs.move(other, S.FINISHED)
    newest, _ = started(parts)
    parts.instant.see_to()
    assert ring(parts) == [newest, lost]


def test_what_would_leave_with_the_ring_is_refused_until_the_race_is_kept(parts):
    race, (run, other, *_) = started(parts)
    parts.writer.jobs.move(run, S.FAILED)
    parts.writer.jobs.move(other, S.PAUSED)
    handler = CommandHandler(parts.reader, parts.writer, parts.pool, Coordinator(parts.workspace), lambda: None)
    notes = NoteClient(parts.workspace)

    def refused():
        given = (
            parts.writer.commands.give("resume", run),
            parts.writer.commands.give("pace", None, "lockstep:1", race=race),
        )
        handler.serve()
        return [parts.reader.commands.get(command).refusal for command in given]

    words = "is of an instant race, which a newer one may replace; keep it on the page Instant first"
    assert refused() == [f"run {run} {words}", f"race {race} {words}"]
    for call, named in ((lambda: notes.rename_race(race, "mine"), race), (lambda: notes.annotate([run], "odd"), run)):
        with pytest.raises(ConfigError, match=f" {named} {words}"):
            call()
    notes.keep(race)
    assert refused() == [None, None]
    assert (notes.rename_race(race, "mine"), notes.annotate([run], "odd")) == ("mine", [run])


@pytest.mark.parametrize(
    ("ring", "gone"),
    [([], []), ([(3, False)], []), ([(3, False), (2, True), (1, False)], [1]), ([(3, True), (2, False)], [2])],
)
def test_only_the_newest_may_be_at_work(ring, gone):
    assert surplus(ring) == gone


def test_what_is_set_is_the_race_and_can_be_read_back(workspace):
    for choice in (usual(), InstantChoice(usual().depth, "A", 0.25, usual().lr, 7), replace_strength(0.0)):
        race = plan_race(instant_request(choice), workspace)
        assert (race.first_seed, race.run.optim.lr) == (choice.seed, choice.lr)
        assert choice_of(race.depths, race.shortcuts[-1], choice.lr, choice.seed) == choice


def replace_strength(strength: float) -> InstantChoice:
    return InstantChoice(usual().depth, "A", strength, usual().lr, 0)


def test_a_value_that_is_not_offered_is_refused_in_one_line():
    with pytest.raises(ConfigError, match="strength is 0 to 1 in steps of 0.05"):
        instant_request(replace_strength(0.123))
    with pytest.raises(ConfigError, match="the strength of SkipInit is 1 .got 0.5."):
        instant_request(InstantChoice(usual().depth, "skipinit", 0.5, usual().lr, 0))
    with pytest.raises(ConfigError, match="depth is one of"):
        instant_request(InstantChoice(9, "A", 1.0, usual().lr, 0))
